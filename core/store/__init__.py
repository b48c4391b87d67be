"""The store: SQLite for one process, PostgreSQL for many, the same code on both."""

from core.store.config import Schema, tortoise_config
from core.store.migrating import is_current
from core.store.opening import Store, open_store
from core.store.upgrading import upgrade

__all__ = ["Schema", "Store", "is_current", "open_store", "tortoise_config", "upgrade"]

"""Which store a URL names. Nothing here prints a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tortoise.backends.base.config_generator import expand_db_url

from core.errors import StoreUnsafe

SQLITE = "sqlite"
POSTGRES = "postgres"

_WHAT_WOULD_BE_RIGHT = (
    "Use sqlite://data/afterword.db, sqlite:///absolute/path.db or postgres://user:password@host/database."
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is. `shown` is for logs and people; `credentials` is for the driver alone."""

    kind: str
    shown: str
    path: Path = Path()
    credentials: dict[str, Any] = field(default_factory=dict, repr=False)


def parse(url: str) -> Address:
    """Raises StoreUnsafe for what cannot be a store."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return _sqlite(rest)
    if scheme in ("postgres", "postgresql"):
        return _postgres(url)
    raise StoreUnsafe(f"There is no store of the kind {scheme!r}. {_WHAT_WOULD_BE_RIGHT}")


def _sqlite(rest: str) -> Address:
    name, _, query = rest.partition("?")
    if query:
        raise StoreUnsafe("A sqlite:// URL takes no options: the settings that keep the data safe are not a choice.")
    path = Path(unquote(name)).expanduser()
    if not name or name.endswith("/"):
        raise StoreUnsafe(f"The store's URL names no file. {_WHAT_WOULD_BE_RIGHT}")
    if ":memory:" in name:
        raise StoreUnsafe(f"A store in memory forgets every answer when it stops. {_WHAT_WOULD_BE_RIGHT}")
    return Address(SQLITE, f"sqlite://{path}", path.absolute())


def _postgres(url: str) -> Address:
    parts = urlsplit(url)
    credentials = expand_db_url(url)["credentials"]
    if not credentials.get("database"):
        raise StoreUnsafe(f"The store's URL names no database. {_WHAT_WOULD_BE_RIGHT}")
    if mode := parse_qs(parts.query).get("sslmode"):
        credentials.pop("sslmode", None)
        credentials["ssl"] = mode[-1]
    shown = f"postgres://{credentials['host'] or 'localhost'}:{credentials['port']}/{credentials['database']}"
    return Address(POSTGRES, shown, credentials=credentials)

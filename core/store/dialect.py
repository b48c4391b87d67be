"""Which of the two databases it is, for the few statements that both say otherwise."""

from __future__ import annotations

from tortoise.connection import get_connection

from core import transactions


def is_sqlite() -> bool:
    return bool(get_connection(transactions.WRITER).capabilities.dialect == "sqlite")

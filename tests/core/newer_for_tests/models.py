"""The same two tables, one release later."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

MODULES = ["tests.core.newer_for_tests.models"]
TORTOISE = {
    "connections": {"default": "sqlite://:memory:"},
    "apps": {
        "models": {
            "models": MODULES,
            "default_connection": "default",
            "migrations": "tests.core.newer_for_tests.migrations",
        }
    },
    "use_tz": True,
    "timezone": "UTC",
}


class Account(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=50, unique=True)
    balance = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3, default="EUR", db_default="EUR")

    class Meta:
        table = "account"


class Entry(Model):
    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("models.Account", on_delete=fields.CASCADE)
    account_id: int
    made_at = fields.DatetimeField(null=True)

    class Meta:
        table = "entry"

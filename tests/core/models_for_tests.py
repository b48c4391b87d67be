"""Two tiny tables, so that the store can be tested without the domain."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

MODULES = ["tests.core.models_for_tests"]
TORTOISE = {
    "connections": {"default": "sqlite://:memory:"},
    "apps": {
        "models": {"models": MODULES, "default_connection": "default", "migrations": "tests.core.migrations_for_tests"}
    },
    "use_tz": True,
    "timezone": "UTC",
}


class Account(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=50, unique=True)
    balance = fields.IntField(default=0)

    class Meta:
        table = "account"


class Entry(Model):
    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("models.Account", on_delete=fields.CASCADE)
    account_id: int
    made_at = fields.DatetimeField(null=True)

    class Meta:
        table = "entry"

"""Who may call the API, and what they asked for already."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class ApiToken(Model):
    """A bearer token: only its SHA-256 is kept."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=80, unique=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    scopes: list[str] = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_tokens"


class IdempotentAnswer(Model):
    """What a request with this `Idempotency-Key` was answered: the same key gets the same answer for a day."""

    id = fields.BigIntField(primary_key=True)
    token: fields.ForeignKeyRelation[ApiToken] = fields.ForeignKeyField("models.ApiToken", on_delete=fields.CASCADE)
    token_id: int
    key = fields.CharField(max_length=200)
    request_hash = fields.CharField(max_length=64)
    status = fields.SmallIntField()
    body: dict[str, object] = fields.JSONField()
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotent_answers"
        unique_together = (("token", "key"),)

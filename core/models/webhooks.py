"""Addresses outside that rules call, and each call."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core.models.desk import Ticket


class Webhook(Model):
    """An endpoint. Its secrets are sealed. The one before is used too, for a day after it was changed."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=60, unique=True)
    url = fields.CharField(max_length=1000)
    enabled = fields.BooleanField(default=True)
    why_off = fields.CharField(max_length=40, default="")  # a code, where it switched itself off
    failing_since: datetime | None = fields.DatetimeField(null=True)
    secret = fields.TextField(default="")  # "": none yet, and nothing is sent
    previous_secret = fields.TextField(default="")
    previous_until: datetime | None = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "webhooks"


class CallState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"  # given up; can be replayed


class WebhookCall(Model):
    """One call of a webhook: the same message with the same name, however often it is tried."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=120, unique=True)
    message = fields.CharField(max_length=60)  # its name for the receiver, the same in every try
    webhook: fields.ForeignKeyRelation[Webhook] = fields.ForeignKeyField(
        "models.Webhook", related_name="calls", on_delete=fields.CASCADE
    )
    webhook_id: int
    ticket: fields.ForeignKeyNullableRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="webhook_calls", null=True, on_delete=fields.CASCADE
    )
    ticket_id: int | None
    type = fields.CharField(max_length=60)
    body = fields.TextField()
    state = fields.CharEnumField(CallState, max_length=20, default=CallState.WAITING)
    due_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)
    status: int | None = fields.IntField(null=True)  # of the last answer
    problem = fields.CharField(max_length=300, default="")
    sent_at: datetime | None = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "webhook_calls"
        indexes = (Index(fields=("webhook_id", "state", "due_at")),)

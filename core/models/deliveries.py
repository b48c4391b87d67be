"""Everything that comes in and everything that goes out is a row first."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class ArrivalState(StrEnum):
    NEW = "new"
    HANDLED = "handled"
    QUARANTINED = "quarantined"


class Arrival(Model):
    """Raw bytes from a channel, committed before they were acknowledged. `key`, "channel:external id", comes once.

    `chat` is where they come from; "" where only reading them tells (mail), or their channel did not say.
    """

    key = fields.CharField(max_length=255, primary_key=True)
    channel = fields.CharField(max_length=60)
    chat = fields.CharField(max_length=320, default="")
    body = fields.BinaryField()
    state = fields.CharEnumField(ArrivalState, max_length=20, default=ArrivalState.NEW)
    attempts = fields.IntField(default=0)
    problem = fields.CharField(max_length=500, default="")
    received_at = fields.DatetimeField()

    class Meta:
        table = "arrivals"
        indexes = (Index(fields=("state", "received_at")),)


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"  # undeliverable, or given up after the last retry; can be replayed
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # a newer drawing of the same screen went out instead


class Delivery(Model):
    """One outgoing message on its way through a channel. Its words are drawn when it leaves, from what is true then.

    `subject_id` is the invite, alert or ticket that it is about (which one follows from `kind`). Deliveries of one
    `screen` redraw one message in place.
    """

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=120, unique=True)
    kind = fields.CharField(max_length=40)
    channel = fields.CharField(max_length=60)
    target = fields.CharField(max_length=320)
    contact_id: int | None = fields.BigIntField(null=True)
    address_id: int | None = fields.BigIntField(null=True)
    ticket_id: int | None = fields.BigIntField(null=True, db_index=True)
    subject_id: int | None = fields.BigIntField(null=True)
    payload: dict[str, object] = fields.JSONField(default=dict)
    screen = fields.CharField(max_length=60, default="")
    priority = fields.SmallIntField(default=5)  # lower leaves first
    state = fields.CharEnumField(DeliveryState, max_length=20, default=DeliveryState.WAITING)
    due_at = fields.DatetimeField()
    expires_at: datetime | None = fields.DatetimeField(null=True)  # it loses its meaning then
    attempts = fields.IntField(default=0)
    taken_at: datetime | None = fields.DatetimeField(null=True)
    taken_by = fields.CharField(max_length=40, default="")
    sent_at: datetime | None = fields.DatetimeField(null=True)
    receipt = fields.CharField(max_length=300, default="")
    drawn: dict[str, object] | None = fields.JSONField(null=True)  # what was sent, for transcripts
    problem = fields.CharField(max_length=500, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "deliveries"
        indexes = (
            Index(fields=("channel", "state", "priority", "due_at")),
            Index(fields=("channel", "state", "attempts")),
            Index(fields=("channel", "target", "state")),
            Index(fields=("screen", "state")),
            Index(fields=("channel", "taken_at")),
            Index(fields=("channel", "receipt")),
        )

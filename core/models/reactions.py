"""What a response sets going: rules that fired, recoveries, alerts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from core.models.desk import Ticket
from core.models.responses import Response
from core.models.setup import Staff, Team


class Reaction(Model):
    """A rule looked at a revision of a response: once, whatever happens (unique)."""

    id = fields.BigIntField(primary_key=True)
    response: fields.ForeignKeyRelation[Response] = fields.ForeignKeyField(
        "models.Response", related_name="reactions", on_delete=fields.CASCADE
    )
    response_id: int
    revision = fields.IntField()
    rule = fields.CharField(max_length=60)
    fired = fields.BooleanField()
    why = fields.CharField(max_length=300, default="")
    at = fields.DatetimeField()

    class Meta:
        table = "reactions"
        unique_together = (("response", "revision", "rule"),)


class RecoveryState(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Recovery(Model):
    """What a negative response opens: an owner, a timer, an outcome, and a second rating."""

    id = fields.BigIntField(primary_key=True)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="recoveries", on_delete=fields.CASCADE
    )
    ticket_id: int
    response: fields.OneToOneRelation[Response] = fields.OneToOneField(
        "models.Response", related_name="recovery", on_delete=fields.CASCADE
    )
    response_id: int
    owner: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="recoveries", null=True, on_delete=fields.SET_NULL
    )
    owner_id: int | None
    state = fields.CharEnumField(RecoveryState, max_length=20, default=RecoveryState.OPEN)
    due_at = fields.DatetimeField()
    opened_at = fields.DatetimeField()
    taken_at: datetime | None = fields.DatetimeField(null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=120, default="")
    outcome = fields.CharField(max_length=60, default="")
    closing_note = fields.TextField(default="")

    class Meta:
        table = "recoveries"


class AlertState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Alert(Model):
    """A message to staff that somebody must acknowledge. `step` is how far its ladder has been climbed."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=16, unique=True)  # stands in buttons; opaque
    recovery: fields.OneToOneNullableRelation[Recovery] = fields.OneToOneField(
        "models.Recovery", related_name="alert", null=True, on_delete=fields.CASCADE
    )
    recovery_id: int | None
    response: fields.OneToOneRelation[Response] = fields.OneToOneField(
        "models.Response", related_name="alert", on_delete=fields.CASCADE
    )
    response_id: int
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="alerts", on_delete=fields.CASCADE
    )
    ticket_id: int
    team: fields.ForeignKeyNullableRelation[Team] = fields.ForeignKeyField(
        "models.Team", related_name="alerts", null=True, on_delete=fields.SET_NULL
    )
    team_id: int | None
    state = fields.CharEnumField(AlertState, max_length=20, default=AlertState.OPEN)
    step = fields.IntField(default=0)
    rung = fields.IntField(default=0)  # how many steps of its team's own ladder were climbed
    rung_at: datetime | None = fields.DatetimeField(null=True)  # when the next of them is due; null: as the ladder says
    next_step_at: datetime | None = fields.DatetimeField(null=True)
    snoozed_until: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)  # counts what has to be redrawn
    raised_at = fields.DatetimeField()
    acknowledged_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "alerts"

"""What a response sets going: rules that fired, recoveries, alerts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.responses import Response
from core.models.setup import Staff, Team


class Occasion(Model):
    """Something happened that rules look at, beside an answer that has been judged. Kept only if a rule is about it."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=120, unique=True)  # it happened once
    event = fields.CharField(max_length=40)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="occasions", on_delete=fields.CASCADE
    )
    ticket_id: int
    invite: fields.ForeignKeyNullableRelation[Invite] = fields.ForeignKeyField(
        "models.Invite", related_name="occasions", null=True, on_delete=fields.CASCADE
    )
    invite_id: int | None
    at = fields.DatetimeField()

    class Meta:
        table = "occasions"


class Reaction(Model):
    """A rule looked at a revision of a response, or at an occasion: once, whatever happens (unique).

    `why` is the condition that did not hold, or a code for why it did nothing more; `values` are for its words.
    """

    id = fields.BigIntField(primary_key=True)
    response: fields.ForeignKeyNullableRelation[Response] = fields.ForeignKeyField(
        "models.Response", related_name="reactions", null=True, on_delete=fields.CASCADE
    )
    response_id: int | None
    occasion: fields.ForeignKeyNullableRelation[Occasion] = fields.ForeignKeyField(
        "models.Occasion", related_name="reactions", null=True, on_delete=fields.CASCADE
    )
    occasion_id: int | None
    revision = fields.IntField(default=0)
    rule = fields.CharField(max_length=60)
    fired = fields.BooleanField()
    why = fields.CharField(max_length=300, default="")
    values: dict[str, object] = fields.JSONField(default=dict)
    failed: list[dict[str, object]] = fields.JSONField(default=list)  # actions that could not be done, and why
    at = fields.DatetimeField()

    class Meta:
        table = "reactions"
        unique_together = (("response", "revision", "rule"), ("occasion", "rule"))


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
        indexes = (Index(fields=("opened_at",)), Index(fields=("state", "due_at")), Index(fields=("ticket_id",)))


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
        indexes = (Index(fields=("state", "id")), Index(fields=("ticket_id", "id")))

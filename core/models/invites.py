"""Whom we asked, whom we did not ask, and why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core.models.contacts import Address, Contact
from core.models.desk import Ticket
from core.models.setup import Staff, Survey


class Decision(Model):
    """Why an invite was or was not sent, one line per ticket, cycle and survey. `reason` is a code for the words."""

    id = fields.BigIntField(primary_key=True)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="decisions", on_delete=fields.CASCADE
    )
    ticket_id: int
    cycle = fields.IntField()
    survey_key = fields.CharField(max_length=60, default="")
    sent = fields.BooleanField()
    reason = fields.CharField(max_length=40)
    values: dict[str, object] = fields.JSONField(default=dict)
    slice: fields.ForeignKeyNullableRelation[Slice] = fields.ForeignKeyField(
        "models.Slice", related_name="decisions", null=True, on_delete=fields.SET_NULL
    )  # of one that sent nothing
    slice_id: int | None
    at = fields.DatetimeField()

    class Meta:
        table = "decisions"
        unique_together = (("ticket", "cycle", "survey_key"),)
        indexes = (Index(fields=("slice_id", "at", "reason")),)


class InviteState(StrEnum):
    SCHEDULED = "scheduled"
    DELIVERED = "delivered"
    ANSWERED = "answered"  # at least one score or a comment
    FINISHED = "finished"  # the response was finished, or has settled with nothing left out
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNDELIVERABLE = "undeliverable"


ANSWERABLE = (InviteState.SCHEDULED, InviteState.DELIVERED, InviteState.ANSWERED, InviteState.FINISHED)
ANSWERED = (InviteState.ANSWERED, InviteState.FINISHED)
UNANSWERED = (InviteState.SCHEDULED, InviteState.DELIVERED)


class InvitePurpose(StrEnum):
    SERVICE = "service"  # how did it go?
    RECOVERY = "recovery"  # is it right now?
    MANUAL = "manual"  # sent by hand


UNNAMED, UNCOUNTED = "unnamed", "uncounted"
"""Purposes of the slices of anonymous answers: counted, and not yet, for there are too few alike."""


class Slice(Model):
    """By what the board's figures are cut. All that was asked alike shares one row, as things stood when it was asked:
    what a team did stays that team's, wherever the ticket goes later.

    Only numbers and keys, and no relations: figures outlive the team and the person. 0 and "" are "none".
    """

    id = fields.BigIntField(primary_key=True)
    team_id = fields.BigIntField(default=0)
    type = fields.CharField(max_length=60, default="")
    channel = fields.CharField(max_length=60, default="")
    agent_id = fields.BigIntField(default=0)
    survey_key = fields.CharField(max_length=60, default="")
    locale = fields.CharField(max_length=20, default="")
    purpose = fields.CharField(max_length=20)

    class Meta:
        table = "slices"
        unique_together = (("team_id", "type", "channel", "agent_id", "survey_key", "locale", "purpose"),)


class Invite(Model):
    """One question to one contact about one cycle."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=16, unique=True)  # stands in buttons; opaque
    token_hash = fields.CharField(max_length=64, unique=True)  # of the token in links
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="invites", on_delete=fields.CASCADE
    )
    ticket_id: int
    cycle = fields.IntField()
    purpose = fields.CharEnumField(InvitePurpose, max_length=20, default=InvitePurpose.SERVICE)
    anonymous = fields.BooleanField(default=False)  # the contact was promised to be unnamed
    survey: fields.ForeignKeyRelation[Survey] = fields.ForeignKeyField("models.Survey", related_name="invites")
    survey_id: int
    survey_key = fields.CharField(max_length=60)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="invites", on_delete=fields.CASCADE
    )
    contact_id: int
    agent: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="invites", null=True, on_delete=fields.SET_NULL
    )  # who worked on that cycle, whoever has the ticket later
    agent_id: int | None
    address: fields.ForeignKeyRelation[Address] = fields.ForeignKeyField("models.Address", related_name="invites")
    address_id: int
    slice: fields.ForeignKeyNullableRelation[Slice] = fields.ForeignKeyField(
        "models.Slice", related_name="invites", null=True, on_delete=fields.SET_NULL
    )
    slice_id: int | None
    state = fields.CharEnumField(InviteState, max_length=20, default=InviteState.SCHEDULED)
    due_at = fields.DatetimeField()
    asked_at: datetime | None = fields.DatetimeField(null=True)  # when it reached the contact; before that, is due to
    delivered_at: datetime | None = fields.DatetimeField(null=True)
    remind_at: datetime | None = fields.DatetimeField(null=True)
    reminders = fields.IntField(default=0)
    expires_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "invites"
        unique_together = (("ticket", "cycle", "survey_key", "purpose"),)
        indexes = (
            Index(fields=("contact_id", "delivered_at")),
            Index(fields=("address_id", "state")),
            Index(fields=("slice_id", "asked_at", "state", "delivered_at")),
            Index(fields=("asked_at", "slice_id", "state", "delivered_at")),
        )

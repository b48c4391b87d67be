"""The built-in desk: tickets and what happened to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core.models.contacts import Contact
from core.models.setup import Staff, Team


class TicketStatus(StrEnum):
    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting_for_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"


OPEN_STATUSES = (TicketStatus.NEW, TicketStatus.ASSIGNED, TicketStatus.IN_PROGRESS, TicketStatus.WAITING)


class TicketType(StrEnum):
    INQUIRY = "inquiry"
    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    TECHNICAL = "technical_support"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Ticket(Model):
    """One request of a contact. A cycle is one pass from open to resolved: reopening starts the next."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=20, unique=True)
    ref = fields.CharField(max_length=200, null=True, unique=True)  # what the outside calls it
    subject = fields.CharField(max_length=200, default="")
    type = fields.CharField(max_length=60, default=TicketType.INQUIRY.value)
    priority = fields.CharEnumField(Priority, max_length=20, default=Priority.MEDIUM)
    status = fields.CharEnumField(TicketStatus, max_length=30, default=TicketStatus.NEW)
    channel = fields.CharField(max_length=60, default="")  # the one it came by
    thread = fields.CharField(max_length=300, default="")  # the message that it began with, if it has threads
    tags: list[str] = fields.JSONField(default=list)
    cycle = fields.IntField(default=1)
    reopened_by_rating = fields.IntField(default=0)
    close_reason = fields.CharField(max_length=60, default="")
    result = fields.TextField(default="")
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField("models.Contact", related_name="tickets")
    contact_id: int
    team: fields.ForeignKeyNullableRelation[Team] = fields.ForeignKeyField(
        "models.Team", related_name="tickets", null=True, on_delete=fields.SET_NULL
    )
    team_id: int | None
    assignee: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="tickets", null=True, on_delete=fields.SET_NULL
    )
    assignee_id: int | None
    created_at = fields.DatetimeField()
    resolved_at: datetime | None = fields.DatetimeField(null=True)

    entries: fields.ReverseRelation[TicketEntry]

    class Meta:
        table = "tickets"
        indexes = (Index(fields=("status", "id")), Index(fields=("contact_id", "id")), Index(fields=("resolved_at",)))


class EntryKind(StrEnum):
    OPENED = "opened"
    ASSIGNED = "assigned"
    MESSAGE = "message"  # from the contact, or from staff to the contact
    NOTE = "note"  # internal
    RESOLVED = "resolved"
    REOPENED = "reopened"
    PRIORITY = "priority"
    DECISION = "decision"
    INVITED = "invited"
    UNDELIVERABLE = "undeliverable"
    RATED = "rated"
    SETTLED = "settled"
    RULE = "rule"
    RECOVERY = "recovery"
    ALERT = "alert"


class TicketEntry(Model):
    """One line of a ticket's history. What it says is words (`text`) or a label with values (`label`, `values`)."""

    id = fields.BigIntField(primary_key=True)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="entries", on_delete=fields.CASCADE
    )
    ticket_id: int
    cycle = fields.IntField()
    kind = fields.CharEnumField(EntryKind, max_length=20)
    actor = fields.CharField(max_length=120, default="")  # a person's name; "" is Afterword itself
    internal = fields.BooleanField(default=True)  # never shown to the contact
    text = fields.TextField(default="")
    label = fields.CharField(max_length=60, default="")
    values: dict[str, object] = fields.JSONField(default=dict)
    at = fields.DatetimeField()

    class Meta:
        table = "ticket_entries"
        ordering = ("id",)
        indexes = (Index(fields=("ticket_id", "id")),)


class AttachmentState(StrEnum):
    WAITING = "waiting"  # to be fetched from its channel
    STORED = "stored"
    REFUSED = "refused"  # too large, or gone


class Attachment(Model):
    """A file that somebody sent along with a message. It is data: kept, handed out as a download, never looked into.

    Name and media type are the sender's words.
    """

    id = fields.BigIntField(primary_key=True)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="attachments", on_delete=fields.CASCADE
    )
    ticket_id: int
    entry: fields.ForeignKeyRelation[TicketEntry] = fields.ForeignKeyField(
        "models.TicketEntry", related_name="attachments", on_delete=fields.CASCADE
    )
    entry_id: int
    channel = fields.CharField(max_length=60)
    ref = fields.CharField(max_length=500, default="")  # what the channel fetches it by
    name = fields.CharField(max_length=200)
    media_type = fields.CharField(max_length=120)
    size = fields.BigIntField(default=0)  # bytes
    state = fields.CharEnumField(AttachmentState, max_length=20, default=AttachmentState.WAITING)
    attempts = fields.IntField(default=0)
    problem = fields.CharField(max_length=300, default="")
    body: bytes | None = fields.BinaryField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "attachments"
        ordering = ("id",)
        indexes = (Index(fields=("ticket_id",)), Index(fields=("entry_id",)))


class TicketCounter(Model):
    """The last number given on a day: CS20261122 has 0001, 0002, …"""

    day = fields.CharField(max_length=8, primary_key=True)
    given = fields.IntField()

    class Meta:
        table = "ticket_counters"

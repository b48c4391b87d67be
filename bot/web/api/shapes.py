"""What the API answers: names, types and examples of every field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from core.models.deliveries import DeliveryState
from core.models.desk import AttachmentState, EntryKind, Priority, TicketStatus
from core.models.invites import InvitePurpose, InviteState
from core.models.responses import Band


def _write(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond: 2026-11-22T09:05:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_write, return_type=str), Field(examples=["2026-11-22T09:05:00.000Z"])]
Item = TypeVar("Item")


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Page(Shape, Generic[Item]):
    """The newest first. Ask again with `cursor=<next_cursor>` for older ones; it is null on the last page."""

    items: list[Item]
    next_cursor: str | None = Field(examples=["MTc"])


class Problem(Shape):
    code: str = Field(description="Stable, for programs.", examples=["invalid"])
    message: str = Field(description="For people.", examples=["Field required"])
    field: str | None = Field(description="Which part of the request was wrong.", examples=["ticket.ref"])


class Error(Shape):
    error: Problem


class TicketName(Shape):
    id: str = Field(examples=["tkt_17"])
    number: str = Field(examples=["CS202611220001"])
    ref: str | None = Field(description="What your own system calls it.", examples=["T-1"])
    status: TicketStatus


class DecisionShape(Shape):
    """Why a contact was or was not asked about one cycle of a ticket."""

    sent: bool
    reason: str = Field(description="A code such as `sent`, `opted_out`, `asked_recently`.", examples=["sent"])
    cycle: int
    survey: str = Field(examples=["default"])
    at: Moment


class DecisionName(Shape):
    sent: bool
    reason: str = Field(description="A code such as `sent`, `opted_out`, `asked_recently`.", examples=["sent"])


class InviteName(Shape):
    id: str = Field(examples=["inv_12"])
    state: InviteState


class ContactName(Shape):
    id: str = Field(examples=["con_4"])
    ref: str | None = Field(examples=["c-1"])
    name: str = Field(description="Empty where it is not known.", examples=["Ann"])
    called: str = Field(
        description="As staff see the contact: the name; else an address; else a short name that stays the same.",
        examples=["Ann"],
    )


class StaffName(Shape):
    name: str = Field(examples=["Li"])
    email: str = Field(examples=["li@example.org"])


class EventAnswer(Shape):
    """What became of it: the ticket, whether its contact is asked, and the invite."""

    ticket: TicketName
    decision: DecisionName | None
    invite: InviteName | None


class LinkShape(Shape):
    """Whoever opens it first has a chat with us as this contact. It is told now and never again."""

    url: str = Field(examples=["https://t.me/your_bot?start=Zk9w3xkq8Yt4hUe0pQv1mNs7rBc2dGf5jLa6oWi8TzE"])
    channel: str = Field(examples=["support-bot"])
    contact: ContactName
    expires_at: Moment


class TicketShape(TicketName):
    subject: str = Field(examples=["Parcel late"])
    type: str = Field(examples=["inquiry"])
    priority: Priority
    channel: str = Field(description="The channel that it came by.", examples=["support-bot"])
    team: str | None = Field(description="The team's key.", examples=["support"])
    assignee: StaffName | None
    contact: ContactName
    tags: list[str]
    cycle: int = Field(description="1, and one more with each reopening.", examples=[1])
    reopened_by_rating: int = Field(description="How often a rating opened it again.", examples=[0])
    close_reason: str = Field(examples=["solved"])
    result: str
    created_at: Moment
    resolved_at: Moment | None


class AttachmentShape(Shape):
    """A file that somebody sent along. Its name and media type are the sender's words."""

    id: str = Field(examples=["att_8"])
    name: str = Field(examples=["photo.jpg"])
    media_type: str = Field(examples=["image/jpeg"])
    size: int = Field(description="In bytes; 0 while nobody knows.", examples=[48_213])
    state: AttachmentState = Field(description="`waiting` is still fetched from its channel.")
    problem: str = Field(description="Why it is refused, or was not fetched yet.")
    channel: str = Field(examples=["support-bot"])
    created_at: Moment


class TicketWithDecisions(TicketShape):
    decisions: list[DecisionShape]
    attachments: list[AttachmentShape] = Field(description="Everything that was sent along, the oldest first.")


class EntryShape(Shape):
    """One line of a ticket's history: words in `text`, or a `label` (a code) with its `values`."""

    kind: EntryKind
    cycle: int
    actor: str = Field(description="Who did it; empty for Afterword itself.", examples=["Li"])
    internal: bool = Field(description="The contact never sees it.")
    text: str
    label: str = Field(examples=["history.resolved"])
    values: dict[str, object]
    attachments: list[AttachmentShape] = []
    at: Moment


class InviteShape(InviteName):
    ticket: TicketName
    cycle: int
    purpose: InvitePurpose
    survey: str = Field(examples=["default"])
    contact: ContactName
    channel: str = Field(examples=["support-bot"])
    due_at: Moment
    delivered_at: Moment | None
    reminders: int
    expires_at: Moment
    created_at: Moment


class ResponseShape(Shape):
    id: str = Field(examples=["rsp_9"])
    ticket: TicketName
    invite: InviteName
    cycle: int
    purpose: InvitePurpose
    survey: str = Field(examples=["default"])
    scores: dict[str, int] = Field(examples=[{"overall": 2, "speed": 1}])
    reasons: list[str] = Field(examples=[["slow"]])
    comment: str | None
    band: Band | None = Field(description="How it was judged; null until it has settled.")
    partial: bool = Field(description="Something was left out, and the contact has not said that they are done.")
    settled: bool = Field(description="Its present state has been judged.")
    revision: int = Field(description="How often it has been judged.")
    created_at: Moment
    changed_at: Moment
    finished_at: Moment | None


class DeliveryShape(Shape):
    id: str = Field(examples=["dlv_31"])
    kind: str = Field(examples=["invite"])
    channel: str = Field(examples=["support-bot"])
    target: str = Field(description="The address in that channel.", examples=["777"])
    state: DeliveryState
    ticket: str | None = Field(examples=["tkt_17"])
    attempts: int
    problem: str = Field(description="Why the last try failed.")
    due_at: Moment
    sent_at: Moment | None
    expires_at: Moment | None
    created_at: Moment

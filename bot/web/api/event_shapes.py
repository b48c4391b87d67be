"""What may be told about tickets: strict, so that a misspelt name is refused and not lost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from bot.web.errors import UNKEEPABLE
from core.models.desk import Priority
from core.surveys.by_hand import REASON_LIMIT
from core.text import SUBJECT_LIMIT, clean, clean_line, is_keepable


def _line(value: object) -> object:
    """Words from outside, on one line. What is no text is left for pydantic to refuse."""
    return clean_line(value, limit=10_000) if isinstance(value, str) else value


def _exact(value: object) -> object:
    """What something is called: without one of its characters it would be called as something else is."""
    if isinstance(value, str) and not is_keepable(value):
        raise ValueError(UNKEEPABLE)
    return _line(value)


def _text(value: object) -> object:
    return clean(value, limit=20_000) if isinstance(value, str) else value


def _blank_is_none(value: object) -> object:
    return _exact(value) or None


Line = Annotated[str, BeforeValidator(_line)]
Exact = Annotated[str, BeforeValidator(_exact)]
Ref = Annotated[Exact, Field(min_length=1, max_length=200)]
MaybeRef = Annotated[str | None, BeforeValidator(_blank_is_none), Field(max_length=200)]
Word = Annotated[Exact, Field(max_length=60)]
Name = Annotated[Line, Field(max_length=120)]
Long = Annotated[str, BeforeValidator(_text), Field(max_length=4000)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Agent(_Told):
    """Who worked on it."""

    key: Ref | Literal[""] = Field(default="", description="What your system calls the agent.")
    name: Name = Field(default="", examples=["Li"])
    email: Annotated[Exact, Field(max_length=320)] = Field(default="", examples=["li@example.org"])


class AddressTold(_Told):
    channel: Annotated[Word, Field(min_length=1)] = Field(
        description="The name of a configured channel.", examples=["support-bot"]
    )
    address: Annotated[Exact, Field(min_length=1, max_length=320)] = Field(
        description="The chat, user or mail address in it.", examples=["777"]
    )


class ContactTold(_Told):
    """Who was served. What is left out, or empty, changes nothing that is known."""

    ref: MaybeRef = Field(default=None, description="What your system calls the contact.", examples=["c-1"])
    name: Name = Field(default="", examples=["Ann"])
    locale: Annotated[Exact, Field(max_length=20)] = Field(default="", examples=["en"])
    timezone: Word = Field(default="", description="An IANA name.", examples=["Europe/Berlin"])
    tier: Word = Field(default="", examples=["gold"])
    internal: bool = Field(default=False, description="A colleague or a test: never asked.")
    addresses: list[AddressTold] = Field(default=[], max_length=20, description="The first is tried first.")


class TicketTold(_Told):
    """The ticket, as your system has it. Only `ref` must be there."""

    ref: Ref = Field(description="What your system calls the ticket.", examples=["T-1"])
    subject: Annotated[Line, Field(max_length=SUBJECT_LIMIT * 5)] = Field(default="", examples=["Parcel late"])
    type: Annotated[Word, Field(min_length=1)] = Field(default="inquiry", examples=["inquiry"])
    priority: Literal["", "urgent", "high", "medium", "low"] = Field(
        default="", description="Empty: the type's usual one.", examples=[Priority.MEDIUM.value]
    )
    team: Word = Field(default="", examples=["support"])
    tags: list[Word] = Field(default=[], max_length=50)
    agent: Agent | None = None
    channel: Word = Field(default="", description="The channel that the request came by; asked there first.")
    thread: Annotated[Exact, Field(max_length=300)] = Field(
        default="",
        description="The message in that channel that the request began with.",
        examples=["C0HELP:1780000001.000100"],
    )
    close_reason: Word = Field(default="solved", examples=["solved"])
    result: Long = Field(default="", description="What was done, in words for the contact.")
    closed_by: Name = ""
    replies: Annotated[int, Field(ge=0, le=100_000)] | None = None


class TicketResolved(_Told):
    """A ticket was resolved: its contact may be asked how it went."""

    type: Literal["ticket.resolved"]
    ticket: TicketTold
    contact: ContactTold | None = Field(default=None, description="May be left out for a ticket that we know.")
    tell_contact: bool | None = Field(
        default=None,
        description="Whether we tell the contact that it is resolved, with its `result`. Left out: only if the request"
        " was made with us, for your desk tells its own contacts.",
    )


class TicketReopened(_Told):
    """A ticket is open again: a question that has not been sent yet is not sent."""

    type: Literal["ticket.reopened"]
    ticket: TicketTold
    contact: ContactTold | None = Field(default=None, description="May come along; it changes nothing.")
    reason: Long = Field(default="", description="Kept as an internal note.")
    tell_contact: bool | None = Field(
        default=None,
        description="Whether we tell the contact that it is open again. Left out: only if it was made with us.",
    )


class ByHand(_Told):
    """Ask a ticket's contact now, because somebody wants to know."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ticket": "T-1", "reason": "A pilot customer"}]})

    ticket: Ref = Field(description="Its id, number or your own ref.", examples=["T-1"])
    reason: Annotated[Line, Field(min_length=1, max_length=REASON_LIMIT)] = Field(
        description="Why it is sent; kept with the ticket.", examples=["A pilot customer"]
    )


class LinkWanted(_Told):
    """A link by which a contact gets a chat."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"contact": {"ref": "c-1", "name": "Ann"}, "channel": "support-bot"}]}
    )

    contact: ContactTold = Field(description="As in an event: whom we do not know yet is known from then on.")
    channel: Annotated[Word, Field(min_length=1)] = Field(
        description="Where the chat is to be; a channel whose chat a link can open (Telegram).",
        examples=["support-bot"],
    )


Event = Annotated[TicketResolved | TicketReopened, Field(discriminator="type")]
EVENT: TypeAdapter[TicketResolved | TicketReopened] = TypeAdapter(Event)
EXAMPLES = {
    "resolved": {
        "summary": "A ticket was resolved",
        "value": {
            "type": "ticket.resolved",
            "ticket": {
                "ref": "T-1",
                "subject": "Parcel late",
                "type": "inquiry",
                "team": "support",
                "agent": {"name": "Li", "email": "li@example.org"},
            },
            "contact": {
                "ref": "c-1",
                "name": "Ann",
                "locale": "en",
                "timezone": "Europe/Berlin",
                "addresses": [{"channel": "support-bot", "address": "777"}],
            },
        },
    },
    "reopened": {
        "summary": "A ticket is open again",
        "value": {"type": "ticket.reopened", "ticket": {"ref": "T-1"}, "reason": "It broke again."},
    },
}

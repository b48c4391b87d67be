"""What a conversation sends: the question in its place, and the receipt of a request."""

from __future__ import annotations

from core.models.desk import Ticket
from core.models.invites import Invite
from core.plumbing.deliveries import ANSWER, Draft
from core.ports import Channel, Heard
from core.surveys import invites
from core.surveys.tokens import new_key


def screen(invite: Invite, channel: Channel, target: str, *, receipt: str = "", **payload: object) -> Draft:
    """The question as it stands: in place of the message `receipt`, or of the last one that showed it."""
    return Draft(
        key=f"screen:{invite.id}:{new_key()}",
        kind="question",
        channel=channel.name,
        target=target,
        priority=ANSWER,
        contact_id=invite.contact_id,
        ticket_id=invite.ticket_id,
        subject_id=invite.id,
        screen=invites.screen_of(invite.id),
        receipt=receipt,
        payload=payload,
    )


def note(words: str, channel: Channel, target: str, **payload: object) -> Draft:
    """A few words for one person."""
    return Draft(
        key=f"note:{new_key()}",
        kind="note",
        channel=channel.name,
        target=target,
        priority=ANSWER,
        payload={"text": words, **payload},
    )


def place_of(event: Heard) -> str:
    """Where an answer is read by that person alone."""
    return event.target if event.private else event.person.address


def received(ticket: Ticket, channel: Channel, target: str, *, thread: str = "") -> Draft:
    """A request has arrived, and this is its number. `thread` is the message that it came by, in a group."""
    return Draft(
        key=f"received:{ticket.id}",
        kind="received",
        channel=channel.name,
        target=target,
        priority=ANSWER,
        contact_id=ticket.contact_id,
        ticket_id=ticket.id,
        subject_id=ticket.id,
        payload={"thread": thread} if thread else {},
    )

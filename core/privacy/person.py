"""All that is held about one person, table by table: the one list that export and erasure go by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from core import errors
from core.desk import homes
from core.models.access import IdempotentAnswer
from core.models.contacts import Address, Bounce, Contact, ContactLink, Suppression
from core.models.deliveries import Delivery
from core.models.desk import Attachment, Ticket, TicketEntry
from core.models.invites import Decision, Invite
from core.models.reactions import Alert, Occasion, Reaction, Recovery
from core.models.responses import HeldAnswer, PageVisit, Response, ResponseRevision, Score
from core.models.webhooks import WebhookCall
from core.models.wordings import ABInvite
from core.reactions import floods, unnamed
from core.reactions import trials as reaction_trials

PAGE = 200
TRANSCRIPT, TRIAL, DIGEST = "transcript", "trial", "digest"
TO_STAFF = frozenset({homes.KIND, DIGEST, reaction_trials.KIND, unnamed.KIND, floods.KIND, TRIAL})
"""Kinds of deliveries that go to staff as such and are about no single ticket."""

NOT_ABOUT_CONTACTS = frozenset(
    {
        "api_tokens", "accounts", "invitations", "sessions", "ticket_counters", "kept", "lanes", "teams", "staff",
        "staff_addresses", "surveys", "rules", "wordings", "wording_versions", "wording_drafts", "own_labels",
        "webhooks", "retention", "slices", "ab_tests", "digests",
        "language_imports",
    }
)  # fmt: skip
"""Tables of ours that hold nothing about the people served."""
_NOT_IN_USE = ("removed:", "erased:")  # what an address is called of which only the row is left
LASTING = frozenset({"audit_lines"})
"""Written to and never changed (SEC-53): nothing personal of the people served may get in there."""


class Place(NamedTuple):
    """An address in a channel."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Person:
    """A contact, and by what to find everything that belongs to them."""

    contact: Contact
    addresses: tuple[Address, ...]
    places: tuple[Place, ...] = ()  # where they are or were reached, unless it is another contact's by now
    requests: tuple[str, ...] = field(default=(), repr=False)  # their numbers
    numbers: tuple[str, ...] = field(default=(), repr=False)  # the same, and what the outside calls them

    def rows(self) -> Mapping[str, QuerySet[Any]]:
        """By the name of the table. Raw messages are another matter (`core.privacy.raw`); so are kept answers."""
        return {**self._own(), **self._answers()}

    def _own(self) -> Mapping[str, QuerySet[Any]]:
        tickets = self._tickets
        return {
            "contacts": Contact.filter(id=self.contact.id),
            "addresses": Address.filter(contact_id=self.contact.id),
            "contact_links": ContactLink.filter(contact_id=self.contact.id),
            "suppressions": Suppression.filter(self._listed()),
            "bounces": Bounce.filter(self._listed()),
            "tickets": Ticket.filter(contact_id=self.contact.id),
            "ticket_entries": TicketEntry.filter(ticket_id__in=tickets),
            "attachments": Attachment.filter(ticket_id__in=tickets),
            "decisions": Decision.filter(ticket_id__in=tickets),
            "recoveries": Recovery.filter(ticket_id__in=tickets),
            "alerts": Alert.filter(ticket_id__in=tickets),
            "deliveries": Delivery.filter(self._sent_to()),
            "occasions": Occasion.filter(ticket_id__in=tickets),
            "webhook_calls": WebhookCall.filter(ticket_id__in=tickets),
        }

    def _answers(self) -> Mapping[str, QuerySet[Any]]:
        asked = Subquery(Invite.filter(contact_id=self.contact.id).values("id"))
        given = Subquery(Response.filter(invite__contact_id=self.contact.id).values("id"))
        return {
            "invites": Invite.filter(contact_id=self.contact.id),
            "ab_invites": ABInvite.filter(invite_id__in=asked),
            "held_answers": HeldAnswer.filter(invite_id__in=asked),
            "page_visits": PageVisit.filter(invite_id__in=asked),
            "responses": Response.filter(invite_id__in=asked),
            "scores": Score.filter(response_id__in=given),
            "response_revisions": ResponseRevision.filter(response_id__in=given),
            "reactions": Reaction.filter(Q(response_id__in=given) | Q(occasion__ticket__contact_id=self.contact.id)),
        }

    @property
    def _tickets(self) -> Subquery:
        return Subquery(Ticket.filter(contact_id=self.contact.id).values("id"))

    def _listed(self) -> Q:
        """Lists of addresses write them in small letters."""
        return _any_of([Q(channel=one.channel, address=one.address.lower()) for one in self.places])

    def _sent_to(self) -> Q:
        """Who is also of the staff has at the same address what tells of others: that is not about them."""
        there = [Q(channel=one.channel, target=one.address) for one in self.places]
        nobodys = Q(contact_id=None, ticket_id=None) & ~Q(kind__in=TO_STAFF)
        return _any_of([Q(contact_id=self.contact.id), Q(ticket_id__in=self._tickets), nobodys & _any_of(there)])

    async def transcripts(self) -> AsyncIterator[Delivery]:
        """Copies of a web chat, mailed to wherever the visitor said."""
        visitors = {one.address for one in self.places}
        async for row in paged(Delivery.filter(kind=TRANSCRIPT)):
            said = row.payload.get("visitors")
            if isinstance(said, list) and visitors & {str(one) for one in said}:
                yield row

    async def trials(self) -> AsyncIterator[Delivery]:
        """Words that an admin tried on herself with a request of theirs."""
        async for row in paged(Delivery.filter(kind=TRIAL)):
            if str(row.payload.get("number", "")).strip().upper() in {one.upper() for one in self.numbers}:
                yield row

    async def kept_answers(self) -> AsyncIterator[IdempotentAnswer]:
        """What the desk's program was answered about the person's tickets in the last day."""
        names = {*self.numbers, self.contact.ref or "", *(one.address for one in self.places)} - {""}
        async for row in paged(IdempotentAnswer.all()):
            said = f"{row.key} {row.body}"
            if any(name in said for name in names):
                yield row


async def find(name: str) -> Contact:
    """By the outside's reference, by an address, or by our own number. Raises errors.NotFound, errors.Conflict."""
    wanted = name.strip()
    if known := await Contact.get_or_none(ref=wanted):
        return known
    ways = [wanted, wanted.lower()]
    reached = await Address.filter(address__in=ways).select_related("contact")
    reached = reached or await Address.filter(removed__in=ways).select_related("contact")
    people = {one.contact_id: one.contact for one in reached}
    if len(people) > 1:
        raise errors.Conflict(f"several contacts have the address {wanted}; say the reference", field="contact")
    if not people and wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        people = {one.id: one for one in await Contact.filter(id=int(wanted))}
    if not people:
        raise errors.NotFound(f"there is no contact with the reference or address {wanted!r}", field="contact")
    return next(iter(people.values()))


async def of(contact: Contact) -> Person:
    """The person behind a contact, as it is now."""
    tickets = await Ticket.filter(contact_id=contact.id).values_list("number", "ref")
    requests = tuple(str(number) for number, _ in tickets)
    numbers = (*requests, *(str(ref) for _, ref in tickets if ref))
    addresses = tuple(await Address.filter(contact_id=contact.id))
    return Person(contact, addresses, tuple(await places(addresses)), requests, numbers)


async def places(addresses: Iterable[Address]) -> list[Place]:
    """What the addresses of one contact say; also what was taken from them, unless another contact has it by now."""
    here = [Place(one.channel, one.address) for one in addresses if not one.address.startswith(_NOT_IN_USE)]
    former = [Place(one.channel, one.removed) for one in addresses if one.removed]
    others = Address.filter(address__in=[one.address for one in former])
    taken = {Place(*one) for one in await others.values_list("channel", "address")}
    return list(dict.fromkeys([*here, *(one for one in former if one not in taken)]))


async def paged(rows: QuerySet[Any], key: str = "id") -> AsyncIterator[Any]:
    """All of them, a few at a time, in the order of their key."""
    last: Any = None
    while True:
        page = await (rows if last is None else rows.filter(**{f"{key}__gt": last})).order_by(key).limit(PAGE)
        for row in page:
            yield row
        if len(page) < PAGE:
            return
        last = getattr(page[-1], key)


def _any_of(wanted: list[Q]) -> Q:
    return Q(*wanted, join_type=Q.OR) if wanted else Q(id=-1)

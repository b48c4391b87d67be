"""What the surveys as they are now would have done to tickets that are resolved already. It writes nothing."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from core import contacts, unread
from core.models.contacts import Address, Reach
from core.models.desk import EntryKind, TicketEntry
from core.models.invites import Invite, InvitePurpose, InviteState
from core.models.setup import StaffAddress
from core.surveys import catalogue, eligibility
from core.surveys.eligibility import Asked, ContactTraits, TicketTraits, Verdict
from core.surveys.settings import SurveySettings

EXAMPLES = 3
REOPENED = "reopened"
UNDELIVERABLE = "undeliverable"
_COLUMNS = {
    "id": "id",
    "ticket": "ticket_id",
    "cycle": "cycle",
    "closed_by": "actor",
    "at": "at",
    "number": "ticket__number",
    "type": "ticket__type",
    "team": "ticket__team__key",
    "channel": "ticket__channel",
    "priority": "ticket__priority",
    "tags": "ticket__tags",
    "close_reason": "ticket__close_reason",
    "contact": "ticket__contact_id",
    "timezone": "ticket__contact__timezone",
    "tier": "ticket__contact__tier",
    "internal": "ticket__contact__internal",
    "opted_out_at": "ticket__contact__opted_out_at",
}
_ASKED = ("sent", "postponed")
Row = Mapping[str, Any]


@dataclass(slots=True)
class DryRun:
    """Counts of resolutions by reason, the codes being those of decisions: "sent", "postponed", "asked_recently", ….

    A condition that does not hold is named: "condition.type". "reopened" was opened again before the question was due.
    "undeliverable" has no address left that works, or its real question reached nobody.
    """

    since: datetime
    until: datetime
    surveys: dict[str, Counter[str]] = field(default_factory=dict)  # by key; "" where there is no survey at all
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # numbers of tickets

    @property
    def reasons(self) -> Counter[str]:
        return sum(self.surveys.values(), Counter())

    @property
    def asked(self) -> int:
        return asked(self.reasons)

    @property
    def not_asked(self) -> int:
        return self.reasons.total() - self.asked

    def count(self, number: str, survey: str, reason: str) -> None:
        self.surveys.setdefault(survey, Counter())[reason] += 1
        if len(self.examples[reason]) < EXAMPLES and number not in self.examples[reason]:
            self.examples[reason].append(number)


def asked(reasons: Mapping[str, int]) -> int:
    """How many of these would have been asked, at once or later."""
    return sum(reasons.get(one, 0) for one in _ASKED)


async def replay(
    since: datetime,
    until: datetime,
    *,
    surveys: Sequence[tuple[str, SurveySettings]] | None = None,
    one_in: int = 1,
    told: Callable[[int, int], object] = lambda done, of: None,
    at_once: int = 1000,
) -> DryRun:
    """Decide again about each resolution from `since` to before `until`, in their order, `at_once` at once.

    `surveys` in their order stand for those that are asked now. With `one_in`, only every so-manieth contact is looked
    at, with all that is theirs, so that budgets are right. `told` hears how far it is. The budget is that of the
    invites that are replayed, from as long before `since` as it looks back. What is not kept for each resolution is
    taken as it is now: the ticket's team, type, priority, tags and close reason, the contact's tier and addresses. How
    many replies it took is not kept at all, so a condition on it holds.
    """
    if surveys is None:
        surveys = [(survey.key, catalogue.settings_of(survey)) for survey in await catalogue.current()]
    span = eligibility.longest_span([settings for _, settings in surveys])
    found = DryRun(since, until, {key: Counter() for key, _ in surveys})
    earlier = _Earlier(span)
    reopened, undelivered = await _reopened(since - span), await _undelivered(since - span)
    async for row, channels in _resolutions(since - span, until, one_in, told, at_once):
        person = _person(row, channels, earlier.of(row["contact"], now=row["at"]))
        key, verdict = eligibility.judge(surveys, _traits(row), person, now=row["at"])
        cycle = (row["ticket"], row["cycle"])
        reason = _reason(verdict, reopened.get(cycle))
        if (cycle in undelivered and reason in _ASKED) or (reason == "no_address" and row["unreachable"]):
            reason = UNDELIVERABLE
        if verdict.due_at is not None and reason in _ASKED:
            earlier.add(row["contact"], Asked(verdict.due_at, _first(channels, row["channel"])))
        if row["at"] >= since:
            found.count(row["number"], key, reason)
    return found


class _Earlier:
    """Whom the replay has asked, as far back as a budget looks: what is older is forgotten."""

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._asked: dict[int, tuple[Asked, ...]] = {}
        self._order: deque[tuple[datetime, int]] = deque()

    def of(self, contact: int, *, now: datetime) -> tuple[Asked, ...]:
        while self._order and self._order[0][0] < now - self._span - timedelta(days=1):
            _, oldest = self._order.popleft()
            left = self._asked.pop(oldest)[1:]
            if left:
                self._asked[oldest] = left
        return self._asked.get(contact, ())

    def add(self, contact: int, asked: Asked) -> None:
        self._asked[contact] = (*self._asked.get(contact, ()), asked)
        self._order.append((asked.at, contact))


def _traits(row: Row) -> TicketTraits:
    return TicketTraits(
        number=row["number"],
        cycle=row["cycle"],
        type=row["type"],
        team=row["team"] or "",
        channel=row["channel"],
        priority=str(row["priority"]),
        tags=tuple(row["tags"]),
        close_reason=row["close_reason"],
        closed_by=row["closed_by"],
    )


def _person(row: Row, channels: Sequence[str], asked: tuple[Asked, ...]) -> ContactTraits:
    opted_out_at = row["opted_out_at"]
    return ContactTraits(
        zone=contacts.zone_named(row["timezone"]),
        tier=row["tier"],
        internal=bool(row["internal"]),
        opted_out=opted_out_at is not None and opted_out_at <= row["at"],
        addresses=len(channels),
        asked=asked,
    )


def _reason(verdict: Verdict, reopened_at: datetime | None) -> str:
    if verdict.reason == "condition":
        return f"condition.{verdict.values['condition']}"
    if verdict.due_at is not None and reopened_at is not None and reopened_at < verdict.due_at:
        return REOPENED
    return verdict.reason


def _first(channels: Sequence[str], wanted: str) -> str:
    return wanted if wanted in channels else channels[0]


# ---------------------------------------------------------------- what is kept


async def _resolutions(
    since: datetime, until: datetime, one_in: int, told: Callable[[int, int], object], at_once: int
) -> AsyncIterator[tuple[Row, Sequence[str]]]:
    """Each resolution with the channels that reach its contact. Only ids are held for all of them: 8 bytes each."""
    rows = TicketEntry.filter(kind=EntryKind.RESOLVED, at__gte=since, at__lt=until).order_by("at", "id")
    if one_in == 1:
        found: list[int] = await rows.values_list("id", flat=True)  # type: ignore[assignment]  # typed as tuples
    else:
        pairs = await rows.values_list("id", "ticket__contact_id")
        found = [entry for entry, contact in pairs if crc32(b"%d" % contact) % one_in == 0]
    ids = array("q", found)
    recovered = await _recovered(since)
    staff = set(await StaffAddress.filter(staff__active=True).values_list("channel", "address"))
    for start in range(0, len(ids), at_once):
        page = (
            await TicketEntry.filter(id__in=list(ids[start : start + at_once])).order_by("at", "id").values(**_COLUMNS)
        )
        reach, colleagues = await _channels({row["contact"] for row in page}, staff)
        unreachable = await _unreachable({row["contact"] for row in page} - reach.keys())
        for row in page:
            if (row["ticket"], row["at"]) not in recovered:
                internal = row["internal"] or row["contact"] in colleagues
                known = {"unreachable": row["contact"] in unreachable, "internal": internal}
                yield {**row, **known}, reach.get(row["contact"], ())
        told(start + len(page), len(ids))


async def _channels(people: set[int], staff: Container[Any]) -> tuple[Mapping[int, Sequence[str]], set[int]]:
    """What reaches whom; and of these, whom an address shows to be of the staff."""
    reach: defaultdict[int, list[str]] = defaultdict(list)
    colleagues: set[int] = set()
    rows = Address.filter(contact_id__in=list(people), reach=Reach.OK).order_by("rank", "id")
    for contact, channel, address in await rows.values_list("contact_id", "channel", "address"):
        if (channel, address) in staff:
            colleagues.add(contact)
        if not unread.nobody_reads(address):
            reach[contact].append(channel)
    return reach, colleagues & reach.keys()


async def _unreachable(people: set[int]) -> set[int]:
    """Of people without an address that works, those who had one: it was found that nobody is reached there."""
    rows = Address.filter(contact_id__in=list(people)).exclude(reach=Reach.OK)
    return set() if not people else set(await rows.values_list("contact_id", flat=True))  # type: ignore[arg-type]  # typed as tuples


async def _undelivered(since: datetime) -> set[tuple[int, int]]:
    """Cycles whose question was really sent and reached nobody."""
    rows = Invite.filter(state=InviteState.UNDELIVERABLE, purpose=InvitePurpose.SERVICE, due_at__gte=since)
    return set(await rows.values_list("ticket_id", "cycle"))


async def _recovered(since: datetime) -> set[tuple[int, datetime]]:
    """Resolutions by closing a recovery: the contact is asked whether it is right now, and no survey decides."""
    rows = TicketEntry.filter(kind=EntryKind.RECOVERY, label="history.recovery_closed", at__gte=since)
    return set(await rows.values_list("ticket_id", "at"))


async def _reopened(since: datetime) -> dict[tuple[int, int], datetime]:
    """When a cycle ended by being opened again, by ticket and cycle."""
    rows = TicketEntry.filter(kind=EntryKind.REOPENED, at__gte=since)
    return {(ticket, cycle - 1): at for ticket, cycle, at in await rows.values_list("ticket_id", "cycle", "at")}

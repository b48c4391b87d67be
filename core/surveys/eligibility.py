"""Whether a ticket's contact is asked, when, and if not, why not. Plain functions: they reach no database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.surveys.settings import Conditions, SurveySettings, Window

LONGEST_WAIT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TicketTraits:
    """What conditions look at."""

    number: str
    cycle: int
    type: str
    team: str = ""
    channel: str = ""
    priority: str = ""
    tags: tuple[str, ...] = ()
    close_reason: str = ""
    closed_by: str = ""
    replies: int | None = None  # None: not known, so a condition on it holds


@dataclass(frozen=True, slots=True)
class Asked:
    """An earlier invite to the same contact."""

    at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class ContactTraits:
    zone: ZoneInfo
    tier: str = ""
    internal: bool = False
    opted_out: bool = False
    addresses: int = 0
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a code ("sent", "over_budget"); `values` fill its words; `due_at` is set when it is sent."""

    send: bool
    reason: str
    values: dict[str, object] = field(default_factory=dict)
    due_at: datetime | None = None


def decide(
    survey_key: str, settings: SurveySettings, ticket: TicketTraits, contact: ContactTraits, *, now: datetime
) -> Verdict:
    """The first thing that speaks against it decides; the order is the one that people would want to hear."""
    if (unmet := unmet_condition(settings.conditions, ticket, contact.tier)) is not None:
        return Verdict(False, "condition", {"condition": unmet})
    if contact.internal:
        return Verdict(False, "staff_or_test")
    if contact.opted_out:
        return Verdict(False, "opted_out")
    if not contact.addresses:
        return Verdict(False, "no_address")
    if not in_sample(f"{survey_key}:{ticket.number}:{ticket.cycle}", settings.sample):
        return Verdict(False, "sampled_out", {"percent": settings.sample})
    due = into_window(now + settings.delay, settings.window, contact.zone)
    return _within_budget(settings, contact, due, now=now)


def judge(
    surveys: Iterable[tuple[str, SurveySettings]], ticket: TicketTraits, contact: ContactTraits, *, now: datetime
) -> tuple[str, Verdict]:
    """The first survey whose conditions hold decides; if none does, the last one says which condition failed.

    The key is "" when there is no survey at all.
    """
    chosen = ("", Verdict(False, "no_survey"))
    for key, settings in surveys:
        chosen = (key, decide(key, settings, ticket, contact, now=now))
        if chosen[1].reason != "condition":
            break
    return chosen


def unmet_condition(conditions: Conditions, ticket: TicketTraits, tier: str) -> str | None:
    """The name of the first condition that does not hold, or None when all do."""
    return next(unmet_conditions(conditions, ticket, tier), None)


def unmet_conditions(conditions: Conditions, ticket: TicketTraits, tier: str) -> Iterator[str]:
    """The names of all that do not hold."""
    checks: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
        ("type", conditions.types, (ticket.type,)),
        ("team", conditions.teams, (ticket.team,)),
        ("channel", conditions.channels, (ticket.channel,)),
        ("priority", conditions.priorities, (ticket.priority,)),
        ("tags", conditions.tags, ticket.tags),
        ("tier", conditions.tiers, (tier,)),
        ("close_reason", conditions.close_reasons, (ticket.close_reason,)),
        ("closed_by", conditions.closed_by, (ticket.closed_by,)),
    )
    for name, wanted, has in checks:
        if wanted and not set(wanted) & set(has):
            yield name
    too_few = ticket.replies is not None and ticket.replies < conditions.min_replies
    if too_few:
        yield "replies"


def in_sample(name: str, percent: int) -> bool:
    """The same ticket is always in or always out, and `percent` in a hundred are in."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 100 < percent


def into_window(due: datetime, window: Window | None, zone: ZoneInfo) -> datetime:
    """`due` itself when the window is open then in that zone, else the next opening, in UTC.

    An opening in the hour that a clock change skips is as much later as the clock is put forward.
    """
    utc = ZoneInfo("UTC")
    local = due.astimezone(zone)
    if window is None or _is_open(window, local):
        return due.astimezone(utc)
    opening = local.replace(hour=window.since.hour, minute=window.since.minute, second=0, microsecond=0)
    if opening <= local:
        opening += timedelta(days=1)
    return opening.astimezone(utc)


def _is_open(window: Window, local: datetime) -> bool:
    clock = local.time()
    if window.since < window.until:
        return window.since <= clock < window.until
    return clock >= window.since or clock < window.until


def _within_budget(settings: SurveySettings, contact: ContactTraits, due: datetime, *, now: datetime) -> Verdict:
    """Over budget is skipped, or postponed to when the budget allows it again."""
    allowed_from = due
    for allowance in settings.budget:
        earlier = sorted((one.at for one in contact.asked if one.at > due - allowance.span), reverse=True)
        if len(earlier) >= allowance.invites:
            allowed_from = max(allowed_from, earlier[allowance.invites - 1] + allowance.span)
    if allowed_from == due:
        return Verdict(True, "sent", due_at=due)
    if settings.over_budget == "skip" or allowed_from > now + LONGEST_WAIT:
        return _skipped(max(contact.asked, key=lambda one: one.at), now=now)
    return Verdict(True, "postponed", due_at=into_window(allowed_from, settings.window, contact.zone))


def _skipped(last: Asked, *, now: datetime) -> Verdict:
    days = (now - last.at).days
    if days < 1:
        return Verdict(False, "asked_today", {"channel": last.channel})
    return Verdict(False, "asked_recently", {"count": days, "channel": last.channel})


def longest_span(settings: Sequence[SurveySettings]) -> timedelta:
    """How far back invites must be looked at to judge every budget."""
    spans = [allowance.span for one in settings for allowance in one.budget]
    return max(spans, default=timedelta(0))

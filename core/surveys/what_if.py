"""What a survey would have done with other settings, beside what the surveys of now would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.models.desk import EntryKind, TicketEntry
from core.surveys import catalogue, coverage, dry_run, eligibility
from core.surveys.dry_run import DryRun
from core.surveys.settings import SurveySettings

Surveys = list[tuple[str, SurveySettings]]
MOST = 5000
"""So many resolutions are replayed; of more, those of every so-manieth contact, so that the answer comes at once."""


@dataclass(frozen=True, slots=True)
class Compared:
    """`one_in`: only every so-manieth contact was looked at; 1 is everybody.

    `by_this` of those that would be asked then would be asked by the survey itself. `covered_by` are the surveys
    above it that take every ticket of its, empty where some may get to it.
    """

    now: DryRun
    then: DryRun
    one_in: int
    by_this: int = 0
    covered_by: tuple[str, ...] = ()


async def compare(key: str, settings: SurveySettings, *, days: int, now: datetime, most: int = MOST) -> Compared:
    """Replay the last days twice: as the surveys are, and with this one in its place (a new one comes last)."""
    surveys = await _surveys()
    changed = with_this(surveys, key, settings)
    since = now - timedelta(days=days)
    looked_back = eligibility.longest_span([one for _, one in (*surveys, *changed)])
    entries = TicketEntry.filter(kind=EntryKind.RESOLVED, at__gte=since - looked_back, at__lt=now)
    one_in = max(1, -(-await entries.count() // most))
    before = await dry_run.replay(since, now, surveys=surveys, one_in=one_in)
    after = await dry_run.replay(since, now, surveys=changed, one_in=one_in)
    by_this = dry_run.asked(after.surveys.get(key, {}))
    return Compared(before, after, one_in, by_this, coverage.never_wins(changed).get(key, ()))


async def covered_by(key: str, settings: SurveySettings) -> tuple[str, ...]:
    """The surveys above this one that take every ticket of its, so that it would ask nobody; empty where none do."""
    return coverage.never_wins(with_this(await _surveys(), key, settings)).get(key, ())


def with_this(surveys: Surveys, key: str, settings: SurveySettings) -> Surveys:
    """The surveys in their order with this one in its place; a new one comes last."""
    changed = [(name, settings if name == key else one) for name, one in surveys]
    return changed if key in dict(surveys) else [*changed, (key, settings)]


async def _surveys() -> Surveys:
    return [(one.key, catalogue.settings_of(one)) for one in await catalogue.current()]

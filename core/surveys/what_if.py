"""What a survey would have done with other settings, beside what the surveys of now would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.models.desk import EntryKind, TicketEntry
from core.surveys import catalogue, dry_run, eligibility
from core.surveys.dry_run import DryRun
from core.surveys.settings import SurveySettings

MOST = 5000
"""So many resolutions are replayed; of more, those of every so-manieth contact, so that the answer comes at once."""


@dataclass(frozen=True, slots=True)
class Compared:
    """`one_in`: only every so-manieth contact was looked at; 1 is everybody."""

    now: DryRun
    then: DryRun
    one_in: int


async def compare(key: str, settings: SurveySettings, *, days: int, now: datetime, most: int = MOST) -> Compared:
    """Replay the last days twice: as the surveys are, and with this one in its place (a new one comes last)."""
    surveys = [(one.key, catalogue.settings_of(one)) for one in await catalogue.current()]
    changed = [(name, settings if name == key else one) for name, one in surveys]
    if key not in dict(surveys):
        changed.append((key, settings))
    since = now - timedelta(days=days)
    looked_back = eligibility.longest_span([one for _, one in (*surveys, *changed)])
    entries = TicketEntry.filter(kind=EntryKind.RESOLVED, at__gte=since - looked_back, at__lt=now)
    one_in = max(1, -(-await entries.count() // most))
    before = await dry_run.replay(since, now, surveys=surveys, one_in=one_in)
    after = await dry_run.replay(since, now, surveys=changed, one_in=one_in)
    return Compared(before, after, one_in)

"""Who is on duty, and who must not be woken: by the clock of the team, and of the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core import contacts
from core.models.setup import Staff, Team
from core.reactions.team_settings import DAYS, StandIn, TeamSettings, Turn
from core.surveys.eligibility import into_window
from core.surveys.settings import Window

_UTC = ZoneInfo("UTC")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Watch:
    """Whose turn it is, by key, and until when (UTC)."""

    who: str
    until: datetime


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on duty, and until when (UTC)."""

    person: Staff
    until: datetime


def settings_of(team: Team | None) -> TeamSettings:
    """A team of before there were any has the defaults."""
    return TeamSettings.model_validate(team.settings or {}) if team is not None else TeamSettings()


def zone_of(team: Team | None, person: Staff | None = None) -> ZoneInfo:
    """The person's, else the team's, else the site's."""
    own = person.timezone if person is not None else ""
    return contacts.zone_named(own or settings_of(team).timezone)


async def now_on(team: Team | None, *, now: datetime) -> OnDuty | None:
    """Who is on duty now; somebody who left is nobody."""
    if team is None:
        return None
    active = {one.key: one for one in await Staff.filter(key__in=_named(team), active=True)} if _named(team) else {}
    found = on_watch(settings_of(team), zone_of(team), known=frozenset(active), now=now)
    return OnDuty(active[found.who], found.until) if found else None


def on_watch(settings: TeamSettings, zone: ZoneInfo, *, known: frozenset[str], now: datetime) -> Watch | None:
    """Whose turn it is among those who are `known`. A stand-in goes before the rota, and what stands first wins.

    The one on duty is so for as long as nothing else would decide.
    """
    local = now.astimezone(zone)
    today = [one for one in settings.stand_ins if one.since <= local.date() <= one.until and one.who in known]
    if today:
        return Watch(today[0].who, _midnight(today[0].until + _DAY, zone))
    turns = [turn for turn in settings.duty if turn.who in known]
    for place, turn in enumerate(turns):
        if (ends := _ends(turn, local, zone)) is not None:
            sooner = [begins for one in turns[:place] for begins in _begin(one, local, zone)]
            sooner += _replaced(settings.stand_ins, local.date(), known, zone)
            return Watch(turn.who, min([ends, *sooner]))
    return None


def awake_at(team: Team | None, person: Staff, moment: datetime, *, on_duty: bool = False) -> datetime:
    """`moment`, or when the quiet hours end in which it falls, in UTC.

    A person's own quiet hours take the place of the team's. Who is on duty is at work: only their own hold for them.
    """
    own = TeamSettings.model_validate({"quiet_hours": person.quiet_hours}).quiet_hours
    quiet = own if own is not None or on_duty else settings_of(team).quiet_hours
    if quiet is None:
        return moment.astimezone(_UTC)
    zone = zone_of(team, person if own is not None else None)
    return into_window(moment, Window(since=quiet.until, until=quiet.since), zone)


def _named(team: Team) -> list[str]:
    return [who for _, who in settings_of(team).people]


def _ends(turn: Turn, local: datetime, zone: ZoneInfo) -> datetime | None:
    """When the turn ends that is on at `local`, None when it is not on. One that began yesterday may still be on."""
    for day in (local.date(), local.date() - _DAY):
        if DAYS[day.weekday()] in turn.days:
            begins, ends = _span(turn.hours, day, zone)
            if begins <= local.astimezone(_UTC) < ends:
                return ends
    return None


def _begin(turn: Turn, local: datetime, zone: ZoneInfo) -> list[datetime]:
    """When it begins, today or tomorrow, if that is yet to come."""
    days = [day for day in (local.date(), local.date() + _DAY) if DAYS[day.weekday()] in turn.days]
    return [begins for day in days if (begins := _span(turn.hours, day, zone)[0]) > local]


def _span(hours: Window | None, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if hours is None:
        return _midnight(day, zone), _midnight(day + _DAY, zone)
    last = day if hours.since < hours.until else day + _DAY
    return _moment(day, hours.since, zone), _moment(last, hours.until, zone)


def _replaced(stand_ins: tuple[StandIn, ...], today: date, known: frozenset[str], zone: ZoneInfo) -> list[datetime]:
    return [_midnight(one.since, zone) for one in stand_ins if one.since > today and one.who in known]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _moment(day, time(), zone)


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(_UTC)

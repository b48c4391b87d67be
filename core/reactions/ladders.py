"""A team's own ladder: whom each step tells, where, and when. Plans what `core.reactions.alerts` then does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.models.accounts import Account, Role
from core.models.reactions import Alert
from core.models.setup import Staff, StaffAddress, Team
from core.reactions import duty
from core.reactions.team_settings import Step


@dataclass(frozen=True, slots=True)
class Told:
    """One that a step tells: a person or a place. `channel` is "" where a person has no address anywhere.

    `at` is when: for a person in quiet hours, when those end. `why` is "duty", "lead", "admins" or "place".
    """

    why: str
    channel: str
    target: str
    at: datetime
    name: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """What a step would do: at its time, these are told; nobody is where it finds nobody."""

    at: datetime
    told: tuple[Told, ...]


def due(alert: Alert, ladder: tuple[Step, ...]) -> datetime | None:
    """When the next step of the ladder is due; None when it is climbed. A snoozed alert waits, and then goes on."""
    if alert.rung >= len(ladder):
        return None
    at = alert.rung_at or alert.raised_at + ladder[alert.rung].after
    return max(at, alert.snoozed_until) if alert.snoozed_until else at


def following(alert: Alert, ladder: tuple[Step, ...], at: datetime) -> datetime | None:
    """When the step after the present one is due, which was due `at`: they keep their distance."""
    if alert.rung + 1 >= len(ladder):
        return None
    return at + gap(ladder, alert.rung + 1)


def gap(ladder: tuple[Step, ...], rung: int) -> timedelta:
    return ladder[rung].after - ladder[rung - 1].after


async def plan(team: Team, *, now: datetime) -> list[Planned]:
    """What the ladder would do with an alert that came now and that nobody took."""
    ladder = duty.settings_of(team).ladder
    return [Planned(now + step.after, await told(step, team, now=now + step.after)) for step in ladder]


async def told(step: Step, team: Team | None, *, now: datetime, urgent: bool = False) -> tuple[Told, ...]:
    """Whom this step tells. Nobody is woken in quiet hours but for what is `urgent`; places are never quiet."""
    if step.to == "admins":
        admins = await Account.filter(role=Role.ADMIN, active=True).order_by("email")
        return tuple(Told("admins", step.channel, one.email, now, one.name or one.email) for one in admins)
    if not step.to:
        return (Told("place", step.channel, step.address, now),)
    on_duty = await duty.now_on(team, now=now) if step.to == "duty" else None
    person = on_duty.person if on_duty else await lead(team)
    if person is None:
        return ()
    at = now if urgent else duty.awake_at(team, person, now, on_duty=on_duty is not None)
    channel, target = await _reached(person, team)
    why = "duty" if on_duty else "lead"
    return (Told(why, channel, target, at, person.name or person.key, held=at > now),)


async def lead(team: Team | None) -> Staff | None:
    """The team's lead who is active."""
    leads = Staff.filter(team_id=team.id, leads=True, active=True).order_by("id") if team is not None else None
    return await leads.first() if leads is not None else None


async def _reached(person: Staff, team: Team | None) -> tuple[str, str]:
    """The person's address in the channel of the team's alerts, else the first that they have."""
    addresses = await StaffAddress.filter(staff_id=person.id).order_by("channel", "address")
    near = [one for one in addresses if team is not None and one.channel == team.alert_channel]
    chosen = next(iter(near or addresses), None)
    return (chosen.channel, chosen.address) if chosen else ("", "")

"""Sends each digest once for each of its periods, whoever looks and however often.

A row that says what was sent last decides, in the unit of work that makes the messages. What was due while nobody ran
is sent when somebody does, but only the last of it: what came before has been overtaken.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core import audit, errors, transactions
from core.digests import periods
from core.digests.periods import Period
from core.digests.settings import MOST_RECIPIENTS, DigestSettings, Recipient
from core.failpoints import fp
from core.models.deliveries import Delivery
from core.models.setup import Digest, Staff, Team
from core.plumbing import deliveries
from core.reactions import duty
from core.surveys.tokens import new_key

logger = logging.getLogger(__name__)

KIND = "digest"
EVERY = timedelta(seconds=20)
"""How often it is looked whether one is due, and so how late one may be."""
_TEST_IS_WORTH = timedelta(hours=1)
Kinds = Mapping[str, str]
"""What kind each configured channel is, by its name."""


@dataclass(frozen=True, slots=True)
class Told:
    """Where somebody is told, and in which language; "" is the site's."""

    channel: str
    address: str
    locale: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """A digest with what it is about: its settings, its team (None: everybody) and whose clock it goes by."""

    row: Digest
    settings: DigestSettings
    team: Team | None
    zone: ZoneInfo

    def latest(self, *, now: datetime) -> Period:
        return periods.latest(self.settings, self.zone, now=now)

    def whole(self, *, now: datetime) -> Period:
        return periods.whole(self.settings, self.zone, now=now)

    def coming(self, *, now: datetime) -> Period:
        """The next one that will be sent: what was told already is not told again when it is due another time."""
        period = periods.following(self.settings, self.zone, now=now)
        if period.code != self.row.told:
            return period
        return periods.following(self.settings, self.zone, now=period.due)


async def about(row: Digest) -> About | None:
    """None where its team is gone."""
    return (await about_each([row])).get(row.id)


async def about_each(rows: Iterable[Digest]) -> dict[int, About]:
    """By the digest's id, without those whose team is gone."""
    read = [(row, DigestSettings.model_validate(row.settings)) for row in rows]
    keys = sorted({settings.team for _, settings in read if settings.team})
    teams: dict[str, Team | None] = {team.key: team for team in await Team.filter(key__in=keys)} if keys else {}
    teams[""] = None
    return {
        row.id: About(row, settings, teams[settings.team], duty.zone_of(teams[settings.team]))
        for row, settings in read
        if settings.team in teams
    }


async def look(kinds: Kinds, *, now: datetime) -> None:
    """Send what is due. Nobody is kept from writing by a look that finds nothing."""
    for digest_id, found in (await about_each(await Digest.filter(enabled=True).order_by("id"))).items():
        if _due(found, now=now) is not None:
            await _send(digest_id, kinds, now=now)


@transactions.atomic
async def _send(digest_id: int, kinds: Kinds, *, now: datetime) -> None:
    """As it is set by now. Only who sees the row change may send; anybody else came too late."""
    row = await Digest.get_or_none(id=digest_id, enabled=True)
    found = await about(row) if row is not None else None
    period = _due(found, now=now) if found is not None else None
    if row is None or found is None or period is None:
        return
    mine = Digest.filter(id=row.id, enabled=True, after=row.after, told=row.told)
    if not await mine.update(after=period.due, told=period.code):
        return
    fp("digest.claimed")
    expires_at = periods.following(found.settings, found.zone, now=period.due).due
    for number, told in enumerate(await _all_told(found, kinds)):
        draft = deliveries.Draft(
            key=_key(row, period.code, number),
            kind=KIND,
            channel=told.channel,
            target=told.address,
            subject_id=row.id,
            payload=_payload(found, period, told.locale),
            expires_at=expires_at,  # by then the next one says how it is
        )
        await deliveries.schedule(draft, due=now, now=now)


def _due(found: About, *, now: datetime) -> Period | None:
    period = found.latest(now=now)
    return period if period.due > found.row.after and period.code != found.row.told else None


async def _all_told(found: About, kinds: Kinds) -> list[Told]:
    """Nobody twice. Who cannot be reached anywhere is left out, and the log says so."""
    everybody: dict[tuple[str, str], Told] = {}
    people = await people_of([found.settings])
    for recipient in found.settings.recipients:
        told = reached(recipient, people, kinds)
        if told is None:
            logger.warning("Digest %s does not reach %s: no address", found.row.key, recipient.staff)
            continue
        everybody.setdefault((told.channel, told.address), told)
    return list(everybody.values())


async def people_of(all_: Iterable[DigestSettings]) -> dict[str, Staff]:
    """Those of the staff whom they name, by key, with their addresses."""
    keys = sorted({one.staff for settings in all_ for one in settings.recipients if one.staff})
    found = await Staff.filter(key__in=keys).prefetch_related("addresses") if keys else []
    return {person.key: person for person in found}


def reached(recipient: Recipient, people: Mapping[str, Staff], kinds: Kinds) -> Told | None:
    """Where a recipient is told; None for somebody who left, or who has no address (there)."""
    if not recipient.staff:
        return Told(recipient.channel, recipient.address)
    person = people.get(recipient.staff)
    if person is None or not person.active:
        return None
    return next((one for one in _ways(person, kinds) if recipient.channel in ("", one.channel)), None)


def _ways(person: Staff, kinds: Kinds) -> list[Told]:
    """By their own addresses, and by mail where they have one: that they need not say twice."""
    own = sorted((one.channel, one.address) for one in person.addresses if one.channel in kinds)
    mail = [(name, person.email) for name, kind in kinds.items() if kind == "email" and person.email]
    return [Told(channel, address, person.locale) for channel, address in (*own, *mail)]


def _payload(found: About, period: Period, locale: str, *, test: bool = False) -> dict[str, object]:
    """All that it takes to draw it, whatever becomes of the digest meanwhile."""
    return {
        "name": found.row.name or found.row.key,
        "team": found.team.id if found.team is not None else 0,
        "every": str(period.every),
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "zone": str(found.zone),
        "locale": locale,
        **({"test": True} if test else {}),
    }


@transactions.atomic
async def send_test(row: Digest, told: Told, *, by: str, now: datetime) -> Delivery:
    """The last whole period to somebody who tries it out; nobody else is told, and nothing counts as sent.

    Raises errors.NotFound where its team is gone.
    """
    found = await about(row)
    if found is None:
        raise errors.NotFound("its team is gone", label="digests.team_gone")
    draft = deliveries.Draft(
        key=f"{KIND}:{row.id}:test:{new_key()}",
        kind=KIND,
        channel=told.channel,
        target=told.address,
        priority=deliveries.ANSWER,
        subject_id=row.id,
        payload=_payload(found, found.whole(now=now), told.locale, test=True),
        expires_at=now + _TEST_IS_WORTH,
    )
    await audit.record(by, "digest.tested", f"digest:{row.key}"[:254], now=now)
    return await deliveries.schedule(draft, due=now, now=now)


async def last_sent(row: Digest) -> Sequence[Delivery]:
    """The messages of the last period that was sent: who was told, and what became of it."""
    return await Delivery.filter(key__in=[_key(row, row.told, number) for number in range(MOST_RECIPIENTS)])


def _key(row: Digest, period: str, number: int) -> str:
    return f"{KIND}:{row.id}:{period}:{number}"

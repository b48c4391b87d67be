"""Sends each digest once for each of its periods, whoever looks and however often.

A row that says what was sent last decides, in the unit of work that makes the messages. What was due while nobody ran
is sent when somebody does, but only the last of it: what came before has been overtaken.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core import audit, errors, transactions
from core.digests import periods
from core.digests.periods import Period
from core.digests.settings import MOST_RECIPIENTS, DigestSettings, Recipient
from core.failpoints import fp
from core.models.deliveries import Delivery
from core.models.setup import Digest, Staff, StaffAddress, Team
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

    def following(self, *, now: datetime) -> Period:
        return periods.following(self.settings, self.zone, now=now)


async def about(row: Digest) -> About | None:
    """None where its team is gone."""
    settings = DigestSettings.model_validate(row.settings)
    team = await Team.get_or_none(key=settings.team) if settings.team else None
    if settings.team and team is None:
        return None
    return About(row, settings, team, duty.zone_of(team))


async def look(kinds: Kinds, *, now: datetime) -> None:
    """Send what is due. Nobody is kept from writing by a look that finds nothing."""
    for row in await Digest.filter(enabled=True).order_by("id"):
        found = await about(row)
        if found is not None and _due(found, now=now) is not None:
            await _send(row.id, kinds, now=now)


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
    for recipient in found.settings.recipients:
        told = await reached(recipient, kinds)
        if told is None:
            logger.warning("Digest %s does not reach %s: no address", found.row.key, recipient.staff)
            continue
        everybody.setdefault((told.channel, told.address), told)
    return list(everybody.values())


async def reached(recipient: Recipient, kinds: Kinds) -> Told | None:
    """Where a recipient is told; None for somebody who left, or who has no address (there)."""
    if not recipient.staff:
        return Told(recipient.channel, recipient.address)
    person = await Staff.get_or_none(key=recipient.staff, active=True)
    if person is None:
        return None
    ways = await _ways(person, kinds)
    return next((one for one in ways if recipient.channel in ("", one.channel)), None)


async def _ways(person: Staff, kinds: Kinds) -> list[Told]:
    """By their own addresses, and by mail where they have one: that they need not say twice."""
    own = await StaffAddress.filter(staff_id=person.id).order_by("channel", "address")
    ways = [Told(one.channel, one.address, person.locale) for one in own if one.channel in kinds]
    mail = [name for name, kind in kinds.items() if kind == "email" and person.email]
    return ways + [Told(name, person.email, person.locale) for name in mail]


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

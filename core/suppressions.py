"""Addresses that get nothing more from us, whoever's they are, until somebody takes them off the list."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from core import transactions
from core.models.contacts import Address, Bounce, Reach, Suppression, SuppressionReason
from core.ports import BounceKind
from core.surveys import tokens

SOFT_MOST = 3
SOFT_WITHIN = timedelta(days=30)
_EVIDENCE = 500


@transactions.atomic
async def suppress(
    channel: str, address: str, *, reason: SuppressionReason, evidence: str = "", now: datetime
) -> Suppression:
    """Nothing is sent there any more. What is on the list already stays as it was put there."""
    row = await _row(channel, address)
    if row is None:
        try:
            async with transactions.savepoint():
                row = await Suppression.create(
                    channel=channel,
                    address=_normal(address),
                    reason=reason,
                    evidence=evidence[:_EVIDENCE],
                    created_at=now,
                )
        except IntegrityError:  # another process was faster
            row = await Suppression.get(channel=channel, address=_normal(address))
    why = f"suppressed: {reason.value}{f', {evidence}' if evidence else ''}"
    reachable = Address.filter(channel=channel, address__iexact=address, reach=Reach.OK)
    await reachable.update(reach=Reach.UNREACHABLE, reach_reason=why[:300])
    return row


@transactions.atomic
async def unsuppress(channel: str, address: str) -> bool:
    """It can be reached again, also where a relay had refused it, and its old bounces count no more.

    False: there was nothing to undo.
    """
    names = [_normal(address), tokens.pseudonym(channel, address)]
    listed_there = Suppression.filter(channel=channel, address__in=names)
    taken_off = await listed_there.exclude(reason=SuppressionReason.OPTED_OUT).delete()
    await Bounce.filter(channel=channel, address=_normal(address)).delete()
    lost = Address.filter(channel=channel, address__iexact=address, reach=Reach.UNREACHABLE)
    return bool(await lost.update(reach=Reach.OK, reach_reason="")) or bool(taken_off)


async def is_suppressed(channel: str, address: str) -> bool:
    """Also where only the hash of an erased person's address is left."""
    names = [_normal(address), tokens.pseudonym(channel, address)]
    listed = Suppression.filter(channel=channel, address__in=names)
    return await listed.exclude(reason=SuppressionReason.OPTED_OUT).exists()


async def wants_no_surveys(channel: str, address: str) -> bool:
    """Whether somebody who was erased had said so at this address."""
    name = tokens.pseudonym(channel, address)
    said = Suppression.filter(channel=channel, address=name, reason=SuppressionReason.OPTED_OUT)
    return bool(name) and await said.exists()


@transactions.atomic
async def forget_address(channel: str, address: str, *, opted_out: bool, now: datetime) -> None:
    """Nobody can read it here any more. What kept us from writing there, or asking, still does: by a keyed hash."""
    name = tokens.pseudonym(channel, address)
    row = await _row(channel, address)
    reason = row.reason if row else (SuppressionReason.OPTED_OUT if opted_out else None)
    if row is not None:
        await row.delete()
    await Bounce.filter(channel=channel, address=_normal(address)).delete()
    if reason is not None and name and not await Suppression.exists(channel=channel, address=name):
        await Suppression.create(channel=channel, address=name, reason=reason, created_at=now)


async def listed(*, channel: str = "") -> list[Suppression]:
    """The newest first, of one channel or of all."""
    rows = Suppression.filter(channel=channel) if channel else Suppression.all()
    rows = rows.exclude(reason=SuppressionReason.OPTED_OUT)
    return await rows.order_by("-created_at", "-id")


@transactions.atomic
async def count_bounce(
    channel: str, address: str, kind: BounceKind, *, reason: str, delivery_id: int | None, now: datetime
) -> bool:
    """Write down that a message came back; True when the address is given up for it.

    A mailbox that does not exist is given up at once, one that is full after the third time in thirty days. That our
    mail is not wanted there says nothing about the person, and a complaint stops questions but no answers.
    """
    await Bounce.create(
        channel=channel,
        address=_normal(address),
        kind=kind.value,
        reason=reason[:_EVIDENCE],
        delivery_id=delivery_id,
        at=now,
    )
    if kind in (BounceKind.POLICY, BounceKind.COMPLAINT):
        return False
    why = SuppressionReason.HARD_BOUNCE
    if kind == BounceKind.SOFT:
        since = Bounce.filter(channel=channel, address=_normal(address), kind=kind.value, at__gt=now - SOFT_WITHIN)
        if await since.count() < SOFT_MOST:
            return False
        why = SuppressionReason.SOFT_BOUNCES
    await suppress(channel, address, reason=why, evidence=reason, now=now)
    return True


async def _row(channel: str, address: str) -> Suppression | None:
    return await Suppression.get_or_none(channel=channel, address=_normal(address))


def _normal(address: str) -> str:
    """Mail servers do not tell `Ann@` from `ann@`, and nobody bounces in capital letters alone."""
    return address.strip().lower()[:320]

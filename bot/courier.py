"""Carries one delivery to its channel and writes down how it went."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.site import Site
from bot.staff import alerts as staff_alerts
from bot.staff import retracted
from bot.surveys import messages
from bot.trials import sending
from bot.turn import Draw
from bot.turns import Turns
from core import contacts, suppressions, transactions
from core.failpoints import fp
from core.models.deliveries import Delivery, DeliveryState
from core.plumbing import deliveries, lanes
from core.plumbing.grouping import GroupCommit
from core.ports import Button, Channel, Message, Receipt, TryLater, Undeliverable
from core.privacy import retracting
from core.reactions import alerts, recoveries
from core.surveys import anonymity, invites
from core.text import without_addresses

logger = logging.getLogger(__name__)

ASKING = ("invite", "recovered", "reminder")
HELD_UP = timedelta(minutes=1)
_NEVER_EDITED = frozenset({"invite", "reminder", "recovered"})
_BUTTON = tuple(one.name for one in dataclasses.fields(Button))
_ONLY_EDITED = frozenset({"expired", anonymity.KEPT, *retracted.KINDS})


@dataclasses.dataclass(frozen=True, slots=True)
class _Sent:
    delivery: Delivery
    receipt: str
    drawn: dict[str, Any]
    at: datetime


class Courier:
    """One per process. Deliveries to one target leave one after another; an overtaken drawing is dropped."""

    def __init__(self, site: Site, channels: Mapping[str, Channel], clock: Callable[[], datetime]) -> None:
        self._site = site
        self._channels = channels
        self._clock = clock
        self._turns = Turns()
        self._newest: dict[str, int] = {}
        self._ailing: set[str] = set()
        self._closed: dict[str, datetime] = {}
        self.in_hand: set[int] = set()
        self._sent: GroupCommit[_Sent] = GroupCommit(_write_sent)

    def hear_of(self, channel: str, lane: lanes.Taken) -> None:
        """What others, or we before a restart, found out about a channel."""
        if lane.failures:
            self._ailing.add(channel)
        if lane.blocked_until is not None:
            self._closed[channel] = lane.blocked_until

    async def deliver(self, delivery: Delivery, draw: Draw | None = None) -> None:
        """Send a delivery that is ours (SENDING). Never raises: whatever goes wrong ends in the row and in the log.

        `draw` draws from what was just read; it is not used when the delivery has to wait, for then that may be old.
        """
        self.in_hand.add(delivery.id)
        try:
            must_wait = self._turns.are_taken((delivery.channel, delivery.target))
            await self._in_turn(delivery, None if must_wait else draw)
        finally:
            self.in_hand.discard(delivery.id)

    async def _in_turn(self, delivery: Delivery, draw: Draw | None) -> None:
        if delivery.screen:
            self._newest[delivery.screen] = max(delivery.id, self._newest.get(delivery.screen, 0))
        async with self._turns.of((delivery.channel, delivery.target)):
            try:
                await self._deliver(delivery, draw)
            except transactions.StoreUnavailable:
                logger.warning("The store is away; delivery %s is picked up when its lease is over", delivery.id)
            except Exception:
                logger.exception("A bug kept delivery %s (%s) from being sent", delivery.id, delivery.kind)
                await self._retry(delivery, "a bug of ours; the log tells which")
            finally:
                if self._newest.get(delivery.screen) == delivery.id:
                    self._newest.pop(delivery.screen)

    async def _deliver(self, delivery: Delivery, draw: Draw | None) -> None:
        now = self._clock()
        channel = self._channels.get(delivery.channel)
        if await self._is_lost(delivery, now):
            return
        if await self._is_settled_unsent(delivery, channel, now) or channel is None:
            return
        message = await (draw() if draw else self._draw(delivery, channel, now))
        if message is None:
            await deliveries.drop(delivery, DeliveryState.CANCELLED)
            return
        if self._closed.get(delivery.channel, now) > now:
            await self._wait(delivery, "the channel asked to wait", self._closed[delivery.channel] - now)
            return
        fp("delivery.taken", delivery.kind)
        try:
            receipt = await self._carry(delivery, channel, message)
        except TryLater as later:
            if later.not_yet and later.after is not None:
                await self._wait(delivery, later.reason, later.after)
            else:
                await self._postpone(delivery, message, later)
        except Undeliverable as dead:
            await self._undeliverable(delivery, message, dead)
        else:
            fp("delivery.sent", delivery.kind)
            await self._done(delivery, message, receipt)
            fp("delivery.marked", delivery.kind)

    async def _is_settled_unsent(self, delivery: Delivery, channel: Channel | None, now: datetime) -> bool:
        """Whether there is a reason not to send it now, or ever; then the row says so already."""
        if self._newest.get(delivery.screen, delivery.id) > delivery.id:
            await deliveries.drop(delivery, DeliveryState.SUPERSEDED)
        elif channel is None:
            await transactions.run(lambda: self._gone(delivery, "this channel is not configured", dead=False))
        elif delivery.expires_at is not None and now >= delivery.expires_at:
            await transactions.run(lambda: self._gone(delivery, _too_late(delivery), dead=False))
        elif await self._is_suppressed(delivery, channel):
            await transactions.run(lambda: self._gone(delivery, "this address is suppressed", dead=True))
        else:
            return await self._is_too_late_in_the_day(delivery, now)
        return True

    async def _is_suppressed(self, delivery: Delivery, channel: Channel) -> bool:
        """Put on the list while it waited, or sent straight to an address. Chats have no such list."""
        if channel.has_buttons or delivery.kind in staff_alerts.KINDS:
            return False
        return await suppressions.is_suppressed(delivery.channel, delivery.target)

    async def _is_lost(self, delivery: Delivery, now: datetime) -> bool:
        """Whether it waited here so long (the process slept, the target was busy) that others took it over."""
        is_old = delivery.taken_at is not None and now - delivery.taken_at > deliveries.LEASE / 2
        return is_old and not await deliveries.is_held(delivery)

    async def _is_too_late_in_the_day(self, delivery: Delivery, now: datetime) -> bool:
        """A question that was held up waits for the next opening of its delivery window."""
        if delivery.kind not in ASKING or delivery.subject_id is None or now < delivery.due_at + HELD_UP:
            return False
        opening = await invites.opening(delivery.subject_id, now=now)
        if opening > now:
            await self._wait(delivery, "outside the hours in which the contact is asked", opening - now)
        return opening > now

    async def _draw(self, delivery: Delivery, channel: Channel, now: datetime) -> Message | None:
        if delivery.kind == sending.KIND:
            return await sending.draw(delivery, channel, self._site)
        if delivery.kind in staff_alerts.KINDS:
            return await staff_alerts.draw(delivery, channel, self._site, now=now)
        return await messages.draw(delivery, channel, self._site, now=now)

    async def _carry(self, delivery: Delivery, channel: Channel, message: Message) -> Receipt | None:
        """Edit the message that shows this screen, or send a new one. None: there was nothing to edit, and no need."""
        shown = await self._shown(delivery, channel)
        if shown:
            return await channel.edit(delivery.target, Receipt(shown), message)
        if delivery.kind in _ONLY_EDITED or await self._would_only_repeat(delivery, channel):
            return None
        await self._get_to_know(delivery, channel)
        return await channel.send(delivery.target, message)

    async def _would_only_repeat(self, delivery: Delivery, channel: Channel) -> bool:
        """Where nothing can be redrawn (a mail), an alert or a card is sent once; what follows is told line by line."""
        if channel.has_edits or delivery.kind not in ("alert", "request") or delivery.payload.get("anew"):
            return False
        return await deliveries.shown(delivery.screen) is not None

    async def _get_to_know(self, delivery: Delivery, channel: Channel) -> None:
        """Before the person can answer, for a quick thumb must not be taken for a stranger's."""
        if delivery.address_id is not None and (address := await channel.known_as(delivery.target)):
            await contacts.also_known_as(delivery.address_id, address, now=self._clock())

    async def _shown(self, delivery: Delivery, channel: Channel) -> str:
        if (
            not delivery.screen
            or not channel.has_edits
            or delivery.kind in _NEVER_EDITED
            or delivery.payload.get("anew")
        ):
            return ""
        if delivery.receipt:
            return delivery.receipt
        shown = await deliveries.shown(delivery.screen)
        same_place = shown is not None and shown.channel == delivery.channel and shown.target == delivery.target
        return shown.receipt if shown is not None and same_place else ""

    async def _done(self, delivery: Delivery, message: Message, receipt: Receipt | None) -> None:
        now = self._clock()
        if receipt is None:
            await deliveries.drop(delivery, DeliveryState.CANCELLED)
            return
        sent = _Sent(delivery, receipt.ref, as_drawn(message), now)
        if delivery.kind in ("invite", "recovered"):
            await transactions.run(lambda: _invited(sent))
        else:
            await self._sent.add(sent)
        if delivery.channel in self._ailing and await lanes.recovered(delivery.channel, now=now):
            self._ailing.discard(delivery.channel)
            logger.info("Channel %s works again", delivery.channel)

    async def _postpone(self, delivery: Delivery, message: Message, later: TryLater) -> None:
        if later.perhaps_sent and delivery.kind in ASKING and delivery.payload.get(deliveries.PERHAPS_SENT):
            logger.warning("Delivery %s was handed over twice without an answer; it counts as sent", delivery.id)
            await self._done(delivery, message, Receipt(""))
            return
        if later.perhaps_sent:
            delivery.payload = {**delivery.payload, deliveries.PERHAPS_SENT: True}
        now = self._clock()

        async def write() -> datetime | None:
            until = await self._closed_by(delivery.channel, later, now)
            after = later.after or (until - now if until else None)
            await self._again(delivery, later.reason, after=after, failed=until is None, now=now)
            return until

        until = await transactions.run(write)
        if until is not None:
            self._closed[delivery.channel] = until
            logger.warning("Channel %s has to wait: %s", delivery.channel, without_addresses(later.reason))

    async def _closed_by(self, channel: str, later: TryLater, now: datetime) -> datetime | None:
        """Until when the whole channel waits. An address that asks for time says nothing about the rest."""
        if later.after is not None and not later.whole_channel:
            return None
        self._ailing.add(channel)
        if later.after is not None:
            return await lanes.block(channel, until=now + later.after, reason=later.reason, now=now)
        return await lanes.failed(channel, whole=later.whole_channel, reason=later.reason, now=now)

    async def _wait(self, delivery: Delivery, reason: str, after: timedelta) -> None:
        """Nothing failed; its time has not come."""
        now = self._clock()
        await transactions.run(lambda: self._again(delivery, reason, after=after, failed=False, now=now))

    async def _retry(self, delivery: Delivery, reason: str) -> None:
        """This message alone, and nothing is said about its channel."""
        now = self._clock()
        await transactions.run(lambda: self._again(delivery, reason, now=now))

    async def _again(
        self, delivery: Delivery, reason: str, *, after: timedelta | None = None, failed: bool = True, now: datetime
    ) -> None:
        """Later; and when that was the last try, what it was about must not wait for it for ever."""
        if failed:
            why = without_addresses(reason)
            logger.warning("Delivery %s (%s) on %s failed: %s", delivery.id, delivery.kind, delivery.channel, why)
        if await deliveries.postpone(delivery, reason, after=after, failed=failed, now=now) == DeliveryState.DEAD:
            await self._not_sent(delivery, reason, dead=False)

    async def _undeliverable(self, delivery: Delivery, message: Message, dead: Undeliverable) -> None:
        """A dead address is given up at once. Our own set-up, and a place where staff are told, is waited for until
        somebody mends it: an alert is not lost because a bot was put out of a group. When our set-up keeps everything
        from leaving (a token was revoked), the channel rests, and is well again within a minute after it was mended.
        The answer to a command is not worth a wait; a message that we may not edit any more is told as a dead letter.
        """
        if dead.dead_address and delivery.kind not in staff_alerts.MUST_BE_SEEN:
            await transactions.run(lambda: self._gone(delivery, dead.reason, dead=True))
            return
        why = without_addresses(dead.reason)
        logger.error("Channel %s cannot be used for %s: %s", delivery.channel, delivery.kind, why)
        if dead.whole_channel:
            await self._postpone(delivery, message, TryLater(dead.reason))
        elif delivery.kind in messages.WORD_KINDS | retracted.KINDS:
            await transactions.run(lambda: self._gone(delivery, dead.reason, dead=False))
        else:
            await self._retry(delivery, dead.reason)

    async def _gone(self, delivery: Delivery, reason: str, *, dead: bool) -> None:
        if await deliveries.give_up(delivery, reason) == DeliveryState.DEAD:
            await self._not_sent(delivery, reason, dead=dead)

    async def _not_sent(self, delivery: Delivery, reason: str, *, dead: bool) -> None:
        """What follows for whom it was meant for: the next address, or a word on the ticket."""
        now = self._clock()
        if delivery.kind in staff_alerts.MUST_BE_SEEN:
            why = without_addresses(reason)
            logger.error("Staff were not told (delivery %s, %s): %s", delivery.id, delivery.kind, why)
            await alerts.undelivered(delivery, reason, now=now)
        elif delivery.kind in ASKING and delivery.subject_id is not None and delivery.address_id is not None:
            await invites.undeliverable(delivery.subject_id, delivery.address_id, reason, dead=dead, now=now)
        else:
            if dead and delivery.address_id is not None:
                await contacts.mark_unreachable(delivery.address_id, reason)
            if recoveries.is_for_the_contact(delivery):
                await recoveries.not_told(delivery, reason, now=now)


def _too_late(delivery: Delivery) -> str:
    """With what held it up, where something did."""
    if delivery.problem:
        return f"no longer wanted by the time it could be sent: {delivery.problem}"
    return "no longer wanted when its turn came"


def as_drawn(message: Message) -> dict[str, Any]:
    """What is kept of a message for transcripts: what a person saw."""
    kept = ("kind", "text", "plain", "quote", "locale", "asks_text", "subject")
    drawn: dict[str, Any] = {name: getattr(message, name) for name in kept}
    drawn["rows"] = [[{name: getattr(button, name) for name in _BUTTON} for button in row] for row in message.rows]
    drawn["facts"] = [dataclasses.asdict(fact) for fact in message.facts]
    return drawn


async def _write_sent(batch: Sequence[_Sent]) -> None:
    for one in batch:
        if not await deliveries.sent(one.delivery, receipt=one.receipt, drawn=one.drawn, now=one.at):
            await retracting.retract_late(one.delivery, one.receipt, now=one.at)


async def _invited(sent: _Sent) -> None:
    await deliveries.sent(sent.delivery, receipt=sent.receipt, drawn=sent.drawn, now=sent.at)
    if sent.delivery.subject_id is not None:
        await invites.delivered(sent.delivery.subject_id, now=sent.at)

"""Runs what must be done: arrivals after their commit, jobs when they wake, deliveries at their channels' pace."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.channels.hearing import Hearing
from bot.courier import Courier
from bot.fetcher import Fetcher
from bot.lane_runner import LaneRunner
from bot.postman import Postman
from bot.site import Site
from bot.staff import actions as staff_actions
from bot.staff import commands as staff_commands
from bot.staff import mails as staff_mails
from bot.staff.actions import StaffDesk
from bot.surveys import commands as chat_commands
from bot.surveys.conversation import Conversation
from bot.turn import Turn
from bot.turns import Turns
from core import housekeeping, occasions, transactions
from core.desk import attachments
from core.digests import sending as digests
from core.failpoints import fp
from core.models.deliveries import Delivery
from core.plumbing import arrivals, deliveries
from core.plumbing.grouping import GroupCommit
from core.plumbing.jobs import Engine
from core.ports import Channel, Commanded, Heard, RawArrival, Submitted, Tapped, Wrote
from core.reactions import alerts, recoveries, rules, unnamed, webhooks
from core.store import Store
from core.surveys import invites, responses

logger = logging.getLogger(__name__)

SWEEP = timedelta(seconds=10)
HOLD = deliveries.LEASE / 4
ENGINE_GRACE = timedelta(seconds=2)
GRACE = 2.5
"""Seconds. With the web server's five and the engine's two, all that is in hand ends within ten seconds."""
AT_ONCE = 20
"""So many arrivals are handled in one transaction at most; nobody else writes meanwhile."""
_WAY = "listening"
_Arrival = tuple[str, RawArrival]


@dataclass(slots=True)
class _Understood:
    """An arrival that was read, and what came of it."""

    key: str
    channel: Channel
    events: Sequence[Heard]
    now: datetime
    size: int
    turns: list[tuple[Heard, Turn]] = field(default_factory=list)


class Worker:
    """One per process."""

    def __init__(
        self,
        store: Store,
        site: Site,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        *,
        refresh: Callable[[], Awaitable[None]],
        postman: Postman,
    ) -> None:
        self.name = secrets.token_hex(6)
        self._refresh = refresh  # takes over what admins have changed meanwhile
        self._store = store
        self._site = site
        self._channels = channels
        self._clock = clock
        self._conversation = Conversation(site, self.name)
        self._staff = StaffDesk(site)
        self._courier = Courier(site, channels, clock)
        self._fetcher = Fetcher(site, channels, clock)
        self._postman = postman
        self._lanes = {name: LaneRunner(one, self._courier, self.name, clock) for name, one in channels.items()}
        self._arriving: GroupCommit[_Arrival] = GroupCommit(self._store_arrivals)
        self._acting: GroupCommit[_Understood] = GroupCommit(self._do_all, most=AT_ONCE)
        self._chats = Turns()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._hearings = {name: Hearing(name) for name in channels}
        handlers = {
            deliveries.JOB: self._wake_lane_of,
            responses.JOB: self._settle,
            invites.JOB: self._look_at_invite,
            alerts.JOB: self._look_at_alert,
            attachments.JOB: self._fetcher.look,
            occasions.JOB: self._look_at_occasion,
            recoveries.JOB: self._look_at_recovery,
            webhooks.JOB: postman.look,
        }
        sweeps = {
            "hold": (HOLD, self.hold),
            "sweep": (SWEEP, self.sweep),
            "digests": (digests.EVERY, self._look_at_digests),
            "tidy": (housekeeping.EVERY, self._tidy),
        }
        self._engine = Engine(store, handlers, clock, every=sweeps, grace=ENGINE_GRACE)
        self.is_working = False

    # ------------------------------------------------------------ what comes in

    async def take(self, channel_name: str, items: Sequence[RawArrival]) -> None:
        """Commit the arrivals, then return; they are handled right after, without waiting for the engine."""
        fp("arrival.received")
        received_at = self._clock()
        await asyncio.gather(*(self._arriving.add((channel_name, one)) for one in items))
        fp("arrival.stored")
        for one in items:
            key = arrivals.key_of(channel_name, one)
            self._spawn(self._handle(key, channel_name, one.body, one.chat, received_at=received_at))

    async def _store_arrivals(self, batch: Sequence[_Arrival]) -> None:
        now = self._clock()
        by_channel: dict[str, list[RawArrival]] = {}
        for channel, one in batch:
            by_channel.setdefault(channel, []).append(one)
        for channel, items in by_channel.items():
            await arrivals.store(channel, items, now=now)
        fp("arrival.storing")

    async def _handle(self, key: str, channel_name: str, body: bytes, chat: str = "", *, received_at: datetime) -> None:
        """Understand one arrival and act on it; it is marked handled in the transaction of its effects."""
        fp("arrival.begun")
        channel = self._channels.get(channel_name)
        if channel is None:
            await arrivals.quarantine(key, "its channel is not configured any more")
            return
        async with self._chats.of((channel_name, chat)):
            try:
                turns = await self._act(key, channel, body, received_at)
            except transactions.StoreUnavailable:
                logger.warning("The store is away; arrival %s is handled by the next sweep", key)
                return
            except Exception as error:
                logger.exception("Arrival %s could not be handled", key)
                await arrivals.failed(key, f"a bug of ours: {type(error).__name__}: {error}")
                return
        for event, turn in turns:
            await self._follow_up(channel, event, turn)

    async def _act(self, key: str, channel: Channel, body: bytes, received_at: datetime) -> list[tuple[Heard, Turn]]:
        try:
            events = await channel.read(body)
        except ValueError as error:
            logger.warning("Arrival %s is in quarantine: %s", key, error)
            await arrivals.quarantine(key, str(error))
            return []
        dated = [replace(one, at=received_at) for one in events]
        understood = _Understood(key, channel, dated, self._clock(), len(body))
        await self._do(understood)
        fp("arrival.handled")
        return understood.turns

    async def _do(self, understood: _Understood) -> None:
        """Together with others that wait, for SQLite has one writer. Should one of them fail, each is on its own."""
        if self._store.kind == "sqlite":
            try:
                await self._acting.add(understood)
            except transactions.StoreUnavailable:
                raise
            except Exception as error:
                logger.info("%s and others are handled one by one: %s", understood.key, type(error).__name__)
            else:
                return
        await transactions.run(lambda: self._do_all([understood]))

    async def _do_all(self, batch: Sequence[_Understood]) -> None:
        for one in batch:
            one.turns = []
            if await arrivals.claim(one.key, size=one.size):
                one.turns = [(event, await self._turn(one.channel, event, now=one.now)) for event in one.events]
                if any(turn.forgets for _, turn in one.turns):
                    await arrivals.forget(one.key)
                fp("arrival.acted")

    async def _turn(self, channel: Channel, event: Heard, *, now: datetime) -> Turn:
        """Buttons and forms of alerts and cards are for the staff; everything else is a customer's."""
        if isinstance(event, (Tapped, Submitted)) and event.action.startswith(staff_actions.PREFIXES):
            return await self._staff.heard(channel, event, now=now)
        if isinstance(event, Wrote):
            event = chat_commands.behind_a_call(event) or event
        if isinstance(event, Commanded):
            obeyed = await staff_commands.heard(channel, event, self._site, now=now)
            if obeyed is not None:
                return obeyed
        if isinstance(event, Wrote) and not channel.has_buttons:
            answered = await staff_mails.heard(self._site, channel, event, now=now)
            if answered is not None:
                return answered
        if isinstance(event, Wrote) and event.thread:
            overheard = await self._staff.overheard(channel, event, now=now)
            if overheard is not None:
                return overheard
        return await self._conversation.heard(channel, event, now=now)

    async def _follow_up(self, channel: Channel, event: Heard, turn: Turn) -> None:
        """After the commit: tell the person at once, and send what was handed over."""
        for delivery in turn.handed_over:
            self._spawn(self._courier.deliver(delivery, turn.drawings.get(delivery.id)))
        try:
            await channel.acknowledge(event, turn.answer)
        except Exception:
            logger.exception("Channel %s could not tell somebody at once that they were heard", channel.name)

    # ------------------------------------------------------------ jobs

    async def _wake_lane_of(self, delivery_id: int) -> None:
        delivery = await Delivery.get_or_none(id=delivery_id)
        runner = self._lanes.get(delivery.channel) if delivery else None
        if runner is not None:
            runner.wake()

    async def _settle(self, response_id: int) -> None:
        fp("settle.begun")
        await responses.settle(response_id, now=self._clock())
        fp("settle.done")

    async def _look_at_invite(self, invite_id: int) -> None:
        await invites.look(invite_id, now=self._clock())

    async def _look_at_alert(self, alert_id: int) -> None:
        await alerts.look(alert_id, now=self._clock())

    async def _look_at_occasion(self, occasion_id: int) -> None:
        fp("occasion.begun")
        await rules.look(occasion_id, now=self._clock())
        fp("occasion.done")

    async def _look_at_recovery(self, recovery_id: int) -> None:
        await rules.look_at_recovery(recovery_id, now=self._clock())

    async def _look_at_digests(self) -> None:
        await digests.look(self._site.channels, now=self._clock())

    async def hold(self) -> None:
        """What waits here for a slow channel stays ours."""
        await deliveries.hold(tuple(self._courier.in_hand), worker=self.name, now=self._clock())

    async def sweep(self) -> None:
        """Find what nobody woke: arrivals of a crash, leases of the dead. Harmless when there is nothing."""
        now = self._clock()
        await deliveries.reclaim(now=now)
        for homeless in await deliveries.claim_homeless(self._channels, worker=self.name, now=now):
            await self._courier.deliver(homeless)
        await unnamed.look(now=now)
        for row in await arrivals.left_behind(before=now - SWEEP):
            await self._handle(row.key, row.channel, bytes(row.body), row.chat, received_at=row.received_at)
        self.wake()
        await self._refresh()

    async def _tidy(self) -> None:
        await housekeeping.tidy(now=self._clock())

    def wake(self) -> None:
        """Let every lane look at once; time was moved on, or a channel came back."""
        for runner in self._lanes.values():
            runner.wake()

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """Work until `stop` is called; then finish what is in hand, for ten seconds at most."""
        if self._store.kind == "sqlite":
            await deliveries.reclaim(now=self._clock(), mine_only=True)
            for row in await arrivals.left_behind(before=self._clock()):
                self._spawn(self._handle(row.key, row.channel, bytes(row.body), row.chat, received_at=row.received_at))
        listeners = [asyncio.create_task(self._listen(one)) for one in self._channels.values()]
        lanes = [asyncio.create_task(one.run()) for one in self._lanes.values()]
        self.is_working = True
        try:
            await self._engine.run()
        finally:
            self.is_working = False
            for task in listeners:
                task.cancel()
            for runner in self._lanes.values():
                runner.stop()
            await asyncio.gather(*listeners, return_exceptions=True)
            await self._finish(lanes)

    def stop(self) -> None:
        self._engine.stop()

    async def _finish(self, lanes: Sequence[asyncio.Task[Any]]) -> None:
        """Also what follows from what is in hand: an arrival that is handled has a screen to send."""
        end = asyncio.get_running_loop().time() + GRACE
        while late := {task for task in (*lanes, *self._tasks, *self._postman.tasks) if not task.done()}:
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await asyncio.wait(late, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _listen(self, channel: Channel) -> None:
        """Keep a channel's own ear open; should it fall over, pick it up again."""

        async def take(items: Sequence[RawArrival]) -> None:
            await self.take(channel.name, items)

        hearing, pause = self._hearings[channel.name], 1.0
        while True:
            try:
                await channel.listen(take)
            except Exception as error:
                hearing.failed(
                    _WAY, f"a bug of ours: {type(error).__name__}; the log tells which", rest=pause, bug=error
                )
            else:
                return
            await asyncio.sleep(pause)
            hearing.begins(_WAY)
            pause = min(pause * 2, 60.0)

    async def deaf(self) -> dict[str, str]:
        """The channels by which nothing can come in just now, and why."""
        troubles = {
            name: self._hearings[name].trouble() or await channel.deaf() for name, channel in self._channels.items()
        }
        return {name: why for name, why in troubles.items() if why}

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

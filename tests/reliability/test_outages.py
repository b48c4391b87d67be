"""What is down delays its own messages and nothing else, is shown, and heals by itself."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.models.deliveries import Delivery
from core.models.invites import Invite
from core.models.lanes import Lane
from core.plumbing import deliveries
from tests import world
from tests.reliability import books
from tests.reliability.company import Company, founded
from tests.reliability.gate import Gate
from tests.rigs.postgres import Server
from tests.rigs.slack import SlackRig
from tests.rigs.telegram import TelegramRig
from tests.world import World

SOON = 2.0
IN_FLIGHT = 0.3  # seconds after a "busy" in which requests arrive that had left before it
ALERTS = "C0ALERTS"
GROUP = -5001


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["silent", "broken", "garbled", "refused"])
async def test_an_alert_waits_for_a_dead_slack_and_telegram_does_not(
    store_url: str, channels: dict[str, dict[str, Any]], telegram: TelegramRig, slack: SlackRig, fault: str
) -> None:
    async with Gate(slack.url) as gate:
        channels["slack"]["api_base"] = gate.url
        async with world.running(store_url, channels) as here:
            await telegram.until(lambda: telegram.webhook)
            await _asked(here, telegram, 1, 2, 3)
            if fault == "refused":
                await gate.shut()
            else:
                slack.mood = fault  # type: ignore[assignment]
            await telegram.tap(1, "1★")
            assert await here.until(lambda: _is(here, "channel:slack", "down"), seconds=20) == "degraded"
            for person in (2, 3):
                began = time.monotonic()
                await telegram.tap(person, "5★")
                await telegram.until(partial(_sees, telegram, person), SOON)
                assert time.monotonic() - began < SOON
            assert await _is(here, "channel:support-bot", "ok")
            assert not slack.screen(ALERTS)
            slack.mood = "fine"
            if fault == "refused":
                await gate.open()
            await here.move_on(minutes=2)
            await slack.until(lambda: slack.screen(ALERTS), seconds=15)
            assert await here.until(lambda: _is(here, "channel:slack", "ok")) == "ok"
            assert len(slack.screen(ALERTS)) == 1


async def test_a_channel_that_came_back_while_we_were_away_is_not_called_down_for_ever(
    store_url: str, channels: dict[str, dict[str, Any]], telegram: TelegramRig, slack: SlackRig
) -> None:
    slack.mood = "broken"
    async with world.running(store_url, channels) as here:
        await telegram.until(lambda: telegram.webhook)
        await _asked(here, telegram, 1)
        await telegram.tap(1, "1★")
        await here.until(lambda: _is(here, "channel:slack", "down"))
    slack.mood = "fine"
    async with world.running(store_url, channels) as here:
        await here.move_on(minutes=2)
        await slack.until(lambda: slack.screen(ALERTS), seconds=10)
        assert await here.until(lambda: _is(here, "channel:slack", "ok")) == "ok"


async def test_after_a_long_outage_all_alerts_come_at_once_and_not_when_their_turn_had_been(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await _asked(here, telegram, 1, 2)
    slack.mood = "broken"
    for person in (1, 2):
        await telegram.tap(person, "1★")
    await here.until(lambda: _is(here, "channel:slack", "down"))
    for _ in range(8):
        await here.until(_all_wait)
        calls = len(slack.calls)
        await here.move_on(hours=1)
        await slack.until(partial(_is_called, slack, calls), seconds=10)
    await here.until(_all_wait)
    slack.mood = "fine"
    await here.move_on(minutes=2)
    await slack.until(lambda: len(slack.screen(ALERTS)) == 2, seconds=10)
    assert await Delivery.filter(state="dead").count() == 0


async def test_what_telegram_took_without_an_answer_is_repeated_once_to_a_customer_and_told_apart_for_staff(
    store_url: str, channels: dict[str, dict[str, Any]], telegram: TelegramRig
) -> None:
    channels["support-bot"]["timeout_seconds"] = 2
    setup = world.SETUP.replace('channel = "slack", to = "C0ALERTS"', f'channel = "support-bot", to = "{GROUP}"')
    async with world.running(store_url, channels, setup=setup) as here:
        await telegram.until(lambda: telegram.webhook)
        telegram.mood = "lost"
        await here.resolve("T-1", contact="c-1", addresses=[("support-bot", "1")])
        await here.until(lambda: _is_tried(here, "invite"))
        await here.move_on(seconds=61)
        assert await here.until(lambda: Invite.filter(state="delivered").exists())
        assert len(telegram.shown(1)) == 2
        telegram.mood = "fine"
        await here.move_on(seconds=61)
        await telegram.tap(1, "1★")
        telegram.mood = "lost"
        await here.until(lambda: _is_tried(here, "alert"))
        telegram.mood = "fine"
        await here.move_on(seconds=61)
        await telegram.until(lambda: len(telegram.shown(GROUP)) == 2)
        first, second = telegram.shown(GROUP)
        assert "Perhaps a repetition" not in first.text
        assert "Perhaps a repetition" in second.text


async def _is_tried(here: World, kind: str) -> bool:
    """It was sent, nobody said that it arrived, and it waits."""
    tried = await Delivery.filter(kind=kind, state="waiting")
    return any(one.payload.get(deliveries.PERHAPS_SENT) for one in tried)


class _Strict(TelegramRig):
    """Says "busy" once, and notes who comes before the time is over."""

    def __init__(self) -> None:
        super().__init__()
        self.said_busy = 0.0
        self.asked: list[float] = []

    def _admit(self, arguments: dict[str, Any]) -> None:
        self.asked.append(time.monotonic())
        if self.mood == "busy" and not self.said_busy:
            self.said_busy, self.mood = time.monotonic(), "fine"
            self._too_many(self.retry_after)
        super()._admit(arguments)

    def within(self, seconds: float) -> list[float]:
        """Requests inside the window; what was on its way when it began is not counted."""
        return [at - self.said_busy for at in self.asked if IN_FLIGHT < at - self.said_busy < seconds]


@pytest.mark.slow
async def test_telegram_is_left_alone_for_as_long_as_it_asked(
    store_url: str, channels: dict[str, dict[str, Any]]
) -> None:
    async with _Strict() as telegram:
        channels["support-bot"] |= {"token": telegram.token, "api_base": telegram.url}
        telegram.retry_after = 3
        async with world.running(store_url, channels) as here:
            await telegram.until(lambda: telegram.webhook)
            await _asked(here, telegram, *range(1, 11))
            telegram.mood = "busy"
            await here.resolve("T-20", contact="c-20", addresses=[("support-bot", "20")])
            await telegram.until(lambda: telegram.said_busy)
            await here.until(_is_closed)
            await asyncio.sleep(2 * IN_FLIGHT)
            for person in range(1, 11):
                await telegram.tap(person, "5★")
            await here.resolve("T-21", contact="c-21", addresses=[("support-bot", "21")])
            for person in range(1, 11):
                await telegram.until(partial(_sees, telegram, person), 10)
            for person in (20, 21):
                await telegram.until(partial(_is_asked, telegram, person), 10)
            assert telegram.within(3.0) == []
            assert await here.until(lambda: _is(here, "channel:support-bot", "ok")) == "ok"


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_restarts_of_postgresql_under_load_heal_by_themselves(
    postgres: Server, postgres_url: str, tmp_path: Path
) -> None:
    async with founded(postgres_url, tmp_path) as company:
        company.product.start()
        assert await company.began(), company.product.said()
        for mode in ("immediate", "fast", "immediate"):
            company.welcome([1, 2, 3, 4, 5] * 4, patience=60)
            await _some_are_asked(company)
            await asyncio.to_thread(postgres.restart, mode)
        await company.all_is_told(seconds=90)
        await books.at_rest(postgres_url, seconds=60)
        assert await company.product.stop() == 0
        assert await books.problems(company) == []
        assert company.repeated_alerts() <= 3


async def _some_are_asked(company: Company) -> None:
    newest = company.people[-1].number
    await company.telegram.until(lambda: any(one.chat > 10_000 + newest - 20 for one in company.telegram.messages), 30)


def _sees(telegram: TelegramRig, person: int) -> bool:
    return "★★★★★" in telegram.screen(person)


def _is_asked(telegram: TelegramRig, person: int) -> bool:
    return "1★" in telegram.buttons(person)


def _is_called(slack: SlackRig, before: int) -> bool:
    return len(slack.calls) > before


async def _asked(here: World, telegram: TelegramRig, *people: int) -> None:
    for person in people:
        await here.resolve(f"T-{person}", contact=f"c-{person}", addresses=[("support-bot", str(person))])
    for person in people:
        await telegram.until(partial(_is_asked, telegram, person), 10)


async def _is(here: World, component: str, state: str) -> str:
    """The whole's status when that component is in that state, else "". A channel alone never makes us unready."""
    answer = await here.client.get("/readyz")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return str(told["status"]) if told["components"][component] == state else ""


async def _is_closed() -> bool:
    return await Lane.filter(channel="support-bot", blocked_until__isnull=False).exists()


async def _all_wait() -> bool:
    waiting = await Delivery.filter(channel="slack", state="waiting").count()
    return waiting > 1 and not await Delivery.filter(channel="slack", state="sending").exists()

"""Two programs and one bot: who polls, who stands by, and who is told."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.telegram import shift
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.errors import is_rival
from bot.channels.telegram.shift import Process, Shift
from core.ports import Forgetful, TryLater
from tests.bot.telegram.support_bot import ANN, SECRET, Inbox, eventually, listening, opened
from tests.rigs.telegram import TelegramRig

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


# ---------------------------------------------------------------- with one store


async def test_one_polls_and_the_other_stands_by_until_the_first_is_gone() -> None:
    kept = Forgetful()
    first, second = Shift(kept, Process("north", 1)), Shift(kept, Process("south", 2))
    assert await first.begin(now=NOW) is None
    there = await second.begin(now=NOW + timedelta(seconds=30))
    assert str(there) == "north (process 1)"
    assert await first.begin(now=NOW + timedelta(seconds=30)) is None
    assert await second.begin(now=NOW + timedelta(seconds=60)) is not None
    assert await second.begin(now=NOW + timedelta(seconds=30) + shift.LASTS) is None
    assert await first.begin(now=NOW + timedelta(seconds=80)) is not None


async def test_who_leaves_in_order_keeps_nobody_waiting() -> None:
    kept = Forgetful()
    first, second = Shift(kept, Process("north", 1)), Shift(kept, Process("south", 2))
    await first.begin(now=NOW)
    await second.end()  # it is not the second's to give away
    assert await second.begin(now=NOW) is not None
    await first.end()
    assert await second.begin(now=NOW) is None


async def test_after_a_crash_the_same_machine_goes_on_at_once() -> None:
    kept = Forgetful()
    me = Process("north", os.getpid())
    await Shift(kept, Process("north", 2**22 + 1)).begin(now=NOW)  # no process can have that number
    assert await Shift(kept, me).begin(now=NOW) is None
    again = Process("north", os.getpid())  # a container: the same name and number, another life
    assert await Shift(kept, again).begin(now=NOW) is None
    living = Process("north", os.getppid())
    assert await Shift(kept, living).begin(now=NOW) == again


@pytest.mark.parametrize("kept", ["", "x", "2027-01-01T12:00 1 m north", "never 1 m n", "2027-01-01T12:00+00:00 x m n"])
async def test_what_nobody_can_read_keeps_nobody_from_polling(kept: str) -> None:
    keep = Forgetful()
    await keep.put("poller", kept)
    assert await Shift(keep, Process("south", 2)).begin(now=NOW) is None


async def test_a_second_process_of_ours_does_not_cut_in(
    rig: TelegramRig, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    await Shift(channel.keep, Process("north", 1)).begin(now=datetime.now(UTC))
    async with listening(channel, Inbox()):
        await eventually(lambda: "north (process 1) polls this bot already; this process stands by" in caplog.text)
        assert not rig.calls["getupdates"]
        await eventually(lambda: channel.start_link("abc") == "https://t.me/afterword_bot?start=abc")


async def test_who_stops_listening_hands_the_bot_over(rig: TelegramRig, channel: TelegramChannel) -> None:
    async with listening(channel, Inbox()):
        await rig.until(lambda: rig.calls["getupdates"])
        assert await channel.keep.get("poller")
    assert await channel.keep.get("poller") is None


# ---------------------------------------------------------------- with a stranger


async def test_a_stranger_who_polls_too_is_told_loudly_and_given_more_and_more_room(
    rig: TelegramRig, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    rig.refuse("getUpdates", 409, conflict, times=2)
    inbox = Inbox()
    async with listening(channel, inbox):
        await rig.until(lambda: rig.calls["getupdates"] == 1)
        await rig.until(lambda: rig.calls["getupdates"] == 2)
        assert caplog.text.count("another program polls this bot") <= 1
        await rig.write(ANN, "Hello?")
        await rig.until(lambda: not rig.pending)
    assert caplog.text.count("another program polls this bot with the same token") == 1
    assert len(inbox.arrivals) == 1


def test_only_the_other_poller_is_a_rival() -> None:
    assert is_rival(TryLater("Telegram server says - Conflict: terminated by other getUpdates request"))
    assert not is_rival(TryLater("Conflict: can't use getUpdates method while webhook is active"))
    assert not is_rival(ConnectionError("terminated by other getUpdates"))


async def test_a_webhook_set_elsewhere_is_named_when_it_is_removed(
    rig: TelegramRig, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    rig.webhook = {"url": f"https://elsewhere.example.org/{rig.token}", "secret": ""}
    finding = (await channel.check())[1]
    assert finding.verdict == "warning"
    assert "another program has set a webhook, to https://elsewhere.example.org/***" in finding.what
    async with listening(channel, Inbox()):
        await rig.until(lambda: rig.calls["getupdates"])
    assert "a webhook to 'https://elsewhere.example.org/***' was set; removed" in caplog.text
    assert [finding.ok for finding in await channel.check()] == [True]


async def test_a_check_names_where_somebody_moved_the_webhook(rig: TelegramRig) -> None:
    async with opened(rig, mode="webhook", webhook_secret=SECRET) as hooked:
        assert (await hooked.check())[1].what == "the webhook is not set"
        rig.webhook = {"url": "https://elsewhere.example.org/x", "secret": ""}
        assert "another program has set the webhook, to https://elsewhere" in (await hooked.check())[1].what
        rig.webhook["url"] = "https://survey.example.org/hooks/support-bot"
        rig.allowed = ["message"]
        assert (await hooked.check())[1].what == "the webhook lacks updates"

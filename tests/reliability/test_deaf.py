"""A way in that is closed: it is shown, with why, told once, and used again as soon as it is open."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests import world
from tests.ports import free_port
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig
from tests.world import World


@contextmanager
def taken() -> Iterator[int]:
    """A port that some other program has."""
    with closing(socket.create_server(("127.0.0.1", 0))) as theirs:
        yield int(theirs.getsockname()[1])


async def _ready(here: World) -> dict[str, Any]:
    answer: dict[str, Any] = (await here.client.get("/readyz")).json()
    return answer


async def _why(here: World, channel: str) -> str:
    told = await _ready(here)
    if told["components"][f"channel:{channel}"] == "ok":
        return ""
    assert told["status"] == "degraded"
    return str(told["why"][f"channel:{channel}"])


async def test_two_listeners_whose_ports_are_taken_are_shown_and_told_once_each(
    sqlite_url: str, mail: SmtpRig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with taken() as first, taken() as second:
        tables = {"mail": world.mail_table(mail, first), "post": world.mail_table(mail, second)}
        async with world.running(sqlite_url, tables) as here:
            for channel, port in (("mail", first), ("post", second)):
                why = await here.until(lambda channel=channel: _why(here, channel))
                assert why == f"nothing comes in: taking mail at 127.0.0.1:{port}: another program has this port"
            await here.until(lambda: _said(caplog, "rests for 2.0 s more"))
    loud = [one for one in caplog.records if one.levelno >= logging.WARNING and "rests" in one.getMessage()]
    assert sorted(one.getMessage().split(" at ")[0] for one in loud) == ["mail: taking mail", "post: taking mail"]
    assert not [one for one in caplog.records if one.exc_info and one.levelno >= logging.WARNING]


async def test_a_listener_takes_mail_as_soon_as_its_port_is_free(sqlite_url: str, mail: SmtpRig) -> None:
    with taken() as port:
        starting = world.running(sqlite_url, {"mail": world.mail_table(mail, port)})
        here = await starting.__aenter__()
        await here.until(lambda: _why(here, "mail"))
    try:
        await here.until(lambda: _is_well(here))
        assert await world._takes_mail(port)
    finally:
        await starting.__aexit__(None, None, None)


async def test_a_bot_whose_server_does_not_answer_is_shown_and_comes_back(
    sqlite_url: str, telegram: TelegramRig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    table = world.telegram_table(telegram) | {"mode": "polling", "api_base": f"http://127.0.0.1:{free_port()}"}
    async with world.running(sqlite_url, {"support-bot": table}) as here:
        why = await here.until(lambda: _why(here, "support-bot"))
        assert why == "nothing comes in: polling: no answer from the Bot API server (cannot be reached)"
        await here.until(lambda: _said(caplog, " s more: no answer from the Bot API"))
    assert sum("polling rests" in one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING) == 1
    assert not [one for one in caplog.records if one.exc_info and one.levelno >= logging.WARNING]


async def test_a_bot_that_telegram_hears_again_is_well_at_once(sqlite_url: str, telegram: TelegramRig) -> None:
    telegram.mood = "broken"
    table = world.telegram_table(telegram) | {"mode": "polling"}
    async with world.running(sqlite_url, {"support-bot": table}) as here:
        await here.until(lambda: _why(here, "support-bot"))
        telegram.mood = "fine"
        await here.until(lambda: _is_well(here))


async def _is_well(here: World) -> bool:
    return bool((await _ready(here))["status"] == "ok")


async def _said(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in one.getMessage() for one in caplog.records)

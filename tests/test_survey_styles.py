"""Scales, layout and reasons as people meet them in their channels."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.models.setup import Survey
from tests import world
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig
from tests.rigs.webchat import Visitor
from tests.world import World

ANN = 777
DOTS = "🔴🟠🟡🟢🔵"
OWN = {
    "scale": "own",
    "symbols": [
        {"symbol": one, "word": {"en": word, "zh-Hans": chinese}}
        for one, word, chinese in zip(
            DOTS, ("awful", "bad", "fair", "good", "great"), ("糟透了", "不好", "还行", "不错", "很棒"), strict=True
        )
    ],
}


@pytest.fixture
async def here(sqlite_url: str, telegram: TelegramRig, mail: SmtpRig) -> AsyncIterator[World]:
    async with world.between(sqlite_url, telegram, mail, more=world.WEBCHAT) as running:
        yield running


async def survey_is(**settings: Any) -> None:
    survey = await Survey.get(current=True)
    survey.settings = {**survey.settings, **settings}
    await survey.save()


async def test_in_telegram_everything_at_once_with_symbols_of_ones_own(here: World, telegram: TelegramRig) -> None:
    await survey_is(
        **OWN, layout="all_at_once", reasons=[{"key": "slow", "dimensions": ["speed"]}, {"key": "unfriendly"}]
    )
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: telegram.buttons(ANN)[:5] == list(DOTS))
    assert "🔴 = awful, 🔵 = great" in telegram.screen(ANN)
    await telegram.tap(ANN, "🟢")
    await telegram.until(lambda: telegram.buttons(ANN).count("🔴") == 3)
    assert "Overall: 🟢\u00a04/5" in telegram.screen(ANN)
    rows = [[button["text"] for button in row] for row in telegram.shown(ANN)[0].rows]
    assert rows[0] == ["Service attitude"]
    await telegram.forge(ANN, telegram.shown(ANN)[0].rows[3][1]["callback_data"], message=telegram.shown(ANN)[0].id)
    await telegram.until(lambda: "Response speed: 2" in telegram.buttons(ANN))
    await telegram.tap(ANN, "Skip")
    await telegram.until(lambda: telegram.buttons(ANN)[:2] == ["Too slow", "Unfriendly"])
    [response] = await here.responses()
    assert response["scores"] == {"overall": 4, "speed": 2}


async def test_words_stand_below_each_other_on_a_phone(here: World, telegram: TelegramRig) -> None:
    await survey_is(scale="words", layout="all_at_once")
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: telegram.buttons(ANN)[:2] == ["Very bad", "Bad"])
    assert [len(row) for row in telegram.shown(ANN)[0].rows[:5]] == [1] * 5
    await telegram.tap(ANN, "Good")
    await telegram.until(lambda: "service attitude" in telegram.screen(ANN))
    assert "Overall: Good\u00a04/5" in telegram.screen(ANN)


async def test_a_mail_and_the_web_chat_say_the_word_of_a_symbol(here: World, mail: SmtpRig) -> None:
    await survey_is(**OWN)
    await here.resolve(addresses=[("mail", "ann@example.org")])
    received = await mail.mail_to("ann@example.org")
    assert "1, awful" in received.html
    assert next(words for words, url in received.links if "overall=" in url).startswith("🔴")
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client:
        visitor = await Visitor(client).arrive()
        await here.resolve("T-2", contact="c-2", addresses=[("webchat", visitor.id)])
        await visitor.until(lambda v: "🔴" in v.buttons())

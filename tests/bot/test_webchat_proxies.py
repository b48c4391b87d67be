"""The web chat behind proxies that cut, double, hold back and lose: nothing is lost and nothing doubled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, expect

from core.ports import Tapped, Wrote
from core.store import Store
from tests.rigs.proxy import Proxy, proxied
from tests.rigs.webchat_desk import message, scores
from tests.rigs.webchat_stage import ANN, Stage, chromium, staged, state, time_passes_until

pytestmark = pytest.mark.browser


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@dataclass
class Behind:
    stage: Stage
    proxy: Proxy


@asynccontextmanager
async def behind(browser: Browser, prefix: str = "") -> AsyncIterator[Behind]:
    proxies: list[Proxy] = []

    @asynccontextmanager
    async def through(direct: str) -> AsyncIterator[str]:
        async with proxied(direct, prefix=prefix) as proxy:
            proxies.append(proxy)
            yield proxy.url

    async with staged(browser, through=through) as stage:
        yield Behind(stage, proxies[0])


@pytest.fixture
async def here(sqlite_store: Store, browser: Browser) -> AsyncIterator[Behind]:
    async with behind(browser) as here:
        yield here


def texts(here: Behind) -> list[str]:
    return [event.text for event in here.stage.desk.heard if isinstance(event, Wrote)]


async def write(here: Behind, words: str) -> None:
    await here.stage.frame.locator("#text").fill(words)
    await here.stage.frame.locator("#text").press("Enter")


async def shows_once(here: Behind, *words: str) -> None:
    await expect(here.stage.frame.locator("#log .text")).to_have_text(list(words))


async def test_a_line_that_is_cut_again_and_again_loses_and_doubles_nothing(here: Behind) -> None:
    here.proxy.mood = "cuts"
    await here.stage.open()
    await state(lambda: here.proxy.streams >= 1)
    await here.stage.desk.write(ANN, "Said meanwhile", key="one")
    here.stage.desk.pass_time()
    await write(here, "Still here")
    await state(lambda: here.proxy.streams >= 3)
    await shows_once(here, "Said meanwhile", "Still here", "Noted: 10 letters")
    assert texts(here) == ["Still here"]


async def test_a_post_that_arrives_twice_counts_once(here: Behind) -> None:
    here.proxy.mood = "doubles"
    await here.stage.ask()
    await here.stage.open()
    await here.stage.frame.get_by_role("button", name="2, dissatisfied").click()
    await expect(here.stage.bubble("What was it that went wrong?")).to_be_visible()
    await write(here, "Once")
    await expect(here.stage.bubble("Noted: 4 letters")).to_be_visible()
    assert texts(here) == ["Once"]
    assert len([event for event in here.stage.desk.heard if isinstance(event, Tapped)]) == 1


async def test_an_answer_that_is_lost_is_asked_for_again(here: Behind) -> None:
    here.proxy.mood = "loses"
    await here.stage.open()
    await write(here, "Did you get this?")
    await state(lambda: here.proxy.posts["text"] >= 2)
    await shows_once(here, "Did you get this?", "Noted: 17 letters")
    assert texts(here) == ["Did you get this?"]


async def test_a_proxy_that_holds_streams_back_is_asked_again_and_again_instead(here: Behind) -> None:
    here.proxy.mood = "holds"
    polls: list[str] = []
    here.stage.page.on("request", lambda asked: polls.append(asked.url) if "/messages" in asked.url else None)
    await here.stage.page.clock.install()
    await here.stage.open()
    await time_passes_until(here.stage, lambda: bool(polls))
    await write(here, "Slow, but sure")
    await state(lambda: texts(here) == ["Slow, but sure"])
    seen = len(polls)
    await time_passes_until(here.stage, lambda: len(polls) > seen + 1)
    await expect(here.stage.bubble("Noted: 14 letters")).to_have_count(1)
    assert texts(here) == ["Slow, but sure"]


async def test_a_gateway_that_is_away_for_a_while_is_waited_for(here: Behind) -> None:
    await here.stage.open()
    await state(lambda: here.stage.desk.channel.hub.listeners(ANN) == 1)
    here.proxy.mood = "away"
    here.stage.desk.channel.hub.close()
    await write(here, "Anybody?")
    await expect(here.stage.frame.locator("#state")).to_have_text("No connection. Trying again…")
    here.proxy.mood = "fine"
    await shows_once(here, "Anybody?", "Noted: 8 letters")
    await expect(here.stage.frame.locator("#state")).to_be_hidden()


async def test_it_works_under_a_path_of_a_site(sqlite_store: Store, browser: Browser) -> None:
    async with behind(browser, "/support/desk") as here:
        await here.stage.ask()
        await here.stage.open()
        await here.stage.frame.get_by_role("button", name="2, dissatisfied").click()
        await expect(here.stage.bubble("What was it that went wrong?")).to_be_visible()
        await write(here, "Under a path")
        await expect(here.stage.bubble("Noted: 12 letters")).to_be_visible()
        assert here.stage.complaints == []


async def test_two_tabs_show_the_same_and_count_one_answer_once(here: Behind) -> None:
    await here.stage.ask()
    await here.stage.open()
    other = await here.stage.context.new_page()
    await other.goto(f"{here.stage.host}/?open")
    second = other.frame_locator("afterword-chat iframe")
    await expect(second.locator("#log .row.scale .choice")).to_have_count(5)
    await here.stage.frame.get_by_role("button", name="2, dissatisfied").click()
    await expect(second.locator(".bubble", has_text="What was it that went wrong?")).to_be_visible()
    await second.locator("#text").fill("From the second")
    await second.locator("#text").press("Enter")
    for frame in (second, here.stage.frame):
        await expect(frame.locator("li.you")).to_have_count(1)
        await expect(frame.locator(".bubble", has_text="Noted: 15 letters")).to_have_count(1)
    assert texts(here) == ["From the second"]


async def test_what_was_read_in_one_tab_is_read_in_the_other(here: Behind) -> None:
    await here.stage.ask()
    await here.stage.open()
    await expect(here.stage.bubble("How satisfied")).to_be_visible()
    await here.stage.page.wait_for_function("Object.keys(localStorage).length >= 0")
    other = await here.stage.context.new_page()
    await other.goto(f"{here.stage.host}/")
    await expect(other.locator("afterword-chat .launcher")).to_be_visible()
    await state(lambda: here.stage.desk.channel.hub.listeners(ANN) == 2)
    await expect(other.locator("afterword-chat .unread")).to_be_hidden()
    await here.stage.desk.send(ANN, message("x", "And <b>this</b>?", rows=scores(here.stage.desk.templates)))
    await expect(other.locator("afterword-chat .unread")).to_have_text("1")
    await expect(other.locator("afterword-chat .launcher")).to_have_attribute("aria-label", "Open the chat (1)")

"""Weeks of an admin in her browser: she tries a draft against what goes out, waits, and keeps what is better."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from core.models.wordings import ABTest
from core.wordings import counts
from tests import world
from tests.rigs.telegram import TelegramRig
from tests.test_accessible import all_ways
from tests.web.admin import lee
from tests.world import World

pytestmark = pytest.mark.browser
B = "Only this: {{ question }} {{ ticket.number }}"


@pytest.fixture
async def here(sqlite_url: str, telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.between(sqlite_url, telegram) as running:
        yield running


async def ask(here: World, telegram: TelegramRig, chat: int) -> str:
    """What somebody new has on the screen then."""
    telegram.introduce(chat, f"Person {chat}")
    await here.resolve(f"T-{chat}", addresses=[("support-bot", str(chat))], contact=f"c-{chat}")
    await telegram.until(lambda: telegram.buttons(chat), timeout=30)
    return telegram.screen(chat)


async def ask_enough(here: World, telegram: TelegramRig, test: ABTest) -> None:
    """Everybody who gets B answers, and nobody who gets A."""
    for chat in range(1000, 1100):
        asked = await counts.asked(test.id)
        if asked["a"] >= test.size_a and asked["b"] >= test.size_b:
            return
        if (await ask(here, telegram, chat)).startswith("Only this"):
            await telegram.tap(chat, "4★")


async def test_she_starts_a_test_waits_and_keeps_b_for_everybody(here: World, telegram: TelegramRig) -> None:
    async with lee.signed_in(here) as page:
        await page.goto(f"{here.base_url}/admin/templates/edit?kind=invite&locale=en")
        await page.get_by_label("The text").fill(B)
        await page.get_by_role("button", name="Test against what goes out…").click()
        await expect(page.get_by_role("region", name="A", exact=True)).to_contain_text("is resolved")
        await expect(page.get_by_role("region", name="B", exact=True)).to_contain_text("Only this: How satisfied")
        await page.get_by_label("How many answer now").fill("49")
        await page.get_by_label("Smallest difference").fill("50")
        await expect(page.locator("#reckoned")).to_contain_text("It takes 11 asked with A and 11 with B")
        assert await all_ways(page) == []
        await page.get_by_role("button", name="Start the test").click()
        await expect(page.get_by_role("status").first).to_contain_text("The test runs")

        test = await ABTest.get()
        await ask_enough(here, telegram, test)
        await page.reload()
        await expect(page.get_by_text("It is too early to say which is better")).to_be_visible()
        await expect(page.get_by_role("button", name="Keep B")).to_have_count(0)
        await here.move_on(days=8)

        await lee.sign_in(page, here)
        await page.goto(f"{here.base_url}/admin/templates/ab-tests")
        await page.get_by_role("link", name="Question for a rating").click()
        await expect(page.get_by_text("With B more people answer: 100.0 percentage points more")).to_be_visible()
        await expect(page.locator("svg.apart circle")).to_have_count(2)
        assert await all_ways(page) == []
        await page.get_by_role("button", name="Keep B").click()
        await expect(page.get_by_role("status").first).to_contain_text("B is published")
        await here.app.worker.sweep()
        for chat in range(2000, 2004):
            assert (await ask(here, telegram, chat)).startswith("Only this: How satisfied")

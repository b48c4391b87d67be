"""The survey page in a real Chromium, as a phone and a desk see it."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from core import store as stores
from core.models.responses import HeldAnswer, Response, Score
from core.surveys import tokens
from tests.web import front as fronts
from tests.web.front import Front

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 900}
_SAID = re.compile(r"status of (404|410|422) ")  # Chromium tells its console what the page tells the person
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@pytest.fixture
async def front(sqlite_store: stores.Store) -> AsyncIterator[Front]:
    async with fronts.served() as opened:
        yield opened


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        await started.close()


class Window:
    """One browser window, and all that it complained about."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.page = page
        self.context = context
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _SAID.search(message.text):
            self.complaints.append(message.text)


@asynccontextmanager
async def window(browser: Browser, **settings: Any) -> AsyncIterator[Window]:
    context = await browser.new_context(user_agent=CHROME, **settings)
    opened = Window(context, await context.new_page())
    yield opened
    assert opened.complaints == []
    await context.close()


async def shoot(page: Page, name: str) -> None:
    """Keep a picture where AFTERWORD_SHOTS says, for people to look at."""
    folder = os.environ.get("AFTERWORD_SHOTS")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desk", DESK)])
async def test_ann_rates_in_her_browser(front: Front, browser: Browser, name: str, size: Any, scheme: Any) -> None:
    asked = await front.invite(locale="zh-CN" if scheme == "dark" and name == "phone" else "en")
    async with window(browser, viewport=size, color_scheme=scheme, has_touch=name == "phone") as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}{asked.link}?overall=2")
        await shoot(page, f"form-{name}-{scheme}")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.locator('label:has(input[name=speed][value="1"])').click()
        await page.locator('label:has(input[name=attitude][value="5"])').click()
        await page.locator("label.chip").first.click()
        await page.fill("textarea", "It took three weeks & nobody told me. " * 5)
        await shoot(page, f"filled-{name}-{scheme}")
        front.clock.pass_(seconds=8)
        await page.click("button.send")
        await page.wait_for_selector(".badge.done")
        await shoot(page, f"thanks-{name}-{scheme}")
    assert {row.dimension: row.value for row in await Score.all()} == {"overall": 2, "speed": 1, "attitude": 5}
    assert await HeldAnswer.all().count() == 0


async def test_ann_rates_with_the_keyboard_alone(front: Front, browser: Browser) -> None:
    asked = await front.invite()
    async with window(browser, viewport=DESK) as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}{asked.link}")
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        assert await page.locator("input[name=overall]:checked").get_attribute("value") == "3"
        await shoot(page, "keyboard-desk-light")
        front.clock.pass_(seconds=8)
        await page.focus("button.send")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".badge.done")
    assert (await Score.get()).value == 3


async def test_ann_rates_with_scripts_switched_off(front: Front, browser: Browser) -> None:
    asked = await front.invite()
    async with window(browser, viewport=PHONE, java_script_enabled=False) as opened:
        await opened.page.goto(f"{front.site.base_url}{asked.link}?overall=5")
        front.clock.pass_(seconds=8)
        await opened.page.click("button.send")
        await opened.page.wait_for_selector(".badge.done")
    assert (await Response.get()).partial is False


async def test_one_more_tap_and_the_other_pages_look_right(front: Front, browser: Browser) -> None:
    asked = await front.invite()
    async with window(browser, viewport=PHONE) as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}{asked.link}?overall=4")
        await page.fill("textarea", "All fine")
        await page.click("button.send")
        await page.wait_for_selector(".badge.tap")
        await shoot(page, "confirm-phone-light")
        front.clock.pass_(seconds=3)
        await page.click("button.send")
        await page.wait_for_selector(".badge.done")
        await shoot(page, "thanks-positive-phone-light")
    assert (await Score.get()).value == 4


async def test_the_page_that_asks_for_a_score_and_those_that_say_no_look_right(front: Front, browser: Browser) -> None:
    asked = await front.invite()
    base = front.site.base_url
    async with window(browser, viewport=PHONE, color_scheme="dark") as opened:
        page = opened.page
        await page.goto(base + asked.link)
        await page.fill("textarea", "No score yet")
        await page.click("button.send")
        await page.wait_for_selector("[role=alert]")
        assert await page.evaluate("document.activeElement.name") == "overall"
        await shoot(page, "problem-phone-dark")
        await page.goto(f"{base}/u/{tokens.unsubscribe_token_for(asked.contact_id)}")
        await shoot(page, "unsubscribe-phone-dark")
        front.clock.pass_(seconds=3)
        await page.click("button.send")
        await page.wait_for_selector(".badge.done")
        await shoot(page, "unsubscribed-phone-dark")
    async with window(browser, viewport=DESK) as opened:
        page = opened.page
        await page.goto(base + asked.link)
        await shoot(page, "closed-desk-light")
        await page.goto(f"{base}/r/{'x' * 43}")
        await shoot(page, "not-found-desk-light")


@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desk", DESK)])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_a_comment_that_is_too_long_comes_back_whole_with_the_reason_beside_it(
    front: Front, browser: Browser, name: str, size: Any, locale: str
) -> None:
    asked = await front.invite(locale=locale)
    async with window(browser, viewport=size, color_scheme="dark" if locale == "en" else "light") as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}{asked.link}?overall=2")
        await page.fill("textarea", "too much! " * 431 + "yes")
        assert re.fullmatch("4,313 (of|/) 4,000", await page.locator("#counter").inner_text())
        front.clock.pass_(seconds=8)
        await page.click("button.send")
        await page.wait_for_selector("[role=alert]")
        await shoot(page, f"too-long-{name}-{locale}")
        assert await page.input_value("textarea") == "too much! " * 431 + "yes"
        assert await page.locator("input[name=overall]:checked").get_attribute("value") == "2"
        assert await page.evaluate("document.activeElement.name") == "comment"
        assert await page.evaluate(
            "(({top, bottom}) => top >= 0 && bottom <= innerHeight)(problem.getBoundingClientRect())"
        )
        assert re.fullmatch("4,313 (of|/) 4,000", await page.locator("#counter").inner_text())
        await page.fill("textarea", "short")
        assert await page.locator("#counter").inner_text() == ""


async def test_what_was_filled_in_stays_when_the_language_changes(front: Front, browser: Browser) -> None:
    asked = await front.invite()
    async with window(browser, viewport=PHONE) as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}{asked.link}?overall=5")
        await page.locator('label:has(input[name=overall][value="2"])').click()
        await page.locator('label:has(input[name=speed][value="1"])').click()
        await page.locator("label.chip").first.click()
        reason = await page.locator(".chip input:checked").get_attribute("value")
        await page.fill("textarea", "Three weeks,\nand nobody told me. 等了三周")
        await page.click(".languages a[lang=zh-Hans]")
        await page.wait_for_selector("html[lang=zh-Hans]")
        assert await page.locator("input[name=overall]:checked").get_attribute("value") == "2"
        assert await page.locator("input[name=speed]:checked").get_attribute("value") == "1"
        assert await page.locator(".chip input:checked").get_attribute("value") == reason
        assert await page.input_value("textarea") == "Three weeks,\nand nobody told me. 等了三周"
        assert await page.evaluate("sessionStorage.length") == 0
        await shoot(page, "switched-phone")


@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desk", DESK)])
@pytest.mark.parametrize(("locale", "scheme"), [("en-GB", "light"), ("zh-CN", "dark")])
async def test_the_address_itself_and_a_bad_unsubscribe_link_say_what_they_are(
    front: Front, browser: Browser, name: str, size: Any, locale: str, scheme: Any
) -> None:
    async with window(browser, viewport=size, locale=locale, color_scheme=scheme) as opened:
        page = opened.page
        await page.goto(front.site.base_url)
        words = await page.inner_text("main")
        assert "Cable & <Co>" in words
        assert ("This address belongs to the surveys" if locale == "en-GB" else "评价和聊天") in words
        assert await page.locator("main a").count() == 0
        await shoot(page, f"home-{name}-{locale}")
        await page.goto(f"{front.site.base_url}/u/{'x' * 43}")
        assert ("This link does not work" if locale == "en-GB" else "这个链接无效") in await page.inner_text("main")
        await shoot(page, f"unsubscribe-lost-{name}-{locale}")


async def test_a_headless_robot_that_opens_and_runs_everything_rates_nothing(front: Front, browser: Browser) -> None:
    asked = await front.invite()
    context = await browser.new_context()  # says that it is headless, as scanners do
    page = await context.new_page()
    for score in range(1, 6):
        await page.goto(f"{front.site.base_url}{asked.link}?overall={score}", wait_until="networkidle")
    front.clock.pass_(seconds=8)
    await page.click("button.send")
    await page.wait_for_selector(".badge.tap")
    await context.close()
    assert await Response.all().count() == 0


async def test_customers_words_stay_words(front: Front, browser: Browser) -> None:
    vectors = (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</textarea><svg onload=alert(1)>",
        "javascript:alert(1)",
        "\"'><iframe srcdoc=<script>alert(1)</script>>",
        "{{7*7}}${7*7}",
    )
    asked = await front.invite()
    async with window(browser, viewport=PHONE) as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}{asked.link}?overall=1")
        await page.fill("textarea", "\n".join(vectors))
        front.clock.pass_(seconds=8)
        await page.click("button.send")
        await page.wait_for_selector(".badge.done")
        assert await page.locator("blockquote").inner_text() == "\n".join(vectors)

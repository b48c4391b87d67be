"""Nobody is kept out of a page: axe-core looks at each of them as it is on a phone and a desk, by day and by night."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Frame, Page, expect

from core.models.responses import Response
from core.models.setup import Survey
from core.store import Store
from core.surveys import responses, tokens
from tests.rigs import axe, webchat_stage
from tests.rigs import demo_browser as rig
from tests.rigs.demo_browser import DESK, PHONE, Window
from tests.web.front import Front
from tests.web.test_survey_page_browser import browser, front, window  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def all_ways(page: Page, *frames: Frame) -> list[str]:
    """What axe finds, with the way in which the page was looked at."""
    found = []
    for name, size in (("phone", PHONE), ("desk", DESK)):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{name}, {scheme}: {line}" for line in await axe.complaints(page, *frames)]
    return found


# ---------------------------------------------------------------- what customers open


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_survey_page_in_all_its_states(front: Front, browser: Browser, locale: str) -> None:  # noqa: F811
    asked = await front.invite(locale=locale)
    link = front.site.base_url + asked.link
    async with window(browser, locale=locale) as opened:
        page = opened.page
        await page.goto(link)
        assert await all_ways(page) == [], "open"
        await page.fill("textarea", "No score yet")
        await page.click("button.send")
        await page.wait_for_selector("[role=alert]")
        assert await all_ways(page) == [], "a score is missing"
        await page.goto(f"{link}?overall=2")
        await page.fill("textarea", "too much! " * 431)
        front.clock.pass_(seconds=8)
        await page.click("button.send")
        await page.wait_for_selector("[role=alert]")
        assert await all_ways(page) == [], "the comment is refused"
        await page.fill("textarea", "Three weeks.")
        await page.click("button.send")
        await page.wait_for_selector(".badge")
        if await page.locator(".badge.tap").count():
            assert await all_ways(page) == [], "one more tap"
            front.clock.pass_(seconds=3)
            await page.click("button.send")
        await page.wait_for_selector(".badge.done")
        assert await all_ways(page) == [], "thanks"
        await page.goto(link)
        assert await all_ways(page) == [], "answered"
        front.clock.pass_(days=30)
        await page.goto(link)
        assert await all_ways(page) == [], "expired"
        await page.goto(f"{front.site.base_url}/r/{'x' * 43}")
        assert await all_ways(page) == [], "unknown"


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_page_of_an_anonymous_survey(front: Front, browser: Browser, locale: str) -> None:  # noqa: F811
    survey = await Survey.get(key="default")
    await Survey.filter(id=survey.id).update(settings={**survey.settings, "anonymous": True})
    asked = await front.invite(locale=locale)
    async with window(browser, locale=locale) as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}{asked.link}?overall=2")
        await expect(page.locator(".promise")).to_be_visible()
        assert await all_ways(page) == [], "the promise"
        await page.fill("textarea", "Three weeks.")
        front.clock.pass_(seconds=8)
        await page.click("button.send")
        await page.wait_for_selector(".badge")
        if await page.locator(".badge.tap").count():
            front.clock.pass_(seconds=3)
            await page.click("button.send")
        await page.wait_for_selector(".badge.done")
        assert await all_ways(page) == [], "thanks"
        response = await Response.get(invite_id=asked.invite_id)
        await responses.settle(response.id, now=front.clock.now + timedelta(minutes=20))
        await page.goto(front.site.base_url + asked.link)
        assert not await page.locator("textarea").count()
        assert await all_ways(page) == [], "nobody knows whose it is"


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_address_itself_and_the_page_for_unsubscribing(
    front: Front,  # noqa: F811
    browser: Browser,  # noqa: F811
    locale: str,
) -> None:
    asked = await front.invite(locale=locale)
    async with window(browser, locale=locale) as opened:
        page = opened.page
        await page.goto(front.site.base_url)
        assert await all_ways(page) == [], "home"
        await page.goto(f"{front.site.base_url}/u/{'x' * 43}")
        assert await all_ways(page) == [], "unknown"
        await page.goto(f"{front.site.base_url}/u/{tokens.unsubscribe_token_for(asked.contact_id)}")
        assert await all_ways(page) == [], "asked"
        front.clock.pass_(seconds=3)
        await page.click("button.send")
        await page.wait_for_selector(".badge.done")
        assert await all_ways(page) == [], "done"


# ---------------------------------------------------------------- the web chat


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
async def test_the_web_chat(sqlite_store: Store, browser: Browser, lang: str) -> None:  # noqa: F811
    async with webchat_stage.staged(browser, mails=True) as stage:
        await stage.visit(f"lang={lang}")
        await expect(stage.launcher).to_be_visible()
        assert await all_ways(stage.page) == [], "closed"
        await stage.launcher.click()
        await expect(stage.frame.locator("#text")).to_be_visible()
        inside = stage.page.frames[-1]
        assert await all_ways(stage.page, inside) == [], "open"
        await stage.ask()
        await expect(stage.frame.locator(".scale")).to_be_visible()
        await stage.frame.locator("#text").fill("My parcel is late")
        await stage.frame.locator("#text").press("Enter")
        await expect(stage.bubble("Noted: 17 letters")).to_be_visible()
        assert await all_ways(stage.page, inside) == [], "a question"
        await stage.frame.locator("#log .choice").nth(1).click()
        await expect(stage.bubble("What was it")).to_be_visible()
        assert await all_ways(stage.page, inside) == [], "reasons"
        await stage.frame.locator("header [aria-expanded]").click()
        await expect(stage.frame.locator("#mail")).to_be_visible()
        assert await all_ways(stage.page, inside) == [], "the form"
        await stage.frame.locator("#mail input").fill("not an address")
        await stage.frame.locator("#mail input").press("Enter")
        await expect(stage.frame.locator("#mail [aria-invalid=true]")).to_be_visible()
        assert await all_ways(stage.page, inside) == [], "the form is refused"


# ---------------------------------------------------------------- the demonstration


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rig.filled(tmp_path_factory.mktemp("filled"), MORNING)


@pytest.fixture
async def play(filled: Path, tmp_path: Path, browser: Browser) -> AsyncIterator[Window]:  # noqa: F811
    shutil.copytree(filled, tmp_path / "store")
    async with rig.performed(tmp_path / "store", MORNING) as stage:
        yield await rig.opened(browser, stage, DESK)


@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
async def test_the_demonstration(play: Window, lang: str) -> None:
    page = play.page
    await play.go(lang=lang)
    assert await all_ways(page, page.frames[-1]) == [], "the beginning"
    await page.set_viewport_size(DESK)  # type: ignore[arg-type]
    await page.locator("#agent .card.mine .main").click()
    await expect(page.locator("dialog[open]")).to_be_visible()
    assert await all_ways(page) == [], "a form"
    await page.locator("dialog[open] button.main").click()
    await expect(page.locator(".coming li")).to_have_count(1)
    await play.do()
    await play.rate(2)
    await play.done(3)
    await play.do()
    await play.done(4)
    assert await all_ways(page, page.frames[-1]) == [], "an alert"
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for part in ("agent", "staff", "walk"):
        await play.to(part)
        assert await axe.complaints(page) == [], part

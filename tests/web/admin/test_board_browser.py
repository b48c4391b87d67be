"""The board in a real Chromium: its charts are drawn, it stays live, and nobody needs a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from core.accounts import sessions
from tests.rigs import axe
from tests.web.admin.desk import account
from tests.web.admin.test_board import rated
from tests.web.front import Front
from tests.web.test_survey_page_browser import DESK, PHONE, browser, front, shoot, window  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser


async def test_a_supervisor_watches_the_board(front: Front, browser: Browser) -> None:  # noqa: F811
    await rated(front, 5, 5, 4, 2, 3, 5, 4)
    token = await sessions.begin(await account(front), browser="Chromium", how="password", now=front.clock.now)
    async with window(browser, viewport=DESK) as opened:
        cookie = {"name": "afterword-admin", "value": token, "url": front.site.base_url}
        await opened.context.add_cookies([cookie])  # type: ignore[list-item]
        page = opened.page
        await page.goto(f"{front.site.base_url}/admin/board")
        await expect(page.locator("canvas")).to_have_count(3)
        await expect(page.locator(".tiles .large").first).to_have_text("4.00")
        await expect(page.locator("#groups table")).to_have_count(4)
        by_team = page.locator("#groups table").first.locator("tbody tr").first.locator("td").first
        await expect(by_team).to_have_text("7")
        await shoot(page, "board")
        legend = page.locator(".u-legend").first
        await expect(legend.locator(".u-value:visible, .u-series:first-child:visible")).to_have_count(0)
        await page.locator(".u-over").first.hover()
        await expect(legend.locator(".u-series").first).to_be_visible()
        await expect(legend.locator(".u-value").first).to_contain_text(re.compile(r"\w"))
        await page.mouse.move(0, 0)
        await expect(legend.locator(".u-series").first).to_be_hidden()
        over_time = page.locator(".chart").filter(has_text="95 % interval")
        await expect(over_time.locator(".u-legend .u-series:visible th")).to_have_text(
            ["Overall score", "95 % interval"]
        )
        swatch = over_time.locator(".u-legend .u-series").nth(2).locator(".u-marker")
        assert "rgba(31, 95, 208" in await swatch.evaluate("one => getComputedStyle(one).backgroundColor")

        behind = page.locator("#behind-score > summary")
        await behind.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#behind-score table")).to_be_visible()
        await page.locator("#means-overall > summary").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#means-overall > p")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("#means-overall > p")).to_be_hidden()

        for one in await page.locator(".means > summary").all():
            await one.click()
            assert await page.evaluate("document.documentElement.scrollWidth") == DESK["width"], "nothing is cut off"
        await page.locator("#means-overall > summary").click()

        await page.locator("#means-too_few > summary").click()
        await rated(front, 1, 1, 1)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # one looks again
        await expect(page.locator(".tiles .large").first).to_have_text("3.10")
        await expect(page.locator("canvas")).to_have_count(3)
        await expect(by_team).to_have_text("10")
        await expect(page.locator("#behind-score table")).to_be_visible()  # what was open stays open
        await expect(page.locator("#means-too_few > p")).to_be_visible()

        for size in (DESK, PHONE):
            await page.set_viewport_size(size)  # type: ignore[arg-type]
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
                assert await axe.complaints(page) == [], (size, scheme)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

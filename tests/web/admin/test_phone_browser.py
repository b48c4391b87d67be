"""On a phone a row of a table is a card: what matters lies under each other, and no value is without its name."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.rigs.demo_browser import chromium
from tests.rigs.kestrel import Kestrel

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
_PUSHED = (
    """() => [...document.querySelectorAll(".scroll")].filter((one) => one.scrollWidth > one.clientWidth).length"""
)


async def test_no_table_of_people_has_to_be_pushed_sideways(here: Kestrel) -> None:
    async with chromium() as browser:
        context = await here.context(browser, viewport={"width": 360, "height": 740})
        page = await context.new_page()
        for path, named in (
            ("contacts/1", "Overall: 4 of 5"),
            ("contacts", ""),
            ("accounts", "Role:"),
            ("deliveries", "Channel:"),
            ("languages", "For customers:"),
            ("teams", "On duty:"),
            ("staff", "Team:"),
        ):
            await page.goto(f"{here.address}/admin/{path}")
            assert not await page.evaluate(_PUSHED), path
            labels = """() => [...document.querySelectorAll("[data-of]")]
              .map((one) => getComputedStyle(one, "::before").content).join(" ")"""
            assert named in await page.evaluate(labels) + await page.locator("main").inner_text(), path


async def test_who_has_nothing_is_told_so_beside_what_nobody_has(here: Kestrel) -> None:
    async with chromium() as browser:
        page = await (await here.context(browser)).new_page()
        await page.goto(f"{here.address}/admin/inbox?whose=mine")
        await expect(page.get_by_text("request that nobody has")).to_be_visible()
        await expect(page.get_by_text("Nothing of yours is open.")).to_be_visible()


async def test_labels_in_a_rule_keep_their_room(here: Kestrel) -> None:
    async with chromium() as browser:
        page = await (await here.context(browser, viewport={"width": 360, "height": 740})).new_page()
        await page.goto(f"{here.address}/admin/rules/twice-unhappy")
        for label in await page.locator(".repeat-line label").all():
            box = await label.bounding_box()
            assert box is not None
            assert box["height"] <= 50, "two rows at most"

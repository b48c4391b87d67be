"""One rule from nothing to saved, in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import async_playwright, expect

from core import store as stores
from core.accounts import sessions
from core.models.accounts import Role
from core.models.setup import Rule
from tests.rigs import axe
from tests.web import front as fronts
from tests.web.admin.desk import account
from tests.web.front import Front
from tests.web.test_survey_page_browser import CHROMIUM, window

pytestmark = pytest.mark.browser


@pytest.fixture
async def front(sqlite_store: stores.Store) -> AsyncIterator[Front]:
    async with fronts.served() as opened:
        yield opened


async def test_a_rule_is_written_row_by_row_and_nothing_that_was_typed_is_lost(front: Front) -> None:
    person = await account(front, Role.ADMIN)
    token = await sessions.begin(person, browser="Chromium", how="password", now=front.clock.now)
    base = front.site.base_url
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        async with window(chromium, viewport={"width": 360, "height": 800}) as seen:
            await seen.context.add_cookies([{"name": "afterword-admin", "value": token, "url": base}])
            page = seen.page
            await page.goto(f"{base}/admin/rules/new")
            await page.get_by_label("Name").fill("refunds")
            await page.get_by_label("Add a condition").select_option("words")
            await page.get_by_role("button", name="Add a condition").click()
            words = page.get_by_role("textbox", name="Words in the comment")
            await expect(words).to_be_focused()
            await words.fill("refund, 退款")
            await page.get_by_label("Add an action").select_option("tag")
            await page.get_by_role("button", name="Add an action").click()
            tag = page.get_by_role("textbox", name="Tag")
            await expect(tag).to_be_focused()
            await expect(page.get_by_label("Name")).to_have_value("refunds")
            await page.locator("button.main").click()
            await expect(page.get_by_role("alert")).to_be_visible()
            await expect(tag).to_be_focused()
            assert await axe.complaints(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await tag.fill("money")
            await tag.press("Enter")
            await expect(page.get_by_text("The rule is saved.")).to_be_visible()
            await expect(page.get_by_text("if the comment says “refund” or “退款” → tag it money.")).to_be_visible()
        await chromium.close()
    rule = await Rule.get(key="refunds")
    assert rule.settings["then"] == [{"do": "tag", "tag": "money"}]

"""The survey editor in a real Chromium: the preview follows what is typed, and nobody is kept out of it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.async_api import Browser, Error, expect

from core.accounts import sessions
from core.models.setup import Survey
from core.surveys import catalogue
from tests.test_accessible import all_ways
from tests.web.admin.desk import PASSWORD, account
from tests.web.front import Front
from tests.web.test_survey_page_browser import browser, front, window  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser


async def test_an_admin_tries_words_sees_them_at_once_and_publishes(front: Front, browser: Browser) -> None:  # noqa: F811
    await account(front)
    await front.invite()
    async with window(browser, locale="en") as opened:
        page = opened.page
        await page.goto(f"{front.site.base_url}/admin/login")
        await page.fill("[name=email]", "admin@kestrel.example")
        await page.fill("[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/admin/")
        await page.goto(f"{front.site.base_url}/admin/surveys/default")
        await page.get_by_label("Scale").select_option("words")
        await expect(page.locator("#preview .chat")).to_contain_text(["Very bad"])
        await page.get_by_label("Title English").fill("Well?")
        await page.keyboard.press("Tab")
        await expect(page.locator("#preview .mock-title").first).to_have_text("Well?")
        reason = page.get_by_role("group", name="Reason 1").get_by_role("group", name="Only under these dimensions")
        await reason.get_by_role("checkbox", name="Speed").focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="What would it have done?").click()
        await expect(page.locator("#tried")).to_contain_text("Of 1 resolved tickets 1 would have been asked about")
        assert await all_ways(page) == []
        asked: list[str] = []
        page.on("dialog", lambda one: asked.append(one.type) or one.dismiss())
        with suppress(Error):
            await page.goto(f"{front.site.base_url}/admin/rules")
        assert asked == ["beforeunload"], "what was typed is not left behind unasked"
        opened.complaints.remove("dialog: ")
        await page.get_by_role("button", name="Publish").click()
        await expect(page.get_by_role("heading", name="What changes")).to_be_visible()
        assert await all_ways(page) == []
        await page.get_by_role("button", name="Back to the form").click()
        await expect(page.get_by_label("Title English")).to_have_value("Well?")
        await page.get_by_role("button", name="Publish").click()
        await page.get_by_role("button", name="Publish it now").click()
        await expect(page.get_by_role("status")).to_contain_text("Published")
        assert await all_ways(page) == []
    settings = catalogue.settings_of(await Survey.get(current=True))
    assert (settings.scale, settings.title) == ("words", {"en": "Well?"})
    assert settings.reasons[0].dimensions == ("speed",)


async def test_rows_come_move_and_go_where_one_is(front: Front, browser: Browser) -> None:  # noqa: F811
    person = await account(front)
    token = await sessions.begin(person, browser="Chromium", how="password", now=front.clock.now)
    async with window(browser, locale="en") as opened:
        base, page = front.site.base_url, opened.page
        await opened.context.add_cookies([{"name": "afterword-admin", "value": token, "url": base}])
        await page.goto(f"{base}/admin/surveys/default")
        await page.get_by_label("Delay", exact=True).fill("7")
        await page.get_by_role("button", name="Add a reason").click()
        key = page.locator("#f-reason-3-key")
        await expect(key).to_be_focused()
        await key.fill("lost")
        assert await page.evaluate("scrollY") > 300
        await page.locator("[value=up-reason-3]").click()
        await expect(page.locator("[value=up-reason-2]")).to_be_focused()
        await expect(page.locator("#f-reason-2-key")).to_have_value("lost")
        await page.locator("[value=remove-reason-2]").click()
        await expect(page.locator("#f-reason-2-key")).to_be_focused()
        assert await page.evaluate("scrollY") > 300
        await expect(page.get_by_label("Delay", exact=True)).to_have_value("7")
        await expect(page).to_have_url(f"{base}/admin/surveys/default")
        assert await all_ways(page) == []
        await page.get_by_role("button", name="Remove this survey").click()
        await expect(page.get_by_role("heading", name="Remove the survey default?")).to_be_visible()
        assert await all_ways(page) == []

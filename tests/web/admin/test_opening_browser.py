"""Somebody called: Kim opens a request in a real browser, and whoever cannot see or point can do it too."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from core.models.desk import Ticket
from core.models.reactions import Recovery
from core.models.setup import Rule
from tests.rigs.telegram import TelegramRig
from tests.test_accessible import all_ways
from tests.web.admin.test_inbox_browser import ANN, here, signed_in  # noqa: F401 - fixtures
from tests.web.test_survey_page_browser import browser, window  # noqa: F401 - fixtures
from tests.world import World

pytestmark = pytest.mark.browser


async def test_a_request_is_opened_and_a_recovery_without_an_alert_stands_in_the_inbox(
    here: World,  # noqa: F811
    telegram: TelegramRig,
    browser: Browser,  # noqa: F811
) -> None:
    await Rule.all().update(settings={"when": {"bands": ["negative"]}, "then": ["recover"]})
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: telegram.buttons(ANN)[:1] == ["1★"])
    await telegram.tap(ANN, "1★")
    await here.until(lambda: Recovery.exists())
    token = await signed_in(here)
    async with window(browser, locale="en") as opened:
        page = opened.page
        cookie = {"name": "afterword-admin", "value": token, "url": here.base_url}
        await opened.context.add_cookies([cookie])  # type: ignore[list-item]
        await page.goto(f"{here.base_url}/admin/inbox?whose=all")
        await expect(page.get_by_text("how it ended is still to be said")).to_be_visible()
        assert await all_ways(page) == [], "the inbox"
        await page.goto(f"{here.base_url}/admin/tickets")
        await page.get_by_role("link", name="New request…").click()
        assert await all_ways(page) == [], "the empty form"
        await page.get_by_label("Channel").select_option("support-bot")
        await page.get_by_label("Address").fill("a b")
        await page.get_by_label("Title").fill("Router & cable")
        await page.get_by_label("What they said").fill("It blinks red")
        await page.get_by_role("button", name="Open the request").click()
        await expect(page.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_label("What they said")).to_have_value("It blinks red")
        assert await all_ways(page) == [], "the form with what is wrong"
        await page.get_by_label("Address").fill(str(ANN))
        await page.get_by_role("button", name="Open the request").click()
        await expect(page.get_by_text("the customer is told its number")).to_be_visible()
        ticket = await Ticket.get(ref=None)
        await telegram.until(lambda: ticket.number in telegram.screen(ANN))

"""A ticket's page stays current while somebody writes in it: nothing typed is lost, and nothing moves under them."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, expect

from core.desk import tickets
from core.models.desk import Ticket
from tests.rigs import axe
from tests.web.admin import unhappy
from tests.web.admin.test_nothing_is_lost_browser import PHONE, sign_in
from tests.web.front import Front
from tests.web.test_survey_page_browser import browser, front  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser
LOOKS = 16_000
"""So long after the page has looked once it has looked again."""


async def top(of: Locator) -> int:
    box = await of.bounding_box()
    assert box
    return round(box["y"])


async def test_a_new_message_appears_and_what_is_typed_stays_where_it_is(
    front: Front,  # noqa: F811
    browser: Browser,  # noqa: F811
) -> None:
    raised = await unhappy.alert(front)
    ticket = await Ticket.get(id=raised.ticket_id).select_related("contact")
    context = await browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await sign_in(front, page)
    await page.clock.install()
    await page.goto(f"{front.site.base_url}/admin/tickets/{ticket.number}")
    summary = page.locator("#live-story > details > summary").first
    await summary.click()  # the first round, which is folded
    await page.locator("h1").click()

    await tickets.message(ticket, "First news", by="Ann", from_contact=True, now=front.clock.now)
    await page.clock.fast_forward(LOOKS)
    await expect(page.locator("#live-talk").get_by_text("First news")).to_be_visible()
    await expect(page.locator("#live-story a[href^='#said-']").last).to_be_visible()
    await expect(page.locator("#live-story > details").first).to_have_attribute("open", "")

    reply = page.locator("#live-acts").get_by_label("Your reply")
    await page.locator("#live-acts").get_by_text("Reply…").click()
    await page.keyboard.type("We are ")
    before = await top(reply)
    for number in range(3):
        await tickets.message(ticket, f"News {number} " * 30, by="Ann", from_contact=True, now=front.clock.now)
    await page.clock.fast_forward(LOOKS)
    await expect(page.locator("#live-talk").get_by_text("News 2")).to_be_visible()
    await expect(page.locator("#news")).to_contain_text("Something new has been written")
    await expect(reply).to_be_focused()
    assert abs(await top(reply) - before) <= 1, "it stands where it stood"
    await page.keyboard.type("on our way")
    await expect(reply).to_have_value("We are on our way")
    assert await axe.complaints(page) == []

    await page.get_by_role("button", name="Send to the customer").click()
    await expect(page.get_by_text("Something has happened here while you were writing")).to_be_visible()
    await expect(reply).to_have_value("We are on our way")
    await page.get_by_role("button", name="Send it anyway").click()
    await expect(page.get_by_text("Your reply is on its way")).to_be_visible()
    assert complaints == []
    await context.close()

"""A bad mark comes in, and Kim sees to it by keyboard alone; whoever cannot see or point can do it too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from core.accounts import accounts, sessions
from core.models.accounts import Account, Role
from core.models.reactions import Alert
from core.models.setup import Staff
from core.reactions import alerts, recoveries
from tests import world
from tests.rigs import axe
from tests.rigs.telegram import TelegramRig
from tests.web.test_survey_page_browser import Window, browser, window  # noqa: F401 - fixtures
from tests.world import World

pytestmark = pytest.mark.browser
ANN = 777
LOOKS = 16_000
"""So long after the page has looked once it has looked again."""
SETUP = world.SETUP.replace('alert = { channel = "slack", to = "C0ALERTS" }\n', "")


@pytest.fixture
async def here(sqlite_url: str, telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.between(sqlite_url, telegram, setup=SETUP) as running:
        yield running


async def signed_in(here: World) -> str:
    """What the browser of Kim shows."""
    made = await accounts.create("kim@example.org", Role.AGENT, name="Kim", by="test", now=here.clock())
    kim = await Staff.get(key="kim@example.org")
    await Account.filter(id=made.id).update(staff_id=kim.id)
    account = await Account.get(id=made.id)
    return await sessions.begin(account, browser="Chromium", how="password", now=here.clock())


async def kims(opened: Window, here: World) -> Page:
    """The page of a window in which Kim is signed in, and whose clock is the test's."""
    cookie = {"name": "afterword-admin", "value": await signed_in(here), "url": here.base_url}
    await opened.context.add_cookies([cookie])  # type: ignore[list-item]
    await opened.page.clock.install()
    return opened.page


async def reach(page: Page, name: str) -> None:
    """Press Tab until one stands there."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        at = await page.evaluate(
            "(one => one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent)"
            "(document.activeElement)"
        )
        if at.strip().startswith(name):
            return
    raise AssertionError(f"Tab never leads to {name}")


async def unhappy(here: World, telegram: TelegramRig) -> None:
    """Ann gives one star, and it has settled."""
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: telegram.buttons(ANN)[:5] == ["1★", "2★", "3★", "4★", "5★"])
    await telegram.tap(ANN, "1★")
    await telegram.until(lambda: "1/5" in telegram.screen(ANN))
    await here.move_on(minutes=10)
    await telegram.until(lambda: "sorry" in telegram.screen(ANN).lower())


async def test_a_form_opens_below_its_row_of_buttons_and_news_say_what_happened(
    here: World,
    telegram: TelegramRig,
    browser: Browser,  # noqa: F811
) -> None:
    async with window(browser, locale="en") as opened:
        page = await kims(opened, here)
        await unhappy(here, telegram)
        await page.goto(f"{here.base_url}/admin/inbox?whose=all")
        buttons = page.locator(".doing summary")
        row = [await one.bounding_box() for one in await buttons.all()]
        for words in ("Assign…", "Reply…"):
            await buttons.filter(has_text=words).click()
            assert [await one.bounding_box() for one in await buttons.all()] == row
        reply = page.get_by_label("Your reply")
        form, last = await reply.bounding_box(), row[-1]
        assert form is not None
        assert last is not None
        assert form["y"] > last["y"] + last["height"]
        await reply.fill("A new cable")
        alert = await alerts.by_id((await Alert.get()).id)
        assert alert is not None
        await recoveries.take(alert, await Staff.get(key="li@example.org"), now=here.clock())
        await page.clock.fast_forward(LOOKS)
        await expect(page.get_by_role("status")).to_have_text("Meanwhile: taken by Li. What you wrote is still here.")
        await expect(reply).to_have_value("A new cable")


async def test_what_waits_in_each_view_is_counted_anew_and_one_stays_at_its_link(
    here: World,
    telegram: TelegramRig,
    browser: Browser,  # noqa: F811
) -> None:
    async with window(browser, locale="en") as opened:
        page = await kims(opened, here)
        await page.goto(f"{here.base_url}/admin/inbox?whose=all")
        views = page.get_by_role("navigation", name="Whose").get_by_role("link")
        before = await views.all_text_contents()
        assert all("0" in one for one in before), before
        await views.nth(1).focus()
        await unhappy(here, telegram)
        await page.clock.fast_forward(LOOKS)
        await expect(page.get_by_role("link", name="Router & cable")).to_be_visible()
        await expect(views.last).to_have_text(before[-1].replace("0", "1"))
        await expect(views.nth(1)).to_be_focused()
        await expect(views.last).to_have_attribute("aria-current", "true")


async def test_kim_takes_answers_and_resolves_by_keyboard_alone(
    here: World,
    telegram: TelegramRig,
    browser: Browser,  # noqa: F811
) -> None:
    async with window(browser, locale="en") as opened:
        page = await kims(opened, here)
        await page.goto(f"{here.base_url}/admin/inbox")
        await expect(page.get_by_text("Nothing is open in your team")).to_be_visible()

        await unhappy(here, telegram)
        await page.clock.fast_forward(LOOKS)
        await expect(page.get_by_role("link", name="Router & cable")).to_be_visible()
        assert await axe.complaints(page) == []

        await reach(page, "Take")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("It is yours.")).to_be_focused()
        await reach(page, "Reply")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your reply")).to_be_focused()
        await page.keyboard.type("A new cable ")
        await page.clock.fast_forward(LOOKS)
        await expect(page.get_by_label("Your reply")).to_be_focused()
        await page.keyboard.type("is on its way")
        assert await axe.complaints(page) == []
        await reach(page, "Send to the customer")
        await page.keyboard.press("Enter")
        await telegram.until(lambda: "A new cable is on its way" in telegram.screen(ANN))

        await expect(page.get_by_text("Your reply is on its way")).to_be_focused()
        await reach(page, "Resolve")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("How did it end?")).to_be_focused()
        await page.keyboard.type("Sol")
        await reach(page, "What was done")
        await page.keyboard.type("Cable replaced")
        await reach(page, "Resolve")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The customer is asked once more")).to_be_focused()

        await page.goto(f"{here.base_url}/admin/tickets/{(await here.ticket()).number}")
        await expect(page.get_by_text("A new cable is on its way").first).to_be_visible()
        assert await axe.complaints(page) == []

        await here.move_on(days=2)
        await telegram.until(lambda: telegram.buttons(ANN)[:5] == ["1★", "2★", "3★", "4★", "5★"])

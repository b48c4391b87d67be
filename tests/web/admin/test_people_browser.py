"""An admin with a phone in her hand brings somebody new into a team, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from core.models.deliveries import Delivery, DeliveryState
from core.models.setup import Staff, Team
from core.reactions import duty
from tests.rigs import axe
from tests.rigs.demo_browser import chromium
from tests.rigs.kestrel import Kestrel

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
NIA = "nia@kestrel.example"


async def test_somebody_new_leads_a_team_is_on_duty_and_a_test_alert_reaches_her_team(here: Kestrel) -> None:
    async with chromium() as browser:
        phone = await here.context(browser, viewport={"width": 360, "height": 740}, has_touch=True)
        page = await phone.new_page()
        await page.goto(f"{here.address}/admin/staff")
        await page.get_by_label("E-mail address").fill(NIA)
        await page.get_by_label("Name", exact=True).fill("Nia Osei")
        await page.get_by_label("Team").select_option("Accounts & billing")
        await page.get_by_role("button", name="Add").click()

        await expect(page.get_by_role("heading", name="Nia Osei")).to_be_visible()
        await page.get_by_label("Lead").check()
        address = page.get_by_role("group", name="Address 1")
        await address.get_by_label("Channel").select_option("inbox")
        await address.get_by_label("Address").fill(NIA)
        await _save(page)
        await expect(address.get_by_label("Address")).to_have_value(NIA)
        await _is_fine(page)

        await page.goto(f"{here.address}/admin/teams")
        await page.get_by_role("link", name="Accounts & billing").click()
        await expect(page.get_by_text("Nobody is on duty now.")).to_be_visible()
        await page.locator("input[name='alert.to']").fill("billing-alerts")
        quiet = page.get_by_label("Quiet hours", exact=True)
        await expect(page.get_by_label("Quiet hours: from")).to_be_hidden()
        await quiet.select_option("Only from … until …")
        await page.get_by_label("Quiet hours: from").fill("22:00")
        turn = page.get_by_role("group", name="Turn 1")
        await turn.get_by_label("Person").select_option("Nia Osei")
        await turn.get_by_label("Hours", exact=True).select_option("Only from … until …")
        await turn.get_by_label("Hours: from").fill("08:00")
        await turn.get_by_label("Hours: until").fill("18:00")
        await page.get_by_role("button", name="Save").click()
        await expect(quiet).to_have_attribute("aria-invalid", "true")
        await expect(turn.get_by_label("Hours: until")).to_have_value("18:00")
        await _is_fine(page)
        await page.get_by_label("Quiet hours: until").fill("07:00")
        await _save(page)
        await expect(page.get_by_text("On duty now: Nia Osei, until")).to_be_visible()

        await page.get_by_role("button", name="Send a test alert").click()
        await expect(page.get_by_text("A test alert is on its way.")).to_be_visible()
        await here.until(lambda: Delivery.exists(kind="alert_test", state=DeliveryState.SENT, target="billing-alerts"))
        await page.reload()
        await expect(page.get_by_text("The last test arrived")).to_be_visible()
        await _is_fine(page)

        await page.goto(f"{here.address}/admin/teams")
        await expect(page.get_by_role("row", name="Accounts & billing")).to_contain_text("Nia Osei, until")
        await _is_fine(page)
    assert (await Staff.get(key=NIA)).leads
    settings = duty.settings_of(await Team.get(key="billing"))
    assert settings.model_dump(mode="json")["quiet_hours"] == "22:00-07:00"


async def _save(page: Page) -> None:
    async with page.expect_navigation():  # the page that is left may say so, too
        await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")


async def _is_fine(page: Page) -> None:
    """Nobody is kept out of what is to be seen now, and nobody has to push it sideways."""
    assert await axe.complaints(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""Five minutes of an admin who is new here: she changes a wording, tries it, publishes it, and takes it back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from core.models.deliveries import Delivery
from core.models.setup import Wording
from tests import world
from tests.rigs.smtp import SmtpRig
from tests.web.admin import lee
from tests.world import World

pytestmark = pytest.mark.browser
ANN = "ann@example.net"
_TOGETHER = """() => {
  const [sheet, same] = [document.getElementById("f-body"), document.querySelector(".lines .same")];
  const marks = [...document.querySelectorAll(".lines .mark")];
  const end = (one) => one.offsetTop + one.offsetHeight;
  return sheet.scrollHeight === sheet.clientHeight && marks.length === sheet.value.split("\\n").length
    && Math.abs(end(marks.at(-1)) - end(same)) <= 1;
}"""
"""The sheet is as high as its text, and every line of it has its number where it stands."""


@pytest.fixture
async def here(sqlite_url: str, mail: SmtpRig) -> AsyncIterator[World]:
    setup = world.SETUP.replace('alert = { channel = "slack", to = "C0ALERTS" }', "").replace(
        'addresses = [{ channel = "slack", address = "U0KIM" }]', ""
    )
    async with world.between(sqlite_url, mail, more={"chat": {"kind": "webchat"}}, setup=setup) as running:
        yield running


async def test_she_changes_sees_tries_publishes_and_takes_back(here: World, mail: SmtpRig) -> None:
    async with lee.signed_in(here) as page:
        await page.get_by_role("link", name="Words", exact=True).click()
        await page.get_by_role("link", name="Question for a rating", exact=True).click()
        await page.get_by_role("button", name="Open").click()

        text = page.get_by_label("The text")
        await text.fill("Dear {{ contcat.name }}, {{ question }}")
        await expect(page.locator(".wrong .grave")).to_contain_text("Did you mean “contact”?")
        await expect(page.locator(".lines .bad")).to_have_count(1)
        await text.fill("Dear customer, {{ question }} ")
        await page.get_by_role("button", name="{{ ticket.number }}").click()
        await expect(text).to_have_value("Dear customer, {{ question }} {{ ticket.number }}")
        await page.keyboard.press("Control+z")
        await expect(text).to_have_value("Dear customer, {{ question }} ")
        await page.keyboard.press("Control+Shift+z")
        await expect(text).to_have_value("Dear customer, {{ question }} {{ ticket.number }}")
        for channel in ("webchat", "telegram", "slack"):
            await expect(page.locator(f".look.{channel}")).to_contain_text("Dear customer, How satisfied")
        frame = page.frame_locator(".desk.light iframe")
        await expect(frame.locator("body")).to_contain_text("Dear customer, How satisfied are you overall? CS2026")
        assert len([one for one in page.frames if "/templates/mail" in one.url]) == 1, (
            "the mail is loaded as it is shown, and in no other way"
        )
        await page.get_by_label("On a phone, by night").check()
        await expect(page.frame_locator(".phone.dark iframe").locator("body")).to_contain_text("Dear customer")
        await expect(page.locator(".mails iframe:visible")).to_have_count(1)
        await text.press_sequentially(" ")
        dark = page.frame_locator(".phone.dark iframe")
        await expect(page.get_by_text("Draft kept")).to_be_visible()
        await expect(page.get_by_label("On a phone, by night")).to_be_checked()
        await expect(dark.locator("body")).to_contain_text("Dear customer")
        await page.get_by_label("On a computer, by day").check()
        await expect(page.locator(".look.email pre")).to_contain_text("Dear customer")

        await expect(page.get_by_role("button", name="Publish…")).to_be_in_viewport()
        await expect(page.get_by_text("Take back", exact=True)).to_be_in_viewport()
        await expect(frame.get_by_role("link")).to_have_count(0)
        await page.get_by_role("button", name="Send me a test").click()
        await expect(page.get_by_text("on its way to you")).to_be_visible()
        test = await mail.mail_to(lee.MAIL)
        assert test.header("Subject").startswith("[Test]")
        assert "This is a test." in test.text
        assert "Dear customer" in test.text
        assert all("/r/trial" in link or "/u/trial" in link for _, link in test.links)
        assert not await Wording.exists()

        await page.get_by_role("button", name="Publish…").click()
        await expect(page.locator(".both .side").first).to_contain_text("is resolved")
        await expect(page.locator(".both .side").last).to_contain_text("Dear customer")
        await page.get_by_role("button", name="Publish", exact=True).click()
        await expect(page.get_by_text("Published.")).to_be_visible()
        await here.app.worker.sweep()
        await here.resolve("T-1", addresses=[("mail", ANN)])
        assert "Dear customer, How satisfied" in (await mail.mail_to(ANN)).text

        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("The words from before go out again")).to_be_visible()
        await here.app.worker.sweep()
        await here.resolve("T-2", addresses=[("mail", "kim@example.net")], contact="c-2")
        assert "is resolved" in (await mail.mail_to("kim@example.net")).text
        assert await Delivery.filter(kind="trial", state="sent").count() == 1


async def test_on_a_phone_nothing_sticks_out(here: World) -> None:
    async with lee.signed_in(here, width=360, height=740) as page:
        for path in ("", "/invite", "/edit?kind=invite&locale=en", "/edit?kind=alert&locale=zh-Hans"):
            await page.goto(f"{here.base_url}/admin/templates{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_words_that_cannot_go_out_come_back_with_what_is_wrong_in_sight(here: World) -> None:
    async with lee.signed_in(here, height=860) as page:
        await page.goto(f"{here.base_url}/admin/templates/edit?kind=received&locale=en")
        text = page.get_by_label("The text")
        await text.fill("Hello\n\n{{ contcat.name }}")
        await page.get_by_role("button", name="Publish…").click()
        notice = page.get_by_role("alert").filter(has_text="cannot go out yet")
        await expect(notice).to_contain_text("Did you mean “contact”?")
        await expect(notice).to_be_in_viewport(ratio=1)
        await expect(text).to_be_focused()
        assert await page.evaluate("getSelection().toString()") == "{{ contcat.name }}", "the line that is wrong"

        await text.fill("Hello\n\n{{ contact.nmae }}")
        await expect(notice).to_contain_text("Did you mean “name”?")
        await notice.get_by_role("link", name="Line 3:").click()
        await expect(text).to_be_focused()
        await text.fill("Hello\n\n{{ contact.name }}")
        await expect(page.get_by_text("Nothing is wrong with it.")).to_be_visible()
        await expect(notice).to_have_count(0)


async def test_numbers_stand_beside_their_lines_however_narrow_the_sheet_is(here: World) -> None:
    async with lee.signed_in(here) as page:
        await page.goto(f"{here.base_url}/admin/templates/edit?kind=thanks_positive&locale=en")
        text = page.get_by_label("The text")
        await text.fill(f"{await text.input_value()}\nThank you\n")
        for width in (1280, 640, 360, 320):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.wait_for_function(_TOGETHER, timeout=10_000)


async def test_the_section_that_is_open_is_in_sight_on_a_low_screen(here: World) -> None:
    async with lee.signed_in(here, height=640) as page:
        for section in ("Overview", "Audit"):
            await page.get_by_role("navigation").get_by_role("link", name=section, exact=True).click()
            current = page.locator(".sections [aria-current]")
            await expect(current).to_have_text(section)
            await expect(current).to_be_in_viewport(ratio=1)

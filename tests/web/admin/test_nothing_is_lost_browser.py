"""What somebody typed in the admin's browser is kept when it cannot be sent, and why it cannot is said on the page."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from core.accounts import accounts, sessions
from core.models.accounts import Account, Role, Session
from core.models.deliveries import Delivery
from core.models.reactions import Alert
from core.models.setup import StaffAddress, Survey
from core.models.wordings import WordingDraft
from core.reactions import recoveries
from tests.web.admin import unhappy
from tests.web.front import NOON, Front
from tests.web.test_survey_page_browser import browser, front  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser
EDITOR = "/admin/templates/edit?kind=invite&locale=en"
PHONE = {"width": 360, "height": 740}


async def lee_of() -> Account:
    """An admin who is on the desk, and can be reached for a test."""
    staff = await unhappy.person("Lee")
    await StaffAddress.get_or_create(staff=staff, channel="support-bot", address="900")
    found = await Account.get_or_none(email=staff.key)
    if found is None:
        found = await accounts.create(staff.key, Role.ADMIN, name="Lee", by="test", now=NOON)
        await Account.filter(id=found.id).update(staff_id=staff.id)
    return found


async def sign_in(front: Front, page: Page, account: Account | None = None) -> None:  # noqa: F811
    """As if it had been done in another window of the same browser."""
    person = account or await lee_of()
    kept = await sessions.begin(person, browser="Chromium", how="password", now=front.clock.now)
    await page.context.add_cookies([{"name": "afterword-admin", "value": kept, "url": front.site.base_url}])


@contextlib.asynccontextmanager
async def lee_at(front: Front, browser: Browser, path: str) -> AsyncIterator[Page]:  # noqa: F811
    """Lee at a phone; in the end no script has failed, and nothing was against the page's policy."""
    context = await browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    await sign_in(front, page)
    await page.goto(front.site.base_url + path)
    yield page
    assert complaints == []
    await context.close()


def said(page: Page) -> Locator:
    return page.locator(".trouble")


async def test_without_a_connection_an_act_in_the_inbox_says_so_until_it_works(
    front: Front,  # noqa: F811
    browser: Browser,  # noqa: F811
) -> None:
    await unhappy.alert(front)
    async with lee_at(front, browser, "/admin/inbox") as page:
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Take").click()
        await expect(said(page)).to_contain_text("There is no connection")
        await expect(said(page)).to_be_in_viewport()
        await expect(page.get_by_role("alert")).to_have_count(1)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        await page.context.set_offline(False)
        await page.get_by_role("button", name="Take").click()
        await expect(page.get_by_text("It is yours.")).to_be_visible()
        await expect(said(page)).to_be_hidden()


async def test_a_reply_outlives_the_session(front: Front, browser: Browser) -> None:  # noqa: F811
    await unhappy.alert(front)
    async with lee_at(front, browser, "/admin/inbox") as page:
        await page.get_by_label("Reply…").click()
        await page.get_by_label("Your reply").fill("A new cable <3")
        await page.get_by_label("Your reply").evaluate("one => (one.style.height = '200px')")  # by its corner
        await Session.all().delete()
        await page.get_by_role("button", name="Send to the customer").click()
        await expect(said(page)).to_contain_text("You are signed out")
        link = said(page).get_by_role("link", name="Sign in in another window")
        assert (await link.get_attribute("target"), await link.get_attribute("href")) == ("_blank", "/admin/login")
        await expect(page.get_by_label("Your reply")).to_have_value("A new cable <3")
        await sign_in(front, page)
        await page.get_by_role("button", name="Send to the customer").click()
        await expect(page.get_by_text("Your reply is on its way")).to_be_visible()
        await expect(said(page)).to_be_hidden()
    assert (await Delivery.get(kind="reply")).payload["text"] == "A new cable <3"


async def test_what_is_wrong_with_an_act_stands_in_its_open_form(front: Front, browser: Browser) -> None:  # noqa: F811
    await unhappy.alert(front)
    async with lee_at(front, browser, "/admin/inbox") as page:
        await page.get_by_label("Reply…").click()
        for _ in range(2):  # the second time the form that goes is one that was refused itself
            await page.get_by_label("Your reply").fill("    ")
            await page.get_by_role("button", name="Send to the customer").click()
            await expect(page.get_by_label("Your reply")).to_have_attribute("aria-invalid", "true")
            await expect(page.locator(".item .problem")).to_be_visible()
            await expect(page.get_by_label("Your reply")).to_be_focused()
            await expect(said(page)).to_be_hidden()
        await page.get_by_label("Resolve…").click()
        await expect(page.get_by_label("Your reply")).to_be_hidden()


async def test_what_cannot_be_done_any_more_is_not_offered_beside_the_open_form(
    front: Front,  # noqa: F811
    browser: Browser,  # noqa: F811
) -> None:
    await unhappy.alert(front)
    async with lee_at(front, browser, "/admin/inbox?whose=all") as page:
        await page.get_by_label("Reply…").click()
        await page.get_by_label("Your reply").fill("On it")
        kim = await unhappy.person("Kim")
        raised = await Alert.get().select_related("recovery", "ticket", "response")
        await recoveries.take(raised, kim, now=front.clock.now)
        await page.evaluate("htmx.ajax('GET', '/admin/inbox?part=list&whose=all', {source: '#live', swap: 'none'})")
        await expect(page.locator(".news")).to_contain_text("taken by Kim")
        await expect(page.get_by_role("button", name="Take")).to_have_count(0)
        await expect(page.get_by_label("Snooze…")).to_have_count(0)
        await expect(page.get_by_label("Assign…")).to_be_visible()
        await expect(page.get_by_label("Your reply")).to_have_value("On it")


async def test_the_editor_takes_back_what_it_said_of_the_words_before(front: Front, browser: Browser) -> None:  # noqa: F811
    async with lee_at(front, browser, EDITOR) as page:
        text, verdict = page.get_by_label("The text"), page.locator(".verdict")
        await text.fill("One {{ question }}")
        await expect(verdict).to_contain_text("Draft kept")
        await page.context.set_offline(True)
        await text.fill("Two {{ question }}")
        await expect(said(page)).to_contain_text("There is no connection")
        await expect(verdict).not_to_contain_text("Draft kept")
        await expect(verdict).not_to_contain_text("Nothing is wrong")
        await expect(verdict).to_contain_text("not kept")
        await page.get_by_role("button", name="Publish…").click()
        await expect(text).to_have_value("Two {{ question }}")
        await page.context.set_offline(False)
        await Session.all().delete()
        await text.fill("Three {{ question }}")
        await expect(said(page)).to_contain_text("You are signed out")
        await sign_in(front, page)
        await text.fill("Four {{ question }}")
        await expect(verdict).to_contain_text("Draft kept")
        await expect(said(page)).to_be_hidden()
        await text.fill("🎈" * 60_000)
        await expect(said(page)).to_contain_text("more than we can take at once")
        await expect(verdict).to_contain_text("not kept")
        await text.fill("🎈" * 20_001)
        await expect(verdict).to_contain_text("At most 20000 characters")
        await expect(verdict).not_to_contain_text("Draft kept")
        await page.route("**/templates/check", lambda route: route.fulfill(status=500))
        await text.fill("Five {{ question }}")
        await expect(said(page)).to_contain_text("on our side")
        await page.unroute("**/templates/check")
        await Account.all().update(role=Role.AUDITOR)
        await text.fill("Six {{ question }}")
        await expect(said(page)).to_contain_text("not allowed to do that any more")
    assert (await WordingDraft.get()).source.endswith("Four {{ question }}")


async def test_a_long_form_outlives_the_session_and_the_token(front: Front, browser: Browser) -> None:  # noqa: F811
    async with lee_at(front, browser, "/admin/surveys/new") as page:
        await page.locator("#f-key").fill("typed")
        publish = page.locator("button[name=do][value=publish]").last
        await Session.all().delete()
        await publish.click()
        await expect(said(page)).to_contain_text("You are signed out")
        await expect(page.locator("#f-key")).to_have_value("typed")
        stranger = await accounts.create("eve@example.org", Role.ADMIN, name="Eve", by="test", now=front.clock.now)
        await sign_in(front, page, stranger)
        await publish.click()
        await expect(said(page)).to_contain_text("Somebody else is signed in")
        assert not await Survey.filter(key="typed").exists()
        await sign_in(front, page)
        await publish.click()
        await page.get_by_role("button", name="Publish it now").click()
        await expect(page).not_to_have_url(f"{front.site.base_url}/admin/surveys/new")
    assert await Survey.filter(key="typed").exists()


async def test_a_test_holds_what_stands_in_the_editor(front: Front, browser: Browser) -> None:  # noqa: F811
    async with lee_at(front, browser, EDITOR) as page:
        text = page.get_by_label("The text")
        await text.fill("Just typed {{ question }}")
        await page.get_by_role("button", name="Send me a test").click()
        await expect(page.get_by_text("on its way to you")).to_be_visible()
        await expect(text).to_have_value("Just typed {{ question }}")
    row = await Delivery.get(kind="trial")
    assert "Just typed" in str(row.payload["source"])


async def test_of_two_windows_the_second_is_told_and_says_which_words_stay(front: Front, browser: Browser) -> None:  # noqa: F811
    async with lee_at(front, browser, EDITOR) as page:
        other = await page.context.new_page()
        await other.goto(front.site.base_url + EDITOR)
        await page.get_by_label("The text").fill("In one {{ question }}")
        await expect(page.locator(".verdict")).to_contain_text("Draft kept")
        await other.get_by_label("The text").fill("In another {{ question }}")
        await expect(other.get_by_role("alert")).to_contain_text("in another window")
        assert "In one" in (await WordingDraft.get()).source
        await other.get_by_role("button", name="Keep what stands here instead").click()
        await expect(other.get_by_text("The draft is kept.")).to_be_visible()
        assert "In another" in (await WordingDraft.get()).source
        await other.get_by_label("The text").press_sequentially(" and typed on, faster than the answers come ")
        await other.get_by_label("Show it with a real ticket").fill("NOPE")
        await expect(other.locator("#p-ticket")).to_contain_text("There is no ticket NOPE")
        await expect(other.locator("#f-ticket")).to_have_attribute("aria-invalid", "true")
        await other.get_by_label("Show it with a real ticket").fill("")
        await expect(other.locator("#p-ticket")).to_be_empty()
        await expect(other.locator(".verdict")).to_contain_text("Draft kept")


async def test_a_language_file_that_is_too_large_is_named_before_it_is_sent(front: Front, browser: Browser) -> None:  # noqa: F811
    async with lee_at(front, browser, "/admin/languages") as page:
        field = page.locator("#f-file")
        for size, words in ((1_100_000, "A language file has at most 1 MB. Nothing was changed."), (10, "")):
            await field.set_input_files({"name": "de.po", "mimeType": "text/plain", "buffer": b"x" * size})
            assert await field.evaluate("one => one.validationMessage") == words

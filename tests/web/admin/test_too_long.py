"""What an admin types is never cut: a value that is too long stays in its field, with the limit beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.accounts import accounts, invitations
from core.models.accounts import Account, Invitation, Role
from core.models.setup import Staff, Survey, Team
from tests.web.admin.desk import PASSWORD, Browser, at
from tests.web.front import Front, Page

TEMPLATES = Path(__file__).parents[3] / "bot/templates/web/admin"
LONG = "A name that goes on and on. " * 12  # 336 characters
CUT = "maxlength"


@pytest.fixture
def front(sqlite_front: Front) -> Front:
    return sqlite_front


def kept(page: Page, name: str) -> str:
    """What stands in the field of that name."""
    return next(one["value"] for one in page.all("input", name=name) if one.get("value"))


def said(browser: Browser, name: str) -> str:
    """What stands beside it."""
    found = re.search(rf'id="p-{re.escape(name)}">([^<]+)<', browser.html)
    assert found, browser.html
    return found[1]


def test_no_browser_is_told_to_cut_what_is_typed_or_pasted() -> None:
    """Search boxes and signing in keep nothing; all other fields are judged where the answer can say why."""
    found = [
        f"{file.name}:{number}"
        for file in sorted(TEMPLATES.glob("*.j2"))
        if file.name != "login.html.j2"
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if CUT in line and 'type="search"' not in line
    ]
    assert not found, found


async def test_ones_own_name(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/account")
    page = await browser.send("/admin/account", name=LONG, locale="zh-Hans")
    assert (browser.status, kept(page, "name")) == (422, LONG)
    assert said(browser, "name") == "At most 120 characters."
    assert [one["value"] for one in page.all("option") if "selected" in one] == ["zh-Hans"]
    assert (await Account.get(email="admin@kestrel.example")).name == "Lee <3"
    await browser.send("/admin/account", name="N" * 120, locale="")
    assert (await Account.get(email="admin@kestrel.example")).name == "N" * 120


async def test_the_name_of_somebody_elses_account_and_of_an_invitation(front: Front) -> None:
    browser = await at(front)
    other = await accounts.create("kim@kestrel.example", Role.AGENT, by="test", now=front.clock.now)
    await browser.open(f"/admin/accounts/{other.id}")
    page = await browser.send(f"/admin/accounts/{other.id}", name=LONG, role="agent", active="on")
    assert (browser.status, kept(page, "name"), said(browser, "name")) == (422, LONG, "At most 120 characters.")
    await browser.open("/admin/accounts")
    page = await browser.send("/admin/accounts", email="li@kestrel.example", name=LONG, role="agent")
    assert (browser.status, kept(page, "name"), said(browser, "name")) == (422, LONG, "At most 120 characters.")
    await browser.send("/admin/accounts", email=f"{'l' * 60}@{'.'.join(['d' * 50] * 5)}.example.org", role="agent")
    assert browser.status == 422, "an address is not cut until it is one"
    assert not await Invitation.exists()


async def test_the_name_of_whoever_was_invited(front: Front) -> None:
    code = await invitations.to("li@kestrel.example", Role.AGENT, by="test", now=front.clock.now)
    browser = Browser(front)
    await browser.open(f"/setup/{code}")
    page = await browser.send(name=LONG, password=PASSWORD, again=PASSWORD)
    assert (browser.status, kept(page, "name"), said(browser, "name")) == (422, LONG, "At most 120 characters.")
    assert not await Account.filter(email="li@kestrel.example").exists()


async def test_the_names_of_teams_and_of_staff(front: Front) -> None:
    browser = await at(front)
    for path, fields in (("/admin/teams", {"key": "new"}), ("/admin/staff", {"email": "li@kestrel.example"})):
        await browser.open(path)
        page = await browser.send(path, name=LONG, **fields)
        assert (browser.status, kept(page, "name").strip()) == (422, LONG.strip())
        assert said(browser, "name") == "At most 120 characters."
    assert not await Team.filter(key="new").exists()
    assert not await Staff.filter(email="li@kestrel.example").exists()


async def test_a_surveys_words_and_the_note_on_its_version(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/surveys/default")
    page = await browser.post("/admin/surveys/default", **filled(browser, **{"title-en": LONG, "do": "publish"}))
    assert (browser.status, kept(page, "title-en")) == (422, LONG.strip())
    assert said(browser, "title-en") == "At most 200 characters."
    await browser.open("/admin/surveys/default")
    fields = filled(browser, **{"title-en": "Short", "do": "publish"})
    await browser.post("/admin/surveys/default", **fields)
    page = await browser.post("/admin/surveys/default", **fields, sure="yes", note=LONG)
    assert (browser.status, kept(page, "note")) == (422, LONG.strip())
    assert said(browser, "note") == "At most 200 characters."
    assert (await Survey.get(key="default", current=True)).version == 1


async def test_the_note_on_published_words(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/templates/edit?kind=invite&locale=en")
    await browser.send("/admin/templates/edit", subject="S", preheader="", body="Hi {{ question }}", do="keep")
    await browser.open("/admin/templates/publish?kind=invite&locale=en")
    page = await browser.send("/admin/templates/publish", note=LONG)
    assert (browser.status, kept(page, "note"), said(browser, "note")) == (422, LONG.strip(), "At most 200 characters.")


def filled(browser: Browser, **changed: str) -> dict[str, str]:
    """The survey's form as it stands, with what is changed."""
    found = {one["name"]: one.get("value", "") for one in browser.page.all("input") if one.get("name")}
    ticked = {one["name"] for one in browser.page.all("input", type="checkbox") if "checked" not in one}
    found = {name: value for name, value in found.items() if name not in ticked}
    chosen = re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', browser.html, re.DOTALL)
    for name, options in chosen:
        on = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        found[name] = on[1] if on else ""
    return {**found, **changed}

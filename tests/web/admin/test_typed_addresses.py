"""An address that somebody types is checked where it is typed: what can be none in its channel is marked, not kept."""

from __future__ import annotations

from typing import Any

import pytest

from bot import channels
from bot.channels.email.settings import EmailSettings
from core.models.contacts import Address, Contact
from core.models.setup import Rule, Staff, StaffAddress, Team
from core.reactions import duty
from tests.web.admin import unhappy
from tests.web.admin.desk import Browser, at, span
from tests.web.front import Front

NO_MAIL = "That is not an e-mail address."


@pytest.fixture
def front(sqlite_front: Front) -> Front:
    """With a channel for mails beside the bot."""
    settings = EmailSettings.model_validate({"kind": "email", "from": "a@example.org", "smtp_host": "127.0.0.1"})
    mail = channels.build("mail", settings, base_url=sqlite_front.site.base_url)
    doors = sqlite_front.site.channels
    assert isinstance(doors, dict)
    doors["mail"] = mail
    return sqlite_front


def marked(browser: Browser, name: str) -> bool:
    [field] = [one for tag in ("input", "select") for one in browser.page.all(tag, name=name)]
    said = field.get("aria-describedby", "").split()
    shown = {one.get("id", "") for tag in ("span", "p") for one in browser.page.all(tag)}
    return field.get("aria-invalid") == "true" and bool(shown.intersection(said))


async def test_a_teams_place_and_the_steps_of_its_ladder_are_checked(front: Front) -> None:
    team = await Team.create(key="support", name="Support")
    browser = await at(front)
    await browser.open(f"/admin/teams/{team.id}")
    step = {
        **span("ladder.0.after", "15", "m"),
        "ladder.0.to": "place",
        "ladder.0.channel": "mail",
        "ladder.0.address": "not-a",
    }
    wrong = {"alert.channel": "mail", "alert.to": "not a mail", **step}
    await browser.send(f"/admin/teams/{team.id}", name="Support", **wrong)
    assert browser.status == 422
    assert marked(browser, "alert.to")
    assert marked(browser, "ladder.0.address")
    assert NO_MAIL in browser.page.text
    right = {**wrong, "alert.to": "team@example.org", "ladder.0.address": "lead@example.org"}
    await browser.send(f"/admin/teams/{team.id}", name="Support", **right)
    assert (await Team.get()).alert_to == "team@example.org"


async def test_half_a_place_and_steps_out_of_order_mark_their_fields(front: Front) -> None:
    team = await Team.create(key="support", name="Support")
    browser = await at(front)
    await browser.open(f"/admin/teams/{team.id}")
    await browser.send(f"/admin/teams/{team.id}", **{"alert.channel": "mail", "alert.to": ""})
    assert marked(browser, "alert.channel")
    assert marked(browser, "alert.to")
    late: dict[str, Any] = {
        **span("ladder.0.after", "1", "h"),
        "ladder.0.to": "lead",
        **span("ladder.1.after", "5", "m"),
        "ladder.1.to": "duty",
    }
    await browser.send(f"/admin/teams/{team.id}", **late)
    assert marked(browser, "ladder.1.after.number")
    await browser.send(f"/admin/teams/{team.id}", **span("ladder.0.after", "1", "h"), **{"ladder.0.to": "place"})
    assert marked(browser, "ladder.0.address")


async def test_every_admin_by_mail_takes_the_only_channel_that_sends_mails(front: Front) -> None:
    team = await Team.create(key="support", name="Support")
    browser = await at(front)
    await browser.open(f"/admin/teams/{team.id}")
    step = {**span("ladder.0.after", "15", "m"), "ladder.0.to": "admins"}
    await browser.send(f"/admin/teams/{team.id}", name="Support", **step)
    assert browser.status == 200
    assert [(step.to, step.channel) for step in duty.settings_of(await Team.get()).ladder] == [("admins", "mail")]
    assert "Lee <3 (every admin, by mail)" in browser.page.text


async def test_where_there_are_two_channels_for_mails_one_is_chosen(front: Front) -> None:
    doors = front.site.channels
    assert isinstance(doors, dict)
    doors["billing"] = doors["mail"]
    team = await Team.create(key="support", name="Support")
    browser = await at(front)
    await browser.open(f"/admin/teams/{team.id}")
    step = {**span("ladder.0.after", "15", "m"), "ladder.0.to": "admins"}
    await browser.send(f"/admin/teams/{team.id}", name="Support", **step)
    assert browser.status == 422
    assert marked(browser, "ladder.0.channel")


async def test_a_team_page_says_when_nobody_is_told(front: Front) -> None:
    team = await Team.create(key="support", name="Support")
    browser = await at(front)
    page = await browser.open(f"/admin/teams/{team.id}")
    assert "no team has a place for alerts" in page.text
    assert "the place of the first team" not in page.text
    await Team.create(key="orders", alert_channel="support-bot", alert_to="-1")
    page = await browser.open(f"/admin/teams/{team.id}")
    assert "the place of the first team that has one" in page.text


@pytest.mark.parametrize("email", ["nomail", "-1", "a b@example.org"])
async def test_a_member_of_staff_has_an_address_that_is_one(front: Front, email: str) -> None:
    browser = await at(front)
    await browser.open("/admin/staff")
    await browser.send("/admin/staff", email=email, name="Bo", team="")
    assert browser.status == 422
    assert marked(browser, "email")
    assert not await Staff.exists()
    person = await Staff.create(key="bo@example.org", email="bo@example.org", name="Bo")
    await browser.open(f"/admin/staff/{person.id}")
    row = {"addresses.0.channel": "mail", "addresses.0.address": email}
    await browser.send(browser.path, name="Bo", email=email, active="on", **row)
    assert browser.status == 422
    assert marked(browser, "email")
    assert marked(browser, "addresses.0.address")
    assert not await StaffAddress.exists()


async def test_whom_a_rule_tells_by_mail_is_checked(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/rules/new")
    told = {"then": "alert_place", "then.0.channel": "mail", "then.0.to": "not an address"}
    await browser.post("/admin/rules/new", do="save", key="tell", event="response.settled", **told)
    assert browser.status == 422
    assert NO_MAIL in browser.page.text or "without blanks" in browser.page.text
    assert marked(browser, "then.0.to")
    told["then.0.to"] = "lead@example.org"
    await browser.post("/admin/rules/new", do="save", key="tell", event="response.settled", **told)
    assert await Rule.exists(key="tell")


async def test_a_contacts_address_is_checked_and_told_when_it_is_there_already(front: Front) -> None:
    contact = await Contact.create(name="Ann", created_at=front.clock.now)
    browser = await at(front)
    path = f"/admin/contacts/{contact.id}"
    await browser.open(path)
    await browser.send(f"{path}/addresses", channel="mail", address="nonsense")
    assert browser.status == 422
    assert NO_MAIL in browser.page.text
    assert not await Address.exists()
    await browser.send(f"{path}/addresses", channel="mail", address="ann@example.org")
    assert "The address is added" in browser.page.text
    await browser.send(f"{path}/addresses", channel="mail", address="ann@example.org")
    assert browser.status == 422
    assert "The contact has this address already." in browser.page.text
    assert await Address.all().count() == 1


async def test_a_name_that_is_too_long_is_told_and_not_cut(front: Front) -> None:
    contact = await Contact.create(name="Ann", created_at=front.clock.now)
    browser = await at(front)
    path = f"/admin/contacts/{contact.id}"
    await browser.open(path)
    await browser.send(path, name="x" * 10_000, locale="en", tier="")
    assert browser.status == 422
    assert marked(browser, "name")
    assert (await Contact.get()).name == "Ann"


async def test_all_that_is_wrong_with_a_new_request_is_said_at_once(front: Front) -> None:
    kim = await unhappy.browser_of(front)
    await kim.open("/admin/tickets/new")
    wrong = {"channel": "mail", "address": "nonsense", "subject": "", "text": "x" * 4001, "type": "inquiry"}
    await kim.send("/admin/tickets/new", **wrong)
    assert kim.status == 422
    assert marked(kim, "address")
    assert marked(kim, "subject")
    assert kim.page.all("textarea", name="text")[0]["aria-invalid"] == "true"
    await kim.send("/admin/tickets/new", **{**wrong, "channel": "", "address": ""})
    assert marked(kim, "channel")
    assert marked(kim, "address")

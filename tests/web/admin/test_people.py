"""Teams and staff in the browser: who is told of an alert, who is on duty, and which account is whom."""

from __future__ import annotations

from typing import Any

from bot import site as bot_site
from bot.channels.webchat.channel import WebchatChannel
from bot.channels.webchat.settings import WebchatSettings
from bot.staff import alerts as staff_alerts
from core.models.accounts import Account, AuditLine, Role
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.setup import Rule, Staff, StaffAddress, Team
from core.models.wordings import ABTest
from core.reactions import duty
from core.wordings import drafts, publishing
from core.wordings.drafts import Words
from core.wordings.scopes import Scope
from tests.web.admin import desk
from tests.web.front import Front

LI = "li@example.org"


async def support() -> Team:
    team = await Team.create(key="support", name="Support <b>", alert_channel="support-bot", alert_to="-100")
    await Staff.create(key=LI, email=LI, name="Li <3", team=team)
    await Staff.create(key="kim@example.org", name="Kim", team=team, leads=True)
    return team


def filled(**more: Any) -> dict[str, Any]:
    return {
        "name": "Support",
        "alert.channel": "support-bot",
        "alert.to": "-100",
        **desk.span("ladder.0.after", "15", "m"),
        "ladder.0.to": "duty",
        **desk.span("ladder.2.after", "1", "h"),
        "ladder.2.to": "place",
        "ladder.2.channel": "support-bot",
        "ladder.2.address": "-200",
        "duty.0.who": LI,
        "duty.0.days": ["sun", "mon"],
        **desk.hours("duty.0.hours", "09:00", "18:00"),
        **more,
    }


async def test_a_team_gets_a_ladder_and_a_rota_and_shows_what_would_happen_now(front: Front) -> None:
    page = f"/admin/teams/{(await support()).id}"
    browser = await desk.at(front)
    await browser.open(page)
    assert "the thread names the team" in browser.html
    await browser.send(page, **filled())

    assert browser.page.all("p", role="status"), browser.html
    assert "On duty now: Li &lt;3, until" in browser.html
    assert "18:00" in browser.html
    assert "12:15" in browser.html
    assert "has no address" in browser.html
    assert "Telegram: -200" in browser.html
    settings = duty.settings_of(await Team.get())
    assert [(step.to, step.address) for step in settings.ladder] == [("duty", ""), ("", "-200")]
    assert settings.duty[0].days == ("mon", "sun")
    [line] = await AuditLine.filter(subject="team:support")
    assert line.action == "team.changed"


async def test_what_is_wrong_stands_in_its_row_and_what_was_typed_stays(front: Front) -> None:
    page = f"/admin/teams/{(await support()).id}"
    browser = await desk.at(front)
    await browser.open(page)
    wrong = {"ladder.2.after.number": "soon", "ladder.2.channel": "slak", "timezone": "Moon/Base", "duty.0.who": LI}
    await browser.send(page, **filled(**wrong))

    assert browser.status == 422
    [cell] = browser.page.all("input", name="ladder.1.after.number")
    assert (cell["value"], cell["aria-invalid"]) == ("soon", "true")
    assert browser.page.all("span", id="p-ladder.1.after")
    assert browser.page.all("span", id="p-timezone")
    assert not duty.settings_of(await Team.get()).ladder


async def test_who_saves_over_anothers_change_is_shown_it_first(front: Front) -> None:
    page = f"/admin/teams/{(await support()).id}"
    mine, theirs = await desk.at(front), await desk.at(front)
    await mine.open(page)
    await theirs.open(page)
    await theirs.send(page, **filled(name="Theirs"))
    await mine.send(page, **filled(name="Mine"))

    assert mine.status == 409
    assert "Theirs" in mine.html
    assert (await Team.get()).name == "Theirs"
    [name] = mine.page.all("input", name="name")
    assert name["value"] == "Mine"


async def test_a_team_that_something_names_stays_and_another_goes(front: Front) -> None:
    team = await support()
    await front.invite()
    browser = await desk.at(front)
    rule = await Rule.first()
    assert rule is not None
    rule.settings = {**rule.settings, "when": {"teams": ["support"]}}
    await rule.save()
    page = f"/admin/teams/{team.id}"
    await browser.open(page)
    assert browser.page.all("a", href="/admin/rules/negative")
    await browser.post(f"{page}/remove")
    assert browser.status == 422
    assert "something still names it" in browser.page.text
    assert await Team.exists()

    await Rule.all().delete()
    await browser.open(page)
    await browser.send(f"{page}/remove")
    assert "Remove the team" in browser.page.text
    assert await Team.exists(), "it asks first"
    await browser.post(f"{page}/remove", **browser.page.hidden(), sure="yes")
    assert not await Team.exists()
    assert (await Ticket.get()).team_id is None
    assert (await Staff.get(key=LI)).team_id is None


async def test_what_names_a_team_is_said_in_words_and_leads_there(front: Front) -> None:
    team = await support()
    scope = Scope("invite", "en", "support")
    seen = (await drafts.standing(scope)).mark
    words = Words("", "Own: {{ question }} {{ ticket.number }}")
    await publishing.publish(scope, words, seen=seen, actor=LI, now=front.clock.now)
    sizes = {"size_a": 9, "size_b": 9, "share": 50, "base": 0.4, "difference": 20}
    now = front.clock.now
    test = await ABTest.create(key="k", **scope.columns, **sizes, words={}, until=now, started_at=now, started_by=LI)
    browser = await desk.at(front)
    page = await browser.open(f"/admin/teams/{team.id}")
    assert page.text.count("Question for a rating: English, team Support <b>") == 2
    assert "A/B test Question for a rating: English, team Support <b>" in page.text
    assert "locale=en" not in page.text
    assert page.all("a", href="/admin/templates/edit?kind=invite&locale=en&team=support")
    assert page.all("a", href=f"/admin/templates/ab-tests/{test.id}")


async def test_somebody_is_added_gets_addresses_and_leaves(front: Front) -> None:
    await support()
    browser = await desk.at(front)
    await browser.open("/admin/staff")
    await browser.send("/admin/staff", email="bo@example.org", name="Bo", team="support")
    page = browser.path
    bo = {"name": "Bo", "email": "bo@example.org", "team": "support"}
    bo |= desk.hours("quiet_hours", "22:00", "07:00")
    row = {"addresses.0.channel": "support-bot", "addresses.0.address": "4711"}
    await browser.send(page, **bo, **row, active="on")
    person = await Staff.get(key="bo@example.org")
    assert person.quiet_hours == "22:00-07:00"
    assert (await StaffAddress.get()).address == "4711"

    await browser.send(page, **bo, **{**row, "addresses.0.address": ""})
    await person.refresh_from_db()
    assert not person.active
    assert not await StaffAddress.exists()


async def test_nobody_is_added_without_an_address(sqlite_front: Front) -> None:
    browser = await desk.at(sqlite_front)
    await browser.open("/admin/staff")
    await browser.send("/admin/staff", email=" ", name="Bo")
    [field] = browser.page.all("input", id="f-email")
    assert (field["aria-invalid"], field["aria-describedby"]) == ("true", "p-email"), "it gets the focus, too"
    assert "An e-mail address is needed." in browser.page.text
    assert browser.page.all("input", id="f-name")[0]["value"] == "Bo"


async def test_an_address_is_one_persons(front: Front) -> None:
    await support()
    li, kim = await Staff.get(key=LI), await Staff.get(key="kim@example.org")
    await StaffAddress.create(staff=kim, channel="support-bot", address="5")
    browser = await desk.at(front)
    await browser.open(f"/admin/staff/{li.id}")
    row = {"addresses.0.channel": "support-bot", "addresses.0.address": "5"}
    await browser.send(browser.path, name="Li", email=LI, active="on", **row)
    assert browser.status == 422
    assert "is kim@example.org already" in browser.html


async def test_an_account_is_a_member_of_staff_and_nobody_is_two(front: Front) -> None:
    await support()
    browser = await desk.at(front)
    one = await desk.account(front, Role.AGENT)
    two = await desk.account(front, Role.SUPERVISOR)
    for account in (one, two):
        await browser.open(f"/admin/accounts/{account.id}")
        await browser.post(browser.path, name="Lee", role=str(account.role), active="on", staff=LI)
    assert browser.status == 422
    assert f"another account already: {one.email}" in browser.html
    linked = await Account.filter(staff__key=LI)
    assert [account.id for account in linked] == [one.id]
    lines = await AuditLine.filter(subject=f"account:{one.email}").order_by("id")
    assert (lines[-1].after or {})["staff"] == LI
    await browser.open(f"/admin/staff/{(await Staff.get(key=LI)).id}")
    assert one.email in browser.html


async def test_who_may_only_look_finds_nothing_to_press(front: Front) -> None:
    team = await support()
    browser = await desk.at(front, Role.SUPERVISOR)
    for page in (f"/admin/teams/{team.id}", f"/admin/staff/{(await Staff.get(key=LI)).id}"):
        await browser.open(page)
        assert browser.status == 200
        assert not browser.page.all("button", **{"class": "main"})


async def test_a_test_alert_is_answered_in_place_so_that_the_form_stays_as_it_is(front: Front) -> None:
    page = f"/admin/teams/{(await support()).id}"
    browser = await desk.at(front)
    await browser.open(page)
    [form] = browser.page.all("form", action=f"{page}/test")
    assert (form["hx-post"], form["hx-target"], form["hx-select"]) == (f"{page}/test", "#trial", "#trial")
    csrf = {"csrf": browser.page.hidden()["csrf"]}
    answer = await browser.client.post(f"{page}/test", data=csrf, headers={"hx-request": "true"})
    assert answer.status_code == 200
    part = answer.text.partition('id="trial"')[2].partition("</section>")[0]
    assert "A test alert is on its way." in part
    assert "hx-redirect" not in answer.headers


async def test_a_test_to_a_web_chat_that_nobody_has_used_is_not_said_to_have_arrived(front: Front) -> None:
    front.site.channels["chat"] = WebchatChannel("chat", WebchatSettings(kind="webchat"), base_url=front.site.base_url)
    team = await Team.create(key="web", name="Web", alert_channel="chat", alert_to="nobody-yet")
    browser = await desk.at(front)
    await browser.open(f"/admin/teams/{team.id}")
    await browser.send(f"/admin/teams/{team.id}/test")
    await Delivery.filter(kind="alert_test").update(state="sent", sent_at=front.clock.now)
    page = await browser.open(f"/admin/teams/{team.id}")
    assert "Nobody called nobody-yet has used" in page.text
    assert "The last test arrived" not in page.text


async def test_a_test_alert_goes_to_the_first_place_and_says_that_it_is_one(front: Front) -> None:
    page = f"/admin/teams/{(await support()).id}"
    browser = await desk.at(front)
    await browser.open(page)
    await browser.send(f"{page}/test")
    assert "on its way" in browser.html
    row = await Delivery.get(kind="alert_test")
    assert (row.channel, row.target) == ("support-bot", "-100")
    place = bot_site.Site("Kestrel", "https://survey.example.org", front.site.templates)
    drawn = await staff_alerts.draw(row, front.site.channels["support-bot"], place, now=front.clock.now)
    assert drawn is not None
    assert drawn.plain.startswith("This is a test. Nobody is unhappy.")
    assert "Support <b>" in drawn.plain
    assert "Lee <3 wanted to know." in drawn.plain
    assert "@" not in drawn.plain
    assert [line.action for line in await AuditLine.filter(subject="team:support")] == ["team.alert_tested"]


async def test_a_stale_form_neither_opens_a_closed_account_nor_gives_a_role_back(front: Front) -> None:
    await support()
    one = await desk.account(front, Role.AGENT)
    page = f"/admin/accounts/{one.id}"
    mine, theirs = await desk.at(front), await desk.at(front, email="kim@kestrel.example")
    await mine.open(page)
    await theirs.open(page)
    await theirs.send(page, name="Lee", role="supervisor", staff=LI)
    await mine.send(page, name="Lee Moon", role="agent", active="on", staff="")

    assert mine.status == 409
    assert "This was changed since you opened it" in mine.page.text
    assert "Supervisor" in mine.page.text
    assert mine.page.all("input", name="name")[0]["value"] == "Lee Moon"
    row = await Account.get(id=one.id).select_related("staff")
    assert (row.name, row.role, row.active) == ("Lee", Role.SUPERVISOR, False)
    assert row.staff is not None

    await mine.send(page, name="Lee Moon", role="agent", staff="")
    row = await Account.get(id=one.id)
    assert (row.name, row.role, row.active, row.staff_id) == ("Lee Moon", Role.AGENT, False, None)


async def test_a_form_without_a_mark_changes_no_account(sqlite_front: Front) -> None:
    one = await desk.account(sqlite_front, Role.AGENT)
    browser = await desk.at(sqlite_front)
    await browser.open(f"/admin/accounts/{one.id}")
    await browser.post(browser.path, name="X", role="admin", active="on", staff="", seen="")
    assert browser.status == 409
    assert (await Account.get(id=one.id)).role is Role.AGENT


async def test_who_would_take_the_admins_role_from_themselves_is_asked_first(sqlite_front: Front) -> None:
    await desk.account(sqlite_front, email="kim@kestrel.example")
    browser = await desk.at(sqlite_front)
    own = await Account.get(email="admin@kestrel.example")
    page = f"/admin/accounts/{own.id}"
    for fields in ({"role": "agent", "active": "on"}, {"role": "admin"}):
        await browser.open(page)
        await browser.send(page, name="Lee", staff="", **fields)
        assert "This is your own account" in browser.page.text
        row = await Account.get(id=own.id)
        assert (row.role, row.active, row.name) == (Role.ADMIN, True, "Lee <3"), "nothing is written yet"
    [sure] = browser.page.all("button", name="sure")
    await browser.send(page, name="Lee", staff="", role="agent", active="on", sure=sure["value"])
    assert "This is your own account" in browser.page.text, "it was another question"
    [sure] = browser.page.all("button", name="sure")
    await browser.send(page, name="Lee", staff="", role="agent", active="on", sure=sure["value"])
    assert (await Account.get(id=own.id)).role is Role.AGENT
    assert browser.path == "/admin/login" or browser.status in {401, 403}


async def test_the_first_admin_adds_themselves_by_one_click(front: Front) -> None:
    browser = await desk.at(front)
    page = await browser.open("/admin/staff")
    [link] = [one["href"] for one in page.all("a") if one.get("href", "").startswith("/admin/staff?me")]
    page = await browser.open(link.partition("#")[0])
    assert page.all("input", name="email")[0]["value"] == "admin@kestrel.example"
    await browser.send("/admin/staff", email="admin@kestrel.example", name=page.all("input", name="name")[0]["value"])
    assert await Staff.exists(key="admin@kestrel.example", name="Lee <3")
    assert "That’s me" not in (await browser.open("/admin/staff")).text


async def test_who_adds_themselves_is_that_person_in_the_inbox_at_once(front: Front) -> None:
    browser = await desk.at(front)
    await browser.open("/admin/inbox")
    assert "/admin/accounts/" in browser.html, "it says that one is nobody on the desk, and where to change that"
    await browser.open("/admin/staff?me=1")
    await browser.send("/admin/staff", email="Admin@Kestrel.example", name="Lee <3")
    assert browser.status == 200
    assert "Signs in here as admin@kestrel.example" in browser.page.text
    await browser.open("/admin/inbox")
    assert "/admin/accounts/" not in browser.html
    [line] = await AuditLine.filter(action="account.changed")
    assert (line.actor, line.subject) == ("admin@kestrel.example", "account:admin@kestrel.example")


async def test_who_is_somebody_on_the_desk_stays_that_and_a_colleague_is_nobodys_account(front: Front) -> None:
    browser = await desk.at(front)
    kim = await Staff.create(key="kim@example.org", email="kim@example.org", name="Kim")
    await Account.all().update(staff_id=kim.id)
    await browser.open("/admin/staff")
    await browser.send("/admin/staff", email="admin@kestrel.example", name="Lee <3")
    await browser.open("/admin/staff")
    await browser.send("/admin/staff", email="mia@kestrel.example", name="Mia")
    assert "Signs in here as" not in browser.page.text
    assert (await Account.get()).staff_id == kim.id

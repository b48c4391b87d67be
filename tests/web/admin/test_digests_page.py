"""Digests in the browser: added, changed, tried out on oneself and removed, and every mistake beside its field."""

from __future__ import annotations

from typing import Any

from core import setup as setups
from core.accounts.roles import Role
from core.digests import sending
from core.models.accounts import Account, AuditLine
from core.models.deliveries import Delivery
from core.models.setup import Digest, Staff, StaffAddress, Team
from tests.web.admin.desk import Browser, at
from tests.web.front import Front

PATH = "/admin/digests"
KIM = "kim@kestrel.example"
KINDS = {"support-bot": "telegram"}


async def company() -> Staff:
    team = await Team.create(key="support", name="Support <b>", alert_channel="support-bot", alert_to="-100")
    kim = await Staff.create(key=KIM, name="Kim <3", team=team, locale="zh-Hans")
    await StaffAddress.create(staff=kim, channel="support-bot", address="777")
    return kim


def filled(**more: Any) -> dict[str, Any]:
    return {
        "key": "weekly",
        "name": "Week <by> week",
        "enabled": "on",
        "team": "support",
        "every": "week",
        "weekday": "fri",
        "at": "07:30",
        "recipients.0.staff": KIM,
        "recipients.0.channel": "",
        "recipients.0.address": "",
        "recipients.2.staff": "",
        "recipients.2.channel": "support-bot",
        "recipients.2.address": "-200",
        **more,
    }


async def added(front: Front, **more: Any) -> Browser:
    await company()
    browser = await at(front)
    await browser.open(f"{PATH}/new")
    await browser.post(f"{PATH}/new", **filled(**more))
    return browser


async def test_one_that_is_added_says_when_it_comes_and_about_which_days(front: Front) -> None:
    browser = await added(front)
    assert (browser.status, browser.path) == (200, f"{PATH}/weekly"), browser.html
    assert "Fri 27 Nov 07:30, about 16 Nov 2026 – 22 Nov 2026" in browser.page.text
    assert "Nothing was sent yet" in browser.page.text
    assert "Kim <3 (Telegram)" in browser.page.text
    row = await Digest.get()
    assert row.settings["recipients"] == [
        {"staff": KIM, "channel": "", "address": ""},
        {"staff": "", "channel": "support-bot", "address": "-200"},
    ]
    [line] = await AuditLine.filter(subject="digest:weekly")
    assert line.action == "digest.added"

    page = await browser.open(PATH)
    assert "Week <by> week" in page.text
    assert "Support <b> · every Fri at 07:30" in page.text
    await browser.open("/admin/audit")
    assert "Digest weekly" in browser.page.text


async def test_the_form_begins_with_what_most_want(front: Front) -> None:
    kim = await company()
    browser = await at(front)
    page = await browser.open(f"{PATH}/new")
    assert page.all("input", id="f-at")[0]["value"] == "08:00"
    assert "checked" in page.all("input", id="f-enabled")[0]
    assert page.all("input", name="recipients.0.address")[0]["value"] == "-100"
    await Account.all().update(staff_id=kim.id)
    await browser.open(f"{PATH}/new")
    chosen = [one["value"] for tag, one in browser.page.tags if tag == "option" and "selected" in one]
    assert chosen[:4] == ["", "week", "mon", KIM]


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(front: Front) -> None:
    wrong = {
        "at": "soon",
        "recipients.0.address": "U0KIM",
        "recipients.2.channel": "",
        "recipients.3.staff": "",
        "recipients.3.channel": "support-bot",
        "recipients.3.address": "no chat",
    }
    browser = await added(front, **wrong)
    page = browser.page
    assert browser.status == 422
    [clock] = page.all("input", id="f-at")
    assert (clock["value"], clock["aria-invalid"], clock["aria-describedby"]) == ("soon", "true", "h-at p-at")
    for row in ("recipients.0", "recipients.1", "recipients.2.address"):
        assert page.all("span", id=f"p-{row}"), row
    assert page.all("input", name="recipients.1.address")[0]["value"] == "-200"
    assert not await Digest.exists()


async def test_one_that_tells_nobody_or_is_there_already_is_not_added(front: Front) -> None:
    browser = await added(front, **{"recipients.0.staff": "", "recipients.2.address": ""})
    assert browser.status == 422
    assert browser.page.all("p", id="p-recipients")
    await browser.post(f"{PATH}/new", **filled(key="new"))
    assert browser.page.all("span", id="p-key")
    await browser.post(f"{PATH}/new", **filled())
    assert browser.status == 200
    await browser.open(f"{PATH}/new")
    await browser.post(f"{PATH}/new", **filled(name="Another"))
    assert browser.status == 422
    assert "There is such a digest already" in browser.page.text
    assert (await Digest.get()).name == "Week <by> week"


async def test_two_who_change_it_see_each_other(front: Front) -> None:
    mine = await added(front)
    theirs = await at(front)
    await theirs.open(f"{PATH}/weekly")
    await theirs.send(f"{PATH}/weekly", **filled(name="Theirs", weekday="tue"))
    await mine.send(f"{PATH}/weekly", **filled(name="Mine"))
    assert mine.status == 409
    assert "Theirs" in mine.page.text
    assert "Tue" in mine.page.text
    assert mine.page.all("input", id="f-name")[0]["value"] == "Mine"
    await mine.send(f"{PATH}/weekly", **filled(name="Mine"))
    assert (await Digest.get()).name == "Mine"


async def test_a_test_goes_to_oneself_alone_and_in_ones_own_channel(front: Front) -> None:
    browser = await added(front)
    assert "no channel by which a test could reach you" in browser.page.text
    await Account.all().update(staff_id=(await Staff.get()).id)
    page = await browser.open(f"{PATH}/weekly")
    assert "The figures of 9 Nov 2026 – 15 Nov 2026" in page.text
    await browser.send(f"{PATH}/weekly/test")
    assert "A test is on its way to you alone" in browser.page.text
    [test] = await Delivery.filter(kind="digest")
    assert (test.channel, test.target, test.payload["first"]) == ("support-bot", "777", "2026-11-09")
    await browser.post(f"{PATH}/weekly/test", door="support-bot -200")
    assert browser.status == 422
    assert await Delivery.filter(kind="digest").count() == 1
    assert await AuditLine.filter(action="digest.tested").count() == 1


async def test_a_digest_is_tried_out_five_times_a_minute_at_most(front: Front) -> None:
    browser = await added(front)
    await Account.all().update(staff_id=(await Staff.get()).id)
    for _ in range(5):
        await browser.open(f"{PATH}/weekly")
        await browser.send(f"{PATH}/weekly/test")
        assert "A test is on its way to you alone" in browser.page.text
    await browser.open(f"{PATH}/weekly")
    await browser.send(f"{PATH}/weekly/test")
    assert browser.status == 429
    assert "no test was sent. Please wait a minute" in browser.page.text
    assert await Delivery.filter(kind="digest").count() == 5


async def test_what_became_of_the_last_one_stands_there(front: Front) -> None:
    await added(front)
    front.clock.pass_(days=5)
    browser = await at(front)
    await sending.look(KINDS, now=front.clock.now)
    await Delivery.filter(target="-200").update(state="dead", problem="this address is suppressed")
    await Delivery.filter(target="777").update(state="sent")
    page = await browser.open(f"{PATH}/weekly")
    assert "Last: 16 Nov 2026 – 22 Nov 2026" in page.text
    told = [one.get("class") for tag, one in page.tags if tag == "span" and one.get("class", "").startswith("tag ")]
    assert sorted(told) == ["tag bad", "tag good"]
    page = await browser.open("/admin/deliveries")
    assert "Digest" in page.text


async def test_it_is_asked_about_before_it_goes(front: Front) -> None:
    browser = await added(front)
    await browser.send(f"{PATH}/weekly/remove")
    assert "Remove the digest Week <by> week?" in browser.page.text
    assert await Digest.exists()
    await browser.post(f"{PATH}/weekly/remove", sure="yes")
    assert "The digest is gone" in browser.page.text
    assert not await Digest.exists()
    assert (await AuditLine.filter(subject="digest:weekly").order_by("-id").first()).action == "digest.removed"  # type: ignore[union-attr]


async def test_a_team_that_it_is_about_leads_to_it(front: Front) -> None:
    browser = await added(front)
    await browser.open(f"/admin/teams/{(await Team.get()).id}")
    assert browser.page.all("a", href=f"{PATH}/weekly")


async def test_who_may_only_look_changes_nothing(front: Front) -> None:
    await added(front)
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        browser = await at(front, role)
        await browser.open(PATH)
        assert browser.status == 200
        assert not browser.page.all("a", href=f"{PATH}/new")
        await browser.open(f"{PATH}/weekly")
        assert not browser.page.all("button", **{"class": "danger"})
        for page in (f"{PATH}/weekly", f"{PATH}/weekly/test", f"{PATH}/weekly/remove"):
            await browser.post(page, **filled(name="Theirs"))
            assert browser.status == 403
        await browser.open(f"{PATH}/new")
        assert browser.status == 403
    agent = await at(front, Role.AGENT)
    await agent.open(PATH)
    assert agent.status == 403
    assert (await Digest.get()).name == "Week <by> week"


async def test_what_the_browser_saves_is_what_a_file_would(front: Front) -> None:
    await added(front)
    exported = await setups.export()
    told = await setups.apply(
        setups.parse(setups.to_toml(exported)), now=front.clock.now, channels=list(front.site.channels)
    )
    assert told == []


async def test_the_board_shows_the_days_of_another_time_zone_where_a_digest_says_so(front: Front) -> None:
    browser = await at(front)
    page = await browser.open("/admin/board?span=own&first=2026-11-21&last=2026-11-21&zone=Asia/Shanghai")
    assert "Asia/Shanghai (UTC+8)" in page.text
    assert page.all("input", name="zone")[0]["value"] == "Asia/Shanghai"
    page = await browser.open("/admin/board?span=own&first=2026-11-21&last=2026-11-21&zone=Moon/Base")
    assert browser.status == 200
    assert not page.all("input", name="zone")

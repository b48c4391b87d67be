"""The survey editor in the admin's browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from core import audit
from core import setup as setups
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.setup import Survey, Team
from core.setup.models import Setup, SurveySetup
from core.surveys import catalogue, invites, responses
from core.surveys.settings import SurveySettings
from tests.web.admin.desk import Browser, Role, at, hours, span
from tests.web.front import Front

DEFAULT = "/admin/surveys/default"


def filled(browser: Browser) -> dict[str, Any]:
    """What the editor's form would send as it stands."""
    found: dict[str, Any] = {
        one["name"]: one.get("value", "")
        for one in browser.page.all("input")
        if one.get("type") not in ("checkbox", "radio") and "name" in one
    }
    for one in browser.page.all("input", type="checkbox"):
        if "checked" in one:
            found.setdefault(one["name"], []).append(one.get("value", "on"))
    for name, inside in re.findall(r'<select [^>]*?name="(\S+?)".*?>(.*?)</select>', browser.html, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', inside) or re.search(r'value="(\w+)"', inside)
        assert chosen, name
        found[name] = chosen[1]
    return found


async def send(browser: Browser, do: str, **changes: Any) -> None:
    """What the form says, changed; who publishes has seen what changes and says so."""
    sure = {"sure": "yes"} if do == "publish" else {}
    await browser.post(browser.path, **{**filled(browser), **changes, **sure, "do": do})


async def test_a_survey_is_published_as_a_new_version_and_who_was_asked_keeps_theirs(front: Front) -> None:
    asked = await front.invite()
    browser = await at(front)
    await browser.open(DEFAULT)
    await send(
        browser, "publish", scale="words", **span("delay", "1", "h"), **{"title-en": "Well?", "title-zh-Hans": "好吗？"}
    )
    assert (browser.status, browser.path) == (200, "/admin/surveys")
    assert "1 hour after it is resolved" in browser.page.text
    [old, new] = await Survey.filter(key="default").order_by("version")
    assert (old.current, new.current) == (False, True)
    assert catalogue.settings_of(new).title == {"en": "Well?", "zh-Hans": "好吗？"}
    invite = await Invite.get(id=asked.invite_id).select_related("survey")
    assert invite.survey.version == 1
    assert [(line.actor, line.action) for line in await audit.latest(1)] == [
        ("admin@kestrel.example", "survey.changed")
    ]
    await browser.open("/admin/surveys/history/default")
    assert "12:30 · Lee <3" in browser.page.text
    await browser.send("/admin/surveys/restore/default", version="1", seen=browser.page.hidden()["seen"])
    assert "Publish default?" in browser.page.text
    assert "Well?" in browser.page.text
    assert catalogue.settings_of(await Survey.get(current=True)).scale == "words", "it asks first"
    await browser.post("/admin/surveys/restore/default", **browser.page.hidden())
    assert catalogue.settings_of(await Survey.get(current=True)).scale == "stars"


async def test_before_it_goes_live_one_sees_what_changes_and_may_go_back_to_what_was_typed(front: Front) -> None:
    await front.invite()
    unreached = await front.invite()
    await Invite.filter(id=unreached.invite_id).update(state="undeliverable")
    front.clock.pass_(hours=1)
    browser = await at(front)
    await browser.open(DEFAULT)
    changes = {"scale": "words", "sample": "0", "title-en": "Well <3", "conditions-types": ["complaint", "request"]}
    await browser.post(browser.path, **{**filled(browser), **changes, "do": "publish"})
    page = browser.page
    assert (browser.status, await Survey.all().count()) == (200, 1), "nothing is live"
    for words in ("What changes", "Well <3", "Its sample is 0", "undeliverable"):
        assert words in page.text, words
    number = (await Ticket.get(invites__id=unreached.invite_id)).number
    assert page.all("a", href=f"/admin/tickets/{number}")
    hidden = {name: value for name, value in browser.page.hidden().items() if name != "sure"}
    types = [one["value"] for one in page.all("input", name="conditions-types")]
    assert types == ["complaint", "request"]
    await browser.post(browser.path, **{**hidden, "conditions-types": types, "do": "look"})
    assert filled(browser)["title-en"] == "Well <3"
    assert filled(browser)["conditions-types"] == types
    await browser.post(browser.path, **{**filled(browser), "do": "publish"})
    await browser.post(browser.path, **{**browser.page.hidden(), "conditions-types": types, "do": "publish"})
    assert browser.path == "/admin/surveys"
    settings = catalogue.settings_of(await Survey.get(current=True))
    assert (settings.title, settings.sample, settings.conditions.types) == (
        {"en": "Well <3"},
        0,
        ("complaint", "request"),
    )


async def test_why_a_survey_changes_stands_beside_its_version_and_in_the_audit(front: Front) -> None:
    front.clock.pass_(minutes=1)
    browser = await at(front)
    await browser.open(DEFAULT)
    await browser.post(DEFAULT, **{**filled(browser), "sample": "50", "do": "publish"})
    assert browser.page.all("input", name="note")
    await browser.post(DEFAULT, **{**browser.page.hidden(), "note": " Too many <letters>\n", "do": "publish"})
    assert browser.path == "/admin/surveys"
    page = await browser.open("/admin/surveys/history/default")
    assert "Lee <3 · Too many <letters>\n" in page.text
    assert page.text.count("<letters>") == 1
    page = await browser.open("/admin/audit?about=survey:default")
    assert "Too many <letters>" in page.text
    before = await setups.export()
    front.clock.pass_(minutes=1)
    await browser.open(DEFAULT)
    await send(browser, "publish", sample="60")
    page = await browser.open("/admin/surveys/history/default")
    assert page.text.count("<letters>") == 1, "a version without a note has none"
    assert "note" not in str(before.surveys)


async def test_what_is_wrong_or_changed_meanwhile_is_said_before_the_question(front: Front) -> None:
    one, other = await at(front), await at(front, email="kim@kestrel.example")
    await one.open(DEFAULT)
    await one.post(DEFAULT, **{**filled(one), "sample": "200", "do": "publish"})
    assert (one.status, filled(one)["sample"]) == (422, "200")
    await other.open(DEFAULT)
    await send(other, "publish", **span("delay", "2", "h"))
    await one.post(DEFAULT, **{**filled(one), "sample": "20", "do": "publish"})
    assert (one.status, filled(one)["sample"]) == (409, "20")


async def test_a_language_without_words_for_what_is_asked_is_named(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    page = await browser.open(DEFAULT)
    assert "no words for" not in page.text
    await send(browser, "add-dim")
    price = {"dim-4-key": "price", "dim-4-label-en": "Price"}
    await send(browser, "look", **price)
    assert "In 简体中文 there are no words for price" in browser.page.text
    assert "Move Dimension 5: price up" in browser.html
    assert not browser.page.all("button", value="down-dim-0"), "overall is asked first wherever it stands"
    await browser.post(DEFAULT, **{**filled(browser), "do": "publish"})
    assert "In 简体中文 there are no words for price" in browser.page.text
    await browser.open(DEFAULT)
    await send(browser, "add-dim")
    await send(browser, "look", **price, **{"dim-4-label-zh-Hans": "价格"})
    assert "no words for" not in browser.page.text


@pytest.mark.parametrize("symbol", ["\u202e", "\u00ad", "\u0301", "\u3164", "a\u200bb", "\u2800"])
async def test_a_symbol_that_nobody_sees_is_refused_beside_its_field(sqlite_front: Front, symbol: str) -> None:
    browser = await at(sqlite_front)
    await browser.open(DEFAULT)
    shown = {f"symbol-{place}": one for place, one in enumerate(("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👩‍🚒", "❤️", "#️⃣"))}
    await send(browser, "publish", scale="own", **shown, **{"symbol-4": symbol})
    assert browser.status == 422
    assert [one["name"] for one in browser.page.all("input") if "aria-invalid" in one] == ["symbol-4"]
    await send(browser, "publish", scale="own", **shown, **{"symbol-4": "好 👍🏽"})
    assert browser.status == 200


async def test_an_answer_under_way_keeps_its_version_when_the_survey_changes(front: Front) -> None:
    asked = await front.invite()
    invite = await Invite.get(id=asked.invite_id).select_related("survey", "contact", "ticket")
    await responses.give_score(invite, "overall", 4, now=front.clock.now)
    browser = await at(front)
    await browser.open(DEFAULT)
    await send(browser, "remove-dim-2")
    await send(browser, "publish")
    assert catalogue.settings_of(await Survey.get(current=True)).dimension_keys == ("overall", "attitude", "resolution")
    invite = await Invite.get(id=asked.invite_id).select_related("survey", "contact", "ticket")
    await responses.give_score(invite, "speed", 5, now=front.clock.now)


async def test_rows_are_added_moved_and_taken_out_without_a_script_and_nothing_is_written(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    await send(browser, "add-dim")
    await send(browser, "up-dim-4", **{"dim-4-key": "price", "dim-4-label-en": "Price <3"})
    await send(browser, "remove-reason-0", **span("delay", "soon", "m"))
    assert filled(browser)["dim-3-label-en"] == "Price <3"
    assert filled(browser)["delay.number"] == "soon"
    assert filled(browser)["reason-0-key"] == "not_solved"
    assert await Survey.all().count() == 1


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    await send(browser, "publish", scale="own", **span("delay", "soon", "m"), **{"dim-1-key": "Bad Key"})
    assert browser.status == 422
    for name, field in (("delay", "delay.number"), ("dim-1-key", "dim-1-key")):
        [typed] = browser.page.all("input", name=field)
        assert typed["aria-invalid"] == "true"
        assert f"p-{name}" in typed["aria-describedby"]
        assert browser.page.all("a", href=f"#p-{name}"), "what stands on top leads there"
    assert filled(browser)["delay.number"] == "soon"
    assert await Survey.all().count() == 1


def marked(browser: Browser) -> set[str]:
    """The fields that something is wrong with, as a screen reader is told; "dimensions" stands above its rows."""
    fields = {one["name"] for kind in ("input", "select") for one in browser.page.all(kind) if "aria-invalid" in one}
    return fields | {one["id"].removeprefix("p-") for one in browser.page.all("p") if one.get("id") == "p-dimensions"}


@pytest.mark.parametrize("do", ["publish", "look"])
async def test_mistakes_of_every_kind_are_said_at_once(sqlite_front: Front, do: str) -> None:
    browser = await at(sqlite_front)
    await browser.open("/admin/surveys/new")
    symbols = {f"symbol-{at}": one for at, one in enumerate((":tada:", "b", "b", "d", "e"))}
    wrong = {
        "sample": "200",
        "positive_from": "2",
        "negative_up_to": "2",
        "scale": "own",
        "dim-0-key": "overal",
        "dim-1-key": "Bad Key",
        "dim-2-key": "comment",
        "dim-3-label-en": "x" * 201,
        "reason-1-key": "slow",
    }
    await send(browser, do, key="new", **span("delay", "soon", "m"), **wrong, **symbols)
    alone = {"sample", "delay.number", "delay.unit", "dim-1-key"}
    together = {"positive_from", "dimensions", "dim-2-key", "dim-3-label-en", "reason-1-key", "symbol-0", "symbol-2"}
    assert marked(browser) == alone | together | ({"key"} if do == "publish" else set())
    assert filled(browser)["symbol-0"] == ":tada:"
    await send(browser, do, key="default", **{**wrong, "sample": "20", "dim-1-key": "good"}, **symbols)
    assert {"dim-2-key", "positive_from"} < marked(browser)
    assert ("key" in marked(browser)) == (do == "publish"), "there is one of that name"


async def test_what_cannot_be_read_speaks_against_nothing_else(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(DEFAULT)
    wrong = {"negative_up_to": "x", "positive_from": "1", "dim-1-key": "Bad Key", "reason-0-dimensions": ["1"]}
    await send(browser, "publish", **wrong)
    assert marked(browser) == {"negative_up_to", "positive_from", "dim-1-key"}, "nothing negative leaves it room"
    await send(browser, "publish", **{**wrong, "positive_from": "2"})
    assert marked(browser) == {"negative_up_to", "dim-1-key"}


async def test_a_survey_that_nobody_changed_comes_back_as_it_was_stored(front: Front) -> None:
    odd = {
        "delay": "1h30m",
        "remind_after": "1d1s",
        "expire_after": "3650d",
        "take_within": "0s",
        "window": "22:30-07:00",
        "budget": "1 per 90m, 2 per 7d, 3 per 30d, 4 per 60d, 1000 per 365d",
        "reminders": 2,
        "positive_from": 5,
        "reasons_up_to": 0,
        "comment_required_up_to": 5,
        "conditions": {"min_replies": 2},
    }
    for settings in (odd, {"window": "always", "budget": "none"}):
        part = SurveySetup.model_validate({"key": "default", **settings})
        await setups.apply(Setup(surveys=(part,)), now=front.clock.now)
        before = await setups.export()
        versions = await Survey.all().count()
        browser = await at(front)
        await browser.open(DEFAULT)
        await send(browser, "publish")
        assert (browser.status, browser.path) == (200, "/admin/surveys"), browser.html
        assert await setups.export() == before
        assert await Survey.all().count() == versions


async def test_hours_and_limits_are_chosen_and_no_syntax_is_typed(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    limits = {"budget-0.invites": "2", **span("budget-0", "36", "h")}
    await send(browser, "publish", **hours("window", "08:30", "20:00"), **limits)
    settings = catalogue.settings_of(await Survey.get(current=True)).model_dump(mode="json")
    assert (settings["window"], settings["budget"]) == ("08:30-20:00", "2 per 1d12h")
    await browser.open(DEFAULT)
    assert filled(browser)["budget-0.number"] == "36"
    await send(browser, "publish", **{"window.when": "never", "budget-0.invites": "", "budget-0.number": ""})
    settings = catalogue.settings_of(await Survey.get(current=True)).model_dump(mode="json")
    assert (settings["window"], settings["budget"]) == ("always", "none")
    page = await browser.open(DEFAULT)
    for code in (" per 7d", "30m", "or none", "24h", "09:00-21:00"):
        assert code not in page.text


async def test_half_of_the_hours_and_half_a_limit_are_marked_and_stay(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    limits = {
        "budget-0.invites": "1",
        **span("budget-0", "7", "d"),
        "budget-1.invites": "4",
        **span("budget-1", "", "d"),
    }
    limits |= {"budget-2.invites": "3,5", **span("budget-2", "", "h")}
    await send(browser, "publish", **hours("window", "", "20:00"), **limits)
    assert browser.status == 422
    assert "Please fill in both times" in browser.page.text
    assert "A limit needs both" in browser.page.text
    marked = {one["name"] for one in browser.page.all("input") if one.get("aria-invalid") == "true"}
    assert marked == {"window.since", "window.until", "budget-1.invites", "budget-1.number", "budget-2.invites",
                      "budget-2.number"}  # fmt: skip
    typed = filled(browser)
    assert [typed[one] for one in ("window.when", "window.since", "window.until")] == ["between", "", "20:00"]
    assert [typed[one] for one in ("budget-0.invites", "budget-1.invites", "budget-2.invites")] == ["1", "4", "35"]


def boxes(browser: Browser, reason: int) -> dict[str, bool]:
    """The dimensions that a reason can belong to, by what their boxes are worth, and whether they are ticked."""
    found = browser.page.all("input", type="checkbox", name=f"reason-{reason}-dimensions")
    return {one["value"]: "checked" in one for one in found}


async def test_a_reason_belongs_to_the_dimensions_that_are_ticked_whatever_their_keys_become(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    assert boxes(browser, 0) == {"0": False, "1": False, "2": False, "3": False}
    assert "Only under these dimensions" in browser.page.text
    await send(browser, "look", **{"reason-0-dimensions": ["2", "3"]})
    assert boxes(browser, 0) == {"0": False, "1": False, "2": True, "3": True}
    await send(browser, "up-dim-2")
    assert boxes(browser, 0) == {"0": False, "1": True, "2": False, "3": True}
    await send(browser, "look", **{"dim-1-key": "pace", "dim-1-label-en": "Pace"})
    assert boxes(browser, 0)["1"]
    await send(browser, "publish")
    assert catalogue.settings_of(await Survey.get(current=True)).reasons[0].dimensions == ("pace", "resolution")


async def test_a_dimension_that_is_taken_out_stays_ticked_until_somebody_takes_it_off(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    await send(browser, "remove-dim-2", **{"reason-0-dimensions": ["2"]})
    assert boxes(browser, 0) == {"0": False, "1": False, "2": False, "speed": True}
    assert "does not exist any more" in browser.page.text
    await send(browser, "publish")
    assert browser.status == 422
    [group] = [
        one for one in browser.page.all("fieldset") if "p-reason-0-dimensions" in one.get("aria-describedby", "")
    ]
    assert group["aria-describedby"].startswith("h-reason-0-dimensions")
    assert browser.page.all("span", id="p-reason-0-dimensions")
    await send(browser, "publish", **{"reason-0-dimensions": []})
    assert catalogue.settings_of(await Survey.get(current=True)).reasons[0].dimensions == ()


async def test_nobodys_change_is_overwritten_unseen(front: Front) -> None:
    one, other = await at(front), await at(front, email="lee@kestrel.example")
    await one.open(DEFAULT)
    await other.open(DEFAULT)
    await send(one, "publish", **span("delay", "2", "h"))
    await send(other, "publish", **span("delay", "3", "h"))
    assert other.status == 409
    assert "2 hours" in other.page.text
    assert "Lee <3 changed it" in other.page.text
    assert "Yours: 3 hours As it is now: 2 hours" in " ".join(other.page.text.split())
    assert filled(other)["delay.number"] == "3"
    assert catalogue.settings_of(await Survey.get(current=True)).delay.total_seconds() == 7200
    await send(other, "publish")
    assert catalogue.settings_of(await Survey.get(current=True)).delay.total_seconds() == 3 * 3600


async def test_before_it_is_published_one_sees_what_it_would_have_done(front: Front) -> None:
    for _ in range(6):
        await front.invite()
    browser = await at(front)
    await browser.open(DEFAULT)
    await send(browser, "try", **{"conditions-types": "complaint"})
    assert browser.status == 200
    assert "Of 6 resolved tickets 0 would have been asked about; with the present surveys 6." in browser.page.heading
    assert "other type" in browser.page.text
    assert await Survey.all().count() == 1


async def test_symbols_that_differ_by_colour_alone_are_warned_of_and_previewed(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    symbols = {f"symbol-{at}": one for at, one in enumerate("🔴🟠🟡🟢🔵")}
    await send(browser, "look", scale="own", **symbols, **{"symbol-0-word-zh-Hans": "糟透了"})
    assert "differ by colour alone" in browser.page.text
    assert "no word in one of the languages" in browser.page.text
    assert browser.page.all("span", title="1 分，糟透了")


async def test_the_order_says_which_survey_wins_and_a_request_can_be_tried(front: Front) -> None:
    await front.invite()
    browser = await at(front)
    await browser.open("/admin/surveys/new?like=default")
    await send(browser, "publish", key="complaints", **{"conditions-types": "complaint"})
    await browser.post("/admin/surveys/order", key="complaints", order="default\ncomplaints", do="up")
    assert [one.key for one in await catalogue.current()] == ["complaints", "default"]
    await browser.post("/admin/surveys/order", key="complaints", order="default\ncomplaints", do="up")
    assert browser.status == 409
    await browser.open("/admin/surveys?ticket=T-1")
    assert "other type" in browser.page.text
    assert "default would ask now" in browser.page.text
    await browser.open("/admin/surveys/complaints")
    await browser.send("/admin/surveys/remove")
    await browser.post(browser.path, sure="yes")
    assert [one.key for one in await catalogue.current()] == ["default"]


async def test_a_key_that_is_taken_is_not_written_over(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/surveys/new")
    await send(browser, "publish", key="default")
    assert browser.status == 422
    assert "already" in browser.page.text
    assert await Survey.all().count() == 1


async def test_who_may_only_look_gets_no_buttons(front: Front) -> None:
    browser = await at(front, Role.AUDITOR)
    await browser.open(DEFAULT)
    assert browser.status == 200
    assert not browser.page.all("button", value="publish")
    assert browser.page.all("fieldset", disabled="")


async def test_conditions_are_ticked_from_what_is_known_and_others_are_written(front: Front) -> None:
    team = await Team.create(key="cables", name="Cables & <wires>")
    asked = await front.invite()
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    await Ticket.filter(id=invite.ticket_id).update(type="outage", tags=["vip", "late"], close_reason="workaround")
    await Contact.filter(id=invite.contact_id).update(tier="gold")
    browser = await at(front)
    await browser.open(DEFAULT)

    def boxes(name: str) -> list[str]:
        return [one["value"] for one in browser.page.all("input", type="checkbox", name=f"conditions-{name}")]

    assert "cables" in boxes("teams")
    assert boxes("channels") == sorted(front.site.channels)
    assert boxes("types")[0] == "outage"
    assert "complaint" in boxes("types")
    assert boxes("priorities") == ["urgent", "high", "medium", "low"]
    assert (boxes("tags"), boxes("tiers"), boxes("close_reasons")) == (["late", "vip"], ["gold"], ["workaround"])
    await send(
        browser,
        "publish",
        **{"conditions-tags": ["vip"], "conditions-tags.others": "new，late", "conditions-teams": "cables"},
    )
    assert browser.page.all("p", role="status"), browser.html
    conditions = catalogue.settings_of(await Survey.get(current=True)).conditions
    assert (conditions.tags, conditions.teams) == (("vip", "new", "late"), ("cables",))

    await team.delete()
    await Ticket.all().update(tags=[])
    page = await browser.open(DEFAULT)
    ticked = {one["value"] for one in page.all("input", type="checkbox") if "checked" in one}
    assert ticked == {"vip", "new", "late", "cables"}
    assert page.text.count("not seen lately") == 3
    assert page.text.count("does not exist any more") == 1
    await send(browser, "publish", **span("delay", "2", "h"))
    assert catalogue.settings_of(await Survey.get(current=True)).conditions == conditions
    [old, *_] = await Survey.filter(current=False).order_by("-version")
    await browser.open(f"/admin/surveys/history/{old.key}")
    assert "Cables" not in browser.page.text


async def test_a_long_difference_is_folded_and_whole(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    long = "A very long question about how the service went, which nobody would read to its end, but it is there"
    await send(browser, "publish", **{"dim-0-question-en": long})
    for path in ("/admin/surveys/history/default", "/admin/audit"):
        page = await browser.open(path)
        assert long in page.text, path
        assert page.all("details", **{"class": "whole"}), path


async def test_versions_and_audit_say_settings_in_the_readers_words(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    changes = {
        "scale": "words",
        "over_budget": "postpone",
        **hours("window", "08:00", "20:00"),
        **span("delay", "90", "s"),
        "budget-0.invites": "1",
        **span("budget-0", "7", "d"),
    }
    await send(browser, "publish", **changes, **{"conditions-types": ["complaint"], "title-en": "Well?"})
    english = ("always", "Words", "1 minute 30 seconds", "each person at most 1× in 7 days", "Postpone", "Complaint")
    chinese = ("随时", "文字", "1 分钟 30 秒", "每人最多 7 天内 1 次", "推迟", "投诉")
    for locale, said, survey in (("en", english, "Survey default"), ("zh-Hans", chinese, "问卷 default")):
        await browser.post("/admin/account", name="Lee", locale=locale)
        for path in ("/admin/surveys/history/default", "/admin/audit"):
            page = await browser.open(path)
            for words in said:
                assert words in page.text, (path, words)
            for code in ("1m30s", "per 7d", "postpone", "complaint"):
                assert code not in page.text, (path, code)
        assert survey in page.text
        assert "survey:default" not in page.text
    page = await browser.open("/admin/audit?about=survey:default")
    assert "问卷 default" in page.text


async def test_who_published_by_a_file_is_named_in_the_readers_words(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    part = SurveySetup(key="default", delay=timedelta(hours=1))
    await setups.apply(Setup(surveys=(part,)), now=sqlite_front.clock.now)
    await browser.post("/admin/account", name="Lee", locale="zh-Hans")
    for path in ("/admin/surveys/history/default", "/admin/audit"):
        page = await browser.open(path)
        assert "命令行" in page.text
        assert "command line" not in page.text


@pytest.mark.parametrize("key", ["new", "order", "remove", "../x", "a/b", "..", " ", "x" * 61])
async def test_a_survey_gets_no_name_under_which_it_could_never_be_opened(sqlite_front: Front, key: str) -> None:
    browser = await at(sqlite_front)
    await browser.open("/admin/surveys/new")
    await send(browser, "publish", key=key)
    assert browser.status == 422
    [field] = browser.page.all("input", name="key")
    assert field["aria-invalid"] == "true"
    assert await Survey.all().count() == 1


async def test_a_name_with_blanks_and_signs_is_opened_like_any_other(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open("/admin/surveys/new")
    await send(browser, "publish", key="Bad Key! 100%?#", **{"conditions-types": "complaint"})
    [link] = [one["href"] for one in browser.page.all("a") if one.get("href", "").startswith("/admin/surveys/Bad")]
    for path in (link, link.replace("surveys/", "surveys/history/")):
        await browser.open(path)
        assert browser.status == 200, path


@pytest.mark.parametrize("key", ["new", "../x", "order", ".."])
async def test_a_name_that_is_there_already_and_cannot_be_opened_is_listed_and_can_be_removed(
    front: Front, key: str
) -> None:
    settings = SurveySettings().model_dump(mode="json")
    await Survey.create(key=key, version=1, position=1, settings=settings, created_at=front.clock.now)
    assert await setups.plan(await setups.export()) == [], "its own file is still accepted"
    browser = await at(front)
    await browser.open("/admin/surveys")
    assert f"{key}" in browser.page.text
    assert "cannot stand in an address" in browser.page.text
    assert browser.page.all("a", href=f"/admin/surveys/new?like={quote(key)}")
    await browser.send("/admin/surveys/remove", key=key)
    assert await Survey.exists(key=key, current=True), "it asks first"
    await browser.post(browser.path, sure="yes")
    assert not await Survey.exists(key=key, current=True)
    assert [one.key for one in await catalogue.current()] == ["default"]


async def test_removing_asks_first_and_the_versions_stay_to_be_seen_and_published_again(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/surveys/new?like=default")
    await send(browser, "publish", key="complaints", **{"conditions-types": "complaint"})
    await browser.open("/admin/surveys/complaints")
    await browser.send("/admin/surveys/remove")
    assert "Remove the survey complaints?" in browser.page.text
    assert browser.page.all("a", href="/admin/surveys/complaints")
    assert len(await catalogue.current()) == 2
    await browser.post(browser.path, sure="yes")
    assert [one.key for one in await catalogue.current()] == ["default"]
    assert browser.page.all("a", href="/admin/surveys/history/complaints")

    await browser.open("/admin/surveys/history/complaints")
    assert browser.status == 200
    assert "was removed" in browser.page.text
    assert (await (await at(front, Role.AUDITOR)).open("/admin/surveys/history/complaints")).all("ol")
    await browser.send("/admin/surveys/restore/complaints")
    assert "It is asked from now on" in browser.page.text
    await browser.post("/admin/surveys/restore/complaints", **browser.page.hidden())
    assert [one.key for one in await catalogue.current()] == ["default", "complaints"]
    assert await Survey.filter(key="complaints").count() == 2


async def test_who_edits_a_survey_that_somebody_removes_keeps_what_they_typed(front: Front) -> None:
    mine, theirs = await at(front), await at(front, email="kim@kestrel.example")
    await mine.open(DEFAULT)
    await theirs.open(DEFAULT)
    await theirs.send("/admin/surveys/remove")
    await theirs.post(theirs.path, sure="yes")
    await send(mine, "publish", **span("delay", "3", "h"))
    assert mine.status == 409
    assert "Lee <3 removed it" in mine.page.text
    assert filled(mine)["delay.number"] == "3"
    assert not await Survey.exists(current=True)
    await send(mine, "publish")
    assert catalogue.settings_of(await Survey.get(current=True)).delay == timedelta(hours=3)


async def test_a_survey_that_several_hide_together_says_so_in_its_form_and_in_the_list(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/surveys/new")
    await send(browser, "publish", key="grave", **{"conditions-priorities": ["urgent", "high"]})
    await browser.post("/admin/surveys/order", key="grave", order="default\ngrave", do="up")
    assert "It can never win" not in browser.page.text
    await browser.open("/admin/surveys/new")
    await send(browser, "publish", key="light", **{"conditions-priorities": ["medium", "low"]})
    await browser.post("/admin/surveys/order", key="light", order="grave\ndefault\nlight", do="up")
    told = "those above it together take every ticket that it would ask about (grave, light)."
    assert told in browser.page.text
    await browser.open(DEFAULT)
    await send(browser, "try")
    assert told in browser.page.text


async def test_a_survey_that_can_never_win_says_so_before_and_after_it_is_published(front: Front) -> None:
    for _ in range(3):
        await front.invite()
    browser = await at(front)
    await browser.open("/admin/surveys/new")
    await send(browser, "try", key="mine", **{"conditions-types": "complaint"})
    assert "This survey would have asked about 0 of 3 resolved tickets." in browser.page.text
    assert "It can never win: default, above it, takes every ticket" in browser.page.text
    await send(browser, "publish", key="mine", **{"conditions-types": "complaint"})
    assert "it will ask nobody" in browser.page.text
    assert "It can never win: default, above it, takes every ticket" in browser.page.text
    await browser.post("/admin/surveys/order", key="mine", order="default\nmine", do="up")
    assert "can never win" not in browser.page.text
    await browser.open(DEFAULT)
    await send(browser, "try")
    assert "This survey would have asked about 3 of 3 resolved tickets." in browser.page.text
    assert "can never win" not in browser.page.text


async def test_a_look_marks_what_is_wrong(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    for wrong, marked in (
        ({"dim-1-key": "overall"}, "dim-1-key"),
        ({"dim-2-key": "Preis!"}, "dim-2-key"),
        ({"dim-3-key": "scores"}, "dim-3-key"),
        ({"reason-1-key": "slow"}, "reason-1-key"),
        ({f"symbol-{place}": one for place, one in enumerate("abcda")}, "symbol-4"),
        ({f"symbol-{place}": one for place, one in enumerate(["a b c", "b", "c", "", "d"])}, "symbol-3"),
    ):
        await browser.open(DEFAULT)
        await send(browser, "look", **wrong)
        assert browser.status == 422, wrong
        [field] = browser.page.all("input", name=marked)
        assert field["aria-invalid"] == "true", wrong
        assert browser.page.all("span", id=f"p-{marked}")


async def test_after_a_row_has_moved_the_focus_is_where_it_went(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)

    for act, where in (
        ("add-dim", ["dim-4-key"]),
        ("up-dim-3", ["up-dim-2"]),
        ("up-dim-1", ["down-dim-0"]),
        ("down-dim-2", ["up-dim-3"]),
        ("remove-reason-2", ["reason-1-key"]),
    ):
        await browser.open(DEFAULT)
        await send(browser, act)
        found = [one["name"] if tag == "input" else one["value"]
                 for tag in ("input", "button") for one in browser.page.all(tag) if "autofocus" in one]  # fmt: skip
        assert found == where, act


async def test_words_are_not_longer_than_their_fields(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(DEFAULT)
    await send(browser, "publish", **{"title-en": "x" * 10_000, "reason-0-label-en": "y" * 201})
    assert browser.status == 422
    for name in ("title-en", "reason-0-label-en"):
        [field] = browser.page.all("input", name=name)
        assert field["aria-invalid"] == "true"
        assert browser.page.all("span", id=f"p-{name}")


async def test_what_can_hardly_be_meant_is_said(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(DEFAULT)
    odd = {"sample": "0", **span("remind_after", "8", "d")}
    odd |= span("take_within", "0", "s") | span("recover_within", "0", "s")
    said = ("asks nobody", "nobody is reminded", "raised at once", "overdue at once")
    await send(browser, "look", **odd)
    assert all(one in browser.page.text for one in said)
    await send(browser, "publish", **odd)
    assert browser.path == "/admin/surveys"
    assert all(one in browser.page.text for one in said)


async def test_the_list_says_names_and_that_a_survey_is_anonymous(sqlite_front: Front) -> None:
    await Team.create(key="cables", name="Cables & <wires>")
    browser = await at(sqlite_front)
    await browser.open(DEFAULT)
    types = ["complaint", "technical_support"]
    await send(browser, "publish", anonymous="on", **{"conditions-types": types, "conditions-teams": "cables"})
    assert "anonymous" in browser.page.text
    assert "Cables & <wires>" in browser.page.text
    assert "technical_support" not in browser.page.text


async def test_who_may_only_look_gets_no_form_for_a_new_survey(sqlite_front: Front) -> None:
    browser = await at(sqlite_front, Role.AUDITOR)
    await browser.open("/admin/surveys/new")
    assert browser.status == 403


async def test_words_in_a_language_that_is_not_finished_stay(front: Front) -> None:
    row = await Survey.get(current=True)
    dimensions = [{"key": "overall", "label": {"de": "Alles in allem", "en": "All in all"}}]
    await Survey.filter(id=row.id).update(settings=row.settings | {"dimensions": dimensions})
    browser = await at(front)
    await browser.open(DEFAULT)
    assert filled(browser)["dim-0-label-de"] == "Alles in allem"
    await send(browser, "publish", **{"dim-0-label-en": "Overall, please"})
    published = (await Survey.get(current=True)).settings["dimensions"][0]["label"]
    assert published == {"de": "Alles in allem", "en": "Overall, please"}

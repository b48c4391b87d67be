"""Rules in the browser: written as when, if and then; tried on the past; never overwritten unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.channels.webchat.channel import WebchatChannel
from bot.channels.webchat.settings import WebchatSettings
from bot.web.admin import rule_form
from core import audit
from core import setup as setups
from core.accounts.roles import Role
from core.models.contacts import Address, Contact
from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.reactions import Reaction
from core.models.setup import Rule, Staff, Team
from core.models.webhooks import Webhook
from core.privacy import erase
from core.reactions.settings import Event
from core.store import Store
from core.surveys import invites, responses
from tests.rigs import statements
from tests.web.admin.desk import Browser, at, span
from tests.web.front import Front

PATH = "/admin/rules"
NEW = f"{PATH}/new"


async def rated(front: Front, overall: int, comment: str = "") -> Invite:
    asked = await front.invite()
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    given = await responses.answer(invite, {"overall": overall}, [], comment, finished=True, now=front.clock.now)
    await responses.settle(given.id, now=front.clock.now)
    return invite


async def save(browser: Browser, path: str = NEW, do: str = "save", **fields: Any) -> None:
    """Everything that is filled in, with the marks of the page that is open."""
    names = {name.replace("__", "."): value for name, value in fields.items()}
    kept = {name: value for name, value in browser.page.hidden().items() if name in ("csrf", "seen")}
    await browser.post(path, **{**kept, "do": do, **names})


async def test_the_list_says_each_rule_as_a_sentence(front: Front) -> None:
    browser = await at(front)
    page = await browser.open(PATH)
    does = "reopen the ticket, open a recovery, alert the team, apologise."
    assert f"When an answer has been judged, if it is negative → {does}" in page.text


async def test_a_rule_is_put_together_without_scripts(front: Front) -> None:
    browser = await at(front)
    await browser.open(NEW)
    await save(browser, do="add-if", event="response.settled", key="late", add_if="words")
    assert browser.page.all("input", name="if.words")
    fields: dict[str, Any] = {"event": "response.settled", "key": "late", "if": "words", "if.words": "too late，退款"}
    await save(browser, do="add-then", add_then="tag", **fields)
    assert browser.page.all("input", name="if.words")[0]["value"] == "too late, 退款"
    await save(browser, **fields, then="tag", then__0__tag="late", enabled="on")
    assert browser.status == 200
    assert "The rule is saved" in browser.page.text
    rule = await Rule.get(key="late")
    assert rule.settings["when"] == {"words": ["too late", "退款"]}
    assert rule.settings["then"] == [{"do": "tag", "tag": "late"}]
    assert rule.position == 1
    assert [line.action for line in await audit.latest(1)] == ["rule.added"]


@pytest.mark.parametrize("event", list(Event))
async def test_every_condition_and_action_can_be_added_one_after_the_other(sqlite_front: Front, event: Event) -> None:
    browser = await at(sqlite_front)
    for path in (NEW, f"{PATH}/negative"):
        await browser.open(path)
        fields: dict[str, Any] = {"event": event.value, "key": "x", "if": [], "then": []}
        for condition in rule_form.Form(event=event.value).may_add_if():
            await save(browser, path, do="add-if", add_if=condition, **fields)
            assert browser.status == 200, condition
            fields["if"].append(condition)
            assert [one["value"] for one in browser.page.all("input", name="if")] == fields["if"]
        for action in rule_form.Form(event=event.value).may_add_then():
            await save(browser, path, do="add-then", add_then=action, **fields)
            assert browser.status == 200, action
            fields["then"].append(action)
            assert [one["value"] for one in browser.page.all("input", name="then")] == fields["then"]
        await save(browser, path, **fields)
        assert browser.status == 422


async def test_unhappy_again_begins_with_twice_in_thirty_days(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(NEW)
    await save(browser, do="add-if", event="response.settled", key="again", add_if="repeat")
    page = browser.page
    assert [page.all("input", name=f"repeat.{one}")[0]["value"] for one in ("times", "number")] == ["2", "30"]
    await save(
        browser, event="response.settled", key="again", then="alert", **{"if": "repeat", **span("repeat", "9", "d")}
    )
    assert browser.status == 422
    assert browser.page.all("input", name="repeat.times")[0]["value"] == "", "nothing is written for who left it empty"


async def test_every_condition_and_action_comes_back_as_it_was_saved(front: Front) -> None:
    await Staff.create(key="kim@example.org", name="Kim")
    browser = await at(front)
    await browser.open(NEW)
    fields = {
        "key": "all of it",
        "event": "response.settled",
        "if": ["bands", "scores", "repeat", "priorities", "locales"],
        "if.bands": ["negative", "neutral"],
        "score.speed.sign": "<=",
        "score.speed.value": "2",
        "repeat.times": "2",
        **span("repeat", "30", "d"),
        "if.priorities": "high",
        "if.locales": "zh",
        "then": ["alert_person", "alert_place", "alert", "assign", "priority", "send"],
        "then.0.staff": "kim@example.org",
        "then.1.channel": "support-bot",
        "then.1.to": "4711",
        "then.3.staff": "kim@example.org",
        "then.4.priority": "urgent",
        "then.5.message": "follow_up",
        "last": "on",
        "enabled": "on",
    }
    await save(browser, **fields)
    assert browser.path == f"{PATH}/all of it" or browser.path.endswith("all%20of%20it")
    assert "tell Kim" in browser.page.text
    assert "Response speed is at most 2" in browser.page.text
    [saved] = [one for one in await setups.read("rules") if one.key == "all of it"]
    assert saved.values["when"]["repeat"] == "2 in 30d"
    assert saved.values["then"][0] == {"do": "alert", "staff": "kim@example.org"}

    await save(browser, f"{PATH}/all%20of%20it", **{name: value for name, value in fields.items() if name != "key"})
    assert browser.status == 200
    [again] = [one for one in await setups.read("rules") if one.key == "all of it"]
    assert again.mark == saved.mark
    exported = setups.to_toml(await setups.export())
    assert await setups.plan(setups.parse(exported)) == []


@pytest.mark.parametrize(
    ("fields", "row", "said"),
    [
        ({"key": "a/b", "then": "reopen"}, "p-key", "no slash"),
        ({"key": "negative", "then": "reopen"}, "p-key", "with this name already"),
        ({"key": "x"}, "p-then", "at least one action"),
        ({"key": "x", "then": "tag"}, "p-then-0", "write something"),
        ({"key": "x", "then": "tag", "then.0.tag": "angry,loud"}, "p-then-0", "an action of its own"),
        ({"key": "x", "then": "tag", "if": "words", "then.0.tag": "t"}, "p-if-words", "write something"),
        (
            {"key": "x", "then": "alert", "if": "bands", "if.bands": "negative", "event": "ticket.reopened"},
            "p-if-bands",
            "does not go with the event",
        ),
        (
            {"key": "x", "then": "alert", "if": "repeat", "repeat.times": "2", **span("repeat", "ages", "d")},
            "p-if-repeat",
            "Please write a whole number, such as 30, and choose its unit.",
        ),
        ({"key": "", "then": "alert"}, "p-key", "Give it a name."),
        ({"key": "x", "then": "recover", "event": "invite.expired"}, "p-then-0", "does not go with the event"),
        ({"key": "x", "then": ["alert", "apologise", "alert"]}, "p-then-2", "stands above already"),
    ],
)
async def test_what_is_wrong_stands_beside_its_row_and_what_was_typed_stays(
    sqlite_front: Front, fields: dict[str, Any], row: str, said: str
) -> None:
    browser = await at(sqlite_front)
    await browser.open(NEW)
    await save(browser, **{"event": "response.settled", **fields})
    assert browser.status in {409, 422}
    assert browser.page.all("p", id=row)
    assert said in browser.page.text
    assert browser.page.all("a", href=f"#{row}"), "what stands on top leads there"
    assert browser.page.all("input", id="f-key")[0]["value"] == fields["key"]
    assert await Rule.all().count() == 1


async def test_two_who_edit_the_same_see_each_other(front: Front) -> None:
    mine, theirs = await at(front), await at(front, email="kim@kestrel.example")
    path = f"{PATH}/negative"
    await mine.open(path)
    await theirs.open(path)
    same = {"event": "response.settled", "if": "bands", "if.bands": "negative", "enabled": "on"}
    await save(theirs, path, **same, then="reopen")
    await save(mine, path, **same, then="alert")
    assert mine.status == 409
    assert "→ reopen the ticket." in mine.page.text
    assert "Lee <3 changed it" in mine.page.text
    assert (await Rule.get()).settings["then"] == ["reopen"]
    await save(mine, path, **same, then="alert")
    assert (await Rule.get()).settings["then"] == ["alert"]
    await save(mine, path, **same, then="apologise", seen="another window's")
    assert "You changed it yourself in another window" in mine.page.text


async def test_it_is_tried_on_the_past_before_it_is_saved(front: Front) -> None:
    for overall in (1, 5, 2):
        await rated(front, overall)
    browser = await at(front)
    await browser.open(NEW)
    fields = {"key": "x", "event": "response.settled", "if": "bands", "if.bands": "negative", "then": "alert"}
    await save(browser, do="try", **fields)
    assert "Would have fired 2 times, of 3" in browser.page.text
    told = [one["class"] for one in browser.page.all("span") if one.get("class") in ("tag", "tag good")]
    assert told == ["tag good", "tag good", "tag"], "where it fires comes first"
    assert "It was positive, not negative." in browser.page.text
    assert browser.page.all("button", formaction=f"{NEW}#trial"), "the answer is what one sees"
    assert await Rule.all().count() == 1


async def test_the_log_says_why_it_did_not_fire(front: Front) -> None:
    await rated(front, 5)
    await rated(front, 1)
    await Reaction.filter(fired=True).update(
        failed=[{"action": "assign", "label": "rule.no_member", "values": {"name": "<b>Lu"}}]
    )
    browser = await at(front, Role.AUDITOR)
    page = await browser.open(f"{PATH}/negative/log")
    assert "It was positive, not negative." in page.text
    assert "there is no <b>Lu on the staff" in page.text
    number = (await Ticket.all().order_by("id").first()).number  # type: ignore[union-attr]
    assert page.all("a", href=f"/admin/tickets/{number}")
    page = await browser.open(f"{PATH}/negative/log?fired=1")
    [chosen] = [one for one in page.all("a") if one.get("aria-current") == "true"]
    assert chosen["href"] == "?fired=1"
    assert "not negative" not in page.text


async def test_the_log_says_why_it_fired_and_what_was_done_and_what_was_not(front: Front) -> None:
    await Staff.create(key="ada", name="Ada Wong")
    settings = {
        "when": {"bands": ["negative"], "scores": {"overall": "<=2"}, "words": ["refund"], "repeat": "1 in 30d"},
        "then": [{"do": "tag", "tag": "upset"}, {"do": "alert", "staff": "ada"}],
    }
    await Rule.create(key="tell", position=1, settings=settings)
    await Rule.create(key="always", position=2, settings={"then": [{"do": "tag", "tag": "seen"}]})
    invite = await rated(front, 1, "I want a refund")
    browser = await at(front, Role.AUDITOR)
    text = (await browser.open(f"{PATH}/tell/log")).text
    assert "Because it was negative and Overall was 1 (at most 2) and the comment says “refund”" in text
    assert "the contact was unhappy 1 time within 30 days." in text
    assert "Done: tag it upset." in text
    assert "Could not do this: tell Ada Wong. Why: Ada Wong has no address." in text
    assert "It has no conditions, and always fires." in (await browser.open(f"{PATH}/always/log")).text
    text = (await browser.open(f"{PATH}/negative/log")).text
    assert "Because it was negative." in text
    assert "The person was erased" not in text

    ticket = f"/admin/tickets/{invite.ticket.number}"
    timeline = (await browser.open(ticket)).text
    assert "The rule tell could not do this: Tell a person. Why: Ada Wong has no address." in timeline
    await erase.erase(await Contact.get(), ledger=front.site.erasures, by="x", now=front.clock.now)
    assert "The rule tell could not do this: Tell a person" in (await browser.open(ticket)).text
    text = (await browser.open(f"{PATH}/tell/log")).text
    assert "upset" not in text
    assert "The person was erased" in text


async def test_what_cannot_be_done_is_said_before_it_fails_and_is_seen_after(front: Front) -> None:
    await Staff.create(key="ada", name="Ada <3")
    browser = await at(front)
    await browser.open(NEW)
    await save(browser, key="tell", event="response.settled", then="alert_person", then__0__staff="ada", enabled="on")
    warned = "As things are, it could not do this: tell Ada <3. Why: Ada <3 has no address."
    assert "The rule is saved" in browser.page.text
    assert warned in browser.page.text
    assert warned in (await browser.open(PATH)).text
    assert "could not be done" not in browser.page.text

    await rated(front, 5)
    await rated(front, 1)
    page = await browser.open(PATH)
    assert page.text.count("could not be done 2 times in the last 7 days") == 1
    assert (await browser.open(f"{PATH}/tell/log?failed=1")).text.count("Ada <3 has no address") == 2
    assert "Ada <3" not in (await browser.open(f"{PATH}/negative/log?failed=1")).text
    assert "2 times in 7 days that rules could not do something" in (await browser.open("/admin/")).text
    front.clock.now += timedelta(days=8)
    browser = await at(front)
    assert "in the last 7 days" not in (await browser.open(PATH)).text


async def test_a_webhook_without_a_secret_is_warned_of(sqlite_front: Front) -> None:
    front = sqlite_front
    row = await Webhook.create(key="crm", url="https://x.example", created_at=front.clock.now)
    await Rule.create(key="call", position=1, settings={"then": [{"do": "webhook", "webhook": "crm"}]})
    browser = await at(front)
    for path in (PATH, f"{PATH}/call"):
        text = (await browser.open(path)).text
        assert "As things are, it could not do this: call crm. Why: the webhook crm has no secret yet." in text
    await Webhook.filter(id=row.id).update(secret="sealed")
    assert "has no secret yet" not in (await browser.open(PATH)).text


async def test_a_visitor_whom_nobody_has_seen_is_warned_of(sqlite_front: Front) -> None:
    front = sqlite_front
    front.site.channels["webchat"] = WebchatChannel(
        "webchat", WebchatSettings(kind="webchat"), base_url="http://localhost"
    )
    browser = await at(front)
    await browser.open(NEW)
    place = {"then": "alert_place", "then.0.channel": "webchat", "then.0.to": "nosuchvisitor"}
    await save(browser, key="chat", event="response.settled", **place)
    assert "Nobody called nosuchvisitor has used webchat yet." in browser.page.text
    contact = await Contact.create(name="Lee", created_at=front.clock.now)
    await Address.create(contact=contact, channel="webchat", address="nosuchvisitor", created_at=front.clock.now)
    assert "Nobody called" not in (await browser.open(f"{PATH}/chat")).text


async def test_the_audit_calls_actions_as_the_rule_does(sqlite_front: Front) -> None:
    await Staff.create(key="ada", name="Ada")
    browser = await at(sqlite_front)
    await browser.open(NEW)
    steps = {"then": ["alert_person", "alert_place", "alert"], "then.0.staff": "ada"}
    await save(
        browser, key="x", event="response.settled", **steps, **{"then.1.channel": "support-bot", "then.1.to": "4"}
    )
    text = (await browser.open("/admin/audit?about=rule:x")).text
    told = [text.count(one) for one in ("Tell a person", "Tell a channel", "Alert the team")]
    assert told == [2, 1, 1], "what comes first stands in the summary as well"


async def test_doubts_about_many_rules_cost_no_more_queries_than_about_few(
    sqlite_front: Front, sqlite_store: Store
) -> None:
    await Team.all().update(alert_channel="")
    browser, costs, doubts = await at(sqlite_front), [], []
    for numbers in (range(2), range(2, 20)):
        for number in numbers:
            person = await Staff.create(key=f"p{number}", name=f"P{number}")
            await Webhook.create(
                key=f"w{number}", enabled=False, url="https://x.example", created_at=sqlite_front.clock.now
            )
            then = [
                {"do": "alert", "staff": person.key},
                {"do": "assign", "staff": f"gone{number}"},
                {"do": "webhook", "webhook": f"w{number}"},
                {"do": "alert"},
                {"do": "alert", "channel": "webchat", "to": f"w_{number}"},
            ]
            await Rule.create(key=f"r{number}", position=number + 1, settings={"then": then})
        with statements.told(sqlite_store) as asked:
            await browser.open(PATH)
        costs.append(len(asked))
        doubts.append(browser.page.text.count("could not do this"))
    assert doubts == [1 + 2 * 4, 1 + 20 * 4], "the shipped rule alerts a team as well"
    assert costs[0] == costs[1] > 1, asked


async def test_rules_are_switched_moved_and_removed(front: Front) -> None:
    await Rule.create(key="b <2>", position=1, settings={"then": ["alert"]})
    browser = await at(front)
    path = f"{PATH}/b%20%3C2%3E"
    await browser.open(PATH)
    await save(browser, path, do="up")
    assert [one.key for one in await setups.read("rules")] == ["b <2>", "negative"]
    seen = {one.key: one.mark for one in await setups.read("rules")}
    await save(browser, path, do="off", seen=seen["b <2>"])
    assert not (await Rule.get(key="b <2>")).enabled
    await save(browser, path, do="remove", seen="stale", sure="yes")
    assert "This was changed since" in browser.page.text
    seen = {one.key: one.mark for one in await setups.read("rules")}
    await save(browser, path, do="remove", seen=seen["b <2>"])
    assert "Remove the rule b <2>?" in browser.page.text
    assert "alert the team." in browser.page.text, "what it does"
    assert "cannot be brought back" in browser.page.text
    assert browser.page.all("a", href=path)
    assert await Rule.exists(key="b <2>"), "it asks first"
    await browser.post(browser.path, sure="yes")
    assert [one.key for one in await setups.read("rules")] == ["negative"]


async def test_a_rule_that_somebody_removes_meanwhile_is_still_in_its_form(front: Front) -> None:
    mine, theirs = await at(front), await at(front, email="kim@kestrel.example")
    path = f"{PATH}/negative"
    await mine.open(path)
    await theirs.open(path)
    await theirs.post(path, do="remove", sure="yes")
    assert await Rule.all().count() == 0
    fields = {"event": "response.settled", "if": "bands", "if.bands": "neutral", "then": "tag", "then.0.tag": "meh"}
    await save(mine, path, **fields)
    assert mine.status == 409
    assert "Lee <3 removed it" in mine.page.text
    assert mine.page.all("input", name="then.0.tag")[0]["value"] == "meh"
    assert await Rule.all().count() == 0
    await save(mine, path, do="add-then", add_then="reopen", **fields)
    assert [one["value"] for one in mine.page.all("input", name="then")] == ["tag", "reopen"]
    await save(mine, path, **fields)
    assert (await Rule.get()).settings["then"] == [{"do": "tag", "tag": "meh"}]


async def test_who_may_only_look_has_no_form(front: Front) -> None:
    browser = await at(front, Role.SUPERVISOR)
    page = await browser.open(f"{PATH}/negative")
    assert "reopen the ticket" in page.text
    assert not page.all("form", id="rule")
    await browser.open(f"{PATH}/negative?try=1")
    assert "Would have fired 0 times" in browser.page.text


async def test_what_is_known_is_ticked_in_a_rule_and_what_is_not_is_written(front: Front) -> None:
    await front.invite()
    await Ticket.all().update(tags=["vip"], type="outage")
    browser = await at(front)
    await browser.open(NEW)
    await save(browser, do="add-if", event="response.settled", key="vips", add_if="tags")
    assert [one["value"] for one in browser.page.all("input", name="if.tags")] == ["vip"]
    fields: dict[str, Any] = {"event": "response.settled", "key": "vips", "if": ["tags", "types"], "then": "reopen"}
    await save(browser, **fields, **{"if.tags": "vip", "if.tags.others": "gone, new", "if.types": "outage"})
    assert (await Rule.get(key="vips")).settings["when"] == {"tags": ["vip", "gone", "new"], "types": ["outage"]}
    page = await browser.open(f"{PATH}/vips")
    ticked = {one["value"] for one in page.all("input", type="checkbox") if "checked" in one and "value" in one}
    assert ticked == {"vip", "gone", "new", "outage"}
    assert page.text.count("not seen lately") == 2


async def test_the_log_compares_in_words(front: Front) -> None:
    when = {"scores": {"overall": "<=2"}}
    await Rule.create(key="low", position=1, settings={"when": when, "then": ["reopen"]})
    await Rule.create(key="again", position=2, settings={"when": {"repeat": "2 in 30d"}, "then": ["reopen"]})
    await rated(front, 5)
    browser = await at(front, Role.AUDITOR)
    assert "Overall was 5, wanted was at most 2." in (await browser.open(f"{PATH}/low/log")).text
    assert "wanted: 2 within 30 days." in (await browser.open(f"{PATH}/again/log")).text
    browser.client.headers["accept-language"] = "zh-CN"
    assert "；要求：不超过 2。" in (await browser.open(f"{PATH}/low/log")).text


async def test_the_log_says_what_is_not_there_and_which_of_several_it_was(sqlite_front: Front) -> None:
    front, do = sqlite_front, ["reopen"]
    for at_, (key, when) in enumerate(
        {
            "tier": {"tiers": ["gold", "silver"]},
            "score": {"scores": {"speed": "<=2"}},
            "reasons": {"reasons": ["slow"]},
            "tag": {"tags": ["vip"]},
            "has": {"tags": ["vip-2", "other"]},
        }.items()
    ):
        await Rule.create(key=key, position=at_, settings={"when": when, "then": do})
    asked = await front.invite()
    await Ticket.all().update(tags=["beta", "vip-2", "zeta"])
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    given = await responses.answer(invite, {"overall": 2}, [], "", finished=True, now=front.clock.now)
    await responses.settle(given.id, now=front.clock.now)
    browser = await at(front, Role.AUDITOR)
    for key, english, chinese in (
        ("tier", "The contact had no tier; wanted: gold or silver.", "客户没有等级；要求：gold 或 silver。"),
        ("score", " had no score; wanted was at most 2.", "没有分数；要求：不超过 2。"),
        ("reasons", "No reasons were given; wanted: ", "没有选择原因；要求："),
        ("tag", "Tags: beta, vip-2, zeta; wanted: vip.", "标签：beta、vip-2、zeta；要求：vip。"),
        ("has", "Because it was tagged vip-2.", "因为标签有 vip-2。"),
    ):
        browser.client.headers["accept-language"] = "en"
        page = await browser.open(f"{PATH}/{key}/log")
        assert english in page.text
        assert ("did not fire" in page.text) == (key != "has")
        browser.client.headers["accept-language"] = "zh-CN"
        assert chinese in (await browser.open(f"{PATH}/{key}/log")).text

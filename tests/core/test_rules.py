"""Rules that people set up: when something happens, if it is so, then do this; once, and with a reason."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core import occasions
from core.desk import tickets
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import Priority, Ticket, TicketEntry, TicketStatus
from core.models.invites import Invite
from core.models.reactions import Alert, Occasion, Reaction, Recovery
from core.models.setup import Rule, Staff, StaffAddress, Team
from core.models.webhooks import Webhook, WebhookCall
from core.privacy import erase
from core.privacy.ledger import Ledger
from core.reactions import conditions, rules, trying
from core.reactions.conditions import Facts
from core.reactions.settings import Event, RuleSettings, When
from core.store import Store
from core.surveys import invites, responses
from tests.core.builders import asked, at, company, resolved

NEGATIVE = {"bands": ["negative"]}


async def rule(key: str, *then: Any, position: int = 5, **settings: Any) -> Rule:
    wanted = RuleSettings.model_validate({"then": list(then), **settings})
    return await Rule.create(key=key, position=position, settings=wanted.model_dump(mode="json"))


async def rated(overall: int = 1, ref: str = "T-1", comment: str = "", *, now: datetime = at(), **facts: Any) -> None:  # noqa: B008
    invite = await asked(ref, now=now, **facts)
    response = await responses.answer(invite, {"overall": overall}, [], comment, finished=True, now=now)
    await responses.settle(response.id, now=now)


async def look(*, now: datetime = at()) -> None:  # noqa: B008
    """What the engine does with the jobs; each twice, because jobs may come twice."""
    for occasion in await Occasion.all():
        await rules.look(occasion.id, now=now)
        await rules.look(occasion.id, now=now)


async def log(key: str) -> list[tuple[bool, str]]:
    return [(one.fired, one.why) for one in await Reaction.filter(rule=key).order_by("id")]


@pytest.fixture
async def only_mine(store: Store) -> None:
    await company()
    await Rule.all().delete()


# ---------------------------------------------------------------- if


def unmet(facts: Facts, **when: Any) -> str:
    found = conditions.unmet(When.model_validate(when), facts)
    return found.name if found else ""


def test_scores_are_compared_and_one_that_was_not_given_does_not_hold() -> None:
    facts = Facts(scores={"overall": 4, "speed": 2})
    assert unmet(facts, scores={"speed": "<=2", "overall": ">= 4"}) == ""
    assert unmet(facts, scores={"speed": "<2"}) == "score"
    assert unmet(facts, scores={"speed": "2"}) == ""
    assert unmet(facts, scores={"attitude": "<=5"}) == "score"


@pytest.mark.parametrize(
    ("comment", "word", "says"),
    [
        ("It was LATE again", "late", True),
        ("chocolate", "late", False),
        ("too late.", "Too  Late", True),
        ("我要退款！", "退款", True),
        ("ＲＥＦＵＮＤ now", "refund", True),
        ("STRASSE", "straße", True),
        ("a.*b", "a.*b", True),
        ("axxb", "a.*b", False),
        ("iPhone坏了", "iphone", True),
    ],
)
def test_words_are_plain_whole_words_in_any_script(comment: str, word: str, says: bool) -> None:
    assert (unmet(Facts(comment=comment), words=[word]) == "") is says


def test_what_does_not_hold_is_named_with_what_there_is() -> None:
    facts = Facts(band="positive", type="complaint", tags=("vip",), tier="gold", locale="zh-Hans", channel="mail")
    found = conditions.unmet(When.model_validate(NEGATIVE), facts)
    assert found is not None
    assert (found.name, found.has, found.wanted) == ("band", ("positive",), ("negative",))
    assert (
        unmet(facts, tags=["new", "vip"], tiers=["gold"], locales=["zh"], channels=["mail"], types=["complaint"]) == ""
    )
    assert unmet(facts, locales=["zh-Hant"]) == "locale"
    assert unmet(facts, tiers=["silver"]) == "tier"
    assert unmet(facts, priorities=["high"]) == "priority"


# ---------------------------------------------------------------- then


async def test_the_second_time_in_a_month_does_more(only_mine: None) -> None:
    await rule(
        "again", {"do": "tag", "tag": "unhappy"}, {"do": "priority", "priority": "urgent"}, when={"repeat": "2 in 30d"}
    )
    await rated(1, "T-1", now=at())
    await rated(5, "T-2", now=at(days=1))
    await rated(2, "T-3", now=at(days=29))
    await rated(2, "T-4", now=at(days=70))
    assert await log("again") == [(False, "repeat"), (False, "repeat"), (True, ""), (False, "repeat")]
    ticket = await Ticket.get(ref="T-3")
    assert (ticket.tags, ticket.priority) == (["unhappy"], Priority.URGENT)


async def test_what_cannot_be_done_is_told_and_keeps_nothing_else_from_being_done(only_mine: None) -> None:
    await Staff.create(key="lu", name="Lu", active=False)
    steps = [
        {"do": "assign", "staff": "gone@example.org"},
        {"do": "assign", "staff": "lu"},
        {"do": "webhook", "webhook": "nowhere"},
        "apologise",
        {"do": "tag", "tag": "seen"},
    ]
    await rule("clumsy", *steps, when=NEGATIVE)
    await rated()
    assert (await Ticket.get()).tags == ["seen"]
    kept = (await Reaction.get(rule="clumsy")).failed
    assert [one["label"] for one in kept] == [
        "rule.no_member",
        "rule.not_active",
        "rule.no_webhook",
        "rule.no_recovery",
    ]
    assert await TicketEntry.filter(label="history.rule_failed", internal=True).count() == 4


async def test_it_is_assigned_to_the_lead_and_to_a_member(only_mine: None) -> None:
    await rule("lead", "reopen", "assign_lead", when=NEGATIVE)
    await rated()
    ticket = await Ticket.get().select_related("assignee")
    assert ticket.assignee is not None
    assert ticket.assignee.name == "Kim"


async def test_a_place_and_a_person_are_told_once(only_mine: None) -> None:
    lu = await Staff.create(key="lu", name="Lu")
    await StaffAddress.create(staff=lu, channel="mail", address="lu@example.org")
    place = {"do": "alert", "channel": "slack", "to": "C0BOSSES"}
    await rule("tell", place, {"do": "alert", "staff": "lu"}, when=NEGATIVE)
    await rated()
    sent = await Delivery.filter(kind="rule_alert").order_by("id").values_list("channel", "target")
    assert sent == [("slack", "C0BOSSES"), ("mail", "lu@example.org")]
    assert not await Alert.exists()


async def test_a_message_goes_to_the_contact_unless_they_do_not_want_it(only_mine: None) -> None:
    await rule("thank", {"do": "send", "message": "follow_up"}, when={"bands": ["positive"]})
    await rated(5, "T-1")
    assert await Delivery.filter(kind="follow_up", target="777").count() == 1
    invite = await asked("T-2")
    await Contact.all().update(opted_out_at=at())
    response = await responses.answer(invite, {"overall": 5}, [], "", finished=True, now=at())
    await responses.settle(response.id, now=at())
    assert await Delivery.filter(kind="follow_up").count() == 1
    assert [one.failed[0]["label"] for one in await Reaction.all() if one.failed] == ["rule.opted_out"]


async def test_the_last_rule_ends_it(only_mine: None) -> None:
    await rule("first", {"do": "tag", "tag": "one"}, position=0, last=True, when=NEGATIVE)
    await rule("second", {"do": "tag", "tag": "two"}, position=1)
    await rated(1, "T-1")
    await rated(5, "T-2")
    assert (await Ticket.get(ref="T-1")).tags == ["one"]
    assert (await Ticket.get(ref="T-2")).tags == ["two"]
    assert await log("second") == [(False, "last"), (True, "")]


async def test_a_webhook_is_called_once_with_numbers_and_no_words_of_the_contact(only_mine: None) -> None:
    await Webhook.create(key="crm", url="https://crm.example.org/", created_at=at())
    await rule("call", {"do": "webhook", "webhook": "crm"}, when=NEGATIVE)
    await rated(1, comment="My secret is hunter2")
    call = await WebhookCall.get()
    assert call.type == "response.settled.v1"
    assert '"scores":{"overall":1}' in call.body
    assert not any(word in call.body for word in ("hunter2", "Ann", "777", "Router"))


# ---------------------------------------------------------------- when


async def test_a_question_that_nobody_answered_is_an_occasion_once(only_mine: None) -> None:
    await rule("silent", {"do": "tag", "tag": "silent"}, "alert", event="invite.expired")
    invite = await asked()
    await invites.look(invite.id, now=at(days=8))
    await invites.look(invite.id, now=at(days=9))
    await look(now=at(days=8))
    assert (await Ticket.get()).tags == ["silent"]
    assert await log("silent") == [(True, "")]
    assert await TicketEntry.filter(label="history.rule").count() == 1
    assert await Delivery.filter(kind="rule_alert", channel="slack", target="C0ALERTS").count() == 1


async def test_a_question_that_reached_nobody_is_an_occasion(only_mine: None) -> None:
    await rule("lost", {"do": "tag", "tag": "lost"}, event="invite.undeliverable")
    invite = (await resolved()).invite
    assert invite is not None
    for _ in range(2):
        await invites.undeliverable(invite.id, invite.address_id, "blocked", now=at())
    await look()
    assert (await Ticket.get()).tags == ["lost"]
    assert await Occasion.all().count() == 1


async def test_who_is_erased_before_a_rule_has_looked_is_left_alone(only_mine: None, tmp_path: Path) -> None:
    await rule("lost", {"do": "tag", "tag": "lost"}, event="invite.undeliverable")
    invite = (await resolved()).invite
    assert invite is not None
    await invites.undeliverable(invite.id, invite.address_id, "blocked", now=at())
    ledger = Ledger(tmp_path / "ledger", b"a secret of the tests, 32 bytes or more")
    await erase.erase(await Contact.get(), ledger=ledger, by="lee@kestrel.example", now=at())
    await look()
    assert (await Ticket.get()).tags == []
    assert not await Reaction.exists()


async def test_a_recovery_that_nobody_is_alerted_of_is_overdue_all_the_same(only_mine: None) -> None:
    await rule("open", "recover", when=NEGATIVE, position=0)
    await rule("late", {"do": "tag", "tag": "late"}, event="recovery.overdue", when={"scores": {"overall": "<=2"}})
    await rated()
    recovery = await Recovery.get()
    await rules.look_at_recovery(recovery.id, now=at(hours=1))
    assert not await Occasion.exists()
    for hours in (5, 6):
        await rules.look_at_recovery(recovery.id, now=at(hours=hours))
        await look(now=at(hours=hours))
    assert (await Ticket.get()).tags == ["late"]
    assert await TicketEntry.filter(label="thread.overdue").count() == 1


async def test_a_rules_own_reopening_sets_nothing_going(only_mine: None) -> None:
    await rule("back", "reopen", when=NEGATIVE)
    await rule("reopened", {"do": "tag", "tag": "again"}, event="ticket.reopened")
    await rated()
    assert (await Ticket.get()).status != TicketStatus.RESOLVED
    assert not await Occasion.exists()


async def test_a_loop_over_the_outside_ends_at_the_cap(only_mine: None) -> None:
    await rule("reopened", {"do": "tag", "tag": "again"}, event="ticket.reopened")
    await resolved()
    for _ in range(rules.MOST_A_DAY + 3):
        ticket = await tickets.find("T-1")
        await tickets.reopen(ticket, now=at())
        await tickets.resolve(ticket, now=at())
    await look()
    assert [why for _, why in await log("reopened")].count(rules.TOO_OFTEN) == 3


async def test_reopening_by_rules_has_an_end(only_mine: None) -> None:
    await rule("silent", "reopen", event="invite.expired")
    for times in range(4):
        invite = await asked("T-1", now=at(days=10 * times))
        await invites.look(invite.id, now=at(days=10 * times + 8))
        await look(now=at(days=10 * times + 8))
        ticket = await tickets.find("T-1")
        if times < 2:
            assert ticket.reopened_by_rating == times + 1
        else:
            break
    invite_count = await Invite.all().count()
    assert invite_count == 3
    assert (await Ticket.get()).status == TicketStatus.RESOLVED


async def test_without_a_rule_for_it_nothing_is_kept(only_mine: None) -> None:
    invite = await asked()
    await invites.look(invite.id, now=at(days=8))
    assert not await Occasion.exists()
    await occasions.happened("invite.expired", "x", invite.ticket, now=at())
    assert not await Occasion.exists()


async def test_a_team_without_a_place_is_told_on_the_ticket(only_mine: None) -> None:
    await Team.all().update(alert_channel="", alert_to="")
    await rule("silent", "alert", event="invite.expired")
    invite = await asked()
    await invites.look(invite.id, now=at(days=8))
    await look(now=at(days=8))
    assert [one.failed[0]["label"] for one in await Reaction.all()] == ["rule.no_place"]


# ---------------------------------------------------------------- tried before it is switched on


async def test_what_a_rule_would_have_done_is_what_it_would_do(only_mine: None) -> None:
    when = {"bands": ["negative"], "repeat": "2 in 30d"}
    row = await rule("real", {"do": "tag", "tag": "x"}, when=when)
    for number, (score, days) in enumerate([(1, 0), (5, 1), (2, 5), (2, 80), (3, 81)]):
        await rated(score, f"T-{number}", now=at(days=days))
    settings = RuleSettings.model_validate(row.settings)
    trial = await trying.try_out(settings, at(days=-1), at(days=100))
    assert [(one.fires, one.why) for one in reversed(trial.tried)] == await log("real")
    assert trial.fires == 1
    assert len((await trying.try_out(settings, at(days=4), at(days=82))).tried) == 3


async def test_an_answer_that_was_changed_fires_once_in_the_trial_too(only_mine: None) -> None:
    row = await rule("real", {"do": "tag", "tag": "x"}, when=NEGATIVE)
    invite = await asked()
    for overall in (1, 2):
        response = await responses.answer(invite, {"overall": overall}, [], "", finished=True, now=at())
        await responses.settle(response.id, now=at())
    trial = await trying.try_out(RuleSettings.model_validate(row.settings), at(days=-1), at(days=1))
    assert sorted(one.why for one in trial.tried) == ["", "again"]
    assert await log("real") == [(True, ""), (True, "again")]


@pytest.mark.parametrize("event", list(Event))
async def test_every_occasion_can_be_tried(only_mine: None, event: Event) -> None:
    await rule("open", "reopen", "recover", when=NEGATIVE)
    await rated(1, "T-1")
    await invites.look((await asked("T-2")).id, now=at(days=8))
    lost = (await resolved("T-3")).invite
    assert lost is not None
    await invites.undeliverable(lost.id, lost.address_id, "blocked", now=at())
    await tickets.reopen(await tickets.find("T-2"), now=at(days=9))
    trial = await trying.try_out(RuleSettings.model_validate({"event": event, "then": ["alert"]}), at(), at(days=10))
    assert [one.fires for one in trial.tried] == [True]

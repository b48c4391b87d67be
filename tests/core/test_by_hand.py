"""Somebody sends a survey by hand: at once, with a reason, and never against a person's will."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core import contacts, errors
from core.desk import intake, tickets
from core.models.contacts import Address, Contact
from core.models.deliveries import Delivery
from core.models.desk import TicketEntry
from core.models.invites import Decision, Invite, InvitePurpose, InviteState
from core.models.setup import Survey
from core.store import Store
from core.surveys import by_hand, invites
from tests.core.builders import asked, at, company, resolved

WHY = "A pilot customer, says <Kim>"


async def sent(ref: str = "T-1", *, reason: str = WHY, by: str = "Kim", minutes: float = 1) -> Invite | None:
    _, invite = await by_hand.send(await tickets.find(ref), reason=reason, by=by, now=at(minutes=minutes))
    return invite


async def told() -> list[tuple[str, str, object]]:
    """The decisions that stand in the ticket's history: what, by whom, and why."""
    rows = await TicketEntry.filter(kind="decision").order_by("id")
    return [(row.label, row.actor, row.values.get("reason")) for row in rows]


async def test_who_was_left_alone_by_the_budget_is_asked_at_once(store: Store) -> None:
    await company(budget="1 per 7d", delay="5m", window="09:00-09:01", sample=100)
    await asked("T-1")
    assert (await resolved("T-2", now=at(days=2))).invite is None

    invite = await sent("T-2", minutes=3 * 1440)

    assert invite is not None
    assert (invite.purpose, invite.state, invite.due_at) == (InvitePurpose.MANUAL, "scheduled", at(days=3))
    delivery = await Delivery.filter(subject_id=invite.id).get()
    assert (delivery.kind, delivery.channel, delivery.due_at) == ("invite", "support-bot", at(days=3))


async def test_the_decision_says_that_it_was_a_person_and_why(store: Store) -> None:
    await company()
    walk = await resolved(addresses=())
    await Decision.all().delete()
    await Address.create(contact=walk.ticket.contact, channel="support-bot", address="777", created_at=at())

    decision, _ = await by_hand.send(walk.ticket, reason="  A pilot\n customer ", by="Kim", now=at(minutes=1))

    kept = await Decision.get()
    assert (kept.sent, kept.reason, kept.values) == (True, "by_hand", {"by": "Kim"})
    assert (decision.id, decision.survey_key) == (kept.id, "default")
    assert (await told())[-1] == ("history.sent_by_hand", "Kim", "A pilot customer")


async def test_what_was_decided_before_stands_and_the_history_tells_the_rest(store: Store) -> None:
    await company(sample=0)
    await resolved()

    decision, invite = await by_hand.send(await tickets.find("T-1"), reason=WHY, by="Kim", now=at(minutes=1))

    assert invite is not None
    assert (decision.sent, decision.reason) == (True, "by_hand")
    assert [row.reason for row in await Decision.all()] == ["sampled_out"]
    assert (await told())[-1] == ("history.sent_by_hand", "Kim", WHY)


async def test_a_cycle_is_asked_about_once_by_hand_or_not(store: Store) -> None:
    await company(sample=0)
    await resolved("T-1")
    await sent("T-1")
    await company_asks_everybody()
    await asked("T-2", now=at(minutes=2))

    for ref in ("T-1", "T-2"):
        with pytest.raises(errors.Conflict) as refused:
            await sent(ref, minutes=5)
        assert refused.value.label == "decision.already_asked"
    assert await Invite.all().count() == 2


async def test_of_several_people_who_send_it_at_once_one_does(store: Store) -> None:
    await company(sample=0)
    await resolved()

    outcomes = await asyncio.gather(*(sent(by=name) for name in ("Kim", "Li", "Bo", "Mo")), return_exceptions=True)

    assert sorted(type(one).__name__ for one in outcomes) == ["Conflict", "Conflict", "Conflict", "Invite"]
    assert (await Invite.all().count(), await Delivery.all().count()) == (1, 1)


async def test_while_it_is_being_resolved_the_contact_gets_one_question_not_two(store: Store) -> None:
    survey = await company(conditions={"closed_by": ["Li"]})
    anybody = {**survey.settings, "conditions": {}}
    await Survey.create(key="anybody", version=1, position=1, settings=anybody, created_at=at())
    people: dict[str, dict[str, Any]] = {
        f"T-{number}": {"contact": f"c-{number}", "addresses": (("mail", str(number)),)} for number in range(8)
    }
    for ref, person in people.items():
        await resolved(ref, **person)
        await intake.ticket_reopened(ref, now=at(minutes=1))

    by_itself = [resolved(ref, now=at(minutes=2), **person) for ref, person in people.items()]
    by_hand_too = [sent(ref, minutes=2) for ref in people]
    await asyncio.gather(*by_itself, *by_hand_too, return_exceptions=True)

    assert sorted(await Invite.filter(cycle=2).values_list("ticket__ref", flat=True)) == sorted(people)


async def test_a_ticket_that_was_asked_about_while_open_is_not_asked_about_again_when_resolved(store: Store) -> None:
    await company()
    await resolved()
    await intake.ticket_reopened("T-1", now=at(minutes=1))
    invite = await sent(minutes=2)
    assert invite is not None

    walk = await resolved(now=at(minutes=3))

    assert walk.invite is not None
    assert walk.invite.id == invite.id
    assert await Invite.filter(cycle=2).count() == 1


async def test_the_next_cycle_can_be_asked_about_by_hand_again(store: Store) -> None:
    await company(sample=0)
    await resolved()
    await sent()
    await intake.ticket_reopened("T-1", now=at(minutes=2))
    await resolved(now=at(minutes=3))

    again = await sent(minutes=4)

    assert again is not None
    assert again.cycle == 2


@pytest.mark.parametrize("reason", ["", " \n\t ", "\u202e"])
async def test_nobody_sends_it_without_saying_why(store: Store, reason: str) -> None:
    await company(sample=0)
    await resolved()
    with pytest.raises(errors.Invalid) as refused:
        await sent(reason=reason)
    assert (refused.value.field, refused.value.label) == ("reason", "note.say_why")
    assert await Invite.all().count() == 0


async def test_who_wants_no_surveys_gets_none_by_hand_either(store: Store) -> None:
    await company(sample=0)
    walk = await resolved()
    await contacts.opt_out(walk.ticket.contact, now=at(seconds=1))

    decision, invite = await by_hand.send(walk.ticket, reason=WHY, by="Kim", now=at(minutes=1))

    assert (decision.sent, decision.reason, invite) == (False, "opted_out", None)
    assert (await told())[-1] == ("decision.opted_out", "Kim", WHY)
    assert await Delivery.all().count() == 0


async def test_colleagues_and_people_without_an_address_are_not_asked(store: Store) -> None:
    await company()
    await resolved("T-1", addresses=())
    assert await sent("T-1") is None
    await Contact.all().update(internal=True)
    assert await sent("T-1") is None
    assert [label for label, _, _ in (await told())[-2:]] == ["decision.no_address", "decision.staff_or_test"]


async def test_without_any_survey_nothing_is_sent(store: Store) -> None:
    await company()
    await Survey.all().delete()
    await resolved()
    assert await sent() is None
    assert (await told())[-1][0] == "decision.no_survey"


async def test_an_attempt_in_vain_does_not_keep_an_open_ticket_from_being_asked_about_later(store: Store) -> None:
    await company()
    await resolved(addresses=())
    await intake.ticket_reopened("T-1", now=at(minutes=1))
    assert await sent(minutes=2) is None

    walk = await resolved(now=at(minutes=3))

    assert walk.decision is not None
    assert (walk.decision.reason, walk.invite is not None) == ("sent", True)


async def test_after_a_question_that_never_arrived_it_can_be_sent_by_hand(store: Store) -> None:
    await company()
    walk = await resolved()
    assert walk.invite is not None
    await lost(walk.invite)
    first = await sent()
    assert first is not None
    await lost(first)

    again = await sent(minutes=9)

    assert again is not None
    states = [one.state for one in await Invite.all().order_by("id")]
    assert states == [InviteState.UNDELIVERABLE, InviteState.SCHEDULED]
    assert await Delivery.filter(subject_id=again.id, due_at=at(minutes=9)).count() == 1


async def test_the_survey_that_fits_the_ticket_is_sent_and_else_the_first(store: Store) -> None:
    survey = await company(sample=0, conditions={"types": ["complaint"]})
    other = {**survey.settings, "conditions": {"types": ["suggestion"]}}
    await Survey.create(key="ideas", version=1, position=1, settings=other, created_at=at())
    await resolved("T-1", type="suggestion")
    await resolved("T-2", type="inquiry")

    chosen = [await sent("T-1"), await sent("T-2")]

    assert [one.survey_key for one in chosen if one] == ["ideas", "default"]


async def test_a_question_sent_by_hand_uses_up_the_budget(store: Store) -> None:
    await company(budget="1 per 7d", sample=0)
    await resolved("T-1")
    await sent("T-1")
    await company_asks_everybody(budget="1 per 7d")

    walk = await resolved("T-2", now=at(days=2))

    assert walk.decision is not None
    assert walk.decision.reason == "asked_recently"


async def company_asks_everybody(**settings: object) -> None:
    survey = await Survey.get()
    survey.settings = {**survey.settings, "sample": 100, **settings}
    await survey.save()


async def lost(invite: Invite) -> None:
    """Its address does not take it; later the contact writes from there again."""
    await invites.undeliverable(invite.id, invite.address_id, "bot was blocked", now=at(seconds=30))
    assert (await Invite.get(id=invite.id)).state == InviteState.UNDELIVERABLE
    await contacts.mark_reachable("support-bot", "777")

"""What the surveys would have done to past tickets: the same decisions, and not a row more."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from tortoise.models import Model

from core import contacts
from core.desk import intake, tickets
from core.models import MODULES
from core.models.contacts import Address, Contact, Reach
from core.models.desk import TicketEntry
from core.models.invites import Decision, Invite, InviteState
from core.models.setup import Staff, StaffAddress, Survey
from core.reactions import alerts, recoveries
from core.store import Store
from core.surveys import dry_run, responses
from core.surveys.dry_run import DryRun
from tests.core.builders import asked, at, company, resolved
from tests.rigs import statements


async def replayed(days: float = 30, *, until: float = 30) -> DryRun:
    return await dry_run.replay(at(days=until - days), at(days=until))


async def now_set(**settings: Any) -> None:
    """The survey is changed after the fact, as somebody does who wants to try that."""
    survey = await Survey.get()
    survey.settings = {**survey.settings, **settings}
    await survey.save()


async def everything() -> str:
    """All rows of all tables."""
    tables = [found for module in MODULES for found in vars(import_module(module)).values() if _is_table(found, module)]
    assert len(tables) > 10
    rows = {table.__name__: await table.all().order_by(table._meta.pk_attr).values() for table in tables}
    return json.dumps(rows, default=str)


def _is_table(found: object, module: str) -> bool:
    return isinstance(found, type) and issubclass(found, Model) and found.__module__ == module


# ---------------------------------------------------------------- it decides as the surveys do


async def test_it_says_of_the_past_what_was_decided_then(store: Store) -> None:
    await company(budget="1 per 7d, 2 per 30d", conditions={"types": ["inquiry", "complaint"]}, sample=70)
    for number in range(40):
        person = f"c-{number % 7}"
        addresses = ((("support-bot", person),), (("mail", f"{person}@example.org"),), ())[number % 7 % 3]
        kind = ("inquiry", "complaint", "suggestion")[number % 3]
        when = at(days=number * 0.6, minutes=number)
        await resolved(f"T-{number}", contact=person, addresses=addresses, type=kind, now=when)
        if number == 20:
            await contacts.opt_out(await Contact.get(ref=person), now=when + timedelta(hours=1))

    found = await replayed()

    decided: dict[str, int] = {}
    for row in await Decision.all():
        reason = f"condition.{row.values['condition']}" if row.reason == "condition" else row.reason
        decided[reason] = decided.get(reason, 0) + 1
    assert dict(found.reasons) == decided
    assert {"sent", "asked_recently", "opted_out", "no_address", "sampled_out", "condition.type"} <= decided.keys()
    assert found.asked == decided["sent"]
    assert found.asked + found.not_asked == 40


async def test_it_takes_the_surveys_as_they_are_now(store: Store) -> None:
    await company(budget="1 per 7d")
    await resolved("T-1")
    await resolved("T-2", now=at(days=1))
    await now_set(budget="none")
    assert (await replayed()).reasons == {"sent": 2}
    await now_set(sample=0)
    assert (await replayed()).reasons == {"sampled_out": 2}
    await now_set(sample=100, conditions={"priorities": ["urgent"]})
    assert (await replayed()).reasons == {"condition.priority": 2}


async def test_the_budget_knows_what_came_before_the_days_that_are_asked_about(store: Store) -> None:
    await company(budget="1 per 7d")
    await resolved("T-1")
    await resolved("T-2", now=at(days=5))
    found = await replayed(2, until=6)
    assert found.reasons == {"asked_recently": 1}
    assert found.examples["asked_recently"] == [(await tickets.find("T-2")).number]


async def test_what_reached_nobody_was_not_asked(store: Store) -> None:
    await company(budget="1 per 7d")
    lost = (await resolved("T-1")).invite
    assert lost is not None
    await Invite.filter(id=lost.id).update(state=InviteState.UNDELIVERABLE)
    await resolved("T-2", now=at(days=1))
    assert (await replayed()).reasons == {"undeliverable": 1, "sent": 1}, "nor does it use up the budget"
    await Address.all().update(reach=Reach.UNREACHABLE)
    found = await replayed()
    assert (found.reasons, found.asked) == ({"undeliverable": 2}, 0)


async def test_over_budget_can_mean_later(store: Store) -> None:
    await company(budget="1 per 7d", over_budget="postpone")
    await resolved("T-1")
    await resolved("T-2", now=at(days=1))
    found = await replayed()
    assert (found.reasons, found.asked, found.not_asked) == ({"sent": 1, "postponed": 1}, 2, 0)


async def test_resolutions_count_in_the_order_of_their_time(store: Store) -> None:
    await company(budget="1 per 7d", conditions={"types": ["inquiry"]})
    await resolved("later", now=at(days=3))
    await resolved("first", now=at(days=1))  # an old one that was brought over afterwards
    found = await replayed()
    assert found.examples["sent"] == [(await tickets.find("first")).number]
    assert found.examples["asked_recently"] == [(await tickets.find("later")).number]


async def test_each_cycle_of_a_ticket_counts(store: Store) -> None:
    await company()
    await resolved()
    await intake.ticket_reopened("T-1", now=at(hours=1))
    await resolved(now=at(hours=2))
    assert (await replayed()).reasons == {"sent": 2}


async def test_what_was_reopened_before_the_question_was_due_would_not_have_been_asked(store: Store) -> None:
    await company(budget="1 per 7d")
    await resolved()
    await intake.ticket_reopened("T-1", now=at(hours=1))
    await resolved(now=at(hours=2))
    await now_set(delay="90m")
    assert (await replayed()).reasons == {"reopened": 1, "sent": 1}


async def test_who_opted_out_later_would_have_been_asked_before(store: Store) -> None:
    await company()
    await resolved("T-1")
    await contacts.opt_out(await Contact.get(), now=at(days=1))
    await resolved("T-2", now=at(days=2))
    assert (await replayed()).reasons == {"sent": 1, "opted_out": 1}


async def test_who_is_known_only_where_nobody_reads_would_not_have_been_asked(store: Store) -> None:
    await company()
    await resolved("T-1", addresses=(("mail", "noreply@shop.example"),))
    assert (await Decision.get()).reason == "no_address"
    assert (await replayed()).reasons == {"no_address": 1}


async def test_who_is_of_the_staff_is_not_asked_wherever_they_write_from(store: Store) -> None:
    await company()
    kim = await Staff.get(key="kim@example.org")
    await StaffAddress.create(staff=kim, channel="mail", address="kim@example.org")
    for number, door in enumerate((("mail", "kim@example.org"), ("chat", "kim@example.org"))):
        await resolved(f"T-{number}", contact=f"c-{number}", addresses=(door,))
    reasons = [one.reason for one in await Decision.all().order_by("id")]
    assert reasons == ["staff_or_test", "sent"], "the same name in another channel may be anybody"
    assert (await replayed()).reasons == {"staff_or_test": 1, "sent": 1}


async def test_closing_a_recovery_is_no_resolution_that_a_survey_asks_about(store: Store) -> None:
    await company()
    invite = await asked()
    response = await responses.answer(invite, {"overall": 1}, (), "", finished=True, now=at(minutes=1))
    await responses.settle(response.id, now=at(minutes=5))
    kim = await Staff.get(name="Kim")
    alert = await alerts.of_response(response.id)
    assert alert is not None
    await recoveries.take(alert, kim, now=at(minutes=6))
    await recoveries.resolve(alert, "solved", "New cable", by=kim, now=at(minutes=9))
    assert await TicketEntry.filter(kind="resolved").count() == 2
    assert (await replayed()).reasons == {"sent": 1}


async def test_each_survey_has_its_own_count(store: Store) -> None:
    first = await company(conditions={"types": ["complaint"]})
    ideas = {**first.settings, "conditions": {"types": ["suggestion"]}, "sample": 0}
    await Survey.create(key="ideas", version=1, position=1, settings=ideas, created_at=at())
    idle = {**first.settings, "conditions": {"teams": ["nobody"]}}
    await Survey.create(key="idle", version=1, position=2, settings=idle, created_at=at())
    for number, kind in enumerate(("complaint", "complaint", "suggestion", "inquiry")):
        await resolved(f"T-{number}", type=kind)
    found = await replayed()
    assert found.surveys == {"default": {"sent": 2}, "ideas": {"sampled_out": 1}, "idle": {"condition.team": 1}}


async def test_without_a_survey_nobody_would_have_been_asked(store: Store) -> None:
    await company()
    await resolved()
    await Survey.all().update(current=False)
    found = await replayed()
    assert (found.reasons, found.surveys) == ({"no_survey": 1}, {"": {"no_survey": 1}})


@pytest.mark.parametrize(("days", "count"), [(1, 1), (3, 2)])
async def test_only_the_days_that_are_asked_about_count(store: Store, days: float, count: int) -> None:
    await company()
    for number, day in enumerate((-10, 0, 2, 3)):
        await resolved(f"T-{number}", now=at(days=day))
    assert (await replayed(days, until=3)).reasons.total() == count  # the one at the very end is not before it


async def test_an_empty_desk_is_no_reason_to_stumble(store: Store) -> None:
    found = await replayed()
    assert (found.asked, found.not_asked, found.examples) == (0, 0, {})


# ---------------------------------------------------------------- and changes nothing


async def test_it_writes_nothing(store: Store) -> None:
    await company(budget="1 per 7d")
    for number in range(5):
        await resolved(f"T-{number}", contact=f"c-{number % 2}", now=at(hours=number))
    before = await everything()
    assert (await replayed()).reasons.total() == 5
    assert await everything() == before


async def test_it_asks_the_store_no_more_often_for_many_tickets(sqlite_store: Store) -> None:
    await company()
    counts = []
    for number in range(30):
        await resolved(f"T-{number}", contact=f"c-{number}", addresses=(("mail", f"{number}@example.org"),))
        if number in (0, 29):
            with statements.told(sqlite_store) as seen:
                await replayed()
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 9


async def test_many_pages_are_one_replay_and_progress_is_told(store: Store) -> None:
    await company(budget="1 per 7d")
    for number in range(10):
        await resolved(f"T-{number}", contact=f"c-{number % 3}", addresses=(), now=at(hours=number))
        await resolved(
            f"U-{number}", contact=f"d-{number % 3}", addresses=((f"bot-{number % 3}", "7"),), now=at(hours=number)
        )
    told: list[tuple[int, int]] = []
    found = await dry_run.replay(at(), at(days=1), told=lambda done, of: told.append((done, of)), at_once=4)
    assert found.reasons == {"no_address": 10, "sent": 3, "asked_today": 7}
    assert told == [(4, 20), (8, 20), (12, 20), (16, 20), (20, 20)]


async def test_what_no_budget_looks_back_at_is_forgotten() -> None:
    earlier = dry_run._Earlier(timedelta(days=7))
    for day in range(100):
        earlier.add(day % 50, dry_run.Asked(at(days=day), "mail"))
    assert [one.at for one in earlier.of(49, now=at(days=99))] == [at(days=99)]
    assert len(earlier._order) == sum(len(one) for one in earlier._asked.values()) == 9

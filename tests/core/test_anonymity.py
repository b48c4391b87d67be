"""Anonymous answers: what is kept, when it counts, who hears of it, and that nothing leads back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tortoise.exceptions import IntegrityError

from core import errors, transactions
from core.insight import figures, spans, today
from core.insight.tallies import Distribution
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry, TicketStatus
from core.models.invites import Invite, InviteState, Slice
from core.models.reactions import Alert, Reaction, Recovery
from core.models.responses import Band, HeldAnswer, PageVisit, Response, Score
from core.models.setup import Rule
from core.reactions import unnamed
from core.reactions.settings import RuleSettings
from core.store import Store
from core.surveys import held, invites, responses, visits
from core.surveys.visits import Answer
from tests.core.builders import asked, at, company, resolved, whole
from tests.rigs import statements


async def answered(
    ref: str = "T-1", scores: dict[str, int] | None = None, comment: str = "", *, now: datetime, **facts: Any
) -> Invite:
    """Somebody answers, and it has settled."""
    invite = await asked(ref, now=now, **facts)
    given = {"overall": 2} if scores is None else scores
    response = await responses.answer(invite, given, [], comment, finished=True, now=now)
    await responses.settle(response.id, now=now + timedelta(minutes=11))
    return await whole(invite)


async def hour_is_over(now: datetime) -> None:
    """What the worker does at every sweep."""
    await unnamed.look(now=now)


async def board(now: datetime, **filters: Any) -> figures.Board:
    return await figures.board(_month(now), figures.Filters(**filters), now=now)


async def scores(now: datetime) -> Mapping[str, Distribution]:
    return (await figures.details(_month(now), figures.Filters())).dimensions


def _month(now: datetime) -> spans.Span:
    return spans.preset(spans.Preset.MONTH, zone=ZoneInfo("UTC"), now=now)


# ---------------------------------------------------------------- what is kept


async def test_an_anonymous_answer_keeps_scores_words_team_type_and_day_and_nothing_else(store: Store) -> None:
    await company(anonymous=True)
    invite = await answered(comment="The hold music was in D minor", scores={"overall": 2, "speed": 4}, now=at())
    [kept] = await Response.all().select_related("slice")
    assert (kept.judged, kept.overall, kept.band) == ({"overall": 2, "speed": 4}, 2, Band.NEGATIVE)
    assert kept.comment == "The hold music was in D minor"
    assert kept.slice is not None
    assert (kept.slice.type, kept.slice.survey_key) == ("inquiry", "default")
    assert (kept.slice.agent_id, kept.slice.channel, kept.slice.locale) == (0, "", "")
    assert kept.id < 0
    assert kept.invite_id is None
    assert kept.created_at == kept.changed_at == at().replace(hour=0)
    assert (kept.finished_at, kept.comment_until, kept.reasons, kept.skipped) == (None, None, [], [])
    assert invite.state == InviteState.FINISHED, "that it was answered is known"
    assert not await Score.all().exists()


async def test_nothing_is_reopened_and_nobody_is_named(store: Store) -> None:
    await company(anonymous=True)
    invite = await answered(now=at())
    await hour_is_over(at(hours=1))
    ticket = await Ticket.get(id=invite.ticket_id)
    assert (ticket.status, ticket.cycle) == (TicketStatus.RESOLVED, 1)
    for table in (Alert, Recovery, Reaction):
        assert not await table.all().exists()
    told = [one.label for one in await TicketEntry.filter(ticket_id=ticket.id)]
    assert "history.answered_anonymously" in told
    assert not {"history.rated", "history.commented", "history.rule", "history.alerted"} & set(told)
    assert not await Delivery.filter(kind="sorry").exists()


async def test_half_an_answer_is_cut_too(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    response = await responses.give_score(invite, "overall", 2, now=at(seconds=1))
    await responses.settle(response.id, now=at(minutes=5))
    assert await Response.exists(id=response.id), "whoever thinks for five minutes can go on"
    await responses.settle(response.id, now=at(minutes=11))
    [kept] = await Response.all()
    assert kept.id < 0
    assert kept.overall == 2


async def test_words_without_a_score_are_kept_without_a_name(store: Store) -> None:
    await company(anonymous=True)
    await answered(scores={}, comment="Thanks to the night shift", now=at())
    [kept] = await Response.all()
    assert (kept.comment, kept.judged, kept.band, kept.invite_id) == ("Thanks to the night shift", None, None, None)
    assert not await TicketEntry.filter(label="history.commented").exists()


async def test_after_the_cut_nothing_can_be_changed_and_they_are_told(store: Store) -> None:
    await company(anonymous=True)
    stale = await asked()
    response = await responses.give_score(stale, "overall", 2, now=at(seconds=1))
    await responses.settle(response.id, now=at(minutes=11))
    for invite in (stale, await whole(stale)):  # read before, or after
        with pytest.raises(errors.Conflict) as refused:
            await responses.give_score(invite, "overall", 5, now=at(minutes=12))
        assert refused.value.label == "note.anonymous_cut"
    assert await Response.all().count() == 1


async def test_a_tap_that_waits_for_the_cut_is_refused(postgres_store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    response = await responses.give_score(invite, "overall", 2, now=at(seconds=1))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def cut() -> None:
        await responses.settle(response.id, now=at(minutes=11))
        begun.set()
        await go_on.wait()

    cutting = asyncio.create_task(transactions.run(cut))
    await begun.wait()
    tap = asyncio.create_task(responses.give_score(invite, "overall", 5, now=at(minutes=11)))
    await asyncio.sleep(0)
    go_on.set()
    await cutting
    with pytest.raises(errors.Conflict):
        await tap
    [kept] = await Response.all()
    assert kept.overall == 2


async def test_identities_and_moments_tell_no_order(store: Store) -> None:
    await company(anonymous=True)
    for number in range(8):
        await answered(f"T-{number}", contact=f"c-{number}", addresses=(("support-bot", str(number)),), now=at())
    rows = await Response.all().order_by("id")
    assert len({row.id for row in rows}) == 8
    assert all(row.id < -(2**40) for row in rows), "random, and as far from each other as that"
    assert len({(row.created_at, row.changed_at, row.settle_at) for row in rows}) == 1
    await company_of_another_survey()
    named = await asked("T-9", contact="c-9", addresses=(("support-bot", "9"),), now=at(hours=1))
    response = await responses.give_score(named, "overall", 5, now=at(hours=1))
    assert 0 < response.id < 100, "the keys that the store gives go on as if nothing had been"


async def company_of_another_survey() -> None:
    survey = (await Invite.all().order_by("-id").select_related("survey"))[0].survey
    survey.settings = {**survey.settings, "anonymous": False}
    await survey.save()


# ---------------------------------------------------------------- "you may contact me about this"


async def test_who_may_be_contacted_is_an_ordinary_unhappy_customer(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    await responses.give_score(invite, "overall", 1, now=at(seconds=1))
    response = await responses.let_contact(await whole(invite), True, now=at(seconds=5))
    await responses.settle(response.id, now=at(seconds=100))
    assert (await Ticket.get(id=invite.ticket_id)).cycle == 2
    assert await Recovery.all().count() == 1
    assert await Alert.all().count() == 1
    [row] = await Response.all()
    assert (row.invite_id, row.revision) == (invite.id, 1)
    with pytest.raises(errors.Conflict) as refused:
        await responses.let_contact(await whole(invite), False, now=at(seconds=120))
    assert refused.value.label == "note.named_already"


async def test_who_takes_it_back_in_time_is_anonymous_again(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    await responses.give_score(invite, "overall", 1, now=at(seconds=1))
    await responses.let_contact(await whole(invite), True, now=at(seconds=5))
    response = await responses.let_contact(await whole(invite), False, now=at(seconds=10))
    await responses.settle(response.id, now=at(minutes=11))
    assert not await Alert.all().exists()
    [kept] = await Response.all()
    assert kept.invite_id is None


async def test_the_question_after_a_recovery_is_not_anonymous(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    await responses.give_score(invite, "overall", 1, now=at(seconds=1))
    response = await responses.let_contact(await whole(invite), True, now=at(seconds=5))
    await responses.settle(response.id, now=at(seconds=100))
    ticket = await Ticket.get(id=invite.ticket_id)
    again = await invites.ask_again(ticket, await ticket.contact, now=at(hours=1))
    assert again is not None
    assert not again.anonymous


async def test_what_was_promised_is_kept_when_the_survey_is_changed_meanwhile(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    response = await responses.give_score(invite, "overall", 2, now=at(seconds=1))
    await company_of_another_survey()
    await responses.settle(response.id, now=at(minutes=11))
    [kept] = await Response.all()
    assert kept.invite_id is None


# ---------------------------------------------------------------- who hears of it


async def test_the_team_hears_of_it_at_the_full_hour_once(store: Store) -> None:
    await company(anonymous=True)
    await answered(comment="Never again", now=at(minutes=5))
    await answered("T-2", contact="c-2", addresses=(("support-bot", "2"),), now=at(minutes=20))
    await hour_is_over(at(minutes=59))
    assert not await Delivery.filter(kind=unnamed.KIND).exists(), "the minute would tell who it was"
    for _ in range(3):
        await hour_is_over(at(hours=1))
    [told] = await Delivery.filter(kind=unnamed.KIND)
    assert (told.channel, told.target) == ("slack", "C0ALERTS")
    assert (told.contact_id, told.ticket_id, told.subject_id) == (None, None, None)
    assert sorted(told.payload["answers"]) == sorted(row.id for row in await Response.all())  # type: ignore[call-overload]


@pytest.mark.parametrize("count", [0, 1, 4])
async def test_looking_when_nothing_is_due_reads_once_and_writes_nothing(sqlite_store: Store, count: int) -> None:
    await company(anonymous=True)
    await many(count, now=at())
    await hour_is_over(at(hours=1))
    await answered("T-9", contact="c-9", addresses=(("support-bot", "9"),), now=at(hours=1, minutes=5))
    with statements.told(sqlite_store) as asked_of_it:
        await hour_is_over(at(hours=1, minutes=30))
    [only] = asked_of_it
    assert only.startswith("SELECT")


async def test_many_unhappy_answers_are_a_few_messages(store: Store) -> None:
    await company(anonymous=True)
    for number in range(23):
        await answered(f"T-{number}", contact=f"c-{number}", addresses=(("support-bot", str(number)),), now=at())
    await hour_is_over(at(hours=1))
    told = await Delivery.filter(kind=unnamed.KIND).order_by("id")
    assert [len(one.payload["answers"]) for one in told] == [5, 5, 5, 5]  # type: ignore[arg-type]
    assert [one.payload["more"] for one in told] == [0, 0, 0, 3]


async def test_a_rule_does_only_what_names_nobody_and_asks_only_what_is_known(store: Store) -> None:
    await company(anonymous=True)
    await Rule.all().delete()
    everything = [
        {"do": "reopen"},
        {"do": "recover"},
        {"do": "apologise"},
        {"do": "tag", "tag": "unhappy"},
        {"do": "webhook", "webhook": "crm"},
        {"do": "assign", "staff": "kim@example.org"},
        {"do": "alert", "channel": "slack", "to": "C0LEADS"},
        {"do": "alert", "staff": "kim@example.org"},
        {"do": "alert"},
    ]
    fits = {"bands": ["negative"], "teams": ["support"], "types": ["inquiry"], "surveys": ["default"]}
    for key, when in (("fits", fits), ("vip", {"tiers": ["gold"]}), ("german", {"locales": ["en"]})):
        to = everything if key == "fits" else [{"do": "alert", "channel": "slack", "to": "C0WRONG"}]
        settings = RuleSettings.model_validate({"when": when, "then": to})
        await Rule.create(key=key, position=0, settings=settings.model_dump(mode="json"))
    invite = await answered(now=at())
    await hour_is_over(at(hours=1))
    assert {row.target for row in await Delivery.filter(kind=unnamed.KIND)} == {"C0LEADS", "U0KIM", "C0ALERTS"}
    ticket = await Ticket.get(id=invite.ticket_id)
    assert (ticket.tags, ticket.cycle, ticket.status) == ([], 1, TicketStatus.RESOLVED)


async def test_praise_alerts_nobody(store: Store) -> None:
    await company(anonymous=True)
    await answered(scores={"overall": 5}, now=at())
    await hour_is_over(at(hours=1))
    assert not await Delivery.filter(kind=unnamed.KIND).exists()


# ---------------------------------------------------------------- figures


async def many(
    count: int, first: int = 0, *, scores: dict[str, int] | None = None, now: datetime, **facts: Any
) -> None:
    for number in range(first, first + count):
        person = {"contact": f"c-{number}", "addresses": (("support-bot", str(number)),)}
        await answered(f"T-{number}", scores, now=now, **person, **facts)


async def test_comments_are_counted_of_the_answers_that_count(store: Store) -> None:
    await company(anonymous=True)
    await many(4, comment="Slow", now=at())
    await many(2, 4, now=at())
    before = await board(at(minutes=20))
    assert (before.total.answered, before.total.written, before.total.commented) == (6, 0, 0)
    await hour_is_over(at(hours=1))
    after = await board(at(hours=1))
    assert (after.total.answered, after.total.written, after.total.commented) == (6, 6, 4)


async def test_four_alike_show_no_average_and_five_do(store: Store) -> None:
    await company(anonymous=True)
    await many(4, now=at())
    await hour_is_over(at(hours=1))
    seen = await board(at(hours=1))
    assert (seen.total.rated, seen.total.judged, seen.uncounted) == (0, 0, 4)
    assert await scores(at(hours=1)) == {}
    assert seen.total.answered == 4, "that they answered is no secret"
    assert (await today.figures(zone="UTC", now=at(hours=1))).average is None
    await many(1, 4, scores={"overall": 4}, now=at(hours=2))
    await hour_is_over(at(hours=3))
    seen = await board(at(hours=3))
    assert (seen.total.rated, seen.uncounted) == (5, 0)
    assert seen.total.score.value == pytest.approx(2.4)
    assert seen.total.bands["negative"].count == 4
    assert (await today.figures(zone="UTC", now=at(hours=3))).average == pytest.approx(2.4)


async def test_no_two_figures_differ_by_fewer_than_five_anonymous_answers(store: Store) -> None:
    """Whatever is chosen, and whenever one looks: the obvious subtractions."""
    await company(anonymous=True)
    await many(5, now=at(), type="inquiry")
    await many(3, 5, scores={"overall": 5}, now=at(), type="complaint")
    await hour_is_over(at(hours=1))
    total, inquiries, complaints = [
        (await board(at(hours=1), **chosen)).total.rated for chosen in ({}, {"type": "inquiry"}, {"type": "complaint"})
    ]
    assert (total, inquiries, complaints) == (5, 5, 0), "the three cannot be found as a difference"
    await many(1, 8, now=at(hours=2), type="inquiry")
    await hour_is_over(at(hours=3))
    assert (await board(at(hours=3))).total.rated == 5, "nor is the sixth the difference of before and after"
    await many(2, 9, scores={"overall": 5}, now=at(days=2), type="complaint")
    await hour_is_over(at(days=2, hours=1))
    days = {row.created_at for row in await Response.filter(slice__type="complaint")}
    assert len(days) == 1, "and no choice of days cuts them"


async def test_words_are_read_when_there_are_enough_of_them_and_in_no_order(store: Store) -> None:
    await company(anonymous=True)
    await answered("T-0", comment="Too loud", contact="c-0", addresses=(("support-bot", "0"),), now=at())
    await many(3, 1, now=at())
    await hour_is_over(at(hours=1))
    assert (await board(at(hours=1))).said == []
    await answered("T-9", {}, comment="Mind the step", contact="c-9", addresses=(("support-bot", "9"),), now=at())
    await hour_is_over(at(hours=1))
    assert (await board(at(hours=1))).said == [], "words alone make no five"
    await many(1, 4, now=at())
    await hour_is_over(at(hours=1))
    seen = await board(at(hours=1))
    assert {(one.overall, one.comment) for one in seen.said} == {(2, "Too loud"), (None, "Mind the step")}
    assert seen.total.rated == 5


async def test_a_dimension_that_fewer_than_five_scored_shows_no_mean(store: Store) -> None:
    await company(anonymous=True)
    await many(4, now=at())
    await many(1, 4, scores={"overall": 2, "attitude": 1}, now=at())
    await hour_is_over(at(hours=1))
    assert set(await scores(at(hours=1))) == {"overall"}


async def test_anonymous_answers_are_in_no_agents_channels_or_languages_group(store: Store) -> None:
    await company(anonymous=True)
    await many(5, now=at())
    await hour_is_over(at(hours=1))
    span = spans.preset(spans.Preset.MONTH, zone=ZoneInfo("UTC"), now=at(hours=1))
    groups = await figures.groups(span, figures.Filters(), now=at(hours=1))
    assert [group.tally.rated for group in groups["team"]] == [5]
    for facet in ("agent", "channel"):
        assert [group.tally.rated for group in groups[facet]] == [0]
    assert (await board(at(hours=1), agent=0)).total.rated == 0
    assert (await board(at(hours=1), channel="")).total.rated == 0


async def test_what_is_not_settled_is_in_no_figure(store: Store) -> None:
    await company(anonymous=True)
    await responses.give_score(await asked(), "overall", 1, now=at(seconds=1))
    assert (await today.figures(zone="UTC", now=at(minutes=1))).average is None
    assert (await board(at(minutes=1))).total.rated == 0


# ---------------------------------------------------------------- what leads nowhere


async def test_held_answers_and_visits_go_with_the_cut_and_nobody_decides_about_them(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    await visits.opened(invite, nonce="n1", session="s1", overall=1, now=at(seconds=1))
    await visits.hold(invite, Answer({"overall": 1}), {"doubts": ["too_quick"]}, confirm="n2", now=at(seconds=1))
    assert await held.latest(10) == []
    [row] = await HeldAnswer.all()
    with pytest.raises(errors.NotFound):
        await held.count(row.id, by="admin@example.org", now=at(seconds=2))
    response = await visits.count(invite, Answer({"overall": 4}), nonce="n1", changes=True, now=at(seconds=20))
    await visits.hold_change(await whole(invite), Answer({"overall": 1}, comment="No!"), {}, now=at(seconds=30))
    await responses.settle(response.id, now=at(minutes=11))
    for table in (HeldAnswer, PageVisit, Score):
        assert not await table.all().exists()
    assert not await TicketEntry.filter(label="history.change_held").exists()


async def test_what_was_only_looked_at_goes_when_the_question_expires(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    await visits.opened(invite, nonce="n1", session="s1", overall=1, now=at(seconds=1))
    await invites.look(invite.id, now=at(days=8))
    assert not await PageVisit.all().exists()


async def test_there_is_one_response_to_an_invite_by_a_constraint(store: Store) -> None:
    await company()
    invite = await asked()
    await responses.give_score(invite, "overall", 4, now=at(seconds=1))
    with pytest.raises(IntegrityError):
        await Response.create(invite_id=invite.id, created_at=at(), changed_at=at())


async def test_an_ordinary_survey_is_as_it_was(store: Store) -> None:
    await company()
    walk = await resolved()
    assert walk.invite is not None
    assert not walk.invite.anonymous
    await answered("T-2", contact="c-2", addresses=(("support-bot", "2"),), now=at())
    assert (await Response.get()).revision == 1
    assert await Slice.all().count() == await Slice.filter(purpose="service").count()

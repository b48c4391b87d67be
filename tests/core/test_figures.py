"""The board's figures: right to the last answer, on both stores, however a day is cut."""

from __future__ import annotations

import asyncio
import itertools
import statistics as plain
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise import Tortoise

from core.errors import Invalid
from core.insight import counting, figures, spans, statistics
from core.insight.figures import Board, Details, Filters, Group
from core.insight.spans import Preset, Step
from core.insight.tallies import Mean, Share, Steps, Tally
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.models.invites import Decision, Invite, InvitePurpose, Slice
from core.models.reactions import Alert
from core.models.responses import Response
from core.models.setup import Staff, Team
from core.reactions import recoveries
from core.store import Store
from core.surveys import invites, responses
from tests.core.builders import asked, at, company, resolved, whole
from tests.core.histories import NOW, ZONES, Told, chosen, ends, forget, has_response, is_meant, is_rated, put_in, told

EVERYTHING = spans.between(date(2026, 1, 1), date(2026, 12, 1), zone=ZoneInfo("UTC"), now=NOW)


# ---------------------------------------------------------------- every figure against a slow recount


async def test_every_figure_is_what_a_slow_recount_finds(store: Store) -> None:
    await company()
    numbers = itertools.count(1)

    async def check(histories: Sequence[Told], zone: str, days: Sequence[int], filters: Filters) -> None:
        await forget()
        for one in histories:
            await put_in(one, next(numbers))
        first, last = (date(2026, 1, 1) + timedelta(days=day) for day in days)
        span = spans.between(first, last, zone=ZoneInfo(zone), now=NOW)
        found = await figures.board(span, filters, now=NOW)
        cut = await figures.groups(span, filters, now=NOW)
        details = await figures.details(span, filters)
        _compare(found, details, cut, [one for one in histories if is_meant(one, filters)])

    loop = asyncio.get_running_loop()

    @settings(
        max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
    )
    @given(st.lists(told, max_size=14), st.sampled_from(ZONES), ends, chosen)
    def in_thread(histories: Any, zone: str, days: Any, filters: Filters) -> None:
        asyncio.run_coroutine_threadsafe(check(histories, zone, days, filters), loop).result(60)

    await asyncio.to_thread(in_thread)


def _compare(
    board: Board,
    details: Details,
    groups: Mapping[str, Sequence[Group]],
    all_: Sequence[Told],
) -> None:
    span = board.span

    def within(moment: datetime) -> bool:
        return moment <= NOW and span.first <= moment.astimezone(span.zone).date() <= span.last

    service = [one for one in all_ if one.purpose != InvitePurpose.RECOVERY]
    assert _as_dict(board.total) == _recount(service, all_, within)
    for facet in figures.FACETS:
        for group in groups[facet]:
            of = [one for one in all_ if getattr(one, facet) == group.value]
            want = _recount([one for one in service if one in of], of, within)
            unsaid = {"commented": 0, "written": 0}
            assert _as_dict(group.tally) | unsaid == want | unsaid
        assert sum(group.tally.rated for group in groups[facet]) == board.total.rated
    for point in board.points:
        days = (point.part.first, point.part.last)
        rated = [
            one for one in service if is_rated(one) and one.answered_at <= NOW and _in(one.answered_at, days, span)
        ]
        assert point.tally.judged == len(rated)
        assert point.tally.total == sum((one.scores or {}).get("overall", 0) for one in rated)
    assert [point.part.first for point in board.points] == sorted({point.part.first for point in board.points})
    assert sum(point.tally.answered for point in board.points) == board.total.answered
    given_ = Counter(
        (dimension, score)
        for one in service
        if is_rated(one) and within(one.answered_at)
        for dimension, score in (one.scores or {}).items()
    )
    assert {(key, s): n for key, d in details.dimensions.items() for s, n in d.counts.items()} == dict(given_)
    unasked = Counter(
        one.unasked for one in service if one.unasked and within(one.asked_at) and one.purpose == "service"
    )
    assert dict(details.not_asked) == dict(unasked)
    assert details.steps == _steps_of(service, within)
    _add_up(details.steps)
    _compare_recoveries(board, all_, within)


def _add_up(all_: Steps) -> None:
    not_delivered = all_.scheduled + all_.undeliverable + all_.cancelled + all_.lapsed
    assert all_.asked == not_delivered + all_.delivered
    assert all_.delivered == all_.answered + all_.waiting + all_.expired + all_.withdrawn


def _compare_recoveries(board: Board, all_: Sequence[Told], within: Callable[[datetime], bool]) -> None:
    found = [one for one in all_ if has_response(one) and one.recovery and within(one.answered_at)]
    assert board.recoveries.opened == len(found)
    assert board.recoveries.resolved == sum(one.recovery == "resolved" for one in found)
    took = [one.took[0] for one in found if one.recovery != "open"]
    assert _seconds(board.recoveries.taken_within) == pytest.approx(plain.median(took) if took else None, abs=0.51)
    closed = [sum(one.took) for one in found if one.recovery in ("resolved", "dismissed")]
    assert _seconds(board.recoveries.closed_within) == pytest.approx(plain.median(closed) if closed else None, abs=0.51)
    again = [one for one in all_ if one.purpose == "recovery" and is_rated(one) and within(one.answered_at)]
    assert board.recoveries.rate == Share(sum(one.band == "positive" for one in again), len(again))


def _recount(service: Sequence[Told], all_: Sequence[Told], within: Callable[[datetime], bool]) -> dict[str, int]:
    were = [one for one in service if within(one.asked_at)]
    rated = [one for one in service if is_rated(one) and within(one.answered_at)]
    scores = [one.scores["overall"] for one in rated if one.scores and "overall" in one.scores]
    under_way = [one for one in all_ if has_response(one) and one.recovery in ("open", "taken")]
    states = Counter(one.state for one in were)
    return {
        "asked": len(were),
        "delivered": sum(one.delivered or one.state in ("delivered", "answered", "finished") for one in were),
        "answered": states["answered"] + states["finished"],
        "rated": len(scores),
        "total": sum(scores),
        "squares": sum(score * score for score in scores),
        **{band: sum(one.band == band for one in rated) for band in ("negative", "neutral", "positive")},
        "written": sum(has_response(one) and within(one.answered_at) for one in service),
        "commented": sum(one.commented for one in service if has_response(one) and within(one.answered_at)),
        "open": len(under_way),
        "overdue": sum(one.late for one in under_way),
    }


def _steps_of(service: Sequence[Told], within: Callable[[datetime], bool]) -> Steps:
    counted = _recount(service, [], within)
    were = [one for one in service if within(one.asked_at)]
    states = Counter(one.state for one in were)
    ways = Counter((one.state, one.delivered) for one in were)
    return Steps(
        **{name: counted[name] for name in ("asked", "delivered", "answered", "written", "commented")},
        **{name: ways[name, False] for name in ("undeliverable", "scheduled", "cancelled")},
        lapsed=ways["expired", False],
        partial=states["answered"],
        waiting=states["delivered"] + ways["scheduled", True],
        expired=ways["expired", True],
        withdrawn=ways["cancelled", True] + ways["undeliverable", True],
    )


def _as_dict(tally: Tally) -> dict[str, int]:
    return {name: getattr(tally, name) for name in Tally.__slots__}


def _in(moment: datetime, days: tuple[date, date], span: spans.Span) -> bool:
    return days[0] <= moment.astimezone(span.zone).date() <= days[1]


def _seconds(length: timedelta | None) -> float | None:
    return length.total_seconds() if length else None


# ---------------------------------------------------------------- what use cases leave behind


async def test_an_answer_counts_when_it_has_settled_and_as_it_was_changed_last(store: Store) -> None:
    await company()
    invite = await asked()
    response = await responses.give_score(invite, "overall", 2, now=at(minutes=1))
    assert (await _board()).total.rated == 0, "a slip of the thumb moves no figure"
    await responses.settle(response.id, now=at(minutes=3))
    assert (await _board()).total.score == Mean(1, 2, 4), "half an answer counts"
    await responses.give_score(await whole(invite), "overall", 5, now=at(minutes=4))
    await responses.give_score(await whole(invite), "speed", 4, now=at(minutes=4))
    await responses.settle(response.id, now=at(minutes=9))
    board = await _board()
    assert board.total.score == Mean(1, 5, 25)
    scores = (await _details()).dimensions
    assert {key: one.mean.value for key, one in scores.items()} == {"overall": 5, "speed": 4}
    assert list(scores) == ["overall", "speed"]


async def test_words_alone_are_an_answer_and_a_comment_but_no_rating(store: Store) -> None:
    await company()
    response = await responses.give_comment(await asked(), "Kind people.", now=at())
    await responses.settle(response.id, now=at(minutes=3))
    total = (await _board()).total
    assert (total.answered, total.commented, total.rated, total.judged) == (1, 1, 0, 0)


async def test_what_a_team_did_stays_with_that_team(store: Store) -> None:
    await company()
    invite = await asked()
    other = await Team.create(key="billing", name="Billing")
    await Ticket.filter(id=invite.ticket_id).update(team_id=other.id, type="complaint", assignee_id=None)
    response = await responses.answer(invite, {"overall": 4}, [], "", finished=True, now=at(minutes=1))
    await responses.settle(response.id, now=at(minutes=2))
    groups, support = await _groups(), await Team.get(key="support")
    li = await Staff.get(name="Li")
    assert [(one.value, one.tally.rated) for one in groups["team"]] == [(support.id, 1)]
    assert [(one.value, one.tally.rated) for one in groups["type"]] == [("inquiry", 1)]
    assert [(one.value, one.tally.rated) for one in groups["agent"]] == [(li.id, 1)]
    assert [(one.value, one.tally.rated) for one in groups["channel"]] == [("support-bot", 1)]


async def test_what_went_by_another_channel_in_the_end_counts_there(store: Store) -> None:
    await company()
    walk = await resolved(addresses=(("support-bot", "7"), ("mail", "ann@example.org")))
    assert walk.invite is not None
    await invites.undeliverable(walk.invite.id, walk.invite.address_id, "blocked", now=at())
    await invites.delivered(walk.invite.id, now=at(minutes=1))
    [channel] = (await _groups())["channel"]
    assert (channel.value, channel.tally.delivered) == ("mail", 1)
    assert (await _details()).steps == Steps(asked=1, delivered=1, waiting=1)


async def test_a_question_whose_time_was_over_before_it_was_delivered_is_not_held_against_participation(
    store: Store,
) -> None:
    await company()
    ignored = await asked()
    held_up = (await resolved("T-2", contact="c-2", addresses=(("support-bot", "8"),))).invite
    assert held_up is not None
    for invite in (ignored, held_up):
        await invites.look(invite.id, now=at(days=8))
    assert (await _details()).steps == Steps(asked=2, lapsed=1, delivered=1, expired=1)
    assert (await _board()).total.participation == Share(0, 1)


async def test_who_is_not_asked_is_counted_with_the_reason_and_asking_again_is_no_rating_of_the_service(
    store: Store,
) -> None:
    await company()
    invite = await asked()
    response = await responses.answer(invite, {"overall": 1}, [], "", finished=True, now=at(minutes=1))
    await responses.settle(response.id, now=at(minutes=2))
    alert = await Alert.all().select_related("ticket__contact", "ticket__assignee", "recovery").get()
    kim = await Staff.get(name="Kim")
    await recoveries.take(alert, kim, now=at(minutes=12))
    await recoveries.resolve(
        await Alert.all().select_related("ticket", "recovery").get(), "solved", "", by=kim, now=at(minutes=32)
    )
    again = await whole(await Invite.get(purpose="recovery"))
    await invites.delivered(again.id, now=at(minutes=33))
    second = await responses.answer(again, {"overall": 5}, [], "", finished=True, now=at(minutes=34))
    await responses.settle(second.id, now=at(minutes=35))
    await Contact.all().update(opted_out_at=at())
    await resolved("T-2", now=at(minutes=40))
    board = await _board()
    assert (board.total.score, board.total.asked, board.total.delivered) == (Mean(1, 1, 1), 1, 1)
    found = board.recoveries
    assert (found.opened, found.resolved, found.open) == (1, 1, 0)
    assert (found.taken_within, found.closed_within) == (timedelta(minutes=10), timedelta(minutes=30))
    assert (found.rate, found.again.score.value) == (Share(1, 1), 5)
    assert dict((await _details()).not_asked) == {"opted_out": 1}


async def test_a_store_from_before_is_cut_like_a_new_one(store: Store) -> None:
    """The migration fills in what it adds, from what was known already."""
    from importlib import import_module

    await company()
    invite = await asked()
    response = await responses.answer(invite, {"speed": 1, "overall": 4}, [], "Slow.", finished=True, now=at(minutes=1))
    await responses.settle(response.id, now=at(minutes=2))
    await Contact.all().update(opted_out_at=at())
    await resolved("T-2", now=at(minutes=3))
    before, details, groups = await _board(), await _details(), await _groups()
    await Invite.all().update(slice_id=None, asked_at=None)
    await Decision.all().update(slice_id=None)
    await Response.all().update(slice_id=None, overall=None, judged=None, commented=False)
    await Slice.all().delete()
    assert (await _board()).total == Tally(open=0)
    for statement in import_module("core.migrations.0005_figures").FILL:
        await Tortoise.get_connection("default").execute_query(statement)
    after = await _board()
    assert (after.total, await _details()) == (before.total, details)
    assert await _groups() == groups


LATER = datetime(2026, 11, 30, tzinfo=UTC)
A_MONTH = spans.preset(Preset.MONTH, zone=ZoneInfo("UTC"), now=LATER)


async def _board() -> Board:
    return await figures.board(A_MONTH, Filters(), now=LATER)


async def _details() -> Details:
    return await figures.details(A_MONTH, Filters())


async def _groups() -> Mapping[str, Sequence[Group]]:
    return await figures.groups(A_MONTH, Filters(), now=LATER)


# ---------------------------------------------------------------- days and how they are cut


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Beirut", date(2026, 3, 29), 23),
        ("America/Havana", date(2026, 11, 1), 25),
        ("Asia/Kolkata", date(2026, 3, 29), 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_there_make_it(zone: str, day: date, hours: int) -> None:
    span = spans.between(day, day, zone=ZoneInfo(zone), now=datetime(2027, 1, 1, tzinfo=UTC))
    assert span.until - span.since == timedelta(hours=hours)


def test_the_span_before_is_as_long_and_of_today_only_as_much_as_has_passed() -> None:
    zone = ZoneInfo("Europe/Berlin")
    today = spans.preset(Preset.TODAY, zone=zone, now=NOW)
    assert today.before().first == date(2026, 11, 4)
    assert today.before().until - today.before().since == today.until - today.since
    assert spans.preset(Preset.WEEK, zone=zone, now=NOW).before().last == date(2026, 10, 29)


@given(st.integers(0, 800), st.integers(0, 800), st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None, database=None)
def test_the_parts_of_a_span_leave_no_gap(first: int, length: int, zone: str) -> None:
    begin = date(2024, 1, 1) + timedelta(days=first)
    span = spans.between(
        begin, begin + timedelta(days=length), zone=ZoneInfo(zone), now=datetime(2030, 1, 1, tzinfo=UTC)
    )
    parts = span.parts()
    assert (parts[0].since, parts[-1].until) == (span.since, span.until)
    assert all(one.until == other.since for one, other in itertools.pairwise(parts))
    assert span.step == (Step.DAY if span.days <= 45 else Step.WEEK if span.days <= 184 else Step.MONTH)
    assert len(parts) <= 45


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2026, 2, 2), date(2026, 2, 1)), (date(2010, 1, 1), date(2026, 1, 1)), (date.min, date.min)],
)
def test_what_is_no_span_is_refused(first: date, last: date) -> None:
    with pytest.raises(Invalid):
        spans.between(first, last, zone=ZoneInfo("UTC"), now=NOW)


async def test_a_span_in_the_future_is_empty(store: Store) -> None:
    later = spans.between(date(2027, 1, 1), date(2027, 1, 9), zone=ZoneInfo("UTC"), now=NOW)
    assert (await figures.board(later, Filters(), now=NOW)).points == []
    assert await counting.over_time([], later.parts()) == []


# ---------------------------------------------------------------- how sure a figure is


def test_an_interval_is_what_the_books_say() -> None:
    """R: t.test(c(1,2,3,4,5,5)); binom::binom.wilson(8, 10)."""
    scores = (1, 2, 3, 4, 5, 5)
    found = statistics.of_mean(len(scores), sum(scores), sum(score * score for score in scores))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((1.6196, 5.0), abs=0.001)
    share = statistics.of_share(8, 10)
    assert share is not None
    assert (share.low, share.high) == pytest.approx((0.4902, 0.9433), abs=0.0005)


def test_nothing_and_answers_that_are_all_alike_are_not_called_certain() -> None:
    assert statistics.of_share(0, 0) is None
    assert statistics.of_mean(1, 5, 25) is None
    assert statistics.of_mean(9, 45, 225) is None
    assert Mean().value is None
    assert Share(0, 0).value is None


@given(st.lists(st.integers(1, 5), min_size=2, max_size=300))
def test_a_mean_lies_in_its_interval_and_the_interval_on_the_scale(scores: list[int]) -> None:
    mean = Mean(len(scores), sum(scores), sum(score * score for score in scores))
    if mean.interval is not None:
        assert 1 <= mean.interval.low <= (mean.value or 0) <= mean.interval.high <= 5


async def test_reasons_are_counted_of_what_was_judged_the_most_frequent_first(store: Store) -> None:
    await company(anonymous=False)
    for number, chosen_reasons in enumerate((["slow"], ["slow", "not_solved"], [], ["unfriendly"])):
        invite = await asked(f"T-{number}", contact=f"c-{number}", addresses=(("support-bot", f"9{number}"),))
        response = await responses.answer(
            invite, {"overall": 1}, chosen_reasons, "", finished=True, now=at(minutes=number)
        )
        if chosen_reasons != ["unfriendly"]:
            await responses.settle(response.id, now=at(minutes=number, seconds=1))
    span = spans.between(date(2026, 11, 22), date(2026, 11, 22), zone=ZoneInfo("UTC"), now=at(hours=1))
    found = await figures.reasons(span, Filters())
    assert list(found.items()) == [("slow", 2), ("not_solved", 1)]
    assert await figures.reasons(span, Filters(team=0)) == {}
    earlier = spans.between(date(2026, 11, 21), date(2026, 11, 21), zone=ZoneInfo("UTC"), now=at(hours=1))
    assert await figures.reasons(earlier, Filters()) == {}

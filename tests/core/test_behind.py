"""What stands behind a figure of the board: as many lines as it counts, and never an anonymous one."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.insight import behind, figures, spans
from core.insight.behind import Cut, Of
from core.insight.figures import Filters
from core.insight.spans import Span
from core.models.desk import Ticket
from core.models.invites import UNNAMED, Invite, Slice
from core.models.responses import Band, Response
from core.models.setup import Team
from core.store import Store
from core.surveys import invites, responses
from tests.core.builders import NOON, asked, at, company
from tests.core.histories import NOW, ZONES, Told, chosen, ends, forget, has_response, put_in, told

MANY = 100


async def test_behind_every_figure_are_as_many_lines_as_it_counts_and_nobody_unnamed(store: Store) -> None:
    await company()
    numbers = itertools.count(1)

    async def check(histories: Sequence[Told], zone: str, days: Sequence[int], filters: Filters, some: int) -> None:
        await forget()
        made = [await put_in(one, next(numbers)) for one in histories]
        first, last = (date(2026, 1, 1) + timedelta(days=day) for day in days)
        span = spans.between(first, last, zone=ZoneInfo(zone), now=NOW)
        await _compare(span, filters)
        await _compare(spans.between(date(2026, 1, 1), NOW.date(), zone=ZoneInfo(zone), now=NOW), Filters())
        hidden = [row for row, one in zip(made, histories, strict=True) if not _wants_to_be_known(one)][:some]
        for invite in hidden:
            await _take_the_name(invite)
        await _compare_named(span, filters, {invite.ticket_id for invite in hidden})

    loop = asyncio.get_running_loop()

    @settings(
        max_examples=12, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
    )
    @given(st.lists(told, max_size=12), st.sampled_from(ZONES), ends, chosen, st.integers(0, 6))
    def in_thread(histories: Any, zone: str, days: Any, filters: Filters, some: int) -> None:
        asyncio.run_coroutine_threadsafe(check(histories, zone, days, filters, some), loop).result(60)

    await asyncio.to_thread(in_thread)


async def _counts(span: Span, filters: Filters) -> dict[str, tuple[int, Cut]]:
    """Each figure that leads on, and to what."""
    board = await figures.board(span, filters, now=NOW)
    details = await figures.details(span, filters)
    total, steps, found = board.total, details.steps, board.recoveries
    counts = {
        Of.WRITTEN: total.written,
        Of.RATED: total.rated,
        Of.AGAIN: found.again.judged,
        **{of: getattr(found, of.value) for of in (Of.OPEN, Of.OVERDUE, Of.OPENED, Of.RESOLVED, Of.DISMISSED)},
    }
    counts[Of.NOT_ASKED] = sum(details.not_asked.values())
    counts |= {of: getattr(steps, of.value) for of in Of if of not in counts}
    overall = details.dimensions["overall"].counts if "overall" in details.dimensions else Counter[int]()
    cuts = {of.value: (count, Cut(span, filters, of)) for of, count in counts.items()}
    cuts |= {band.value: (getattr(total, band), Cut(span, filters, band=band)) for band in Band}
    cuts |= {f"{score}": (overall[score], Cut(span, filters, score=score)) for score in range(1, 6)}
    for key, scored in details.dimensions.items():
        cuts[key] = (scored.counts.total(), Cut(span, filters, dimension=key))
        for score in range(1, 6):
            cuts[f"{key} {score}"] = (scored.counts[score], Cut(span, filters, dimension=key, score=score))
    for reason, count in details.not_asked.items():
        cuts[f"not asked {reason}"] = (count, Cut(span, filters, Of.NOT_ASKED, reason=reason))
    return cuts | {"commented": (total.commented, Cut(span, filters, commented=True))}


async def _compare(span: Span, filters: Filters) -> None:
    for name, (count, cut) in (await _counts(span, filters)).items():
        found = await behind.listed(cut, MANY, now=NOW)
        assert (found.count, len(found.lines)) == (count, count), name
        assert [one.key for one in found.lines] == [one.key for one in await _page_by_page(cut)], name
        for one in found.lines:
            assert one.slice in filters.taken([one.slice]), name
    for facet, groups in (await figures.groups(span, filters, now=NOW)).items():
        for group in groups:
            narrowed = Filters(**{part: getattr(filters, part) for part in Filters.__slots__} | {facet: group.value})
            for of in (Of.RATED, Of.DELIVERED, Of.OPEN):
                found = await behind.listed(Cut(span, narrowed, of), 0, now=NOW)
                assert found.count == getattr(group.tally, of.value), (facet, group.value, of)


async def _page_by_page(cut: Cut) -> list[behind.Line]:
    every: list[behind.Line] = []
    while True:
        found = await behind.listed(cut, 3, before=every[-1].key if every else None, now=NOW)
        if not found.lines:
            return every
        every += found.lines


def _wants_to_be_known(one: Told) -> bool:
    """Only then an anonymous answer has a recovery."""
    return has_response(one) and bool(one.recovery)


async def _take_the_name(invite: Invite) -> None:
    """As if it had been asked anonymously, and had been answered and cut."""
    await Invite.filter(id=invite.id).update(anonymous=True)
    cut, _ = await Slice.get_or_create(purpose=UNNAMED, type="inquiry", survey_key="default")
    await Response.filter(invite_id=invite.id).update(invite_id=None, slice_id=cut.id)


async def _compare_named(span: Span, filters: Filters, hidden: set[int]) -> None:
    asked_alone = {
        Of.ASKED, Of.SCHEDULED, Of.UNDELIVERABLE, Of.CANCELLED, Of.LAPSED, Of.DELIVERED, Of.NOT_ASKED,
    }  # fmt: skip
    under_way = {Of.OPEN, Of.OVERDUE, Of.OPENED, Of.RESOLVED, Of.DISMISSED}
    for name, (count, cut) in (await _counts(span, filters)).items():
        found = await behind.listed(cut, MANY, now=NOW)
        assert found.count == len(found.lines) <= count, name
        if cut.of in asked_alone:
            assert all(one.response is None for one in found.lines if one.ticket.id in hidden), name
        elif cut.of not in under_way:
            assert not {one.ticket.id for one in found.lines} & hidden, name


# ---------------------------------------------------------------- what use cases leave behind


async def _lines(of: Of = Of.WRITTEN, **filters: Any) -> list[behind.Line]:
    return list((await behind.listed(Cut(None, Filters(**filters), of), MANY, now=at(hours=2))).lines)


async def test_what_a_team_did_is_found_under_that_team_wherever_the_ticket_went(store: Store) -> None:
    await company()
    invite = await asked()
    response = await responses.answer(invite, {"overall": 2}, [], "Slow", finished=True, now=at(minutes=1))
    await responses.settle(response.id, now=at(minutes=2))
    support, billing = await Team.get(key="support"), await Team.create(key="billing", name="Billing")
    await Ticket.filter(id=invite.ticket_id).update(team_id=billing.id)
    [line] = await _lines(team=support.id)
    assert (line.ticket.id, line.response and line.response.comment) == (invite.ticket_id, "Slow")
    assert line.at == at(minutes=1)
    assert await _lines(team=billing.id) == []
    assert [one.ticket.id for one in await _lines(Of.OPEN)] == [invite.ticket_id]
    assert (await behind.latest([invite.ticket_id]))[invite.ticket_id].overall == 2


async def test_an_anonymous_answer_is_behind_nothing_before_and_after_it_is_cut(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    response = await responses.answer(invite, {"overall": 1}, [], "The hold music", finished=True, now=at(minutes=1))
    for minutes in (2, 30):  # it is judged in the second round
        await responses.settle(response.id, now=at(minutes=minutes))
        for of in (Of.WRITTEN, Of.RATED, Of.ANSWERED, Of.PARTIAL, Of.WAITING):
            assert await _lines(of) == [], (minutes, of)
        [line] = await _lines(Of.DELIVERED)
        assert (line.ticket.id, line.response) == (invite.ticket_id, None)
        assert await behind.latest([invite.ticket_id]) == {}


async def test_that_an_anonymous_question_ended_before_an_answer_is_behind_nothing(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    await invites.stop_asking(invite.contact, now=at(minutes=1))
    span = spans.between(NOON.date(), NOON.date(), zone=ZoneInfo("UTC"), now=at(hours=1))
    assert (await figures.details(span, Filters())).steps.withdrawn == 1
    assert await _lines(Of.WITHDRAWN) == []


async def test_who_wants_to_be_contacted_is_found_like_anybody(store: Store) -> None:
    await company(anonymous=True)
    invite = await asked()
    await responses.give_score(invite, "overall", 1, now=at(seconds=1))
    response = await responses.let_contact(invite, True, now=at(seconds=5))
    assert await _lines() == [], "not before it is settled"
    await responses.settle(response.id, now=at(minutes=30))
    assert [one.ticket.id for one in await _lines(Of.RATED)] == [invite.ticket_id]


async def test_what_is_not_settled_is_shown_beside_no_ticket(store: Store) -> None:
    await company()
    invite = await asked()
    ticket = invite.ticket_id
    response = await responses.give_score(invite, "overall", 1, now=at(seconds=1))
    assert await behind.latest([ticket]) == {}, "a slip of the thumb can still be mended"
    await responses.settle(response.id, now=at(minutes=30))
    assert (await behind.latest([ticket]))[ticket].overall == 1


async def test_the_latest_lines_are_read_by_an_index(sqlite_store: Store) -> None:
    span = spans.between(date(2026, 11, 1), date(2026, 11, 30), zone=ZoneInfo("UTC"), now=at(days=20))
    for cut in (Cut(span, band=Band.NEGATIVE), Cut(span, of=Of.DELIVERED), Cut(span, commented=True), Cut(of=Of.OPEN)):
        source = behind._source(cut, NOW)
        for statement in (source.count, source.listed(51)):
            plan = await sqlite_store.client.execute_query_dict(f"EXPLAIN QUERY PLAN {statement}", [b""])
            steps = [str(one["detail"]) for one in plan]
            assert not [one for one in steps if one.startswith("SCAN")], (cut, steps)

"""The day's figures, and what waits for somebody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.insight import mine, today
from core.models.setup import Staff
from core.store import Store
from core.surveys import invites, responses
from tests.core.builders import asked, at, company, whole


async def test_a_day_without_questions_has_no_share_and_no_average(store: Store) -> None:
    await company()
    assert await today.figures(zone="UTC", now=at()) == today.Today()
    assert today.Today().participation is None


async def test_the_share_is_of_those_asked_today_and_the_average_of_what_came_in_today(store: Store) -> None:
    await company()
    yesterday = await asked("T-0", contact="c-0", now=at(days=-1))
    happy = await asked("T-1", contact="c-1")
    for number in range(2, 5):
        await asked(f"T-{number}", contact=f"c-{number}")
    await responses.answer(yesterday, {"overall": 1}, [], "", finished=True, now=at(minutes=1))
    late = await responses.of(yesterday)
    assert late is not None
    await responses.settle(late.id, now=at(minutes=2))
    await responses.answer(happy, {"overall": 5, "speed": 1}, [], "", finished=False, now=at(minutes=1))
    found = await today.figures(zone="UTC", now=at(minutes=5))
    assert (found.asked, found.answered, found.participation) == (4, 1, 0.25)
    assert found.average == 3.0
    assert found.negative == 1


async def test_the_question_after_a_recovery_counts_nowhere(store: Store) -> None:
    await company()
    invite = await asked()
    await invites.ask_again(invite.ticket, invite.contact, now=at())
    again = await whole(await invite.ticket.invites.filter(purpose="recovery").get())
    await invites.delivered(again.id, now=at())
    await responses.answer(again, {"overall": 1}, [], "", finished=True, now=at())
    assert await today.figures(zone="UTC", now=at()) == today.Today(asked=1)


@pytest.mark.parametrize(
    ("zone", "began"),
    [
        ("UTC", datetime(2026, 11, 22, 0, 0, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
        ("Mars/Olympus", datetime(2026, 11, 22, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_where_the_reader_is(zone: str, began: datetime) -> None:
    assert today.midnight(at(), zone) == began


async def test_only_so_many_are_shown_and_the_rest_is_counted(store: Store) -> None:
    await company(budget="none")
    for number in range(4):
        invite = await asked(f"T-{number}", contact=f"c-{number}", addresses=(("support-bot", str(number)),))
        response = await responses.answer(invite, {"overall": 1}, [], "", finished=True, now=at(minutes=number))
        await responses.settle(response.id, now=at(minutes=number))
    kim = await Staff.get(key="kim@example.org")
    li = await Staff.get(name="Li")
    alerts = await mine.open_alerts(kim, most=3)
    assert ([one.ticket.ref for one in alerts.rows], alerts.more) == (["T-0", "T-1", "T-2"], 1)
    assert (await mine.open_alerts(kim, most=4)).more == 0
    assert [one.ticket.ref for one in (await mine.recoveries(li, most=9)).rows] == ["T-0", "T-1", "T-2", "T-3"]
    assert len((await mine.tickets(li, most=9)).rows) == 4
    assert not (await mine.recoveries(kim, most=9)).rows

"""Many are unhappy at once: staff are not flooded, and nobody is forgotten."""

from __future__ import annotations

from datetime import datetime

from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Ticket
from core.models.reactions import Alert, Recovery
from core.models.setup import Staff, Team
from core.reactions import alerts, floods, recoveries
from core.store import Store
from core.surveys import responses
from tests.core.builders import asked, at, company


async def unhappy(number: int, *, now: datetime, priority: str = "") -> Alert:
    """One more customer rates badly."""
    addresses = (("support-bot", str(number)),)
    invite = await asked(f"T-{number}", contact=f"c-{number}", addresses=addresses, now=now, priority=priority)
    response = await responses.answer(invite, {"overall": 1}, [], "", finished=True, now=now)
    await responses.settle(response.id, now=now)
    alert = await alerts.of_response(response.id)
    assert alert is not None
    return alert


async def flood(count: int, *, now: datetime = at(), first: int = 1) -> list[Alert]:  # noqa: B008 - a fixed moment
    return [await unhappy(number, now=now) for number in range(first, first + count)]


async def own_messages() -> set[int | None]:
    return {one.subject_id for one in await Delivery.filter(kind="alert")}


async def lists() -> list[list[int]]:
    screens = dict.fromkeys([one.screen for one in await Delivery.filter(kind=floods.KIND).order_by("id")])
    return [[one.id for one in await floods.listed(screen)] for screen in screens]


async def test_what_comes_after_the_fifth_alert_stands_in_one_list(store: Store) -> None:
    await company()
    raised = [one.id for one in await flood(8)]
    assert await own_messages() == set(raised[:5])
    assert await lists() == [raised[5:]]


async def test_what_is_listed_has_its_owner_its_deadline_and_its_ladder_all_the_same(store: Store) -> None:
    await company(recover_within="4h", take_within="15m")
    await flood(7)
    assert await Recovery.filter(owner_id__isnull=False, due_at=at(hours=4)).count() == 7
    assert await Alert.filter(state="open", next_step_at=at(minutes=15)).count() == 7


async def test_very_many_bad_marks_make_few_messages_and_each_of_them_is_named(store: Store) -> None:
    await company()
    raised = {one.id for one in await flood(47)}
    listed = await lists()
    assert [len(one) for one in listed] == [20, 20, 2]
    assert len(await own_messages()) == 5
    assert {one for some in listed for one in some} | await own_messages() == raised


async def test_an_urgent_one_always_has_its_own_message(store: Store) -> None:
    await company()
    await flood(6)
    urgent = await unhappy(50, now=at(), priority="urgent")
    assert urgent.id in await own_messages()


async def test_one_that_somebody_takes_gets_its_own_message_and_the_list_says_so(store: Store) -> None:
    await company()
    raised = await flood(7)
    kim = await Staff.get(key="kim@example.org")
    taken = await alerts.by_id(raised[6].id)
    assert taken is not None
    await recoveries.take(taken, kim, now=at(minutes=1))
    assert await own_messages() == {one.id for one in (*raised[:5], raised[6])}
    assert await Delivery.filter(kind=floods.KIND).count() == 3
    assert await lists() == [[raised[5].id, raised[6].id]]


async def test_one_that_is_overdue_gets_its_own_message(store: Store) -> None:
    await company(recover_within="1h")
    raised = await flood(6)
    await alerts.look(raised[5].id, now=at(minutes=16))
    assert raised[5].id not in await own_messages()
    assert await Delivery.filter(kind="alert_update", subject_id=raised[5].id).exists()
    await alerts.look(raised[5].id, now=at(minutes=61))
    assert raised[5].id in await own_messages()


async def test_after_ten_minutes_there_is_room_again(store: Store) -> None:
    await company()
    await flood(6)
    later = await flood(6, now=at(minutes=11), first=20)
    assert {one.id for one in later[:5]} < await own_messages()
    assert await lists() == [[6], [later[5].id]]


async def test_what_happens_to_older_alerts_takes_no_room(store: Store) -> None:
    await company()
    old = await flood(5)
    for one in old:
        await alerts.redraw(one, now=at(minutes=30))
    fresh = await unhappy(9, now=at(minutes=31))
    assert fresh.id in await own_messages()


async def test_another_place_has_room_of_its_own(store: Store) -> None:
    await company()
    await flood(6)
    other = await Team.create(key="other", name="Other", alert_channel="slack", alert_to="C0OTHER")
    await Ticket.all().update(team_id=other.id)
    alert = await Alert.get(id=1)
    assert not await floods.gathers(alert, other, now=at())
    fresh = await unhappy(9, now=at(minutes=1))
    assert fresh.id not in await own_messages()


async def test_a_list_that_died_is_sent_anew_with_the_next(store: Store) -> None:
    await company()
    raised = await flood(6)
    await Delivery.filter(kind=floods.KIND).update(state=DeliveryState.DEAD)
    fresh = await unhappy(9, now=at(minutes=1))
    assert await lists() == [[raised[5].id, fresh.id]]
    assert await Delivery.filter(kind=floods.KIND, state=DeliveryState.WAITING).count() == 1


async def test_only_the_newest_drawing_of_a_list_waits(store: Store) -> None:
    await company()
    await flood(15)
    waiting = await Delivery.filter(kind=floods.KIND, state=DeliveryState.WAITING)
    assert [one.subject_id for one in waiting] == [15]

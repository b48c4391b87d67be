"""A team's own ladder, its quiet hours and its rota: who is told of an alert that nobody takes, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import contacts
from core.models.accounts import Account, Role
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Priority, Ticket, TicketEntry
from core.models.reactions import Alert, AlertState
from core.models.setup import Staff, StaffAddress, Team
from core.reactions import alerts, duty, ladders, recoveries
from core.reactions.team_settings import TeamSettings
from core.store import Store
from tests.core.builders import at, company
from tests.core.test_reactions import again, kim, unhappy

STEPS = [
    {"after": "15m", "to": "duty"},
    {"after": "30m", "to": "lead"},
    {"after": "1h", "channel": "slack", "address": "C0MANAGERS"},
]


async def team(**settings: Any) -> Team:
    """The company's team with Li, who is on duty every day, and these settings. Noon in tests is a Sunday's, in UTC."""
    await company(take_within="15m", recover_within="4h")
    support = await Team.get()
    li, _ = await Staff.get_or_create(key="li@example.org", defaults={"name": "Li", "team": support})
    await StaffAddress.create(staff=li, channel="slack", address="U0LI")
    wanted = {"ladder": STEPS, "duty": [{"who": "li@example.org"}], **settings}
    support.settings = TeamSettings.model_validate(wanted).model_dump(mode="json")
    await support.save()
    return support


async def told() -> list[tuple[str, str]]:
    """Whom the ladder told, and what became of that message."""
    rows = await Delivery.filter(kind="alert").order_by("id")
    return [(row.target, row.state.value) for row in rows if row.payload.get("told") and ":v" not in row.key]


async def targets() -> list[str]:
    return [target for target, _ in await told()]


async def sent(target: str) -> None:
    await Delivery.filter(target=target).update(state=DeliveryState.SENT, sent_at=at(), receipt="D1:1")


# ---------------------------------------------------------------- climbing


async def test_each_step_tells_once_in_its_time_whatever_restarts(store: Store) -> None:
    await team()
    alert = await unhappy()
    seen = []
    for minutes in (0, 14, 15, 15, 29, 30, 30, 59, 60, 61, 200):
        await alerts.look(alert.id, now=at(minutes=minutes))
        seen.append(len(await told()))
    assert seen == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert await targets() == ["U0LI", "U0KIM", "C0MANAGERS"]
    lines = await Delivery.filter(kind="alert_update").order_by("id")
    assert [one.payload["owner"] for one in lines] == [{"name": "Li"}, {"name": "Kim"}, {"name": ""}]
    assert await TicketEntry.filter(label="history.alert_raised").count() == 3


async def test_what_slept_through_its_steps_takes_them_all_and_tells_the_deadline_too(store: Store) -> None:
    await team()
    alert = await unhappy()
    for _ in range(3):
        await alerts.look(alert.id, now=at(hours=6))
    assert await targets() == ["U0LI", "U0KIM", "C0MANAGERS"]
    assert await Delivery.filter(kind="alert_overdue").count() == 1


async def test_a_deadline_does_not_end_a_ladder_that_goes_on_after_it(store: Store) -> None:
    await team(ladder=[{"after": "5h", "to": "lead"}])
    alert = await unhappy()
    await alerts.look(alert.id, now=at(hours=4))
    assert await Delivery.filter(kind="alert_overdue").count() == 1
    assert (await again(alert)).next_step_at == at(hours=5)
    await alerts.look(alert.id, now=at(hours=5))
    assert await targets() == ["U0KIM"]


async def test_who_takes_it_ends_the_climb_and_whoever_was_told_sees_that(store: Store) -> None:
    await team()
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=15))
    await sent("U0LI")
    await recoveries.take(await again(alert), await kim(), now=at(minutes=16))
    await alerts.look(alert.id, now=at(hours=2))
    assert await targets() == ["U0LI"]
    [redrawn] = await Delivery.filter(target="U0LI", key__contains=":v", state=DeliveryState.WAITING)
    assert redrawn.screen == (await Delivery.filter(target="U0LI").order_by("id"))[0].screen


async def test_a_snoozed_ladder_goes_on_where_it_stood_with_its_distances(store: Store) -> None:
    await team()
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=15))
    await recoveries.snooze(await again(alert), at(hours=2), by=await kim(), now=at(minutes=16))
    await alerts.look(alert.id, now=at(minutes=70))
    assert await targets() == ["U0LI"]
    await alerts.look(alert.id, now=at(hours=2))
    assert await targets() == ["U0LI", "U0KIM"]
    await alerts.look(alert.id, now=at(hours=2, minutes=30))
    assert await targets() == ["U0LI", "U0KIM", "C0MANAGERS"]


async def test_an_alert_that_is_raised_again_climbs_from_the_foot(store: Store) -> None:
    await team()
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=30))
    await Alert.filter(id=alert.id).update(state=AlertState.CLOSED, next_step_at=None)
    whole = await again(alert)
    ticket = await Ticket.get()
    for later, climbed in ((60, 2), (75, 3)):
        await alerts.raise_alert(
            ticket, whole.response, whole.recovery, take_within=timedelta(minutes=15), now=at(minutes=60)
        )
        await alerts.look(alert.id, now=at(minutes=later))
        assert len(await told()) == climbed


async def test_a_step_may_tell_every_admin_by_mail(store: Store) -> None:
    await team(ladder=[{"after": "0s", "to": "admins", "channel": "mail"}])
    for name, role, active in (("a", Role.ADMIN, True), ("b", Role.ADMIN, False), ("c", Role.AGENT, True)):
        await Account.create(email=f"{name}@example.org", role=role, active=active, created_at=at())
    alert = await unhappy()
    await alerts.look(alert.id, now=at())
    assert [(one.channel, one.target) for one in await Delivery.filter(channel="mail")] == [("mail", "a@example.org")]


async def test_a_flood_is_no_flood_for_who_is_on_duty(store: Store) -> None:
    await team()
    for number in range(5):
        await Delivery.create(
            key=f"x{number}", kind="alert", channel="slack", target="U0LI", subject_id=900 + number,
            screen=f"x{number}", priority=1, due_at=at(), created_at=at(minutes=14),
        )  # fmt: skip
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=15))
    assert await targets() == []
    assert [one.payload["owner"] for one in await Delivery.filter(kind="alert_update")] == [{"name": "Li"}]


async def test_nobody_on_duty_is_the_lead(store: Store) -> None:
    support = await team(duty=[{"who": "li@example.org", "days": ["mon"]}])
    assert [[one.name for one in step.told] for step in await ladders.plan(support, now=at())] == [
        ["Kim"],
        ["Kim"],
        [""],
    ]


async def test_who_is_on_duty_owns_what_nobody_worked_on(store: Store) -> None:
    await team()
    ticket = Ticket(team_id=(await Team.get()).id)
    assert await recoveries._on_duty(ticket, now=at()) == (await Staff.get(key="li@example.org")).id


# ---------------------------------------------------------------- quiet hours


async def test_a_person_is_not_woken_and_is_told_when_it_is_day(store: Store) -> None:
    await team(quiet_hours="11:00-14:00", duty=[])
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=15))
    [held] = await Delivery.filter(target="U0KIM")
    assert held.due_at == at(hours=2)
    [line] = await Delivery.filter(kind="alert_update")
    assert line.payload["until"] == at(hours=2).isoformat()


async def test_who_took_it_in_the_night_spares_the_others_the_morning(store: Store) -> None:
    await team(quiet_hours="11:00-14:00", duty=[])
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=15))
    await recoveries.take(await again(alert), await kim(), now=at(minutes=20))
    assert await told() == [("U0KIM", "cancelled")]


async def test_so_does_who_was_given_it_and_took_it(store: Store) -> None:
    await team(quiet_hours="11:00-14:00", duty=[])
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=15))
    li = await Staff.get(key="li@example.org")
    await recoveries.assign(await again(alert), li, by=await kim(), now=at(minutes=20))
    await recoveries.take(await again(alert), li, now=at(minutes=21))
    assert await told() == [("U0KIM", "cancelled")]


async def test_what_is_urgent_wakes_and_a_place_is_never_quiet(store: Store) -> None:
    support = await team(quiet_hours="11:00-14:00", duty=[])
    steps = duty.settings_of(support).ladder
    [woken] = await ladders.told(steps[1], support, now=at(), urgent=True)
    [place] = await ladders.told(steps[2], support, now=at())
    assert (woken.at, woken.held, place.at) == (at(), False, at())
    alert = await unhappy()
    await Ticket.all().update(priority=Priority.URGENT)
    await alerts.look(alert.id, now=at(minutes=15))
    assert (await Delivery.get(target="U0KIM")).due_at == at(minutes=15)


async def test_who_is_on_duty_is_at_work_unless_they_sleep_themselves(store: Store) -> None:
    support = await team(quiet_hours="11:00-14:00")
    step = duty.settings_of(support).ladder[0]
    assert [one.held for one in await ladders.told(step, support, now=at())] == [False]
    await Staff.filter(key="li@example.org").update(quiet_hours="19:00-21:00", timezone="Asia/Shanghai")
    [li] = await ladders.told(step, support, now=at())
    assert li.at == at(hours=1)


@pytest.mark.parametrize(
    ("moment", "awake"),
    [
        ("2026-03-28T23:30+00:00", "2026-03-29T05:00+00:00"),  # the night that is an hour short: seven in summer time
        ("2026-03-27T23:30+00:00", "2026-03-28T06:00+00:00"),
        ("2026-10-24T21:30+00:00", "2026-10-25T06:00+00:00"),  # and the one that is an hour longer
        ("2026-10-25T05:59+00:00", "2026-10-25T06:00+00:00"),
        ("2026-10-25T06:00+00:00", "2026-10-25T06:00+00:00"),
        ("2026-10-25T20:59+00:00", "2026-10-25T20:59+00:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(moment: str, awake: str) -> None:
    berlin = Team(settings={"timezone": "Europe/Berlin", "quiet_hours": "22:00-07:00"})
    found = duty.awake_at(berlin, Staff(name="Li"), datetime.fromisoformat(moment))
    assert found == datetime.fromisoformat(awake)


# ---------------------------------------------------------------- who is on duty


ROTA = {
    "timezone": "Europe/Berlin",
    "duty": [
        {"who": "day", "days": ["mon", "tue", "wed", "thu", "fri"], "hours": "09:00-18:00"},
        {"who": "night", "days": ["fri"], "hours": "18:00-06:00"},
        {"who": "rest"},
    ],
    "stand_ins": [{"who": "kim", "since": "2026-12-24", "until": "2026-12-26"}, {"who": "gone", "since": "2026-01-01",
                   "until": "2026-12-31"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "who", "until"),
    [
        ("2026-11-23T08:00+01:00", "rest", "2026-11-23T09:00+01:00"),  # who stands further up begins sooner
        ("2026-11-23T09:00+01:00", "day", "2026-11-23T18:00+01:00"),
        ("2026-11-23T18:00+01:00", "rest", "2026-11-24T00:00+01:00"),
        ("2026-11-27T23:00+01:00", "night", "2026-11-28T06:00+01:00"),
        ("2026-11-28T05:59+01:00", "night", "2026-11-28T06:00+01:00"),  # it is Saturday, and Friday's night still
        ("2026-11-28T06:00+01:00", "rest", "2026-11-29T00:00+01:00"),
        ("2026-10-24T23:00+02:00", "rest", "2026-10-25T00:00+02:00"),
        ("2026-10-25T01:00+02:00", "rest", "2026-10-26T00:00+01:00"),  # a day of 25 hours
        ("2026-12-24T10:00+01:00", "kim", "2026-12-27T00:00+01:00"),
        ("2026-12-23T23:59+01:00", "rest", "2026-12-24T00:00+01:00"),
        ("2026-12-26T23:59+01:00", "kim", "2026-12-27T00:00+01:00"),
    ],
)
def test_the_rota_says_whose_turn_it_is_and_until_when(moment: str, who: str, until: str) -> None:
    settings = TeamSettings.model_validate(ROTA)
    known = frozenset({"day", "night", "rest", "kim"})
    zone = contacts.zone_named(settings.timezone)
    found = duty.on_watch(settings, zone, known=known, now=datetime.fromisoformat(moment))
    assert found == duty.Watch(who, datetime.fromisoformat(until).astimezone(UTC))


def test_nobody_is_on_duty_without_a_rota() -> None:
    zone = contacts.zone_named("UTC")
    assert duty.on_watch(TeamSettings(), zone, known=frozenset({"kim"}), now=at()) is None


async def test_who_left_is_not_on_duty(store: Store) -> None:
    support = await team()
    await Staff.filter(key="li@example.org").update(active=False)
    assert await duty.now_on(support, now=at()) is None

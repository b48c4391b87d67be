"""Digests are due once for each period, whatever the clocks do, and are sent once for each, whoever looks."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import audit, contacts
from core import setup as setups
from core.digests import periods, sending
from core.digests.periods import Period
from core.digests.settings import DigestSettings
from core.models.deliveries import Delivery
from core.models.setup import Digest, Staff, StaffAddress, Team
from core.setup import DigestSetup, SetupError, Stale
from core.setup import teams as team_setup
from core.store import Store

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
KINDS = {"slack": "slack", "mail": "email"}
PLACE = {"channel": "slack", "address": "C0FIGURES"}
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEK = timedelta(days=7)


def settings(**given: Any) -> DigestSettings:
    return DigestSettings.model_validate({"recipients": [PLACE], **given})


# ---------------------------------------------------------------- when


def days(period: Period) -> tuple[str, str]:
    return period.first.isoformat(), period.last.isoformat()


@pytest.mark.parametrize(
    ("every", "now", "told"),
    [
        ("day", "2026-11-23T08:00", ("2026-11-22", "2026-11-22")),
        ("day", "2026-11-23T07:59", ("2026-11-21", "2026-11-21")),
        ("week", "2026-11-23T08:00", ("2026-11-16", "2026-11-22")),
        ("week", "2026-11-29T23:59", ("2026-11-16", "2026-11-22")),
        ("week", "2026-11-23T07:59", ("2026-11-09", "2026-11-15")),
        ("month", "2026-12-01T08:00", ("2026-11-01", "2026-11-30")),
        ("month", "2026-12-31T08:00", ("2026-11-01", "2026-11-30")),
        ("month", "2026-03-01T08:00", ("2026-02-01", "2026-02-28")),
        ("month", "2026-03-01T07:59", ("2026-01-01", "2026-01-31")),
    ],
)
def test_it_is_about_the_last_whole_period(every: str, now: str, told: tuple[str, str]) -> None:
    found = periods.latest(settings(every=every), UTC_ZONE, now=datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert days(found) == told
    first, last = periods.days_of(found.code)
    assert (first.isoformat(), last.isoformat()) == told


def test_a_week_that_is_told_on_thursday_is_the_one_that_ended_on_sunday() -> None:
    found = periods.latest(settings(weekday="thu"), UTC_ZONE, now=datetime(2026, 11, 26, 9, tzinfo=UTC))
    assert days(found) == ("2026-11-16", "2026-11-22")


@pytest.mark.parametrize("every", ["day", "week", "month"])
@pytest.mark.parametrize("clock", ["00:00", "02:30", "23:59"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_no_change_of_the_clocks_skips_a_period_or_tells_one_twice(every: str, clock: str, zone: str) -> None:
    """Half an hour by half an hour through a whole year: each day of it is told, in order, and once."""
    wanted, here = settings(every=every, at=clock), ZoneInfo(zone)
    now, found = datetime(2026, 1, 1, tzinfo=UTC), dict[str, Period]()
    while now < datetime(2027, 1, 15, tzinfo=UTC):
        latest, following = (look(wanted, here, now=now) for look in (periods.latest, periods.following))
        assert latest.due <= now < following.due
        assert following.first == latest.last + timedelta(days=1)
        found[latest.code] = latest
        now += timedelta(minutes=30)
    told = list(found.values())
    assert all(after.first == before.last + timedelta(days=1) for before, after in pairwise(told))
    assert len({one.due for one in told}) == len(told)
    if every == "day":
        assert len(told) == len({one.first for one in told}) >= 370


def test_a_time_that_the_clocks_skip_is_an_hour_later_and_one_that_comes_twice_is_the_first() -> None:
    spring = periods.following(settings(every="day", at="02:30"), BERLIN, now=datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert spring.due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    autumn = periods.following(settings(every="day", at="02:30"), BERLIN, now=datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert autumn.due == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_test_is_about_what_is_over_also_before_it_is_told() -> None:
    morning = datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    for wanted, told in ((settings(weekday="fri"), "2026-11-16"), (settings(every="day", at="18:30"), "2026-11-22")):
        assert days(periods.whole(wanted, UTC_ZONE, now=morning))[0] == told
        assert days(periods.latest(wanted, UTC_ZONE, now=morning))[0] < told


# ---------------------------------------------------------------- once


async def save(now: datetime = SUNDAY, **given: Any) -> Digest:
    part = DigestSetup.model_validate({"key": "weekly", "recipients": [PLACE], **given})
    seen = await setups.find("digests", part.key)
    await setups.save(part, seen=seen.mark if seen else "", actor="ann@example.org", now=now, channels=KINDS)
    return await Digest.get(key=part.key)


async def told() -> list[tuple[str, str]]:
    """The first day of each period that was sent, and where to."""
    return [(str(one.payload["first"]), one.target) for one in await Delivery.filter(kind="digest").order_by("id")]


async def test_it_is_sent_when_its_time_comes_and_once_for_each_week(store: Store) -> None:
    await save()
    for now in (SUNDAY, MONDAY - timedelta(seconds=1)):
        await sending.look(KINDS, now=now)
        assert await told() == []
    for now in (MONDAY, MONDAY, MONDAY + timedelta(days=6)):
        await sending.look(KINDS, now=now)
        assert await told() == [("2026-11-16", "C0FIGURES")]
    await sending.look(KINDS, now=MONDAY + WEEK)
    assert await told() == [("2026-11-16", "C0FIGURES"), ("2026-11-23", "C0FIGURES")]


async def test_many_who_look_at_once_send_it_once(store: Store) -> None:
    await save()
    await asyncio.gather(*(sending.look(KINDS, now=MONDAY) for _ in range(6)))
    assert await told() == [("2026-11-16", "C0FIGURES")]


async def test_what_was_missed_is_sent_later_but_never_all_of_it(store: Store) -> None:
    await save()
    await sending.look(KINDS, now=MONDAY + timedelta(days=5))
    assert await told() == [("2026-11-16", "C0FIGURES")]
    await sending.look(KINDS, now=MONDAY + 5 * WEEK)
    assert await told() == [("2026-11-16", "C0FIGURES"), ("2026-12-21", "C0FIGURES")]


async def test_what_is_new_or_switched_on_or_moved_is_not_sent_for_what_was_due_before(store: Store) -> None:
    tuesday = MONDAY + timedelta(days=1)
    await save(tuesday)
    await sending.look(KINDS, now=tuesday)
    await save(tuesday, enabled=False)
    await sending.look(KINDS, now=MONDAY + WEEK)
    await save(MONDAY + WEEK + timedelta(hours=1))
    await sending.look(KINDS, now=MONDAY + WEEK + timedelta(hours=1))
    await save(MONDAY + WEEK + timedelta(hours=2), at="06:00")
    await sending.look(KINDS, now=MONDAY + WEEK + timedelta(hours=2))
    assert await told() == []
    await sending.look(KINDS, now=MONDAY + 2 * WEEK)
    assert await told() == [("2026-11-30", "C0FIGURES")]


async def test_a_week_that_was_told_on_monday_is_not_told_again_on_wednesday(store: Store) -> None:
    await save()
    await sending.look(KINDS, now=MONDAY)
    more = [PLACE, {**PLACE, "address": "C0BOSSES"}]
    await save(MONDAY + timedelta(hours=1), weekday="wed", recipients=more)
    about = await sending.about(await Digest.get())
    assert about is not None
    assert days(about.coming(now=MONDAY + timedelta(hours=1))) == ("2026-11-23", "2026-11-29")
    await sending.look(KINDS, now=MONDAY + timedelta(days=3))
    assert len(await told()) == 1
    await sending.look(KINDS, now=MONDAY + timedelta(days=9))
    assert await told() == [("2026-11-16", "C0FIGURES"), ("2026-11-23", "C0FIGURES"), ("2026-11-23", "C0BOSSES")]


async def test_another_name_or_recipient_does_not_keep_it_from_being_sent(store: Store) -> None:
    await save()
    await save(MONDAY + timedelta(minutes=1), name="Figures", recipients=[PLACE, {**PLACE, "address": "C0BOSSES"}])
    await sending.look(KINDS, now=MONDAY + timedelta(minutes=2))
    assert await told() == [("2026-11-16", "C0FIGURES"), ("2026-11-16", "C0BOSSES")]


async def test_the_clock_and_the_days_are_the_teams_own_where_it_has_some(store: Store) -> None:
    await Team.create(key="east", settings={"timezone": "Asia/Shanghai"})
    await Team.create(key="here")
    await save(team="east", key="east")
    await save(team="here", key="here")
    contacts.use_zone("Europe/Berlin")
    try:
        await sending.look(KINDS, now=datetime(2026, 11, 23, 0, 0, tzinfo=UTC))
        [only] = await Delivery.all()
        assert (only.payload["zone"], only.payload["first"]) == ("Asia/Shanghai", "2026-11-16")
        await sending.look(KINDS, now=datetime(2026, 11, 23, 7, 0, tzinfo=UTC))
        assert [one.payload["zone"] for one in await Delivery.all().order_by("id")][1:] == ["Europe/Berlin"]
    finally:
        contacts.use_zone("UTC")


async def test_one_that_could_not_leave_is_given_up_when_the_next_one_is_due(store: Store) -> None:
    await save()
    await sending.look(KINDS, now=MONDAY)
    assert (await Delivery.get()).expires_at == MONDAY + WEEK


# ---------------------------------------------------------------- to whom


async def staff(key: str, *addresses: tuple[str, str], **given: Any) -> Staff:
    person = await Staff.create(key=key, name=key.title(), **given)
    for channel, address in addresses:
        await StaffAddress.create(staff=person, channel=channel, address=address)
    return person


async def test_people_are_told_where_they_are_and_nobody_twice(store: Store) -> None:
    await staff("kim", ("slack", "U0KIM"), email="kim@example.org", locale="zh-Hans")
    await staff("lee", email="lee@example.org")
    await staff("max")
    await staff("gone", ("slack", "U0GONE"), active=False)
    wanted = [
        {"staff": "kim"},
        {"staff": "kim", "channel": "mail"},
        {"channel": "slack", "address": "U0KIM"},
        {"staff": "lee"},
        {"staff": "lee", "channel": "slack"},
        {"staff": "max"},
        {"staff": "gone"},
    ]
    await save(recipients=wanted)
    await sending.look(KINDS, now=MONDAY)
    rows = await Delivery.all().order_by("id")
    assert [(one.channel, one.target, one.payload["locale"]) for one in rows] == [
        ("slack", "U0KIM", "zh-Hans"),
        ("mail", "kim@example.org", "zh-Hans"),
        ("mail", "lee@example.org", ""),
    ]


# ---------------------------------------------------------------- the set-up


async def test_what_is_exported_is_applied_without_a_difference(store: Store) -> None:
    await Team.create(key="support")
    await staff("kim", ("slack", "U0KIM"))
    await save(
        name="Weekly <3", team="support", every="month", at="06:45", weekday="fri", enabled=False,
        recipients=[PLACE, {"staff": "kim"}, {"staff": "kim", "channel": "slack"}],
    )  # fmt: skip
    await save(key="daily", every="day")
    before = await Digest.all().order_by("key").values()
    text = setups.to_toml(await setups.export())
    assert "recipients = [\n" in text
    assert await setups.apply(setups.parse(text), now=MONDAY, channels=KINDS) == []
    assert await Digest.all().order_by("key").values() == before
    await Digest.all().delete()
    await setups.apply(setups.parse(text), now=MONDAY, channels=KINDS)
    assert setups.to_toml(await setups.export()) == text


async def test_a_file_may_say_only_what_changes(store: Store) -> None:
    await save(name="Weekly")
    told = await setups.apply(setups.parse('[[digests]]\nkey = "weekly"\nenabled = false'), now=SUNDAY, channels=KINDS)
    assert [str(one) for one in told] == ["~ digest weekly: enabled: yes → no"]
    row = await Digest.get()
    assert (row.name, row.settings["recipients"]) == ("Weekly", [{"staff": "", **PLACE}])
    assert [line.action for line in await audit.latest(5)] == ["digest.changed", "digest.added"]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"recipients": []}, ("recipients",)),
        ({"recipients": [{"staff": "nobody"}]}, ("recipients", 0, "staff")),
        ({"recipients": [PLACE, {"channel": "fax", "address": "1"}]}, ("recipients", 1, "channel")),
        ({"team": "nobody"}, ("team",)),
        ({"key": "a/b"}, ("key",)),
    ],
)
async def test_what_cannot_be_is_named_by_its_place(
    store: Store, wrong: dict[str, Any], place: tuple[Any, ...]
) -> None:
    with pytest.raises(SetupError) as error:
        await save(**wrong)
    assert [one.place for one in error.value.problems] == [("digests", 0, *place)]
    assert not await Digest.exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('at = "8"', 'digests[0].at: a time of the day is written as "08:00"'),
        ('every = "hour"', "digests[0].every"),
        ('recipients = [{ staff = "kim", address = "U0KIM" }]', "digests[0].recipients[0]: must be { channel"),
        ('recipients = [{ channel = "slack" }]', "digests[0].recipients[0]: must be { channel"),
    ],
)
def test_a_file_that_is_wrong_says_where(wrong: str, told: str) -> None:
    with pytest.raises(SetupError, match="digests") as error:
        setups.parse(f'[[digests]]\nkey = "weekly"\n{wrong}')
    assert str(error.value).startswith(told)


async def test_a_team_that_a_digest_is_about_stays(store: Store) -> None:
    await Team.create(key="support")
    await save(team="support")
    hanging = await team_setup.hanging_on("support")
    assert [(one.kind, one.key) for one in hanging.named_by] == [("digest", "weekly")]


async def test_two_who_edit_it_see_each_other(store: Store) -> None:
    await save()
    with pytest.raises(Stale):
        await setups.save(
            DigestSetup.model_validate({"key": "weekly", "recipients": [PLACE]}), seen="", actor="kim", now=SUNDAY
        )


async def test_one_whose_team_is_gone_keeps_no_other_from_being_sent(store: Store) -> None:
    await Team.create(key="support")
    await save(key="a", team="support")
    await save(key="b")
    await Team.all().delete()
    await sending.look(KINDS, now=MONDAY)
    assert len(await told()) == 1


# ---------------------------------------------------------------- a test to oneself


async def test_a_test_counts_as_nothing_sent(store: Store) -> None:
    row = await save()
    await sending.send_test(row, sending.Told("mail", "ann@example.org", "en"), by="ann@example.org", now=SUNDAY)
    [test] = await Delivery.all()
    assert (test.target, test.payload["test"], test.payload["first"]) == ("ann@example.org", True, "2026-11-09")
    assert [line.action for line in await audit.latest(1)] == ["digest.tested"]
    await sending.look(KINDS, now=MONDAY)
    assert await told() == [("2026-11-09", "ann@example.org"), ("2026-11-16", "C0FIGURES")]
    row = await Digest.get()
    assert [one.target for one in await sending.last_sent(row)] == ["C0FIGURES"]
    assert date.fromisoformat(row.told.partition(":")[2]) == date(2026, 11, 16)

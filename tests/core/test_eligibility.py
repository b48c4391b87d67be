"""Who is asked, when, and what a person is told about why somebody was not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.surveys import eligibility
from core.surveys.eligibility import Asked, ContactTraits, TicketTraits, Verdict, in_sample, into_window
from core.surveys.settings import Conditions, SurveySettings, Window

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TICKET = TicketTraits(number="CS202611220001", cycle=1, type="technical", team="support", replies=2)
ANN = ContactTraits(zone=BERLIN, addresses=1)


def survey(**settings: Any) -> SurveySettings:
    """A survey that asks everybody at once, but for what the test says."""
    return SurveySettings.model_validate({"delay": "0s", "window": "always", "budget": "none", **settings})


def decided(
    settings: SurveySettings, contact: ContactTraits = ANN, *, ticket: TicketTraits = TICKET, now: datetime = NOW
) -> Verdict:
    return eligibility.decide("default", settings, ticket, contact, now=now)


def asked(**ago: float) -> Asked:
    return Asked(NOW - timedelta(**ago), "support-bot")


def window(since: str, until: str) -> Window:
    return Window(since=time.fromisoformat(since), until=time.fromisoformat(until))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


# ---------------------------------------------------------------- whether


def test_a_contact_whom_nothing_speaks_against_is_asked_after_the_delay() -> None:
    assert decided(survey(delay="5m")) == Verdict(True, "sent", due_at=NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (replace(ANN, internal=True), "staff_or_test"),
        (replace(ANN, opted_out=True), "opted_out"),
        (replace(ANN, addresses=0), "no_address"),
    ],
)
def test_nobody_is_asked_who_is_staff_or_said_stop_or_cannot_be_reached(contact: ContactTraits, reason: str) -> None:
    assert decided(survey(), contact) == Verdict(False, reason)


def test_the_reason_that_is_told_is_the_one_that_people_would_want_to_hear_first() -> None:
    settings = survey(conditions={"types": ["complaint"]}, sample=0, budget="1 per 7d")
    contact = ContactTraits(zone=BERLIN, internal=True, opted_out=True, addresses=0, asked=(asked(hours=1),))
    told = [decided(settings, contact).reason]

    mended: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({"conditions": Conditions()}, {}),
        ({}, {"internal": False}),
        ({}, {"opted_out": False}),
        ({}, {"addresses": 1}),
        ({"sample": 100}, {}),
        ({}, {"asked": ()}),
    )
    for survey_mended, contact_mended in mended:
        settings = settings.model_copy(update=survey_mended)
        contact = replace(contact, **contact_mended)
        told.append(decided(settings, contact).reason)

    assert told == ["condition", "staff_or_test", "opted_out", "no_address", "sampled_out", "asked_today", "sent"]


@pytest.mark.parametrize(
    ("conditions", "ticket", "unmet"),
    [
        ({"types": ["complaint"]}, {"type": "technical"}, "type"),
        ({"teams": ["sales"]}, {"team": "support"}, "team"),
        ({"teams": ["sales"]}, {"team": ""}, "team"),
        ({"channels": ["mail"]}, {"channel": "support-bot"}, "channel"),
        ({"priorities": ["high"]}, {"priority": "low"}, "priority"),
        ({"tags": ["vip", "beta"]}, {"tags": ()}, "tags"),
        ({"tags": ["vip", "beta"]}, {"tags": ("old",)}, "tags"),
        ({"tiers": ["gold"]}, {}, "tier"),
        ({"close_reasons": ["solved"]}, {"close_reason": "duplicate"}, "close_reason"),
        ({"closed_by": ["agent"]}, {"closed_by": "customer"}, "closed_by"),
        ({"min_replies": 3}, {"replies": 2}, "replies"),
        ({"types": ["technical", "complaint"]}, {"type": "complaint"}, None),
        ({"tags": ["vip", "beta"]}, {"tags": ("old", "beta")}, None),
        ({"tiers": ["silver", "gold"]}, {}, "tier"),
        ({"min_replies": 3}, {"replies": 3}, None),
        ({"min_replies": 3}, {"replies": None}, None),
        ({}, {"type": "anything"}, None),
    ],
)
def test_a_ticket_that_the_survey_is_not_about_is_told_with_the_condition(
    conditions: dict[str, Any], ticket: dict[str, Any], unmet: str | None
) -> None:
    verdict = decided(survey(conditions=conditions), replace(ANN, tier="bronze"), ticket=replace(TICKET, **ticket))

    assert (verdict.reason, verdict.values) == (("condition", {"condition": unmet}) if unmet else ("sent", {}))


def test_a_condition_on_the_tier_holds_for_a_contact_of_that_tier() -> None:
    assert decided(survey(conditions={"tiers": ["silver", "gold"]}), replace(ANN, tier="gold")).send


# ---------------------------------------------------------------- samples


def test_a_third_of_the_tickets_is_a_third_of_the_tickets() -> None:
    names = [f"default:CS20261122{number:04d}:1" for number in range(10_000)]

    for percent in (0, 1, 33, 50, 99, 100):
        assert sum(in_sample(name, percent) for name in names) / 100 == pytest.approx(
            percent, abs=0 if percent in {0, 100} else 2
        )


@given(st.text(max_size=40), st.integers(0, 100), st.integers(0, 100))
def test_who_is_in_a_small_sample_is_in_every_larger_one(name: str, one: int, other: int) -> None:
    small, large = sorted((one, other))

    assert in_sample(name, small) <= in_sample(name, large)


def test_the_same_ticket_is_in_or_out_for_ever() -> None:
    """The exact tickets, because an update of this program must not draw anew."""
    inside = [number for number in range(20) if in_sample(f"default:CS20261122{number:04d}:1", 30)]

    assert inside == [3, 15, 19]


def test_a_ticket_that_was_reopened_is_drawn_again_and_surveys_draw_apart() -> None:
    tickets = [replace(TICKET, number=f"CS{number}") for number in range(200)]
    half = survey(sample=50)

    def sent(key: str, cycle: int) -> list[bool]:
        return [eligibility.decide(key, half, replace(one, cycle=cycle), ANN, now=NOW).send for one in tickets]

    assert len({tuple(sent(key, cycle)) for key in ("default", "other") for cycle in (1, 2)}) == 4
    assert decided(survey(sample=0)) == Verdict(False, "sampled_out", {"percent": 0})


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("hours", "due", "opens"),
    [
        (("09:00", "21:00"), "2026-11-22T12:00", "2026-11-22T12:00"),
        (("09:00", "21:00"), "2026-11-22T09:00", "2026-11-22T09:00"),
        (("09:00", "21:00"), "2026-11-22T08:59:59", "2026-11-22T09:00"),
        (("09:00", "21:00"), "2026-11-22T20:59:59", "2026-11-22T20:59:59"),
        (("09:00", "21:00"), "2026-11-22T21:00", "2026-11-23T09:00"),
        (("09:00", "21:00"), "2026-11-22T23:30", "2026-11-23T09:00"),
        (("22:00", "06:00"), "2026-11-22T23:00", "2026-11-22T23:00"),
        (("22:00", "06:00"), "2026-11-23T05:59", "2026-11-23T05:59"),
        (("22:00", "06:00"), "2026-11-23T06:00", "2026-11-23T22:00"),
        (("22:00", "06:00"), "2026-11-22T12:00", "2026-11-22T22:00"),
        (("00:00", "23:59"), "2026-11-22T23:59:30", "2026-11-23T00:00"),
        # The night in which the clock is put forward: 02:30 is not there, 03:30 is as much later.
        (("02:30", "05:00"), "2026-03-29T01:30", "2026-03-29T03:30"),
        (("09:00", "21:00"), "2026-03-28T22:00", "2026-03-29T09:00"),
        (("22:00", "02:30"), "2026-03-29T03:10", "2026-03-29T22:00"),
        # The night in which it is put back.
        (("09:00", "21:00"), "2026-10-24T22:00", "2026-10-25T09:00"),
        (("02:30", "05:00"), "2026-10-25T01:00", "2026-10-25T02:30"),
        (("22:00", "02:00"), "2026-10-25T02:59", "2026-10-25T22:00"),
    ],
)
def test_an_invite_arrives_in_the_hours_of_the_contacts_own_day(hours: tuple[str, str], due: str, opens: str) -> None:
    assert into_window(berlin(due), window(*hours), BERLIN) == berlin(opens)


def test_the_second_time_of_an_hour_that_comes_twice_is_open_as_the_first_was() -> None:
    second = datetime(2026, 10, 25, 2, 45, tzinfo=BERLIN, fold=1)

    assert into_window(second, window("02:30", "05:00"), BERLIN) == second.astimezone(UTC)


def test_nobody_is_asked_too_early_in_the_hour_that_comes_twice() -> None:
    second = datetime(2026, 10, 25, 2, 5, tzinfo=BERLIN, fold=1).astimezone(UTC)

    assert into_window(second, window("02:10", "05:00"), BERLIN) == second + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("zone", "opens"),
    [
        ("Asia/Kolkata", "2026-11-23T03:30+00:00"),
        ("America/St_Johns", "2026-11-22T21:00+00:00"),
        ("Pacific/Kiritimati", "2026-11-22T21:00+00:00"),
        ("UTC", "2026-11-23T09:00+00:00"),
    ],
)
def test_nine_o_clock_is_nine_o_clock_where_the_contact_lives(zone: str, opens: str) -> None:
    due = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)

    assert into_window(due, window("09:00", "20:30"), ZoneInfo(zone)) == datetime.fromisoformat(opens)


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Kathmandu", "Australia/Lord_Howe")
DUE = st.integers(0, 3 * 366 * 86_400).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
CLOCK = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@given(DUE, CLOCK, CLOCK, st.sampled_from(ZONES).map(ZoneInfo))
def test_an_invite_is_never_early_and_waits_only_for_the_window(
    due: datetime, since: time, until: time, zone: ZoneInfo
) -> None:
    assume(since != until)
    assume(not due.astimezone(zone).fold)  # A test of its own has the hour that comes twice.
    hours = Window(since=since, until=until)

    opens = into_window(due, hours, zone)

    assert due <= opens <= due + timedelta(hours=25)
    local = opens.astimezone(zone)
    skipped = local.replace(tzinfo=None) - datetime.combine(local.date(), since)
    if opens > due and skipped:
        assert skipped <= timedelta(hours=1)
        assert datetime.combine(local.date(), since, zone).astimezone(UTC) == opens
    elif opens > due:
        assert local.time() == since
    assert opens.tzinfo is not None
    assert opens.utcoffset() == timedelta(0)


@given(DUE, st.sampled_from(ZONES).map(ZoneInfo))
def test_a_window_that_is_always_open_changes_nothing(due: datetime, zone: ZoneInfo) -> None:
    assert into_window(due, None, zone) == due


def test_the_delay_comes_first_and_the_window_after_it() -> None:
    verdict = decided(survey(delay="1h", window="09:00-21:00"), now=berlin("2026-11-22T20:30"))

    assert verdict.due_at == berlin("2026-11-23T09:00")


# ---------------------------------------------------------------- budgets


@pytest.mark.parametrize(
    ("earlier", "reason", "values"),
    [
        ((), "sent", {}),
        ((asked(days=7),), "sent", {}),
        ((asked(days=7, seconds=-1),), "asked_recently", {"count": 6, "channel": "support-bot"}),
        ((asked(hours=23),), "asked_today", {"channel": "support-bot"}),
        ((asked(days=1),), "asked_recently", {"count": 1, "channel": "support-bot"}),
        ((asked(days=8), asked(days=15), asked(days=22)), "sent", {}),
        (
            (asked(days=8), asked(days=29), asked(days=15), asked(days=22)),
            "asked_recently",
            {"count": 8, "channel": "support-bot"},
        ),
        ((asked(days=8), asked(days=30), asked(days=15), asked(days=22)), "sent", {}),
        ((asked(days=-2),), "asked_today", {"channel": "support-bot"}),
    ],
)
def test_nobody_is_asked_more_often_than_the_budget_allows(
    earlier: tuple[Asked, ...], reason: str, values: dict[str, object]
) -> None:
    verdict = decided(survey(budget="1 per 7d, 4 per 30d"), replace(ANN, asked=earlier))

    assert (verdict.reason, verdict.values) == (reason, values)
    assert verdict.send is (reason == "sent")
    assert (verdict.due_at == NOW) is verdict.send


def test_the_channel_that_is_told_is_the_one_of_the_last_invite() -> None:
    earlier = (Asked(NOW - timedelta(days=2), "mail"), asked(days=3))

    assert decided(survey(budget="1 per 7d"), replace(ANN, asked=earlier)).values == {"count": 2, "channel": "mail"}


@pytest.mark.parametrize(
    ("budget", "earlier", "waits"),
    [
        ("1 per 7d", (asked(days=3),), timedelta(days=4)),
        ("2 per 7d", (asked(days=3), asked(days=5)), timedelta(days=2)),
        ("1 per 7d, 2 per 30d", (asked(days=3), asked(days=10)), timedelta(days=20)),
        ("1 per 30d", (asked(days=0),), timedelta(days=30)),
    ],
)
def test_a_postponed_invite_waits_until_the_budget_allows_it_again(
    budget: str, earlier: tuple[Asked, ...], waits: timedelta
) -> None:
    verdict = decided(survey(budget=budget, over_budget="postpone"), replace(ANN, asked=earlier))

    assert verdict == Verdict(True, "postponed", due_at=NOW + waits)


def test_a_postponed_invite_arrives_in_the_window_too() -> None:
    settings = survey(budget="1 per 7d", over_budget="postpone", window="09:00-21:00")
    earlier = Asked(berlin("2026-11-20T23:00"), "support-bot")

    assert decided(settings, replace(ANN, asked=(earlier,))).due_at == berlin("2026-11-28T09:00")


def test_nobody_is_asked_about_something_a_month_ago() -> None:
    verdict = decided(survey(budget="1 per 60d", over_budget="postpone"), replace(ANN, asked=(asked(days=29),)))

    assert verdict == Verdict(False, "asked_recently", {"count": 29, "channel": "support-bot"})


ALLOWANCES = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 30)), min_size=1, max_size=3)


@given(ALLOWANCES, st.lists(st.integers(0, 40 * 24 * 60), max_size=8))
def test_a_postponed_invite_is_within_the_budget_when_it_is_due(
    allowances: list[tuple[int, int]], minutes: list[int]
) -> None:
    budget = ", ".join(f"{invites} per {days}d" for invites, days in allowances)
    contact = replace(ANN, asked=tuple(asked(minutes=ago) for ago in minutes))
    verdict = decided(survey(budget=budget, over_budget="postpone"), contact)

    assume(verdict.due_at is not None)
    assert verdict.due_at is not None
    assert verdict.due_at >= NOW
    assert decided(survey(budget=budget), contact, now=verdict.due_at) == Verdict(True, "sent", due_at=verdict.due_at)
    if verdict.due_at > NOW:
        assert not decided(survey(budget=budget), contact, now=verdict.due_at - timedelta(seconds=1)).send


def test_invites_are_looked_at_as_far_back_as_the_longest_budget() -> None:
    every = [survey(), survey(budget="1 per 7d, 4 per 30d"), survey(budget="1 per 14d")]

    assert eligibility.longest_span(every) == timedelta(days=30)
    assert eligibility.longest_span([]) == timedelta(0)

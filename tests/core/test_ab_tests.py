"""Two wordings of one question: who gets which, what is counted, and when it may be decided."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import audit, errors
from core import setup as setups
from core.models.invites import Invite, InvitePurpose
from core.models.setup import Survey, Team, Wording
from core.models.wordings import ABInvite, ABTest, Outcome, Variant, WordingDraft, WordingVersion
from core.privacy import erase
from core.privacy.ledger import Ledger
from core.setup import teams
from core.store import Store
from core.surveys import invites, responses
from core.wordings import ab_tests, asking, drafts, publishing, split
from core.wordings.ab_tests import Phase, Plan
from core.wordings.drafts import Words
from core.wordings.scopes import Scope
from tests.core.builders import NOON, asked, at, company, resolved, whole

LEE = "lee@example.org"
INVITE, REMINDER = Scope("invite", "en"), Scope("reminder", "en")
FROM_TELEGRAM = Scope("invite", "en", "support", "telegram")
A, B = Words("", "A {{ question }}"), Words("", "B {{ question }}")
AGAIN = Words("", "B again {{ question }}")
SMALL = Plan(share=50, base=50, difference=50, days=14)


async def start(
    scope: Scope = INVITE, plan: Plan = SMALL, b: dict[str, Words] | None = None, *, now: float = 0
) -> ABTest:
    seen = (await drafts.standing(scope)).mark
    words = b or {scope.kind: B}
    kinds = dict.fromkeys(words, A)
    test = await ab_tests.start(scope, plan, a=kinds, b=words, seen=seen, actor=LEE, now=at(days=now))
    test.key = f"key {test.id}"  # who gets which is the same in each run
    await test.save(update_fields=["key"])
    return test


async def drawn(invite: Invite, scope: Scope = FROM_TELEGRAM, *, now: float = 0) -> Variant | None:
    """What the courier asks before it writes a message."""
    found = await asking.given(await whole(invite), scope, now=at(days=now))
    return found.variant if found else None


async def put(number: int, *, now: float = 0) -> tuple[Invite, Variant | None]:
    """A contact who is asked while the test runs."""
    walk = await resolved(
        f"T-{number}", contact=f"c-{number}", addresses=(("support-bot", str(1000 + number)),), now=at(days=now)
    )
    assert walk.invite is not None
    variant = await drawn(walk.invite, now=now)
    await invites.delivered(walk.invite.id, now=at(days=now))
    return await whole(walk.invite), variant


async def put_many(count: int, *, now: float = 0) -> dict[Variant | None, list[Invite]]:
    found: dict[Variant | None, list[Invite]] = {}
    for number in range(count):
        invite, variant = await put(number, now=now)
        found.setdefault(variant, []).append(invite)
    return found


async def rate(invite: Invite, score: int, *, now: float = 0) -> None:
    await responses.answer(await whole(invite), {"overall": score}, finished=True, now=at(days=now))
    response = await responses.of(invite)
    assert response is not None
    await responses.settle(response.id, now=at(days=now, minutes=5))


async def met(*, share_a: float = 0.2, share_b: float = 0.9) -> int:
    """Ask until nobody new takes part, and let some answer. Says the day on which the time of all is over."""
    asked_with: dict[Variant, list[Invite]] = {Variant.A: [], Variant.B: []}
    for number in range(200):
        invite, variant = await put(number)
        if variant is None:
            break
        asked_with[variant].append(invite)
    for variant, share in ((Variant.A, share_a), (Variant.B, share_b)):
        for number, invite in enumerate(asked_with[variant]):
            if number < share * len(asked_with[variant]):
                await rate(invite, 4 + number % 2 if variant == Variant.A else 1 + number % 2)
    return 8


# ---------------------------------------------------------------- the split


def test_a_contact_gets_the_same_in_every_process() -> None:
    mine = "".join(split.variant_of("a key", contact, 50) for contact in range(200))
    code = (
        "from core.wordings.split import variant_of\n"
        "print(''.join(variant_of('a key', contact, 50) for contact in range(200)))"
    )
    for seed in ("0", "1"):
        other = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        assert other.stdout.strip() == mine
    assert mine[:12] == "".join(split.variant_of("a key", contact, 50) for contact in range(12))


@settings(max_examples=30)
@given(
    key=st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=16, max_size=16),
    first=st.integers(0, 2**62),
    step=st.sampled_from((1, 2, 10, 1000, 65_536)),
    share=st.sampled_from((5, 25, 50, 80)),
)
def test_the_split_is_as_even_as_chance_over_any_contacts(key: str, first: int, step: int, share: int) -> None:
    """Within six standard errors: about one in five hundred million would be outside by chance."""
    count = 3000
    got = sum(split.variant_of(key, first + step * number, share) == Variant.B for number in range(count))
    expected = count * share / 100
    assert abs(got - expected) < 6 * (expected * (1 - share / 100)) ** 0.5


def test_who_gets_b_in_one_test_says_nothing_about_the_next() -> None:
    both = Counter((split.variant_of("one", one, 50), split.variant_of("two", one, 50)) for one in range(8000))
    assert all(abs(count - 2000) < 6 * 2000**0.5 for count in both.values())


# ---------------------------------------------------------------- who takes part


async def test_an_invite_of_the_scope_takes_part_and_keeps_its_variant(store: Store) -> None:
    await company()
    test = await start()
    asked_with = await put_many(20)
    assert set(asked_with) == {Variant.A, Variant.B}
    for variant, members in asked_with.items():
        for invite in members:
            assert variant == split.variant_of(test.key, invite.contact_id, 50)
            assert await drawn(invite) == variant, "drawn once more, as when a message was postponed"
    assert await ABInvite.all().count() == 20


async def test_invites_outside_the_scope_take_no_part(store: Store) -> None:
    await company()
    await start(Scope("invite", "en", "support", "slack"))
    walk = await resolved()
    assert walk.invite is not None
    for scope in (
        FROM_TELEGRAM,
        Scope("invite", "zh-Hans", "support", "slack"),
        Scope("invite", "en", "other", "slack"),
        Scope("reminder", "en", "support", "slack"),
    ):
        assert await drawn(walk.invite, scope) is None
    assert not await ABInvite.exists()
    assert await drawn(walk.invite, Scope("invite", "en", "support", "slack")) is not None


async def test_closer_words_of_somebodys_own_keep_their_messages_out(store: Store) -> None:
    await company()
    await start()
    await Wording.create(kind="invite", locale="en", team="support", source="ours {{ question }}")
    walk = await resolved()
    assert walk.invite is not None
    assert await drawn(walk.invite) is None
    assert await drawn(walk.invite, Scope("invite", "en", "", "telegram")) is not None


async def test_a_question_that_goes_another_way_in_the_end_is_out_again(store: Store) -> None:
    await company()
    await start(Scope("invite", "en", "", "telegram"))
    walk = await resolved()
    assert walk.invite is not None
    assert await drawn(walk.invite) is not None
    assert await drawn(walk.invite, Scope("invite", "en", "support", "email")) is None
    assert not await ABInvite.exists()


async def test_who_was_asked_before_the_start_is_not_counted(store: Store) -> None:
    await company()
    invite = await asked()
    await start(b={"invite": B, "reminder": AGAIN})
    assert await drawn(invite) is None
    assert await drawn(invite, Scope("reminder", "en", "support", "telegram")) is None


async def test_the_reminder_has_the_variant_of_its_invite(store: Store) -> None:
    await company(remind_after="1d")
    await start(b={"invite": B, "reminder": AGAIN})
    asked_with = await put_many(20)
    for variant, members in asked_with.items():
        found = await asking.given(members[0], Scope("reminder", "en", "support", "telegram"), now=at(days=1))
        assert found is not None
        assert (found.variant, found.own) == (variant, ("", AGAIN.source) if variant == Variant.B else None)


async def test_a_reminder_can_be_tested_alone_and_then_who_is_reminded_takes_part(store: Store) -> None:
    await company(remind_after="1d")
    await start(REMINDER)
    invite = await asked()
    here = Scope("reminder", "en", "support", "telegram")
    assert await drawn(invite) is None
    assert await drawn(invite, here) is None, "not reminded yet"
    await invites.look(invite.id, now=at(days=1))
    assert await drawn(invite, here, now=1) is not None


async def test_after_the_last_day_nobody_new_takes_part_and_those_who_do_go_on(store: Store) -> None:
    await company()
    await start()
    invite, variant = await put(1, now=13)
    assert variant is not None
    assert (await put(2, now=14))[1] is None
    assert await drawn(invite, now=15) == variant


# ---------------------------------------------------------------- the plan and its limits


@pytest.mark.parametrize(
    ("field", "value"), [("share", 4), ("share", 96), ("difference", 0), ("difference", 51), ("days", 0), ("base", 0)]
)
def test_a_plan_that_makes_no_sense_is_refused_at_its_field(field: str, value: int) -> None:
    values = {"share": 50, "base": 30, "difference": 10, "days": 28, field: value}
    with pytest.raises(errors.Invalid) as refused:
        Plan(**values).check()
    assert refused.value.field == field


@given(st.integers(5, 95), st.floats(1, 99), st.integers(1, 50))
def test_every_plan_has_sizes(share: int, base: float, difference: int) -> None:
    size_a, size_b = Plan(share, base, difference, 28).sizes
    assert size_a > 0
    assert size_b > 0


async def test_what_is_not_asked_with_or_says_the_same_is_no_test(store: Store) -> None:
    with pytest.raises(errors.Invalid):
        await start(Scope("thanks_negative", "en"))
    with pytest.raises(errors.Invalid) as same:
        await start(b={"invite": A})
    assert same.value.field == "words"
    assert not await ABTest.exists()
    assert await audit.latest(9) == []


async def test_who_has_not_seen_the_newest_draft_starts_nothing(store: Store) -> None:
    await drafts.save(INVITE, B, seen="0.0.0", author=LEE, now=NOON)
    with pytest.raises(drafts.StaleDraft):
        await ab_tests.start(INVITE, SMALL, a={"invite": A}, b={"invite": B}, seen="0.0.0", actor=LEE, now=NOON)


@pytest.mark.parametrize(
    "other", [INVITE, REMINDER, Scope("invite"), Scope("reminder", "en", "support"), Scope("invite", "", "", "slack")]
)
async def test_two_tests_never_reach_the_same_invite(store: Store, other: Scope) -> None:
    await Team.create(key="support")
    await start()
    with pytest.raises(errors.Conflict) as refused:
        await start(other)
    assert refused.value.label == "ab.overlaps"
    assert await ABTest.all().count() == 1
    await start(Scope("invite", "zh-Hans"))


async def test_of_two_that_start_at_once_one_does(store: Store) -> None:
    results = await asyncio.gather(start(), start(REMINDER), return_exceptions=True)
    assert sum(isinstance(one, ABTest) for one in results) == 1, results
    assert sum(isinstance(one, errors.Conflict) for one in results) == 1, results
    assert await ABTest.all().count() == 1


# ---------------------------------------------------------------- what is counted


async def test_an_invite_counts_when_its_time_is_over_answered_or_not(store: Store) -> None:
    await company()
    test = await start()
    for number, invite in enumerate((await put_many(12))[Variant.B]):
        if number % 2:
            await rate(invite, 5)
    early = (await ab_tests.standing(test.id, now=at(days=1))).figures
    assert (early.b.participation.of, early.b.scores) == (0, {}), "who answers is faster than who does not"
    assert early.b.waiting == early.b.asked > 0
    late = (await ab_tests.standing(test.id, now=at(days=8))).figures
    assert late.b.participation.of == late.b.asked == early.b.asked
    assert late.b.participation.count == late.b.asked // 2
    assert late.score(Variant.B, "overall").value == 5


async def test_who_says_stop_was_asked_and_has_not_answered(store: Store) -> None:
    await company()
    test = await start()
    invite, variant = await put(1)
    await invites.stop_asking(invite.contact, now=at(days=1))
    assert variant is not None
    arm = (await ab_tests.standing(test.id, now=at(days=8))).figures.arms[variant]
    assert (arm.participation.count, arm.participation.of) == (0, 1)


async def test_too_early_is_no_decision_and_says_nothing(store: Store) -> None:
    await company()
    test = await start()
    await put_many(5)
    early = await ab_tests.standing(test.id, now=at(days=1))
    assert (early.phase, early.was_met) == (Phase.ASKING, False)
    for variant in Variant:
        with pytest.raises(errors.Conflict) as refused:
            await ab_tests.keep(test.id, variant, actor=LEE, now=at(days=1))
        assert refused.value.label == "ab.too_early"
    assert (await ab_tests.standing(test.id, now=at(days=1))).phase == Phase.ASKING
    over = await ab_tests.standing(test.id, now=at(days=14))
    assert (over.phase, over.is_short) == (Phase.MET, True)


async def test_enough_are_asked_then_waited_for_and_then_it_is_decided(store: Store) -> None:
    await company()
    test = await start(b={"invite": B, "reminder": AGAIN})
    day = await met()
    assert (await ab_tests.standing(test.id, now=at(days=1))).phase == Phase.WAITING
    found = await ab_tests.standing(test.id, now=at(days=day))
    assert (found.phase, found.is_short, found.figures.better) == (Phase.MET, False, Variant.B)
    assert found.figures.a.asked >= test.size_a
    assert found.figures.b.asked >= test.size_b
    assert found.figures.scores_differ("overall"), "B talks people into other scores"
    await drafts.save(INVITE, B, seen="0.0.0", author=LEE, now=NOON)
    await ab_tests.keep(test.id, Variant.B, actor=LEE, now=at(days=day), note="A/B")
    published = {one.kind: one.source for one in await Wording.all()}
    assert published == {"invite": B.source, "reminder": AGAIN.source}
    assert await WordingVersion.all().values_list("note", flat=True) == ["A/B", "A/B"]
    assert not await WordingDraft.exists()
    told = [line.action for line in await audit.latest(9)]
    assert sorted(told) == ["ab_test.kept_b", "ab_test.started", "template.added", "template.added"]
    ended = await ab_tests.standing(test.id, now=at(days=99))
    assert (ended.test.outcome, ended.figures, ended.was_met) == (Outcome.KEPT_B, found.figures, True)
    with pytest.raises(errors.Conflict):
        await ab_tests.keep(test.id, Variant.A, actor=LEE, now=at(days=day))
    assert (await put(500, now=day))[1] is None


async def test_keeping_a_and_stopping_change_no_words(store: Store) -> None:
    await company()
    test = await start()
    await ab_tests.keep(test.id, Variant.A, actor=LEE, now=at(days=14))
    other = await start(now=15)
    await ab_tests.stop(other.id, actor=LEE, now=at(days=15))
    with pytest.raises(errors.Conflict):
        await ab_tests.stop(other.id, actor=LEE, now=at(days=15))
    assert not await Wording.exists()
    assert await ABTest.all().order_by("id").values_list("outcome", flat=True) == [Outcome.KEPT_A, Outcome.STOPPED]
    assert [one.action for one in await audit.latest(9)] == [
        "ab_test.stopped", "ab_test.started", "ab_test.kept_a", "ab_test.started",
    ]  # fmt: skip


async def test_no_difference_is_said_to_be_none(store: Store) -> None:
    await company()
    test = await start()
    day = await met(share_a=0.5, share_b=0.5)
    assert (await ab_tests.standing(test.id, now=at(days=day))).figures.better is None


# ---------------------------------------------------------------- other words, and what goes away


@pytest.mark.parametrize(
    ("scope", "ends"),
    [
        (INVITE, True),
        (Scope("invite"), True),
        (REMINDER, False),
        (Scope("invite", "zh-Hans"), False),
        (Scope("invite", "en", "support"), False),
    ],
)
async def test_other_words_where_a_stood_end_the_test(store: Store, scope: Scope, ends: bool) -> None:
    await company()
    test = await start()
    await put_many(3)
    assert [one.id for one in await asking.losing_a(scope)] == ([test.id] if ends else [])
    await publishing.write(scope, Words("", "new {{ question }}"), actor="kim", now=at(days=1), note="")
    found = (await ab_tests.standing(test.id, now=at(days=1))).test
    assert (found.outcome, found.ended_by) == ((Outcome.PUBLISHED, "kim") if ends else (None, ""))
    takes_part = (await put(50, now=1))[1] is not None
    assert takes_part is not (ends or bool(scope.team)), "the team's own words keep its messages out"


async def test_wider_words_that_somebodys_own_stand_before_end_nothing(store: Store) -> None:
    await company()
    await publishing.write(INVITE, A, actor=LEE, now=NOON, note="")
    test = await start()
    await publishing.write(Scope("invite"), Words("", "new {{ question }}"), actor=LEE, now=NOON, note="")
    assert (await ab_tests.standing(test.id, now=NOON)).phase == Phase.ASKING
    await publishing.take_away(INVITE, seen=(await drafts.standing(INVITE)).mark, actor=LEE, now=NOON)
    assert (await ab_tests.standing(test.id, now=NOON)).test.outcome == Outcome.PUBLISHED


async def test_a_file_that_changes_the_words_ends_the_test_and_no_file_carries_one(store: Store) -> None:
    await company()
    test = await start()
    exported = setups.to_toml(await setups.export())
    assert "B {{ question }}" not in exported
    await setups.apply(setups.parse(exported), now=NOON)
    assert (await ab_tests.standing(test.id, now=NOON)).phase == Phase.ASKING
    await setups.apply(setups.parse('[[templates]]\nkind = "invite"\nlocale = "en"\nsource = "new"'), now=NOON)
    found = (await ab_tests.standing(test.id, now=NOON)).test
    assert (found.outcome, found.ended_by) == (Outcome.PUBLISHED, audit.COMMAND_LINE)


async def test_b_that_cannot_be_sent_ends_the_test_and_was_asked_with_by_nobody(store: Store) -> None:
    await company()
    test = await start()
    walk = await resolved()
    assert walk.invite is not None
    found = await asking.given(await whole(walk.invite), FROM_TELEGRAM, now=NOON)
    assert found is not None
    await asking.failed(found, walk.invite, "the text is empty", now=NOON)
    ended = (await ab_tests.standing(test.id, now=NOON)).test
    assert (ended.outcome, ended.ended_by, ended.why) == (Outcome.FAILED, "", "the text is empty")
    assert not await ABInvite.exists()


async def test_what_is_removed_or_erased_breaks_no_figures(store: Store, ledger: Ledger) -> None:
    await company()
    test = await start(Scope("invite", "en", "support"))
    asked_with = await put_many(12)
    one = asked_with[Variant.B][0]
    await rate(one, 5)
    before = (await ab_tests.standing(test.id, now=at(days=8))).figures
    await erase.erase(one.contact, ledger=ledger, by=LEE, now=at(days=8))
    await Survey.all().update(current=False)
    assert (await ab_tests.standing(test.id, now=at(days=8))).figures == before
    seen = next(part.mark for part in await setups.read("teams") if part.key == "support")
    with pytest.raises(errors.Conflict):
        await teams.remove("support", seen=seen, actor=LEE, now=NOON)
    await ab_tests.stop(test.id, actor=LEE, now=at(days=8))
    await teams.remove("support", seen=seen, actor=LEE, now=NOON)
    await Invite.all().delete()
    assert (await ab_tests.standing(test.id, now=at(days=99))).figures == before


async def test_is_it_right_now_is_nobodys_test(store: Store) -> None:
    await company()
    await start()
    invite = await asked()
    again = await invites.ask_again(invite.ticket, invite.contact, now=at(hours=1))
    assert again is not None
    assert again.purpose == InvitePurpose.RECOVERY
    assert await drawn(again, Scope("recovered", "en", "support", "telegram")) is None

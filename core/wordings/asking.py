"""Which words of a running A/B test somebody is asked with, and what ends a test without anybody's deciding it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import audit, transactions
from core.models.invites import Invite
from core.models.setup import Wording
from core.models.wordings import ABInvite, ABTest, Outcome, Variant
from core.store.prepared import Prepared
from core.wordings import counts, split
from core.wordings.scopes import Scope

KINDS = ("invite", "reminder")
"""Those with which a survey is asked. What comes after an answer cannot change whether there is one, and "is it right
now?" goes to too few, and to people who are not asked at random.
"""
ITSELF = "Afterword"
_LIVE = Prepared(ABTest, lambda: ABTest.filter(ended_at__isnull=True).order_by("id"))


@dataclass(frozen=True, slots=True)
class Given:
    """The variant of one invite. `subject` and `source` are the words of B for this message; None: those in force."""

    test: ABTest
    variant: Variant
    own: tuple[str, str] | None


async def live() -> list[ABTest]:
    """Those that run: nobody has decided them."""
    return await _LIVE.all()


def scope_of(test: ABTest, kind: str = "") -> Scope:
    return Scope(kind or test.kind, test.locale, test.team, test.channel)


async def given(invite: Invite, scope: Scope, *, now: datetime) -> Given | None:
    """With which variant a message of `scope.kind` about this invite is written; None: it takes part in no test.

    An invite takes part from its first message of the test's kind on, if that has not gone out before: later messages
    have the same variant. One that goes by another way now (another channel) is out again.
    """
    tests = await live()
    if not tests:
        return None
    test = await _that_covers(tests, scope)
    is_first = _is_first(invite, scope.kind)
    if is_first:
        others = [one.id for one in tests if one.kind == scope.kind and one is not test]
        await ABInvite.filter(invite_id=invite.id, test_id__in=others).delete()
    if test is None:
        return None
    known = await ABInvite.get_or_none(test_id=test.id, invite_id=invite.id)
    if known is None:
        if test.kind != scope.kind or not is_first or await _is_closed(test, now=now):
            return None
        known = await _take_part(test, invite)
    words = test.words[Variant.B].get(scope.kind) if known.variant == Variant.B else None
    return Given(test, known.variant, (words["subject"], words["source"]) if words else None)


@transactions.atomic
async def failed(found: Given, invite: Invite, why: str, *, now: datetime) -> None:
    """B could not be written: the test ends, and this invite was never asked with it."""
    await ABInvite.filter(test_id=found.test.id, invite_id=invite.id).delete()
    await end(found.test, Outcome.FAILED, by=ITSELF, why=why, now=now)


@transactions.atomic
async def words_changed(changed: Mapping[str, Any], *, by: str, now: datetime) -> None:
    """Other words hold in a scope from now on: a test whose A they were, or would have been, has lost its A."""
    for test in await losing_a(Scope(**changed)):
        await end(test, Outcome.PUBLISHED, by=by, now=now)


async def losing_a(changed: Scope) -> list[ABTest]:
    """The running tests that end when other words are published in this scope, or own ones are taken away."""
    return [one for one in await live() if await _loses_a(one, changed)]


async def losing_messages(changed: Scope) -> list[ABTest]:
    """The running tests that go on without the messages of this scope once it has own words: closer than theirs."""
    own = await _published(changed.kind)
    return [
        one
        for one in await live()
        if changed.kind in one.words[Variant.B]
        and changed.stands_before(scope_of(one, changed.kind))
        and not changed.between(scope_of(one, changed.kind)) & own
    ]


async def closer_words(test: ABTest) -> list[Scope]:
    """Where published words stand before those of the test: such messages take no part in it."""
    scope = scope_of(test)
    return sorted((one for one in await _published(test.kind) if one.stands_before(scope)), key=lambda one: one.key)


@transactions.atomic
async def end(test: ABTest, outcome: Outcome, *, by: str, why: str = "", now: datetime) -> bool:
    """End it and keep its counts as they are; False where it has ended before."""
    mine = ABTest.filter(id=test.id, ended_at__isnull=True)
    ended = {"ended_at": now, "ended_by": "" if by == ITSELF else by, "outcome": outcome, "why": why[:300]}
    if not await mine.update(**ended, counts=await counts.take(test.id, now=now)):
        return False
    after = {"outcome": outcome.value, **({"why": why[:300]} if why else {})}
    await audit.record(by, f"ab_test.{outcome}", f"ab_test:{test.id}", after=after, now=now)
    return True


def is_enough(test: ABTest, asked: Mapping[str, int]) -> bool:
    return asked[Variant.A] >= test.size_a and asked[Variant.B] >= test.size_b


@transactions.atomic
async def _take_part(test: ABTest, invite: Invite) -> ABInvite:
    variant = split.variant_of(test.key, invite.contact_id, test.share)
    mine = {"test_id": test.id, "invite_id": invite.id}
    return (await ABInvite.get_or_create(**mine, defaults={"variant": variant}))[0]


async def _is_closed(test: ABTest, *, now: datetime) -> bool:
    """Whether nobody new takes part. Whoever finds that there are enough writes it down."""
    if test.full_at is not None or now >= test.until:
        return True
    if not is_enough(test, await counts.asked(test.id)):
        return False
    await ABTest.filter(id=test.id, full_at__isnull=True).update(full_at=now)
    return True


async def _that_covers(tests: list[ABTest], scope: Scope) -> ABTest | None:
    """The test of whose words this message's would be: no closer own words stand before it."""
    about = {scope_of(one, scope.kind): one for one in tests if scope.kind in one.words[Variant.B]}
    if not about:
        return None
    own = await _published(scope.kind)
    for one in scope.chain():
        if one in about:
            return about[one]
        if one in own:
            return None
    return None


async def _loses_a(test: ABTest, changed: Scope) -> bool:
    if changed.kind not in test.words[Variant.B]:
        return False
    chain = list(scope_of(test, changed.kind).chain())
    if changed not in chain:
        return False
    return not set(chain[: chain.index(changed)]) & await _published(changed.kind)


async def _published(kind: str) -> set[Scope]:
    rows = await Wording.filter(kind=kind).values_list("locale", "team", "channel")
    return {Scope(kind, *map(str, row)) for row in rows}


def _is_first(invite: Invite, kind: str) -> bool:
    """Whether no message of this kind about the invite has gone out before the one that is written now."""
    return invite.delivered_at is None if kind == "invite" else invite.reminders == 1

"""A/B tests of wordings: planned before the start, looked at, and decided once the rule that was chosen is met."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from core import audit, errors, transactions
from core.insight import statistics
from core.insight.statistics import Interval
from core.insight.tallies import Mean, Share
from core.models.invites import Invite, InvitePurpose, InviteState
from core.models.wordings import ABTest, Outcome, Variant, WordingDraft
from core.surveys.tokens import new_key
from core.wordings import asking, counts, drafts, publishing
from core.wordings.asking import scope_of
from core.wordings.counts import Counts
from core.wordings.drafts import StaleDraft, Words
from core.wordings.scopes import Scope

SHARES = (5, 95)
DIFFERENCES = (1, 50)
DAYS = (1, 365)
BASES = (1, 99)
LIMITS = {"share": SHARES, "base": BASES, "difference": DIFFERENCES, "days": DAYS}
LISTED = 100
LOOKED_BACK = timedelta(days=90)
WordsByKind = Mapping[str, Words]


def check_one(name: str, value: float) -> None:
    """One number of a plan. Raises errors.Invalid, naming the field."""
    least, most = LIMITS[name]
    if not least <= value <= most:
        raise errors.Invalid(
            f"must be from {least} to {most}", field=name, label="ab.out_of_range", least=least, most=most
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is chosen before the start. `share` is the per cent that get B, `base` the participation now in per cent,
    `difference` the smallest that is to be seen in percentage points, `days` how long people are asked at most.
    """

    share: int
    base: float
    difference: int
    days: int

    def check(self) -> None:
        """Raises errors.Invalid, naming the field."""
        for name in LIMITS:
            check_one(name, getattr(self, name))

    @property
    def sizes(self) -> tuple[int, int]:
        """How many of A and of B it takes to see that difference, up or down, whichever takes more."""
        base, apart, ratio = self.base / 100, self.difference / 100, self.share / (100 - self.share)
        others = [one for one in (base + apart, base - apart) if 0 < one < 1]
        return max(statistics.needed(base, one, ratio=ratio) for one in others or (0.999,))


@dataclass(frozen=True, slots=True)
class Arm:
    """What is known of one variant."""

    asked: int
    waiting: int
    participation: Share
    scores: Mapping[str, Mean]


@dataclass(frozen=True)
class Figures:
    """Both variants. Differences are of B less A; None where they cannot be told."""

    arms: Mapping[Variant, Arm]

    @classmethod
    def of(cls, counted: Counts) -> Figures:
        return cls({one: _arm(counted[one]) for one in Variant})

    @property
    def a(self) -> Arm:
        return self.arms[Variant.A]

    @property
    def b(self) -> Arm:
        return self.arms[Variant.B]

    @cached_property
    def difference(self) -> Interval | None:
        a, b = self.a.participation, self.b.participation
        return statistics.of_difference(b.count, b.of, a.count, a.of)

    @property
    def better(self) -> Variant | None:
        """Whose participation is higher; None where no difference was found."""
        apart = self.difference
        if apart is None or apart.low <= 0 <= apart.high:
            return None
        return Variant.B if apart.low > 0 else Variant.A

    @property
    def dimensions(self) -> list[str]:
        """All that were scored, `overall` first."""
        return sorted({*self.a.scores, *self.b.scores}, key=lambda one: (one != "overall", one))

    def score(self, variant: Variant, dimension: str) -> Mean:
        return self.arms[variant].scores.get(dimension, Mean())

    def score_difference(self, dimension: str) -> Interval | None:
        a, b = self.score(Variant.A, dimension), self.score(Variant.B, dimension)
        return statistics.of_mean_difference((b.count, b.total, b.squares), (a.count, a.total, a.squares))

    def scores_differ(self, dimension: str) -> bool:
        apart = self.score_difference(dimension)
        return apart is not None and not apart.low <= 0 <= apart.high


class Phase(StrEnum):
    ASKING = "asking"  # new invites take part
    WAITING = "waiting"  # nobody new does; some still have time to answer
    MET = "met"  # the rule is met: somebody decides
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a test stands: its figures, at its end where it has ended, and what may be said of them."""

    test: ABTest
    figures: Figures
    phase: Phase
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", scope_of(self.test))

    @property
    def is_short(self) -> bool:
        """Whether the time was over before there were enough."""
        return self.test.full_at is None and not asking.is_enough(self.test, _asked(self.figures))

    @property
    def was_met(self) -> bool:
        """Whether it may be said which is better: its rule was met, also if it has ended since."""
        if self.phase != Phase.ENDED:
            return self.phase == Phase.MET
        return self.test.outcome in (Outcome.KEPT_A, Outcome.KEPT_B) or _phase(
            self.test, self.figures, now=self.test.ended_at
        ) == Phase.MET  # fmt: skip

    def words(self, variant: Variant) -> dict[str, Words]:
        """By kind, as they were at the start."""
        said = self.test.words[variant]
        return {kind: Words(one["subject"], one["source"]) for kind, one in said.items()}


async def standing(test_id: int, *, now: datetime) -> Standing:
    """Raises errors.NotFound."""
    test = await ABTest.get_or_none(id=test_id)
    if test is None:
        raise errors.NotFound("there is no such A/B test")
    return await _standing(test, now=now)


async def _standing(test: ABTest, *, now: datetime) -> Standing:
    figures = Figures.of(test.counts if test.counts is not None else await counts.take(test.id, now=now))
    return Standing(test, figures, Phase.ENDED if test.ended_at else _phase(test, figures, now=now))


async def listed(*, now: datetime) -> list[Standing]:
    """Those that run first, then those that have ended, the latest first; of these only so many."""
    running = await ABTest.filter(ended_at__isnull=True).order_by("-started_at", "-id")
    ended = await ABTest.filter(ended_at__isnull=False).order_by("-ended_at", "-id").limit(LISTED)
    return [await _standing(one, now=now) for one in (*running, *ended)]


@dataclass(frozen=True, slots=True)
class Before:
    """What is known without a test: the participation, and how many are asked in a day."""

    participation: Share
    per_day: float


async def before(slices: Collection[int], kind: str, *, until: datetime) -> Before:
    """Of those who were asked (or reminded) in the 90 days until then. At `until`, all of them had their time."""
    since = until - LOOKED_BACK
    rows = Invite.filter(
        slice_id__in=list(slices),
        purpose__in=(InvitePurpose.SERVICE, InvitePurpose.MANUAL),
        asked_at__gte=since,
        asked_at__lt=until,
        delivered_at__isnull=False,
        **({"reminders__gte": 1} if kind == "reminder" else {}),
    )
    delivered = await rows.count() if slices else 0
    if not delivered:
        return Before(Share(0, 0), 0.0)
    answered = await rows.filter(state__in=(InviteState.ANSWERED, InviteState.FINISHED)).count()
    first = await rows.order_by("asked_at").first()
    days = (until - (first.asked_at if first and first.asked_at else since)) / timedelta(days=1)
    return Before(Share(answered, delivered), delivered / max(days, 1.0))


async def overlapping(scope: Scope) -> list[ABTest]:
    """The running tests that could reach the same invites. An invite takes part in one only, or none could be told."""
    return [one for one in await asking.live() if scope_of(one).overlaps(scope)]


@transactions.atomic
async def start(
    scope: Scope, plan: Plan, *, a: WordsByKind, b: WordsByKind, seen: str, actor: str, now: datetime
) -> ABTest:
    """From now on each invite of the scope is asked with A or with B. The caller has checked that both can be sent.

    `a` and `b` are by kind of message, `a` for the record; `seen` is the mark of the scope's standing. The drafts stay.
    Raises errors.Invalid, naming the field; errors.Conflict where another test could reach the same; StaleDraft.
    """
    plan.check()
    if scope.kind not in asking.KINDS or scope.kind not in b:
        raise errors.Invalid("only what asks for a rating can be tested", field="kind", label="ab.only_asking")
    if all(a[kind] == words for kind, words in b.items()):
        raise errors.Invalid("both say the same", field="words", label="ab.same")
    stands = await drafts.standing(scope)
    if stands.mark != seen:
        raise StaleDraft(stands)
    size_a, size_b = plan.sizes
    test = await ABTest.create(
        key=new_key(),
        **scope.columns,
        words={Variant.A.value: _plain(a, b), Variant.B.value: _plain(b, b)},
        share=plan.share,
        base=plan.base / 100,
        difference=plan.difference,
        size_a=size_a,
        size_b=size_b,
        started_at=now,
        started_by=actor,
        until=now + timedelta(days=plan.days),
    )
    # Two that start at once both write a line that follows the same one: the later does all of this again.
    chosen = {"scope": scope.key, "share": plan.share, "difference": plan.difference, "days": plan.days}
    await audit.record(
        actor, "ab_test.started", f"ab_test:{test.id}", after={**chosen, "sizes": [size_a, size_b]}, now=now
    )
    if any(one.id != test.id for one in await overlapping(scope)):
        raise errors.Conflict("another test runs for some of these messages", label="ab.overlaps")
    return test


@transactions.atomic
async def keep(test_id: int, variant: Variant, *, actor: str, now: datetime, note: str = "") -> Standing:
    """Decide: B is published with the note, or A stays. Raises errors.NotFound; errors.Conflict before the rule is met
    and after the end; core.setup.SetupError.
    """
    found = await standing(test_id, now=now)
    if found.phase == Phase.ENDED:
        raise errors.Conflict("this test has ended", label="ab.has_ended")
    if found.phase != Phase.MET:
        raise errors.Conflict("it is too early to decide", label="ab.too_early")
    outcome = Outcome.KEPT_B if variant == Variant.B else Outcome.KEPT_A
    await _end(found.test, outcome, actor=actor, now=now)
    if variant == Variant.B:
        for kind, words in found.words(Variant.B).items():
            scope = scope_of(found.test, kind)
            await publishing.write(scope, words, actor=actor, now=now, note=note)
            await WordingDraft.filter(**scope.columns, subject=words.subject, source=words.source).delete()
    return await standing(test_id, now=now)


@transactions.atomic
async def stop(test_id: int, *, actor: str, now: datetime) -> None:
    """End it without a decision, at any time: the words in force stay. Raises errors.NotFound, errors.Conflict."""
    found = await standing(test_id, now=now)
    await _end(found.test, Outcome.STOPPED, actor=actor, now=now)


async def _end(test: ABTest, outcome: Outcome, *, actor: str, now: datetime) -> None:
    if not await asking.end(test, outcome, by=actor, now=now):
        raise errors.Conflict("this test has ended", label="ab.has_ended")


def _phase(test: ABTest, figures: Figures, *, now: datetime | None) -> Phase:
    is_closed = test.full_at is not None or (now is not None and now >= test.until)
    if not is_closed and not asking.is_enough(test, _asked(figures)):
        return Phase.ASKING
    return Phase.WAITING if figures.a.waiting or figures.b.waiting else Phase.MET


def _asked(figures: Figures) -> dict[str, int]:
    return {variant.value: arm.asked for variant, arm in figures.arms.items()}


def _arm(counted: Mapping[str, Any]) -> Arm:
    scores = {dimension: Mean(*sums) for dimension, sums in counted["scores"].items()}
    return Arm(counted["asked"], counted["waiting"], Share(counted["answered"], counted["due"]), scores)


def _plain(words: WordsByKind, kinds: WordsByKind) -> dict[str, dict[str, str]]:
    return {kind: {"subject": words[kind].subject, "source": words[kind].source} for kind in kinds}

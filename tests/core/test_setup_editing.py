"""The set-up as people edit it in the browser: one part at a time, and nobody's change is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core import audit
from core import setup as setups
from core.models.setup import Survey, Team
from core.setup import RuleSetup, Seen, SetupError, Stale, SurveySetup, TeamSetup
from core.store import Store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN = "ann@example.org"


async def seen(table: str, key: str) -> Seen:
    return next(one for one in await setups.read(table) if one.key == key)


async def save(part: TeamSetup | SurveySetup | RuleSetup, mark: str = "") -> list[str]:
    return [str(change) for change in await setups.save(part, seen=mark, actor=ANN, now=NOW, channels=["slack"])]


async def audited() -> list[tuple[str, str, str]]:
    return [(line.actor, line.action, line.subject) for line in reversed(await audit.latest(50))]


async def test_a_part_is_added_changed_and_taken_away_each_with_a_line_in_the_audit(store: Store) -> None:
    await save(TeamSetup(key="support", name="Support"))
    support = await seen("teams", "support")
    assert await save(TeamSetup(key="support", name="Helpers"), support.mark) == [
        "~ team support: name: Support → Helpers"
    ]
    mark = (await seen("teams", "support")).mark
    await setups.remove("teams", "support", seen=mark, actor=ANN, now=NOW)

    assert not await Team.exists()
    assert await audited() == [
        (ANN, "team.added", "team:support"),
        (ANN, "team.changed", "team:support"),
        (ANN, "team.removed", "team:support"),
    ]
    [_, changed, _] = reversed(await audit.latest(50))
    assert (changed.before, changed.after) == ({"name": "Support"}, {"name": "Helpers"})


async def test_saving_what_is_there_already_writes_nothing(store: Store) -> None:
    await save(RuleSetup(key="late", then=("alert",)))

    assert await save(RuleSetup(key="late", then=("alert",)), (await seen("rules", "late")).mark) == []
    assert len(await audited()) == 1


async def test_what_a_form_leaves_at_its_default_is_meant(store: Store) -> None:
    await save(SurveySetup(key="default", delay=timedelta(hours=1)))

    await save(SurveySetup(key="default"), (await seen("surveys", "default")).mark)

    assert (await seen("surveys", "default")).values["delay"] == "5m"


async def test_who_saves_over_a_change_that_they_have_not_seen_is_shown_it(store: Store) -> None:
    await save(TeamSetup(key="support", name="Support"))
    old = await seen("teams", "support")
    await save(TeamSetup(key="support", name="Theirs"), old.mark)

    with pytest.raises(Stale) as caught:
        await save(TeamSetup(key="support", name="Mine"), old.mark)

    assert caught.value.theirs is not None
    assert caught.value.theirs.values["name"] == "Theirs"
    assert (await Team.get()).name == "Theirs"


async def test_two_cannot_add_the_same(store: Store) -> None:
    await save(TeamSetup(key="support", name="Theirs"))

    with pytest.raises(Stale):
        await save(TeamSetup(key="support", name="Mine"))


async def test_what_somebody_took_away_cannot_be_changed(store: Store) -> None:
    await save(TeamSetup(key="support"))
    mark = (await seen("teams", "support")).mark
    await setups.remove("teams", "support", seen=mark, actor=ANN, now=NOW)

    with pytest.raises(Stale) as caught:
        await save(TeamSetup(key="support", name="Mine"), mark)
    assert caught.value.theirs is None
    with pytest.raises(Stale):
        await setups.remove("teams", "support", seen=mark, actor=ANN, now=NOW)


async def test_a_survey_that_is_taken_away_stays_for_its_answers_and_may_come_back(store: Store) -> None:
    await save(SurveySetup(key="repairs"))
    mark = (await seen("surveys", "repairs")).mark
    await setups.remove("surveys", "repairs", seen=mark, actor=ANN, now=NOW)
    assert await setups.read("surveys") == []

    await save(SurveySetup(key="repairs"))

    assert await Survey.filter(key="repairs").order_by("version").values_list("version", "current") == [
        (1, False),
        (2, True),
    ]


async def test_what_is_wrong_is_named_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(SetupError) as caught:
        await save(TeamSetup(key="a", alert=setups.AlertTarget(channel="slak", to="C0")))

    assert caught.value.problems[0].place == ("teams", 0, "alert", "channel")
    assert await audited() == []

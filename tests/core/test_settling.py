"""What it costs to judge an answer: so many statements and no more, however many rules and answers there are."""

from __future__ import annotations

from typing import Any

from core.models.responses import Response
from core.models.setup import Rule
from core.reactions.settings import RuleSettings
from core.store import Store
from core.surveys import responses
from tests.core.builders import asked, at, company
from tests.rigs import statements

OFTEN = {"bands": ["negative"], "repeat": "99 in 30d"}
GOOD, BAD, SHIPPED = 18, 24, 60
"""The bounds: a good answer, a bad one on which one rule acts, and one with all that the shipped rule does. In each,
four statements begin and end the unit of work."""


async def test_a_good_answer_and_a_bad_one_cost_as_much_beside_many_rules_and_answers(sqlite_store: Store) -> None:
    await company()
    await Rule.all().delete()
    await rule("bad", {"do": "tag", "tag": "unhappy"}, when={"bands": ["negative"]})
    await rule("often", {"do": "tag", "tag": "never"}, when=OFTEN)
    few = [await settled(sqlite_store, ref, overall) for ref, overall in (("warm", 1), ("good", 5), ("bad", 1))]
    assert (few[1] <= GOOD, few[2] <= BAD) == (True, True), few
    await _many()
    many = [await settled(sqlite_store, ref, overall) for ref, overall in (("good-2", 5), ("bad-2", 1))]
    assert many == few[1:]


async def test_nor_does_the_shipped_rule_cost_more(sqlite_store: Store) -> None:
    await company()
    await rule("often", {"do": "tag", "tag": "never"}, when=OFTEN)
    for number in range(2):
        few = await settled(sqlite_store, f"few-{number}", 1)
    assert few <= SHIPPED
    await _many()
    assert await settled(sqlite_store, "many", 1) == few


async def settled(store: Store, ref: str, overall: int) -> int:
    """How many statements it takes to judge this answer of somebody new."""
    invite = await asked(ref, contact=ref, addresses=(("support-bot", ref),))
    response = await responses.answer(invite, {"overall": overall}, finished=True, now=at())
    with statements.told(store) as seen:
        await responses.settle(response.id, now=at())
    assert (await Response.get(id=response.id)).revision == 1
    return len(seen)


async def rule(key: str, *then: Any, **settings: Any) -> None:
    wanted = RuleSettings.model_validate({"then": list(then), **settings})
    await Rule.create(key=key, position=5, settings=wanted.model_dump(mode="json"))


async def _many() -> None:
    """Rules that look and do nothing, each for another reason; and people who are content."""
    for number in range(12):
        when = {"types": ["nothing"]} if number % 2 else OFTEN
        await rule(f"quiet-{number}", {"do": "tag", "tag": "never"}, when=when)
    for number in range(8):
        invite = await asked(f"T-{number}", contact=f"T-{number}", addresses=(("support-bot", f"T-{number}"),))
        response = await responses.answer(invite, {"overall": 5}, finished=True, now=at())
        await responses.settle(response.id, now=at())

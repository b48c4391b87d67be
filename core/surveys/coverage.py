"""Which surveys ask about no ticket, whatever comes: those above them take all of theirs, alone or together.

Sound, and complete but for what no ticket happens to have: a field has the values that are mentioned, and one more that
nobody mentions; only priorities are known to be no others. Of tags and replies a ticket that wants to get by has the
fewest that it may, for more of them only make more conditions hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.models.desk import Priority
from core.surveys.settings import Conditions, SurveySettings

Wanted = Mapping[str, frozenset[str]]
"""By the name of a condition the values that it asks for. One that asks for nothing is not in it."""


def never_wins(surveys: Sequence[tuple[str, SurveySettings]]) -> dict[str, tuple[str, ...]]:
    """The surveys that never decide, each with those above it that take all its tickets: one where one does it alone,
    else several none of which can be spared.
    """
    found = {key: _takers(settings.conditions, surveys[:at]) for at, (key, settings) in enumerate(surveys)}
    return {key: takers for key, takers in found.items() if takers}


def _takers(later: Conditions, above: Sequence[tuple[str, SurveySettings]]) -> tuple[str, ...]:
    theirs = _wanted(later)
    takers = {key: _wanted(one.conditions) for key, one in above if one.conditions.min_replies <= later.min_replies}
    for key, one in takers.items():
        if _are_taken(theirs, [one]):
            return (key,)
    if not _are_taken(theirs, list(takers.values())):
        return ()
    for key in reversed(list(takers)):
        others = {name: one for name, one in takers.items() if name != key}
        takers = others if _are_taken(theirs, list(others.values())) else takers
    return tuple(takers)


def _are_taken(theirs: Wanted, takers: Sequence[Wanted]) -> bool:
    """Whether each ticket that fits `theirs` fits one of `takers`: looks at one condition after the other, by value."""
    if not takers or not all(takers):  # nobody is left; or somebody is with nothing left to ask for
        return bool(takers)
    name = next(iter(takers[0]))
    left = {
        tuple(at for at, one in enumerate(takers) if name not in one or value in one[name])
        for value in _values(name, theirs, takers)
    }
    return all(_are_taken(theirs, [_without(name, takers[at]) for at in fitting]) for fitting in sorted(left, key=len))


def _values(name: str, theirs: Wanted, takers: Sequence[Wanted]) -> Collection[str | None]:
    """What a ticket that fits `theirs` may have there; None is anything that nobody mentions."""
    if name in theirs:
        return theirs[name]
    if name == "tags":
        return (None,)
    if name == "priorities":
        return tuple(Priority)
    return {None, *(value for one in takers for value in one.get(name, ()))}


def _without(name: str, one: Wanted) -> Wanted:
    return {other: values for other, values in one.items() if other != name}


def _wanted(conditions: Conditions) -> Wanted:
    said: dict[str, Any] = conditions.model_dump(exclude={"min_replies"})
    return {name: frozenset(values) for name, values in said.items() if values}

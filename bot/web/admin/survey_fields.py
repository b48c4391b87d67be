"""The survey editor's form: its fields as the plain values of a survey, and what is wrong beside each field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.web.admin import measures, ticks
from core.phrases import Phrase
from core.setting_problems import Problem
from core.setup import SurveySetup
from core.surveys.settings import Budget

Values = dict[str, Any]
Fields = Mapping[str, Sequence[str]]

NUMBERS = (
    "reasons_up_to",
    "comment_required_up_to",
    "sample",
    "reminders",
    "negative_up_to",
    "positive_from",
    "max_reopenings",
)
SPANS = ("delay", "remind_after", "expire_after", "edit_for", "settle_after", "recover_within", "take_within")
FLAGS = ("anonymous",)
CHOICES = ("comment", "scale", "layout", "over_budget")
CONDITIONS = ("types", "teams", "channels", "priorities", "tags", "tiers", "close_reasons", "closed_by")
PARTS = {"dim": "dimensions", "reason": "reasons"}
_MOST_ROWS = 12
_ROW_ACT = re.compile(r"(add|up|down|remove)-(dim|reason)(?:-(\d{1,2}))?")
_PLACES = {"dimensions": "dim", "reasons": "reason"}
_BUDGET: TypeAdapter[Budget] = TypeAdapter(Budget)


_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of the budget: at most so many invites within a span."""

    invites: str = ""
    span: str = "d"
    wrong: bool = False


def blank() -> Values:
    """A new survey, as it ships."""
    return SurveySetup(key="new").complete()


def read(fields: Fields) -> Values:
    """What the form says, as the file would say it; wrong values stay as they were typed."""

    def text(name: str) -> str:
        return measures.typed(fields, name)

    def words(name: str) -> dict[str, str]:
        typed = ((one.removeprefix(f"{name}-"), text(one)) for one in fields if one.startswith(f"{name}-"))
        return {tag: said for tag, said in typed if said and _TAG.fullmatch(tag)}

    def under(name: str) -> list[str]:
        """Rows of dimensions are ticked by their place, so that one keeps its ticks when its key is changed."""
        ticked = [text(f"dim-{one}-key") if one.isdecimal() else one for one in fields.get(name, ())]
        return [one for one in dict.fromkeys(ticked) if one]

    values: Values = {name: text(name) for name in (*NUMBERS, *CHOICES)}
    values |= {name: measures.read_span(fields, name) for name in SPANS}
    values |= {"window": measures.read_hours(fields, "window", "always"), "budget": _budget(fields)}
    values |= {name: bool(text(name)) for name in FLAGS}
    values["title"] = words("title")
    values["dimensions"] = [
        {"key": text(f"dim-{at}-key"), "label": words(f"dim-{at}-label"), "question": words(f"dim-{at}-question")}
        for at in _rows(fields, "dim")
    ]
    values["reasons"] = [
        {
            "key": text(f"reason-{at}-key"),
            "label": words(f"reason-{at}-label"),
            "dimensions": under(f"reason-{at}-dimensions"),
        }
        for at in _rows(fields, "reason")
    ]
    symbols = [{"symbol": text(f"symbol-{at}"), "word": words(f"symbol-{at}-word")} for at in range(5)]
    values["symbols"] = symbols if values["scale"] == "own" or any(one["symbol"] for one in symbols) else []
    conditions: Values = {name: ticks.read(fields, f"conditions-{name}") for name in CONDITIONS}
    values["conditions"] = {**conditions, "min_replies": text("conditions-min_replies") or "0"}
    return values


def rearranged(values: Values, act: str) -> Values:
    """The form after one of its row buttons: "add-dim", "up-reason-2", "remove-dim-0"."""
    found = _ROW_ACT.fullmatch(act)
    if found is None:
        return values
    verb, part, at = found[1], PARTS[found[2]], int(found[3] or 0)
    rows = list(values[part])
    if verb == "add":
        rows.append({"key": "", "label": {}, "question": {}, "dimensions": []})
    elif at < len(rows):
        row = rows.pop(at)
        if verb != "remove":
            rows.insert(max(at - 1, 0) if verb == "up" else at + 1, row)
    return {**values, part: rows}


def focus(values: Values, act: str) -> str:
    """Where one is after a row button, by the name of what stands there: in the row that came, went or moved."""
    found = _ROW_ACT.fullmatch(act)
    if found is None:
        return ""
    verb, part, at, last = found[1], found[2], int(found[3] or 0), len(values[PARTS[found[2]]]) - 1
    if last < 0:
        return f"add-{part}"
    if verb in ("add", "remove"):
        return f"{part}-{last if verb == 'add' else min(at, last)}-key"
    to = min(max(at - 1, 0) if verb == "up" else at + 1, last)
    ends = {"up": (0, "down"), "down": (last, "up")}[verb]
    return f"{ends[1] if to == ends[0] else verb}-{part}-{to}"


def problems(found: Sequence[Problem]) -> dict[str, Phrase]:
    """What is wrong, by the name of the field that it stands beside; "" for the survey as a whole."""
    return {field(one): one.said for one in reversed(found)}


def limits(budget: str) -> list[Limit]:
    """The rows of a budget as it was stored or typed, and an empty one."""
    parts = budget.split(", ") if budget not in ("", "none") else []
    return [*(_limit(one) for one in parts), Limit()]


def _limit(part: str) -> Limit:
    invites, _, span = part.partition(" per ")
    try:
        _BUDGET.validate_python(part)
    except ValidationError:
        return Limit(invites, span, wrong=True)
    return Limit(invites, span)


def _budget(fields: Fields) -> str:
    """ "1 per 7d, 4 per 30d". A row in which nothing is typed is taken out."""
    return ", ".join(_limits(fields)) or "none"


def _limits(fields: Fields) -> Iterator[str]:
    at = 0
    while f"budget-{at}.invites" in fields:
        invites = re.sub(r"[\s,]", "", fields[f"budget-{at}.invites"][-1])
        span = re.sub(r"[\s,]", "", measures.read_span(fields, f"budget-{at}"))
        if invites or span not in ("", *measures.UNITS):
            yield f"{invites} per {span}"
        at += 1


def field(problem: Problem) -> str:
    """The name of the form's field that it is about."""
    place = problem.place[2:] if problem.place[:1] == ("surveys",) else problem.place
    if not place:
        return ""
    name, *rest = place
    if name in _PLACES and rest:
        return "-".join(str(part) for part in (_PLACES[str(name)], *rest))
    if name == "symbols" and rest:
        return f"symbol-{'-'.join(str(part) for part in rest if part != 'symbol')}"
    if name == "title":
        return "-".join(str(part) for part in place)
    return "-".join(str(part) for part in place[:2]) if name == "conditions" else str(name)


def _rows(fields: Fields, part: str) -> list[int]:
    return [at for at in range(_MOST_ROWS) if f"{part}-{at}-key" in fields]

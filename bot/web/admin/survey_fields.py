"""The survey editor's form: its fields as the plain values of a survey, and what is wrong beside each field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.web.admin import ticks
from core import durations
from core.phrases import Phrase
from core.setting_problems import Problem
from core.setup import SurveySetup

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
LINES = ("window", "budget")
CONDITIONS = ("types", "teams", "channels", "priorities", "tags", "tiers", "close_reasons", "closed_by")
PARTS = {"dim": "dimensions", "reason": "reasons"}
_MOST_ROWS = 12
_ROW_ACT = re.compile(r"(add|up|down|remove)-(dim|reason)(?:-(\d{1,2}))?")
_PLACES = {"dimensions": "dim", "reasons": "reason"}


def blank() -> Values:
    """A new survey, as it ships."""
    return SurveySetup(key="new").complete()


def read(fields: Fields, locales: Sequence[str]) -> Values:
    """What the form says, as the file would say it; wrong values stay as they were typed."""

    def text(name: str) -> str:
        return (fields.get(name) or [""])[-1].strip()

    def words(name: str) -> dict[str, str]:
        return {one: text(f"{name}-{one}") for one in locales if text(f"{name}-{one}")}

    def under(name: str) -> list[str]:
        """Rows of dimensions are ticked by their place, so that one keeps its ticks when its key is changed."""
        ticked = [text(f"dim-{one}-key") if one.isdecimal() else one for one in fields.get(name, ())]
        return [one for one in dict.fromkeys(ticked) if one]

    values: Values = {name: text(name) for name in (*NUMBERS, *SPANS, *CHOICES, *LINES)}
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
    return {_field(one): one.said for one in reversed(found)}


def spans(values: Values) -> dict[str, timedelta]:
    """The durations that can be read, to be said back in words."""
    told: dict[str, timedelta] = {}
    for name in SPANS:
        try:
            told[name] = durations.parse(values[name])
        except ValueError:
            continue
    return told


def _field(problem: Problem) -> str:
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

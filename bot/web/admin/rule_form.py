"""The form of a rule: what stands in its fields, rows added and taken out, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from bot.web.admin import measures, ticks
from core.phrases import Phrase, phrase
from core.reactions.settings import SIGNS, Action, Event, When, actions_for, conditions_for
from core.setting_problems import Problem, explain
from core.setup import RuleSetup, keys

Fields = Mapping[str, Sequence[str]]
PERSON, PLACE = "alert_person", "alert_place"
"""Alerting somebody, or some place, is an action of its own in the form."""
_ACTIONS = frozenset({*Action, PERSON, PLACE})
OPEN = frozenset({"types", "tags", "tiers", "locales"})
"""Conditions of which what is known is ticked, and what is not is written."""
MOST_ROWS = 20
_BEGIN = {"repeat": {"times": "2", "span": "30d"}}
"""What stands in a condition that was just added."""


@dataclass(slots=True)
class Form:
    """A rule as it stands in the form. `problems` stand by the row that they are about."""

    key: str = ""
    event: str = Event.SETTLED.value
    last: bool = False
    enabled: bool = True
    ifs: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    thens: list[dict[str, str]] = field(default_factory=list)
    problems: dict[str, Phrase] = field(default_factory=dict)
    focus: str = ""

    def may_add_if(self) -> list[str]:
        return [one for one in conditions_for(self._event) if one not in self.ifs]

    def may_add_then(self) -> list[str]:
        found: list[str] = []
        for one in actions_for(self._event):
            found += [one.value, PERSON, PLACE] if one == Action.ALERT else [one.value]
        return found

    @property
    def _event(self) -> Event:
        return Event(self.event) if self.event in set(Event) else Event.SETTLED


def of(key: str, values: Mapping[str, Any]) -> Form:
    """The form of a rule that is there, as `setups.read` gives it."""
    when = values.get("when") or {}
    form = Form(key, values["event"], bool(values.get("last")), bool(values["enabled"]), list(when))
    for name, value in when.items():
        if name == "scores":
            form.values[name] = {dimension: _signed(str(one)) for dimension, one in value.items()}
        elif name == "repeat":
            form.values[name] = dict(zip(("times", "span"), str(value).split(" in "), strict=True))
        else:
            form.values[name] = list(value)
    form.thens = [_row(step) for step in values["then"]]
    return form


def _signed(text: str) -> tuple[str, str]:
    return text.rstrip("12345"), text[-1]


def _row(step: str | Mapping[str, str]) -> dict[str, str]:
    row = {"do": step} if isinstance(step, str) else dict(step)
    if row["do"] == Action.ALERT and row.get("staff"):
        row["do"] = PERSON
    elif row["do"] == Action.ALERT and row.get("channel"):
        row["do"] = PLACE
    return row


# ---------------------------------------------------------------- what was sent


def read(fields: Fields, key: str = "") -> Form:
    """What somebody filled in; a `key` that the rule has already stays."""
    form = Form(key or measures.typed(fields, "key"), measures.typed(fields, "event") or Event.SETTLED.value)
    form.last, form.enabled = "last" in fields, "enabled" in fields
    for name in fields.get("if", ())[:MOST_ROWS]:
        if name in When.model_fields and name not in form.ifs:
            form.ifs.append(name)
            form.values[name] = _condition(name, fields)
    for index, do in enumerate(fields.get("then", ())[:MOST_ROWS]):
        if do not in _ACTIONS:
            continue
        named = ("staff", "channel", "to", "priority", "tag", "message", "webhook")
        given = {name: measures.typed(fields, f"then.{index}.{name}") for name in named}
        form.thens.append({"do": do} | {name: value for name, value in given.items() if value})
    return form


def _condition(name: str, fields: Fields) -> Any:
    if name == "scores":
        named = {one.removeprefix("score.").rpartition(".")[0] for one in fields if one.startswith("score.")}
        found = {
            one: (measures.typed(fields, f"score.{one}.sign"), measures.typed(fields, f"score.{one}.value"))
            for one in sorted(named)
        }
        return {one: pair for one, pair in found.items() if pair[0]}
    if name == "repeat":
        return {"times": measures.typed(fields, "repeat.times"), "span": measures.read_span(fields, "repeat")}
    if name == "words":
        return ticks.split(measures.typed(fields, "if.words"))
    return ticks.read(fields, f"if.{name}")


def change_rows(form: Form, do: str, fields: Fields) -> None:
    """A row is added, taken out or moved up; nothing is saved."""
    verb, _, what = do.partition(":")
    if verb == "add-if" and (name := measures.typed(fields, "add_if")) in form.may_add_if():
        form.ifs.append(name)
        form.values[name] = dict(_BEGIN.get(name, {})) if name in ("scores", "repeat") else []
        form.focus = f"if-{name}"
    elif verb == "add-then" and (name := measures.typed(fields, "add_then")) in form.may_add_then():
        form.thens.append({"do": name})
        form.focus = f"then-{len(form.thens) - 1}"
    elif verb == "drop-if" and what in form.ifs:
        form.ifs.remove(what)
    elif verb in ("drop-then", "up-then") and what.isdecimal() and int(what) < len(form.thens):
        row = form.thens.pop(int(what))
        if verb == "up-then":
            form.thens.insert(max(0, int(what) - 1), row)


# ---------------------------------------------------------------- what it means


def part_of(form: Form, *, position: int | None = None, new: bool = False) -> RuleSetup | None:
    """The rule that the form says, or None: then `form.problems` says what is wrong, beside what."""
    form.problems |= {row: phrase(label) for row, label in _incomplete(form, new=new)}
    if form.problems:
        return None
    said = {
        "key": form.key,
        "event": form.event,
        "when": {name: _value(name, form.values[name]) for name in form.ifs},
        "then": [_step(row) for row in form.thens],
        "last": form.last,
        "enabled": form.enabled,
        "position": position,
    }
    try:
        return RuleSetup.model_validate(said)
    except ValidationError as error:
        blame(form, explain(error, RuleSetup))
        return None


def blame(form: Form, problems: Sequence[Problem]) -> None:
    """Put each problem to its row; `problem.place` may begin with the table, as `setups.save` has it."""
    for problem in problems:
        place = problem.place[2:] if problem.place[:1] == ("rules",) else problem.place
        row = str(place[0]) if place else ""
        if len(place) > 1 and row in ("when", "then"):
            row = f"{'if' if row == 'when' else 'then'}-{place[1]}"
        form.problems.setdefault(row, problem.said)


def _incomplete(form: Form, *, new: bool) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if new and not keys.is_good(form.key):
        found.append(("key", keys.label(form.key)))
    for name in form.ifs:
        value = form.values[name]
        if not value or (name == "repeat" and (not value["times"] or value["span"] in ("", *measures.UNITS))):
            found.append((f"if-{name}", "admin.rules.empty"))
        elif name not in conditions_for(form._event):
            found.append((f"if-{name}", "admin.rules.not_with_event"))
    may = form.may_add_then()
    for index, row in enumerate(form.thens):
        if row["do"] not in may:
            found.append((f"then-{index}", "admin.rules.not_with_event"))
        elif any(not row.get(name) for name in NEEDS.get(row["do"], ())):
            found.append((f"then-{index}", "admin.rules.empty"))
        elif row["do"] in ("tag", "untag") and len(ticks.split(row["tag"])) > 1:
            found.append((f"then-{index}", "admin.rules.one_tag"))
    if not form.thens:
        found.append(("then", "admin.rules.nothing_to_do"))
    return found


NEEDS: Mapping[str, tuple[str, ...]] = {
    PERSON: ("staff",),
    PLACE: ("channel", "to"),
    "assign": ("staff",),
    "priority": ("priority",),
    "tag": ("tag",),
    "untag": ("tag",),
    "send": ("message",),
    "webhook": ("webhook",),
}
"""What an action wants to know, by its name in the form."""


def _value(name: str, value: Any) -> Any:
    if name == "scores":
        return {dimension: f"{sign}{score}" for dimension, (sign, score) in value.items() if sign in SIGNS}
    if name == "repeat":
        return f"{value['times']} in {value['span']}"
    return value


def _step(row: Mapping[str, str]) -> dict[str, str]:
    do = Action.ALERT.value if row["do"] in (PERSON, PLACE) else row["do"]
    return {"do": do} | {name: row[name] for name in NEEDS.get(row["do"], ()) if row.get(name)}

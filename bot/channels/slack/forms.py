"""A `Form` as a Slack modal, and what comes back from one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.slack.drawing import Block, plain_text, some
from core.ports import FieldKind, Form, FormField, Option
from core.text import clean

HEADING = 24  # title, submit and close
FIELD_LABEL = 2000
FEW_OPTIONS = 10  # radio buttons and checkboxes take no more
MANY_OPTIONS = 100
OPTION = 75
OPTION_VALUE = 150
TYPED = 3000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a form was asked for, so that what comes back still knows the message."""

    target: str = ""
    receipt: str = ""


def view(form: Form, origin: Origin) -> dict[str, Any]:
    asked = [_input(field) for field in form.fields if _can_be_asked(field)]
    memory = {"action": form.action, "target": origin.target, "receipt": origin.receipt}
    return {
        "type": "modal",
        "callback_id": form.action,
        "private_metadata": json.dumps(memory),
        "title": plain_text(form.title, HEADING),
        "submit": plain_text(form.submit, HEADING),
        "close": plain_text(form.cancel, HEADING),
        "blocks": some([*_intro(form.intro), *asked]),
    }


def remembered(submitted: Mapping[str, Any]) -> tuple[str, Origin]:
    """The action of a view that came back, and where it was asked for. Raises ValueError when it is not one of ours."""
    match json.loads(submitted["private_metadata"]):
        case {"action": str(action), "target": str(target), "receipt": str(receipt)} if action:
            return action, Origin(target, receipt)
    raise ValueError("a form that is not ours")


def values(submitted: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What was given to every field that was asked; empty for one that was left open.

    Words that did not fit into their field and come back untouched are left out: they would cost their own end.
    """
    given = submitted.get("state", {}).get("values", {})
    asked = [block for block in submitted.get("blocks", ()) if block.get("type") == "input"]
    found = {block["block_id"]: _given(given.get(block["block_id"], {})) for block in asked}
    cut = {block["block_id"] for block in asked if _was_cut(block, found[block["block_id"]])}
    return {name: values for name, values in found.items() if name not in cut}


def _was_cut(block: Mapping[str, Any], given: Sequence[str]) -> bool:
    element = block.get("element") or {}
    shown = str(element.get("initial_value") or "")
    return len(shown) >= TYPED and list(given) == [clean(shown, limit=TYPED)]


def chosen(element: Mapping[str, Any]) -> tuple[str, ...]:
    """What stands in one interactive element, whatever its type."""
    if typed := element.get("value"):
        words = clean(str(typed), limit=TYPED)
        return (words,) if words else ()
    one = element.get("selected_option")
    several = element.get("selected_options") or ((one,) if one else ())
    if several:
        return tuple(str(option["value"]) for option in several)
    names = ("selected_user", "selected_conversation", "selected_channel", "selected_date", "selected_time")
    return tuple(str(element[name]) for name in names if element.get(name))


def _given(elements: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(value for element in elements.values() for value in chosen(element))


def _can_be_asked(field: FormField) -> bool:
    """Slack refuses a whole form for one choice without options."""
    return field.kind is FieldKind.TEXT or bool(_usable(field.options))


def _usable(options: Sequence[Option]) -> list[Option]:
    """And for one option whose value is too long or comes twice; that one is left out."""
    once = {option.value: option for option in options if 0 < len(option.value) <= OPTION_VALUE}
    return list(once.values())[:MANY_OPTIONS]


def _intro(intro: str) -> list[Block]:
    return [{"type": "section", "text": plain_text(intro, TYPED)}] if intro.strip() else []


def _input(field: FormField) -> Block:
    """One block with one element; both bear the field's name."""
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": plain_text(field.label, FIELD_LABEL),
        "optional": not field.required,
        "element": _typed(field) if field.kind is FieldKind.TEXT else _options(field),
    }
    if field.hint:
        block["hint"] = plain_text(field.hint, FIELD_LABEL)
    return block


def _typed(field: FormField) -> Block:
    limit = min(field.max_length, TYPED)
    element: Block = {"type": "plain_text_input", "action_id": field.name, "multiline": True, "max_length": limit}
    if field.values and field.values[0]:
        element["initial_value"] = field.values[0][:limit]
    return element


def _options(field: FormField) -> Block:
    options = _usable(field.options)
    few, several = len(options) <= FEW_OPTIONS, field.kind is FieldKind.MANY
    kinds = {
        (True, False): "radio_buttons",
        (False, False): "static_select",
        (True, True): "checkboxes",
        (False, True): "multi_static_select",
    }
    element: Block = {
        "type": kinds[few, several],
        "action_id": field.name,
        "options": [_option(each) for each in options],
    }
    if filled := _filled_in(options, field.values):
        element["initial_options" if several else "initial_option"] = filled if several else filled[0]
    return element


def _filled_in(options: Sequence[Option], values: Sequence[str]) -> list[Block]:
    return [_option(option) for option in options if option.value in values]


def _option(option: Option) -> Block:
    return {"text": plain_text(option.label, OPTION), "value": option.value}

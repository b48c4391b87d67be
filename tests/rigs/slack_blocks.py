"""Slack's own rules for blocks and views, and what a person would see of them.

The limits are those of the reference of Block Kit (docs.slack.dev/reference/block-kit). slack_sdk's models know fewer;
they are tried beside these in `tests/bot/test_slack_limits.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]

_KEYS = {
    "section": {"text", "fields", "accessory", "expand"},
    "header": {"text"},
    "divider": set(),
    "context": {"elements"},
    "actions": {"elements"},
    "input": {"label", "element", "hint", "optional", "dispatch_action"},
    "button": {"text", "action_id", "url", "value", "style", "confirm", "accessibility_label"},
    "plain_text_input": {"action_id", "initial_value", "multiline", "min_length", "max_length", "placeholder"},
    "radio_buttons": {"action_id", "options", "initial_option"},
    "checkboxes": {"action_id", "options", "initial_options"},
    "static_select": {"action_id", "options", "initial_option", "placeholder"},
    "multi_static_select": {"action_id", "options", "initial_options", "placeholder", "max_selected_items"},
    "mrkdwn": {"text", "verbatim"},
    "plain_text": {"text", "emoji"},
}
_BLOCKS = {"section", "header", "divider", "context", "actions", "input"}
_MOST_OPTIONS = {"radio_buttons": 10, "checkboxes": 10, "static_select": 100, "multi_static_select": 100}
_CONTROL = re.compile(r"<([^<>\n]+)>")
_CALL = re.compile(r"(?<!\w)@(?:channel|here|everyone)\b")


_VIEW_KEYS = {"type", "blocks", "title", "submit", "close", "private_metadata", "callback_id"}
_VIEW_KEYS |= {"clear_on_close", "notify_on_close", "external_id", "submit_disabled"}


def message_problems(arguments: Mapping[str, Any]) -> list[str]:
    """What chat.postMessage and chat.update would refuse, by their own names."""
    found = [f"invalid_blocks: {problem}" for problem in block_problems(arguments.get("blocks", ()), least=0)]
    text = arguments.get("text", "")
    if not text:
        found.append("no_text")
    if len(text) > 40_000:
        found.append("msg_too_long")
    spoken = [block for block in arguments.get("blocks", ()) if block["type"] != "actions"]
    if sum(len(text["text"]) for text in texts(spoken)) > 13_200:
        found.append("msg_blocks_too_long")
    metadata = arguments.get("metadata")
    if metadata is not None and not re.fullmatch(r"[a-zA-Z0-9_]{1,255}", metadata["event_type"]):
        found.append("metadata_must_be_sent_from_app")
    return found


def view_problems(view: Mapping[str, Any]) -> list[str]:
    """What views.open and views.publish would refuse."""
    found = [f"invalid additional property {name}" for name in sorted(set(view) - _VIEW_KEYS)]
    if view.get("type") not in ("modal", "home"):
        found.append(f"a view that is a {view.get('type')}")
    found += list(block_problems(view.get("blocks", ()), most=100, inputs=view.get("type") == "modal"))
    if view.get("type") == "modal":
        asks = any(block.get("type") == "input" for block in view.get("blocks", ()))
        for name in ("title", *(("submit",) if asks or "submit" in view else ()), "close"):
            found += _text(view.get(name), name, 24, {"plain_text"})
        if len(view.get("private_metadata", "")) > 3000:
            found.append("private_metadata: more than 3000 characters")
        if len(view.get("callback_id", "")) > 255:
            found.append("callback_id: more than 255 characters")
    return found


def block_problems(blocks: Sequence[Block], *, least: int = 1, most: int = 50, inputs: bool = False) -> Iterator[str]:
    """What chat.postMessage would refuse, in words."""
    if not least <= len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    yield from _twice("block_id", (block["block_id"] for block in blocks if "block_id" in block))
    yield from _twice("action_id", (each["action_id"] for each in interactive(blocks) if "action_id" in each))
    for number, block in enumerate(blocks):
        kind = block.get("type", "")
        if kind not in _BLOCKS or (kind == "input" and not inputs):
            yield f"blocks/{number}: a {kind} cannot stand here"
            continue
        yield from (f"blocks/{number}: {problem}" for problem in [*_strange_keys(block), *_RULES[kind](block)])


def interactive(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        if block.get("type") == "actions":
            yield from block.get("elements", ())
        if block.get("type") == "input":
            yield block.get("element", {})


def texts(found: Any) -> Iterator[Block]:
    """Every text object, however deep."""
    if isinstance(found, Mapping):
        if found.get("type") in ("mrkdwn", "plain_text"):
            yield found
        for value in found.values():
            yield from texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from texts(value)


def controls(text: str, *, verbatim: bool = True) -> list[str]:
    """What Slack would not show as it was typed: mentions, links and, where it looks for names, calls to everybody."""
    return _CONTROL.findall(text) + ([] if verbatim else _CALL.findall(text))


def seen(blocks: Sequence[Block]) -> str:
    """The text that a person reads; buttons in square brackets."""
    lines: list[str] = []
    for block in blocks:
        if block["type"] == "actions":
            lines.append(" ".join(f"[{element['text']['text']}]" for element in block["elements"]))
        else:
            lines += [as_read(text) for text in texts(dict(block))]
    return "\n".join(lines)


def as_read(text: Block) -> str:
    if text["type"] == "plain_text":
        return str(text["text"])
    return html.unescape(_CONTROL.sub(lambda found: found.group(1).split("|")[-1], text["text"]))


def _twice(what: str, names: Iterator[str]) -> Iterator[str]:
    used: set[str] = set()
    for name in names:
        if name in used or not 1 <= len(name) <= 255:
            yield f"{what} {name!r}: comes twice, or is too long"
        used.add(name)


def _strange_keys(item: Block) -> list[str]:
    strange = set(item) - _KEYS[item["type"]] - {"type", "block_id"}
    return [f"{item['type']}: invalid additional property {name}" for name in sorted(strange)]


def _text(text: Any, where: str, most: int, kinds: set[str]) -> list[str]:
    if not isinstance(text, Mapping) or text.get("type") not in kinds or not isinstance(text.get("text"), str):
        return [f"{where}: no text object"]
    found = [f"{where}: {problem}" for problem in _strange_keys(text)]
    if not 1 <= len(text["text"]) <= most or not text["text"].strip():
        found.append(f"{where}: {len(text['text'])} characters, at most {most}")
    return found


_ANY_TEXT = {"mrkdwn", "plain_text"}


def _section(block: Block) -> list[str]:
    fields = block.get("fields", ())
    found = _text(block["text"], "text", 3000, _ANY_TEXT) if "text" in block else []
    if len(fields) > 10 or ("text" not in block and not fields):
        found.append(f"{len(fields)} fields")
    return found + [problem for field in fields for problem in _text(field, "field", 2000, _ANY_TEXT)]


def _context(block: Block) -> list[str]:
    elements = block["elements"]
    found = [problem for element in elements for problem in _text(element, "element", 2000, _ANY_TEXT)]
    return found if 1 <= len(elements) <= 10 else [*found, f"{len(elements)} elements"]


def _actions(block: Block) -> list[str]:
    elements = block["elements"]
    found = [problem for element in elements for problem in _button(element)]
    return found if 1 <= len(elements) <= 25 else [*found, f"{len(elements)} elements"]


def _button(button: Block) -> list[str]:
    found = _strange_keys(button) + _text(button.get("text"), "button", 75, {"plain_text"})
    limits = {"value": 2000, "url": 3000, "accessibility_label": 75, "action_id": 255}
    if "url" in button and not re.match(r"[a-z][a-z0-9+.-]*:", button["url"]):
        found.append(f"url {button['url'][:40]!r}")
    found += [f"{name}: too long" for name, most in limits.items() if len(button.get(name, "")) > most]
    if button.get("style", "primary") not in ("primary", "danger"):
        found.append(f"style {button['style']}")
    return found


def _input(block: Block) -> list[str]:
    found = _text(block.get("label"), "label", 2000, {"plain_text"})
    if "hint" in block:
        found += _text(block["hint"], "hint", 2000, {"plain_text"})
    element = block["element"]
    found += _strange_keys(element)
    return found + (_typed(element) if element["type"] == "plain_text_input" else _options(element))


def _typed(element: Block) -> list[str]:
    most = element.get("max_length", 3000)
    if not 0 <= element.get("min_length", 0) <= most:
        return ["plain_text_input: min_length"]
    fits = 1 <= most <= 3000 and len(element.get("initial_value", "")) <= most
    return [] if fits else ["plain_text_input: too long"]


def _options(element: Block) -> list[str]:
    options = element["options"]
    found = [problem for option in options for problem in _text(option["text"], "option", 75, {"plain_text"})]
    found += [f"option: invalid property {sorted(option)}" for option in options if set(option) != {"text", "value"}]
    if "placeholder" in element:
        found += _text(element["placeholder"], "placeholder", 150, {"plain_text"})
    if not 1 <= len(options) <= _MOST_OPTIONS[element["type"]]:
        found.append(f"{len(options)} options")
    initial = element.get("initial_options", [element["initial_option"]] if "initial_option" in element else [])
    found += ["an initial option that is none" for option in initial if option not in options]
    return found + ["option value" for option in options if not 1 <= len(option["value"]) <= 150]


_RULES = {
    "section": _section,
    "header": lambda block: _text(block.get("text"), "header", 150, {"plain_text"}),
    "divider": lambda _block: [],
    "context": _context,
    "actions": _actions,
    "input": _input,
}

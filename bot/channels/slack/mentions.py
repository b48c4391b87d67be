"""What people typed, as they saw it: Slack escapes three signs and writes mentions and links in angle brackets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.text import clean

TEXT_LIMIT = 40_000
MOST = 10
"""So many people of one message are looked up."""

_ANY = re.compile(r"<([^<>|]{1,2000})(?:\|([^<>]{0,2000}))?>")
_IN_A_FORM = re.compile(
    r"<(@[UW][A-Z0-9]{2,}|#C[A-Z0-9]+|![a-z]+(?:\^[^<>|]{1,200})?|(?:https?://|mailto:)[^<>|\s]{1,2000})"
    r"(?:\|([^<>]{0,2000}))?>"
)
_CODE = re.compile(r"```\n?(.{1,40000}?)\n?```|`([^`\n]{1,4000})`", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*_~])([*_~])(?!\1)(?=\S)([^\n]{0,4000}?(?!\1)\S)\1(?![\w*_~])")
_NESTED = 3
_HELD = re.compile("\x02([0-9]{1,5})\x02")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,})>")
_SIGNS = re.compile("&(?:amp|lt|gt);")


@dataclass(frozen=True, slots=True)
class Names:
    """What the people are called that a message mentions by their ids, and words for who or what has no name here."""

    people: Mapping[str, str] = field(default_factory=dict)
    somebody: str = ""
    some_channel: str = ""


def people(typed: Iterable[str]) -> list[str]:
    """Whom these words mention by an id alone."""
    return list(dict.fromkeys(found for words in typed for found in _PERSON.findall(words)))[:MOST]


def readable(typed: str, names: Names) -> str:
    return clean(html.unescape(_ANY.sub(lambda found: _as_seen(found, names), typed)), limit=TEXT_LIMIT)


def unmarked(typed: str) -> str:
    """A message without the signs that Slack shows as bold, italic, struck or code: elsewhere they would be read."""
    held: list[str] = []

    def hold(words: str) -> str:
        held.append(words)
        return f"\x02{len(held) - 1}\x02"

    words = _CODE.sub(lambda found: hold(found.group(1) or found.group(2)), typed.replace("\x02", ""))
    words = _ANY.sub(lambda found: hold(found.group()), words)
    for _ in range(_NESTED):
        words = _EMPHASIS.sub(lambda found: found.group(2), words)
    for _ in range(2):  # a link in code
        words = _HELD.sub(lambda found: held[int(found.group(1))], words)
    return words


def readable_in_a_form(typed: str, names: Names) -> str:
    """There people's own angle brackets are not escaped, so only what Slack alone writes is taken for Slack's."""
    seen = _IN_A_FORM.sub(lambda found: _as_seen(found, names), typed)
    return _SIGNS.sub(lambda found: html.unescape(found.group()), seen)


def _as_seen(found: re.Match[str], names: Names) -> str:
    what, label = found.group(1), found.group(2) or ""
    match what[0]:
        case "@":
            return names.people.get(what[1:]) or label or names.somebody or what
        case "#":
            return "#" + label.removeprefix("#") if label else names.some_channel or what
        case "!":
            return _called(what[1:], label, names)
    address = what.removeprefix("mailto:")
    return address if not label or label in what else f"{label} ({address})"


def _called(what: str, label: str, names: Names) -> str:
    """A date, a group of people, or everybody."""
    kind = what.partition("^")[0]
    if kind == "date":
        return label
    if kind == "subteam":
        return label or names.somebody or f"@{kind}"
    return "@" + (label or kind).removeprefix("@")

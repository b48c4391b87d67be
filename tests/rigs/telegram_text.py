"""Telegram's HTML as strictly as Telegram's server reads it (td/telegram/MessageEntity.cpp)."""

from __future__ import annotations

import re
from typing import Any

_TAGS = {
    "a": "text_link", "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code",
    "pre": "pre", "blockquote": "blockquote", "tg-spoiler": "spoiler",
}  # fmt: skip
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TOKEN = re.compile(
    r"(?P<text>[^<&]+)"
    r"|&(?:\#x(?P<hex>[0-9a-fA-F]{1,6})|\#(?P<dec>[0-9]{1,7})|(?P<name>[a-z]+));?"
    r"|</(?P<end>[a-zA-Z-]*)\s*>"
    r"|<(?P<start>[a-zA-Z-]+)(?P<attributes>(?:\s+[a-z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[a-zA-Z0-9.-]+))?)*)\s*>"
    r"|(?P<amp>&)"
    r"|(?P<bad><)"
)
_HREF = re.compile(r"\shref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([a-zA-Z0-9.-]+))")


class BadMarkupError(ValueError):
    """The message says what the Bot API's description says after "can't parse entities: "."""


def units(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def parse(source: str) -> tuple[str, list[dict[str, Any]]]:
    """What is seen, and the entities over it; raises BadMarkupError."""
    if "<" not in source and "&" not in source:
        return source, []
    seen: list[str] = []
    entities: list[dict[str, Any]] = []
    open_tags: list[tuple[str, int, str]] = []
    length = 0
    for found in _TOKEN.finditer(source):
        if found["bad"]:
            raise BadMarkupError(
                f'Unsupported start tag "{source[found.start() + 1 :][:10]}" at byte offset {found.start()}'
            )
        if found["start"]:
            open_tags.append((_known(found), length, found["attributes"]))
        elif found["end"] is not None:
            entities.append(_closed(found, open_tags, length))
        else:
            piece = _character(found)
            seen.append(piece)
            length += units(piece)
    if open_tags:
        raise BadMarkupError(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    return "".join(seen), [entity for entity in entities if entity["length"]]


def _known(found: re.Match[str]) -> str:
    tag = found["start"].lower()
    if tag not in _TAGS:
        raise BadMarkupError(f'Unsupported start tag "{tag}" at byte offset {found.start()}')
    return tag


def _closed(found: re.Match[str], open_tags: list[tuple[str, int, str]], length: int) -> dict[str, Any]:
    if not open_tags:
        raise BadMarkupError(f"Unexpected end tag at byte offset {found.start()}")
    tag, offset, attributes = open_tags.pop()
    if found["end"] and found["end"].lower() != tag:
        raise BadMarkupError(
            f'Unmatched end tag at byte offset {found.start()}, expected "</{tag}>", found "</{found["end"]}>"'
        )
    entity: dict[str, Any] = {"type": _TAGS[tag], "offset": offset, "length": length - offset}
    href = _HREF.search(attributes) if tag == "a" else None
    if href:
        entity["url"] = parse(next(group for group in href.groups() if group is not None))[0]
    return entity


def _character(found: re.Match[str]) -> str:
    """A text, or the character of an entity; an unknown entity is shown as it stands."""
    if found["text"]:
        return found["text"]
    if found["name"]:
        return _NAMED.get(found["name"], found[0])
    code = int(found["hex"], 16) if found["hex"] else int(found["dec"]) if found["dec"] else 0
    return chr(code) if 0 < code <= 0x10FFFF else found[0]

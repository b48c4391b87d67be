"""From a message to text, mark-up and keys as Telegram shows them; `keyboard` says it in the Bot API's own types."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from unicodedata import east_asian_width

from core.ports import Button, Message, Tone
from core.text import colon

TEXT_LIMIT = 4096  # UTF-16 units, of what is left when the mark-up is taken out

_CROWDED, _ROW_WIDTH = 3, 24
_STYLES = {Tone.PRIMARY: "primary", Tone.GOOD: "success", Tone.BAD: "danger"}
_NOTHING = "…"  # Telegram refuses a text and a label without anything to see
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Key:
    """One button; without `style` it is grey."""

    text: str
    url: str | None
    data: str | None
    style: str | None


@dataclass(frozen=True, slots=True)
class Drawing:
    text: str
    parse_mode: str | None
    rows: tuple[tuple[Button, ...], ...]
    coloured: bool = True

    def buttons(self) -> list[list[Key]]:
        rows = [shown for row in self.rows if row for shown in _readable(row)]
        return [[_key(button, coloured=self.coloured) for button in row] for row in rows]


def draw(message: Message) -> Drawing:
    """In HTML. A quote gives way when there is too much; when that is not enough, mark-up does, and then the end."""
    text = _html(message, message.quote)
    over = units(visible(text)) - TEXT_LIMIT
    if over > 0 and message.quote:
        text = _html(message, cut(message.quote, units(message.quote) - over))
        over = units(visible(text)) - TEXT_LIMIT
    return _plain(message) if over > 0 else Drawing(text, "HTML", message.rows)


def length(message: Message) -> int:
    """Of all that it has to say; what is over `TEXT_LIMIT` is not shown."""
    return units(visible(_html(message, message.quote)))


def plainer(drawing: Drawing, message: Message, complaint: str) -> Drawing | None:
    """What to send instead, when Telegram refused `drawing` with `complaint`; None when that would not help.

    One bad tag, or a link that only we can open (http://localhost), must not cost the whole message.
    """
    complaint = complaint.lower()
    if drawing.parse_mode and ("can't parse entities" in complaint or "too long" in complaint):
        return replace(_plain(message), rows=drawing.rows)
    if "style" in complaint and drawing.coloured:  # a server from before there were colours
        return replace(drawing, coloured=False)
    if "url" in complaint and any(button.url for row in drawing.rows for button in row):
        return replace(drawing, rows=tuple(tuple(b for b in row if not b.url) for row in drawing.rows))
    return None


def units(text: str) -> int:
    """How long Telegram says a text is."""
    return len(text) + sum(char > "\uffff" for char in text)


def visible(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


def cut(text: str, limit: int) -> str:
    """At most `limit` units, with an ellipsis where something is missing; no character is cut in two."""
    if units(text) <= limit:
        return text
    if limit < 1:
        return ""
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore")
    return kept.rstrip() + "…"


def _html(message: Message, quote: str) -> str:
    between = colon(message.locale)
    facts = "\n".join(f"<b>{_escape(fact.label)}</b>{between}{_escape(fact.value)}" for fact in message.facts)
    return _joined(message.text, facts, f"<blockquote>{_escape(quote)}</blockquote>" if quote else "")


def _plain(message: Message) -> Drawing:
    facts = "\n".join(f"{fact.label}{colon(message.locale)}{fact.value}" for fact in message.facts)
    text = _joined(message.plain or visible(message.text), facts, message.quote)
    return Drawing(cut(text, TEXT_LIMIT), None, message.rows)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part.strip()) or _NOTHING


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


def _readable(row: tuple[Button, ...]) -> list[tuple[Button, ...]]:
    """A phone cuts off what does not fit beside each other: then each has a row of its own."""
    wide = sum(1 + (east_asian_width(char) in "WF") for button in row for char in button.label)
    return [row] if len(row) < _CROWDED or wide <= _ROW_WIDTH else [(button,) for button in row]


def _key(button: Button, *, coloured: bool) -> Key:
    label = button.label if button.label.strip() else _NOTHING
    return Key(
        text=f"✓ {label}" if button.chosen else label,
        url=button.url or None,
        data=None if button.url else button.action,
        style=_STYLES.get(button.tone) if coloured else None,
    )

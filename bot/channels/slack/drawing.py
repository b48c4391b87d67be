"""A `Message` as Slack blocks.

Only `Message.text` is mark-up of ours. What others wrote (facts, the quote) is escaped or stands in a plain_text
element, every mrkdwn element is verbatim, and names are never linked: nobody's words can call a channel together or
look like our link. Everything is cut to what Slack takes, so that a long text costs its own end and never the message.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from core.ports import Button, Fact, Message, Moment, Tone
from core.text import clean, clean_line, shorten

Block = dict[str, Any]
Item = TypeVar("Item")

MAX_BLOCKS = 50
PIECE = 2900  # a section takes 3,000
TOTAL = 12_000  # Slack refuses a message as a whole, too (msg_blocks_too_long), and does not say where
TEXT_PIECES = 2
TEXT_LIMIT = PIECE * TEXT_PIECES
FALLBACK = 3000
FACTS_IN_SECTION = 10
FACTS_TOTAL = 4000
FACT_VALUE = 300
FOOTER = 300
LABEL = 75
BUTTONS_IN_ROW = 5
MAX_ROWS = 30
URL = 3000
DATE = "{date_short_pretty} {time}"

LINK_ID = "link-"  # the action_id of a button that only opens a page

_STYLES = {Tone.PRIMARY: "primary", Tone.GOOD: "primary", Tone.BAD: "danger"}
_TOKENS = re.compile(r"<[^<>]{0,2000}>|&(?:amp|lt|gt);|.", re.DOTALL)
# Slack cannot escape its own signs: those that could format become look-alikes.
_FORMATTING = re.compile(r"(?<![^\W_])[*_~]+|[*_~]+(?![^\W_])|`+")
_BOLD = re.compile(r"\*[^*\n]+\*")
_NO_WIDTH = "\u200b"
_LOOKALIKES = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})


def drawn(message: Message) -> dict[str, Any]:
    """What chat.postMessage and chat.update take; `text` is what notifications and screen readers say."""
    return {
        "text": shorten_marked(escape(_spoken(message)), FALLBACK) or "…",
        "blocks": blocks(message),
        "metadata": {"event_type": "afterword", "event_payload": {"key": message.key, "kind": message.kind}},
        "link_names": False,
        "parse": "none",
    }


def _spoken(message: Message) -> str:
    """A customer's own words are what a message is about, so a notification says them too."""
    return "\n".join(part for part in (message.plain, message.quote) if part.strip())


def home(message: Message) -> dict[str, Any]:
    """What views.publish takes."""
    return {"type": "home", "blocks": some(blocks(message))}


def some(drawn: list[Block]) -> list[Block]:
    """A view cannot be empty."""
    return drawn or [{"type": "section", "text": plain_text("", 1)}]


def blocks(message: Message) -> list[Block]:
    rows = list(_rows(message.rows))[:MAX_ROWS]
    head = [*_text(message), *_facts(message.facts, message.moments)]
    tail = [*_footer(message.footer), *rows]
    return [*head, *_quote(message.quote, head, MAX_BLOCKS - len(head) - len(tail)), *tail]


def escape(text: str) -> str:
    """The same words, in which Slack finds no mention, no link and no entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_text(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": shorten(text, limit) if text.strip() else "…", "emoji": False}


def shorten_marked(text: str, limit: int) -> str:
    """`shorten` for escaped text: never cuts through a link or an entity."""
    return text if len(text) <= limit else pieces(text, limit - 1)[0].rstrip() + "…"


def pieces(text: str, size: int) -> list[str]:
    """Cut escaped text into parts of at most `size`, between lines or words where that is possible."""
    parts, part = [], ""
    for token in _TOKENS.findall(text):
        if len(part) + len(token) > size:
            cut = _last_gap(part)
            parts.append(part[:cut])
            part = part[cut:]
        part += token
    return [*parts, part]


def _last_gap(text: str) -> int:
    """Where to cut: behind the last line or word of the second half; at the end if there is neither."""
    for gap in ("\n", " "):
        found = text.rfind(gap)
        if found > len(text) // 2 and text.rfind("<", 0, found) <= text.rfind(">", 0, found):
            return found + 1
    return len(text)


def _text(message: Message) -> Iterator[Block]:
    text = _dated(message.text or escape(message.plain), message.moments)
    parts = [part for part in pieces(_apart(text), PIECE) if part.strip()]
    if len(parts) > TEXT_PIECES:
        parts = [*parts[: TEXT_PIECES - 1], parts[TEXT_PIECES - 1] + "…"]
    for part in parts:
        yield {"type": "section", "text": _mrkdwn(part)}


def _facts(facts: Sequence[Fact], moments: Sequence[Moment]) -> Iterator[Block]:
    lines, used = [], 0
    for fact in facts:
        lines.append(_dated(_fact(fact), moments))
        used += len(lines[-1])
        if used > FACTS_TOTAL:
            lines[-1] = "…"
            break
    for some in _chunks(lines, FACTS_IN_SECTION):
        yield {"type": "section", "fields": [_mrkdwn(line) for line in some]}


def _fact(fact: Fact) -> str:
    """One line each, so that a name with a line break in it cannot bring a fact of its own."""
    label, value = _inert(clean_line(fact.label, limit=LABEL)), _inert(clean_line(fact.value, limit=FACT_VALUE))
    return f"*{label}*\n{value or '–'}" if label else value or "–"


def _dated(text: str, moments: Sequence[Moment]) -> str:
    """Escaped text in which Slack says each moment in its reader's own time; where it cannot, it says our words."""
    dates = {escape(one.words): f"<!date^{int(one.at.timestamp())}^{DATE}|{escape(one.words)}>" for one in moments}
    said = "|".join(re.escape(words) for words in dates)
    return re.sub(f"(?:{said})(?![\\d:])", lambda found: dates[found.group()], text) if said else text


def _quote(quote: str, head: Sequence[Block], blocks_left: int) -> Iterator[Block]:
    """A customer's own words, verbatim: a plain_text element knows no mark-up. What does not fit ends in "…"."""
    texts = (text for block in head for text in [block.get("text"), *block.get("fields", ())] if text)
    room = TOTAL - sum(len(text["text"]) for text in texts)
    words = shorten(clean(quote, limit=TOTAL), min(room, blocks_left * PIECE))
    for start in range(0, len(words), PIECE):
        if part := words[start : start + PIECE].strip():
            yield {"type": "section", "text": plain_text(part, PIECE)}


def _footer(footer: str) -> Iterator[Block]:
    if words := clean(footer):
        yield {"type": "context", "elements": [plain_text(words, FOOTER)]}


def _rows(rows: Sequence[Sequence[Button]]) -> Iterator[Block]:
    used: set[str] = set()
    for row in rows:
        for some in _chunks(row, BUTTONS_IN_ROW):
            yield {"type": "actions", "elements": [_button(button, used) for button in some]}


def _button(button: Button, used: set[str]) -> Block:
    """`value` carries the action; `action_id` is the action too, numbered when it comes twice in one message."""
    wanted = button.action or LINK_ID + str(len(used))
    action_id = wanted if wanted not in used else f"{wanted}#{len(used)}"
    used.add(action_id)
    label = f"✓ {clean_line(button.label)}" if button.chosen else clean_line(button.label)
    drawing: Block = {"type": "button", "action_id": action_id, "text": plain_text(label, LABEL)}
    if button.action:
        drawing["value"] = button.action
    if button.url:
        drawing["url"] = button.url[:URL]
    if style := _STYLES.get(button.tone):
        drawing["style"] = style
    if button.hint:
        drawing["accessibility_label"] = shorten(button.hint, LABEL)
    return drawing


def _apart(text: str) -> str:
    """Slack makes nothing bold that touches a letter, as all of Chinese does, which has no spaces: it would show the
    asterisks. A space without width parts them.
    """

    def parted(found: re.Match[str]) -> str:
        before, after = text[: found.start()][-1:], text[found.end() :][:1]
        return "".join((_NO_WIDTH * _touches(before), found.group(), _NO_WIDTH * _touches(after)))

    return _BOLD.sub(parted, text)


def _touches(neighbour: str) -> bool:
    return bool(neighbour) and not neighbour.isspace() and neighbour not in string.punctuation


def _inert(text: str) -> str:
    return escape(_FORMATTING.sub(lambda found: found.group().translate(_LOOKALIKES), text))


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]

"""The documentation as data: its pages, their blocks, links and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)

_BLOCK = re.compile(r"^(```)(?P<about>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<to>[^()\s]+)\)")
_HEADING = re.compile(r"^(?P<level>#{1,6}) (?P<words>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: ```language name"""

    language: str
    name: str
    text: str


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    return [Block(*_about(found["about"]), found["text"]) for found in _BLOCK.finditer(text)]


def _about(words: str) -> tuple[str, str]:
    language, _, name = words.strip().partition(" ")
    return language, name.strip()


def links(text: str) -> list[str]:
    """Where the links outside of code lead to."""
    prose = re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", text))
    return [found["to"] for found in _LINK.finditer(prose)]


def anchors(text: str) -> set[str]:
    """The names that headings can be linked by, as GitHub and GitLab make them."""
    return {_slug(found["words"]) for found in _HEADING.finditer(_BLOCK.sub("", text))}


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    for at, found in (headings := list(enumerate(_HEADING.finditer(text)))):
        if found["words"] == heading:
            end = headings[at + 1][1].start() if at + 1 < len(headings) else len(text)
            return text[found.end() : end]
    raise AssertionError(f"there is no heading {heading!r}")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of all tables in a text, without heads and rules."""
    before: list[str] | None = None
    for line in text.splitlines():
        cells = (
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] if line.startswith("|") else None
        )
        is_rule = cells is not None and all(re.fullmatch(r":?-+:?", cell) for cell in cells)
        if before is not None and not is_rule:
            yield before
        before = None if is_rule else cells
    if before is not None:
        yield before

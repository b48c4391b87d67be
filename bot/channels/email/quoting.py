"""What a person wrote themselves: without what they answer to, and without their signature."""

from __future__ import annotations

import re
from collections.abc import Callable

from email_reply_parser import EmailMessage  # type: ignore[import-untyped]

MOST = 20_000
_MOST_LINES = 600
_MARKER = re.compile(r"\W{0,8}##-.{1,120}-##\W{0,8}")
_ATTRIBUTION = re.compile(r"^On [^\n]{1,200}\n?[^\n]{0,200}\n?[^\n]{0,200}wrote:[ \t]*$", re.MULTILINE)
_HEADER = re.compile(r"^[\W_]{0,4}\w[\w ./-]{0,24}\*?\s?[:：]")  # "From:", "*От:*", "发件人："
_WHEN = re.compile(r"\b(19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\d年|\d月")
_RULE = re.compile(r"\s*([-_=*—]{5,}[^\n]{0,60}[-_=*—]{2,}|[-_=*—]{5,})\s*")
_PROGRAM = r"Sent from my|Get Outlook for|Отправлено (с|из)|发自我的|寄自|從我的|Envoyé de mon|Von meinem"


class _Reply(EmailMessage):  # type: ignore[misc]
    """The library's, with two changes: its search for "On … wrote:" over several lines takes time beyond all measure
    on a mail that was made for it, and its signatures begin with every "-word", which are lists."""

    SIG_REGEX = re.compile(rf"((--|—|__+)\s*$)|({_PROGRAM})")
    MULTI_QUOTE_HDR_REGEX_MULTILINE = re.compile(r"(?!)")


def own_words(text: str, is_ours: Callable[[str], bool]) -> str:
    """Cut at our own marker or address; the library finds what is left of quotes and signature.

    `is_ours` tells whether a line holds an address, or a link, that only a mail of ours has. Who answers below the
    quotation is understood too.
    """
    lines = text[: 2 * MOST].splitlines()
    cut = _first_of_ours(lines, is_ours)
    above = _cleaned(lines[:cut])
    if above or cut == len(lines):
        return above[:MOST]
    below = [line for line in lines[cut:] if not line.lstrip().startswith(">") and not is_ours(line)]
    return _cleaned(below)[:MOST]


def _first_of_ours(lines: list[str], is_ours: Callable[[str], bool]) -> int:
    """The number of the first line that quotes us, or that leads to a quotation."""
    for at, line in enumerate(lines):
        if _MARKER.fullmatch(line.strip()[:200]):
            return at
        if is_ours(line) and _quotes(line):
            return _start_of_attribution(lines, at)
    return len(lines)


def _quotes(line: str) -> bool:
    """People name our address too: "I wrote to support@example.org". A program does it in its own way."""
    line = line.strip()
    in_brackets = re.search(r"[<\[(][^<>\[\]()@]{0,80}@[^<>\[\]()]{0,200}[>\])]", line[:500])
    return bool(
        in_brackets or line.startswith(">") or line.endswith((":", "：")) or _HEADER.match(line) or "://" in line
    )


def _start_of_attribution(lines: list[str], at: int) -> int:
    """ "On Monday, 2 March 2026 at 9:00 Support" may stand a line above its address, and a rule above that."""
    leads = _HEADER if _HEADER.match(lines[at].strip()) else _WHEN
    if leads is _HEADER or not _WHEN.search(lines[at][:300]):
        first = max(0, at - 2)
        while at > first and leads.search(lines[at - 1].strip()[:300]):
            at -= 1
    while at and (not lines[at - 1].strip() or _RULE.fullmatch(lines[at - 1][:200])):
        at -= 1
    return at


def _cleaned(lines: list[str]) -> str:
    text = "\n".join(lines).strip()
    if not text or len(lines) > _MOST_LINES:
        return text
    text = _ATTRIBUTION.sub(lambda found: found[0].replace("\n", " "), text)
    reply: str = _Reply(text).read().reply
    return reply.strip()

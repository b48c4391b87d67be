"""The words of an HTML mail. Linear in its length whatever it holds; the library's parser is not."""

from __future__ import annotations

import re
from html import unescape

_TAG = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,20})")
_BODY = re.compile(r"<body", re.IGNORECASE)
_SILENT = {name: re.compile(rf"</{name}", re.IGNORECASE) for name in ("script", "style", "title", "textarea", "svg")}
_LINES = re.compile(
    r"address|article|blockquote|br|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|ol|p|pre"
    r"|section|table|tr|ul"
)
_AIRY = re.compile(r"h[1-4]|p|table")


class _Page:
    """Lines as they fill up; those of a quotation begin with ">"."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.words: list[str] = []
        self.quoted = 0

    def end_line(self) -> None:
        line = " ".join("".join(self.words).split())
        self.words.clear()
        if line:
            self.lines.append(f"> {line}" if self.quoted else line)

    def gap(self) -> None:
        self.end_line()
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def tag(self, name: str, *, closes: bool) -> None:
        if _AIRY.fullmatch(name):
            self.gap()
        elif _LINES.fullmatch(name):
            self.end_line()
        elif name in ("td", "th"):
            self.words.append(" ")
        if name == "blockquote":
            self.quoted = max(0, self.quoted + (-1 if closes else 1))


def body_of(html: str) -> str:
    """Without what stands in the head."""
    body = _BODY.search(html)
    return html[body.start() if body else 0 :]


def to_text(html: str) -> str:
    """What a person would read, line by line, without scripts, styles, comments and pictures."""
    page = _Page()
    at = 0
    while at < len(html):
        opening = html.find("<", at)
        if opening < 0:
            opening = len(html)
        page.words.append(unescape(html[at:opening]))
        at = _past_tag(html, opening, page)
    page.end_line()
    return "\n".join(page.lines).strip()


def _past_tag(html: str, at: int, page: _Page) -> int:
    """Where the words go on after what stands at `at`."""
    if html.startswith("<!--", at):
        return _after(html, "-->", at)
    if html.startswith(("<!", "<?"), at):
        return _after(html, ">", at)
    found = _TAG.match(html, at + 1)
    if found is None:
        page.words.append(html[at : at + 1])
        return at + 1
    name, closes = found[1].lower(), html[at + 1] == "/"
    page.tag(name, closes=closes)
    if name in _SILENT and not closes:
        end = _SILENT[name].search(html, at)
        at = end.start() if end else len(html)
    return _after(html, ">", at)


def _after(html: str, mark: str, at: int) -> int:
    end = html.find(mark, at)
    return end + len(mark) if end >= 0 else len(html)

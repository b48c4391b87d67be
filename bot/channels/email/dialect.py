"""From the HTML dialect of `Message.text` (b, i, code, a, line breaks) to the HTML of a mail."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markupsafe import Markup, escape

_PLAIN_TAGS = frozenset({"b", "i", "code"})
_URL = re.compile(r"https?://[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]+")
_LONGEST_URL = 900  # a line of a mail ends at 998 octets


def is_url(url: str) -> bool:
    """An http address of ASCII that can stand in a header or a link as it is."""
    return len(url) <= _LONGEST_URL and _URL.fullmatch(url) is not None


class Reader(HTMLParser):
    """Reads the dialect once: `paragraphs` for the mail and `links` as (words, URL).

    Only the dialect's own tags come out, whatever came in: the rest keeps its words and loses its mark-up.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[Markup] = []
        self.links: list[tuple[str, str]] = []
        self._html: list[str] = []
        self._open: list[str] = []
        self._words: list[str] | None = None
        self._url = ""
        self.feed(text.strip())
        self.close()
        self._end_paragraph()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _PLAIN_TAGS:
            self._enter(tag, f"<{tag}>")
        elif tag == "a" and self._words is None and is_url(url := dict(attrs).get("href") or ""):
            self._words, self._url = [], url
            self._enter(tag, f'<a class="link" href="{escape(url)}">')
        elif tag == "br":
            self._html.append("<br>")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._leave() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._words is not None:
            self._words.append(data)
        parts = [data] if self._open else re.split(r"\n\s*\n", data)
        for number, part in enumerate(parts):
            if number:
                self._end_paragraph()
            self._html.append(str(escape(part)).replace("\n", "<br>"))

    def _enter(self, tag: str, html: str) -> None:
        self._open.append(tag)
        self._html.append(html)

    def _leave(self) -> str:
        tag = self._open.pop()
        self._html.append(f"</{tag}>")
        if tag == "a" and self._words is not None:
            self.links.append(("".join(self._words).strip(), self._url))
            self._words = None
        return tag

    def _end_paragraph(self) -> None:
        while self._open:
            self._leave()
        html = "".join(self._html)
        self._html = []
        if html.strip():
            self.paragraphs.append(Markup(html.strip()))  # noqa: S704 - made of escaped words and our own tags only

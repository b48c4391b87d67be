"""Words in a channel's mark-up, as a page of ours may show them: nothing in them can be more than bold, or a link.

What comes from a template somebody is trying out is a stranger's text, whoever wrote it. Links lead nowhere here.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from markupsafe import Markup, escape

_PLAIN = frozenset({"b", "i", "code", "blockquote"})
_LINK = re.compile(r"<(?:https?://|mailto:|tg://)[^|<>\s]*\|([^<>]*)>")
_SIGNS = (("*", "b"), ("_", "i"), ("`", "code"))


def of_html(text: str) -> Markup:
    """From the little HTML of `Message.text`; line breaks stay what they are."""
    return _Reader(text).words


def of_mrkdwn(text: str) -> Markup:
    """From Slack's mark-up."""
    drawn, at = Markup(""), 0
    for found in _LINK.finditer(text):
        drawn += _signed(text[at : found.start()]) + _link(html.unescape(found[1]))
        at = found.end()
    return drawn + _signed(text[at:])


def _link(words: str) -> Markup:
    return Markup('<span class="leads">{}</span>').format(words)


def _signed(text: str) -> Markup:
    drawn = str(escape(html.unescape(text)))
    for sign, tag in _SIGNS:
        one = re.escape(sign)
        drawn = re.sub(rf"(?<![\w{one}]){one}([^{one}\n]+){one}(?!\w)", rf"<{tag}>\1</{tag}>", drawn)
    return Markup(drawn)  # noqa: S704 - escaped above; the tags are ours


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self._drawn: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        while self._open:
            self._leave()
        self.words = Markup("".join(self._drawn))  # noqa: S704 - escaped words and our own tags

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _PLAIN or tag == "a":
            self._open.append(tag)
            self._drawn.append('<span class="leads">' if tag == "a" else f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._leave() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._drawn.append(str(escape(data)))

    def _leave(self) -> str:
        tag = self._open.pop()
        self._drawn.append("</span>" if tag == "a" else f"</{tag}>")
        return tag

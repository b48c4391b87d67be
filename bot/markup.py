"""The three dialects that a message can be written in, and the only way to write any of them.

A template's own text and every value in it are plain; what makes mark-up are the writers' methods, and what they return
is `Marked`. Everything that is not `Marked` is escaped on its way in, so nobody's words can become mark-up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from markupsafe import Markup

from core.ports import Dialect

_SAFE_URL = re.compile(r"(?:https?://|mailto:|tg://)[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
_LETTER = "\u00c0-\u024f\u0370-\u052f"  # of an address as people write it: ö, я; Chinese stands around one
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9])https?://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,30}(?::[0-9]{1,5})?"
    rf"(?![A-Za-z0-9_{_LETTER}-]|[^\s/?#]{{0,300}}@)(?:[/?#][A-Za-z0-9{_LETTER}._~:/?#\[\]@!$&'()*+,;=%-]*)?",
    re.IGNORECASE,
)
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


class Marked(Markup):
    """Text that is already written in its dialect. It is Jinja's own class, so that its autoescape lets it through."""

    __slots__ = ()


class Writer(Protocol):
    """Writes one dialect."""

    def escape(self, text: str) -> Marked:
        """The same words, in which nothing is mark-up."""
        ...

    def bold(self, text: str) -> Marked: ...

    def italic(self, text: str) -> Marked: ...

    def code(self, text: str) -> Marked: ...

    def link(self, label: str, url: str) -> Marked:
        """A link with a label; only the label if the address is not one of the web, of mail or of Telegram."""
        ...


def writer(dialect: Dialect) -> Writer:
    return _WRITERS[dialect]


def value(writer: Writer, item: object) -> Marked:
    """A value as it goes into a text: escaped, and kept together where it is written from right to left."""
    if isinstance(item, Marked):
        return item
    return writer.escape(isolate(str(item)))


def isolate(text: str) -> str:
    """Keep the direction of an Arabic or Hebrew name from turning what stands around it."""
    return f"{_ISOLATE}{text}{_END_ISOLATE}" if _RIGHT_TO_LEFT.search(text) else text


def is_safe_url(url: str) -> bool:
    return _SAFE_URL.fullmatch(url) is not None


def linked(writer: Writer, words: str) -> Marked:
    """Somebody's words, escaped, in which addresses of the web are links that say where they lead.

    A full address with a name of ASCII alone: no user in it, no number, nothing that a sentence puts behind it.
    """
    parts: list[str] = []
    at = 0
    for found in _ADDRESS.finditer(words):
        address = _without_sentence(found.group())
        parts += [writer.escape(words[at : found.start()]), writer.link(address, _as_url(address))]
        at = found.start() + len(address)
    return Marked("".join([*parts, writer.escape(words[at:])]))


_KEPT = "-._~:/?#[]@!$&'()*+,;=%"
_BRACKETS = {")": "(", "]": "["}


def _as_url(address: str) -> str:
    scheme, rest = address.split(":", 1)
    return f"{scheme.lower()}:{quote(rest, safe=_KEPT)}"


def _without_sentence(address: str) -> str:
    """Without the full stop and the bracket that belong to the words around it."""
    while address[-1] in ".,;:!?'*_~" or _closes_more_than_it_opens(address):
        address = address[:-1]
    return address


def _closes_more_than_it_opens(address: str) -> bool:
    last = address[-1]
    return last in _BRACKETS and address.count(last) > address.count(_BRACKETS[last])


class Html:
    """The little HTML that Telegram, mail and the web chat all understand."""

    def escape(self, text: str) -> Marked:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        return Marked(text)

    def bold(self, text: str) -> Marked:
        return self._tag("b", text)

    def italic(self, text: str) -> Marked:
        return self._tag("i", text)

    def code(self, text: str) -> Marked:
        return self._tag("code", text)

    def link(self, label: str, url: str) -> Marked:
        words = self.escape(isolate(label or url))
        return Marked(f'<a href="{self.escape(url)}">{words}</a>') if is_safe_url(url) else words

    def _tag(self, tag: str, text: str) -> Marked:
        return Marked(f"<{tag}>{self.escape(isolate(text))}</{tag}>") if text.strip() else self.escape(text)


class Mrkdwn:
    """Slack's mark-up. It has no way to escape its own signs, so the signs that could format become look-alikes.

    Inside a word, as in `snake_case`, they do nothing and stay what they are. A `>` that begins a line quotes even
    when it is escaped; it becomes `›`. A `|` or a new line would end a link's label.
    """

    _SIGNS: Mapping[int, int] = {ord("*"): ord("∗"), ord("_"): ord("ˍ"), ord("~"): ord("∼"), ord("`"): ord("ˋ")}
    _FORMATTING = re.compile(r"(?<![^\W_])[*_~]+|[*_~]+(?![^\W_])|`+")
    _QUOTING = re.compile(r"^([^\S\n]*)(>+)", re.MULTILINE)

    def escape(self, text: str) -> Marked:
        text = self._QUOTING.sub(lambda found: found.group(1) + "›" * len(found.group(2)), self._harmless(text))
        return self._entities(text)

    def bold(self, text: str) -> Marked:
        return self._between("*", text)

    def italic(self, text: str) -> Marked:
        return self._between("_", text)

    def code(self, text: str) -> Marked:
        return self._between("`", text)

    def link(self, label: str, url: str) -> Marked:
        words = self._one_line(label or url).replace("|", "¦")
        if not is_safe_url(url):
            return self._entities(words)
        url = url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E")
        return Marked(f"<{self._entities(url)}|{self._entities(words)}>")

    def _between(self, sign: str, text: str) -> Marked:
        words = self._entities(self._one_line(text).replace(sign, chr(self._SIGNS[ord(sign)])))
        return Marked(f"{sign}{words}{sign}") if words else words

    def _one_line(self, text: str) -> str:
        """White space at the ends would keep the sign beside it from formatting, and so would a new line inside."""
        return isolate(self._harmless(" ".join(text.split())))

    def _harmless(self, text: str) -> str:
        return self._FORMATTING.sub(lambda found: found.group().translate(self._SIGNS), text)

    def _entities(self, text: str) -> Marked:
        return Marked(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


class Plain:
    """No mark-up at all: nothing to escape; a link shows its address behind the label."""

    def escape(self, text: str) -> Marked:
        return Marked(text)

    def bold(self, text: str) -> Marked:
        return Marked(isolate(text))

    def italic(self, text: str) -> Marked:
        return Marked(isolate(text))

    def code(self, text: str) -> Marked:
        return Marked(isolate(text))

    def link(self, label: str, url: str) -> Marked:
        if not is_safe_url(url) or label == url:
            return Marked(isolate(label or url))
        return Marked(f"{isolate(label)} ({url})" if label else url)


_WRITERS: dict[Dialect, Writer] = {Dialect.HTML: Html(), Dialect.MRKDWN: Mrkdwn(), Dialect.PLAIN: Plain()}

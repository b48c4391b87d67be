"""What a mail shows, and its two shapes: HTML in one column, and plain text with the same links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from bot.channels.email import quoting
from bot.channels.email.dialect import Reader, is_url
from core.ports import Button, Fact, Message
from core.text import clean_line, colon

_FROM_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)
_FOOTER_LINK = re.compile(r"(?P<words>.*?)[:：]?\s*(?P<url>https?://\S+)")
_SCALE_AT_LEAST = 3
_NUMBER = re.compile(r"^[1-5]\s?分?\s?[,，]\s?")
_SCALE_LABEL = 5


@dataclass(frozen=True, slots=True)
class Link:
    """Something to press, or words of the footer; without `url` it is only words."""

    words: str
    url: str = ""
    spoken: str = ""
    tone: str = "neutral"
    chosen: bool = False

    def line(self, language: str) -> str:
        return f"{self.spoken or self.words}{colon(language)}{self.url}" if self.url else self.words


@dataclass(frozen=True, slots=True)
class Row:
    links: tuple[Link, ...]
    is_scale: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A message as a mail shows it. Buttons that open nothing are left out: a mail cannot call us back."""

    subject: str
    marker: str
    preheader: str
    language: str
    direction: str
    paragraphs: tuple[Markup, ...]
    quote: tuple[str, ...]
    facts: tuple[Fact, ...]
    rows: tuple[Row, ...]
    footer: tuple[Link, ...]
    plain: str
    links: tuple[Link, ...]  # those within the text


def lay_out(message: Message, *, subject: str, base_url: str, is_answered: bool = False) -> Page:
    """`is_answered`: answers come back to us, and quote this; so it says where to write them."""
    language = message.locale.replace("_", "-")
    language = language if _LANGUAGE.fullmatch(language) else "en"
    text = Reader(message.text)
    rows = (_row(row) for row in message.rows)
    return Page(
        subject=subject,
        marker=quoting.marker(clean_line(message.marker)) if message.marker and is_answered else "",
        preheader=message.preheader,
        language=language,
        direction="rtl" if language.split("-")[0].lower() in _FROM_RIGHT_TO_LEFT else "ltr",
        paragraphs=tuple(text.paragraphs),
        quote=tuple(message.quote.strip().splitlines()),
        facts=message.facts,
        rows=tuple(row for row in rows if row.links),
        footer=tuple(_footer_link(line, base_url) for line in message.footer.strip().splitlines()),
        plain=message.plain.strip(),
        links=tuple(Link(words, url) for words, url in text.links),
    )


def as_html(page: Page) -> str:
    return _template().render(page=page)


def as_text(page: Page) -> str:
    """The same in plain text; a link that the plain words left out is added, so that nobody is sent less."""
    blocks = [page.plain, *_text_blocks(page)]
    said = "\n".join(blocks)
    missing = [link.line(page.language) for link in page.links if link.url not in said]
    return "\n\n".join(block for block in [page.marker, page.plain, "\n".join(missing), *blocks[1:]] if block) + "\n"


def _text_blocks(page: Page) -> Iterator[str]:
    yield "\n".join(f"> {line}".rstrip() for line in page.quote)
    yield "\n".join(f"{fact.label}{colon(page.language)}{fact.value}" for fact in page.facts)
    for row in page.rows:
        yield "\n".join(link.line(page.language) for link in row.links)
    if page.footer:
        yield "-- \n" + "\n".join(link.line(page.language) for link in page.footer)


def _row(buttons: tuple[Button, ...]) -> Row:
    links = tuple(_link(button) for button in buttons if is_url(button.url))
    short = all(len(link.words) <= _SCALE_LABEL for link in links)
    return Row(links, is_scale=short and len(links) >= _SCALE_AT_LEAST)


def _link(button: Button) -> Link:
    """What is spoken contains what is seen, so that one who says "press 4" is understood."""
    hint = button.hint
    if hint and button.label not in hint:
        hint = f"{button.label} – {_NUMBER.sub('', hint) if hint[0] in button.label else hint}"
    return Link(button.label, button.url, hint, button.tone.value, button.chosen)


def _footer_link(line: str, base_url: str) -> Link:
    """ "Stop these mails: https://…" becomes a link, if it leads to us: a footer may hold a stranger's words."""
    found = _FOOTER_LINK.fullmatch(line.strip())
    if found is None or not found["url"].startswith(f"{base_url}/") or not is_url(found["url"]):
        return Link(line.strip())
    return Link(found["words"].strip() or found["url"], found["url"])


@cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("layout.html.j2")

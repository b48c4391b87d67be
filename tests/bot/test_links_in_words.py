"""Addresses in what staff write: links in every dialect, and never anything else than the address that is read."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import markup
from bot.channels.email.dialect import Reader
from core.ports import Dialect

HTML = markup.writer(Dialect.HTML)


def links(words: str) -> list[tuple[str, str]]:
    """(what is read, where it leads), as the reader of a mail would have them."""
    return Reader(markup.linked(HTML, words)).links


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("See https://example.org/track?id=1&x=2.", "https://example.org/track?id=1&x=2"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("https://en.wikipedia.org/wiki/Fuse_(electrical), please", "https://en.wikipedia.org/wiki/Fuse_(electrical)"),
        ("请看https://example.org/a。谢谢", "https://example.org/a"),
        ("请看https://example.org谢谢", "https://example.org"),
        ("„https://example.org/a“", "https://example.org/a"),
        ("**https://example.org/a**", "https://example.org/a"),
        ("https://example.org/a\u202egpj.exe", "https://example.org/a"),
        ("https://example.org/<script>alert(1)</script>", "https://example.org/"),
        ('https://example.org/"onmouseover="alert(1)', "https://example.org/"),
    ],
)
def test_an_address_is_a_link_that_says_where_it_leads(words: str, address: str) -> None:
    assert links(words) == [(address, address)]


def test_letters_of_other_scripts_are_kept_and_written_so_that_every_program_reads_them() -> None:
    assert links("https://de.wikipedia.org/wiki/Köln!") == [
        ("https://de.wikipedia.org/wiki/Köln", "https://de.wikipedia.org/wiki/K%C3%B6ln")
    ]


def test_capitals_in_front_change_nothing() -> None:
    assert links("HTTP://Example.ORG:8080") == [("HTTP://Example.ORG:8080", "http://Example.ORG:8080")]


@pytest.mark.parametrize(
    "words",
    [
        "javascript:alert(1)", "data:text/html,<b>x</b>", "ftp://example.org/a", "//example.org", "example.org",
        "xhttps://example.org", "https://", "https://localhost", "https://bank.example@evil.example/",
        "https://bank.example:x@evil.example/", "https://exämple.org", "https://bank.exampleö.org", "http://127.0.0.1/",
        "https://例子.org", "mailto:ann@example.org", "https://example.", "https:/example.org",
    ],
)  # fmt: skip
def test_what_is_no_whole_address_of_the_web_stays_words(words: str) -> None:
    assert links(words) == []
    assert markup.linked(HTML, words) == HTML.escape(words)


def test_slack_and_plain_text_have_the_same_link() -> None:
    words = "See https://example.org/?a=1&b=<2>|3 *now*"
    assert markup.linked(markup.writer(Dialect.MRKDWN), words).startswith(
        "See <https://example.org/?a=1&amp;b=|https://example.org/?a=1&amp;b=>&lt;2&gt;"
    )
    assert markup.linked(markup.writer(Dialect.PLAIN), words) == words


@given(
    st.text(alphabet="htps:/.ab@()<>\"'&ö中 \n"), st.sampled_from(["", "https://a.bc", "https://a.bc/x(", "http://"])
)
def test_no_words_become_mark_up_and_none_are_lost(words: str, address: str) -> None:
    drawn = Reader(markup.linked(HTML, words + address + words))
    assert all(url.startswith(("http://", "https://")) and "<" not in url for _, url in drawn.links)
    read = re.sub(r"<[^>]*>", "", markup.linked(HTML, words + address + words))
    assert html.unescape(read) == words + address + words

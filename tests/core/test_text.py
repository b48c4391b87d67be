"""Words from outside are safe to keep and to show, whatever a stranger types."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import COMMENT_LIMIT, NAME_LIMIT, clean, clean_line, shorten, without_addresses

NASTY = (
    "ab é\u0301\u0327\u0308\u1100\u1161\u11a8\u0958\ufb2c\U0001d160👍🏽\u200d\n\r\t"
    "\x00\x1b\x85\ud83d\ude00\u202e\u2066\ufeff\u2028"
)
ANYTHING = st.text(st.characters(exclude_categories=()) | st.sampled_from(NASTY), max_size=80)


# ---------------------------------------------------------------- what never happens


@given(ANYTHING, st.integers(0, 60))
def test_cleaned_text_can_always_be_stored_and_sent(text: str, limit: int) -> None:
    cleaned = clean(text, limit=limit)

    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert len(cleaned) <= limit


@given(ANYTHING)
def test_cleaned_text_holds_no_control_but_a_newline_and_a_tab(text: str) -> None:
    assert {char for char in clean(text) if unicodedata.category(char) == "Cc"} <= {"\n", "\t"}


@given(ANYTHING, st.integers(0, 60))
def test_cleaning_twice_changes_nothing_more(text: str, limit: int) -> None:
    once, line = clean(text, limit=limit), clean_line(text, limit=limit)

    assert clean(once, limit=limit) == once
    assert clean_line(line, limit=limit) == line


@given(ANYTHING)
def test_cleaned_text_is_composed_and_has_no_blank_at_its_ends(text: str) -> None:
    cleaned = clean(text)

    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()


@given(ANYTHING, st.integers(1, 60))
def test_a_name_stands_on_one_line(text: str, limit: int) -> None:
    line = clean_line(text, limit=limit)

    assert line.split() == ([part for part in line.split(" ") if part] if line else [])
    assert len(line.splitlines()) <= 1
    assert len(line) <= limit


@given(st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="\ufeff"), max_size=60))
def test_ordinary_words_in_any_script_are_kept_as_they_were_written(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


# ---------------------------------------------------------------- what becomes of what


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Router & <cable>\n\n\tis slow  ", "Router & <cable>\n\n\tis slow"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("cafe\u0301", "café"),
        ("nul\x00l, bell\x07, escape\x1b[31m, next line\x85.", "null, bell, escape[31m, next line."),
        ("half of a pair: \ud83d!", "half of a pair: \ufffd!"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u2066isolated\u2069 \u200emarks\u200f", "isolated marks"),
        ("\ufeffbyte order", "byte order"),
        ("👩🏽‍🔧 fixed it", "👩🏽‍🔧 fixed it"),
        ("کتاب‌ها שלום 服务很好", "کتاب‌ها שלום 服务很好"),
        ("", ""),
        ("\x00\ufeff \n", ""),
    ],
)
def test_what_harms_is_taken_out_and_the_rest_stays(typed: str, kept: str) -> None:
    assert clean(typed) == kept


def test_a_long_comment_is_cut_at_the_limit_and_not_before() -> None:
    assert clean("x" * COMMENT_LIMIT) == "x" * COMMENT_LIMIT
    assert clean("x" * (COMMENT_LIMIT + 1)) == "x" * COMMENT_LIMIT
    assert clean("four word", limit=5) == "four"


def test_the_limit_counts_letters_after_they_are_composed() -> None:
    assert clean("e\u0301" * 10, limit=10) == "é" * 10


def test_marks_do_not_pile_up_over_the_neighbours() -> None:
    assert clean("Z" + "\u0335" * 50 + "o") == "Z" + "\u0335" * 8 + "o"


@pytest.mark.parametrize("joint", ["\u034f", "\u200d", "\u20dd"], ids=["grapheme joiner", "joiner", "enclosing circle"])
def test_marks_do_not_pile_up_with_an_invisible_joint_between_them_either(joint: str) -> None:
    piled = clean("Z" + ("\u0335" * 8 + joint) * 20 + "o")

    assert len(piled) < 40


def test_marks_that_a_language_needs_are_kept() -> None:
    for word in ("ही", "นี้", "བརྒྱུད", "Việt", "q̣̈̃"):
        assert clean(word) == unicodedata.normalize("NFC", word)


def test_no_mark_of_direction_is_left() -> None:
    directions = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    marks = [chr(code) for code in range(0x110000) if unicodedata.bidirectional(chr(code)) in directions]

    assert clean("".join([*marks, "\u200e\u200f\u061c"])) == ""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ann\t\n <3  ", "Ann <3"),
        ("Ann\u00a0\u2003\u2028Lee", "Ann Lee"),
        ("Ann\x00Lee", "AnnLee"),
        ("n" * 500, "n" * NAME_LIMIT),
    ],
)
def test_a_name_keeps_one_blank_between_its_words(typed: str, kept: str) -> None:
    assert clean_line(typed) == kept


@given(st.text(max_size=60), st.integers(1, 60))
def test_a_shortened_text_fits_and_says_that_it_goes_on(text: str, limit: int) -> None:
    shown = shorten(text, limit)

    assert len(shown) <= limit
    assert shown == text if len(text) <= limit else shown.endswith("…") and text.startswith(shown[:-1])


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("450 4.2.0 <ann.lee+x@shop.example>: Greylisted", "450 4.2.0 <…>: Greylisted"),
        ("no visitor ann@shop.example, bob@x.example", "no visitor …, …"),
        ("421 too many", "421 too many"),
    ],
)
def test_logs_have_no_mail_addresses(said: str, logged: str) -> None:
    assert without_addresses(said) == logged

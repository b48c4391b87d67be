"""Durations are read and written as people write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from core import durations
from core.durations import LONGEST, Span

SPANS = st.integers(0, int(LONGEST.total_seconds())).map(lambda seconds: timedelta(seconds=seconds))


@given(SPANS)
def test_what_is_written_is_read_as_the_same(span: timedelta) -> None:
    assert durations.parse(durations.write(span)) == span


@given(SPANS)
def test_the_shortest_way_names_every_unit_once_from_the_largest_down(span: timedelta) -> None:
    units = [char for char in durations.write(span) if char.isalpha()]

    assert units == sorted(set(units), key="dhms".index)


@pytest.mark.parametrize(
    ("text", "span", "written"),
    [
        ("0s", timedelta(0), "0s"),
        ("90s", timedelta(seconds=90), "1m30s"),
        ("5m", timedelta(minutes=5), "5m"),
        ("24h", timedelta(days=1), "1d"),
        ("7d", timedelta(days=7), "7d"),
        ("1h30m", timedelta(minutes=90), "1h30m"),
        ("30m1h", timedelta(minutes=90), "1h30m"),
        (" 5m\n", timedelta(minutes=5), "5m"),
        ("3650d", LONGEST, "3650d"),
        ("007m", timedelta(minutes=7), "7m"),
    ],
)
def test_people_write_them_in_several_ways(text: str, span: timedelta, written: str) -> None:
    assert durations.parse(text) == span
    assert durations.write(span) == written


@pytest.mark.parametrize(
    "wrong", ["", " ", "5", "m", "5 m", "5M", "-5m", "1.5h", "5m!", "5mm", "P1D", "5w", None, 5, True, []]
)
def test_anything_else_is_refused_with_how_to_write_it(wrong: object) -> None:
    with pytest.raises(ValueError, match='a duration is written as "90s", "5m", "24h", "7d" or "1h30m"'):
        durations.parse(wrong)


@pytest.mark.parametrize("long", ["3651d", "3650d1s", "9" * 13 + "s", "9" * 5000 + "d"])
def test_nobody_waits_longer_than_ten_years(long: str) -> None:
    with pytest.raises(ValueError, match="at most 3650d"):
        durations.parse(long)


@pytest.mark.parametrize("long", ["31d", "30d1s", "9999d"])
def test_a_span_with_a_limit_of_its_own_says_that_one(long: str) -> None:
    delay: TypeAdapter[timedelta] = TypeAdapter(Annotated[timedelta, durations.up_to(timedelta(days=30))])
    assert delay.validate_python("30d") == timedelta(days=30)
    with pytest.raises(ValidationError, match="at most 30d"):
        delay.validate_python(long)


def test_zeros_in_front_do_not_shorten_a_duration() -> None:
    assert durations.parse("0" * 12 + "5m") == timedelta(minutes=5)


@given(SPANS)
def test_a_setting_survives_the_way_into_the_store_and_back(span: timedelta) -> None:
    setting: TypeAdapter[timedelta] = TypeAdapter(Span)

    assert setting.validate_json(setting.dump_json(span)) == span
    assert setting.validate_python(span) == span


def test_a_wrong_setting_is_refused_by_the_model_too() -> None:
    with pytest.raises(ValidationError, match="a duration is written as"):
        TypeAdapter(Span).validate_python(300)

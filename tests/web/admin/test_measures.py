"""A duration comes out of its number and its unit as it went in, whatever somebody types."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.web.admin import measures
from core import durations

SECONDS = st.integers(0, int(durations.LONGEST.total_seconds()))


@given(SECONDS)
def test_a_stored_duration_is_the_same_one_in_its_number_and_unit(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    number, unit = measures.span_parts(durations.write(span))
    assert number.isdecimal()
    assert durations.parse(measures.read_span({"x.number": [number], "x.unit": [unit]}, "x")) == span


@given(st.text(max_size=9).map(lambda text: text.replace("\x00", "").strip()), st.sampled_from(measures.UNITS))
def test_what_cannot_be_used_is_shown_again_as_it_was_typed(number: str, unit: str) -> None:
    said = measures.read_span({"x.number": [number], "x.unit": [unit]}, "x")
    try:
        durations.parse(said)
    except ValueError:
        assert measures.span_parts(said) == (number, unit)

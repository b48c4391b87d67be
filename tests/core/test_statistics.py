"""How sure a difference is, and how many it takes to see one: against values that others have published."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.insight import statistics


@pytest.mark.parametrize(
    ("count", "of", "other", "of_other", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_the_difference_of_two_shares_is_what_newcombe_published(
    count: int, of: int, other: int, of_other: int, low: float, high: float
) -> None:
    """Newcombe 1998, table II, method 10."""
    found = statistics.of_difference(count, of, other, of_other)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0001)


def test_the_difference_of_two_means_is_what_r_says_of_its_sleepers() -> None:
    """R: t.test(extra ~ group, data = sleep), the example of its manual (Student 1908)."""
    one = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
    other = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
    sums = [(len(each), sum(each), sum(value * value for value in each)) for each in (one, other)]
    found = statistics.of_mean_difference(sums[0], sums[1])
    assert found is not None
    assert (found.low, found.high) == pytest.approx((-3.3654832, 0.2054832), abs=0.001)


def test_what_has_no_spread_is_not_called_different() -> None:
    assert statistics.of_difference(1, 1, 0, 0) is None
    assert statistics.of_mean_difference((1, 5, 25), (9, 30, 120)) is None
    assert statistics.of_mean_difference((9, 45, 225), (9, 30, 120)) is None


def test_how_many_it_takes_is_what_r_says() -> None:
    """R's manual of power.prop.test: n = 76.7 for p1 = .50, p2 = .75, power = .90."""
    assert statistics.needed(0.50, 0.75, power=0.90) == (77, 77)


@pytest.mark.parametrize(
    ("share", "other", "tabled"),
    [(0.05, 0.10, 474), (0.10, 0.20, 219), (0.30, 0.40, 376), (0.50, 0.60, 408)],
)
def test_how_many_it_takes_is_what_fleiss_tabled(share: float, other: float, tabled: int) -> None:
    """Fleiss, Levin & Paik 2003, table A.4 (5 %, 80 %): with the correction for continuity of their formula 4.14."""
    plain, _ = statistics.needed(share, other)
    corrected = plain / 4 * (1 + sqrt(1 + 4 / (plain * abs(share - other)))) ** 2
    assert corrected == pytest.approx(tabled, abs=1.5)


def test_an_uneven_split_takes_more_in_all() -> None:
    even, uneven = statistics.needed(0.3, 0.4), statistics.needed(0.3, 0.4, ratio=0.25)
    assert uneven[0] == pytest.approx(4 * uneven[1], abs=4)
    assert sum(uneven) > sum(even)
    with pytest.raises(ValueError, match="alike"):
        statistics.needed(0.3, 0.3)


@given(st.integers(1, 400), st.integers(1, 400), st.data())
def test_a_difference_lies_in_its_interval_and_turned_round_it_is_the_other_way(
    of: int, of_other: int, data: st.DataObject
) -> None:
    count, other = data.draw(st.integers(0, of)), data.draw(st.integers(0, of_other))
    there = statistics.of_difference(count, of, other, of_other)
    back = statistics.of_difference(other, of_other, count, of)
    assert there is not None
    assert back is not None
    apart = count / of - other / of_other
    assert -1 <= there.low <= apart + 1e-9
    assert apart - 1e-9 <= there.high <= 1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))

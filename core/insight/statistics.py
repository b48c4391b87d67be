"""How sure a figure is. Formulas with their sources; no store."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, hypot, sqrt
from statistics import NormalDist

TOO_FEW = 5
"""Under so many answers nobody is judged by them: one person's mood would decide."""
FEW = 30
"""Under so many a figure may change a lot with the next answers."""

_Z = 1.959964
_ALIKE = 1e-9
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t, two-sided 95 %, for 1 to 30 degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2)."""


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def of_mean(count: int, total: float, squares: float) -> Interval | None:
    """95 % of a mean of scores from 1 to 5, mean ± t·s/√n; None where all are alike, for then nothing shows how sure it
    is. `squares` is the sum of the squared scores.
    """
    mean, error, freedom = _spread(count, total, squares)
    if error == 0:
        return None
    half = _t(freedom) * sqrt(error)
    return Interval(max(1.0, mean - half), min(5.0, mean + half))


def of_share(count: int, of: int) -> Interval | None:
    """95 % of a share, by Wilson's score interval (Wilson 1927; Brown, Cai & DasGupta 2001)."""
    if of == 0:
        return None
    share, square = count / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def of_difference(count: int, of: int, other: int, of_other: int) -> Interval | None:
    """95 % of one share less another, by the hybrid score method without continuity correction (Newcombe 1998,
    Statistics in Medicine 17: 873–890, method 10); None where one of them is of nothing.
    """
    one, two = of_share(count, of), of_share(other, of_other)
    if one is None or two is None:
        return None
    share, other_share = count / of, other / of_other
    apart = share - other_share
    low = apart - hypot(share - one.low, two.high - other_share)
    high = apart + hypot(one.high - share, other_share - two.low)
    return Interval(max(-1.0, low), min(1.0, high))


def of_mean_difference(one: tuple[int, float, float], other: tuple[int, float, float]) -> Interval | None:
    """95 % of one mean less another, by Welch's t with Satterthwaite's degrees of freedom (Welch 1947, Biometrika 34:
    28–35). Each is count, total and sum of squares, as for `of_mean`; None where one has no spread.
    """
    (mean, error, freedom), (other_mean, other_error, other_freedom) = _spread(*one), _spread(*other)
    if error == 0 or other_error == 0:
        return None
    together = error + other_error
    effective = together**2 / (error**2 / freedom + other_error**2 / other_freedom)
    half = _t(effective) * sqrt(together)
    return Interval(mean - other_mean - half, mean - other_mean + half)


def needed(share: float, other: float, *, ratio: float = 1.0, power: float = 0.8) -> tuple[int, int]:
    """How many it takes of each to see that two shares differ: at the level of 5 % (two-sided) with that power.

    The first is of `share`; of `other` there are `ratio` times as many. The normal formula without continuity
    correction (Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, 4.2; for equal sizes it is
    that of R's power.prop.test). Raises ValueError for shares that do not differ.
    """
    if share == other:
        raise ValueError("two shares that are alike cannot be told apart")
    middle = (share + ratio * other) / (1 + ratio)
    chance = _Z * sqrt((1 + ratio) * middle * (1 - middle))
    effect = NormalDist().inv_cdf(power) * sqrt(ratio * share * (1 - share) + other * (1 - other))
    first = (chance + effect) ** 2 / (ratio * (share - other) ** 2)
    return ceil(first), ceil(ratio * first)


def _spread(count: int, total: float, squares: float) -> tuple[float, float, int]:
    """The mean, its squared standard error (0: it has none), and the degrees of freedom."""
    if count < 2:
        return 0.0, 0.0, 0
    mean = total / count
    variance = max(0.0, (squares - count * mean * mean) / (count - 1))
    return mean, variance / count if variance >= _ALIKE else 0.0, count - 1


def _t(freedom: float) -> float:
    """Beyond the table Cornish and Fisher's first term is right to a thousandth; between two of its values, a line."""
    if freedom > len(_T):
        return _Z + (_Z**3 + _Z) / (4 * freedom)
    below, above = floor(freedom), ceil(freedom)
    return _T[below - 1] + (_T[above - 1] - _T[below - 1]) * (freedom - below)

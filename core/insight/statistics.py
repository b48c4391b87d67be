"""How sure a figure is. Formulas with their sources; no store."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

TOO_FEW = 5
"""Under so many answers nobody is judged by them: one person's mood would decide."""
FEW = 30
"""Under so many a figure may change a lot with the next answers."""

_Z = 1.959964
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
    if count < 2:
        return None
    mean = total / count
    variance = max(0.0, (squares - count * mean * mean) / (count - 1))
    if variance < 1e-9:
        return None
    half = _t(count - 1) * sqrt(variance / count)
    return Interval(max(1.0, mean - half), min(5.0, mean + half))


def of_share(count: int, of: int) -> Interval | None:
    """95 % of a share, by Wilson's score interval (Wilson 1927; Brown, Cai & DasGupta 2001)."""
    if of == 0:
        return None
    share, square = count / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def _t(freedom: int) -> float:
    """Beyond the table Cornish and Fisher's first term is right to a thousandth."""
    return _T[freedom - 1] if freedom <= len(_T) else _Z + (_Z**3 + _Z) / (4 * freedom)

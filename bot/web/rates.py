"""How often somebody may knock: buckets that refill, in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

REMEMBERED = 50_000


class Bucket:
    """At most `burst` calls at once for each key, and `per_minute` in the long run.

    Kept as one number per key, the time at which its bucket is full again, so that 100,000 callers cost a few
    megabytes. Over `REMEMBERED` keys the ones that have long been full are forgotten, then the oldest.
    """

    def __init__(self, per_minute: float, burst: int, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._interval = 60.0 / per_minute
        self._tolerance = self._interval * burst
        self._seconds = seconds
        self._full_at: dict[str, float] = {}

    def wait(self, key: str) -> float:
        """Take one; 0.0 when there was one, else the seconds until there will be."""
        now = self._seconds()
        full_at = max(self._full_at.get(key, now), now) + self._interval
        if full_at - now > self._tolerance:
            return full_at - now - self._tolerance
        self._full_at[key] = full_at
        if len(self._full_at) > REMEMBERED:
            self._forget(now)
        return 0.0

    def __len__(self) -> int:
        return len(self._full_at)

    def _forget(self, now: float) -> None:
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        if len(self._full_at) > REMEMBERED * 3 // 4:
            newest = list(self._full_at.items())[-REMEMBERED // 2 :]
            self._full_at = dict(newest)


@dataclass(slots=True)
class Rates:
    """The buckets of one site: pages by caller and by link, answers by link, wrong tokens by caller,
    sign-ins by account and caller, and by caller alone, test messages by account.
    """

    caller: Bucket = field(default_factory=lambda: Bucket(60, 60))
    link: Bucket = field(default_factory=lambda: Bucket(60, 60))
    answers: Bucket = field(default_factory=lambda: Bucket(10, 10))
    sign_in: Bucket = field(default_factory=lambda: Bucket(5, 5))
    sign_in_caller: Bucket = field(default_factory=lambda: Bucket(20, 20))
    trials: Bucket = field(default_factory=lambda: Bucket(5, 5))
    wrong_tokens: Bucket = field(default_factory=lambda: Bucket(30, 30))

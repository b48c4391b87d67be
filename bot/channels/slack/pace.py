"""Slack lets people be looked up about fifty times a minute (tier 3), for each workspace and method by itself."""

from __future__ import annotations

PER_MINUTE, BURST = 50, 20
PATIENCE = 60.0
"""Who has not come back so many seconds after their turn has lost it: that message is not wanted any more."""

_EARLY = 1e-3  # calls: what rounding a moment to microseconds may cost


class Line:
    """A bucket of calls that refills, and those who found it empty: served in the order in which they first came.

    Of one process. Where several work together, Slack's own "retry after" keeps them apart (`rest`).
    """

    def __init__(self, *, per_minute: float = PER_MINUTE, burst: int = BURST) -> None:
        self._interval = 60.0 / per_minute
        self._burst = burst
        self._full_at = 0.0
        self._line: dict[str, float] = {}
        self._now = 0.0

    def wait(self, who: str, now: float) -> float:
        """0 takes a call; else the seconds until the turn of `who`, whose place is kept until then."""
        wait = self._missing(self._ahead_of(who, now), now)
        if wait:
            self._line[who] = now + wait
        else:
            self._line.pop(who, None)
            self._take(now)
        return wait

    def spare(self, now: float) -> bool:
        """Takes a call if there is one that nobody waits for."""
        if self._missing(len(self._line), now):
            return False
        self._take(now)
        return True

    def at_once(self, now: float) -> None:
        """For what cannot wait. Those in line wait longer for it."""
        self._take(now)

    def rest(self, seconds: float, now: float) -> None:
        """Slack has had enough for so long."""
        self._full_at = max(self._full_at, now + seconds + (self._burst - 1) * self._interval)

    def _missing(self, ahead: int, now: float) -> float:
        self._full_at -= max(0.0, self._now - now)  # somebody put the clock back
        self._now = now
        calls = ahead + 1 + max(0.0, self._full_at - now) / self._interval - self._burst
        return calls * self._interval if calls > _EARLY else 0.0

    def _take(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._interval

    def _ahead_of(self, who: str, now: float) -> int:
        while self._line and (first := next(iter(self._line))) != who and self._line[first] < now - PATIENCE:
            del self._line[first]
        if who not in self._line:
            return len(self._line)
        return next(place for place, name in enumerate(self._line) if name == who)

"""Whether a channel hears. What fails is tried again for ever, so somebody must be able to see that it fails."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class Hearing:
    """Of one channel, by each of its ways in: a mailbox, a listener, a poll.

    A way counts as open until it fails. Each kind of failure is logged once, until that way is open again.
    """

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._troubles: dict[str, str] = {}
        self._told: dict[str, set[str]] = {}

    def failed(
        self, way: str, why: str, *, rest: float, level: int = logging.WARNING, bug: BaseException | None = None
    ) -> None:
        """It is tried again after `rest` seconds. `why` is read by whoever runs this site; it holds no secret."""
        self._troubles[way] = why
        told = self._told.setdefault(way, set())
        if why in told:
            logger.debug("%s: %s rests for %.1f s more: %s", self.channel, way, rest, why)
        else:
            told.add(why)
            logger.log(level, "%s: %s rests for %.1f s: %s", self.channel, way, rest, why, exc_info=bug)

    def begins(self, way: str) -> None:
        """It is tried again just now; whether it works, nobody knows yet."""
        self._troubles.pop(way, None)

    def works(self, way: str) -> None:
        if self._troubles.pop(way, None) is not None:
            logger.info("%s: %s works again", self.channel, way)
        self._told.pop(way, None)

    def trouble(self) -> str:
        """Why nothing comes in by some of the ways; "" when all of them are open."""
        return "; ".join(f"{way}: {why}" for way, why in self._troubles.items())

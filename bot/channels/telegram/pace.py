"""A group takes twenty messages a minute, edits too; what comes faster would shut the bot up for everybody."""

from __future__ import annotations

from collections import deque

PER_MINUTE = 20
_MINUTE = 60.0
_KNOWN = 1000  # groups; those that were written to longest ago are forgotten


class GroupPace:
    """Of one process. Where several work together, Telegram's own "retry after" keeps them apart."""

    def __init__(self) -> None:
        self._sent: dict[str, deque[float]] = {}

    def wait(self, chat: str, now: float) -> float:
        """Seconds until this group takes a message; 0 takes one. A private chat has its own pace elsewhere."""
        if not chat.startswith("-"):
            return 0.0
        sent = self._sent.pop(chat, None) or deque(maxlen=PER_MINUTE)
        self._sent[chat] = sent  # as the newest
        if len(self._sent) > _KNOWN:
            del self._sent[next(iter(self._sent))]
        if len(sent) == PER_MINUTE and now - sent[0] < _MINUTE:
            return _MINUTE - (now - sent[0])
        sent.append(now)
        return 0.0

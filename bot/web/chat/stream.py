"""Live updates: server-sent events that a page reads with `fetch`, so that its token travels in a header."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime

from sse_starlette import EventSourceResponse, ServerSentEvent

from bot import chat_log
from bot.chat_log import Entry
from bot.web.chat import typing
from bot.web.chat.port import Chat
from core.ports import Acknowledgement

Clock = Callable[[], datetime]

HEARTBEAT_SECONDS = 15
_LIFE_SECONDS = 900.0
"""A page comes back by itself, and with it every connection and every limit on the way is fresh."""

_LOOK_SECONDS = 2.0
"""How long news from another process may take."""

_SOON = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""We are woken while a message is being sent; its row says so a moment later."""


_EXPECTING_SECONDS = 60.0
"""How long after a sign of life it is worth looking whether an answer is being prepared."""


def respond(chat: Chat, visitors: Sequence[str], after: datetime | None, clock: Clock) -> EventSourceResponse:
    headers = {"Cache-Control": "no-store, no-transform", "Content-Encoding": "identity"}
    return EventSourceResponse(_events(chat, visitors, after, clock), ping=HEARTBEAT_SECONDS, headers=headers, sep="\n")


async def _events(
    chat: Chat, visitors: Sequence[str], after: datetime | None, now: Clock
) -> AsyncIterator[ServerSentEvent]:
    """`entries` first, even when there are none: the page then knows that nothing on the way holds them back."""
    clock = asyncio.get_running_loop().time
    end = clock() + _LIFE_SECONDS
    with chat.hub.listen(*visitors) as ear:
        news = _News(chat, visitors, after)
        hint = _Hint(chat, visitors, now)
        yield _entries(await news.read(), news.cursor)
        soon: Iterator[float] = iter(())
        while not ear.closed and clock() < end:
            woken = await ear.wait(next(soon, _LOOK_SECONDS))
            if woken:
                soon = iter(_SOON)
            for note in ear.notes():
                yield _note(note)
            fresh = await news.read()
            if fresh:
                yield _entries(fresh, news.cursor)
            if await hint.has_changed(is_lively=woken or bool(fresh)):
                yield _typing(hint.is_shown)


class _News:
    """What one page has been told."""

    def __init__(self, chat: Chat, visitors: Sequence[str], after: datetime | None) -> None:
        self.cursor = after
        self._chat = chat
        self._visitors = visitors
        self._known: dict[str, str] = {}

    async def read(self) -> list[Entry]:
        entries = await chat_log.read(self._chat.name, self._visitors, since=self.cursor)
        self.cursor = chat_log.cursor(entries, self.cursor)
        fresh = [entry for entry in entries if self._known.get(entry.id) != entry.version]
        self._known.update((entry.id, entry.version) for entry in fresh)
        return fresh


class _Hint:
    """Whether the page shows that an answer is being prepared."""

    def __init__(self, chat: Chat, visitors: Sequence[str], now: Clock) -> None:
        self.is_shown = False
        self._chat, self._visitors, self._now = chat, visitors, now
        self._expected_until = 0.0

    async def has_changed(self, *, is_lively: bool) -> bool:
        """Looks again; in a quiet conversation there is nothing to look for."""
        clock = asyncio.get_running_loop().time()
        if is_lively:
            self._expected_until = clock + _EXPECTING_SECONDS
        before = self.is_shown
        is_expected = clock < self._expected_until
        self.is_shown = is_expected and await typing.is_coming(self._chat, self._visitors, self._now())
        return self.is_shown != before


def _typing(going: bool) -> ServerSentEvent:
    return ServerSentEvent(json.dumps({"typing": going}), event="typing", sep="\n")


def _note(note: Acknowledgement) -> ServerSentEvent:
    said = {"text": note.note, "alarming": note.alarming}
    return ServerSentEvent(json.dumps(said, ensure_ascii=False), event="note", sep="\n")


def _entries(entries: list[Entry], cursor: datetime | None) -> ServerSentEvent:
    data = json.dumps([entry.shape() for entry in entries], ensure_ascii=False)
    return ServerSentEvent(data, event="entries", id=cursor.isoformat() if cursor else None, sep="\n")

"""Live updates: server-sent events that a page reads with `fetch`, so that its token travels in a header."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from sse_starlette import EventSourceResponse, ServerSentEvent

from bot.web.chat import transcript
from bot.web.chat.port import Chat
from bot.web.chat.transcript import Entry
from core.ports import Acknowledgement

HEARTBEAT_SECONDS = 15
_LIFE_SECONDS = 900.0
"""A page comes back by itself, and with it every connection and every limit on the way is fresh."""

_LOOK_SECONDS = 2.0
"""How long news from another process may take."""

_SOON = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""We are woken while a message is being sent; its row says so a moment later."""


def respond(chat: Chat, visitor: str, after: datetime | None) -> EventSourceResponse:
    headers = {"Cache-Control": "no-store, no-transform", "Content-Encoding": "identity"}
    return EventSourceResponse(_events(chat, visitor, after), ping=HEARTBEAT_SECONDS, headers=headers, sep="\n")


async def _events(chat: Chat, visitor: str, after: datetime | None) -> AsyncIterator[ServerSentEvent]:
    """`entries` first, even when there are none: the page then knows that nothing on the way holds them back."""
    clock = asyncio.get_running_loop().time
    end = clock() + _LIFE_SECONDS
    with chat.hub.listen(visitor) as ear:
        news = _News(chat, visitor, after)
        yield _entries(await news.read(), news.cursor)
        soon: Iterator[float] = iter(())
        while not ear.closed and clock() < end:
            if await ear.wait(next(soon, _LOOK_SECONDS)):
                soon = iter(_SOON)
            for note in ear.notes():
                yield _note(note)
            if fresh := await news.read():
                yield _entries(fresh, news.cursor)


class _News:
    """What one page has been told."""

    def __init__(self, chat: Chat, visitor: str, after: datetime | None) -> None:
        self.cursor = after
        self._chat = chat
        self._visitor = visitor
        self._known: dict[str, str] = {}

    async def read(self) -> list[Entry]:
        entries = await transcript.read(self._chat, self._visitor, since=self.cursor)
        self.cursor = transcript.cursor(entries, self.cursor)
        fresh = [entry for entry in entries if self._known.get(entry.id) != entry.version]
        self._known.update((entry.id, entry.version) for entry in fresh)
        return fresh


def _note(note: Acknowledgement) -> ServerSentEvent:
    said = {"text": note.note, "alarming": note.alarming}
    return ServerSentEvent(json.dumps(said, ensure_ascii=False), event="note", sep="\n")


def _entries(entries: list[Entry], cursor: datetime | None) -> ServerSentEvent:
    data = json.dumps([entry.shape() for entry in entries], ensure_ascii=False)
    return ServerSentEvent(data, event="entries", id=cursor.isoformat() if cursor else None, sep="\n")

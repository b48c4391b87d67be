"""A visitor of the web chat, who does over HTTP what the page in the browser does; and a server to do it to."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

PATIENCE = 10.0


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The application on a free port of 127.0.0.1; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listening.close()


@dataclass
class Visitor:
    """`client` has the site's address as its base URL. `identity` is what a host site signed."""

    client: httpx.AsyncClient
    chat: str = "webchat"
    identity: str = ""
    locale: str = "en"
    token: str = ""
    id: str = ""
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def arrive(self) -> Visitor:
        """Open the chat: from here on the visitor has a name."""
        asked = {"identity": self.identity, "locale": self.locale}
        answer = await self.client.post(f"/chat/{self.chat}/session", json=asked, headers=self.headers)
        answer.raise_for_status()
        self.token, self.id = answer.json()["token"], answer.json()["visitor"]
        return self

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def write(self, text: str, *, id_: str = "") -> None:
        await self._post("text", {"id": id_ or secrets.token_hex(12), "text": text})

    async def tap(self, label: str) -> None:
        """Press the newest button that says so: its label, its hint, or the number or word it begins with."""
        entry, button = self._find(label)
        await self._post("tap", {"action": button["action"], "receipt": entry["receipt"], "id": secrets.token_hex(12)})

    async def look(self) -> list[dict[str, Any]]:
        """Everything there is to see, oldest first; each message as it stands."""
        answer = await self.client.get(f"/chat/{self.chat}/messages", headers=self.headers)
        answer.raise_for_status()
        self._entries = {entry["id"]: entry for entry in answer.json()["entries"]}
        return list(self._entries.values())

    def screen(self) -> str:
        """The words of the newest message of ours, as seen at the last look."""
        return next((entry["plain"] for entry in self._newest_first() if entry["from"] == "team"), "")

    def texts(self) -> list[str]:
        return [entry["plain"] for entry in self._entries.values()]

    def buttons(self) -> list[str]:
        """The labels below the message that was drawn last."""
        newest = max(self._theirs(), key=lambda entry: entry["changed"], default={})
        return [button["label"] for row in newest.get("rows", ()) for button in row]

    async def until(self, wanted: str | Callable[[Visitor], bool], *, seconds: float = PATIENCE) -> Visitor:
        """Look again and again until it is there: words on any message, or what a function finds."""
        limit = asyncio.get_running_loop().time() + seconds
        while True:
            await self.look()
            if wanted(self) if callable(wanted) else any(wanted in text for text in self.texts()):
                return self
            if asyncio.get_running_loop().time() > limit:
                raise AssertionError(f"never saw {wanted!r}; the screen says {self.texts()}")
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def listening(self, after: str = "") -> AsyncIterator[AsyncIterator[tuple[str, Any, str]]]:
        """The live stream: (event, data, id), one after another. Needs a real server."""
        headers = {**self.headers, **({"Last-Event-ID": after} if after else {})}
        async with self.client.stream("GET", f"/chat/{self.chat}/stream", headers=headers) as answer:
            answer.raise_for_status()
            yield _events(answer)

    def _theirs(self) -> list[dict[str, Any]]:
        return [entry for entry in self._entries.values() if entry["from"] == "team"]

    def _newest_first(self) -> list[dict[str, Any]]:
        return list(reversed(self._entries.values()))

    def _find(self, label: str) -> tuple[dict[str, Any], dict[str, Any]]:
        for entry in sorted(self._theirs(), key=lambda one: one["changed"], reverse=True):
            pressable = [button for row in entry.get("rows", ()) for button in row if button["action"]]
            for fits in (_says, _begins):
                for button in pressable:
                    if fits(button, label):
                        return entry, button
        raise AssertionError(f"there is no button {label!r}; the screen says {self.texts()}")

    async def _post(self, path: str, body: dict[str, str]) -> None:
        answer = await self.client.post(f"/chat/{self.chat}/{path}", json=body, headers=self.headers)
        answer.raise_for_status()
        assert answer.status_code == 202


def _says(button: dict[str, Any], label: str) -> bool:
    return label in (button["label"], button["hint"])


def _begins(button: dict[str, Any], label: str) -> bool:
    return button["label"].startswith(label) or button["hint"].startswith(label)


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any, str]]:
    name, data, id_ = "", "", ""
    async for line in answer.aiter_lines():
        field_, _, value = line.partition(": ")
        if field_ == "event":
            name = value
        elif field_ == "data":
            data += value
        elif field_ == "id":
            id_ = value
        elif not line and name:
            yield name, json.loads(data), id_
            name, data, id_ = "", "", ""

"""What these pages need of a channel of the kind `webchat`. They know it by its shape, not by its class."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, cast

from starlette.exceptions import HTTPException

from bot.web.site import Site
from core.ports import Acknowledgement, Channel, Person, RawArrival


class Ear(Protocol):
    """One open page, listening for news."""

    closed: bool

    async def wait(self, seconds: float) -> bool: ...

    def notes(self) -> list[Acknowledgement]: ...


class Hub(Protocol):
    def listen(self, *visitors: str) -> AbstractContextManager[Ear]: ...

    def listeners(self, visitor: str) -> int: ...

    def is_typing(self, visitor: str) -> bool: ...

    def nudge(self, visitor: str) -> None: ...

    def close(self) -> None: ...


class Chat(Protocol):
    """A web chat as configured. A visitor is a Person whose address is the visitor's id."""

    name: str
    title: str
    accent: str
    allowed_origins: tuple[str, ...]

    @property
    def hub(self) -> Hub: ...

    def identify(self, token: str, now: datetime) -> Person | None: ...

    def text_arrival(self, visitor: Person, external_id: str, text: str) -> RawArrival: ...

    def tap_arrival(self, visitor: Person, external_id: str, action: str, receipt: str) -> RawArrival: ...


def every(channels: Mapping[str, Channel]) -> list[Chat]:
    return [cast("Chat", channel) for channel in channels.values() if channel.kind == "webchat"]


def find(site: Site, name: str) -> Chat:
    """The web chat of that name; 404 when there is none."""
    channel = site.channels.get(name)
    if channel is None or channel.kind != "webchat":
        raise HTTPException(404, "There is no such chat.")
    return cast("Chat", channel)

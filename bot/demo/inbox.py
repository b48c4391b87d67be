"""The staff inbox of the demonstration: a channel like every other, whose network is a column of the browser page.

It does for staff what Slack does: alerts with buttons, forms behind them, a thread under each. What was sent stands on
the delivery's row and is drawn from there; what is pressed becomes an arrival first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from bot.channels import KINDS, Kind
from bot.channels.settings import ChannelSettings
from core.ports import (
    Accepted,
    Acknowledgement,
    Dialect,
    File,
    Finding,
    Heard,
    Limits,
    Message,
    Person,
    RawArrival,
    Receipt,
    Refused,
    Submitted,
    Take,
    Tapped,
    Undeliverable,
    Wrote,
)

KIND = "inbox"


class InboxSettings(ChannelSettings):
    kind: Literal["inbox"] = "inbox"


class InboxChannel:
    """A target is a team's room ("orders"); the address of a person is the key of a member of staff."""

    kind = KIND
    dialect = Dialect.HTML
    has_buttons = True
    has_edits = True
    has_forms = True
    has_threads = True
    has_files = False

    def __init__(self, name: str, settings: InboxSettings, *, base_url: str) -> None:
        self.name = name
        self.limits = Limits(per_second=settings.messages_per_second or 50, per_target_seconds=0)
        self._answers: dict[str, asyncio.Future[Acknowledgement]] = {}

    async def open(self) -> None:
        """Nothing: there is no network."""

    async def close(self) -> None:
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()

    async def known_as(self, target: str) -> str:
        return ""

    async def send(self, target: str, message: Message) -> Receipt:
        return Receipt(f"{target}:{message.key}")

    async def edit(self, target: str, receipt: Receipt, message: Message) -> Receipt:
        return receipt

    async def fetch(self, file: File, *, most: int) -> bytes:
        raise Undeliverable("nobody sends files here")

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Accepted:
        raise Refused("The inbox has no hook.", 404)

    async def read(self, body: bytes) -> Sequence[Heard]:
        return [_heard(json.loads(body))]

    async def acknowledge(self, heard: Heard, answer: Acknowledgement) -> None:
        waiting = self._answers.pop(heard.handle, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def listen(self, take: Take) -> None:
        """Nothing: staff come in by the web server."""

    async def deaf(self) -> str:
        return ""

    async def check(self) -> Sequence[Finding]:
        return [Finding.good("the inbox is a part of the demonstration's page")]

    # What the demonstration's page needs of it.

    def answer_to(self, arrival: RawArrival) -> asyncio.Future[Acknowledgement]:
        """What will be said to whoever did this; to be asked for before the arrival is handed in."""
        answer: asyncio.Future[Acknowledgement] = asyncio.get_running_loop().create_future()
        self._answers[arrival.external_id] = answer
        return answer

    def forget(self, arrival: RawArrival) -> None:
        """Nobody waits for that answer any more."""
        self._answers.pop(arrival.external_id, None)


def arrival(external_id: str, staff: str, target: str, **what: Any) -> RawArrival:
    """A press (`action`, `receipt`), a form (`action`, `values`), or words in a thread (`text`, `thread`)."""
    body = {"id": external_id, "staff": staff, "target": target, **what}
    return RawArrival(external_id, json.dumps(body, ensure_ascii=False).encode(), chat=target)


@contextlib.contextmanager
def known() -> Iterator[None]:
    """Meanwhile `[channels.…] kind = "inbox"` is a kind in this process."""
    KINDS[KIND] = Kind("bot.demo.inbox:InboxSettings", "bot.demo.inbox:InboxChannel")
    try:
        yield
    finally:
        KINDS.pop(KIND, None)


def _heard(said: dict[str, Any]) -> Heard:
    try:
        person, target, handle = Person(said["staff"]), said["target"], said["id"]
        if "text" in said:
            return Wrote(person, target, handle, private=False, text=said["text"], thread=said["thread"])
        if "values" in said:
            values = {name: tuple(chosen) for name, chosen in said["values"].items()}
            return Submitted(person, target, handle, private=False, action=said["action"], values=values)
        return Tapped(person, target, handle, said.get("receipt", ""), private=False, action=said["action"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not something that the inbox stored") from error

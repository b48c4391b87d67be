"""The stored form of what a visitor did, and what it means."""

from __future__ import annotations

import re

from bot import chat_form
from core.ports import Commanded, Heard, Person, RawArrival, Tapped, Wrote

_COMMAND = re.compile(r"/([A-Za-z][A-Za-z0-9_]{0,31})(?:\s+(.*))?", re.DOTALL)


def text_arrival(visitor: Person, external_id: str, text: str) -> RawArrival:
    return _arrival(visitor, external_id, {"text": text})


def tap_arrival(visitor: Person, external_id: str, action: str, receipt: str) -> RawArrival:
    return _arrival(visitor, external_id, {"action": action, "receipt": receipt})


def heard(body: bytes) -> Heard:
    """Raises ValueError for what we did not write ourselves."""
    fields = chat_form.read(body)
    person = Person(fields["visitor"], fields.get("name", ""), fields.get("locale", ""))
    here = person.address
    if "action" in fields:
        return Tapped(person, here, here, receipt=fields.get("receipt", ""), action=fields["action"])
    command = _COMMAND.fullmatch(fields["text"])
    if command:
        name, argument = command.group(1).lower(), (command.group(2) or "").strip()
        return Commanded(person, here, here, name=name, argument=argument)
    return Wrote(person, here, here, text=fields["text"])


def _arrival(visitor: Person, external_id: str, what: dict[str, str]) -> RawArrival:
    who = {"visitor": visitor.address, "name": visitor.name, "locale": visitor.locale}
    body = chat_form.written({**who, **what})
    return RawArrival(f"{visitor.address}:{external_id}", body, chat=visitor.address)

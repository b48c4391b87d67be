"""What is looked at before an update is kept: is it from Telegram, is it an update at all. No library, no model."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from core.ports import RawArrival, Refused

SECRET_HEADER = "x-telegram-bot-api-secret-token"
ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"]

_LARGEST_BODY = 1 << 20
_DEEPEST = 64
_LARGEST_ID = 1 << 63


def verify(headers: Mapping[str, str], secret: str) -> None:
    """Compared as bytes and in constant time: a header may hold anything, and says nothing by how long it takes."""
    given = headers.get(SECRET_HEADER, "").encode(errors="replace")
    if not hmac.compare_digest(given, secret.encode()):
        raise Refused("the secret token is missing or wrong", 401)


def arrival(body: bytes) -> RawArrival:
    """One update as it came; raises Refused for what cannot be one."""
    if len(body) > _LARGEST_BODY:
        raise Refused("larger than any update")
    update = _parsed(body)
    update_id = update.get("update_id")
    if type(update_id) is not int or not 0 <= update_id < _LARGEST_ID:
        raise Refused("an update has an update_id")
    return RawArrival(external_id=str(update_id), body=body, chat=chat_of(update))


def chat_of(update: Mapping[str, Any]) -> str:
    """The chat that an update belongs to, so that its updates stay in order; "" when it cannot be told."""
    for event in update.values():
        if not isinstance(event, dict):
            continue
        for place in (event.get("chat"), _dict(event.get("message")).get("chat"), event.get("from")):
            chat_id = _dict(place).get("id")
            if type(chat_id) is int and abs(chat_id) < _LARGEST_ID:
                return str(chat_id)
    return ""


def sender(body: bytes) -> tuple[str, str]:
    """Whom an update that was not understood says that it is from: name and id; each "" where it does not say."""
    try:
        update = _parsed(body)
    except Refused:
        return "", ""
    who = next(filter(None, (_dict(_dict(event).get("from")) for event in update.values())), {})
    names = [part for name in ("first_name", "last_name") if isinstance(part := who.get(name), str)]
    username, user_id = who.get("username"), who.get("id")
    called = " ".join(names) or (f"@{username}" if isinstance(username, str) else "")
    return called, str(user_id) if type(user_id) is int and abs(user_id) < _LARGEST_ID else ""


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        update = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("not readable as JSON") from None
    if not isinstance(update, dict) or _too_deep(update):
        raise Refused("not an update")
    return update


def _too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [item for holder in level for item in _items(holder)]
        if not level:
            return False
    return True


def _items(value: object) -> list[object]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in inner if isinstance(item, dict | list)]


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

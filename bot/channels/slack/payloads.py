"""Bytes from Slack, JSON or form, and what they are called; nothing is understood yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from core.ports import RawArrival

Payload = Mapping[str, Any]

ID_LIMIT = 180


def decode(body: bytes) -> dict[str, Any]:
    """The payload in a hook call's body, JSON or form. Raises ValueError for everything else."""
    try:
        said = body.decode("utf-8")
        match json.loads(said) if said.lstrip().startswith("{") else _form(said):
            case dict() as payload:
                return payload
    except RecursionError:
        raise ValueError("nested too deeply") from None
    raise ValueError("not an object")


def _form(said: str) -> Any:
    fields = dict(parse_qsl(said, keep_blank_values=True, max_num_fields=100, errors="strict"))
    if "command" in fields or "ssl_check" in fields:
        return fields
    if "payload" not in fields:
        raise ValueError("neither JSON nor a form of Slack's")
    return json.loads(fields["payload"])


def arrival(payload: Payload, body: bytes) -> RawArrival:
    """What is stored first. One person's doings share a `chat`: a form is read after the tap that opened it."""
    return RawArrival(_external_id(payload, body), body, _actor(payload))


def _external_id(payload: Payload, body: bytes) -> str:
    """Slack's own name for what happened: the same on a repeat, another for another deed."""
    parts = _identity(payload)
    name = ":".join(parts)
    if all(parts) and name.isascii() and name.isprintable() and len(name) <= ID_LIMIT:
        return name
    return "odd:" + hashlib.sha256(body).hexdigest()


def _identity(payload: Payload) -> tuple[str, ...]:
    if "command" in payload:
        return ("command", text(payload, "trigger_id"))
    match text(payload, "type"):
        case "event_callback":
            return _call(payload) or ("event", text(payload, "event_id"))
        case "block_actions":
            action = first(payload, "actions")
            who = text(payload, "team", "id") or text(payload, "user", "team_id"), text(payload, "user", "id")
            return ("tap", *who, text(action, "action_ts"), text(action, "action_id"))
        case "view_submission":
            return ("form", text(payload, "view", "id"), text(payload, "view", "hash"))
    return ("",)


def _call(payload: Payload) -> tuple[str, ...]:
    """Slack tells of a message that calls us twice, as a message and as a mention, with two ids: it comes once."""
    event = payload.get("event")
    place, ts = text(event, "channel"), text(event, "ts")
    is_call = text(event, "type") == "app_mention" or (text(event, "type") == "message" and bool(us_in(payload)))
    return ("call", text(payload, "team_id"), place, ts) if is_call and not place.startswith("D") else ()


def us_in(payload: Payload) -> str:
    """How we are called by name in a message ("<@U0BOT>"); "" when we are not."""
    authorised = first(payload, "authorizations")
    name = text(authorised, "user_id") if authorised.get("is_bot") is True else ""
    return f"<@{name}>" if name and f"<@{name}>" in text(payload, "event", "text") else ""


def _actor(payload: Payload) -> str:
    who = text(payload, "user_id") or text(payload, "user", "id") or text(payload, "event", "user")
    return who if who.isascii() and len(who) <= ID_LIMIT else ""


def sender(body: bytes) -> tuple[str, str]:
    """Whom a payload that was not understood says that it is from: name and user id; each "" where it does not say."""
    try:
        payload = decode(body)
    except ValueError:
        return "", ""
    event = payload.get("event")
    named = (payload.get("user"), event.get("user_profile") if isinstance(event, Mapping) else None)
    names = [text(one, name) for one in named for name in ("real_name", "display_name", "name", "username")]
    return next(filter(None, names), "") or text(payload, "user_name"), _actor(payload)


def must(found: Payload, name: str) -> str:
    if value := text(found, name):
        return value
    raise ValueError(f"without {name}")


def text(found: object, *path: str) -> str:
    """The string at `path`; "" when there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def first(found: Payload, name: str) -> Payload:
    items = found.get(name)
    first = items[0] if isinstance(items, list) and items else {}
    return first if isinstance(first, Mapping) else {}

"""The stored form of what a visitor of the web chat did: an object of texts, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping


def written(fields: Mapping[str, str]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def read(body: bytes) -> dict[str, str]:
    """Raises ValueError for what the web chat did not store."""
    try:
        fields = json.loads(body)
    except RecursionError:
        raise ValueError("not something that the web chat stored: nested too deeply") from None
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("not something that the web chat stored")
    if "visitor" not in fields or not {"text", "action"} & fields.keys():
        raise ValueError("not something that the web chat stored: neither a text nor an action of a visitor")
    return fields


def typed(body: bytes) -> str | None:
    """What was typed; None when it was a tap."""
    try:
        return read(body).get("text")
    except ValueError:
        return None

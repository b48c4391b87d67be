"""Reads what strangers send: strict JSON and form fields, refused rather than guessed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from bot.web.errors import Malformed
from core.text import keepable

_DEEPEST = 16
_DIGITS = 19
_FIELDS = 60
_LARGEST_FIELD = 1024 * 1024


def json_object(body: bytes) -> dict[str, object]:
    """The object in a JSON body. Raises Malformed for anything that two readers could read differently.

    No NaN, no infinity, no number of more than 19 digits, no name twice in one object, nothing deeper than 16 levels.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            parse_int=_int,
            parse_float=_float,
            object_pairs_hook=_names_once,
        )
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The body is not the JSON we can read: {_why(error)}.") from error
    if not isinstance(value, dict):
        raise Malformed("The body must be a JSON object.")
    _check_depth(value)
    return value


async def form(request: Request, *, most: int = _FIELDS) -> dict[str, list[str]]:
    """The fields of an HTML form, each with its values; what is not a form is empty. Raises Malformed for too many.

    What no store can keep is left out, and so are files.
    """
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return (await _with_files(request, most)).fields
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise Malformed("The form has too many fields.") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(keepable(value))
    return fields


async def file(request: Request, name: str, *, most: int = _FIELDS) -> bytes:
    """The file in this field of a form, byte by byte as it was sent; nothing where there is none. Raises Malformed."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return b""
    return (await _with_files(request, most)).files.get(name, b"")


@dataclass(slots=True)
class _Sent:
    """A form with files, taken apart."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


async def _with_files(request: Request, most: int) -> _Sent:
    """Read once, because who checks its token and who uses it both ask for it, and a file is open only meanwhile."""
    read: _Sent | None = getattr(request.state, "sent", None)
    if read is not None:
        return read
    found = _Sent()
    try:
        async with request.form(max_files=1, max_fields=most, max_part_size=_LARGEST_FIELD) as sent:
            for name, value in sent.multi_items():
                if isinstance(value, str):
                    found.fields.setdefault(name, []).append(keepable(value))
                else:
                    found.files[name] = await value.read()
    except (HTTPException, MultiPartException) as error:
        raise Malformed("The form cannot be read.") from error
    request.state.sent = found
    return found


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (line {error.lineno}, column {error.colno})"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _int(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number has more than {_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _names_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise Malformed("The body is nested too deeply.")

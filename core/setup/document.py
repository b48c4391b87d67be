"""`setup.toml` as text: reading it with every mistake named by its place, and writing one that people like to edit."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.items import AoT, InlineTable, Item, Table

from core.setting_problems import Problem, explain
from core.setup.models import Part, Setup, SetupError

_HEAD = """\
What is set up in Afterword. Change it and run: afterword apply setup.toml
What you delete here stays as it is in Afterword: a file says only what it mentions."""


def parse(text: str) -> Setup:
    """Read the text of a file. Raises SetupError with everything that is wrong."""
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SetupError([Problem((), f"it is not TOML: {error}")]) from None
    try:
        # As JSON, because strict reading takes lists and names of choices there, and still no "2" for a 2.
        setup = Setup.model_validate_json(json.dumps(written, default=str), strict=True)
    except ValidationError as error:
        raise SetupError(explain(error, Setup)) from None
    if twice := list(_said_twice(setup)):
        raise SetupError(twice)
    return setup


def to_toml(setup: Setup) -> str:
    """The text of a file that sets up the same."""
    document = tomlkit.document()
    for line in _HEAD.split("\n"):
        document.add(tomlkit.comment(line))
    for name in Setup.model_fields:
        parts: tuple[Part, ...] = getattr(setup, name)
        if parts:
            document.add(name, _tables(parts))
    return tomlkit.dumps(document)


def _said_twice(setup: Setup) -> Iterable[Problem]:
    for name in Setup.model_fields:
        parts = getattr(setup, name)
        counted = Counter(known_as(part) for part in parts)
        for index, part in enumerate(parts):
            if counted[known_as(part)] > 1:
                yield Problem((name, index), f"{known_as(part)} stands here more than once")


def known_as(part: Part) -> str:
    """What people call it, unique among its kind."""
    return str(getattr(part, "known_as", None) or getattr(part, "key", ""))


def _tables(parts: Iterable[Part]) -> AoT:
    tables = tomlkit.aot()
    for part in parts:
        tables.append(_table(part))
    return tables


def _table(part: Part) -> Table:
    table = tomlkit.table()
    for name, value in sorted(part.model_dump(mode="json").items(), key=lambda item: item[0] not in _FIRST):
        if value is not None and not _goes_without_saying(part, name, value):
            table.add(name, _item(value))
    return table


_FIRST = ("key", "kind")


def _goes_without_saying(part: BaseModel, name: str, value: object) -> bool:
    default = type(part).model_fields[name].default
    return value in ("", [], {}) and not default


def _item(value: Any) -> Item:
    if isinstance(value, dict):
        return _inline(value)
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(_item(one) for one in value)
        array.multiline(any(isinstance(one, dict) for one in value))
        return array
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    item: Item = tomlkit.item(value)
    return item


def _inline(values: dict[str, Any]) -> InlineTable:
    table = tomlkit.inline_table()
    table.update({name: _item(value) for name, value in values.items() if value not in ({}, "", None)})
    return table

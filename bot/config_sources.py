"""Where settings come from beside `config.toml`: the environment, and files that hold one secret each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from core.setting_problems import Place, Problem

PREFIX = "AFTERWORD_"
SECTIONS = ("SITE", "STORE", "CHANNELS", "LOGS")
SECRET_LENGTH = 32
_FILE = "_file"


@dataclass(slots=True)
class Named:
    """What the environment says, as nested tables, and which variable said it."""

    settings: dict[str, Any] = field(default_factory=dict)
    origins: dict[Place, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def from_environment(environ: Mapping[str, str], channels: Sequence[str]) -> Named:
    """Every `AFTERWORD_SECTION__…` variable. `channels` are the names in the file, which a variable can only hint at.

    Other variables that begin with AFTERWORD_ are not settings, unless they look like one with too few underscores.
    """
    named = Named()
    spellings = {_spelled(name): name for name in channels}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX):
            continue
        parts = variable.removeprefix(PREFIX).split("__")
        if len(parts) == 1:
            named.problems.extend(_near_miss(variable, parts[0]))
        else:
            _put(named, _place(parts, spellings), value, variable)
    return named


def merged(
    model: type[BaseModel], written: Mapping[str, Any], named: Mapping[str, Any], place: Place, problems: list[Problem]
) -> dict[str, Any]:
    """The environment over the file, with every `…_file` replaced by what that file holds."""
    tables = (_with_files(model, table, place, problems) for table in (written, named))
    result: dict[str, Any] = {}
    for table in tables:
        result = _over(result, table)
    return result


def _spelled(channel: str) -> str:
    return channel.upper().replace("-", "_")


def _near_miss(variable: str, rest: str) -> list[Problem]:
    section, underscore, setting = rest.partition("_")
    if section not in SECTIONS or not underscore:
        return []
    return [Problem((variable,), f"unknown setting; did you mean {PREFIX}{section}__{setting}?")]


def _place(parts: list[str], spellings: Mapping[str, str]) -> Place:
    lowered = [part.lower() for part in parts]
    if lowered[0] == "channels":
        lowered[1] = spellings.get(parts[1].upper(), lowered[1].replace("_", "-"))
    return tuple(lowered)


def _put(named: Named, place: Place, value: str, variable: str) -> None:
    table = named.settings
    for part in place[:-1]:
        table = table.setdefault(str(part), {})
        if not isinstance(table, dict):
            named.problems.append(Problem((variable,), "names a table and a single setting at once"))
            return
    table[str(place[-1])] = _read(value)
    named.origins[place] = variable


def _read(value: str) -> object:
    """A list or a table is written as JSON; everything else is text, and its setting knows how to read it."""
    if value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _with_files(
    model: type[BaseModel], table: Mapping[str, Any], place: Place, problems: list[Problem]
) -> dict[str, Any]:
    secrets = {field.alias or name for name, field in model.model_fields.items() if _is_secret(field.annotation)}
    result: dict[str, Any] = {}
    for name, value in table.items():
        setting = name.removesuffix(_FILE)
        if setting == name or setting not in secrets:
            result[name] = value
        elif setting in table:
            problems.append(Problem((*place, setting), f"is set twice, here and as {name}; leave one out"))
        else:
            result[setting] = _content(value, (*place, name), problems)
    return {name: value for name, value in result.items() if value is not None}


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _content(value: object, place: Place, problems: list[Problem]) -> str | None:
    """The secret in a file, without the newline that editors leave."""
    try:
        text = Path(str(value)).read_text(encoding="utf-8").strip()
        what = "is an empty file"
    except OSError as error:
        text, what = "", f"cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        text, what = "", "is not UTF-8 text"
    if not text:
        problems.append(Problem(place, f"{value} {what}"))
    return text or None


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for name, value in above.items():
        old = both.get(name)
        both[name] = _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both

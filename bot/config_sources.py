"""Where settings come from: `config.toml`, and above it the environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, TomlConfigSettingsSource

from core.setting_problems import Place, Problem

PREFIX = "AFTERWORD_"
FILE = "_file"


class File(TomlConfigSettingsSource):
    """`config.toml`."""

    def __init__(self, settings: type[BaseSettings], path: Path) -> None:
        self._path = path
        self.problems: list[Problem] = []
        super().__init__(settings, path)

    def _read_files(self, files: object, deep_merge: bool = False) -> dict[str, Any]:
        """To the library a file that is not there is an empty one, and so is a pipe; here it is an error, or read."""
        return _with_contents(self._read_file(self._path), (), self.problems)

    @property
    def channels(self) -> list[str]:
        tables = self.toml_data.get("channels")
        return list(tables) if isinstance(tables, dict) else []


class Environment(EnvSettingsSource):
    """Every `AFTERWORD_SECTION__…` variable. `channels` are the names in the file, which a variable can only hint at.

    Other variables that begin with AFTERWORD_ are not settings, unless they look like one with too few underscores.
    """

    def __init__(self, settings: type[BaseSettings], environ: Mapping[str, str], channels: Collection[str]) -> None:
        super().__init__(settings, env_prefix=PREFIX, env_nested_delimiter="__")
        ours = [name.removeprefix(PREFIX) for name in sorted(environ) if name.startswith(PREFIX)]
        spellings = {name.upper().replace("-", "_"): name for name in channels}
        self.origins = {_place(rest.split("__"), spellings): PREFIX + rest for rest in ours if "__" in rest}
        said = {place: environ[name] for place, name in self.origins.items()}
        self.env_vars = {PREFIX.lower() + "__".join(map(str, place)): value for place, value in said.items()}
        self.problems = _near_misses(ours, settings.model_fields)
        self.problems += [
            Problem((self.origins[place],), "names a table and a single setting at once") for place in _clashes(said)
        ]

    def __call__(self) -> dict[str, Any]:
        return _with_contents(super().__call__(), (), self.problems)

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: str) -> object:
        """A list or a table is written as JSON; everything else is text, and its setting knows how to read it."""
        try:
            return super().decode_complex_value(field_name, field, value) if value[:1] in {"[", "{"} else value
        except ValueError:
            return value


def _place(parts: list[str], spellings: Mapping[str, str]) -> Place:
    lowered = [part.lower() for part in parts]
    if lowered[0] == "channels":
        lowered[1] = spellings.get(parts[1].upper(), lowered[1].replace("_", "-"))
    return tuple(lowered)


def _near_misses(ours: list[str], sections: Collection[str]) -> list[Problem]:
    split = [rest.partition("_") for rest in ours if "__" not in rest]
    return [
        Problem((f"{PREFIX}{section}_{setting}",), f"unknown setting; did you mean {PREFIX}{section}__{setting}?")
        for section, underscore, setting in split
        if section.lower() in sections and section.isupper() and underscore
    ]


def _clashes(said: Mapping[Place, str]) -> list[Place]:
    """The places inside something that is said to be a text."""
    texts = {place for place, value in said.items() if not value.startswith("{")}
    return [place for place in said if any(place[:length] in texts for length in range(2, len(place)))]


def _with_contents(table: Mapping[str, Any], place: Place, problems: list[Problem]) -> dict[str, Any]:
    """Every `token_file` becomes `token`: what that file holds, without the newline that editors leave."""
    result: dict[str, Any] = {}
    for name, value in table.items():
        setting = name.removesuffix(FILE)
        if isinstance(value, dict):
            result[name] = _with_contents(value, (*place, name), problems)
        elif setting == name:
            result[name] = value
        elif setting in table:
            problems.append(Problem((*place, setting), f"is set twice, here and as {name}; leave one out"))
        elif text := _content(value, (*place, name), problems):
            result[setting] = text
    return result


def _content(path: object, place: Place, problems: list[Problem]) -> str:
    try:
        text = Path(str(path)).read_text(encoding="utf-8").strip()
        what = "is an empty file"
    except OSError as error:
        text, what = "", f"cannot be read ({error.strerror})"
    except ValueError:
        text, what = "", "is not UTF-8 text"
    if not text:
        problems.append(Problem(place, f"{path} {what}"))
    return text

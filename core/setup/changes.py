"""What a set-up would change, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.text import shorten

Values = dict[str, Any]
"""One row as the file would say it: plain values by the name of the setting."""

_ENOUGH = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference: a new row, or one field of an old one."""

    action: Literal["add", "change"]
    kind: str  # "team", "staff", "survey", "rule", "template"
    key: str
    field: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.action == "add":
            return f"+ {self.kind} {self.key}" + (f": {self.after}" if self.after else "")
        return f"~ {self.kind} {self.key}: {self.field}: {self.before} → {self.after}"


def between(kind: str, key: str, old: Values | None, mentioned: Mapping[str, Any]) -> Iterator[Change]:
    """What would change of one row. `old` is None when there is no such row yet."""
    if old is None:
        yield Change("add", kind, key, after=", ".join(f"{name} {shown(value)}" for name, value in mentioned.items()))
        return
    for name, value in mentioned.items():
        if value is not None and old.get(name) != value:
            yield from _changed(kind, key, name, old.get(name), value)


def _changed(kind: str, key: str, name: str, old: object, new: object) -> Iterator[Change]:
    """One field; of conditions, which are many, those that are not as they were."""
    if isinstance(old, dict) and isinstance(new, dict) and any(isinstance(one, list | dict) for one in new.values()):
        for one in {**old, **new}:
            if old.get(one) != new.get(one):
                yield Change("change", kind, key, f"{name}.{one}", shown(old.get(one)), shown(new.get(one)))
        return
    yield Change("change", kind, key, name, shown(old), shown(new))


def shown(value: object) -> str:
    """A value as a person would say it, on one line and not too long."""
    if value is None or value == "" or value == {} or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return shorten(" ".join(shown(one) for one in value.values() if one not in ("", {}, [])) or "nothing", _ENOUGH)
    if isinstance(value, list):
        return shorten(", ".join(shown(one) for one in value), _ENOUGH)
    return shorten(" ".join(str(value).split()), _ENOUGH)

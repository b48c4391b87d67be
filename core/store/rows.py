"""Rows and models. Tortoise decides for every value of every row anew what to make of it; here that is decided once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice
from typing import Any, TypeVar, cast

from tortoise import fields
from tortoise.fields.base import Field
from tortoise.models import Model

M = TypeVar("M", bound=Model)
Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One model of a row: its columns (attribute, place, what makes a value of it), and whose relation it is."""

    model: type[Model]
    columns: tuple[tuple[str, int, Read | None], ...]
    key: int
    owner: int = -1
    relation: str = ""

    def made(self, row: Sequence[Any]) -> Model | None:
        if row[self.key] is None:
            return None  # an outer join found nobody
        one, held = _blank(self.model, saved=True)
        for name, place, read in self.columns:
            value = row[place]
            held[name] = value if read is None or value is None else read(value)
        return one


def parts_of(model: type[Model], columns: Sequence[str], related: Sequence[Any] | None) -> tuple[Part, ...]:
    """How rows with such columns become models; `related` is what Tortoise noted for `select_related`."""
    places = {name: place for place, name in enumerate(columns)}  # Tortoise selects some columns twice
    if not related:
        return (_part(model, list(places.items())),)
    left = iter(places.items())
    _, count, _, _, path = related[0]
    found, known = [_part(model, list(islice(left, count)))], {tuple(path): 0}
    for other, count, _, _, full_path in related[1:]:
        *owner, relation = full_path
        known[tuple(full_path)] = len(found)
        own = [(name.split(".", 1)[1], place) for name, place in islice(left, count)]
        found.append(_part(other, own, known[tuple(owner)], f"_{relation}"))
    return tuple(found)


def models(parts: Sequence[Part], rows: Iterable[Sequence[Any]]) -> list[Any]:
    """The rows' own models, with those that are related to them."""
    first, *others = parts
    found = []
    for row in rows:
        made = [first.made(row)]
        for part in others:
            one, owner = part.made(row), made[part.owner]
            if owner is not None:
                vars(owner)[part.relation] = one
            made.append(one)
        found.append(made[0])
    return found


def unsaved(model: type[M], values: Mapping[str, Any]) -> M:
    """`model(**values)`; the values are taken as they are, and must be what the fields hold."""
    one, held = _blank(model, saved=False)
    kept, made = _defaults(model)
    held.update(kept)
    for name in made.keys() - values.keys():
        held[name] = made[name]()
    for name, value in values.items():
        if name in model._meta.fk_fields:
            held[f"_{name}"] = value
            held[f"{name}_id"] = value.pk if value is not None else None
        else:
            held[name] = value
    return one


def _blank(model: type[M], *, saved: bool) -> tuple[M, dict[str, Any]]:
    """A model without values, and where they go."""
    one = model.__new__(model)
    held = vars(one)
    own_key = model._meta.db_pk_column not in model._meta.generated_db_fields
    held.update(_partial=False, _saved_in_db=saved, _custom_generated_pk=own_key and saved, _await_when_save={})
    return one, held


def _part(model: type[Model], columns: Sequence[tuple[str, int]], owner: int = -1, relation: str = "") -> Part:
    readers = _readers(model)
    attributes = tuple((readers[name][0], place, readers[name][1]) for name, place in columns)
    return Part(model, attributes, dict(columns)[model._meta.db_pk_column], owner, relation)


def _readers(model: type[Model]) -> dict[str, tuple[str, Read | None]]:
    """Column → attribute, and what makes a Python value of a stored one."""
    meta = model._meta
    found: dict[str, tuple[str, Read | None]] = {column: (name, None) for column, name, _ in meta.db_native_fields}
    found |= {column: (name, cast(Read, field.field_type)) for column, name, field in meta.db_default_fields}
    return found | {column: (name, _reader(field)) for column, name, field in meta.db_complex_fields}


def _reader(field: Field[Any]) -> Read:
    return partial(_moment, field) if isinstance(field, fields.DatetimeField) else field.to_python_value


def _moment(field: Field[Any], stored: Any) -> Any:
    """Nearly always text that we wrote ourselves, in UTC; Tortoise's own reader takes fifteen times as long."""
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if isinstance(moment, datetime) and moment.tzinfo is UTC else field.to_python_value(stored)


@cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """What fields hold that nothing was said about: the same for all, or made for each."""
    kept: dict[str, Any] = {}
    made: dict[str, Callable[[], Any]] = {}
    for name in model._meta.fields_db_projection:
        default = model._meta.fields_map[name].default
        if callable(default):
            made[name] = default
        elif default is None or isinstance(default, (str, int, float)):
            kept[name] = default
        else:
            made[name] = partial(deepcopy, default)
    return kept, made

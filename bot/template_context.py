"""What a template is given: plain texts, numbers, dicts and lists, and only what its kind declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.placeholders import KINDS, Field, Placeholder, Scalar

LONGEST_TEXT = 5000
LONGEST_LIST = 100


def samples(kind: str) -> dict[str, object]:
    """A context in which every placeholder of the kind has its sample."""
    return {placeholder.name: _sample(placeholder) for placeholder in KINDS[kind].placeholders}


def project(kind: str, context: Mapping[str, object]) -> dict[str, object]:
    """Only what the kind declares, as plain texts, numbers, dicts and lists; what was left out is blank.

    Raises ValueError for something needed that is missing, and TypeError for a value that is none of these: a template
    never gets hold of an object.
    """
    return {
        placeholder.name: _projected(placeholder, context.get(placeholder.name), f"{kind}: {placeholder.name}")
        for placeholder in KINDS[kind].placeholders
    }


def _sample(placeholder: Placeholder) -> object:
    if placeholder.many:
        return list(placeholder.samples)
    if placeholder.fields:
        return {field.name: field.sample for field in placeholder.fields}
    return placeholder.sample


def _projected(placeholder: Placeholder, value: object, where: str) -> object:
    if placeholder.many:
        return [_item(placeholder, item, where) for item in _listed(value, where)]
    if placeholder.fields:
        return _thing(placeholder.fields, value, where)
    if placeholder.needed and value in (None, ""):
        raise ValueError(f"{where} is needed")
    return type(placeholder.sample)() if value is None else _scalar(value, where)


def _item(placeholder: Placeholder, item: object, where: str) -> object:
    return _thing(placeholder.fields, item, where) if placeholder.fields else _scalar(item, where)


def _listed(value: object, where: str) -> list[object]:
    if value is None:
        return []
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"{where} is a list, not {type(value).__name__}")
    return list(value)[:LONGEST_LIST]


def _thing(fields: tuple[Field, ...], value: object, where: str) -> dict[str, Scalar]:
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{where} is a mapping of its fields, not {type(value).__name__}")
    thing: dict[str, Scalar] = {}
    for field in fields:
        given = value.get(field.name)
        if field.needed and given in (None, ""):
            raise ValueError(f"{where}.{field.name} is needed")
        thing[field.name] = field.blank if given is None else _scalar(given, f"{where}.{field.name}")
    return thing


def _scalar(value: object, where: str) -> Scalar:
    if isinstance(value, str):
        return str.__str__(value)[:LONGEST_TEXT]  # a plain str, whatever its class thinks of itself
    if isinstance(value, bool | int | float):
        return value
    raise TypeError(f"{where} is a text, a number or a yes/no, not {type(value).__name__}")

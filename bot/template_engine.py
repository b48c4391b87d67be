"""Turns a template that has been checked into a function. The only place where templates are compiled and run.

A template's own text is plain, like every value in it: both are escaped for the dialect, and only `bold`, `link` and
their like write mark-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from jinja2 import StrictUndefined, Template, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot import markup, spacing
from bot.markup import Writer
from core.ports import Dialect
from core.text import shorten

LARGEST_OUTPUT = 64 * 1024
MOST_STARS = 10

# A line of nothing but {% … %} leaves no line behind; at the end of a line of words it does not swallow the line's end.
_TAGS_ALONE = re.compile(r"^[^\S\n]*((?:\{%(?:(?!%\}).)*%\})+)[^\S\n]*(?:\n|\Z)", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+\n")
Draw = Callable[[Mapping[str, object]], str]


class TooLongError(Exception):
    """A rendered text is longer than any message can be."""


def compiled(source: str, dialect: Dialect, locale: str) -> Draw:
    """A function from context to text. `source` has passed `template_rules.check`, or this is the child process."""
    is_spaced = spacing.matters(locale)
    environment = _environment(dialect, is_spaced)
    tree = _escaped(environment.parse(_TAGS_ALONE.sub(r"\1", source)), markup.writer(dialect))
    template = Template.from_code(environment, environment.compile(tree), _helpers(markup.writer(dialect), locale))
    return partial(_draw, template, is_spaced)


def _draw(template: Template, is_spaced: bool, context: Mapping[str, object]) -> str:
    pieces: list[str] = []
    size = 0
    for piece in template.generate(context):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_OUTPUT:
            raise TooLongError(f"longer than {LARGEST_OUTPUT // 1024} KiB")
    text = "".join(pieces)
    return _EMPTY_LINES.sub("\n\n", spacing.set_right(text) if is_spaced else text).strip()


@lru_cache
def _environment(dialect: Dialect, is_spaced: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=partial(_spaced if is_spaced else markup.value, markup.writer(dialect)),
    )
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update(_FILTERS)
    return environment


def _spaced(writer: Writer, item: object) -> markup.Marked:
    return markup.Marked(spacing.value(markup.value(writer, item)))


def _escaped(tree: nodes.Template, writer: Writer) -> nodes.Template:
    """Escape the template's own text, and read fields by key: a dict's own methods are out of reach."""
    for data in tree.find_all(nodes.TemplateData):
        data.data = writer.escape(data.data)
    for parent in tree.find_all(nodes.Node):
        for name, child in parent.iter_fields():
            if isinstance(child, nodes.Getattr):
                setattr(parent, name, _by_key(child))
            elif isinstance(child, list):
                setattr(parent, name, [_by_key(one) if isinstance(one, nodes.Getattr) else one for one in child])
    return tree


def _by_key(node: nodes.Getattr) -> nodes.Expr:
    if isinstance(node.node, nodes.Name) and node.node.name == "loop":
        return node
    key = nodes.Const(node.attr, lineno=node.lineno)
    return nodes.Getitem(node.node, key, "load", lineno=node.lineno, environment=node.environment)


def _helpers(writer: Writer, locale: str) -> dict[str, Callable[..., object]]:
    return {
        "bold": lambda text: writer.bold(str(text)),
        "italic": lambda text: writer.italic(str(text)),
        "code": lambda text: writer.code(str(text)),
        "link": lambda label, url: writer.link(str(label), str(url)),
        "links": lambda text: markup.linked(writer, markup.isolate(str(text))),
        "stars": stars,
        "number": partial(_number, locale),
    }


def stars(value: object, of: int = 5) -> str:
    """`★★★★☆`; something that is no number of stars stays what it is."""
    if not isinstance(value, int | float) or not 0 <= value <= MOST_STARS:
        return str(value)
    full = min(round(value), of)
    return "★" * full + "☆" * (of - full)


def _number(locale: str, value: object) -> str:
    from babel.numbers import format_decimal

    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    return format_decimal(value, locale=locale.replace("-", "_"))


def _rounded(value: object, digits: int = 0) -> object:
    if not isinstance(value, int | float):
        return value
    return round(value, min(max(digits, 0), 6)) if digits > 0 else round(value)


def _ends(index: int, items: list[Any]) -> object:
    return items[index] if items else ""


def _joined(items: Iterable[object], separator: str = ", ") -> str:
    return separator.join(str(item) for item in items)


_FILTERS: dict[str, Callable[..., object]] = {
    "capitalize": lambda value: str(value).capitalize(),
    "default": lambda value, other="": value if value not in ("", None) else other,
    "first": partial(_ends, 0),
    "join": _joined,
    "last": partial(_ends, -1),
    "length": len,
    "lower": lambda value: str(value).lower(),
    "one_line": lambda value: " ".join(str(value).split()),
    "round": _rounded,
    "title": lambda value: str(value).title(),
    "trim": lambda value: str(value).strip(),
    "truncate": lambda value, limit=80: shorten(str(value), max(limit, 1)),
    "upper": lambda value: str(value).upper(),
    "wordcount": lambda value: len(str(value).split()),
}

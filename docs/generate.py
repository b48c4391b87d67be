"""Writes what follows from the code into docs/reference: templates.md, commands.md, tables.md, roles.md and figures.md.

`.venv/bin/python docs/generate.py` does it; tests/docs/test_reference.py fails when a page is out of date. What stands
above the mark in a page was written by people and stays.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tortoise import Model, Tortoise, fields  # noqa: E402 - the path comes first
from typer.core import TyperArgument, TyperGroup  # noqa: E402
from typer.main import get_command  # noqa: E402

from bot.__main__ import app as command_line  # noqa: E402
from bot.placeholders import KINDS, Kind, Placeholder  # noqa: E402
from bot.rendering import Templates  # noqa: E402
from bot.staff import commands as staff_commands  # noqa: E402
from bot.surveys import commands as chat_commands  # noqa: E402
from bot.template_rules import FILTERS, HELPERS, LIST_FILTERS  # noqa: E402
from bot.web.admin.board_tables import Shown  # noqa: E402
from core.accounts.roles import Right, may  # noqa: E402
from core.models import MODULES  # noqa: E402
from core.models.accounts import Role  # noqa: E402

Rows = Iterable[tuple[str, ...]]
_COMMENT = re.compile(r"^    (\w+)\b[^#\n]*#\s*(.+)$", re.MULTILINE)
_RULE = re.compile(r" \(SEC-\d+\)")
_MARK = "<!-- From here on made by docs/generate.py from the code. -->\n"


def page(name: str) -> str:
    """The whole text of a page: the words of people, the mark, and what is made."""
    written, mark, _ = (HERE / "reference" / f"{name}.md").read_text(encoding="utf-8").partition(_MARK)
    if not mark:
        raise ValueError(f"{name}.md has lost its line {_MARK!r}")
    return f"{written}{_MARK}\n{PAGES[name]().strip()}\n"


# ---------------------------------------------------------------- templates


def templates() -> str:
    helpers = ", ".join(
        f"`{name}({', '.join(['label', 'url'] if count == 2 else ['x'])})`" for name, count in HELPERS.items()
    )
    lists = ", ".join(f"`{name}`" for name in LIST_FILTERS)
    plain = ", ".join(f"`{name}`" for name in FILTERS)
    rules = f"- Marks: {helpers}.\n- Filters of values: {plain}.\n- Filters of lists: {lists}.\n"
    staff = [kind for kind in KINDS.values() if kind.staff]
    customers = [kind for kind in KINDS.values() if not kind.staff]
    parts = [
        rules,
        "## What customers read\n",
        *map(_kind, customers),
        "## What staff read\n",
        *map(_kind, staff),
    ]
    return "\n".join(parts)


def _kind(kind: Kind) -> str:
    rows = [row for placeholder in kind.placeholders for row in _placeholder(placeholder)]
    return f"### {kind.name}\n\n{_sentence(kind.about)}\n\n{_table(('placeholder', 'what it is', 'example'), rows)}"


def _placeholder(one: Placeholder) -> Iterator[tuple[str, ...]]:
    if one.many and not one.fields:
        yield f"`{one.name}`", f"list: {one.about}", ", ".join(str(sample) for sample in one.samples)
        return
    if not one.fields:
        yield f"`{one.name}`", one.about + _always(one.needed), str(one.sample)
        return
    for field in one.fields:
        where = f"each of `{one.name}`, {one.about}: " if one.many else f"{one.about}: "
        name = f"`.{field.name}`" if one.many else f"`{one.name}.{field.name}`"
        yield (
            f"`{one.name}` {name}" if one.many else name,
            where + field.about + _always(field.needed),
            str(field.sample),
        )


def _always(needed: bool) -> str:
    return " (always there)" if needed else ""


# ---------------------------------------------------------------- commands


_IN_SLACK = """In Slack they follow `/afterword`: `/afterword new`, `/afterword status CS202611220001`.
There `/afterword ticket` and a number look a request up, too."""


def commands() -> str:
    told = "\n".join(_commands(get_command(command_line), "afterword"))
    words = Templates.load()
    rows = [(f"`/{name}`", _sentence(words.label(f"command.{name}", "en"))) for name in chat_commands._COMMANDS]
    chat = f"## In a chat\n\n{_IN_SLACK}\n\n{_table(('command', 'what it does'), rows)}"
    mine = [tuple(words.label(f"staff_command.{name}", "en").split(": ", 1)) for name in staff_commands.COMMANDS]
    staff = _table(("command", "what it does"), [(f"`{name}`", _sentence(about)) for name, about in mine])
    return f"{told}\n{chat}\n## In Slack, for staff\n\n{staff}"


def _commands(command: Any, path: str) -> Iterator[str]:
    if not isinstance(command, TyperGroup):
        yield _command(command, path)
        return
    for name, found in command.commands.items():
        yield from _commands(found, f"{path} {name}")


def _command(command: Any, path: str) -> str:
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    usage = " ".join([path, *(_argument(one) for one in arguments)])
    rows = [_option(one) for one in command.params]
    table = f"\n{_table(('option', 'what it is'), rows)}" if rows else ""
    return f"## {usage}\n\n{inspect.cleandoc(command.help or '')}\n{table}"


def _argument(one: Any) -> str:
    return str(one.name.upper()) if one.required else f"[{one.name.upper()}]"


def _option(one: Any) -> tuple[str, str]:
    name = one.name.upper() if isinstance(one, TyperArgument) else "`, `".join(one.opts)
    about = (one.help or "").rstrip(".") + "." + (" Needed." if one.required else "")
    has_default = isinstance(one.default, (str, int, Path)) and not isinstance(one.default, bool) and one.default != ""
    return f"`{name}`", about + (f" Default: `{one.default}`." if has_default else "")


# ---------------------------------------------------------------- tables


def tables() -> str:
    Tortoise.init_models(MODULES, "models")
    parts = []
    for module in map(import_module, MODULES):
        models = [one for one in vars(module).values() if _is_ours(one, module.__name__)]
        parts.append(f"## {module.__name__.rpartition('.')[2]}\n\n{_sentence(inspect.getdoc(module) or '')}\n")
        parts.extend(_model(one) for one in models)
    return "\n".join(parts)


def _is_ours(found: object, module: str) -> bool:
    return isinstance(found, type) and issubclass(found, Model) and found.__module__ == module


def _model(model: type[Model]) -> str:
    notes = dict(_COMMENT.findall(inspect.getsource(model)))
    columns = _columns(model)
    rows = [_column(model, name, notes) for name in columns]
    unique = [
        ", ".join(f"`{one if one in columns else f'{one}_id'}`" for one in together)
        for together in model._meta.unique_together
    ]
    once = f"\nOnce each: {'; '.join(unique)}.\n" if unique else ""
    about = _RULE.sub("", inspect.getdoc(model) or "").replace("\n", " ").replace("  ", "\n\n")
    return f"### {model._meta.db_table}\n\n{about}\n\n{_table(('column', 'type', 'what it is'), rows)}{once}"


def _columns(model: type[Model]) -> list[str]:
    """In the order of the source; a relation stands as its `…_id`."""
    meta = model._meta
    named = [name if name in meta.db_fields else f"{name}_id" for name in meta.fields_map]
    return [name for name in dict.fromkeys(named) if name in meta.fields_db_projection]


def _column(model: type[Model], name: str, notes: dict[str, str]) -> tuple[str, ...]:
    field = model._meta.fields_map[name]
    points_to = name.removesuffix("_id") if name.endswith("_id") else ""
    about = [_to(model, points_to)] if points_to in model._meta.fetch_fields else []
    about += [choices] if (choices := _choices(field)) else []
    about += ["unique"] if field.unique and not field.pk else []
    about += [notes[name]] if name in notes else []
    kind = type(field).__name__.removesuffix("Instance").removesuffix("Field")
    return f"`{name}`", _kind_of(kind) + (", may be empty" if field.null else ""), "; ".join(about)


def _to(model: type[Model], relation: str) -> str:
    field: Any = model._meta.fields_map[relation]
    return f"→ `{field.related_model._meta.db_table}`"


def _choices(field: fields.Field[object]) -> str:
    values = getattr(field, "enum_type", None)
    return ", ".join(f"`{one.value}`" for one in values) if values else ""


_TYPES = {
    "BigInt": "number",
    "Float": "number",
    "Binary": "bytes",
    "Boolean": "yes/no",
    "Char": "text",
    "CharEnum": "one of",
    "Datetime": "time",
    "Int": "number",
    "SmallInt": "number",
    "Text": "text",
}


def _kind_of(name: str) -> str:
    return _TYPES.get(name, name)


# ---------------------------------------------------------------- parts


def _table(head: tuple[str, ...], rows: Rows) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "?", "!")) else text + "."


# ---------------------------------------------------------------- roles


def roles() -> str:
    words = Templates.load()
    rows = [
        (f"`{right}`", words.label(f"right.{right}", "en"), *("yes" if may(role, right) else "" for role in Role))
        for right in Right
    ]
    return _table(("right", "what it allows", *(str(role) for role in Role)), rows)


# ---------------------------------------------------------------- figures


def figures() -> str:
    words = Templates.load()
    rows = [tuple(words.label(f"figure.{key}{part}", "en") for part in ("", "_means")) for key in Shown.DEFINED]
    return _table(("figure", "what it is"), rows)


PAGES: dict[str, Callable[[], str]] = {
    "templates": templates,
    "commands": commands,
    "tables": tables,
    "roles": roles,
    "figures": figures,
}


def main(target: Path) -> None:
    for name in PAGES:
        (target / f"{name}.md").write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "reference")

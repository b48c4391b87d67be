"""A template's source: how it is taken apart, and how it is said what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from jinja2 import nodes

from core.phrases import Phrase, phrase

HEADERS = ("Subject", "Preheader")

# What people call what they may not do. Anything that is not here is called by its class.
NAMES: dict[type[nodes.Node], str] = {
    nodes.Macro: "macros",
    nodes.CallBlock: "call blocks",
    nodes.FilterBlock: "filter blocks",
    nodes.With: "with blocks",
    nodes.Block: "blocks",
    nodes.Extends: "extends",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Scope: "autoescape",
    nodes.Getitem: "subscripts and slices",
    nodes.Slice: "subscripts and slices",
    nodes.Concat: "'~'",
    nodes.Test: "'is' tests",
    nodes.CondExpr: "'… if … else …' inside an expression",
    nodes.List: "lists",
    nodes.Tuple: "tuples",
    nodes.Dict: "dicts",
    nodes.And: "conditions outside of 'if'",
    nodes.Or: "conditions outside of 'if'",
    nodes.Not: "conditions outside of 'if'",
    nodes.Compare: "conditions outside of 'if'",
    nodes.BinExpr: "arithmetic",
    nodes.UnaryExpr: "arithmetic",
    nodes.For: "a loop inside a loop",
}


class TemplateError(Exception):
    """A template does what no template may do. Names the template, the line and what is wrong.

    `problem` is for the command line and the log, `said` the same for who sits before the editor.
    """

    def __init__(self, problem: str, said: Phrase, *, line: int = 0, template: str = "") -> None:
        self.problem, self.said, self.line, self.template = problem, said, line, template
        where = ", ".join(part for part in (template, f"line {line}" if line else "") if part)
        super().__init__(f"{where}: {problem}" if where else problem)


@dataclass(frozen=True, slots=True)
class Parts:
    """A template's source taken apart: its body, and the lines for mail above it."""

    body: str
    subject: str = ""
    preheader: str = ""
    first_line: int = 1  # of the body


def split(source: str) -> Parts:
    """Take `Subject: …` and `Preheader: …` off the top; they end with an empty line."""
    lines = source.replace("\r\n", "\n").split("\n")
    found: dict[str, str] = {}
    for line in lines:
        name, colon, rest = line.partition(":")
        if not colon or name not in HEADERS or name in found:
            break
        found[name] = rest.strip()
    above = len(found)
    if above < len(lines) and found and not lines[above].strip():
        above += 1
    return Parts("\n".join(lines[above:]), found.get("Subject", ""), found.get("Preheader", ""), above + 1)


def join(subject: str, source: str) -> str:
    """A template whose subject is kept apart, whole again. `source` may begin with a preheader."""
    if not subject:
        return source
    return f"Subject: {subject}\n{source}" if source.startswith("Preheader:") else f"Subject: {subject}\n\n{source}"


def take_subject(source: str) -> tuple[str, str]:
    """The way back from `join`: the subject, and the text with its preheader above it."""
    parts = split(source)
    if not parts.subject:
        return "", source
    return parts.subject, with_preheader(parts.preheader, parts.body)


def with_preheader(preheader: str, body: str) -> str:
    return f"Preheader: {preheader}\n\n{body}" if preheader else body


def refused(node: nodes.Node) -> TemplateError:
    named = next((name for base, name in NAMES.items() if isinstance(node, base)), "")
    code = type(node).__name__.lower()
    part = phrase(f"problem.template.part.{_slug(named)}") if named else code
    return TemplateError(
        f"{named or code} cannot be used in a template",
        phrase("problem.template.refused", part=part),
        line=node.lineno or 1,
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z]+", "_", name).strip("_") or "tilde"


def left_open(source: str) -> tuple[str, str, int] | None:
    """The first braces after which others open before they are closed: what opens, what would close it, its line.

    Jinja reads on across lines, and complains about words that stand far below.
    """
    opened: re.Match[str] | None = None
    for brace in _BRACES.finditer(source):
        if opened is None:
            opened = brace if brace[0] in _CLOSED_BY else None
        elif brace[0] == _CLOSED_BY[opened[0]]:
            opened = None
        elif brace[0] in _CLOSED_BY and opened[0] != "{#":
            break
    if opened is None or opened[0] == "{#":
        return None
    return opened[0], _CLOSED_BY[opened[0]], source.count("\n", 0, opened.start()) + 1


_CLOSED_BY = {"{{": "}}", "{%": "%}", "{#": "#}"}
_BRACES = re.compile(r"\{[{%#]|[}%#]\}")


def unreadable(message: str) -> Phrase:
    """What Jinja says of a source that it cannot read, for the editor."""
    for form, label in _UNREADABLE:
        if found := form.search(message):
            ends = _ENDS.get(found[1]) if found.groups() else None
            return phrase(ends) if ends else phrase(label, what=found[1] if found.groups() else "")
    return phrase("problem.template.unreadable")


_UNREADABLE = [
    (re.compile(r"block that needs to be closed is '(\w+)'"), "problem.template.not_closed"),
    (re.compile(r"unknown tag '(\w+)'"), "problem.template.unknown_tag"),
    (re.compile(r"end of comment"), "problem.template.comment_open"),
    (re.compile(r"got '([^']+)'"), "problem.template.unexpected"),
    (re.compile(r"unexpected (?:char )?'([^']+)'"), "problem.template.unexpected"),
    (re.compile(r"unexpected end"), "problem.template.ends"),
]
_ENDS = {
    "end of print statement": "problem.template.incomplete",
    "end of statement block": "problem.template.incomplete",
    "end of template": "problem.template.ends",
    "template data / text": "problem.template.ends",
}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    close = _close(name, known)
    return f"; did you mean '{close[0]}'?" if close else ""


def near(name: str, known: Iterable[str]) -> Phrase | str:
    """The same for the editor."""
    close = _close(name, known)
    return phrase("problem.near", near=close[0]) if close else ""


def _close(name: str, known: Iterable[str]) -> list[str]:
    return get_close_matches(name[:50], list(known), n=1)


def listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"

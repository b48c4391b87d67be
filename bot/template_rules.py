"""What a template may do: say declared names, and choose and repeat by them. Everything else is refused before it runs.

Jinja's sandbox is not enough: a template of a few characters can fill the memory, even while it is compiled. So a
template is only parsed here, and every node of what was parsed must be one that we know. Nothing is run or compiled.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

from jinja2 import Environment, TemplateSyntaxError, nodes

from bot import markup
from bot.placeholders import KINDS, Kind, Placeholder
from bot.template_source import TemplateError, did_you_mean, left_open, listed, near, refused, split, unreadable
from core.phrases import Phrase, phrase

LARGEST_SOURCE = 10_000
# What a filter may be given: nothing, or one plain value of this type.
FILTERS: Mapping[str, type | None] = {
    "capitalize": None,
    "default": str,
    "lower": None,
    "one_line": None,
    "round": int,
    "title": None,
    "trim": None,
    "truncate": int,
    "upper": None,
    "wordcount": None,
}
LIST_FILTERS: Mapping[str, type | None] = {"first": None, "join": str, "last": None, "length": None}
HELPERS = {"bold": 1, "italic": 1, "code": 1, "link": 2, "links": 1, "stars": 1, "number": 1}
_LOOP_FIELDS = ("first", "last", "index")
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}


def check(kind: str, source: str, *, template: str = "") -> None:
    """Raises TemplateError unless `source` is a template that a message of this kind may have."""
    found = problems(kind, source, most=1)
    if found:
        raise TemplateError(found[0].problem, found[0].said, line=found[0].line, template=template or kind)


def problems(kind: str, source: str, *, most: int = 20) -> list[TemplateError]:
    """What keeps `source` from being a template of this kind, from the top down; nothing where it is one."""
    if kind not in KINDS:
        told = f"there is no message kind '{kind}'{did_you_mean(kind, KINDS)}"
        return [TemplateError(told, _said("no_kind", name=kind, hint=near(kind, KINDS)))]
    if len(source.encode("utf-8", "replace")) > LARGEST_SOURCE:
        most = LARGEST_SOURCE // 1000
        return [TemplateError(f"longer than {most} kB", _said("too_long", most=most))]
    if "\x00" in source:  # what no database keeps
        return [TemplateError("holds characters that cannot be shown", phrase("problem.label.unseen"))]
    parts = split(source)
    if not parts.body.strip():
        return [TemplateError("the text is empty", _said("empty"), line=parts.first_line)]
    found: list[TemplateError] = []
    for line, piece in (
        (1, parts.subject),
        (2 if parts.subject else 1, parts.preheader),
        (parts.first_line, parts.body),
    ):
        found += _problems_of(KINDS[kind], piece, line, most - len(found))
    return found


def said(source: str) -> frozenset[str]:
    """The placeholders that a template speaks of: "due", "ticket.number". Nothing for what cannot be read."""
    names: set[str] = set()
    parts = split(source)
    for piece in (parts.subject, parts.preheader, parts.body):
        try:
            tree = _parse(piece)
            names |= {node.name for node in tree.find_all(nodes.Name)}
            fields = [node for node in tree.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name)]
        except (TemplateError, RecursionError):
            continue
        names |= {f"{node.node.name}.{node.attr}" for node in fields if isinstance(node.node, nodes.Name)}
    return frozenset(names)


def _problems_of(kind: Kind, piece: str, first_line: int, most: int) -> list[TemplateError]:
    if most < 1:
        return []
    checker = _Checker(kind, most)
    try:
        checker.check(_parse(piece))
    except TemplateError as error:
        checker.found.append(error)
    except RecursionError:
        checker.found.append(TemplateError("nested too deeply", _said("too_deep")))
    return [
        TemplateError(error.problem, error.said, line=max(error.line, 1) + first_line - 1)
        for error in checker.found[:most]
    ]


def _parse(source: str) -> nodes.Template:
    try:
        return Environment(autoescape=True).parse(source)
    except TemplateSyntaxError as error:
        if found := left_open(source):
            opened, closed, line = found
            told = f"'{opened}' is not closed: '{closed}' is missing"
            raise TemplateError(told, _said("left_open", opened=opened, closed=closed), line=line) from None
        told = error.message or "cannot be read"
        raise TemplateError(told, unreadable(told), line=error.lineno) from None
    except (ValueError, OverflowError, MemoryError) as error:  # a number of thousands of digits, a broken escape
        raise TemplateError("cannot be read", _said("unreadable")) from error


def _said(what: str, **values: object) -> Phrase:
    return phrase(f"problem.template.{what}", **values)


class _EnoughError(Exception):
    """As many problems were found as were asked for."""


class _Checker:
    """Walks one parsed template. `_things` are the names that can be used where we are. `found` has at most `most`."""

    def __init__(self, kind: Kind, most: int = 1) -> None:
        self.found: list[TemplateError] = []
        self._most = most
        self._kind = kind
        self._things: dict[str, Placeholder] = {placeholder.name: placeholder for placeholder in kind.placeholders}
        self._in_loop = False

    def check(self, template: nodes.Template) -> None:
        with contextlib.suppress(_EnoughError):
            self._body(template.body)

    def _body(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            with self._going_on():
                if isinstance(node, nodes.Output):
                    self._output(node)
                elif isinstance(node, nodes.If):
                    self._if(node)
                elif isinstance(node, nodes.For):
                    self._for(node)
                else:
                    raise refused(node)

    @contextlib.contextmanager
    def _going_on(self) -> Iterator[None]:
        """What is wrong here is kept, and what comes after is looked at too, until there is enough."""
        try:
            yield
        except TemplateError as error:
            self.found.append(error)
            if len(self.found) >= self._most:
                raise _EnoughError from error

    def _output(self, node: nodes.Output) -> None:
        for part in node.nodes:
            with self._going_on():
                if isinstance(part, nodes.Call):
                    self._call(part)
                elif not isinstance(part, nodes.TemplateData):
                    self._value(part)

    def _if(self, node: nodes.If) -> None:
        with self._going_on():
            self._condition(node.test)
        self._body(node.body)
        for other in node.elif_:
            self._if(other)
        self._body(node.else_)

    def _for(self, node: nodes.For) -> None:
        if self._in_loop:
            raise refused(node)
        if node.test is not None or node.recursive or not isinstance(node.target, nodes.Name):
            raise TemplateError("a loop is only '{% for one in list %}'", _said("loop_form"), line=node.lineno)
        if not isinstance(node.iter, nodes.Name) or not self._named(node.iter).many:
            names = [placeholder.name for placeholder in self._kind.placeholders if placeholder.many]
            told = f"only a list can be looped over; here: {listed(names)}"
            said = _said("not_a_list", names=tuple(names)) if names else _said("no_lists")
            raise TemplateError(told, said, line=node.lineno)
        each = self._named(node.iter)
        self._loop(node, Placeholder(node.target.name, each.about, "", fields=each.fields))

    def _loop(self, node: nodes.For, item: Placeholder) -> None:
        if item.name in self._things or item.name in HELPERS or item.name == "loop":
            told = f"'{item.name}' means something else already"
            raise TemplateError(told, _said("name_taken", name=item.name), line=node.lineno)
        self._things[item.name] = item
        self._in_loop = True
        try:
            self._body(node.body)
        finally:
            self._in_loop = False
            del self._things[item.name]
        self._body(node.else_)

    def _condition(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.And | nodes.Or):
            self._condition(node.left)
            self._condition(node.right)
        elif isinstance(node, nodes.Not):
            self._condition(node.node)
        elif isinstance(node, nodes.Compare):
            self._comparison(node)
        else:
            self._value(node, whole_list=True)

    def _comparison(self, node: nodes.Compare) -> None:
        if len(node.ops) != 1 or node.ops[0].op not in _COMPARISONS:
            signs = listed(_COMPARISONS.values())
            raise TemplateError(f"compare with one of {signs}", _said("comparison", signs=signs), line=node.lineno)
        sides = (node.expr, node.ops[0].expr)
        for side in sides:
            self._value(side)
        if node.ops[0].op not in ("eq", "ne") and not all(self._is_number(side) for side in sides):
            raise TemplateError("only numbers can be more or less", _said("only_numbers"), line=node.lineno)

    def _is_number(self, node: nodes.Node) -> bool:
        if isinstance(node, nodes.Filter):
            return node.name in ("length", "round", "wordcount")
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            field = None if node.node.name == "loop" else self._named(node.node).field(node.attr)
            return field is None or isinstance(field.sample, int | float)
        if isinstance(node, nodes.Name):
            return isinstance(self._named(node).sample, int | float)
        return isinstance(node, nodes.Const) and isinstance(node.value, int | float)

    def _value(self, node: nodes.Node, *, whole_list: bool = False) -> None:
        if isinstance(node, nodes.Const):
            _constant(node)
        elif isinstance(node, nodes.Name):
            self._name(node, whole_list=whole_list)
        elif isinstance(node, nodes.Getattr):
            self._field(node)
        elif isinstance(node, nodes.Filter):
            self._filter(node)
        elif isinstance(node, nodes.Call):
            raise TemplateError("a call can only stand alone in {{ }}", _said("call_alone"), line=node.lineno)
        else:
            raise refused(node)

    def _name(self, node: nodes.Name, *, whole_list: bool) -> None:
        placeholder = self._named(node)
        if placeholder.many and not whole_list:
            told = f"'{node.name}' is a list: loop over it, or join it"
            raise TemplateError(told, _said("is_a_list", name=node.name), line=node.lineno)
        if placeholder.fields and not placeholder.many:
            names = [f"{node.name}.{field.name}" for field in placeholder.fields]
            told = f"'{node.name}' is not a value; say {listed(names)}"
            raise TemplateError(told, _said("has_parts", name=node.name, names=tuple(names)), line=node.lineno)

    def _named(self, node: nodes.Name) -> Placeholder:
        placeholder = self._things.get(node.name)
        if placeholder is None:
            told = f"unknown name '{node.name}'{did_you_mean(node.name, self._things)}"
            said = _said("unknown_name", name=node.name, hint=near(node.name, self._things))
            raise TemplateError(told, said, line=node.lineno)
        return placeholder

    def _field(self, node: nodes.Getattr) -> None:
        if not isinstance(node.node, nodes.Name):
            raise TemplateError("only one dot: name.field", _said("one_dot"), line=node.lineno)
        if node.node.name == "loop" and self._in_loop:
            if node.attr not in _LOOP_FIELDS:
                names = tuple(f"loop.{name}" for name in _LOOP_FIELDS)
                raise TemplateError(f"a loop has {listed(names)}", _said("loop_has", names=names), line=node.lineno)
            return
        placeholder = self._named(node.node)
        if placeholder.many or placeholder.field(node.attr) is None:
            parts = [] if placeholder.many else [field.name for field in placeholder.fields]
            told = f"'{node.node.name}' has no '{node.attr}'{did_you_mean(node.attr, parts)}"
            said = _said("no_such_part", name=node.node.name, part=node.attr, hint=near(node.attr, parts))
            raise TemplateError(told, said, line=node.lineno)

    def _filter(self, node: nodes.Filter) -> None:
        known = {**FILTERS, **LIST_FILTERS}
        if node.name not in known:
            told = f"unknown filter '{node.name}'{did_you_mean(node.name, known)}"
            said = _said("unknown_filter", name=node.name, hint=near(node.name, known))
            raise TemplateError(told, said, line=node.lineno)
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            told = f"'{node.name}' takes one plain argument at most"
            raise TemplateError(told, _said("one_argument", name=node.name), line=node.lineno)
        _arguments(node, known[node.name])
        if node.name in LIST_FILTERS:
            self._list(node.node, node.name)
        else:
            self._value(node.node)

    def _list(self, node: nodes.Node, filter_name: str) -> None:
        """A list of things with fields can be counted, but has no words of its own."""
        placeholder = self._named(node) if isinstance(node, nodes.Name) else None
        if placeholder is None or not placeholder.many or (placeholder.fields and filter_name != "length"):
            told = f"'{filter_name}' cannot be used here"
            raise TemplateError(told, _said("not_here", name=filter_name), line=node.lineno)

    def _call(self, node: nodes.Call) -> None:
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if name not in HELPERS:
            told = f"only {listed(HELPERS)} can be called"
            raise TemplateError(told, _said("only_helpers", names=tuple(HELPERS)), line=node.lineno)
        if node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) != HELPERS[name]:
            told = f"'{name}' takes {HELPERS[name]} plain argument(s)"
            raise TemplateError(told, _said("arguments", name=name, count=HELPERS[name]), line=node.lineno)
        for argument in node.args:
            self._value(argument)
        if name == "link":
            _address(node.args[1])


def _arguments(node: nodes.Filter, wanted: type | None) -> None:
    for argument in node.args:
        if len(node.args) > 1 or not isinstance(argument, nodes.Const) or type(argument.value) is not wanted:
            code = ("takes_text" if wanted is str else "takes_number") if wanted else "takes_nothing"
            what = f"one written-out {'text' if wanted is str else 'number'}" if wanted else "nothing"
            raise TemplateError(f"'{node.name}' takes {what}", _said(code, name=node.name), line=node.lineno)


def _constant(node: nodes.Const) -> None:
    if not isinstance(node.value, str | int | float | bool | None):
        raise refused(node)


def _address(node: nodes.Node) -> None:
    if isinstance(node, nodes.Const) and not markup.is_safe_url(str(node.value)):
        told = "a link leads to https://, http://, mailto: or tg://"
        raise TemplateError(told, _said("link"), line=node.lineno)

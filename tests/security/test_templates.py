"""Templates that mean harm: refused before they run; and if one did run, it harms nobody but itself."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator

import psutil
import pytest

from bot import template_rules
from bot.placeholders import KINDS
from bot.render_process import RenderError, RenderProcess
from bot.rendering import Override, TemplateError, Templates
from bot.template_context import samples
from bot.template_engine import compiled
from core.ports import Dialect

ATTACKS = [
    # out of the sandbox
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ contact.__class__ }}",
    "{{ contact.name.__class__ }}",
    "{{ contact['__class__'] }}",
    "{{ contact|attr('__class__') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ request.application.__globals__ }}",
    "{{ config }}",
    "{{ settings.SECRET_KEY }}",
    "{{ contact.delete() }}",
    "{{ contact.secret }}",
    "{{ contact.items() }}",
    "{{ contact.name.format(contact) }}",
    "{{ '{0.__class__}'.format(contact) }}",
    "{{ '%s'|format(contact) }}",
    "{{ bold.__globals__ }}",
    "{{ bold(contact) }}",
    "{{ bold(*scores) }}",
    "{{ bold(**contact) }}",
    "{{ bold(text='x') }}",
    "{{ bold()() }}",
    "{{ link('x', 'javascript:alert(1)') }}",
    "{{ loop.parent }}",
    "{% for score in scores %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for score in scores %}{{ loop._iterable }}{% endfor %}",
    # loading, defining, redefining
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% set contact = 1 %}",
    "{% set x %}y{% endset %}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% call bold('x') %}y{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% with a = 1 %}{% endwith %}",
    "{% for contact in scores %}{% endfor %}",
    "{% for bold in scores %}{% endfor %}",
    "{% for a, b in scores %}{% endfor %}",
    "{% do contact.clear() %}",
    "{% debug %}",
    # mark-up of one's own
    "{{ comment|safe }}",
    "{{ comment|e|safe }}",
    "{% autoescape false %}{{ comment }}{% endautoescape %}",
    "{{ comment|xmlattr }}",
    "{{ comment|urlize }}",
    # time and memory
    "{{ 'a'*500000000 }}",
    "{{ 9**9**9 }}",
    "{{ 1 + 1 }}",
    "{{ -1 }}",
    "{{ 'a' ~ 'b' }}",
    "{{ range(1000000000) }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for i in 'abc' %}x{% endfor %}",
    "{% for i in [1, 2, 3] %}x{% endfor %}",
    "{% for a in scores %}{% for b in scores %}x{% endfor %}{% endfor %}",
    "{% for a in scores recursive %}{{ loop(scores) }}{% endfor %}",
    "{% for a in scores if a.value %}x{% endfor %}",
    "{{ 'a'|center(999999999) }}",
    "{{ 'x'|indent(999999999) }}",
    "{{ comment|replace('', 'aaaaaaaa')|replace('', 'aaaaaaaa') }}",
    "{{ '%999999999d'|format(1) }}",
    "{{ comment|batch(1)|list|pprint }}",
    "{{ lipsum(n=99999) }}",
    "{{ comment|wordwrap(1) }}",
    "{{ scores|sum }}",
    "{{ comment|join(comment) }}",
    "{{ [1, 2]|length }}",
    "{{ {'a': 1} }}",
    "{{ (1, 2) }}",
    "{{ comment[0] }}",
    "{{ comment[::2] }}",
    "{{ scores[0].label }}",
    "{{ 'a' if comment else 'b' }}",
    "{{ comment is defined }}",
    "{{ 'a' in comment }}",
    "{% if 1 < 2 < 3 %}x{% endif %}",
    "{{ comment == 'x' }}",
    # what no parser likes
    "{{ " + "(" * 4000 + "1" + ")" * 4000 + " }}",
    "{{ " + "[" * 9000,
    "{{ " + "9" * 9000 + " }}",
    "{{ 1e999999999999 }}{{ x }}",
    "{% if " + "not " * 2400 + "x %}{% endif %}",
    "{% if comment %}" * 600,
    "{% if 1 %}" * 480 + "{{ x }}" + "{% endif %}" * 300,
    "{{" * 5000,
    "{%" * 5000,
    "{#" * 5000,
    "{% raw %}" * 1000,
    "{{ '" + "\\" * 9000 + " }}",
    "{{ contact" + ".name" * 1900 + " }}",
    "{{ comment" + "|upper" * 1600 + "|safe }}",
    "{{ '\\N{LATIN' }}",
    "{{ x\x00y }}",
    "\ud800{{ x }}",
    "x" * 1_000_000,
]

BOMBS = {
    "a string of 20 GB": "{{ 'a'*20000000000 }}",
    "a string of 500 MB": "{{ ('a'*500000000)|length }}",
    "while it is compiled": "{{ 'a'*500000000 }}",
    "a tower of powers": "{{ 9**(9**9) }}",
    "a loop in a loop": "{% for i in scores*1000000 %}{% for j in scores*1000000 %}{% endfor %}{% endfor %}",
    "a loop that says nothing": "{% for i in scores*100000000 %}{% endfor %}",
    "a loop that says much": "{% for i in scores*1000000 %}{{ comment }}{% endfor %}",
    "a macro that calls itself": "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
    "doubling": "{% set ns = [comment] %}" + "{% set ns = ns + ns %}" * 60 + "{{ ns }}",
    "a wide number": "{{ '%999999999d' % 1 }}",
    "deep brackets": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "a long output": "{{ 'x'*70000 }}",
    "a missing name": "{{ nobody }}",
    "an unsafe attribute": "{{ comment.__class__.__mro__ }}",
    "a call that fails": "{{ comment() }}",
}


@pytest.fixture
async def process() -> AsyncIterator[RenderProcess]:
    child = RenderProcess()
    assert await child.render([("warm", Dialect.PLAIN)], "en", {}) == ["warm"]
    yield child
    await child.close()


def refusal(source: str) -> str:
    with pytest.raises(TemplateError) as refused:
        template_rules.check("alert", source)
    return refused.value.problem


def test_every_attack_is_refused_before_it_runs_and_costs_nothing() -> None:
    assert len(ATTACKS) >= 50
    refusal("{{ warm }}")
    before = psutil.Process().memory_info().rss
    for attack in ATTACKS:
        fastest = 1.0
        for _ in range(3):
            started = time.process_time()  # others use this machine too
            assert refusal(attack)
            fastest = min(fastest, time.process_time() - started)
        assert fastest < 0.05, attack[:80]
    assert psutil.Process().memory_info().rss - before < 20 * 1024 * 1024


def render_children() -> list[psutil.Process]:
    """The processes that draw admins' templates; other tests have children of their own."""
    return [one for one in psutil.Process().children() if "bot.render_child" in one.cmdline()]


async def test_a_refused_template_is_never_given_to_the_renderer() -> None:
    templates = Templates.load([Override("alert", attack, team=str(number)) for number, attack in enumerate(ATTACKS)])
    children = render_children()
    for number in range(len(ATTACKS)):
        rendered = await templates.render("alert", "en", Dialect.PLAIN, samples("alert"), team=str(number))
        assert rendered.text.startswith("Ann is unhappy")
    assert render_children() == children
    assert len(templates.problems) == len(ATTACKS)
    await templates.close()


class Grammar:
    """Writes templates: allowed ones, with one thing in them that is not when `evil`."""

    EVIL = (
        "{{ VALUE * 2 }}",
        "{{ VALUE ~ VALUE }}",
        "{{ VALUE[0] }}",
        "{{ VALUE.format(1) }}",
        "{{ VALUE|safe }}",
        "{{ VALUE|truncate(due) }}",
        "{{ VALUE.__class__ }}",
        "{{ [VALUE] }}",
        "{{ VALUE if VALUE else VALUE }}",
        "{{ bold(bold(VALUE)) }}",
        "{{ bold(VALUE, VALUE) }}",
        "{{ range(VALUE) }}",
        "{{ unknown }}",
        "{{ contact.password }}",
        "{{ VALUE or VALUE }}",
        "{{ not VALUE }}",
        "{{ VALUE is string }}",
        "{% set x = VALUE %}",
        "{% if VALUE in VALUE %}x{% endif %}",
        "{% if VALUE %}{% include VALUE %}{% endif %}",
        "{% for x in VALUE %}{% endfor %}",
        "{% for x in scores %}{% for y in scores %}{% endfor %}{% endfor %}",
        "{% for x in scores %}{{ loop.changed(VALUE) }}{% endfor %}",
        "{% macro m() %}{% endmacro %}",
        "{% block b %}{% endblock %}",
    )

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def template(self, *, evil: bool) -> str:
        pieces = [self.piece(3) for _ in range(self.random.randint(1, 4))]
        if evil:
            spoilt = self.random.choice(self.EVIL)
            while "VALUE" in spoilt:
                spoilt = spoilt.replace("VALUE", self.value(), 1)
            if "{% for" not in spoilt and "block" not in spoilt and self.random.random() < 0.5:
                spoilt = "{% if " + self.condition(2) + " %}" + spoilt + "{% endif %}"
            pieces.insert(self.random.randint(0, len(pieces)), spoilt)
        return "".join(pieces) + "."

    def piece(self, depth: int) -> str:
        kind = self.random.randint(0, 5 if depth else 2)
        if kind == 0:
            return self.random.choice(["words ", "<b>&\n", "*x* ", "{# a note #}", "。", "{ { % "])
        if kind == 1:
            return "{{ " + self.value() + " }}"
        if kind == 2:
            return (
                "{{ "
                + self.random.choice(["bold", "italic", "code", "links", "stars", "number"])
                + "("
                + self.value()
                + ") }}"
            )
        if kind == 3:
            return "{% for score in scores %}{{ score.label }}{{ loop.index }}{% else %}" + "none{% endfor %}"
        otherwise = "{% elif " + self.condition(1) + " %}" + self.piece(depth - 1) if kind == 4 else ""
        return "{% if " + self.condition(2) + " %}" + self.piece(depth - 1) + otherwise + "{% else %}x{% endif %}"

    def value(self) -> str:
        value = self.random.choice(["contact.name", "comment", "due", "'text'", "ticket.number", "3", "urgent"])
        for _ in range(self.random.randint(0, 2)):
            value += self.random.choice(["|upper", "|trim", "|truncate(9)", "|default('-')", "|wordcount", "|round(1)"])
        return value

    def condition(self, depth: int) -> str:
        kind = self.random.randint(0, 5 if depth else 2)
        if kind == 0:
            return self.value()
        if kind == 1:
            return f"{self.value()} {self.random.choice(['==', '!='])} {self.value()}"
        if kind == 2:
            return f"scores|length {self.random.choice(['<', '<=', '>', '>='])} {self.random.randint(0, 5)}"
        if kind == 3:
            return f"not ({self.condition(depth - 1)})"
        return f"({self.condition(depth - 1)} {self.random.choice(['and', 'or'])} {self.condition(depth - 1)})"


def test_500_templates_with_something_forbidden_in_them_are_refused() -> None:
    for seed in range(500):
        source = Grammar(seed).template(evil=True)
        assert refusal(source)


def test_200_templates_with_nothing_forbidden_are_accepted_and_run() -> None:
    for seed in range(200):
        source = Grammar(seed).template(evil=False)
        template_rules.check("alert", source)
        for dialect in Dialect:
            compiled(source, dialect, "en")(samples("alert"))


async def ticking(gaps: list[float]) -> None:
    """How long the event loop lets others wait."""
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        await asyncio.sleep(0.005)
        now = loop.time()
        gaps.append(now - last)
        last = now


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
async def test_if_the_check_let_a_bomb_through_it_ends_alone_and_soon(process: RenderProcess, bomb: str) -> None:
    gaps: list[float] = []
    clock = asyncio.create_task(ticking(gaps))
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    with pytest.raises(RenderError):
        await process.render([(bomb, Dialect.HTML)], "en", samples("alert"))
    assert time.perf_counter() - started < 4, "a second is what it gets; the machine may be busy besides"
    clock.cancel()
    assert max(gaps, default=0) < 0.6, "meanwhile everybody else was served"
    assert psutil.Process().memory_info().rss - before < 20 * 1024 * 1024
    assert await process.render([("{{ due }}", Dialect.PLAIN)], "en", {"due": "still here"}) == ["still here"]


async def test_the_child_knows_none_of_our_secrets(process: RenderProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_CHANNELS__TELEGRAM__TOKEN", "123:secret")
    await process.close()
    await process.render([("warm", Dialect.PLAIN)], "en", {})
    (child,) = render_children()
    assert set(child.environ()) <= {"PYTHONPATH", "PYTHONUTF8", "LC_CTYPE"}


async def test_a_child_that_was_killed_costs_no_message(process: RenderProcess) -> None:
    (child,) = render_children()
    child.kill()
    child.wait()
    assert await process.render([("next", Dialect.PLAIN)], "en", {}) == ["next"]


async def test_somebody_who_stops_waiting_does_not_get_the_next_ones_words(process: RenderProcess) -> None:
    waiting = asyncio.create_task(
        process.render([("{% for i in scores*100000000 %}{% endfor %}late", Dialect.PLAIN)], "en", {"scores": [1]})
    )
    (child,) = render_children()
    while child.status() != psutil.STATUS_RUNNING:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await process.render([("mine", Dialect.PLAIN)], "en", {}) == ["mine"]


async def test_a_hundred_messages_with_one_bad_template_all_leave_and_the_admin_hears_once() -> None:
    told: list[str] = []
    bad = "{% for score in scores %}" + "{{ comment }}" * 600 + "{% endfor %}"  # allowed, but far too long
    templates = Templates.load(
        [Override("alert", bad, team="vip"), Override("alert", "Fine, {{ contact.name }}", team="sales")],
        on_problem=lambda problem: told.append(f"{problem.template}: {problem.what}"),
    )
    context = {**samples("alert"), "comment": "x" * 4000}
    for number in range(100):
        team = "vip" if number % 2 else "sales"
        rendered = await templates.render("alert", "en", Dialect.HTML, context, team=team)
        assert rendered.text.startswith("<b>Ann</b> is unhappy" if team == "vip" else "Fine, Ann")
    assert told == ["alert vip: TooLongError: longer than 64 KiB"]
    await templates.close()
    assert render_children() == []


async def test_words_are_never_taken_for_a_template() -> None:
    templates = Templates.load([Override("received", "Got {{ ticket.subject }}", locale="zh-Hans")])
    for words in ("{{7*7}}", "${7*7}", "<%=7*7%>", "#{7*7}", "{% for i in range(9) %}x{% endfor %}", "{{ contact }}"):
        for locale in ("en", "zh-Hans"):
            context = {**samples("received"), "ticket": {"number": "CS-1", "subject": words}}
            assert words in (await templates.render("received", locale, Dialect.PLAIN, context)).text
    assert templates.problems == []
    await templates.close()


def test_templates_are_compiled_in_one_place_only() -> None:
    root = os.path.dirname(os.path.dirname(template_rules.__file__))
    users = set()
    for package in ("bot", "core"):
        for folder, _, names in os.walk(os.path.join(root, package)):
            for name in names:
                if name.endswith(".py"):
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        source = file.read()
                    if "from_string(" in source or "Template.from_code(" in source:
                        users.add(name)
    assert users == {"template_engine.py"}


def test_every_kind_refuses_what_it_does_not_declare() -> None:
    for kind in KINDS:
        with pytest.raises(TemplateError, match="unknown name 'settings'"):
            template_rules.check(kind, "{{ settings }}")

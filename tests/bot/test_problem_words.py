"""What is wrong in a form is said in each language: nothing that the set-up or a template can refuse lacks words."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

import jinja2.lexer
import jinja2.parser
import pytest
from pydantic import BaseModel, ValidationError

from bot import template_rules, template_source
from bot.rendering import Templates
from bot.translations import label_rules, po
from core import durations, setting_problems
from core.phrases import OTHER, Phrase
from core.reactions import settings as rule_settings
from core.reactions import team_settings
from core.setting_problems import explain
from core.setup import models, storing
from core.setup.models import Setup
from core.surveys import settings as survey_settings

ROOT = Path(__file__).parents[2]
SAYING = (durations, survey_settings, rule_settings, team_settings, models, storing, label_rules, po, template_rules)
"""The modules that say what is wrong with what somebody filled in."""
NONSENSE: list[Any] = [
    None, "", " ", "x", "x" * 5000, "\x00", -1, 0, 7, 10**9, 10**30, 1.5, float("nan"), True, "always", "9h", "0s",
    [], [[]], [1], ["x"] * 200, [{}], {}, {"x": 1}, {"x": {}}, "2026-13-45", "22:00-22:00", "soon",
]  # fmt: skip


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates.load()


def labels_in(said: Phrase) -> Iterator[Phrase]:
    yield said
    for value in said.values.values():
        if isinstance(value, Phrase):
            yield from labels_in(value)


def assert_said(templates: Templates, said: Phrase) -> None:
    for locale in templates.locales():
        words = templates.shipped_labels_of(locale)
        assert words is not None
        for one in labels_in(said):
            assert one.label in words, f"{one.label} has no words in {locale}"
            assert words.values_of(one.label) <= set(one.values), f"{one.label} in {locale}"


# ---------------------------------------------------------------- from the code


def calls(module: ModuleType) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call):
            yield (node.func.id if isinstance(node.func, ast.Name) else ""), node


def written(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def phrases() -> Iterator[tuple[str, ast.Call]]:
    """Every label of a problem that is named in the code, with the call that fills it in."""
    for module in (*SAYING, template_source, setting_problems):
        for name, call in calls(module):
            if name == "phrase" and written(call.args[0]).startswith(("problem.", "languages.")):
                yield written(call.args[0]), call
            elif name == "_said" and call.args and written(call.args[0]):
                yield f"problem.template.{written(call.args[0])}", call
            elif name in ("unknown_at", "unknown_phrase") and written(call.args[-1]):
                yield f"problem.unknown_{written(call.args[-1]).replace(' ', '_')}", call


def test_every_problem_that_the_code_names_has_words_in_each_language(templates: Templates) -> None:
    found = list(phrases())
    assert len(found) > 70
    for label, call in found:
        for locale in templates.locales():
            words = templates.shipped_labels_of(locale)
            assert words is not None
            assert label in words, f"{label} has no words in {locale}"
            given = {one.arg for one in call.keywords if one.arg}
            filled = given if not label.startswith("problem.unknown_") else {"name", "hint"}
            assert words.values_of(label) <= filled, f"{label} in {locale}"


@pytest.mark.parametrize("module", SAYING, ids=lambda one: one.__name__)
def test_nothing_is_refused_without_words_for_a_page(module: ModuleType) -> None:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            assert node.exc.func.id not in ("ValueError", "PydanticCustomError"), f"line {node.lineno}: raise Unusable"
    for name, call in calls(module):
        enough = {"Problem": 3, "TemplateError": 2, "Unusable": 2, "NotAFile": 2}.get(name, 0)
        assert len(call.args) >= enough, f"{module.__name__}, line {call.lineno}: {name} without words for a page"


def test_no_word_for_a_problem_is_left_over(templates: Templates) -> None:
    code = "".join(one.read_text("utf-8") for part in ("core", "bot") for one in (ROOT / part).rglob("*.py"))
    code += (ROOT / "bot/templates/web/admin/language_compare.html.j2").read_text("utf-8")
    for label in (one for one in templates.default_labels if one.startswith("problem.")):
        name = label.rpartition(".")[2].removeprefix("form_")
        known = f'.{name}"' in code or f'"{name}"' in code or ".part." in label
        assert known or f'"{name.removeprefix("unknown_").replace("_", " ")}"' in code, f"{label} is said nowhere"


# ---------------------------------------------------------------- by trying


def fields(model: type[BaseModel]) -> Iterator[tuple[type[BaseModel], str]]:
    """Every field of a model and of the models in it."""
    for name, field in model.model_fields.items():
        yield model, name
        for inner in inside(field.annotation):
            yield from fields(inner)


def inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not None:
        for one in get_args(annotation):
            yield from inside(one)


FIELDS = sorted({(model, name) for model, name in fields(Setup) if model is not Setup}, key=str)


@pytest.mark.parametrize(("model", "name"), FIELDS, ids=lambda one: getattr(one, "__name__", one))
def test_whatever_is_filled_in_what_is_wrong_is_said_in_each_language(
    templates: Templates, model: type[BaseModel], name: str
) -> None:
    for value in NONSENSE:
        for given in (value, [value], {"en": value}, {"overall": value}):
            try:
                model.model_validate({name: given})
            except ValidationError as error:
                for problem in explain(error, model):
                    assert problem.said != OTHER, f"{given!r}: {problem}"
                    assert_said(templates, problem.said)


def test_all_forms_that_a_field_can_have_are_said(templates: Templates) -> None:
    for form in setting_problems._FORMS:
        assert_said(templates, Phrase(f"problem.form_{form}", {}))


def test_all_that_a_template_may_not_do_is_said(templates: Templates) -> None:
    for node in template_source.NAMES:
        of_a_kind = next(iter(node.__subclasses__()), node)  # some only stand for several
        assert_said(templates, template_source.refused(of_a_kind(lineno=1)).said)


def test_all_that_jinja_says_is_said(templates: Templates) -> None:
    source = inspect.getsource(jinja2.parser) + inspect.getsource(jinja2.lexer)
    messages = re.findall(r'f?"([^"\n]*(?:nexpected|xpected|nknown|issing|nvalid)[^"\n]*)"', source)
    assert len(messages) > 10
    for message in [*messages, "expected token 'end of print statement', got 'x'", "anything else"]:
        assert_said(templates, template_source.unreadable(message))


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("{% if due %}x", "not_closed"),
        ("{% foo %}", "unknown_tag"),
        ("{# x", "comment_open"),
        ("{{ }}", "incomplete"),
        ("{{ due", "left_open"),
        ("{% if due", "left_open"),
        ("{{ due due }}", "unexpected"),
        ("{{ du }}", "unknown_name"),
        ("{{ contact.nme }}", "no_such_part"),
        ("{% set x = 1 %}", "refused"),
    ],
)
def test_a_template_that_cannot_be_used_is_explained_in_plain_words(
    templates: Templates, source: str, label: str
) -> None:
    [problem] = template_rules.problems("invite", source, most=1)
    assert problem.said.label == f"problem.template.{label}"
    assert_said(templates, problem.said)

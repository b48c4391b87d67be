"""Whatever is written into the audit is told in each language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.rendering import Templates
from bot.web.admin import desk_acts
from core.models.wordings import Outcome
from core.setup.models import Setup
from core.setup.storing import KINDS
from core.surveys.settings import Allowance, Window
from tests.bot.test_problem_words import fields

ROOT = Path(__file__).parents[2]
MADE: dict[str, list[str]] = {
    "{KINDS[table]}.removed": [f"{kind}.removed" for kind in KINDS.values()],
    "{kind}.{'added' if old is None else 'changed'}": [
        f"{kind}.{what}" for kind in KINDS.values() for what in ("added", "changed")
    ],
    "contact.address_{what}": [f"contact.address_{what}" for what in ("added", "removed", "freed")],
    "ab_test.{outcome}": [f"ab_test.{outcome}" for outcome in Outcome],
    "ticket.{_PAST[verb]}": [f"ticket.{past}" for past in desk_acts._PAST.values()],
}
"""What names that are put together in the code come to."""
MADE_OF = {ast.dump(ast.parse(f'f"{name}"', mode="eval").body): known for name, known in MADE.items()}
WRITERS = {"record": 1, "doing": 2, "_recorded": None, "_released": None}
"""The functions that write a line, and which argument is the action; None: whichever looks like one."""


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates.load()


def actions() -> Iterator[tuple[str, str]]:
    """Each action that any code records, with where."""
    for file in sorted(one for part in ("core", "bot") for one in (ROOT / part).rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        made = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.JoinedStr)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in WRITERS or (name in ("record", "doing") and "audit." not in ast.unparse(node.func)):
                continue
            at = WRITERS[name]
            given = [node.args[at]] if at is not None else list(node.args)
            where = f"{file.relative_to(ROOT)}:{node.lineno}"
            for one in given:
                what = made.get(one.id, one) if isinstance(one, ast.Name) else one
                if isinstance(what, ast.JoinedStr):
                    yield from ((action, where) for action in MADE_OF[ast.dump(what)])
                elif isinstance(what, ast.Name):
                    text = str(constants.get(what.id, ""))  # a parameter: those who call it say it
                    yield from [(text, where)] if "." in text else []
                elif isinstance(what, ast.Constant) and isinstance(what.value, str) and "." in what.value:
                    yield what.value, where


def test_every_action_that_is_recorded_is_told_in_each_language(templates: Templates) -> None:
    found = dict(actions())
    assert {"team.added", "account.signed_in", "contact.erased", "held.counted", "arrival.retried"} <= found.keys()
    for action, where in found.items():
        for locale in templates.locales():
            words = templates.shipped_labels_of(locale)
            assert words is not None
            assert f"audit.{action}" in words, f"{action} ({where}) has no words in {locale}"


def test_every_field_of_the_set_up_is_called_by_a_name_in_each_language(templates: Templates) -> None:
    for locale in templates.locales():
        words = templates.shipped_labels_of(locale)
        assert words is not None
        for model, name in fields(Setup):
            if model not in (Setup, Window, Allowance):  # these two are written on one line
                known = ("audit.field.", "surveys.field.", "surveys.field.conditions-", "rule.about.")
                assert any(f"{one}{name}" in words for one in known), f"{model.__name__}.{name} in {locale}"

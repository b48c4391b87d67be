"""Whatever is written into the audit is told in each language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.rendering import Templates
from bot.staff import alerts
from bot.surveys import messages, transcripts
from bot.trials import sending
from bot.web.admin import audit_words, desk_acts
from core.models.accounts import Role
from core.models.deliveries import ArrivalState, DeliveryState
from core.models.wordings import Outcome
from core.setup.models import RetentionSetup, Setup
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
    "contact.link_{what}": [f"contact.link_{what}" for what in ("made", "used")],
    "ab_test.{outcome}": [f"ab_test.{outcome}" for outcome in Outcome],
    "ticket.{_PAST[what]}": [f"ticket.{past}" for past in desk_acts._PAST.values()],
}
"""What names that are put together in the code come to."""
MADE_OF = {ast.dump(ast.parse(f'f"{name}"', mode="eval").body): known for name, known in MADE.items()}
COLUMNS = {"ended_at", "ended_by", "locale_chosen"}
"""What is written beside a line, and not in it."""
NEVER_KEPT = {DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.SUPERSEDED}
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


def recording() -> Iterator[tuple[ast.Call, ast.AST, str]]:
    """Each call that writes a line, with the function that it stands in."""
    for file in sorted(one for part in ("core", "bot") for one in (ROOT / part).rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(function, ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("audit.record", "audit.doing"):
                        yield node, function, f"{file.relative_to(ROOT)}:{node.lineno}"


def subjects() -> Iterator[tuple[str, str]]:
    """What lines are about: "ticket", with where."""
    for call, _, where in recording():
        at = 3 if ast.unparse(call.func) == "audit.doing" else 2
        said = ast.unparse(call.args[at]).removesuffix("[:254]").strip("f'\"")
        kind = said.partition(":")[0].removeprefix("_subject(").partition("(")[0]
        kinds = (
            KINDS.values() if kind in ("{kind}", "{KINDS[table]}") else ["contact" if "contact_id" in said else kind]
        )
        yield from ((one, where) for one in kinds)


def test_what_a_line_is_about_is_told_in_each_language(templates: Templates) -> None:
    found = dict(subjects())
    assert {"survey", "ticket", "contact", "store", "arrival", "webhook_call"} <= found.keys()
    for kind, where in found.items():
        for locale in templates.locales():
            words = templates.shipped_labels_of(locale)
            assert words is not None
            assert f"audit.about.{kind}" in words, f"{kind} ({where}) in {locale}"


def test_what_a_line_keeps_is_called_by_a_name_in_each_language(templates: Templates) -> None:
    kept = {
        (key.value, where)
        for call, function, where in recording()
        for node in (function if any(one.arg in ("before", "after") for one in call.keywords) else call,)
        for one in ast.walk(node)
        if isinstance(one, ast.Dict)
        for key in one.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value not in COLUMNS
    }
    assert {"state", "doubts", "as", "share"} <= {name for name, _ in kept}
    for name, where in kept:
        for locale in templates.locales():
            words = templates.shipped_labels_of(locale)
            assert words is not None
            known = (f"audit.field.{name}", f"surveys.field.{name}")
            assert any(one in words for one in known), f"{name} ({where}) in {locale}"


def codes(annotation: Any) -> Iterator[str]:
    """Every code that a setting can be."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield from annotation
    for one in get_args(annotation):
        yield from [one] if isinstance(one, str) and one else codes(one)


def test_every_code_that_can_be_set_is_told_in_each_language(templates: Templates) -> None:
    found = {
        (name, code)
        for model, name in fields(Setup)
        for code in codes(model.model_fields[name].annotation)
        if (model, name) != (RetentionSetup, "key")  # it is what the line is about
    }
    found |= {("state", one) for one in (*ArrivalState, *DeliveryState) if one not in NEVER_KEPT}
    found |= {("role", one) for one in Role}
    assert {("event", "ticket.reopened"), ("do", "alert"), ("scale", "own"), ("days", "mon"), ("to", "duty")} <= found
    for name, code in found:
        for locale in templates.locales():
            words = templates.shipped_labels_of(locale)
            assert words is not None
            known = [f"{section}.{code}" for section in audit_words.CODES.get(name, ())]
            assert any(one in words for one in known), f"{name} = {code!r} in {locale}"


def test_every_kind_of_delivery_is_told_in_each_language(templates: Templates) -> None:
    survey = messages.SURVEY_KINDS | messages.TICKET_KINDS | messages.WORD_KINDS
    for kind in survey | alerts.KINDS | {sending.KIND, transcripts.KIND}:
        for locale in templates.locales():
            words = templates.shipped_labels_of(locale)
            assert words is not None
            assert any(one in words for one in (f"admin.ticket.delivery.{kind}", f"kind.{kind}")), f"{kind} in {locale}"


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

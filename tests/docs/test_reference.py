"""The reference says all there is to look up, and nothing that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot import channels
from bot.channels.settings import ChannelSettings
from bot.config import Logs, Site, Store, Webhooks
from bot.placeholders import KINDS
from bot.surveys import commands as chat_commands
from bot.web import metrics, policies
from bot.web.api import reference
from core import access
from core.digests.settings import Recipient
from core.durations import parse
from core.models import desk, invites
from core.models.deliveries import DeliveryState
from core.reactions.settings import Action, Event, When
from core.setup import DigestSetup, RuleSetup, Setup, StaffSetup, SurveySetup, TeamSetup, TemplateSetup, WebhookSetup
from core.setup.models import AlertTarget, StaffAddressSetup
from core.surveys.settings import Conditions, Dimension, Reason, Symbol
from tests.docs import pages

GENERATED = ("templates", "commands", "tables")
SETTINGS = {
    "[site]": Site,
    "[store]": Store,
    "[webhooks]": Webhooks,
    "[logs]": Logs,
    "[channels.NAME]": ChannelSettings,
}
SETUP = {
    "[[teams]]": TeamSetup,
    "alert": AlertTarget,
    "[[staff]]": StaffSetup,
    "addresses": StaffAddressSetup,
    "[[surveys]]": SurveySetup,
    "dimensions": Dimension,
    "reasons": Reason,
    "symbols": Symbol,
    "conditions": Conditions,
    "[[webhooks]]": WebhookSetup,
    "[[rules]]": RuleSetup,
    "when": When,
    "[[digests]]": DigestSetup,
    "recipients": Recipient,
    "[[templates]]": TemplateSetup,
}


# ---------------------------------------------------------------- pages that are made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What docs/generate.py would write now; in a process of its own, because it reads the models by itself."""
    target = tmp_path_factory.mktemp("reference")
    subprocess.run(
        [sys.executable, str(pages.ROOT / "docs/generate.py"), str(target)], check=True, cwd=pages.ROOT, timeout=60
    )
    return target


@pytest.mark.parametrize("name", GENERATED)
def test_the_pages_that_follow_from_the_code_are_up_to_date(name: str, made: Path) -> None:
    as_made = (made / f"{name}.md").read_text("utf-8")
    assert pages.read(f"docs/reference/{name}.md") == as_made, "run: .venv/bin/python docs/generate.py"


def test_every_message_kind_and_placeholder_is_explained() -> None:
    text = pages.read("docs/reference/templates.md")
    for kind in KINDS.values():
        told = pages.section(text, kind.name)
        for one in kind.placeholders:
            wanted = [f"{one.name}.{field.name}" for field in one.fields] if not one.many else [one.name]
            assert all(f"`{name}`" in told for name in wanted), (kind.name, one.name)


def test_every_command_of_a_chat_is_explained() -> None:
    told = {row[0] for row in pages.rows(pages.section(pages.read("docs/reference/commands.md"), "In a chat"))}
    assert told == {f"`/{name}`" for name in chat_commands._COMMANDS}


def test_every_table_and_column_is_explained() -> None:
    text = pages.read("docs/reference/tables.md")
    migrations = sorted((pages.ROOT / "core/migrations").glob("0*.py"))
    for table in _tables_in("".join(path.read_text("utf-8") for path in migrations)):
        assert f"### {table}\n" in text


def _tables_in(source: str) -> set[str]:
    found = set(re.findall(r"[\"']table[\"']: [\"'](\w+)[\"']", source))
    assert len(found) > 20, "the migrations look different; read their tables in another way"
    return found


# ---------------------------------------------------------------- settings and set-up


@pytest.mark.parametrize("heading", SETTINGS)
def test_every_setting_is_explained_with_its_default(heading: str) -> None:
    _assert_told("docs/reference/settings.md", heading, _fields(SETTINGS[heading]))


@pytest.mark.parametrize("kind", channels.KINDS)
def test_every_setting_of_a_channel_is_explained_with_its_default(kind: str) -> None:
    common = _fields(ChannelSettings)
    own = {name: one for name, one in _fields(channels.settings_class(kind)).items() if name not in common}
    _assert_told("docs/reference/settings.md", f'kind = "{kind}"', own)


@pytest.mark.parametrize("heading", SETUP)
def test_every_setting_of_the_setup_file_is_explained_with_its_default(heading: str) -> None:
    _assert_told("docs/reference/setup-file.md", heading, _fields(SETUP[heading]))


def test_every_table_of_the_setup_file_has_a_heading() -> None:
    text = pages.read("docs/reference/setup-file.md")
    assert all(f"## [[{name}]]\n" in text for name in Setup.model_fields)


def test_every_action_of_a_rule_is_explained() -> None:
    page = pages.read("docs/reference/setup-file.md")
    assert all(f"`{action.value}`" in pages.section(page, "then") for action in Action)
    assert all(f"`{event.value}`" in pages.section(page, "Events") for event in Event)


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _assert_told(page: str, heading: str, wanted: Mapping[str, FieldInfo]) -> None:
    told = {row[0].strip("`"): row[1] for row in pages.rows(pages.section(pages.read(page), heading))}
    assert set(told) == set(wanted)
    for name, field in wanted.items():
        if isinstance(field.default, timedelta):
            assert parse(told[name].strip('`"')) == field.default, (heading, name)
        elif (default := _shown(field)) is not None:
            assert told[name] == default, (heading, name)


def _shown(field: FieldInfo) -> str | None:
    """The default as the page writes it; None where words say it better."""
    if field.is_required():
        return "needed"
    value: Any = field.default
    if isinstance(value, SecretStr) or SecretStr in get_args(field.annotation):
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"`{value:g}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return None


# ---------------------------------------------------------------- the API


def test_every_call_of_the_api_and_every_filter_is_explained() -> None:
    text = pages.read("docs/reference/api.md")
    for path, methods in reference.description()["paths"].items():
        for method, call in methods.items():
            assert f"{method.upper()} {path}" in text
            for one in call.get("parameters", ()):
                assert f"`{one['name']}`" in text or one["name"] in ("ticket", "idempotency-key"), one["name"]


def test_every_field_of_the_api_is_explained() -> None:
    text = pages.read("docs/reference/api.md")
    for name, schema in reference.description()["components"]["schemas"].items():
        missing = [
            field for field in schema.get("properties", {}) if f"`{field}`" not in text and f'"{field}"' not in text
        ]
        assert not missing, name


def test_every_scope_and_state_is_explained() -> None:
    text = pages.read("docs/reference/api.md")
    words = [*access.SCOPES, *DeliveryState, *desk.Priority]
    assert all(f"`{word}`" in text for word in words)
    assert invites.InvitePurpose.RECOVERY.value in pages.read("docs/reference/setup-file.md")


def test_every_public_address_is_explained() -> None:
    text = pages.read("docs/reference/api.md")
    beginnings = {"/" + path.split("/")[1] for path in policies.PUBLIC} - {"/static"}
    assert all(f"{beginning}" in text for beginning in beginnings)


async def test_every_metric_is_explained(sqlite_store: object) -> None:
    told = {row[0].strip("`") for row in pages.rows(pages.section(pages.read("docs/howto/operate.md"), "Metrics"))}
    stored = {family.name for family in await metrics._families(datetime.now(UTC), {})}
    assert told == {*stored, "afterword_http_responses_total"}


def test_every_kind_of_channel_has_its_page() -> None:
    for kind in channels.KINDS:
        page = pages.read(f"docs/howto/{kind}.md")
        assert f'kind = "{kind}"' in page
        assert list(pages.rows(pages.section(page, "What can go wrong, and what you will see")))

"""The app that one pastes into Slack: it may do what the code does, and nothing else."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from typer.testing import CliRunner

from bot.__main__ import app
from bot.channels.slack import methods, reading
from tests.docs import pages

CODE = Path(methods.__file__).parent
AT_ONCE = {  # methods of the library that call several of Slack's
    "files_upload_v2": ("files.getUploadURLExternal", "files.completeUploadExternal"),
}
SOCKET = 'kind = "slack"\nbot_token = "xoxb-1"\napp_token = "xapp-1"\n'
HTTP = 'kind = "slack"\nmode = "http"\nbot_token = "xoxb-1"\nsigning_secret = "s"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def printed(config: Path, *arguments: str, text: str = "") -> dict[str, Any]:
    config.write_text('[site]\nbase_url = "https://survey.example.org"\nname = "Example & Sons"\n' + text, "utf-8")
    done = CliRunner().invoke(app, ["slack", "manifest", "--config", str(config), *arguments])
    assert done.exit_code == 0, done.output
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def called() -> Iterator[str]:
    """Every method of Slack's library that the channel's code names, as Slack calls it."""
    for path in CODE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "api_method":
                yield ast.literal_eval(node.value)
            if (
                isinstance(node, ast.Attribute)
                and node.attr != "api_call"
                and "_" in node.attr
                and hasattr(AsyncWebClient, node.attr)
            ):
                of = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                if of.endswith("client"):
                    yield from AT_ONCE.get(node.attr, (node.attr.replace("_", "."),))


def test_the_app_may_call_every_method_that_the_code_calls_and_no_other() -> None:
    assert set(called()) == set(methods.METHODS)


def test_the_scopes_cover_every_method_and_every_event(config: Path) -> None:
    granted = set(printed(config)["oauth_config"]["scopes"]["bot"])
    assert granted >= {*methods.METHODS.values(), *methods.EVENTS.values()} - {""}
    assert granted == set(methods.scopes())


def test_we_hear_of_every_event_that_is_read(config: Path) -> None:
    told = {one.partition(".")[0] for one in printed(config)["settings"]["event_subscriptions"]["bot_events"]}
    source = Path(reading.__file__).read_text("utf-8")
    body = source[source.index("def _event(") : source.index("def _message(")]
    assert told == set(re.findall(r'"(message|app_\w+|tokens_\w+)"', body))


def test_it_works_before_there_is_any_token(config: Path) -> None:
    made = printed(config)
    assert made["settings"]["socket_mode_enabled"] is True
    assert made["features"]["slash_commands"][0]["command"] == "/afterword"
    assert made["display_information"]["description"] == "Questions and answers about your requests at Example & Sons"
    assert "redirect_urls" not in made["oauth_config"]
    assert "https://survey" not in json.dumps(made)


@pytest.mark.parametrize(("arguments", "text"), [(["--mode", "http"], ""), ([], f"[channels.slack]\n{HTTP}")])
def test_by_http_slack_is_told_where_to_call(config: Path, arguments: list[str], text: str) -> None:
    made = printed(config, *arguments, text=text)
    hook = "https://survey.example.org/hooks/slack"
    assert made["settings"]["socket_mode_enabled"] is False
    assert made["settings"]["event_subscriptions"]["request_url"] == hook
    assert made["settings"]["interactivity"]["request_url"] == hook
    assert made["features"]["slash_commands"][0]["url"] == hook


def test_with_other_workspaces_slack_is_told_where_to_send_people_back(config: Path) -> None:
    made = printed(config, "--oauth", "--channel", "shop")
    assert made["oauth_config"]["redirect_urls"] == ["https://survey.example.org/slack/shop/oauth"]
    assert made["settings"]["token_rotation_enabled"] is True


@pytest.mark.parametrize(("token", "rotates"), [("", True), ('bot_token = "xoxb-1"\n', False)])
def test_a_token_in_the_configuration_must_not_end_by_itself(config: Path, token: str, rotates: bool) -> None:
    text = 'kind = "slack"\napp_token = "xapp-1"\nclient_id = "1.2"\nclient_secret = "s"\n'
    made = printed(config, text=f"[channels.shop]\n{text}{token}")
    assert made["oauth_config"]["redirect_urls"] == ["https://survey.example.org/slack/shop/oauth"]
    assert made["settings"]["token_rotation_enabled"] is rotates


def test_it_fits_slacks_limits_whatever_the_site_is_called(config: Path) -> None:
    """https://docs.slack.dev/reference/app-manifest"""
    made = printed(config, "--mode", "http", text="")
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    assert len(made["settings"]["event_subscriptions"]["bot_events"]) <= 100
    config.unlink()
    long = '[site]\nname = "' + "Ä" * 80 + '"\n'
    config.write_text(long, "utf-8")
    done = CliRunner().invoke(app, ["slack", "manifest", "--config", str(config)])
    assert len(json.loads(done.stdout)["display_information"]["description"]) <= 140


def test_of_several_channels_one_is_chosen(config: Path) -> None:
    text = f"[channels.a]\n{SOCKET}[channels.b]\n{HTTP}"
    assert printed(config, "--channel", "b", text=text)["settings"]["socket_mode_enabled"] is False
    for wrong, told in (([], "choose one with --channel (a, b)"), (["--channel", "c"], "configured: a, b")):
        done = CliRunner().invoke(app, ["slack", "manifest", "--config", str(config), *wrong])
        assert done.exit_code == 2
        assert told in done.output


def test_an_address_that_slack_would_not_call_is_said(config: Path) -> None:
    config.write_text("", "utf-8")
    done = CliRunner().invoke(app, ["slack", "manifest", "--config", str(config), "--mode", "http"])
    assert "Slack calls only https addresses" in done.stderr
    assert json.loads(done.stdout)["settings"]["socket_mode_enabled"] is False


def test_the_docs_speak_of_the_same_rights() -> None:
    page = pages.read("docs/howto/slack.md")
    spoken_of = set(re.findall(r"`((?:[a-z]+:)+[a-z.]+)`", page)) - {"connections:write", "channel:slack"}
    assert spoken_of <= set(methods.scopes())
    assert "display_information" not in page, "the manifest is made by the command"

"""`afterword slack`: what is to be set up at Slack."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, USAGE, ConfigPath, configuration, fail, note, say

if TYPE_CHECKING:
    from bot.channels.slack.manifest import Plan, Words
    from bot.channels.slack.settings import SlackSettings
    from bot.config import Config

app = typer.Typer(no_args_is_help=True)

NAME = "slack"


class Mode(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


Channel = Annotated[str, typer.Option(help="Which Slack channel of the configuration, if it has several.")]
How = Annotated[Mode | None, typer.Option(help="How Slack reaches us. Left out: as configured, else socket.")]
OAuth = Annotated[bool, typer.Option("--oauth", help="Other workspaces install it too, also before client_id is set.")]


@app.callback()
def _slack() -> None:
    """A group even with one command in it."""


@app.command()
def manifest(
    channel: Channel = "", mode: How = None, oauth: OAuth = False, config: ConfigPath = DEFAULT_CONFIG
) -> None:
    """Print the app manifest, to be pasted into Slack: Create New App, From a manifest.

    Made from the configuration. It needs no token, so run it before there is an app: the channel is then called slack.
    """
    settings = configuration(config)
    plan = _plan(settings, channel, mode, oauth=oauth)
    from bot.channels.slack import manifest as manifests

    if (plan.by_http or plan.oauth) and not plan.base_url.startswith("https://"):
        note(f"Slack calls only https addresses, and site.base_url is {plan.base_url}")
    say(json.dumps(manifests.manifest(plan, _words(settings)), indent=2, ensure_ascii=False))


def _plan(config: Config, channel: str, mode: Mode | None, *, oauth: bool) -> Plan:
    from bot.channels.slack.manifest import Plan

    name, known = _chosen(config, channel)
    by_http = (mode or Mode(known.mode if known else Mode.SOCKET)) is Mode.HTTP
    oauth = oauth or (known is not None and bool(known.client_id))
    rotation = oauth and (known is None or known.bot_token is None)  # a token in the configuration lives for ever
    return Plan(name, config.site.base_url, by_http=by_http, oauth=oauth, rotation=rotation)


def _chosen(config: Config, channel: str) -> tuple[str, SlackSettings | None]:
    """The channel that is meant; one that is to be, where none is configured yet."""
    from bot.channels.slack.settings import SlackSettings

    configured = {name: one for name, one in config.channels.items() if isinstance(one, SlackSettings)}
    if not configured:
        return channel or NAME, None
    if not channel and len(configured) > 1:
        fail(f"there are several: choose one with --channel ({', '.join(configured)})", USAGE)
    name = channel or next(iter(configured))
    if name not in configured:
        fail(f"there is no Slack channel {name!r}; configured: {', '.join(configured)}", USAGE)
    return name, configured[name]


def _words(config: Config) -> Words:
    """In the site's language: whoever installs the app reads them in Slack."""
    from bot.channels.slack.manifest import Words
    from bot.rendering import Templates

    templates = Templates.load(default=config.site.locale)

    def word(label: str) -> str:
        return templates.label(f"slack.{label}", config.site.locale, site=config.site.name)

    return Words("Afterword", word("about"), word("command"), word("command_hint"))

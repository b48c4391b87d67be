"""The description of our app that one pastes into Slack, made from what the code really uses.

Light: the command line makes it before there is any token, and nothing of Slack's libraries is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.channels.slack import addresses, methods
from core.text import clean_line

NAME = 35
DESCRIPTION = 140
USAGE_HINT = 1000


@dataclass(frozen=True, slots=True)
class Words:
    """What people read in Slack's list of apps and beside the command."""

    name: str
    about: str
    command: str
    hint: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How the app is to be reached. `oauth`: other workspaces may install it; `rotation`: its tokens live for hours."""

    channel: str
    base_url: str
    by_http: bool = False
    oauth: bool = False
    rotation: bool = False


def manifest(plan: Plan, words: Words) -> dict[str, Any]:
    """As JSON it is what api.slack.com/apps takes under "Create New App", "From a manifest"."""
    hook = addresses.hook(plan.base_url, plan.channel)
    called = {"request_url": hook} if plan.by_http else {}
    name = clean_line(words.name, limit=NAME)
    command = {"command": "/afterword", **({"url": hook} if plan.by_http else {})}
    command |= {
        "description": clean_line(words.command, limit=DESCRIPTION),
        "usage_hint": clean_line(words.hint, limit=USAGE_HINT),
    }
    oauth: dict[str, Any] = {"scopes": {"bot": methods.scopes()}}
    if plan.oauth:
        oauth["redirect_urls"] = [addresses.redirect(plan.base_url, plan.channel)]
    return {
        "display_information": {"name": name, "description": clean_line(words.about, limit=DESCRIPTION)},
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [command],
        },
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": {**called, "bot_events": sorted(methods.EVENTS)},
            "interactivity": {"is_enabled": True, **called},
            "org_deploy_enabled": plan.oauth,
            "socket_mode_enabled": not plan.by_http,
            "token_rotation_enabled": plan.rotation,
        },
    }

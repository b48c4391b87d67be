"""Which kinds of channel there are. A kind is imported only when a configured channel is of that kind.

A new channel touches four places: this table, its own folder, a stand-in network in `tests/rigs/`, and its page in
`docs/howto/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from bot.channels.settings import ChannelSettings
    from core.ports import Channel


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a kind of channel lives: `module:Class` of its settings (light) and of the channel (may be heavy)."""

    settings: str
    channel: str


KINDS: dict[str, Kind] = {
    "telegram": Kind(
        "bot.channels.telegram.settings:TelegramSettings", "bot.channels.telegram.channel:TelegramChannel"
    ),
    "slack": Kind("bot.channels.slack.settings:SlackSettings", "bot.channels.slack.channel:SlackChannel"),
    "email": Kind("bot.channels.email.settings:EmailSettings", "bot.channels.email.channel:EmailChannel"),
    "webchat": Kind("bot.channels.webchat.settings:WebchatSettings", "bot.channels.webchat.channel:WebchatChannel"),
}


def settings_class(kind: str) -> type[ChannelSettings]:
    """The settings of a kind; raises KeyError for a kind that does not exist."""
    return cast("type[ChannelSettings]", _load(KINDS[kind].settings))


def build(name: str, settings: ChannelSettings, *, base_url: str) -> Channel:
    """Make the channel that is configured as `[channels.<name>]`; this is where its chat library is imported."""
    make = _load(KINDS[settings.kind].channel)
    return cast("Channel", make(name, settings, base_url=base_url))  # type: ignore[operator]


def _load(path: str) -> object:
    module, name = path.split(":")
    return getattr(import_module(module), name)

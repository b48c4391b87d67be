"""What stands in a `[channels.<name>]` table of the kind `webchat`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from bot.channels.settings import ChannelSettings

_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:[0-9]{1,5}|:\*)?")


class WebchatSettings(ChannelSettings):
    """A chat that a site embeds with one script tag. Nothing has to be set."""

    kind: Literal["webchat"]
    title: str = Field(default="", max_length=60, description="What stands above the conversation.")
    accent: str = Field(default="#2f5bd8", pattern=r"^#[0-9a-fA-F]{6}$", description="The colour of buttons: #rrggbb.")
    identity_secret: SecretStr | None = Field(
        default=None, description="Shared with the site that embeds the chat, to sign who its visitor is."
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(), description='Sites that may embed the chat: "https://www.example.org". Empty: any site.'
    )

    @field_validator("identity_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < 32:
            raise ValueError("at least 32 bytes, so that nobody guesses it")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError('an origin is a scheme and a host, without a path: "https://www.example.org"')
        return value

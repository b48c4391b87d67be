"""The `[channels.<name>]` table of a Telegram bot. Light: no chat library is imported to read a configuration."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.channels.settings import ChannelSettings

_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]+")
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,256}")
_URL = re.compile(r"https?://[^\s{}?#]+")


class TelegramSettings(ChannelSettings):
    """One bot. `polling` needs no public address; `webhook` needs one that Telegram reaches by HTTPS."""

    kind: Literal["telegram"]
    token: SecretStr = Field(description="What @BotFather gave: digits, a colon, letters.")
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secret: SecretStr | None = Field(
        default=None, validate_default=True, description="Proves that a call to the hook comes from Telegram."
    )
    webhook_url: str = Field(
        default="",
        description="Where Telegram reaches the hook, if not at `site.base_url` + /hooks/ + the channel's name.",
    )
    api_base: str = Field(default="https://api.telegram.org", description="Another Bot API server.")
    timeout_seconds: float = Field(default=10, gt=0, le=60, description="How long one request may take.")

    @field_validator("token")
    @classmethod
    def _looks_like_a_token(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("token must be what @BotFather gave: digits, a colon, and letters")
        return token

    @field_validator("webhook_secret")
    @classmethod
    def _a_hook_needs_a_secret(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("mode") == "webhook" and not _SECRET.fullmatch(secret.get_secret_value() if secret else ""):
            raise ValueError("webhook_secret must have 32 to 256 characters of A-Z, a-z, 0-9, _ and - in webhook mode")
        return secret

    @field_validator("api_base", "webhook_url")
    @classmethod
    def _is_an_address(cls, url: str, info: ValidationInfo) -> str:
        if url and not _URL.fullmatch(url):
            raise ValueError(f"{info.field_name} must be an address that begins with https:// (or http://)")
        return url.rstrip("/")

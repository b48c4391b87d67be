"""What a `[channels.<name>]` table of kind "slack" may say. Light: nothing of Slack's libraries is imported here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.channels.settings import ChannelSettings


class SlackSettings(ChannelSettings):
    """A Slack app: in the workspace of `bot_token`, and in every one that installs it by `client_id`."""

    kind: Literal["slack"] = "slack"
    mode: Literal["http", "socket"] = Field(
        default="socket",
        description='"socket" needs no public address; "http" is called by Slack at /hooks/<name>, for production.',
    )
    bot_token: SecretStr | None = Field(
        default=None, description='The "Bot User OAuth Token", xoxb-…. May be left out with client_id.'
    )
    signing_secret: SecretStr | None = Field(default=None, description="Proves that a call is Slack's; mode http.")
    signing_secret_previous: SecretStr | None = Field(
        default=None, description="The one before, as long as Slack may still sign with it."
    )
    app_token: SecretStr | None = Field(default=None, description="An app-level token, xapp-…; mode socket.")
    client_id: str = Field(default="", description="With client_secret: other workspaces can install the app, too.")
    client_secret: SecretStr | None = Field(default=None, description="Proves to Slack that we are the app.")
    reply_prefix: str = Field(
        default=">>",
        max_length=20,
        description="What staff write in a thread goes to the customer when it begins so; empty: never.",
    )
    api_base: str = Field(default="https://slack.com/api/", description="Where Slack's Web API is.")

    @field_validator("bot_token", "signing_secret", "signing_secret_previous", "app_token", "client_secret")
    @classmethod
    def _not_empty(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().strip():
            raise ValueError("must not be empty")
        return secret

    @field_validator("reply_prefix")
    @classmethod
    def _without_blanks_around(cls, prefix: str) -> str:
        return prefix.strip()

    @field_validator("api_base")
    @classmethod
    def _ends_with_a_slash(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("must be an address that begins with https://")
        return url.rstrip("/") + "/"

    @model_validator(mode="after")
    def _can_hear(self) -> SlackSettings:
        if self.mode == "http" and self.signing_secret is None:
            raise ValueError('signing_secret is needed with mode = "http"')
        if self.mode == "socket" and self.app_token is None:
            raise ValueError('app_token is needed with mode = "socket"')
        return self

    @model_validator(mode="after")
    def _can_speak(self) -> SlackSettings:
        if bool(self.client_id) != (self.client_secret is not None):
            raise ValueError("client_id and client_secret are needed together")
        if self.bot_token is None and not self.client_id:
            raise ValueError("bot_token is needed, or client_id and client_secret")
        return self

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """All that a call may be signed with, the present one first."""
        return tuple(
            secret.get_secret_value() for secret in (self.signing_secret, self.signing_secret_previous) if secret
        )

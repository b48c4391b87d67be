"""What stands in a `[channels.<name>]` table of the kind `email`."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator

from bot.channels.email.addresses import Mailbox, parse_mailbox
from bot.channels.settings import ChannelSettings

_USUAL_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class EmailSettings(ChannelSettings):
    """A mail account at a relay that signs (DKIM) for the domain of `from`."""

    kind: Literal["email"]
    from_: str = Field(alias="from", description='Who the mails come from: "Support <support@example.org>".')
    reply_to: str = Field(default="", description="Where answers go, if not to `from`.")
    smtp_host: str = Field(pattern=r"^[A-Za-z0-9.:_-]+$", description="The relay that takes our mail.")
    smtp_port: int = Field(default=0, ge=0, le=65535, description="0: 587 for starttls, 465 for tls, 25 for none.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the way to the relay is encrypted; certificates are always checked."
    )
    smtp_tls_ca: FilePath | None = Field(default=None, description="A PEM file to trust in place of the system's CAs.")
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_timeout_seconds: float = Field(default=10, gt=0, le=120, description="For connecting, and for one mail.")

    @field_validator("from_", "reply_to")
    @classmethod
    def _one_address(cls, value: str) -> str:
        if value:
            parse_mailbox(value)
        return value

    @field_validator("from_")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        if not value.strip():
            raise ValueError('say who the mails come from: "Support <support@example.org>"')
        return value

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> EmailSettings:
        if bool(self.smtp_user) != bool(self.smtp_password.get_secret_value()):
            raise ValueError("smtp_user and smtp_password go together")
        if self.smtp_user and self.smtp_tls == "none" and not _is_loopback(self.smtp_host):
            raise ValueError('smtp_tls = "none" would send smtp_password in clear: use "starttls" or "tls"')
        return self

    @property
    def sender(self) -> Mailbox:
        return parse_mailbox(self.from_)

    @property
    def answers_to(self) -> Mailbox | None:
        return parse_mailbox(self.reply_to) if self.reply_to else None

    @property
    def port(self) -> int:
        return self.smtp_port or _USUAL_PORTS[self.smtp_tls]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

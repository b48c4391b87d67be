"""What stands in a `[channels.<name>]` table of the kind `email`."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator

from bot.channels.email.addresses import Mailbox, parse_address, parse_mailbox
from bot.channels.email.reply_addresses import LONGEST_LOCAL, ReplyAddress
from bot.channels.settings import ChannelSettings

_USUAL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_USUAL_IMAP_PORTS = {"starttls": 143, "tls": 993, "none": 143}


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

    reply_address: str = Field(
        default="", description='Where answers and bounces come back to us: "support@example.org" takes support+…@ too.'
    )
    reply_delimiter: str = Field(
        default="+", pattern=r"^[+=_-]$", description="What your mail server cuts an address at."
    )
    imap_host: str = Field(default="", pattern=r"^[A-Za-z0-9.:_-]*$", description="The mailbox that is read.")
    imap_port: int = Field(default=0, ge=0, le=65535, description="0: 993 for tls, 143 for starttls and none.")
    imap_tls: Literal["starttls", "tls", "none"] = "tls"
    imap_tls_ca: FilePath | None = Field(default=None, description="A PEM file to trust in place of the system's CAs.")
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = Field(default="INBOX", min_length=1, max_length=200)
    imap_timeout_seconds: float = Field(default=30, gt=0, le=300)
    oauth_token_url: str = Field(
        default="", max_length=1000, description="Where access tokens come from, in place of a password (XOAUTH2)."
    )
    oauth_client_id: str = Field(default="", max_length=500)
    oauth_client_secret: SecretStr = SecretStr("")
    oauth_refresh_token: SecretStr = Field(
        default=SecretStr(""), description="Without one the app asks in its own name (client credentials)."
    )
    oauth_scope: str = Field(default="", max_length=1000)
    listen_smtp: str = Field(default="", description='Take mail by SMTP or LMTP here: "127.0.0.1:2527".')
    largest_mail_mb: int = Field(default=25, ge=1, le=40, description="A larger one is refused, or cut off.")
    dkim_selector: str = Field(
        default="", pattern=r"^([A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*)?$", description="For `afterword check`."
    )
    dns_server: str = Field(default="", description='Which name server `afterword check` asks: "127.0.0.1:53".')

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
        password = self.smtp_password.get_secret_value()
        if bool(self.smtp_user) != bool(password) and not (self.smtp_user and self.oauth_token_url):
            raise ValueError("smtp_user and smtp_password go together, or smtp_user and oauth_token_url")
        if self.smtp_user and self.smtp_tls == "none" and not is_loopback(self.smtp_host):
            raise ValueError('smtp_tls = "none" would send smtp_password in clear: use "starttls" or "tls"')
        return self

    @field_validator("reply_address")
    @classmethod
    def _room_for_a_token(cls, value: str) -> str:
        local = parse_address(value).local if value else ""
        if not local.isascii() or len(local) > LONGEST_LOCAL:
            raise ValueError(
                f"what stands before the @ may have {LONGEST_LOCAL} letters, so that a token fits behind it"
            )
        return value

    @field_validator("listen_smtp", "dns_server")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        if value:
            host_and_port(value)
        return value

    @model_validator(mode="after")
    def _mailbox_is_whole(self) -> EmailSettings:
        password = self.imap_password.get_secret_value()
        if self.imap_host and not (self.imap_user and (password or self.oauth_token_url)):
            raise ValueError("imap_host needs imap_user and imap_password, or imap_user and oauth_token_url")
        if self.imap_host and self.imap_tls == "none" and not is_loopback(self.imap_host):
            raise ValueError('imap_tls = "none" would send imap_password in clear: use "tls" or "starttls"')
        if not self.imap_host and (self.imap_user or password):
            raise ValueError("imap_user and imap_password need imap_host")
        return self

    @model_validator(mode="after")
    def _tokens_can_be_had(self) -> EmailSettings:
        url = urlsplit(self.oauth_token_url)
        others = self.oauth_client_id, self.oauth_client_secret, self.oauth_refresh_token, self.oauth_scope
        if not self.oauth_token_url:
            if any(one if isinstance(one, str) else one.get_secret_value() for one in others):
                raise ValueError("the oauth_… settings need oauth_token_url")
            return self
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
            raise ValueError("oauth_token_url must begin with https://")
        if not self.oauth_client_id:
            raise ValueError("oauth_token_url needs oauth_client_id")
        if not (self.oauth_refresh_token.get_secret_value() or self.oauth_client_secret.get_secret_value()):
            raise ValueError("oauth_token_url needs oauth_refresh_token, or oauth_client_secret, or both")
        return self

    @property
    def own_listener(self) -> tuple[str, str, int] | None:
        return ("listen_smtp", *host_and_port(self.listen_smtp)) if self.listen_smtp else None

    @property
    def smtp_by_token(self) -> bool:
        """A password of its own comes first: the relay need not be the mailbox's provider."""
        return bool(self.oauth_token_url and self.smtp_user and not self.smtp_password.get_secret_value())

    @property
    def imap_by_token(self) -> bool:
        return bool(self.oauth_token_url and self.imap_user and not self.imap_password.get_secret_value())

    @property
    def replies(self) -> ReplyAddress | None:
        if not self.reply_address:
            return None
        address = parse_address(self.reply_address)
        named = Mailbox(address.local, address.domain, self.sender.name)
        return ReplyAddress(named, self.reply_delimiter)

    @property
    def largest_mail(self) -> int:
        """In bytes."""
        return self.largest_mail_mb * 1024 * 1024

    @property
    def mailbox_port(self) -> int:
        return self.imap_port or _USUAL_IMAP_PORTS[self.imap_tls]

    @property
    def sender(self) -> Mailbox:
        return parse_mailbox(self.from_)

    @property
    def answers_to(self) -> Mailbox | None:
        return parse_mailbox(self.reply_to) if self.reply_to else None

    @property
    def port(self) -> int:
        return self.smtp_port or _USUAL_PORTS[self.smtp_tls]


def host_and_port(value: str) -> tuple[str, int]:
    """ "127.0.0.1:2527" or "[::1]:2527"; raises ValueError."""
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) <= 65535:
        raise ValueError('write it as "127.0.0.1:2527"')
    return str(ip_address(host.strip("[]"))), int(port)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

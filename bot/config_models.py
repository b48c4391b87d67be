"""What `config.toml` may hold. Made by `bot/config.py`; a demo or a test may make one by hand."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import channels
from bot.channels.settings import ChannelSettings
from core.setting_problems import Problem, as_error, explain, listed, unknown

LONG_ENOUGH = 32
LOCALES = sorted(folder.name for folder in files("bot.templates.messages").iterdir() if folder.is_dir())
_CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


def _split(value: object) -> object:
    """The environment has no lists: "10.0.0.0/8, 127.0.0.1"."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Site(_Section):
    """Where this installation is, seen from itself and from outside."""

    listen: str = "127.0.0.1:8080"
    base_url: str = ""
    name: str = Field(default="Afterword", min_length=1, max_length=80)
    timezone: str = "UTC"
    locale: str = "en"
    privacy_url: str = ""
    secret_key: SecretStr | None = None
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_split)] = ()
    metrics_token: SecretStr | None = None

    @field_validator("listen")
    @classmethod
    def _an_address(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and int(port) <= 65535):
            raise ValueError('must be host and port, such as "127.0.0.1:8080"')
        return value

    @field_validator("timezone")
    @classmethod
    def _a_real_zone(cls, value: str) -> str:
        try:
            return str(ZoneInfo(value))
        except (KeyError, ValueError, OSError):
            raise ValueError('must be the name of a time zone, such as "Europe/Berlin"') from None

    @field_validator("locale")
    @classmethod
    def _a_language_that_ships(cls, value: str) -> str:
        if value not in LOCALES:
            raise ValueError(f"must be one of {listed(LOCALES)}")
        return value

    @field_validator("base_url", "privacy_url")
    @classmethod
    def _a_public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None):
            raise ValueError('must be the address that people see, such as "https://survey.example.org"')
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < LONG_ENOUGH:
            raise ValueError(f"must have at least {LONG_ENOUGH} characters")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _network_names(value)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Site:
        if not self.base_url:
            if self.host in {"0.0.0.0", "::", "*"}:  # noqa: S104 - looked for, not bound
                raise ValueError("base_url must be set, because listen is every address of this machine")
            object.__setattr__(self, "base_url", f"http://{self.listen}")
        return self

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


class Store(_Section):
    """Where everything is kept."""

    url: str = Field(default="sqlite://data/afterword.db", repr=False)  # may hold a password
    erasures: str = ""

    @field_validator("url")
    @classmethod
    def _a_kind_we_know(cls, value: str) -> str:
        if not re.match(r"sqlite://.|postgres(ql)?://.", value):
            raise ValueError('must be "sqlite://data/afterword.db" or "postgres://user:password@host/database"')
        return value

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite:")

    @property
    def path(self) -> Path | None:
        """The file of a SQLite store, relative to the working directory unless it begins with a slash."""
        return Path(unquote(self.url.removeprefix("sqlite://"))).expanduser() if self.is_sqlite else None

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", self.url)


def _network_names(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError('must be addresses or networks, such as "127.0.0.1" or "10.0.0.0/8"') from None
    return value


class Webhooks(_Section):
    """What rules may call."""

    internal: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_network_names)] = ()


class Logs(_Section):
    """How it tells what it does."""

    format: Literal["console", "json"] = "console"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class SignIn(_Section):
    """An identity provider by which people come into the admin's browser: any that speaks OpenID Connect, or Slack."""

    kind: Literal["openid", "slack"] = "openid"
    label: str = Field(default="", max_length=60, description="What the button says: Sign in with …")
    issuer: str = ""
    client_id: str = Field(min_length=1, max_length=300)
    client_secret: SecretStr
    scope: str = "openid email profile"
    teams: Annotated[tuple[str, ...], BeforeValidator(_split)] = ()

    @model_validator(mode="after")
    def _knows_its_issuer(self) -> SignIn:
        if self.kind == "slack":
            if not self.teams:
                raise ValueError(
                    'teams must name your workspaces, such as ["T0123ABCD"]: else every Slack user is known'
                )
            object.__setattr__(self, "issuer", self.issuer or "https://slack.com")
        parts = urlsplit(self.issuer)
        local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if not parts.hostname or not (parts.scheme == "https" or local) or parts.query or parts.fragment:
            raise ValueError('issuer must be the https address of the provider, such as "https://login.example.org"')
        if "openid" not in self.scope.split():
            raise ValueError('scope must hold "openid"')
        return self


def _name(value: str) -> str:
    if not _CHANNEL_NAME.fullmatch(value):
        raise ValueError('a name has small letters, digits, "-" and "_", and at most 60 of them')
    return value


def _tables(value: object) -> object:
    if not isinstance(value, Mapping):
        raise ValueError("must hold tables, such as [channels.telegram]")  # noqa: TRY004 - what pydantic understands
    return value


def _of_its_kind(table: object) -> object:
    """A table becomes the settings of its kind; only that kind is imported."""
    if not isinstance(table, dict):
        return table
    kind = table.get("kind")
    if kind is None:
        raise as_error([Problem(("kind",), f"is missing; there are {listed(channels.KINDS)}")])
    if not isinstance(kind, str) or kind not in channels.KINDS:
        raise as_error([Problem(("kind",), unknown(str(kind), channels.KINDS, "kind of channel"))])
    model = channels.settings_class(kind)
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise as_error(explain(error, model)) from None


_Name = Annotated[str, AfterValidator(_name)]
_Channel = Annotated[ChannelSettings, BeforeValidator(_of_its_kind)]


class Config(BaseSettings):
    """Everything that is set, checked. Made by hand it reads nothing; `bot.config.load` has it read what there is."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    site: Site = Site()
    store: Store = Store()
    logs: Logs = Logs()
    webhooks: Webhooks = Webhooks()
    channels: Annotated[dict[_Name, _Channel], BeforeValidator(_tables)] = {}
    sign_in: dict[_Name, SignIn] = {}

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @model_validator(mode="after")
    def _each_listens_for_itself(self) -> Config:
        """Two on one port: the second would wait for ever for what the first never gives away."""
        known = [("site.listen", self.site.host, self.site.port)]
        wrong = []
        for name, settings in self.channels.items():
            if settings.own_listener is None:
                continue
            setting, host, port = settings.own_listener
            other = next((who for who, at, taken in known if taken == port and _overlap(at, host)), None)
            if other:
                wrong.append(Problem(("channels", name, setting), f"is the port of {other} too; choose another one"))
            known.append((f"channels.{name}.{setting}", host, port))
        if wrong:
            raise as_error(wrong)
        return self

    def secrets(self) -> frozenset[str]:
        """Every secret value: none of them may be seen in a log."""
        password = urlsplit(self.store.url).password if not self.store.is_sqlite else None
        return frozenset({*_secrets_in(self), *([password] if password else [])})


def _overlap(one: str, other: str) -> bool:
    return one == other or bool({one, other} & {"0.0.0.0", "::", "*"})  # noqa: S104 - looked for, not bound


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets_in(one)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _secrets_in(one)

"""What `setup.toml` may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.digests.settings import DigestSettings
from core.models.setup import Kind
from core.phrases import Unusable, phrase
from core.reactions.settings import RuleSettings
from core.reactions.team_settings import QuietHours, TeamSettings, Zone
from core.setting_problems import Problem, as_error, formed
from core.surveys.settings import SurveySettings
from core.text import can_be_seen
from core.wordings.scopes import Scope

_SHORTCODE = re.compile(r":[\w+'-]+:")
_NOT_SEEN = "must be 1 to 16 characters that can be seen"
_ONLY_IN_SLACK = "is a name that only Slack knows for an emoji; paste the emoji itself"


class SetupError(Exception):
    """The set-up cannot be used, and nothing of it was written. The text names every wrong place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


Key = Annotated[
    str, Field(min_length=1, max_length=60), formed(r"^[^\s\x00-\x1f]([^\x00-\x1f]*[^\s\x00-\x1f])?\Z", "key")
]
Name = Annotated[str, Field(max_length=120)]
Locale = Annotated[str, formed(r"^([A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*)?\Z", "locale")]


class Part(BaseModel):
    """One table of the file. `mentioned` is what it really says; the rest are defaults for what is new."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def complete(self) -> dict[str, Any]:
        return {name: value for name, value in self.model_dump(mode="json").items() if name not in _NAMES}

    def mentioned(self) -> dict[str, Any]:
        return {name: value for name, value in self.complete().items() if name in self.model_fields_set}


class AlertTarget(Part):
    """Where a team wants its alerts; both empty: in the staff inbox alone."""

    channel: str = Field(default="", max_length=60)
    to: str = Field(default="", max_length=320)

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.channel) != bool(self.to):
            raise Unusable('must have both: { channel = "slack", to = "C0ALERTS" }', phrase("problem.place"))
        return self


class TeamSetup(Part, TeamSettings):
    """People who answer for a kind of ticket."""

    key: Key
    name: Name = ""
    alert: AlertTarget = AlertTarget()

    @property
    def settings(self) -> dict[str, Any]:
        """What of it is kept in `Team.settings`."""
        return self.model_dump(mode="json", include=set(TeamSettings.model_fields))


class StaffAddressSetup(Part):
    """Who somebody is in a channel; only there they may act."""

    channel: str = Field(min_length=1, max_length=60)
    address: str = Field(min_length=1, max_length=320)


def _in_order(addresses: tuple[StaffAddressSetup, ...]) -> tuple[StaffAddressSetup, ...]:
    return tuple(sorted(addresses, key=lambda one: (one.channel, one.address)))


class StaffSetup(Part):
    """Somebody who works tickets. Known by `key`, which is the e-mail address unless it says otherwise."""

    key: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=320)
    name: Name = ""
    team: str = ""
    leads: bool = False
    active: bool = True
    locale: Locale = ""
    timezone: Zone = ""
    quiet_hours: QuietHours = None
    addresses: Annotated[tuple[StaffAddressSetup, ...], AfterValidator(_in_order)] = ()

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if not (self.key or self.email):
            raise Unusable("must have a key or an email", phrase("problem.person"))
        return self

    @property
    def known_as(self) -> str:
        return self.key or self.email


class SurveySetup(Part, SurveySettings):
    """A survey with its settings beside its key. The first in the order of `position` whose conditions hold is sent."""

    key: Key
    position: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _symbols_are_seen_everywhere(self) -> SurveySetup:
        if problems := list(unseen_symbols(self)):
            raise as_error(problems)
        return self


def unseen_symbols(survey: SurveySettings) -> Iterator[Problem]:
    for at, one in enumerate(survey.symbols):
        if not can_be_seen(one.symbol):
            yield Problem(("symbols", at, "symbol"), _NOT_SEEN, phrase("problem.form_symbol"))
        elif _SHORTCODE.fullmatch(one.symbol):
            yield Problem(("symbols", at, "symbol"), _ONLY_IN_SLACK, phrase("problem.shortcode"))


class RuleSetup(Part, RuleSettings):
    """A rule with its settings beside its key."""

    key: Key
    position: int | None = Field(default=None, ge=0)
    enabled: bool = True


class DigestSetup(Part, DigestSettings):
    """A digest with its settings beside its key."""

    key: Key
    name: Name = ""
    enabled: bool = True

    @property
    def settings(self) -> dict[str, Any]:
        """What of it is kept in `Digest.settings`."""
        return self.model_dump(mode="json", include=set(DigestSettings.model_fields))


def _an_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.username is not None or parts.fragment or any(ord(one) <= 32 for one in url):
        told = 'must be an address such as "https://hooks.example.org/afterword", without a user in it'
        raise Unusable(told, phrase("problem.url"))
    return url


class WebhookSetup(Part):
    """An address outside that rules call. Its secret is made in the admin's browser and stands in no file."""

    key: Key
    url: Annotated[str, Field(max_length=1000), AfterValidator(_an_address)]
    enabled: bool = True


class TemplateSetup(Part):
    """Own words for one kind of message. `team` and `channel` are empty where it holds for all."""

    kind: str = Field(min_length=1, max_length=40)
    locale: Locale = ""
    team: str = Field(default="", max_length=60)
    channel: str = Field(default="", max_length=60)
    subject: str = Field(default="", max_length=300)
    source: str = Field(min_length=1)

    @property
    def known_as(self) -> str:
        return Scope(self.kind, self.locale, self.team, self.channel).key


class RetentionSetup(Part):
    """How long a kind of data is kept: `days`, and 0 is for ever."""

    key: Kind
    days: int = Field(ge=0, le=36_500)


class LabelsSetup(Part):
    """Own short words in one language, by the keys of the shipped ones: `{ "button.done" = "Finish" }`.

    A language that does not ship is there once it says its own name, `"language.name"`.
    """

    locale: Annotated[Locale, Field(min_length=2, max_length=20)]
    words: dict[str, Annotated[str, Field(max_length=2000)]] = {}

    @property
    def known_as(self) -> str:
        return self.locale


class Setup(BaseModel):
    """A whole `setup.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    teams: tuple[TeamSetup, ...] = ()
    staff: tuple[StaffSetup, ...] = ()
    surveys: tuple[SurveySetup, ...] = ()
    webhooks: tuple[WebhookSetup, ...] = ()
    rules: tuple[RuleSetup, ...] = ()
    digests: tuple[DigestSetup, ...] = ()
    templates: tuple[TemplateSetup, ...] = ()
    retention: tuple[RetentionSetup, ...] = ()
    labels: tuple[LabelsSetup, ...] = ()


_NAMES = frozenset({"key"})

"""What is said in a language by own or shipped words, and what still is in another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.labels import PLURAL_FORMS
from bot.placeholders import KINDS
from bot.rendering import Override, Templates
from bot.translations import of_surveys
from core.surveys.settings import SurveySettings

GROUPS = ("customers", "staff", "admin")
"""By who reads it."""

_OF_FILE = {"labels": "customers", "web": "customers", "staff": "staff", "slack": "staff"}


@dataclass(frozen=True, slots=True)
class Own:
    """What admins wrote: labels by language, templates, and the surveys that ask now."""

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    templates: Iterable[Override] = ()
    surveys: Mapping[str, SurveySettings] = field(default_factory=dict)

    def template(self, kind: str, locale: str) -> str:
        """The own words of a kind for every team and channel; "" where there are none."""
        return next(
            (
                one.source
                for one in self.templates
                if (one.kind, one.locale, one.team, one.channel) == (kind, locale, "", "")
            ),
            "",
        )


@dataclass(frozen=True, slots=True)
class Count:
    """Of one group: how much there is to say, and how much of it is said in the language."""

    group: str
    all: int
    said: int

    @property
    def missing(self) -> int:
        return self.all - self.said


def labels(templates: Templates) -> Iterator[tuple[str, str]]:
    """The keys of all labels that people may say otherwise, each with its group."""
    shipped = templates.default_labels
    for key in shipped:
        file = shipped.files[key]
        group = "admin" if file.startswith("admin") else _OF_FILE.get(file, "")
        if group:
            yield key, group


def group_of(kind: str) -> str:
    return "staff" if KINDS[kind].staff else "customers"


def count(templates: Templates, own: Own, locale: str) -> list[Count]:
    """Group by group, for one language."""
    ships = templates.shipped_labels_of(locale)
    mine = own.labels.get(locale, {})
    found = {group: [0, 0] for group in GROUPS}
    for key, group in labels(templates):
        found[group][0] += 1
        found[group][1] += (ships is not None and key in ships) or _is_said(key, mine)
    for kind in KINDS:
        found[group_of(kind)][0] += 1
        found[group_of(kind)][1] += ships is not None or bool(own.template(kind, locale))
    return [Count(group, total, said) for group, (total, said) in found.items()]


def count_surveys(templates: Templates, own: Own, locale: str) -> Count:
    """What surveys say in words of their own, for one language."""
    said = [words for one in own.surveys.values() for _, words in of_surveys.own(one, templates)]
    return Count("surveys", len(said), sum(bool(words.get(locale)) for words in said))


def locales(templates: Templates, own: Own) -> list[str]:
    """All languages in which something is said."""
    written = {one.locale for one in own.templates if one.locale}
    asked = {tag for one in own.surveys.values() for _, words in one.own_words() for tag in words}
    return sorted({*templates.locales(), *own.labels, *written, *asked})


def _is_said(key: str, mine: Mapping[str, str]) -> bool:
    return key in mine or any(f"{key}.{form}" in mine for form in PLURAL_FORMS)

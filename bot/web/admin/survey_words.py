"""What a survey asks in a language in which it has no words of its own and none ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bot.translations import of_surveys
from bot.translations.of_surveys import Spot
from bot.web.admin import survey_fields
from bot.web.admin.door import Visit
from bot.web.admin.survey_sentences import PATH
from core.setting_problems import Place, Problem
from core.setup import keys
from core.surveys.settings import SurveySettings


def warnings(visit: Visit, settings: SurveySettings) -> list[str]:
    """For each language in use, the dimensions and reasons that are asked in another one."""
    tongues = dict(visit.languages)
    found = {tag: _parts(settings, visit, tag) for tag in tongues}
    return [
        visit.say("surveys.words_missing", language=tongues[tag], names=visit.listed(names))
        for tag, names in found.items()
        if names
    ]


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not said in a language: what it is, and where it would be typed; "" where the survey's key can
    stand in no address, and translators alone can say it.
    """

    words: str
    path: str


@dataclass(frozen=True, slots=True)
class Told:
    """What surveys say in words of their own, for one language."""

    all: int
    missing: list[Missing]

    @property
    def said(self) -> int:
        return self.all - len(self.missing)


def told(visit: Visit, surveys: Mapping[str, SurveySettings], locale: str) -> Told:
    """Of the present surveys, by their keys."""
    templates = visit.site.templates
    every = sum(len(list(of_surveys.own(one, templates))) for one in surveys.values())
    found = [
        Missing(named(visit, key, of_surveys.spot(one, place)), _path(visit, key, place, locale))
        for key, one in surveys.items()
        for place in of_surveys.missing(one, templates, locale)
    ]
    return Told(every, found)


def _parts(settings: SurveySettings, visit: Visit, locale: str) -> list[str]:
    places = of_surveys.missing(settings, visit.site.templates, locale)
    names = (of_surveys.key(settings, place) or visit.say("surveys.field.title") for place in places)
    return list(dict.fromkeys(names))


def named(visit: Visit, survey: str, spot: Spot) -> str:
    """Where a word stands, as people call it."""
    if len(spot) < 2:
        return visit.say("audit.part", name=survey, value=visit.say("surveys.field.title"))
    return visit.say("audit.part", name=f"{survey} · {spot[1]}", value=visit.say(f"surveys.{spot[-1]}"))


def _path(visit: Visit, survey: str, place: Place, locale: str) -> str:
    """The field in the survey's editor, which has one for each language in use; "" where it cannot be opened."""
    if not keys.is_good(survey):
        return ""
    in_use = locale in visit.site.templates.locales()
    field = survey_fields.field(Problem((*place, locale), ""))
    return f"{PATH}/{quote(survey)}" + (f"#f-{field}" if in_use else "")

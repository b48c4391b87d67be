"""A survey on the pages of the admin's browser: what it asks about in a sentence, and what can hardly be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.web.admin import ticks
from bot.web.admin.door import Visit
from core.setup import Seen
from core.surveys import settings as surveys
from core.surveys.settings import Budget, SurveySettings

PATH = "/admin/surveys"
"""The list; each survey is edited below it."""


def settings_of(one: Seen) -> SurveySettings:
    return SurveySettings.model_validate({name: value for name, value in one.values.items() if name != "position"})


def in_vain(visit: Visit, takers: Sequence[str]) -> str:
    """That it asks nobody, because those above it take all its tickets; "" where nobody does."""
    if len(takers) > 1:
        return visit.say("surveys.warning.never_wins_together", names=takers)
    return visit.say("surveys.warning.never_wins", name=takers[0]) if takers else ""


def warnings(visit: Visit, settings: SurveySettings, takers: Sequence[str], known: ticks.Options) -> list[str]:
    """What is allowed and can hardly be meant, in words."""
    vain = in_vain(visit, takers)
    told = [visit.say(f"surveys.warning.{code}") for code in surveys.warnings(settings)]
    return [*([vain] if vain else []), *told, *_unmet(visit, settings, known)]


def _unmet(visit: Visit, settings: SurveySettings, known: ticks.Options) -> Iterator[str]:
    """Conditions that name what no ticket has: a team, a channel or a type that there is not."""
    for name, code in (("types", "unseen"), ("teams", "nowhere"), ("channels", "nowhere")):
        there = {value for value, _ in known[name]}
        strange = [one for one in getattr(settings.conditions, name) if one not in there]
        if strange:
            field = visit.say(f"surveys.field.conditions-{name}")
            yield visit.say(f"surveys.warning.{code}", field=field, names=visit.listed(strange))


def at_most(visit: Visit, budget: Budget) -> str:
    """ "each person at most 1× in 7 days, 4× in 30 days"."""
    limits = [visit.say("surveys.at_most_one", count=one.invites, span=visit.span(one.span)) for one in budget]
    return visit.say("surveys.at_most", limits=visit.listed(limits))


def sentence(visit: Visit, settings: SurveySettings, known: ticks.Options) -> str:
    conditions = settings.conditions.model_dump()
    about = [
        visit.say(
            "surveys.about_one",
            name=visit.say(f"surveys.field.conditions-{name}"),
            wanted=[box.label for box in ticks.ticks(visit, name, known, wanted) if box.on],
        )
        for name, wanted in conditions.items()
        if isinstance(wanted, tuple) and wanted
    ]
    which = visit.listed(about, long=True)
    parts = [
        visit.say("surveys.about_some", what=which) if which else visit.say("surveys.about_all"),
        visit.say("surveys.after", span=visit.span(settings.delay)),
        *([at_most(visit, settings.budget)] if settings.budget else []),
        *([visit.say("surveys.sampled", percent=settings.sample)] if settings.sample < 100 else []),
    ]
    return visit.say("surveys.joint").join(parts)

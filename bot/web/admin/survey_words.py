"""What a survey asks in a language in which it has no words of its own and none ship."""

from __future__ import annotations

from collections.abc import Iterator

from bot.rendering import Templates
from bot.web.admin.door import Visit
from core.surveys.settings import SurveySettings


def warnings(visit: Visit, settings: SurveySettings) -> list[str]:
    """For each language in use, the dimensions and reasons that are asked in another one."""
    tongues = dict(visit.languages)
    found = {tag: list(missing(settings, visit.site.templates, tag)) for tag in tongues}
    return [
        visit.say("surveys.words_missing", language=tongues[tag], names=visit.listed(names))
        for tag, names in found.items()
        if names
    ]


def missing(settings: SurveySettings, templates: Templates, locale: str) -> Iterator[str]:
    """The keys of what has no label in that language."""
    for kind, parts in (("dimension", settings.dimensions), ("reason", settings.reasons)):
        for part in parts:
            if not part.label.get(locale) and (part.label or not templates.has_label(f"{kind}.{part.key}")):
                yield part.key

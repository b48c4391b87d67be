"""Whether own words can be shown to anybody: by the rules, and by trying them out."""

from __future__ import annotations

from collections.abc import Iterator

from bot.placeholders import KINDS
from bot.rendering import Override, RenderError, TemplateError, Templates
from bot.translations import label_rules
from bot.translations.counting import Own
from bot.trials import samples
from core.ports import Dialect


async def problems(templates: Templates, own: Own) -> tuple[list[str], int]:
    """Every problem in a line of its own, and how many own words were looked at."""
    found = list(_of_labels(templates, own))
    count = sum(len(words) for words in own.labels.values())
    for override in own.templates:
        count += 1
        if problem := await _of_template(templates, override):
            found.append(f"template {override.name}: {problem}")
    return found, count


def _of_labels(templates: Templates, own: Own) -> Iterator[str]:
    for locale, words in own.labels.items():
        for name, text in words.items():
            if problem := label_rules.problem(name, text, templates.default_labels):
                yield f"label {name} in {locale}: {problem}"


async def _of_template(templates: Templates, override: Override) -> str:
    locale = override.locale or templates.default_locale
    if override.kind not in KINDS:
        return "there is no such message"
    try:
        for dialect in Dialect:
            values = samples.context_of(override.kind, templates, locale, "/")
            await templates.try_out(override.kind, override.source, locale, dialect, values)
    except TemplateError as error:
        return f"line {error.line}: {error.problem}" if error.line else error.problem
    except RenderError as error:
        return str(error)
    return ""

"""The words of an A/B test on a page: checked as before publishing, previewed as in the editor, A beside B."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.responses import Response

from bot.trials.drawing import Trial
from bot.web.admin import template_looks, template_scope
from bot.web.admin.door import Visit
from bot.web.admin.template_looks import Look, Typed, Wrong
from core.wordings import asking, drafts
from core.wordings.drafts import Words
from core.wordings.scopes import Scope


@dataclass(frozen=True, slots=True)
class Side:
    """One variant of one kind of message, and how it looks. `wrong` is what keeps it from being sent."""

    kind: str
    words: Words
    wrong: list[Wrong]
    looks: list[Look]


async def in_force(visit: Visit, scope: Scope) -> Words:
    """What goes out now where this scope says, written as the editor writes it."""
    published = (await drafts.standing(scope)).published
    return Typed.of_words(published or (await template_scope.wider(visit, scope))[0]).words


async def draft_of(scope: Scope) -> Words | None:
    draft = (await drafts.standing(scope)).draft
    return Words(draft.subject, draft.source) if draft else None


async def side(visit: Visit, scope: Scope, words: Words) -> Side:
    typed = Typed.of_words(words)
    wrong = [one for one in template_looks.wrong_with(scope.kind, typed, visit) if one.grave]
    if wrong:
        return Side(scope.kind, words, wrong, [])
    trial = Trial(scope.kind, typed.source, scope.locale, {}, visit.site.name)
    looks, wrong = await template_looks.looks(trial, visit, scope.channel)
    return Side(scope.kind, words, wrong, [one for one in looks if one.is_set_up] or looks)


async def pair(visit: Visit, scope: Scope, a: Mapping[str, Words], b: Mapping[str, Words]) -> list[tuple[Side, Side]]:
    """A and B for each kind that is tested."""
    scopes = {kind: replace(scope, kind=kind) for kind in b}
    return [
        (await side(visit, scopes[kind], a[kind]), await side(visit, scopes[kind], words)) for kind, words in b.items()
    ]


def lines(visit: Visit, a: Words, b: Words) -> list[tuple[str, str]]:
    return template_looks.differing(visit, Typed.of_words(a).source, Typed.of_words(b).source)


async def ask_before(visit: Visit, scope: Scope, form: Mapping[str, str], leads_back: str) -> Response | None:
    """What is about to be done would end a running test: a page that says so and asks. None where nothing is in the
    way, or the answer was given.
    """
    ending = await asking.losing_a(scope)
    if not ending or form.get("ends_test") == "yes":
        return None
    again = {name: value for name, value in form.items() if name != "csrf"}
    about = {"scope": scope, "scope_words": template_scope.in_words(visit, scope, await template_scope.teams())}
    return visit.draw("ab_ends", status=409, tests=ending, again=again, leads_back=leads_back, **about)

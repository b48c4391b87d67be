"""The set-up's and the audit's codes in the reader's words: a value by its field, what a line is about, who did it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pydantic import TypeAdapter

from bot.web.admin import rule_words, survey_fields, survey_sentences, template_scope
from bot.web.admin.audit_names import Names
from bot.web.admin.door import Visit
from core import audit, contact_links, durations
from core.privacy import again
from core.reactions import webhooks
from core.reactions.settings import Compared, Repeat, Repeated
from core.surveys.settings import Budget
from core.wordings import asking
from core.wordings.scopes import Scope

CODES: Mapping[str, tuple[str, ...]] = {
    "bands": ("band",),
    "by": ("audit.way",),
    "channel": ("channel",),
    "channels": ("channel",),
    "comment": ("surveys.option",),
    "days": ("teams.day",),
    "do": ("rule.action",),
    "doubts": ("admin.held.doubt",),
    "event": ("rule.when",),
    "every": ("digests.each",),
    "how": ("contacts.hows",),
    "kind": ("kind",),
    "layout": ("surveys.option",),
    "message": ("rule.message",),
    "note": ("audit.note",),
    "outcome": ("ab.outcome", "outcome"),
    "over_budget": ("surveys.option",),
    "priorities": ("priority",),
    "priority": ("priority",),
    "purposes": ("rule.purpose",),
    "close_reasons": ("close_reason",),
    "reason": ("dismissal", "close_reason"),
    "role": ("admin.role",),
    "scale": ("surveys.option",),
    "state": ("audit.state",),
    "then": ("rule.action",),
    "to": ("teams.to",),
    "type": ("ticket_type",),
    "weekday": ("teams.day",),
    "types": ("ticket_type",),
}
"""By the name of a field: where its codes have their words. What is in none of them is somebody's own, and stays."""
_SCOPE = re.compile(r"(\S+)(?: locale=(\S+))?(?: team=(.+?))?(?: channel=(\S+))?")
ACTORS = {
    audit.COMMAND_LINE: "admin.audit.command_line",
    asking.ITSELF: "audit.actor.itself",
    webhooks.ITSELF: "audit.actor.itself",
    again.ACTOR: "audit.actor.ledger",
    contact_links.THEMSELVES: "audit.actor.customer",
}


def value(visit: Visit, name: str, said: str, names: Names) -> str:
    """A value of the field `name` as people read it."""
    labels = [f"{section}.{said}" for section in CODES.get(name, ())]
    for label in labels:
        if visit.site.templates.has_label(label):
            return visit.say(label)
    if name == "scope":
        return _template(visit, said, names)
    read = _READERS.get(name)
    try:
        return read(visit, said) if read else names.in_field(name, said)
    except ValueError:  # it was written down by an older Afterword, in a way that is no more
        return said


def subject(visit: Visit, said: str, names: Names) -> str:
    """What a line of the audit is about: "survey:default" → "Survey default"."""
    kind, _, name = said.partition(":")
    label = f"audit.about.{kind}"
    if not visit.site.templates.has_label(label):
        return said
    if kind == "template" or (kind == "ab_test" and not name.isdecimal()):
        return visit.say(label, name=_template(visit, name, names))
    read = _SUBJECTS.get(kind)
    return visit.say(label, name=read(visit, name) if read else names.of(kind, name))


def actor(visit: Visit, said: str) -> str:
    return visit.say(ACTORS[said]) if said in ACTORS else said


def _span(visit: Visit, said: str) -> str:
    return visit.span(durations.parse(said))


def _hours(visit: Visit, said: str) -> str:
    return visit.say("audit.value.always") if said == "always" else said


def _budget(visit: Visit, said: str) -> str:
    budget = _BUDGET.validate_python(said)
    return survey_sentences.at_most(visit, budget) if budget else visit.say("audit.value.none")


def _repeat(visit: Visit, said: str) -> str:
    wanted = _REPEAT.validate_python(said)
    return visit.say("rule.if.repeat", count=wanted.times, span=visit.span(wanted.span)) if wanted else ""


def _score(visit: Visit, said: str) -> str:
    return rule_words.compared(_COMPARED.validate_python(said), visit)


def _language(visit: Visit, said: str) -> str:
    return visit.language(said)


def scope_of(said: str) -> Scope | None:
    """The scope of a key such as "invite locale=en team=support"."""
    found = _SCOPE.fullmatch(said)
    return Scope(*(part or "" for part in found.groups())) if found else None


def _template(visit: Visit, said: str, names: Names) -> str:
    scope = scope_of(said)
    if scope is None or (scope.channel and not visit.site.templates.has_label(f"channel.{scope.channel}")):
        return said
    return visit.say(
        "audit.part", name=visit.named("kind", scope.kind), value=template_scope.in_words(visit, scope, names.teams)
    )


def _kept(visit: Visit, said: str) -> str:
    return visit.named("retention.kind", said)


_BUDGET, _COMPARED = TypeAdapter(Budget), TypeAdapter(Compared)
_REPEAT: TypeAdapter[Repeat | None] = TypeAdapter(Repeated)
_READERS: Mapping[str, Callable[[Visit, str], str]] = {
    **dict.fromkeys((*survey_fields.SPANS, "after"), _span),
    **dict.fromkeys(("window", "hours"), _hours),
    **dict.fromkeys(("locale", "locales"), _language),
    "budget": _budget,
    "problem": Visit.trouble,
    "repeat": _repeat,
    "score": _score,
}
_SUBJECTS: Mapping[str, Callable[[Visit, str], str]] = {
    "labels": _language,
    "language": _language,
    "retention": _kept,
}

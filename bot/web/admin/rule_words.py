"""Rules as sentences: what one does, and why it did or did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.web.admin.door import Visit
from bot.wording import SurveysWording
from core.errors import Refusal
from core.models.setup import Staff, Team
from core.reactions.settings import Compared, Comparison, Do, Repeat, Repeated, RuleSettings, Step, When
from core.surveys import catalogue
from core.text import gap

_SIGNS = {"<=": "at_most", ">=": "at_least", "<": "below", ">": "above", "=": "exactly"}
_LISTS = {
    "bands": "band",
    "surveys": "survey",
    "purposes": "purpose",
    "types": "type",
    "teams": "team",
    "priorities": "priority",
    "channels": "channel",
    "tiers": "tier",
}


_SEVERAL = frozenset({"reasons", "tags"})
"""Of which a ticket has more than the one that a rule looks for."""
_COMPARED: TypeAdapter[Comparison] = TypeAdapter(Compared)
_REPEAT: TypeAdapter[Repeat | None] = TypeAdapter(Repeated)
_STEPS: TypeAdapter[tuple[Do, ...]] = TypeAdapter(tuple[Step, ...])


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called by the people who read it."""

    visit: Visit
    teams: Mapping[str, str]
    staff: Mapping[str, str]
    surveys: Mapping[str, str]
    asked: SurveysWording

    def of(self, kind: str, value: str) -> str:
        """`kind` is the name of a condition in the singular, as reasons of the log have it."""
        if kind == "reasons" and value:
            return self.asked.reason(value)
        known = {"team": self.teams, "survey": self.surveys}.get(kind)
        if known is not None:
            return known.get(value) or value or self.visit.say("rule.none")
        label = {"band": "band", "priority": "priority", "purpose": "rule.purpose", "type": "ticket_type"}.get(kind)
        templates = self.visit.site.templates
        if label is not None and templates.has_label(f"{label}.{value}"):
            return self.visit.say(f"{label}.{value}")
        if kind == "channel" and value:
            return self.visit.channel(value)
        if kind == "words":
            return self.visit.say("rule.quoted", word=value)
        return value or self.visit.say("rule.none")

    def span(self, repeat: Repeat) -> str:
        return self.visit.site.templates.span(repeat.span, self.visit.locale)

    def all(self, kind: str, values: Iterable[str]) -> str:
        """ "urgent, vip": what there is; "" of nothing."""
        return self.visit.listed(self.of(kind, one) for one in values if one)

    def either(self, kind: str, values: Iterable[str]) -> str:
        """ "urgent or high"."""
        named = [self.of(kind, str(one)) for one in values]
        return reduce(lambda first, then: self.visit.say("rule.or", first=first, then=then), named) if named else ""


async def names(visit: Visit) -> Names:
    return Names(
        visit,
        teams={one.key: one.name or one.key for one in await Team.all().order_by("key")},
        staff={one.key: one.name or one.key for one in await Staff.filter(active=True).order_by("name", "key")},
        surveys={one.key: one.key for one in await catalogue.current()},
        asked=await SurveysWording.now(visit.site.templates, visit.locale),
    )


def sentence(settings: RuleSettings, known: Names) -> str:
    """ "When an answer has been judged, if the band is negative → reopen the request, alert the team"."""
    say = known.visit.say
    then = known.visit.listed(action(one, known) for one in settings.then)
    told = {"when": say(f"rule.when.{settings.event.value}"), "then": then}
    conditions = list(_conditions(settings.when, known))
    if conditions:
        line = say("rule.sentence", ifs=say("rule.and").join(conditions), **told)
    else:
        line = say("rule.sentence_always", **told)
    return line + gap(known.visit.locale) + say("rule.ends") if settings.last else line


def _conditions(when: When, known: Names) -> Iterable[str]:
    say = known.visit.say
    for name in When.model_fields:
        value: Any = getattr(when, name)
        if not value:
            continue
        if name == "scores":
            for dimension, wanted in value.items():
                called, what = known.asked.dimension(dimension), compared(wanted, known.visit)
                yield say("rule.if.score", dimension=called, what=what)
        elif name == "repeat":
            yield say("rule.if.repeat", count=value.times, span=known.span(value))
        else:
            kind = _LISTS.get(name, name)
            yield say(f"rule.if.{name}", what=known.either(kind, value))


def compared(wanted: Comparison, visit: Visit) -> str:
    return visit.say(f"rule.sign.{_SIGNS[wanted.sign]}", value=wanted.value)


def action(step: Do, known: Names) -> str:
    """What it does, in words."""
    say = known.visit.say
    return say(
        f"rule.does.{step.called}",
        who=known.staff.get(step.staff, step.staff),
        channel=known.visit.channel(step.channel) if step.channel else "",
        to=step.to,
        priority=say(f"priority.{step.priority.value}") if step.priority else "",
        tag=step.tag,
        message=say(f"rule.message.{step.message}") if step.message else "",
        webhook=step.webhook,
    )


def why(code: str, values: Mapping[str, object], known: Names) -> str:
    """Why a rule did not fire; "" when it did."""
    if not code:
        return ""
    say = known.visit.say
    has, wanted = _texts(values.get("has")), _texts(values.get("wanted"))
    if code == "score" and has:
        found = {"dimension": known.asked.dimension(has[0]), "wanted": _compared(wanted, known)}
        return say("rule.why.score", has=has[1], **found) if len(has) > 1 else say("rule.why_without.score", **found)
    if code == "repeat" and (repeat := _repeat(wanted)):
        return say("rule.why.repeat", has=" ".join(has), count=repeat.times, span=known.span(repeat))
    there = known.all(code, has)
    key = f"rule.why.{code}"
    if not there and known.visit.site.templates.has_label(f"rule.why_without.{code}"):
        key = f"rule.why_without.{code}"
    if not known.visit.site.templates.has_label(key):
        return code
    return say(
        key,
        has=there,
        wanted=known.either(code, wanted),
        rule=str(values.get("rule", "")),
    )


def _compared(wanted: Sequence[str], known: Names) -> str:
    """ "at most 2", also of what an older Afterword wrote down in its own way."""
    try:
        return compared(_COMPARED.validate_python(" ".join(wanted)), known.visit)
    except ValidationError:
        return " ".join(wanted)


def _repeat(wanted: Sequence[str]) -> Repeat | None:
    try:
        return _REPEAT.validate_python(" ".join(wanted))
    except ValidationError:
        return None


def because(values: Mapping[str, object], known: Names) -> str:
    """Why a rule fired: each condition with what was found; "" where that was not kept, or was erased."""
    met = values.get("met")
    if not isinstance(met, list):
        return ""
    say = known.visit.say
    told = [_met(str(one["name"]), _texts(one["has"]), _texts(one["wanted"]), known) for one in met]
    return say("rule.because", ifs=say("rule.and").join(told)) if told else say("rule.because_always")


def _met(name: str, has: list[str], wanted: list[str], known: Names) -> str:
    say = known.visit.say
    if name == "score":
        sign = compared(_COMPARED.validate_python(wanted[0]), known.visit)
        return say("rule.met.score", dimension=known.asked.dimension(has[0]), has=has[1], wanted=sign)
    if name == "repeat":
        repeat = _REPEAT.validate_python(wanted[0])
        return say("rule.met.repeat", count=int(has[0]), span=known.span(repeat)) if repeat else ""
    there = known.all(name, [one for one in has if one in wanted] if name in _SEVERAL else has)
    key = f"rule.met.{name}" if there or name == "words" else f"rule.met_without.{name}"
    return say(key, has=there, wanted=known.either(name, wanted))


def done(values: Mapping[str, object], failed: Iterable[Mapping[str, object]], known: Names) -> str:
    """What a rule that fired did, without what it could not do; "" where that was not kept, or nothing was done."""
    not_done = {one.get("step") for one in failed}
    steps = [action(step, known) for index, step in enumerate(_steps(values)) if index not in not_done]
    return known.visit.say("rule.done", then=known.visit.listed(steps)) if steps else ""


def _steps(values: Mapping[str, object]) -> tuple[Do, ...]:
    try:
        return _STEPS.validate_python(values.get("then", ()))
    except ValidationError:  # it was written down by an older Afterword
        return ()


def failure(kept: Mapping[str, object], values: Mapping[str, object], known: Names) -> str:
    """An action that could not be done, and why; `values` are those of the whole reaction."""
    say, templates = known.visit.say, known.visit.site.templates
    label, given = str(kept.get("label")), kept.get("values")
    if not templates.has_label(label):
        label = "rule.bug"
    reason = say(label, **given) if isinstance(given, dict) else say(label)
    steps, at = _steps(values), kept.get("step")
    known_step = steps[at] if isinstance(at, int) and at < len(steps) else None
    called = action(known_step, known) if known_step else say(f"rule.action.{kept.get('action')}")
    return say("rule.could_not", action=called, why=reason)


def cannot(step: Do, refusal: Refusal, known: Names) -> str:
    """An action that could not be done if the rule fired now."""
    reason = known.visit.say(refusal.label or "rule.bug", **refusal.values)
    return known.visit.say("rule.cannot", action=action(step, known), why=reason)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []

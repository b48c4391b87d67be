"""`/admin/surveys`: what is asked, in the order in which surveys win; each one edited, tried on the past, published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import ValidationError
from starlette.responses import Response

from bot.web.admin import (
    asking,
    audit_words,
    differences,
    meanwhile,
    survey_fields,
    survey_numbers,
    survey_preview,
    survey_words,
    ticks,
)
from bot.web.admin.differences import Difference
from bot.web.admin.door import Member, Visit
from bot.web.admin.survey_fields import CONDITIONS, Values
from core import audit
from core import setup as setups
from core.accounts.roles import Right
from core.desk import tickets
from core.errors import NotFound
from core.models.desk import EntryKind, Ticket, TicketEntry
from core.models.setup import Survey
from core.phrases import Phrase, phrase
from core.setting_problems import explain
from core.setup import Seen, SetupError, Stale, SurveySetup, keys
from core.surveys import eligibility, invites, ordering, what_if
from core.surveys.settings import SurveySettings
from core.surveys.settings import warnings as settings_warnings

router = APIRouter(include_in_schema=False)
PATH = "/admin/surveys"
DAYS = 30
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


# ---------------------------------------------------------------- the list


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, ticket: Annotated[str, Query(max_length=80)] = "") -> Response:
    return await _list(visit, ticket=ticket.strip())


@router.post(f"{PATH}/order")
async def move(visit: Changing) -> Response:
    """`do` is "up" or "down", `order` the keys as the page showed them, one a line."""
    form = await visit.form()
    seen = form.get("order", "").replace("\r", "").split("\n")
    try:
        by = {"up": -1, "down": 1}.get(form.get("do", ""), 0)
        await ordering.move(form.get("key", ""), by, seen=seen, actor=visit.account.email, now=visit.now)
    except NotFound as error:
        raise HTTPException(404) from error
    except Stale:
        return await _list(visit, problem=visit.say("surveys.order_stale"), status=409)
    return visit.back(PATH, said="surveys_moved")


async def _list(visit: Visit, *, ticket: str = "", problem: str = "", status: int = 200) -> Response:
    surveys = [(one, _settings(one)) for one in await setups.read("surveys")]
    covered = eligibility.never_wins([(one.key, settings) for one, settings in surveys])
    known = await ticks.options(visit)
    return visit.draw(
        "surveys",
        status=status,
        surveys=[
            {
                "key": one.key,
                "mark": one.mark,
                "opens": keys.is_good(one.key),
                "sentence": _sentence(visit, settings, known),
                "anonymous": settings.anonymous,
                "warnings": _warnings(visit, settings, covered.get(one.key, "")),
            }
            for one, settings in surveys
        ],
        removed=await _removed({one.key for one, _ in surveys}),
        order="\n".join(one.key for one, _ in surveys),
        ticket=ticket,
        tried=await _try(visit, ticket, [(one.key, settings) for one, settings in surveys]) if ticket else None,
        problem=problem,
        changing=visit.may(Right.CHANGE_SETUP),
    )


async def _try(visit: Visit, name: str, surveys: list[tuple[str, SurveySettings]]) -> dict[str, Any]:
    """Which survey would ask about this ticket now, and why each of the others would not."""
    try:
        found = await tickets.find(name)
    except NotFound:
        return {"ticket": None}
    ticket = await Ticket.get(id=found.id).select_related("contact", "team")
    person = await invites.traits_of(ticket.contact, [one for _, one in surveys], now=visit.now)
    closed = await TicketEntry.filter(ticket_id=ticket.id, kind=EntryKind.RESOLVED).order_by("-id").first()
    traits = tickets.traits_of(ticket, by=closed.actor if closed else "")
    winner, verdict = eligibility.judge(surveys, traits, person, now=visit.now)
    unmet = {
        key: list(eligibility.unmet_conditions(settings.conditions, traits, person.tier)) for key, settings in surveys
    }
    return {"ticket": ticket, "winner": winner, "verdict": verdict, "unmet": unmet}


async def _removed(current: set[str]) -> list[str]:
    """The keys of surveys that were asked once and are asked no more."""
    found = {row["key"] for row in await Survey.filter(current=False).distinct().values("key")}
    return sorted(key for key in found - current if keys.is_good(key))


def _warnings(visit: Visit, settings: SurveySettings, covered_by: str) -> list[str]:
    """What is allowed and can hardly be meant, in words."""
    found = [visit.say("surveys.warning.never_wins", name=covered_by)] if covered_by else []
    return [*found, *(visit.say(f"surveys.warning.{code}") for code in settings_warnings(settings))]


def _sentence(visit: Visit, settings: SurveySettings, known: ticks.Options) -> str:
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
        *(visit.say("surveys.at_most", count=one.invites, span=visit.span(one.span)) for one in settings.budget[:1]),
        *([visit.say("surveys.sampled", percent=settings.sample)] if settings.sample < 100 else []),
    ]
    return visit.say("surveys.joint").join(parts)


# ---------------------------------------------------------------- one survey


@router.api_route(f"{PATH}/new", methods=["GET", "HEAD"])
async def begin(visit: Seeing, like: Annotated[str, Query(max_length=60)] = "") -> Response:
    """The form for one more; `like` names one to begin with."""
    if not visit.may(Right.CHANGE_SETUP):
        raise HTTPException(404)
    same = await _find(like) if like else None
    return await _edit(visit, "", same.values if same else survey_fields.blank(), seen="")


@router.post(f"{PATH}/new")
async def add(visit: Changing) -> Response:
    return await _work(visit, "")


@router.api_route(f"{PATH}/history/{{key:path}}", methods=["GET", "HEAD"])
async def history(visit: Seeing, key: str) -> Response:
    """All versions, also of a survey that was removed."""
    seen = await _find(key)
    known = len(key) <= keys.LONGEST
    versions = await Survey.filter(key=key).order_by("-version") if known else []
    if not versions:
        raise HTTPException(404)
    by = {line.at: line.actor for line in await audit.latest(500, about=f"survey:{key}"[:254])}
    told = []
    for at, one in enumerate(versions):
        older = _values(versions[at + 1]) if at + 1 < len(versions) else None
        changed = list(differences.between(visit, older, _values(one))) if older is not None else []
        told.append((one, audit_words.actor(visit, by.get(one.created_at, "")), changed))
    may_restore = visit.may(Right.CHANGE_SETUP) and (seen is not None or keys.is_good(key))
    return visit.draw("survey_history", key=key, seen=seen, versions=told, changing=may_restore)


@router.post(f"{PATH}/restore/{{key:path}}")
async def restore(visit: Changing, key: str) -> Response:
    """Publishes an old version again, as a new one; a survey that was removed is asked again."""
    form = await visit.form()
    number = form.get("version", "")
    readable = number.isascii() and number.isdecimal() and len(number) < 9 and len(key) <= keys.LONGEST
    old = await Survey.get_or_none(key=key, version=int(number)) if readable else None
    if old is None:
        raise HTTPException(404)
    return await _publish(visit, key, _values(old), form.get("seen", ""))


@router.post(f"{PATH}/remove")
async def remove(visit: Changing) -> Response:
    """Asks first. The key comes in the form: one that is there already may be one that cannot stand in an address."""
    form = await visit.form()
    seen, mark = await _find(form.get("key", "")), form.get("seen", "")
    if seen is None:
        return await _list(visit, problem=visit.say("surveys.order_stale"), status=409)
    if "sure" not in form:
        sentence = _sentence(visit, _settings(seen), await ticks.options(visit))
        return visit.draw("survey_remove", key=seen.key, opens=keys.is_good(seen.key), mark=mark, sentence=sentence)
    try:
        await setups.remove("surveys", seen.key, seen=mark, actor=visit.account.email, now=visit.now)
    except Stale:
        return await _list(visit, problem=visit.say("surveys.order_stale"), status=409)
    return visit.back(PATH, said="surveys_removed")


@router.api_route(f"{PATH}/{{key:path}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, key: str) -> Response:
    seen = await _known(key)
    return await _edit(visit, seen.key, seen.values, seen=seen.mark)


@router.post(f"{PATH}/{{key:path}}")
async def work(visit: Changing, key: str) -> Response:
    """The form's buttons: rows added, moved, taken out; a look at the preview; what it would have done; publish.

    Who edits a survey while somebody else removes it keeps what they typed, and may publish it again.
    """
    fields = await visit.form_lists()
    was = "seen" in fields and len(key) <= keys.LONGEST and await Survey.exists(key=key)
    if await _find(key) is None and not was:
        raise HTTPException(404)
    return await _work(visit, key)


async def _work(visit: Visit, key: str) -> Response:
    fields = await visit.form_lists()
    form = {name: values[-1] for name, values in fields.items()}
    act = form.get("do", "look")
    values = survey_fields.rearranged(survey_fields.read(fields, visit.site.templates.locales()), act)
    typed, seen = form.get("key", "").strip(), form.get("seen", "")
    if act == "publish":
        return await _publish(visit, key or typed, values, seen, new=not key)
    focus = survey_fields.focus(values, act)
    return await _edit(visit, key, values, seen=seen, typed=typed, act=act, focus=focus)


async def _publish(visit: Visit, key: str, values: Values, seen: str, *, new: bool = False) -> Response:
    shown = "" if new else key
    try:
        part = SurveySetup.model_validate({"position": None, **values, "key": key})
        if "sure" not in await visit.form_lists():
            await setups.check(part, seen=seen, channels=visit.site.channels)
            return await _edit(visit, shown, values, seen=seen, typed=key, act="publish")
        await setups.save(part, seen=seen, actor=visit.account.email, now=visit.now, channels=visit.site.channels)
    except ValidationError as error:
        wrong = survey_fields.problems(explain(error, SurveySetup))
        return await _edit(visit, shown, values, seen=seen, typed=key, wrong=wrong)
    except SetupError as error:
        wrong = survey_fields.problems(error.problems)
        return await _edit(visit, shown, values, seen=seen, typed=key, wrong=wrong)
    except Stale as stale:
        if new and stale.theirs is not None:
            return await _edit(visit, "", values, seen="", typed=key, wrong={"key": phrase("surveys.key_taken")})
        if stale.theirs is None:
            return await _edit(visit, shown, values, seen="", gone=True)
        return await _edit(visit, shown, values, seen=stale.theirs.mark, theirs=stale.theirs)
    covered = await what_if.covered_by(key, part)
    return visit.back(PATH, said="surveys_published_in_vain" if covered else "surveys_published")


async def _edit(
    visit: Visit,
    key: str,
    values: Values,
    *,
    seen: str,
    typed: str = "",
    wrong: dict[str, Phrase] | None = None,
    theirs: Seen | None = None,
    gone: bool = False,
    act: str = "",
    focus: str = "",
) -> Response:
    """The form as it was filled in. `theirs` is what somebody else published meanwhile; `gone`: they removed it."""
    templates = visit.site.templates
    settings, found = _read(values)
    publishing = act == "publish"
    tried = publishing or act == "try"
    wrong = wrong if wrong is not None else found if act in ("try", "look") else {}
    covered = await what_if.covered_by(key or typed or "new", settings) if settings is not None else ""
    compared = None
    if tried and settings is not None:
        compared = await what_if.compare(key or typed or "new", settings, days=DAYS, now=visit.now)
    differing: list[Difference] | None = None
    if theirs is not None:
        now = {name: value for name, value in theirs.values.items() if name != "position"}
        differing = list(differences.between(visit, _comparable(values, settings, now), now))
    if publishing and settings is not None:
        stored = await _find(key)
        before = {name: value for name, value in stored.values.items() if name != "position"} if stored else {}
        differing = list(differences.between(visit, before, settings.model_dump(mode="json"))) if stored else None
    known = await ticks.options(visit)
    symbols = values["symbols"] or [{"symbol": "", "word": {}}] * 5
    return visit.draw(
        "survey_publish" if publishing else "survey_edit",
        status=409 if theirs or gone else 422 if wrong else 200,
        key=key,
        typed=typed,
        values={**values, "symbols": symbols},
        seen=seen,
        wrong={name: visit.tell(one) for name, one in wrong.items()},
        theirs=differing,
        gone=gone,
        focus=focus,
        limits=survey_fields.limits(values["budget"]),
        previews=[survey_preview.of(settings, templates, one) for one in templates.locales()] if settings else [],
        warnings=[
            *_warnings(visit, settings, covered),
            *(visit.say(f"surveys.warning.{one}") for one in survey_preview.warnings(settings, templates)),
            *survey_words.warnings(visit, settings),
        ]
        if settings
        else [],
        compared=compared,
        numbers=survey_numbers.lines(compared) if compared else [],
        days=DAYS,
        ticks={name: ticks.ticks(visit, name, known, values["conditions"].get(name, ())) for name in CONDITIONS},
        under=[ticks.under(visit, values["dimensions"], one["dimensions"]) for one in values["reasons"]],
        shipped=lambda name, tag: templates.label(name, tag) if templates.has_label(name) else "",
        changing=visit.may(Right.CHANGE_SETUP),
        meanwhile=await meanwhile.notice(visit, "survey", key) if theirs is not None and not publishing else "",
        unread={
            name: visit.say("audit.part", name=_field(visit, name), value=visit.tell(one))
            for name, one in found.items()
        },
        unsaved=bool(act) or bool(wrong) or theirs is not None or gone,
        restoring="version" in await visit.form_lists(),
        sent=asking.sent(await visit.form_lists()) if publishing else (),
    )


def _field(visit: Visit, name: str) -> str:
    """What the part of the form is called in which the field stands."""
    part = survey_fields.PARTS.get(name.split("-")[0], "symbols" if name.startswith("symbol") else name.split("-")[0])
    return visit.named("surveys.field", part)


def _comparable(values: Values, settings: SurveySettings | None, theirs: Values) -> Values:
    """What the form says, written as theirs is: a number that was typed is no difference to the same number."""
    mine = settings.model_dump(mode="json") if settings is not None else values
    return {name: value for name, value in mine.items() if name in theirs}


def _read(values: Values) -> tuple[SurveySettings | None, dict[str, Phrase]]:
    own = {name: value for name, value in values.items() if name != "position"}
    try:
        return SurveySettings.model_validate(own), {}
    except ValidationError as error:
        return None, survey_fields.problems(explain(error, SurveySettings))


def _settings(one: Seen) -> SurveySettings:
    return SurveySettings.model_validate({name: value for name, value in one.values.items() if name != "position"})


def _values(one: Survey) -> Values:
    return SurveySettings.model_validate(one.settings).model_dump(mode="json")


async def _find(key: str) -> Seen | None:
    return await setups.find("surveys", key)


async def _known(key: str) -> Seen:
    found = await _find(key)
    if found is None:
        raise HTTPException(404)
    return found

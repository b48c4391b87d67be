"""`/admin/surveys/{key}`: one survey is edited, looked at, tried on the past, published."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import ValidationError
from starlette.responses import Response

from bot.web.admin import (
    asking,
    audit_names,
    differences,
    meanwhile,
    survey_fields,
    survey_numbers,
    survey_preview,
    survey_sentences,
    survey_words,
    ticks,
)
from bot.web.admin.differences import Difference
from bot.web.admin.door import Member, Visit
from bot.web.admin.survey_fields import CONDITIONS, Values
from bot.web.admin.survey_sentences import PATH
from core import setup as setups
from core.accounts.roles import Right
from core.phrases import Phrase, phrase
from core.setup import Seen, SetupError, Stale, SurveySetup, keys, surveys
from core.surveys import what_if
from core.surveys.settings import SurveySettings
from core.text import clean

router = APIRouter(include_in_schema=False)
DAYS = 30
NOTE = 200
"""The longest note on a version."""
_TAKEN = phrase("surveys.key_taken")
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(f"{PATH}/new", methods=["GET", "HEAD"])
async def begin(visit: Changing, like: Annotated[str, Query(max_length=60)] = "") -> Response:
    """The form for one more; `like` names one to begin with."""
    same = await _find(like) if like else None
    return await _edit(visit, "", same.values if same else survey_fields.blank(), seen="")


@router.post(f"{PATH}/new")
async def add(visit: Changing) -> Response:
    return await _work(visit, "")


@router.api_route(f"{PATH}/{{key:path}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, key: str) -> Response:
    seen = await _known(key)
    return await _edit(visit, seen.key, seen.values, seen=seen.mark)


@router.post(f"{PATH}/{{key:path}}")
async def work(visit: Changing, key: str) -> Response:
    """The form's buttons: rows added, moved, taken out; a look at the preview; what it would have done; publish.

    Who edits a survey while somebody else removes it keeps what they typed, and may publish it again.
    """
    was = "seen" in await visit.form_lists() and keys.is_good(key)
    if await _find(key) is None and not was:
        raise HTTPException(404)
    return await _work(visit, key)


async def _work(visit: Visit, key: str) -> Response:
    fields = await visit.form_lists()
    form = {name: values[-1] for name, values in fields.items()}
    act = form.get("do", "look")
    values = survey_fields.rearranged(survey_fields.read(fields), act)
    typed, seen = form.get("key", "").strip(), form.get("seen", "")
    if act == "publish":
        return await publish(visit, key or typed, values, seen, new=not key)
    focus = survey_fields.focus(values, act)
    return await _edit(visit, key, values, seen=seen, typed=typed, act=act, focus=focus)


async def publish(visit: Visit, key: str, values: Values, seen: str, *, new: bool = False) -> Response:
    """Make these the survey's settings, as they were `seen`; else the form again, with what speaks against it."""
    shown = "" if new else key
    try:
        part = SurveySetup.model_validate({"position": None, **values, "key": key})
        if "sure" not in await visit.form_lists():
            await setups.check(part, seen=seen, channels=visit.site.channels)
            return await _edit(visit, shown, values, seen=seen, typed=key, act="publish")
        if len(await _note(visit)) > NOTE:
            wrong = {"note": phrase("problem.too_long", limit=NOTE)}
            return await _edit(visit, shown, values, seen=seen, typed=key, act="publish", wrong=wrong)
        by, channels = visit.account.email, visit.site.channels
        await setups.save(part, seen=seen, actor=by, now=visit.now, channels=channels, note=await _note(visit))
    except ValidationError as error:
        wrong = survey_fields.problems(surveys.every_problem({**values, "key": key}, error, new=new))
        if new and await _find(key) is not None:
            wrong["key"] = _TAKEN
        return await _edit(visit, shown, values, seen=seen, typed=key, wrong=wrong)
    except SetupError as error:
        wrong = survey_fields.problems(error.problems)
        return await _edit(visit, shown, values, seen=seen, typed=key, wrong=wrong)
    except Stale as stale:
        if new and stale.theirs is not None:
            wrong = {**survey_fields.problems(list(surveys.too_long_words(part))), "key": _TAKEN}
            return await _edit(visit, "", values, seen="", typed=key, wrong=wrong)
        return await _edit(visit, shown, values, seen=seen, stale=stale)
    covered = await what_if.covered_by(key, part)
    return visit.back(PATH, said="surveys_published_in_vain" if covered else "surveys_published")


async def _note(visit: Visit) -> str:
    """Why, for the survey's versions and for the audit; as it was typed, however long."""
    typed = (await visit.form()).get("note", "")
    return clean(typed, limit=len(typed) + NOTE)


async def _edit(
    visit: Visit,
    key: str,
    values: Values,
    *,
    seen: str,
    typed: str = "",
    wrong: dict[str, Phrase] | None = None,
    stale: Stale | None = None,
    act: str = "",
    focus: str = "",
) -> Response:
    """The form as it was filled in. `stale` says what somebody else made of it meanwhile."""
    theirs = stale.theirs if stale else None
    stored = await _find(key) if key else None
    is_gone = bool(key) and stored is None
    settings, found = _read(values)
    publishing = act == "publish"
    wrong = wrong if wrong is not None else found if act in ("try", "look") else {}
    compared = None
    if act in ("publish", "try") and settings is not None:
        compared = await what_if.compare(key or typed or "new", settings, days=DAYS, now=visit.now)
    known = await ticks.options(visit)
    return visit.draw(
        "survey_publish" if publishing else "survey_edit",
        status=409 if stale else 422 if wrong else 200,
        key=key,
        typed=typed,
        seen="" if is_gone else theirs.mark if theirs else seen,
        wrong={name: visit.tell(one) for name, one in wrong.items()},
        parts=_told(visit, wrong),
        theirs=await _differing(visit, values, settings, theirs=theirs, stored=stored if publishing else None),
        gone=await meanwhile.removed(visit, "surveys", key) if is_gone else "",
        focus=focus,
        **_filled(visit, values, known),
        **(
            await _looks(visit, key or typed or "new", settings, known)
            if settings
            else {"previews": (), "warnings": ()}
        ),
        compared=compared,
        in_vain=survey_sentences.in_vain(visit, compared.covered_by) if compared else "",
        numbers=survey_numbers.lines(compared) if compared else [],
        days=DAYS,
        changing=visit.may(Right.CHANGE_SETUP),
        unread=dict(_told(visit, found)),
        meanwhile=await meanwhile.changed(visit, "surveys", key) if theirs is not None and not publishing else "",
        unsaved=bool(act) or bool(wrong) or stale is not None,
        restoring="version" in await visit.form_lists(),
        sent=[one for one in asking.sent(await visit.form_lists()) if one[0] != "note"] if publishing else (),
        note=await _note(visit) if publishing else "",
    )


def _filled(visit: Visit, values: Values, known: ticks.Options) -> dict[str, object]:
    """What stands in the fields."""
    templates = visit.site.templates
    return {
        "values": {**values, "symbols": values["symbols"] or [{"symbol": "", "word": {}}] * 5},
        "limits": survey_fields.limits(values["budget"]),
        "ticks": {name: ticks.ticks(visit, name, known, values["conditions"].get(name, ())) for name in CONDITIONS},
        "under": [ticks.under(visit, values["dimensions"], one["dimensions"]) for one in values["reasons"]],
        "shipped": lambda name, tag: templates.label(name, tag) if templates.has_label(name) else "",
    }


async def _looks(visit: Visit, key: str, settings: SurveySettings, known: ticks.Options) -> dict[str, object]:
    """How it looks in each language, and what is allowed of it and can hardly be meant."""
    templates = visit.site.templates
    covered = await what_if.covered_by(key, settings)
    return {
        "previews": [survey_preview.of(settings, templates, one) for one in templates.locales()],
        "warnings": [
            *survey_sentences.warnings(visit, settings, covered, known),
            *(visit.say(f"surveys.warning.{one}") for one in survey_preview.warnings(settings, templates)),
            *survey_words.warnings(visit, settings),
        ],
    }


async def _differing(
    visit: Visit, values: Values, settings: SurveySettings | None, *, theirs: Seen | None, stored: Seen | None
) -> list[Difference] | None:
    """What somebody else made of it (`theirs`), or what publishing would change of what is `stored`."""
    if theirs is not None:
        now = _placeless(theirs)
        before = _comparable(values, settings, now)
    elif stored is not None and settings is not None:
        before, now = _placeless(stored), settings.model_dump(mode="json")
    else:
        return None
    return list(differences.between(visit, before, now, await audit_names.of_setup(visit)))


def _placeless(seen: Seen) -> Values:
    """Its place among the surveys is not edited here."""
    return {name: value for name, value in seen.values.items() if name != "position"}


def _told(visit: Visit, wrong: dict[str, Phrase]) -> list[tuple[str, str]]:
    """What is wrong, with the names of the fields in which it is."""
    return [
        (name, visit.say("audit.part", name=_field(visit, name), value=visit.tell(one)) if name else visit.tell(one))
        for name, one in reversed(wrong.items())
    ]


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
        return None, survey_fields.problems(surveys.every_problem(own, error))


async def _find(key: str) -> Seen | None:
    return await setups.find("surveys", key)


async def _known(key: str) -> Seen:
    found = await _find(key)
    if found is None:
        raise HTTPException(404)
    return found

"""`/admin/surveys/history`: all versions of a survey, and what differs; each can be published again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.web.admin import audit_names, audit_words, authors, differences, survey_editor
from bot.web.admin.door import Member, Visit
from bot.web.admin.survey_fields import Values
from bot.web.admin.survey_sentences import PATH
from core import audit
from core import setup as setups
from core.accounts.roles import Right
from core.models.setup import Survey
from core.setup import keys
from core.surveys.settings import SurveySettings

router = APIRouter(include_in_schema=False)
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(f"{PATH}/history/{{key:path}}", methods=["GET", "HEAD"])
async def history(visit: Seeing, key: str) -> Response:
    """All versions, also of a survey that was removed."""
    seen = await setups.find("surveys", key)
    known = len(key) <= keys.LONGEST
    versions = await Survey.filter(key=key).order_by("-version") if known else []
    if not versions:
        raise HTTPException(404)
    lines = {line.at: line for line in await audit.latest(500, about=f"survey:{key}"[:254])}
    people = await authors.names(visit, (line.actor for line in lines.values()))
    names, told = await audit_names.of_setup(visit), []
    for at, one in enumerate(versions):
        older = _values(versions[at + 1]) if at + 1 < len(versions) else None
        changed = list(differences.between(visit, older, _values(one), names)) if older is not None else []
        line = lines.get(one.created_at)
        said = str((line.after or {}).get("note", "")) if line else ""
        note = audit_words.value(visit, "note", said, names) if said else ""
        told.append((one, people[line.actor] if line else "", note, changed))
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
    return await survey_editor.publish(visit, key, _values(old), form.get("seen", ""))


def _values(one: Survey) -> Values:
    return SurveySettings.model_validate(one.settings).model_dump(mode="json")

"""`/admin/digests`: whose figures go to whom, how often and when; each can be tried out on oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.figure_words import FigureWords
from bot.trials import sending as trials
from bot.web.admin import asking, measures, people_forms
from bot.web.admin.door import Member, Visit
from bot.web.admin.people_forms import Outcome, Values
from core import setup as setups
from core.accounts.roles import Right
from core.digests import periods, sending
from core.digests.sending import About, Told
from core.digests.settings import Every, Recipient
from core.errors import Refusal
from core.models.deliveries import Delivery
from core.models.setup import Digest, Staff, Team
from core.reactions.team_settings import DAYS
from core.setup import DigestSetup, Seen, Stale, keys

router = APIRouter(include_in_schema=False)
PATH = "/admin/digests"
NEW = "new"
_PLAIN = ("name", "team", "every", "at", "weekday")
_ROW = ("staff", "channel", "address")
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One that is told, in words; `reached` is False for somebody without an address there."""

    words: str
    reached: bool


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    rows = await Digest.all().order_by("name", "key")
    known = await sending.about_each(rows)
    people = await sending.people_of(one.settings for one in known.values())
    return visit.draw(
        "digests",
        digests=[_listed(visit, row, known.get(row.id), people) for row in rows],
        changing=visit.may(Right.CHANGE_SETUP),
    )


@router.api_route(f"{PATH}/{{key}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, key: str) -> Response:
    seen = await _seen(key)
    if seen is not None:
        return await _one(visit, key, seen.values, seen.mark)
    if key != NEW:
        raise HTTPException(404)
    visit.must(Right.CHANGE_SETUP)
    return await _one(visit, NEW, {"key": "", **await _offered(visit)}, "", is_new=True)


@router.post(f"{PATH}/{{key}}")
async def change(visit: Changing, key: str) -> Response:
    """Save it; one that somebody removed meanwhile is made anew from the form that is still open."""
    seen, fields = await _seen(key), await visit.form_lists()
    if seen is None and key != NEW and not ("seen" in fields and keys.is_good(key)):
        raise HTTPException(404)
    return await _save(visit, key, fields, is_new=seen is None and key == NEW)


@router.post(f"{PATH}/{{key}}/test")
async def test(visit: Changing, key: str) -> Response:
    """Send the last whole period to an address of one's own, and no other."""
    seen, row = await _found(key)
    wanted = (await visit.form()).get("door")
    doors = await trials.doors_of(visit.account, list(visit.site.channels.values()))
    door = next((one for one in doors if one.key == wanted), None)
    if door is None:
        raise HTTPException(422)
    if visit.site.rates.trials.wait(str(visit.account.id)):
        outcome = Outcome({"test": visit.say("template.test_too_many")})
        return await _one(visit, key, seen.values, seen.mark, outcome=outcome, status=429)
    told = Told(door.channel, door.address, visit.locale)
    try:
        await sending.send_test(row, told, by=visit.account.email, now=visit.now)
    except Refusal as refusal:
        return await _one(visit, key, seen.values, seen.mark, outcome=Outcome({"test": visit.why(refusal)}))
    return visit.back(_address(key), said="digest_tested")


@router.post(f"{PATH}/{{key}}/remove")
async def remove(visit: Changing, key: str) -> Response:
    seen, row = await _found(key)
    question = await asking.first(
        visit,
        title=visit.say("digests.remove_title", name=row.name or key),
        about=visit.say("digests.remove_about"),
        button=visit.say("digests.remove"),
        back=_address(key),
    )
    if question is not None:
        return question
    mark = (await visit.form()).get("seen", "")
    try:
        await setups.remove("digests", key, seen=mark, actor=visit.account.email, now=visit.now)
    except Stale as stale:
        now = stale.theirs or seen
        return await _one(visit, key, now.values, now.mark, outcome=Outcome(theirs=stale.theirs, stale=True))
    return visit.back(PATH, said="digest_removed")


async def _save(visit: Visit, key: str, fields: Fields, *, is_new: bool) -> Response:
    values: Values = {name: measures.typed(fields, name) for name in _PLAIN}
    values |= {"enabled": "enabled" in fields}
    values["recipients"] = people_forms.rows(fields, "recipients", _ROW, needed=("staff", "address"))
    known_as, mark = measures.typed(fields, "key") if is_new else key, measures.typed(fields, "seen")
    outcome = await people_forms.save(visit, DigestSetup, {"key": known_as, **values}, mark)
    if outcome.saved:
        return visit.back(_address(known_as), said="saved")
    if is_new and outcome.stale:
        outcome = Outcome({"key": visit.say("digests.taken")})
    shown = {"key": known_as, **values}
    removed = ("digests", key) if not is_new and (outcome.is_gone or await _seen(key) is None) else None
    return await _one(visit, key, shown, outcome.mark(mark), outcome=outcome, is_new=is_new, removed=removed)


# ---------------------------------------------------------------- what is shown


async def _offered(visit: Visit) -> Values:
    """What something new begins with: each Monday at eight, to who makes it, or to a place where alerts go."""
    own = await Staff.get_or_none(id=visit.account.staff_id or 0)
    place = await Team.exclude(alert_channel="").order_by("id").first()
    rows = (
        [{"staff": own.key}] if own else [{"channel": place.alert_channel, "address": place.alert_to}] if place else []
    )
    usual = {"every": Every.WEEK.value, "at": "08:00", "weekday": DAYS[0], "enabled": True}
    return {"name": "", "team": "", **usual, "recipients": rows}


def _listed(visit: Visit, row: Digest, about: About | None, people: Mapping[str, Staff]) -> dict[str, Any]:
    return {
        "row": row,
        "address": _address(row.key),
        "team": (about.team.name or about.team.key) if about and about.team else "",
        "about": about,
        "told": _told(visit, about) if about else "",
        "recipients": [_line(visit, one, people) for one in about.settings.recipients] if about else [],
        "next": _comes(visit, about) if about and row.enabled else "",
    }


async def _one(
    visit: Visit,
    key: str,
    values: Values,
    mark: str,
    *,
    outcome: Outcome | None = None,
    is_new: bool = False,
    removed: tuple[str, str] | None = None,
    status: int = 422,
) -> Response:
    row = None if is_new or removed else await Digest.get_or_none(key=key)
    about = await sending.about(row) if row is not None else None
    return await people_forms.draw_one(
        visit,
        "digest",
        values,
        mark,
        removed=removed,
        outcome=outcome,
        status=status,
        row=row,
        about=about,
        key="" if is_new else key,
        address=_address(key),
        teams=[("", visit.say("digests.everybody")), *await _teams()],
        each=[(str(one), visit.say(f"digests.each.{one}")) for one in Every],
        days=[(one, visit.say(f"teams.day.{one}")) for one in DAYS],
        people=await people_forms.people(visit),
        zone=visit.zone_name(),
        doors=await trials.doors_of(visit.account, list(visit.site.channels.values())),
        **(await _beside(visit, row, about) if row is not None and about is not None else {}),
    )


async def _beside(visit: Visit, row: Digest, about: About) -> dict[str, Any]:
    """What stands beside the form of one that is there."""
    words = FigureWords(visit.site.templates, visit.locale)
    whole, people = about.whole(now=visit.now), await sending.people_of([about.settings])
    days = words.days(*periods.days_of(row.told)) if row.told else ""
    return {
        "next": _comes(visit, about),
        "told": [_line(visit, one, people) for one in about.settings.recipients],
        "tested": words.days(whole.first, whole.last),
        "last_days": days,
        "last": [_became(visit, one) for one in await sending.last_sent(row)] if days else [],
    }


def _comes(visit: Visit, about: About) -> str:
    period, zone = about.coming(now=visit.now), str(about.zone)
    when = visit.site.templates.when(
        period.due, visit.locale, zone, now=visit.now, lasting=True, zoned=zone != visit.site.timezone
    )
    days = FigureWords(visit.site.templates, visit.locale).days(period.first, period.last)
    return visit.say("digests.comes", when=when, days=days)


def _told(visit: Visit, about: About) -> str:
    settings = about.settings
    day = visit.say(f"teams.day.{settings.weekday}")
    return visit.say(f"digests.told.{settings.every}", day=day, at=f"{settings.at:%H:%M}")


def _line(visit: Visit, one: Recipient, people: Mapping[str, Staff]) -> Line:
    kinds = {name: channel.kind for name, channel in visit.site.channels.items()}
    told = sending.reached(one, people, kinds)
    if not one.staff:
        return Line(_place(visit, one.channel, one.address), one.channel in kinds)
    person = people.get(one.staff)
    name = (person.name or person.key) if person is not None else one.staff
    by = told.channel if told is not None else one.channel
    words = visit.say("teams.because", name=name, why=visit.channel(by)) if by else name
    return Line(words, told is not None)


def _became(visit: Visit, row: Delivery) -> dict[str, str]:
    return {
        "place": _place(visit, row.channel, row.target),
        "state": row.state.value,
        "words": visit.say(f"digests.state.{row.state.value}"),
        "problem": visit.trouble(row.problem) if row.problem else "",
    }


def _place(visit: Visit, channel: str, address: str) -> str:
    return visit.say("audit.part", name=visit.channel(channel), value=address)


async def _teams() -> list[tuple[str, str]]:
    return [(one.key, one.name or one.key) for one in await Team.all().order_by("name", "key")]


async def _found(key: str) -> tuple[Seen, Digest]:
    seen, row = await _seen(key), await Digest.get_or_none(key=key)
    if seen is None or row is None:
        raise HTTPException(404)
    return seen, row


async def _seen(key: str) -> Seen | None:
    return await setups.find("digests", key)


def _address(key: str) -> str:
    return f"{PATH}/{quote(key, safe='')}"

"""`/admin/rules`: when something happens, if it is so, then do this; tried before, and with a log of each look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from bot.web.admin import addresses, asking, meanwhile, rule_form, rule_words, ticks
from bot.web.admin.door import Member, Visit
from bot.web.admin.rule_form import Form
from core import setup as setups
from core.accounts.roles import Right
from core.models.reactions import Reaction
from core.models.webhooks import Webhook
from core.phrases import Phrase, phrase
from core.reactions import failing, trying
from core.reactions.settings import SIGNS, Event, RuleSettings
from core.setup import RuleSetup, Seen, Setup, SetupError, Stale, keys

router = APIRouter(include_in_schema=False)
PATH = "/admin/rules"
NEW = "new"
PAST = timedelta(days=30)
PAGE = 50
SHOWN = 100
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    """All rules in their order, a sentence each."""
    return await _list(visit)


@router.api_route(f"{PATH}/{{key:path}}/log", methods=["GET", "HEAD"])
async def log(
    visit: Seeing,
    key: str,
    before: Annotated[int, Query(ge=1, lt=2**63)] | None = None,
    fired: bool = False,
    failed: bool = False,
) -> Response:
    """Each time that it looked, why it fired or did not, what it did, and what could not be done."""
    seen = await _seen(key)
    if seen is None:
        raise HTTPException(404)
    chosen = {"fired": True} if fired or failed else {}
    rows = Reaction.filter(rule=key, **({"id__lt": before} if before else {}), **chosen)
    rows = rows.exclude(failed=[]) if failed else rows
    found = await rows.order_by("-id").limit(PAGE + 1).prefetch_related(*_WHOSE)
    known = await rule_words.names(visit)
    return visit.draw(
        "rule_log",
        key=key,
        lines=[_line(row, known) for row in found[:PAGE]],
        following=found[PAGE - 1].id if len(found) > PAGE else None,
        only="failed" if failed else "fired" if fired else "",
    )


@router.api_route(f"{PATH}/{{key:path}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, key: str, try_it: Annotated[bool, Query(alias="try")] = False) -> Response:
    seen = await _seen(key)
    if seen is not None:
        return await _one(visit, key, rule_form.of(key, seen.values), seen.mark, trial=try_it)
    if key != NEW:
        raise HTTPException(404)
    visit.must(Right.CHANGE_SETUP)
    return await _one(visit, "", Form(), "")


@router.post(f"{PATH}/{{key:path}}")
async def change(visit: Changing, key: str) -> Response:
    """`do` says what: save (when it is not said), a row more or less, try, on, off, up, down, remove."""
    seen, fields = await _seen(key), await visit.form_lists()
    do, mark = (fields.get("do") or ["save"])[-1], (fields.get("seen") or [""])[-1]
    if seen is not None and do in _IN_LIST:
        return await _IN_LIST[do](visit, seen, mark)
    named = "" if seen is None and key == NEW else key
    if seen is None and named:
        if "seen" not in fields or not keys.is_good(key):
            raise HTTPException(404)
        if "event" not in fields:
            said = await meanwhile.removed(visit, "rules", key)
            return await _list(visit, problem=f"{said} {visit.say('admin.meanwhile.nothing_done')}")
    form = rule_form.read(fields, named)
    if do == "save":
        return await _save(visit, named, form, mark)
    if do != "try":
        rule_form.change_rows(form, do, fields)
    return await _one(visit, named, form, mark, trial=do == "try")


async def _save(visit: Visit, key: str, form: Form, mark: str) -> Response:
    """`key` is what it was called when it was opened; "" for a new one."""
    seen = await _seen(key) if key else None
    position = seen.values["position"] if seen is not None else await _end()
    form.problems |= _wrong_addresses(visit, form)
    part = rule_form.part_of(form, position=position, new=not key)
    if part is None:
        return await _one(visit, key, form, mark, status=422)
    try:
        await setups.save(part, seen=mark, actor=visit.account.email, now=visit.now, channels=list(visit.site.channels))
    except Stale as stale:
        if not key:
            form.problems["key"] = phrase("admin.rules.key_taken")
            return await _one(visit, "", form, mark, status=409)
        return await _one(visit, key, form, stale.theirs.mark if stale.theirs else "", stale=stale.theirs, status=409)
    except SetupError as error:
        rule_form.blame(form, error.problems)
        return await _one(visit, key, form, mark, status=422)
    return visit.back(_address(form.key), said="rule_saved")


def _wrong_addresses(visit: Visit, form: Form) -> dict[str, Phrase]:
    """Of the channels that are told, those whose address can be none there."""
    found: dict[str, Phrase] = {}
    for at, row in enumerate(form.thens):
        channel, address = row.get("channel", ""), row.get("to", "")
        if row["do"] == rule_form.PLACE and channel in visit.site.channels and address:
            why = addresses.wrong(visit.site.channels, channel, address)
            found |= {f"then-{at}": phrase(why.label)} if why else {}
    return found


# ---------------------------------------------------------------- in the list


async def _switch(visit: Visit, seen: Seen, mark: str, *, on: bool) -> Response:
    part = _part(seen, enabled=on)
    try:
        await setups.save(part, seen=mark, actor=visit.account.email, now=visit.now)
    except Stale as stale:
        return await _list(visit, problem=visit.why(stale))
    return visit.back(PATH, said="rule_on" if on else "rule_off")


async def _on(visit: Visit, seen: Seen, mark: str) -> Response:
    return await _switch(visit, seen, mark, on=True)


async def _off(visit: Visit, seen: Seen, mark: str) -> Response:
    return await _switch(visit, seen, mark, on=False)


async def _up(visit: Visit, seen: Seen, mark: str) -> Response:
    return await _move(visit, seen, -1)


async def _down(visit: Visit, seen: Seen, mark: str) -> Response:
    return await _move(visit, seen, 1)


async def _move(visit: Visit, seen: Seen, by: int) -> Response:
    """Change places with its neighbour. Only rules whose place changes are written."""
    rules = await setups.read("rules")
    at = next((index for index, one in enumerate(rules) if one.key == seen.key), 0)
    there = min(max(at + by, 0), len(rules) - 1)
    rules[at], rules[there] = rules[there], rules[at]
    parts = [_part(one, position=index) for index, one in enumerate(rules) if one.values["position"] != index]
    if parts:
        await setups.apply(Setup(rules=tuple(parts)), actor=visit.account.email, now=visit.now)
    return visit.back(PATH)


async def _remove(visit: Visit, seen: Seen, mark: str) -> Response:
    sentence = rule_words.sentence(_settings(seen.values), await rule_words.names(visit))
    question = await asking.first(
        visit,
        title=visit.say("admin.rules.remove_title", name=seen.key),
        about=f"{sentence}\n{visit.say('admin.rules.remove_about')}",
        button=visit.say("admin.rules.remove"),
        back=_address(seen.key),
        along={"do": "remove", "seen": mark},
    )
    if question is not None:
        return question
    try:
        await setups.remove("rules", seen.key, seen=mark, actor=visit.account.email, now=visit.now)
    except Stale as stale:
        return await _list(visit, problem=visit.why(stale))
    return visit.back(PATH, said="rule_removed")


_IN_LIST = {"on": _on, "off": _off, "up": _up, "down": _down, "remove": _remove}


def _part(seen: Seen, **changed: Any) -> RuleSetup:
    return RuleSetup.model_validate({"key": seen.key, **seen.values, **changed})


async def _seen(key: str) -> Seen | None:
    return await setups.find("rules", key)


async def _end() -> int:
    return max((int(one.values["position"]) + 1 for one in await setups.read("rules")), default=0)


def _address(key: str) -> str:
    return f"{PATH}/{quote(key, safe='')}"


# ---------------------------------------------------------------- drawing


async def _list(visit: Visit, *, problem: str = "") -> Response:
    known = await rule_words.names(visit)
    failed = await failing.lately(now=visit.now)
    found = await setups.read("rules")
    said = {one.key: _settings(one.values) for one in found}
    doubts = await _doubts({one.key: said[one.key] for one in found if one.values["enabled"]}, known)
    rules = [
        {
            "key": one.key,
            "address": _address(one.key),
            "mark": one.mark,
            "enabled": one.values["enabled"],
            "sentence": rule_words.sentence(said[one.key], known),
            "failed": failed.get(one.key, 0),
            "doubts": doubts.get(one.key, []),
        }
        for one in found
    ]
    return visit.draw(
        "rules",
        status=409 if problem else 200,
        rules=rules,
        problem=problem,
        changing=visit.may(Right.CHANGE_SETUP),
    )


async def _doubts(rules: Mapping[str, RuleSettings], known: rule_words.Names) -> dict[str, list[str]]:
    """By rule, what it says and could not be done as things are."""
    means = await failing.means(list(rules.values()))
    places = {(step.channel, step.to) for one in rules.values() for step in one.then if step.channel}
    unseen = await addresses.unseen(known.visit.site.channels, places)
    found = {}
    for key, settings in rules.items():
        doubts = [rule_words.cannot(settings.then[at], refusal, known) for at, refusal in means.missing(settings)]
        nowhere = [place for step in settings.then if (place := (step.channel, step.to)) in unseen]
        found[key] = doubts + [known.visit.say("rule.unseen_visitor", channel=at, to=to) for at, to in nowhere]
    return found


def _settings(values: dict[str, Any]) -> RuleSettings:
    return RuleSettings.model_validate({name: values[name] for name in RuleSettings.model_fields if name in values})


async def _one(
    visit: Visit,
    key: str,
    form: Form,
    mark: str,
    *,
    trial: bool = False,
    stale: Seen | None = None,
    status: int = 200,
) -> Response:
    is_gone = bool(key) and await _seen(key) is None
    known = await rule_words.names(visit)
    part = None
    if trial or not form.problems:
        probe = Form(**{name: getattr(form, name) for name in ("event", "last", "ifs", "values", "thens")}, key="x")
        part = rule_form.part_of(probe)
        if trial and part is None:
            form.problems |= probe.problems
            status = 422
    tried = await _try(visit, part, known) if trial and part is not None else None
    doubts = await _doubts({key: _settings(part.complete())}, known) if part is not None else {}
    seen = await ticks.options(visit)
    return visit.draw(
        "rule",
        status=status,
        key=key,
        address=_address(key or NEW),
        form=form,
        problems={row: visit.tell(one) for row, one in form.problems.items()},
        parts=[(row, _told(visit, form, row, one)) for row, one in form.problems.items()],
        mark="" if is_gone else mark,
        gone=await meanwhile.removed(visit, "rules", key) if is_gone else "",
        sentence=rule_words.sentence(_settings(part.complete()), known) if part is not None else "",
        theirs=rule_words.sentence(_settings(stale.values), known) if stale is not None else "",
        is_stale=status == 409 and bool(key) and not is_gone,
        doubts=doubts.get(key, []),
        tried=tried,
        meanwhile=await meanwhile.changed(visit, "rules", key) if stale is not None else "",
        unsaved=visit.request.method == "POST",
        changing=visit.may(Right.CHANGE_SETUP),
        options=await _options(visit, known),
        ticks={name: ticks.ticks(visit, name, seen, form.values[name]) for name in form.ifs if name in rule_form.OPEN},
        events=[(one.value, visit.say(f"rule.when.{one.value}")) for one in Event],
        signs=[(one, visit.say(f"rule.sign_alone.{name}")) for one, name in zip(SIGNS, _SIGN_NAMES, strict=True)],
    )


def _told(visit: Visit, form: Form, row: str, problem: Phrase) -> str:
    """What is wrong, with the name of the part of the form in which it is."""
    part, _, at = row.partition("-")
    if not row:
        return visit.tell(problem)
    if part == "if":
        name = visit.say(f"rule.about.{at}")
    elif part == "then" and at:
        name = f"{int(at) + 1}. " + visit.say(f"rule.action.{form.thens[int(at)]['do']}")
    else:
        name = visit.say({"key": "rule.key", "event": "rule.event", "when": "rule.part_if"}.get(part, "rule.part_then"))
    return visit.say("audit.part", name=name, value=visit.tell(problem))


_SIGN_NAMES = ("at_most", "at_least", "below", "above", "exactly")


async def _options(visit: Visit, known: rule_words.Names) -> dict[str, Sequence[tuple[str, str]]]:
    """What can be chosen where, as key and words."""
    say = visit.say
    return {
        "bands": [(one, say(f"band.{one}")) for one in ("negative", "neutral", "positive")],
        "purposes": [(one, say(f"rule.purpose.{one}")) for one in ("service", "recovery", "manual")],
        "priorities": [(one, say(f"priority.{one}")) for one in ("urgent", "high", "medium", "low")],
        "teams": [*known.teams.items(), ("", say("rule.none"))],
        "surveys": list(known.surveys.items()),
        "reasons": list(known.asked.reasons().items()),
        "channels": [(one, visit.channel(one)) for one in visit.site.channels],
        "dimensions": list(known.asked.dimensions().items()),
        "staff": list(known.staff.items()),
        "messages": [(one, say(f"rule.message.{one}")) for one in ("follow_up", "reopened")],
        "webhooks": [(one.key, one.key) for one in await Webhook.all().order_by("key")],
    }


async def _try(visit: Visit, part: RuleSetup, known: rule_words.Names) -> dict[str, object]:
    trial = await trying.try_out(_settings(part.complete()), visit.now - PAST, visit.now)
    firing_first = sorted(trial.tried, key=lambda one: not one.fires)
    lines = [
        {"number": one.number, "at": one.at, "fires": one.fires, "why": rule_words.why(one.why, one.values, known)}
        for one in firing_first[:SHOWN]
    ]
    return {"fires": trial.fires, "of": len(trial.tried), "cut": trial.cut, "lines": lines, "shown": SHOWN}


_WHOSE = ("response__invite__ticket__contact", "occasion__ticket__contact")


def _line(row: Reaction, known: rule_words.Names) -> dict[str, object]:
    ticket = row.response.invite.ticket if row.response else row.occasion.ticket if row.occasion else None
    return {
        "number": ticket.number if ticket else "",
        "at": row.at,
        "erased": ticket is not None and ticket.contact.erased_at is not None,
        "fired": row.fired and row.why != "again",
        "why": rule_words.why(row.why, row.values, known),
        "because": rule_words.because(row.values, known) if row.fired and row.why != "again" else "",
        "done": rule_words.done(row.values, row.failed, known) if row.fired and row.why != "again" else "",
        "failed": [rule_words.failure(one, row.values, known) for one in row.failed],
    }

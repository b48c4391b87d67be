"""The pages of the demonstration and what its buttons call. They ask for no login and listen on loopback alone."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, JSONResponse, Response

from bot.demo import admin, company, desk, inbox, news, pages, writing
from bot.demo.sight import Sight
from bot.demo.stage import Stage
from bot.web import policies
from bot.web.site import Here
from core import errors
from core.ports import Acknowledgement, RawArrival

_ADMIN = "/demo/admin"
PUBLIC = {
    "/": "the demonstration, on loopback alone",
    "/demo/now": "what has changed in it",
    "/demo/chat": "the sample company's own page with the chat in it",
    "/demo/clock": "moves its clock on",
    "/demo/desk": "the agent's buttons",
    "/demo/inbox": "the buttons of the staff inbox",
    "/demo/typing": "tells a customer that somebody is writing to them",
    "/demo/again": "starts it over",
    _ADMIN: "signs whoever plays in to the admin's browser",
    "/demo/static/{name}": "fixed files that hold nothing of anybody",
}
"""None of these routes exists in `afterword serve`."""

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_PATIENCE = 5.0
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_Short = Annotated[str, Field(max_length=400)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Move(_Body):
    """By so many seconds, or until a moment."""

    seconds: int = Field(default=0, ge=0, le=31 * 86_400)
    until: AwareDatetime | None = None


class Desk(_Body):
    """A button of a ticket; without `values` it asks for the form behind it."""

    action: _Short
    values: dict[_Short, list[Annotated[str, Field(max_length=20_000)]]] | None = None


class Press(_Body):
    """A button (`action`), a form that was filled in (`action`, `values`), or words in a thread (`text`)."""

    action: _Short = ""
    target: _Short
    receipt: _Short = ""
    values: dict[_Short, list[Annotated[str, Field(max_length=20_000)]]] | None = None
    text: Annotated[str, Field(max_length=4000)] = ""


class Typing(_Body):
    """The form in which somebody is writing."""

    action: _Short


def only_here(request: Request) -> None:
    """Other pages in the same browser must not play along: by a name that leads here, or by what does something."""
    foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    harmless = request.method == "GET" and request.url.path != _ADMIN
    is_json = request.headers.get("content-type", "").startswith("application/json")
    if request.url.hostname not in _HERE or (foreign and not harmless) or (request.method == "POST" and not is_json):
        raise HTTPException(403, "The demonstration is for this machine alone.")


def stage_of(request: Request) -> Stage:
    stage: Stage = request.app.state.stage
    return stage


async def _seen(
    request: Request,
    lang: str = Query("", max_length=60),
    customer: str = Query("", max_length=60),
    staff: str = Query("", max_length=200),
) -> Sight:
    wanted = lang or request.headers.get("accept-language", "")
    return await pages.sight(stage_of(request), wanted, customer, staff)


Seen = Annotated[Sight, Depends(_seen)]
OnStage = Annotated[Stage, Depends(stage_of)]
router = APIRouter(include_in_schema=False, dependencies=[policies.public, Depends(only_here)])


@router.get("/")
async def page(sight: Seen) -> HTMLResponse:
    return HTMLResponse(await pages.page(sight), headers={"Content-Security-Policy": pages.PAGE_POLICY})


@router.get("/demo/chat")
async def chat(sight: Seen) -> HTMLResponse:
    return HTMLResponse(pages.chat(sight), headers={"Content-Security-Policy": pages.FRAME_POLICY})


@router.get("/demo/now")
async def now(sight: Seen, known: str = Query("", max_length=100)) -> JSONResponse:
    return JSONResponse(await news.of(sight, known))


@router.post("/demo/clock")
async def clock(stage: OnStage, move: Move) -> JSONResponse:
    by = move.until - stage.clock() + timedelta(seconds=1) if move.until else timedelta(seconds=move.seconds)
    if by > timedelta(0):
        await _moved(stage, by)
    return JSONResponse({"moment": stage.clock().isoformat()})


@router.post("/demo/desk")
async def at_desk(sight: Seen, asked: Desk) -> JSONResponse:
    number, _, verb = asked.action.partition(":")
    try:
        if asked.values is None:
            return _answer(Acknowledgement(form=await desk.form(sight, number, verb)))
        return _answer(Acknowledgement(note=await desk.act(sight, number, verb, asked.values)))
    except errors.Refusal as refusal:
        words = sight.say(refusal.label, **refusal.values) if refusal.label else refusal.message
        return _answer(Acknowledgement(note=words, alarming=True))


@router.post("/demo/inbox")
async def in_inbox(sight: Seen, asked: Press) -> JSONResponse:
    return _answer(await _pressed(sight.stage, sight.staff.key, asked))


@router.post("/demo/typing")
async def typing(stage: OnStage, where: Typing) -> JSONResponse:
    await writing.tell(stage, where.action)
    return JSONResponse({"told": True}, 202)


@router.post("/demo/again")
async def again(stage: OnStage) -> JSONResponse:
    stage.start_over()
    return JSONResponse({"again": True}, 202)


@router.get(_ADMIN)
async def admin_browser(request: Request, site: Here, sight: Seen) -> Response:
    return await admin.let_in(request, site, sight)


@router.get("/demo/static/{name}")
async def static(name: str) -> Response:
    if name not in pages.ASSETS:
        raise HTTPException(404)
    return Response(pages.asset(name), media_type=pages.ASSETS[name], headers=_FOR_EVER)


async def _moved(stage: Stage, by: timedelta) -> None:
    try:
        await stage.move_on(by)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


async def _pressed(stage: Stage, staff: str, asked: Press) -> Acknowledgement:
    """Hand it in as any network would, and wait a moment for what the channel is told to say."""
    arrived = _arrival(staff, asked)
    answer = stage.inbox.answer_to(arrived)
    await stage.app.worker.take(company.INBOX, [arrived])
    try:
        return await asyncio.wait_for(answer, _PATIENCE)
    except TimeoutError:
        return Acknowledgement()
    finally:
        stage.inbox.forget(arrived)


def _arrival(staff: str, asked: Press) -> RawArrival:
    id_ = secrets.token_hex(12)
    if asked.text:
        thread = asked.receipt.removeprefix(f"{asked.target}:")
        return inbox.arrival(id_, staff, asked.target, text=asked.text, thread=thread)
    what = {"values": asked.values} if asked.values is not None else {"receipt": asked.receipt}
    return inbox.arrival(id_, staff, asked.target, action=asked.action, **what)


def _answer(said: Acknowledgement) -> JSONResponse:
    form = dataclasses.asdict(said.form) if said.form else None
    return JSONResponse({"note": said.note, "alarming": said.alarming, "form": form})

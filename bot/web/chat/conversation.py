"""What the chat's page talks to: begin, write, tap, read, listen, have it mailed."""

from __future__ import annotations

import math
import secrets
from datetime import datetime
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from bot import chat_log
from bot.web import clients
from bot.web.chat import mailing, port, stream, typing
from bot.web.chat.port import Chat
from bot.web.chat.sessions import Session, Sessions, stranger
from bot.web.rates import Bucket
from bot.web.site import Site
from core.ports import Person, RawArrival
from core.text import COMMENT_LIMIT, clean

_STREAMS_EACH = 10
_LOCALE = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3})?$"
_ID = r"^[a-z0-9]{8,32}$"
_ACTION = r"^[!-~]{1,60}$"

Asked = TypeVar("Asked", bound="_Asked")


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Begin(_Asked):
    """`identity` is the host site's token for its visitor, if it gave one."""

    identity: str = Field(default="", max_length=4096)
    locale: str = Field(default="", max_length=20, pattern=_LOCALE)


class Text(_Asked):
    """`id` is made by the page and the same on every try, so a resend is the same message."""

    id: str = Field(pattern=_ID)
    text: str = Field(min_length=1, max_length=4 * COMMENT_LIMIT)


class Tap(_Asked):
    action: str = Field(pattern=_ACTION)
    receipt: str = Field(default="", max_length=300, pattern=r"^[^\x00]*$")
    id: str = Field(default="", pattern=r"^([a-z0-9]{8,32})?$")


class Mail(_Asked):
    """`id` as for a text: a resend is the same mail."""

    id: str = Field(pattern=_ID)
    address: str = Field(min_length=3, max_length=320)


def add(router: APIRouter, site: Site) -> None:
    """The routes of the conversation; a visitor is known by the bearer token that `session` gave out."""
    desk = _Desk(site)
    mails = mailing.Mailing(site)

    @router.post("/{name}/session")
    async def session(name: str, request: Request) -> JSONResponse:
        chat = port.find(site, name)
        desk.slow_down(desk.beginnings, clients.caller(request, site))
        begun = desk.begin(chat, await _read(request, Begin), _bearer(request))
        token = desk.sessions(chat).token(begun, site.clock())
        who = {"token": token, "visitor": begun.visitor.address, "identified": begun.identified}
        who["before"] = begun.before
        return JSONResponse(who, status_code=201)

    @router.get("/{name}/messages")
    async def messages(name: str, request: Request, after: str = "") -> JSONResponse:
        known = desk.known(name, request)
        since = _moment(after)
        entries = await chat_log.read(known.chat.name, known.session.ids, since=since)
        reached = chat_log.cursor(entries, since)
        shown: dict[str, object] = {"entries": [entry.shape() for entry in entries]}
        shown |= {"cursor": reached.isoformat() if reached else ""}
        shown["typing"] = await typing.is_coming(known.chat, known.session.ids, site.clock())
        return JSONResponse(shown)

    @router.get("/{name}/stream")
    async def listen(name: str, request: Request) -> Response:
        known = desk.known(name, request)
        if known.chat.hub.listeners(known.visitor.address) >= _STREAMS_EACH:
            raise HTTPException(429, "Too many pages of this chat are open.", {"Retry-After": "10"})
        after = _moment(request.headers.get("last-event-id", ""))
        return stream.respond(known.chat, known.session.ids, after, site.clock)

    @router.post("/{name}/text")
    async def text(name: str, request: Request) -> JSONResponse:
        known = desk.known(name, request)
        asked = await _read(request, Text)
        words = clean(asked.text, limit=COMMENT_LIMIT + 1)
        if not words or len(words) > COMMENT_LIMIT:
            raise HTTPException(422, f"text: between 1 and {COMMENT_LIMIT} characters")
        return await desk.take(known, known.chat.text_arrival(known.visitor, asked.id, words))

    @router.post("/{name}/tap")
    async def tap(name: str, request: Request) -> JSONResponse:
        known = desk.known(name, request)
        asked = await _read(request, Tap)
        id_ = asked.id or secrets.token_hex(12)
        who = await _whose(known, asked.receipt)
        return await desk.take(known, known.chat.tap_arrival(who, id_, asked.action, asked.receipt))

    @router.post("/{name}/transcript")
    async def transcript(name: str, request: Request) -> JSONResponse:
        known = desk.known(name, request)
        asked = await _read(request, Mail)
        chat, session = known.chat.name, known.session
        address = await mails.ask(chat, session, known.caller, id_=asked.id, address=asked.address)
        return JSONResponse({"accepted": True, "address": address}, status_code=202)


class _Known:
    """A visitor who showed a good token."""

    def __init__(self, chat: Chat, session: Session, caller: str) -> None:
        self.chat = chat
        self.session = session
        self.visitor = session.visitor
        self.caller = caller


class _Desk:
    """Where visitors show their tokens and hand things in."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sessions: dict[str, Sessions] = {}
        self._visitors = Bucket(60, 40)
        self._callers = Bucket(600, 200)
        self.beginnings = Bucket(60, 60)

    def sessions(self, chat: Chat) -> Sessions:
        if chat.name not in self._sessions:
            self._sessions[chat.name] = Sessions(self._site.secret, chat.name)
        return self._sessions[chat.name]

    def begin(self, chat: Chat, asked: Begin, token: str) -> Session:
        """Whom the host vouches for; else who was here before; else somebody new."""
        now = self._site.clock()
        before = self.sessions(chat).read(token, now) if token else None
        if asked.identity:
            person = chat.identify(asked.identity, now)
            if person is None:
                raise HTTPException(403, "identity: not a token that this chat accepts, or too old")
            named = Person(person.address, person.name, person.locale or asked.locale)
            return Session(named, identified=True, before=_stranger_before(before, named))
        if before is None or before.identified:
            return stranger(asked.locale)
        return Session(Person(before.visitor.address, before.visitor.name, asked.locale), identified=False)

    def known(self, name: str, request: Request) -> _Known:
        chat = port.find(self._site, name)
        session = self.sessions(chat).read(_bearer(request), self._site.clock())
        if session is None:
            raise HTTPException(401, "Begin with POST session.", {"WWW-Authenticate": "Bearer"})
        return _Known(chat, session, clients.caller(request, self._site))

    async def take(self, known: _Known, arrival: RawArrival) -> JSONResponse:
        """202 means that it is kept."""
        self.slow_down(self._visitors, f"{known.chat.name}:{known.visitor.address}")
        self.slow_down(self._callers, known.caller)
        await self._site.take(known.chat.name, [arrival])
        known.chat.hub.nudge(known.visitor.address)
        return JSONResponse({"accepted": True}, status_code=202)

    def slow_down(self, bucket: Bucket, key: str) -> None:
        wait = bucket.wait(key) if key else 0.0
        if wait:
            raise HTTPException(429, "Too much at once.", {"Retry-After": str(math.ceil(wait))})


def _stranger_before(before: Session | None, named: Person) -> str:
    """Whom the visitor was on this browser until the host named them; never what somebody else was told."""
    if before is None:
        return ""
    if not before.identified:
        return before.visitor.address
    return before.before if before.visitor.address == named.address else ""


async def _whose(known: _Known, receipt: str) -> Person:
    """A question that was put to the stranger of before is that stranger's to answer."""
    before = known.session.before
    if before and receipt and await chat_log.was_shown_to(known.chat.name, before, receipt):
        return Person(before, known.visitor.name, known.visitor.locale)
    return known.visitor


async def _read(request: Request, shape: type[Asked]) -> Asked:
    """The body as asked for. Other sites cannot send JSON here without asking, and nobody allows them to."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "The body is JSON, and says so: Content-Type: application/json")
    try:
        return shape.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise HTTPException(422, f"{where}: {first['msg']}") from None


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _moment(text: str) -> datetime | None:
    """Where to go on. What cannot be read is answered from the start: a page draws nothing twice."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and 1970 < moment.year < 9999 else None

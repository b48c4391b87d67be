"""The Bot API over HTTP on loopback, as far as a survey bot uses it, and strict where the real one is."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from tests.rigs import telegram_text

Json = dict[str, Any]

_PAGE = "<html><body><h1>502 Bad Gateway</h1><p>upstream of {path} is away</p></body></html>"
_AILING = {"silent", "reset", "broken", "strange", "garbled"}
_REACTIONS = {"👍", "👎", "❤", "🔥", "🎉", "👀", "🙏", "👌", "🤝"}  # some of those that are free for all
_ON_MESSAGES = {"sendmessage", "editmessagetext"}


class DeclinedError(Exception):
    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


@dataclass(slots=True)
class Shown:
    """A message as it stands on a screen now."""

    chat: int
    id: int
    text: str
    source: str
    parse_mode: str
    entities: list[Json]
    markup: Json
    reply_to: int = 0
    preview: bool = True
    at: float = 0.0
    edits: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[list[Json]]:
        rows: list[list[Json]] = self.markup.get("inline_keyboard", [])
        return rows

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.rows for button in row]


@dataclass(frozen=True, slots=True)
class Answer:
    """What passed by on the screen after a tap."""

    text: str
    alert: bool


class Signal:
    """Wakes whoever waits for something to happen."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, timeout: float) -> None:
        """Raises TimeoutError."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait_for(future, timeout)
        finally:
            self._waiting.discard(future)


class Bucket:
    def __init__(self, per_second: float, burst: float = 1) -> None:
        self._rate, self._burst, self._level, self._at = per_second, burst, burst, time.monotonic()

    def missing(self) -> float:
        """Takes one, or says in how many seconds there will be one."""
        now = time.monotonic()
        self._level, self._at = min(self._burst, self._level + (now - self._at) * self._rate), now
        if self._level < 1:
            return (1 - self._level) / self._rate
        self._level -= 1
        return 0.0


class BotApi:
    """The server's side: what it keeps, and one method for each method of the Bot API."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.username = "afterword_bot"
        self.mood = "fine"
        self.retry_after = 1
        self.messages: list[Shown] = []
        self.answers: dict[str, Answer] = {}
        self.open_taps: set[str] = set()
        self.reactions: dict[tuple[int, int], str] = {}
        self.calls: Counter[str] = Counter()
        self.last: dict[str, Json] = {}
        self.pending: list[Json] = []
        self.webhook: Json = {}
        self.allowed: list[str] = []
        self.commands: dict[str, list[Json]] = {}
        self.group_commands: dict[str, list[Json]] = {}
        self.blocked: set[int] = set()
        self.unknown: set[int] = set()
        self.migrated: dict[int, int] = {}
        self.last_hook_error = ""
        self.files: dict[str, bytes] = {}
        self.hides_sizes = False
        self.file_path: str | None = "documents/{}.bin"
        self.file_status = 200
        self.downloads_are = "fine"  # or a mood
        self.cut_off = 0  # so many bytes of a download that were announced do not come
        self.knows_styles = True
        self.too_many = 0
        self.impatient = 0
        self.changed = Signal()
        self._by_id: dict[tuple[int, int], Shown] = {}
        self._refusals: defaultdict[str, deque[DeclinedError]] = defaultdict(deque)
        self._bucket: Bucket | None = None
        self._chat_rate = 0.0
        self._chat_buckets: dict[int, Bucket] = {}
        self._shut_until = 0.0
        self._ids = 100
        self._poller = 0
        self._never = asyncio.Event()

    # ------------------------------------------------------------ how it behaves

    def refuse(self, method: str, status: int, description: str, *, times: int = 1, **parameters: int) -> None:
        """The next `times` calls of a method are answered with this error."""
        self._refusals[method.lower()].extend(DeclinedError(status, description, **parameters) for _ in range(times))

    def pace(self, *, per_second: float, per_chat: float = 0, burst: float = 1) -> None:
        """Limits like Telegram's: too fast is 429, and what comes within the wait it told counts as `impatient`."""
        self._bucket, self._chat_rate = Bucket(per_second, burst), per_chat

    def next_id(self) -> int:
        self._ids += 1
        return self._ids

    def chat(self, chat: int) -> Json:
        return {"id": chat, "type": "private" if chat > 0 else "supergroup"}

    def as_json(self, shown: Shown) -> Json:
        me = {"id": int(self.token.partition(":")[0]), "is_bot": True, "first_name": "Afterword"}
        message = {"message_id": shown.id, "date": 1_790_000_000, "chat": self.chat(shown.chat), "from": me}
        message["text"] = shown.text
        if shown.entities:
            message["entities"] = shown.entities
        if shown.rows:
            message["reply_markup"] = shown.markup
        return message

    # ------------------------------------------------------------ HTTP

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/file/"):
            return await self._fail(request) if self.downloads_are in _AILING else self._download(request)
        arguments = await _arguments(request)
        token, _, method = request.path.removeprefix("/bot").partition("/")
        method = method.lower()
        self.calls[method] += 1
        self.last[method] = arguments
        try:
            return await self._act(request, token, method, arguments)
        except DeclinedError as no:
            answer: Json = {"ok": False, "error_code": no.status, "description": no.description}
            if no.parameters:
                answer["parameters"] = no.parameters
            return _json(answer, no.status)
        finally:
            self.changed.ring()

    async def _act(self, request: web.BaseRequest, token: str, method: str, arguments: Json) -> web.StreamResponse:
        if self.mood in _AILING:
            return await self._fail(request)
        if token != self.token:
            raise DeclinedError(401, "Unauthorized")
        act: Callable[[Json], Any] | None = getattr(self, f"do_{method}", None)
        if act is None:
            raise DeclinedError(404, "Not Found")
        if self._refusals[method]:
            raise self._refusals[method].popleft()
        if method in _ON_MESSAGES:
            self._admit(arguments)
        result = act(arguments)
        if asyncio.iscoroutine(result):
            result = await result
        if self.mood == "lost":
            self.changed.ring()
            await self._never.wait()
        return _json({"ok": True, "result": result})

    async def _fail(self, request: web.BaseRequest) -> web.StreamResponse:
        mood = self.downloads_are if request.path.startswith("/file/") else self.mood
        if mood == "silent":
            await self._never.wait()
        if mood == "reset" and request.transport is not None:
            request.transport.abort()
        if mood == "garbled":
            return web.Response(body=b"\x1f\x8b\xff\xfe", content_type="application/json", charset="utf-8")
        status = 200 if mood == "strange" else 502
        return web.Response(status=status, text=_PAGE.format(path=request.path), content_type="text/html")

    def _admit(self, arguments: Json) -> None:
        chat = _number(arguments.get("chat_id", ""), "chat not found")
        if self.mood == "busy":
            self._too_many(self.retry_after)
        self._paced(chat)
        if self.mood == "gone" or chat in self.blocked:
            raise DeclinedError(403, "Forbidden: bot was blocked by the user")
        if chat in self.unknown:
            raise DeclinedError(400, "Bad Request: chat not found")
        if chat in self.migrated:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise DeclinedError(400, text, migrate_to_chat_id=self.migrated[chat])

    def _paced(self, chat: int) -> None:
        if self._bucket is None:
            return
        if time.monotonic() < self._shut_until:
            self.impatient += 1
            self._too_many(math.ceil(self._shut_until - time.monotonic()))
        missing = self._bucket.missing()
        if not missing and self._chat_rate:
            missing = self._chat_buckets.setdefault(chat, Bucket(self._chat_rate)).missing()
        if missing:
            self._shut_until = time.monotonic() + math.ceil(missing)
            self._too_many(math.ceil(missing))

    def _too_many(self, seconds: int) -> None:
        self.too_many += 1
        raise DeclinedError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    # ------------------------------------------------------------ methods

    def do_getme(self, _: Json) -> Json:
        me = {"id": int(self.token.partition(":")[0]), "is_bot": True, "first_name": "Afterword"}
        return me | {"username": self.username}

    def do_sendmessage(self, arguments: Json) -> Json:
        chat = int(arguments["chat_id"])
        text, entities = _text(arguments)
        markup = _markup(arguments, styles=self.knows_styles)
        reply = json.loads(arguments.get("reply_parameters", "{}"))
        reply_to = int(reply.get("message_id", 0))
        if reply_to and (chat, reply_to) not in self._by_id and not reply.get("allow_sending_without_reply"):
            raise DeclinedError(400, "Bad Request: message to be replied not found")
        shown = Shown(chat, self.next_id(), text, arguments["text"], arguments.get("parse_mode", ""), entities, markup)
        shown.reply_to, shown.preview, shown.at = reply_to, _preview(arguments), time.monotonic()
        self.messages.append(shown)
        self._by_id[chat, shown.id] = shown
        return self.as_json(shown)

    def do_editmessagetext(self, arguments: Json) -> Json:
        chat, number = int(arguments["chat_id"]), _number(arguments.get("message_id", ""), "message to edit not found")
        shown = self._by_id.get((chat, number))
        if shown is None:
            raise DeclinedError(400, "Bad Request: message to edit not found")
        if "force_reply" in shown.markup:
            raise DeclinedError(400, "Bad Request: message can't be edited")
        text, entities = _text(arguments)
        markup = _markup(arguments, styles=self.knows_styles)
        if (text, entities, markup) == (shown.text, shown.entities, shown.markup):
            raise DeclinedError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the"
                " same as a current content and reply markup of the message",
            )
        shown.edits.append(shown.text)
        shown.text, shown.entities, shown.markup = text, entities, markup
        shown.source, shown.parse_mode = arguments["text"], arguments.get("parse_mode", "")
        shown.preview = _preview(arguments)
        return self.as_json(shown)

    def do_answercallbackquery(self, arguments: Json) -> bool:
        tap = arguments.get("callback_query_id", "")
        if tap not in self.open_taps:
            text = "Bad Request: query is too old and response timeout expired or query ID is invalid"
            raise DeclinedError(400, text)
        if telegram_text.units(arguments.get("text", "")) > 200:
            raise DeclinedError(400, "Bad Request: MESSAGE_TOO_LONG")
        self.open_taps.discard(tap)
        self.answers[tap] = Answer(arguments.get("text", ""), arguments.get("show_alert") == "true")
        return True

    def do_getfile(self, arguments: Json) -> Json:
        found = self.files.get(arguments.get("file_id", ""))
        if found is None:
            raise DeclinedError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(found) > 20_000_000:
            raise DeclinedError(400, "Bad Request: file is too big")
        number = arguments["file_id"]
        size = {} if self.hides_sizes else {"file_size": len(found)}
        place = {"file_path": self.file_path.format(number)} if self.file_path else {}
        return {"file_id": number, "file_unique_id": number} | place | size

    def _download(self, request: web.BaseRequest) -> web.StreamResponse:
        """GET /file/bot<token>/<path>; `file_status` is what it is answered with."""
        self.calls["download"] += 1
        token, _, path = request.path.removeprefix("/file/bot").partition("/")
        if self.file_status != 200:
            headers = {"Retry-After": "7", "Location": "/elsewhere"}
            return web.Response(status=self.file_status, headers=headers, text=request.path)
        found = self.files.get(path.removeprefix("documents/").removesuffix(".bin"))
        if token != self.token or found is None:
            return web.Response(status=404)
        return web.Response(body=found, headers={"Content-Length": str(len(found) + self.cut_off)})

    def do_setmessagereaction(self, arguments: Json) -> bool:
        reaction = json.loads(arguments["reaction"])
        if any(one["type"] != "emoji" or one["emoji"] not in _REACTIONS for one in reaction) or len(reaction) > 1:
            raise DeclinedError(400, "Bad Request: REACTION_INVALID")
        self.reactions[int(arguments["chat_id"]), int(arguments["message_id"])] = reaction[0]["emoji"]
        return True

    def do_setmycommands(self, arguments: Json) -> bool:
        commands = json.loads(arguments["commands"])
        if len(commands) > 100:
            raise DeclinedError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        if not all(re.fullmatch("[a-z0-9_]{1,32}", command["command"]) for command in commands):
            raise DeclinedError(400, "Bad Request: BOT_COMMAND_INVALID")
        if not all(1 <= len(command["description"]) <= 256 for command in commands):
            raise DeclinedError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        scope = json.loads(arguments.get("scope", "{}")).get("type", "default")
        shown = self.commands if scope == "default" else self.group_commands
        shown[arguments.get("language_code", "")] = commands
        return True

    def do_setwebhook(self, arguments: Json) -> bool:
        self.webhook = {
            "url": arguments.get("url", ""),
            "secret": arguments.get("secret_token", ""),
            "max_connections": int(arguments.get("max_connections", 40)),
        }
        if "allowed_updates" in arguments:
            self.allowed = json.loads(arguments["allowed_updates"])
        if not self.webhook["url"]:
            self.webhook = {}
        return True

    def do_deletewebhook(self, _: Json) -> bool:
        self.webhook = {}
        return True

    def do_getwebhookinfo(self, _: Json) -> Json:
        info = {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.pending),
            "allowed_updates": self.allowed,
        }
        if self.last_hook_error:
            info |= {"last_error_date": 1_790_000_000, "last_error_message": self.last_hook_error}
        return info

    async def do_getupdates(self, arguments: Json) -> list[Json]:
        if self.webhook:
            text = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise DeclinedError(409, f"Conflict: {text}")
        if "allowed_updates" in arguments:
            self.allowed = json.loads(arguments["allowed_updates"])
        offset, until = int(arguments.get("offset", 0)), time.monotonic() + min(50, int(arguments.get("timeout", 0)))
        self.pending = [update for update in self.pending if update["update_id"] >= offset]
        self._poller += 1
        mine = self._poller
        self.changed.ring()
        while not self.pending and mine == self._poller and not self.webhook and time.monotonic() < until:
            try:
                await self.changed.wait(until - time.monotonic())
            except TimeoutError:
                break
        if mine != self._poller or self.webhook:
            raise DeclinedError(409, "Conflict: terminated by other getUpdates request or by setting a webhook")
        return self.pending[:100]


async def _arguments(request: web.BaseRequest) -> Json:
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(await request.text(), keep_blank_values=True))
    if request.content_type == "application/json":
        given = await request.json()
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}
    return {key: str(value) for key, value in (await request.post()).items()}


def _json(answer: Json, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(answer).encode(), content_type="application/json")


def _number(text: str, complaint: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise DeclinedError(400, f"Bad Request: {complaint}") from None


def _text(arguments: Json) -> tuple[str, list[Json]]:
    text: str = arguments.get("text", "")
    entities: list[Json] = []
    if arguments.get("parse_mode"):
        try:
            text, entities = telegram_text.parse(text)
        except telegram_text.BadMarkupError as error:
            raise DeclinedError(400, f"Bad Request: can't parse entities: {error}") from None
    if not text.strip():
        raise DeclinedError(400, "Bad Request: message text is empty")
    if telegram_text.units(text) > 4096:
        raise DeclinedError(400, "Bad Request: message is too long")
    return text, entities


def _markup(arguments: Json, *, styles: bool) -> Json:
    markup: Json = json.loads(arguments.get("reply_markup", "{}"))
    buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
    if any(len(row) > 8 for row in markup.get("inline_keyboard", [])) or len(buttons) > 100:
        raise DeclinedError(400, "Bad Request: reply markup is too long")
    for button in buttons:
        _check(button, styles=styles)
    return markup


def _check(button: Json, *, styles: bool) -> None:
    if not button.get("text", "").strip():
        raise DeclinedError(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
    if ("url" in button) == ("callback_data" in button):
        raise DeclinedError(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise DeclinedError(400, "Bad Request: BUTTON_DATA_INVALID")
    if "style" in button and not styles:
        raise DeclinedError(400, 'Bad Request: can\'t parse inline keyboard button: Field "style" is unknown')
    if button.get("style", "primary") not in {"primary", "success", "danger"}:
        raise DeclinedError(400, "Bad Request: invalid button style specified")
    url = urlsplit(button.get("url", "https://example.org"))
    if url.scheme not in {"http", "https", "tg"} or "." not in (url.hostname or ""):
        raise DeclinedError(
            400, f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL"
        )


def _preview(arguments: Json) -> bool:
    return not json.loads(arguments.get("link_preview_options", "{}")).get("is_disabled", False)

"""Telegram on loopback: a Bot API server, what stands on people's screens, and people who tap and write.

    async with TelegramRig() as rig:
        ...                                  # settings: token=rig.token, api_base=rig.url
        await rig.tap(ANN, "★★")             # presses what is on her screen, and nothing else
        await rig.write(ANN, "Too slow")
        await rig.until(lambda: "Thank you" in rig.screen(ANN))

Moods: "fine"; "busy" (429 with `rig.retry_after`); "gone" (403, blocked); "silent" (accepts, keeps nothing, never
answers); "lost" (keeps it, never answers); "broken" (502 with a page that repeats the path); "strange" (the same with
200); "garbled" (bytes that are no text); "reset" (hangs up).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.rigs.telegram_server import Answer, BotApi, Json, Shown

__all__ = ["Answer", "Shown", "TelegramRig"]

TOKEN = "4242:rig-AAbbCCddEEffGGhhIIjjKK"
_DATE = 1_790_000_000


class TelegramRig(BotApi):
    """People are chats: a positive number is a person and the private chat with them, a negative one a group."""

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__(token)
        self.url = ""
        self.people: dict[int, Json] = {}
        self.hook_answers: list[int] = []
        self._updates = 900_000
        self._runner: web.ServerRunner | None = None
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        server = web.Server(self.handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._client = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._client is not None
        assert self._runner is not None
        await self._client.close()
        await self._runner.cleanup()

    # ------------------------------------------------------------ what people see

    def shown(self, chat: int) -> list[Shown]:
        return [message for message in self.messages if message.chat == chat]

    def screen(self, chat: int) -> str:
        """The text of the last message from the bot; "" before there is one."""
        return next((message.text for message in reversed(self.messages) if message.chat == chat), "")

    def buttons(self, chat: int) -> list[str]:
        """The labels under the last message."""
        return next((message.labels for message in reversed(self.messages) if message.chat == chat), [])

    async def until(self, happened: Callable[[], Any], timeout: float = 20) -> Any:
        """Looks again after each request that the bot made; AssertionError when it did not happen in time."""
        end = time.monotonic() + timeout
        while not (result := happened()):
            try:
                await self.changed.wait(max(0.001, end - time.monotonic()))
            except TimeoutError:
                if result := happened():
                    return result
                shown = [(message.chat, message.text) for message in self.messages[-5:]]
                raise AssertionError(f"did not happen within {timeout} s; last on the screens: {shown}") from None
        return result

    # ------------------------------------------------------------ what people do

    def introduce(self, person: int, name: str, locale: str = "en") -> None:
        self.people[person] = {"id": person, "is_bot": False, "first_name": name, "language_code": locale}

    async def tap(self, chat: int, button: str | int, *, by: int | None = None, message: int | None = None) -> str:
        """Press a button by its label (a tick in front may be left out) or its place; returns the tap's id.

        The newest message that shows such a button is taken, or `message`. `by` is who taps in a group.
        """
        shown, found = self._on_screen(chat, button, message)
        assert "callback_data" in found, f"{button!r} opens {found.get('url')}, it is not for us"
        return await self.forge(chat, found["callback_data"], by=by, message=shown.id)

    async def forge(self, chat: int, data: str, *, by: int | None = None, message: int) -> str:
        """A tap whatever is on the screen, as a changed client can send it."""
        number = self._next_update()
        tap = f"tap{number}"
        self.open_taps.add(tap)
        shown = self._by_id.get((chat, message))
        old = {"message_id": message, "date": 0, "chat": self.chat(chat)}
        query = {"id": tap, "from": self.person(by or chat), "chat_instance": "1", "data": data}
        query["message"] = self.as_json(shown) if shown else old
        await self.deliver({"update_id": number, "callback_query": query})
        return tap

    async def write(self, chat: int, text: str, *, by: int | None = None, reply_to: int | None = None) -> int:
        """Returns the id of the message that was written."""
        message = self.raw_message(chat, by=by, text=text)
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        if reply_to is not None:
            shown = self._by_id[chat, reply_to]
            message["reply_to_message"] = self.as_json(shown)
        await self.deliver(self.raw_update("message", message))
        return int(message["message_id"])

    async def send_file(
        self, chat: int, kind: str, data: bytes = b"data", *, caption: str = "", name: str = "", **more: Any
    ) -> int:
        """A photo (in three sizes), document, voice, audio, video, video_note or animation; the message's id."""
        message = self.raw_message(chat, by=more.pop("by", None)) | self.raw_file(kind, data, name=name) | more
        if caption:
            message["caption"] = caption
        await self.deliver(self.raw_update("message", message))
        return int(message["message_id"])

    def raw_file(self, kind: str, data: bytes = b"data", *, name: str = "") -> Json:
        """The part of a message that tells of a file which can be fetched here."""
        number = f"file{self.next_id()}"
        self.files[number] = data
        file: Json = {"file_id": number, "file_unique_id": number, "file_size": len(data)}
        if kind == "photo":
            sides = ((90, "s"), (320, "m"), (1280, ""))
            return {"photo": [file | {"file_id": number + end, "width": side, "height": side} for side, end in sides]}
        if name:
            file |= {"file_name": name}
        length: Json = {} if kind == "document" else {"duration": 3}
        sides2: Json = {"width": 8, "height": 8} if kind in ("video", "animation") else {}
        round_: Json = {"length": 8} if kind == "video_note" else {}
        described = {kind: file | length | sides2 | round_}
        return described | {"document": file} if kind == "animation" else described

    async def block(self, chat: int) -> None:
        self.blocked.add(chat)
        await self.deliver(self.raw_update("my_chat_member", self.raw_membership(chat, "member", "kicked")))

    async def unblock(self, chat: int) -> None:
        self.blocked.discard(chat)
        await self.deliver(self.raw_update("my_chat_member", self.raw_membership(chat, "kicked", "member")))

    async def migrate(self, old: int, new: int) -> None:
        """A group becomes a supergroup: its old address answers with the new one."""
        self.migrated[old] = new
        message = self.raw_message(old, by=1) | {"migrate_to_chat_id": new}
        await self.deliver(self.raw_update("message", message))

    # ------------------------------------------------------------ updates

    def raw_update(self, kind: str, event: Json) -> Json:
        return {"update_id": self._next_update(), kind: event}

    def raw_message(self, chat: int, *, by: int | None = None, **more: Any) -> Json:
        message = {"message_id": self.next_id(), "date": _DATE, "chat": self.chat(chat)}
        return message | {"from": self.person(by or chat)} | more

    def raw_membership(self, chat: int, old: str, new: str) -> Json:
        bot = {"id": int(self.token.partition(":")[0]), "is_bot": True, "first_name": "Afterword"}

        def state(status: str) -> Json:
            return {"status": status, "user": bot} | ({"until_date": 0} if status == "kicked" else {})

        change = {"chat": self.chat(chat), "from": self.person(chat), "date": _DATE}
        return change | {"old_chat_member": state(old), "new_chat_member": state(new)}

    def person(self, number: int) -> Json:
        nasty = {"id": number, "is_bot": False, "first_name": "Ann <3", "last_name": "& Co", "language_code": "en"}
        return self.people.get(number, nasty)

    async def deliver(self, update: Json) -> None:
        """To the webhook when one is set, else to be polled. What the hook did not take stays in `pending`."""
        if self.allowed and not self.allowed_kind(update):
            return
        if not (self.webhook and await self._posted(update)):
            self.pending.append(update)
        self.changed.ring()

    async def redeliver(self) -> None:
        """Posts what is pending once more, in order, as Telegram does after a while."""
        waiting, self.pending = self.pending, []
        for update in waiting:
            await self.deliver(update)

    def allowed_kind(self, update: Json) -> bool:
        return any(kind in self.allowed for kind in update)

    async def _posted(self, update: Json) -> bool:
        assert self._client is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret"]} if self.webhook["secret"] else {}
        try:
            async with self._client.post(self.webhook["url"], json=update, headers=headers) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.last_hook_error = f"Connection failed: {type(error).__name__}"
            return False
        self.hook_answers.append(answer.status)
        if not answer.ok:
            self.last_hook_error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
        return answer.ok

    def _next_update(self) -> int:
        self._updates += 1
        return self._updates

    def _on_screen(self, chat: int, button: str | int, message: int | None) -> tuple[Shown, Json]:
        for shown in reversed(self.messages):
            if shown.chat != chat or (message is not None and shown.id != message):
                continue
            found = _pick(shown, button)
            if found is not None:
                return shown, found
        labels = [message.labels for message in self.shown(chat)]
        raise AssertionError(f"no button {button!r} on the screen of {chat}; there are {labels}")


def _pick(shown: Shown, wanted: str | int) -> Json | None:
    flat = [button for row in shown.rows for button in row]
    if isinstance(wanted, int):
        return flat[wanted] if wanted < len(flat) else None
    exact = [button for button in flat if button["text"] == wanted]
    return next(iter(exact or [button for button in flat if button["text"] == f"✓ {wanted}"]), None)

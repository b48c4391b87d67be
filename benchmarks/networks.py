"""Telegram's Bot API and Slack's Web API on loopback, in a process of its own: notes when what arrived.

`python -m benchmarks.networks PORT`. GET /taken answers with what arrived since the last GET /forget.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter

from benchmarks import http_server

_CHAT = re.compile(rb"chat_id\W{1,4}(-?\d+)")
_MESSAGE = re.compile(rb"message_id\W{1,4}(\d+)")
_PARCEL = re.compile(rb"Parcel(?:\+|%20|\\u0020| )(\d+)")
_DATE = 1_790_000_000
_TEXT = "Thank you. How was the attitude of the person who helped you?\n\nOverall: ★★★★☆"


class Networks:
    """Accepts everything. `edits` and `sends` are [chat, moment], `alerts` [parcel, moment], by the monotonic clock."""

    def __init__(self, port: int) -> None:
        self._hook = ""
        self._ids = 1000
        self._root = f"http://127.0.0.1:{port}"
        self.forget()

    def forget(self) -> None:
        self._edits: list[tuple[int, float]] = []
        self._sends: list[tuple[int, float]] = []
        self._alerts: list[tuple[int, float]] = []
        self._calls: Counter[str] = Counter()

    def answer(self, path: str, body: bytes) -> bytes:
        method = path.rpartition("/")[2].partition("?")[0]
        self._calls[method] += 1
        if method == "editMessageText":
            return self._shown(body, self._edits)
        if method == "answerCallbackQuery":
            return b'{"ok":true,"result":true}'
        if method == "sendMessage":
            return self._shown(body, self._sends)
        return json.dumps(self._others(method, body)).encode()

    def _shown(self, body: bytes, kept: list[tuple[int, float]]) -> bytes:
        now = time.monotonic()
        chat, message = _CHAT.search(body), _MESSAGE.search(body)
        self._ids += 1
        number = int(chat[1]) if chat else 0
        kept.append((number, now))
        told = {
            "message_id": int(message[1]) if message else self._ids,
            "date": _DATE,
            "chat": {"id": number, "type": "private"},
            "text": _TEXT,
        }
        return json.dumps({"ok": True, "result": told}).encode()

    def _others(self, method: str, body: bytes) -> object:
        match method:
            case "taken":
                return {"edits": self._edits, "sends": self._sends, "alerts": self._alerts, "calls": self._calls}
            case "forget":
                self.forget()
                return {}
            case "getMe":
                return {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Bot", "username": "bench_bot"}}
            case "getWebhookInfo":
                allowed = ["message", "callback_query", "my_chat_member"]
                info = {"url": self._hook, "has_custom_certificate": False, "pending_update_count": 0}
                return {"ok": True, "result": info | {"allowed_updates": allowed}}
            case "chat.postMessage" | "chat.update":
                return self._posted(body)
        return {"ok": True, "result": True, "channel": "C0ALERTS", "ts": "1790000000.000001", "user_id": "U0BOT"}

    def _posted(self, body: bytes) -> object:
        """An alert of its own, or a list of several; the first time that a parcel is named counts."""
        if not re.search(rb"thread_ts\W{1,4}\d", body):
            now = time.monotonic()
            self._alerts.extend((int(number), now) for number in set(_PARCEL.findall(body)))
        self._ids += 1
        return {"ok": True, "channel": "C0ALERTS", "ts": f"1790000000.{self._ids:06d}", "message": {}}


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    asyncio.run(http_server.serve(Networks(wanted).answer, wanted))

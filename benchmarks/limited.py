"""Telegram, Slack and a mail relay that keep their limits, in a process of their own. `python -m benchmarks.limited`

    python -m benchmarks.limited HTTP_PORT SMTP_PORT PER_SECOND CLOSES_AFTER CLOSED_SECONDS

More than PER_SECOND (a second's worth may come at once) is refused, and so is everything for CLOSED_SECONDS once
CLOSES_AFTER messages were taken. GET /counted tells what came; what came although it had to wait is `impatient`.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time

ALARM = b"Alarm"
_CLOSED = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: %d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
_FINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_ANSWERS = {b"QUIT": b"221 Bye\r\n", b"EHLO": b"250-relay.test\r\n250 8BITMIME\r\n"}
_DATE = 1_790_000_000


class Gate:
    """One account's limit: `missing` answers 0 and takes a message, or says how many seconds to wait."""

    def __init__(self, per_second: float, closes_after: int, closed_seconds: int) -> None:
        self._rate, self._level, self._at = per_second, per_second, time.monotonic()
        self._closes_after, self._closed_seconds = closes_after, closed_seconds
        self._shut_until = self._told_at = 0.0
        self.taken: list[float] = []
        self.alarms: list[float] = []
        self.refused = self.impatient = 0

    def missing(self, *, grace: float = 0.05) -> float:
        """`grace`: what was under way when the answer left did not know better."""
        now = time.monotonic()
        if now < self._shut_until:
            self.refused += 1
            self.impatient += now > self._told_at + grace
            return self._shut_until - now
        if self._closed_seconds and len(self.taken) >= self._closes_after:
            return self._shut(now, self._closed_seconds, once=True)
        self._level, self._at = min(self._rate, self._level + (now - self._at) * self._rate), now
        if self._level < 1:
            return self._shut(now, math.ceil((1 - self._level) / self._rate))
        self._level -= 1
        return 0.0

    def take(self, body: bytes) -> None:
        now = time.monotonic()
        self.taken.append(now)
        if ALARM in body:
            self.alarms.append(now)

    def _shut(self, now: float, seconds: float, *, once: bool = False) -> float:
        self._told_at, self._shut_until = now, now + seconds
        self.refused += 1
        if once:
            self._closed_seconds = 0
        return seconds

    def counted(self) -> dict[str, object]:
        return {
            "count": len(self.taken),
            "first": self.taken[0] if self.taken else 0.0,
            "last": self.taken[-1] if self.taken else 0.0,
            "refused": self.refused,
            "impatient": self.impatient,
            "alarm": self.alarms[0] if self.alarms else 0.0,
        }


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ", 2)[1].decode()
            body = await reader.readexactly(_length(head))
            writer.write(_answer(path, body, gate))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _answer(path: str, body: bytes, gate: Gate) -> bytes:
    method = path.rpartition("/")[2].partition("?")[0]
    if method == "counted":
        return _said(gate.counted())
    if method not in ("sendMessage", "chat.postMessage"):
        me = {
            "id": 1,
            "is_bot": True,
            "first_name": "Bot",
            "username": "bench_bot",
            "url": "",
            "pending_update_count": 0,
        }
        return _said({"ok": True, "result": me | {"has_custom_certificate": False}, "user_id": "U0BOT"})
    wait = math.ceil(gate.missing())
    if wait:
        told = {"ok": False, "error_code": 429, "description": "Too Many Requests", "error": "ratelimited"}
        return _said(told | {"parameters": {"retry_after": wait}}, wait=wait)
    gate.take(body)
    number = len(gate.taken)
    shown = {"message_id": number, "date": _DATE, "chat": {"id": 1, "type": "private"}, "text": "x"}
    return _said({"ok": True, "result": shown, "channel": "D0ANN", "ts": f"{_DATE}.{number:06d}", "message": {}})


def _said(what: dict[str, object], *, wait: int = 0) -> bytes:
    body = json.dumps(what).encode()
    return (_CLOSED % (wait, len(body)) if wait else _FINE % len(body)) + body


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
    """As much of RFC 5321 as one well-behaved client needs."""
    writer.write(b"220 relay.test ESMTP\r\n")
    try:
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT" and (wait := gate.missing()):
                writer.write(b"421 4.7.0 Too fast, come back in %d s\r\n" % math.ceil(wait))
                return
            if verb == b"DATA":
                writer.write(b"354 Go ahead\r\n")
                gate.take(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(_ANSWERS.get(verb, b"250 OK\r\n"))
            if verb == b"QUIT":
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve(http_port: int, smtp_port: int, gate: Gate) -> None:
    """Until cancelled. One connection more than the limits know is no matter: the gate is one."""
    web = await asyncio.start_server(lambda one, other: http(one, other, gate), "127.0.0.1", http_port)
    relay = await asyncio.start_server(lambda one, other: smtp(one, other, gate), "127.0.0.1", smtp_port, limit=1 << 20)
    await asyncio.gather(web.serve_forever(), relay.serve_forever())


if __name__ == "__main__":
    ports = [int(one) for one in sys.argv[1:3]]
    asyncio.run(serve(ports[0], ports[1], Gate(float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))))

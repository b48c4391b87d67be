"""Sends prepared HTTP requests from a process of its own and notes when: `python -m benchmarks.generator` < order.

The order is JSON: port, path, headers, bodies, connections, and per_second (0: each connection as fast as it is
answered; otherwise at that pace, whether answers come or not). What it prints is JSON too: sent, answered (moments of
the monotonic clock, by request) and statuses.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any


class Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._pending = b""
        self._number = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, number: int, request: bytes) -> None:
        assert self._transport is not None
        self._number = number
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._pending += data
        head, end, rest = self._pending.partition(b"\r\n\r\n")
        if not end or len(rest) < _length(head):
            return
        self._pending = b""
        self._load.done(self, self._number, int(head.split(b" ", 2)[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc)


class Load:
    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._requests = [_request(order, body) for body in order["bodies"]]
        self._next = iter(enumerate(self._requests))
        self._idle: deque[Client] = deque()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._over = asyncio.Event()
        self.sent = [0.0] * len(self._requests)
        self.answered = [0.0] * len(self._requests)
        self.statuses: Counter[int] = Counter()

    async def run(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        for _ in range(self._order["connections"]):
            _, client = await loop.create_connection(lambda: Client(self), "127.0.0.1", self._order["port"])
            self._idle.append(client)
        if self._order["per_second"]:
            await self._paced(self._order["per_second"])
        else:
            for client in tuple(self._idle):
                self._send_next(client)
        await self._over.wait()
        return {"sent": self.sent, "answered": self.answered, "statuses": self.statuses}

    async def _paced(self, per_second: float) -> None:
        start = time.monotonic() + 0.1
        for number, request in self._next:
            await asyncio.sleep(max(0.0, start + number / per_second - time.monotonic()))
            self._waiting.append((number, request))
            self.sent[number] = time.monotonic()  # a request that finds no free connection waits, and that counts
            self._send_waiting()

    def _send_waiting(self) -> None:
        while self._idle and self._waiting:
            self._idle.popleft().send(*self._waiting.popleft())

    def _send_next(self, client: Client) -> None:
        following = next(self._next, None)
        if following is not None:
            self.sent[following[0]] = time.monotonic()
            client.send(*following)

    def done(self, client: Client, number: int, status: int) -> None:
        self.answered[number] = time.monotonic()
        self.statuses[status] += 1
        self._idle.append(client)
        if self.statuses.total() == len(self._requests):
            self._over.set()
        elif self._order["per_second"]:
            self._send_waiting()
        else:
            self._send_next(client)

    def lost(self, error: Exception | None) -> None:
        if not self._over.is_set():
            raise SystemExit(f"a connection was lost: {error}")


def _request(order: dict[str, Any], body: str) -> bytes:
    raw = body.encode()
    return "\r\n".join([*_head(order), f"Content-Length: {len(raw)}", "", ""]).encode() + raw


def _head(order: dict[str, Any]) -> Iterator[str]:
    yield f"POST {order['path']} HTTP/1.1"
    yield f"Host: 127.0.0.1:{order['port']}"
    yield "Content-Type: application/json"
    yield from (f"{name}: {value}" for name, value in order["headers"].items())


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def main() -> None:
    load = Load(json.load(sys.stdin))
    json.dump(await load.run(), sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())

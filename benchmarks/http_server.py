"""The least HTTP/1.1 server that keeps connections open: what it costs is not what we want to measure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Answer = Callable[[str, bytes], bytes]
"""From path and body to a JSON body."""


class Connection(asyncio.Protocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while request := self._next():
            body = self._answer(*request)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            assert self._transport is not None
            self._transport.write(head + body)

    def _next(self) -> tuple[str, bytes] | None:
        """One whole request, taken off what has come so far."""
        head, end, rest = self._pending.partition(b"\r\n\r\n")
        if not end:
            return None
        size = _length(head)
        if len(rest) < size:
            return None
        self._pending = rest[size:]
        return head.split(b" ", 2)[1].decode(), rest[:size]


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(answer: Answer, port: int) -> None:
    """Until cancelled."""
    server = await asyncio.get_running_loop().create_server(lambda: Connection(answer), "127.0.0.1", port)
    await server.serve_forever()

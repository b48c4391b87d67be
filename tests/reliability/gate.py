"""A door in front of a stand-in network: shut, it refuses connections as a machine does on which nothing listens."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class Gate:
    """`url` leads to `to`, path and all, whenever the gate is open; the port stays the same."""

    def __init__(self, to: str) -> None:
        self._to = urlsplit(to)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._through: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return urlunsplit(self._to._replace(netloc=f"127.0.0.1:{self._port}"))

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Who is inside is put out."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._through):
            writer.transport.abort()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shut()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._through |= {writer, inner_writer}
        await asyncio.gather(_pour(reader, inner_writer), _pour(inner_reader, writer))
        self._through -= {writer, inner_writer}


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()

"""uvicorn as we run it: our own signals, a word when it is ready, and open streams let go before it stops."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator, Mapping

import uvicorn
from fastapi import FastAPI

from bot.channels import binding
from bot.web import chat
from core.ports import Channel

GRACE_SECONDS = 5
LET_GO_SECONDS = 0.1


def assert_free(host: str, port: int, remedy: str) -> int:
    """The port, or for 0 one that nobody has. Raises OSError with the remedy when something else listens there."""
    try:
        return binding.tried(host, port)
    except OSError as error:
        why = f"port {port} is taken" if error.errno == errno.EADDRINUSE else f"{host}:{port}: {error.strerror}"
        raise OSError(f"{why}; {remedy}") from error


class Server(uvicorn.Server):
    """Serves until `should_exit` is set; then it accepts nothing more and finishes what is in hand."""

    def __init__(
        self,
        app: FastAPI,
        host: str,
        port: int,
        channels: Mapping[str, Channel],
        *,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                lifespan="off",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._channels = channels
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would take the signals for itself; whoever runs us has set them already."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """A page that was let go comes back at once, and may still get in: it is let go again until all are gone."""
        stopping = asyncio.create_task(super().shutdown(sockets))
        while not stopping.done():
            chat.let_go(self._channels)
            await asyncio.wait({stopping}, timeout=LET_GO_SECONDS)
        await stopping

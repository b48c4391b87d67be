"""The parent's side of `render_child`: starts it when it is first needed, gives it a second, then kills it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from bot.render_child import SECONDS
from core.phrases import Phrase, phrase
from core.ports import Dialect

_START_SECONDS = 20.0
_LARGEST_ANSWER = 2 * 1024 * 1024
_GONE = (OSError, ValueError)  # a broken pipe, half an answer
_ROOT = Path(__file__).resolve().parent.parent


class RenderError(Exception):
    """A template did not render: it is wrong, or takes too long, too much memory or too many words."""

    @property
    def said(self) -> Phrase:
        return in_words(str(self))


def in_words(what: str) -> Phrase:
    """The same for who sits before the editor, also of what is kept of it."""
    code = next((code for begins, code in _CODES.items() if what.startswith(begins)), "does_not_work")
    return phrase(f"problem.template.{code}")


_CODES = {
    "it takes longer than": "too_slow",
    "it takes too much memory": "too_much",
    "it ended the process": "too_much",
    "TooLongError": "too_much",
    "it is nested too deeply": "too_deep",
    "the text is empty": "says_nothing",
    "others are trying out": "busy",
}


class RenderProcess:
    """Renders one message at a time, in another process. Safe to call from many tasks."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def render(
        self, pieces: Sequence[tuple[str, Dialect]], locale: str, context: Mapping[str, object]
    ) -> list[str]:
        """The texts of `pieces`, in their order; raises RenderError."""
        request = json.dumps({"pieces": pieces, "locale": locale, "context": context}) + "\n"
        async with self._turn:
            answer = await self._answer(request.encode())
        if "texts" not in answer:
            raise RenderError(answer["error"])
        return list(answer["texts"])

    async def close(self) -> None:
        """End the child; a later `render` starts another."""
        async with self._turn:
            await self._kill()

    async def _answer(self, request: bytes) -> dict[str, Any]:
        """Ask once more if the child was gone: that need not be this template's fault."""
        try:
            return await self._ask(request)
        except _GONE:
            await self._kill()
        try:
            return await self._ask(request)
        except _GONE as error:
            await self._kill()
            raise RenderError("it ended the process that runs templates") from error

    async def _ask(self, request: bytes) -> dict[str, Any]:
        try:
            process = await self._running()
            async with asyncio.timeout(SECONDS):
                answer = await self._exchange(process, request)
        except TimeoutError:
            await self._kill()
            raise RenderError(f"it takes longer than {SECONDS:g} s") from None
        except asyncio.CancelledError:  # an answer that nobody reads would be taken for the next one's
            await self._kill()
            raise
        if answer.get("out_of_memory"):
            await self._kill()
        return answer

    async def _exchange(self, process: Process, request: bytes) -> dict[str, Any]:
        to_child, from_child = cast(StreamWriter, process.stdin), cast(StreamReader, process.stdout)
        to_child.write(request)
        await to_child.drain()
        answer: dict[str, Any] = json.loads(await from_child.readline())
        return answer

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.render_child",
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LARGEST_ANSWER,
            env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1"},  # and none of our secrets
        )
        async with asyncio.timeout(_START_SECONDS):
            await self._exchange(process, b"")
        return process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()

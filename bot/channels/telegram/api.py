"""Calls to the Bot API: one time limit, errors in our words, and a token that never leaves."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError
from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage, TelegramMethod
from aiogram.methods.base import Response
from aiohttp import ClientError, ClientTimeout, FormData, JsonPayload, StreamReader
from aiohttp.payload import Payload
from pydantic import SecretStr
from yarl import URL

from bot.channels.telegram import errors
from core.ports import TryLater, Undeliverable

T = TypeVar("T")
_KEPT = [Response.__class_getitem__(of.__returning__) for of in (AnswerCallbackQuery, EditMessageText, SendMessage)]  # type: ignore[arg-type]  # a union is a type to pydantic
"""pydantic forgets a model that nobody holds, and making it anew for each answer costs more than the call itself."""
_CHUNK = 1 << 16
_PATIENCE = 6  # a file may take so many times as long as a call
_TELLING = 16  # a token's second half is taken out alone too, when it is long enough to be one


class _Json(FormData):
    """What aiogram gives to aiohttp as the form of a request, written as JSON, which takes half the time."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._values = values

    def __call__(self) -> Payload:
        return JsonPayload(self._values)


class Session(AiohttpSession):
    def build_form_data(self, bot: Bot, method: TelegramMethod[Any]) -> FormData:
        """Nothing of ours carries a file, for which a form would be needed."""
        given = method.model_dump(warnings=False)
        values = {name: self.prepare_value(value, bot, {}, _dumps_json=False) for name, value in given.items()}
        return _Json({name: value for name, value in values.items() if value is not None and value != ""})

    async def close(self) -> None:
        """Without aiogram's quarter of a second, which older versions of aiohttp needed."""
        if self._session is not None:
            await self._session.close()


class Api:
    """One bot at one Bot API server. Makes its connections with the first call."""

    def __init__(self, token: SecretStr, api_base: str, *, timeout: float) -> None:
        self._token = token.get_secret_value()
        session = Session(api=TelegramAPIServer.from_base(api_base), timeout=timeout)
        self._session = session
        self._timeout = timeout
        self._bot = Bot(self._token, session=session)

    async def call(self, method: TelegramMethod[T], *, timeout: int | None = None) -> T:
        """Raises TryLater and Undeliverable as the table in `errors` says, and what it lets fly.

        The original is not chained: a proxy may have written the address, and so the token, into it.
        """
        try:
            return await self._bot(method, request_timeout=timeout)
        except (AiogramError, UnicodeDecodeError) as error:
            failure = errors.translate(error, self.scrub)
        raise failure

    async def download(self, path: str, *, most: int) -> bytes:
        """The file that getFile told of, read no further than `most` bytes; raises TryLater and Undeliverable.

        The token is in its address: no redirect is followed, and what aiohttp says of a failure is not repeated.
        """
        url = self._session.api.file_url(self._token, quote(path, safe="/"))
        limit = ClientTimeout(total=_PATIENCE * self._timeout, sock_read=self._timeout, sock_connect=self._timeout)
        client = await self._session.create_session()
        try:
            async with client.get(
                URL(url, encoded=True), timeout=limit, allow_redirects=False, headers={"Accept-Encoding": "identity"}
            ) as answer:
                if failure := errors.of_download(answer.status, answer.headers):
                    raise failure
                return await _read(answer.content, most)
        except (ClientError, TimeoutError, ValueError) as error:
            failure = TryLater(f"the download broke off: {type(error).__name__}")
        raise failure

    async def close(self) -> None:
        await self._session.close()

    def scrub(self, text: str) -> str:
        half = self._token.partition(":")[2]
        for secret in (self._token, quote(self._token, safe=""), *([half] if len(half) >= _TELLING else [])):
            text = text.replace(secret, "***")
        return text

    def __repr__(self) -> str:
        return f"Api(bot={self._bot.id})"


async def _read(content: StreamReader, most: int) -> bytes:
    got = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        got += chunk
        if len(got) > most:
            raise Undeliverable(f"more than {most} bytes")
    return bytes(got)


class RawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without a model: what is stored is what came, and one odd update does not hide the others."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int
    timeout: int
    allowed_updates: list[str]

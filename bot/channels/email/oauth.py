"""Access tokens in place of a password (XOAUTH2): Gmail and Exchange Online take nothing else by IMAP and SMTP.

One POST of RFC 6749, with a refresh token or with the client's own credentials. The libraries for it belong to one
vendor each, or bring a second HTTP client along for that one call.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.channels.email.settings import EmailSettings
from core.ports import Keep
from core.text import clean_line

logger = logging.getLogger(__name__)

EARLY_SECONDS = 300.0
"""So long before its end a token is replaced: a connection that begins with it must not meet its end."""
_PATIENCE_SECONDS = 15.0
_MOST_BYTES = 64 * 1024
_KEEP = "oauth:refresh"
_USUAL_LIFE = 3600.0


class TokenRefused(Exception):
    """The token server gives us none, and will not until somebody mends what `remedy` says."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class TokenUnavailable(OSError):
    """The token server cannot be reached, or does not know at the moment."""


@dataclass(frozen=True, slots=True)
class _Token:
    words: str
    good_until: float


class AccessTokens:
    """One token at a time, fetched when it is needed and shared by all connections of a channel."""

    def __init__(
        self, settings: EmailSettings, keep: Callable[[], Keep], *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._settings = settings
        self._keep = keep
        self._clock = clock
        self._token: _Token | None = None
        self._turn = asyncio.Lock()

    async def get(self) -> str:
        """Raises TokenRefused or TokenUnavailable."""
        async with self._turn:
            if self._token is None or self._clock() >= self._token.good_until:
                self._token = await self._fetched()
            return self._token.words

    def forget(self, token: str) -> bool:
        """A server did not take it. True: there may be a better one, so it is worth another try."""
        if self._token is not None and self._token.words == token:
            self._token = None
            return True
        return False

    async def _fetched(self) -> _Token:
        configured = self._settings.oauth_refresh_token.get_secret_value()
        kept = await self._kept(configured) if configured else ""
        if not kept:
            return await self._asked(configured)
        try:
            return await self._asked(kept)
        except TokenRefused:
            return await self._asked(configured)

    async def _asked(self, refresh_token: str) -> _Token:
        settings = self._settings
        form = {
            "grant_type": "refresh_token" if refresh_token else "client_credentials",
            "client_id": settings.oauth_client_id,
            "client_secret": settings.oauth_client_secret.get_secret_value(),
            "refresh_token": refresh_token,
            "scope": settings.oauth_scope,
        }
        status, answer = await self._posted({name: value for name, value in form.items() if value})
        words = answer.get("access_token")
        if status != 200:
            raise _trouble(status, answer, has_refresh_token=bool(refresh_token))
        if not isinstance(words, str) or not words or not words.isascii() or not words.isprintable():
            raise TokenUnavailable("the token server's answer holds no access token")
        life = answer.get("expires_in")
        seconds = float(life) if isinstance(life, (int, float, str)) and str(life).isdigit() else _USUAL_LIFE
        renewed = answer.get("refresh_token")
        if refresh_token and isinstance(renewed, str) and renewed and renewed != refresh_token:
            await self._remember(renewed)
        return _Token(words, self._clock() + max(seconds - EARLY_SECONDS, seconds / 2))

    async def _posted(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=_PATIENCE_SECONDS), trust_env=True) as session,
                session.post(self._settings.oauth_token_url, data=form, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(_MOST_BYTES)
                return answer.status, _object(body)
        except TimeoutError as error:
            raise TokenUnavailable("the token server does not answer") from error
        except ClientError as error:
            raise TokenUnavailable(f"the token server cannot be reached: {type(error).__name__}") from error

    async def _kept(self, configured: str) -> str:
        """What the server gave us in exchange for the configured one; a newly configured one comes first again."""
        kept = _object((await self._keep().get(_KEEP) or "").encode())
        return str(kept.get("token", "")) if kept.get("for") == configured else ""

    async def _remember(self, renewed: str) -> None:
        configured = self._settings.oauth_refresh_token.get_secret_value()
        await self._keep().put(_KEEP, json.dumps({"for": configured, "token": renewed}))


def _object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _trouble(status: int, answer: dict[str, Any], *, has_refresh_token: bool) -> TokenRefused | TokenUnavailable:
    """By the error's name in RFC 6749. Its description is the server's, and may repeat what we sent: it is left out."""
    name = clean_line(str(answer.get("error", "")), limit=60)
    said = f"the token server answered {status}{f' {name}' if name else ''}"
    if status >= 500 or status == 429 or name in ("temporarily_unavailable", "server_error", "slow_down"):
        return TokenUnavailable(said)
    if name == "invalid_grant" and has_refresh_token:
        return TokenRefused(
            f"the refresh token does not work any more ({said})",
            "give your consent at the provider again, and set oauth_refresh_token to the new token",
        )
    if name in ("invalid_client", "unauthorized_client", "access_denied"):
        return TokenRefused(
            said, "check oauth_client_id and oauth_client_secret, and whether the secret has expired at the provider"
        )
    if name == "invalid_scope":
        return TokenRefused(said, "check oauth_scope")
    return TokenRefused(said, "check oauth_token_url and the other oauth_… settings")

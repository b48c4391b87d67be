"""One OpenID Connect provider, seen from us: where to send a browser, and whom it vouches for when that comes back.

Authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207). Signatures and claims
are checked by joserfc, with the keys that the provider publishes; the issuer is pinned by the configuration (SEC-41).
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.accounts.identities import Identity
from core.text import clean_line

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Only what is signed with a key that we cannot have: "none" and our own secret vouch for nobody."""

_PATIENCE_SECONDS = 10.0
_MOST_BYTES = 1_000_000
_FRESH_SECONDS = 3600.0
_KEYS_AT_MOST_EVERY = 60.0
_LEEWAY_SECONDS = 60
_SLACK_TEAM = "https://slack.com/team_id"


class ProviderUnavailable(Exception):
    """The provider cannot be reached, or does not answer as one does. Worth another try."""


class NotVouched(Exception):
    """What came back proves nothing. The text is for the log: it names no secret, and nobody's data."""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """What an operator sets. `teams`: the Slack workspaces whose people may come in; empty: not asked."""

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str
    scope: str = "openid email profile"
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    posts_secret: bool
    names_itself: bool


class IdentityProvider:
    """Keeps what the provider says about itself for an hour, and its keys until one is missing."""

    def __init__(self, settings: ProviderSettings, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._seconds = seconds
        self._metadata: tuple[float, _Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes now. Raises ProviderUnavailable."""
        metadata = await self.metadata()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"

    async def identify(
        self, *, code: str, said_issuer: str, redirect_uri: str, nonce: str, verifier: str, now: float
    ) -> Identity:
        """Whom the provider vouches for, for the code that the browser brought. `now`: Unix time in seconds.

        Raises ProviderUnavailable, and NotVouched for everything that is not exactly as it must be.
        """
        metadata = await self.metadata()
        if (said_issuer or metadata.names_itself) and said_issuer != self.settings.issuer:
            raise NotVouched("the answer comes from another issuer")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._ask_for_token(metadata, form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotVouched("the token server gave no ID token")
        claims = await self._verified(token, metadata)
        _check(claims, self.settings, nonce=nonce, now=now)
        return Identity(self.settings.issuer, str(claims["sub"]), _text(claims, "email"), _text(claims, "name"))

    async def metadata(self) -> _Metadata:
        """What the provider says about itself (OpenID Connect Discovery 1.0). Raises ProviderUnavailable."""
        if self._metadata is None or self._seconds() >= self._metadata[0]:
            where = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            said = await self._get(where)
            self._metadata = (self._seconds() + _FRESH_SECONDS, _read_metadata(said, self.settings.issuer))
        return self._metadata[1]

    async def _ask_for_token(self, metadata: _Metadata, form: dict[str, str]) -> Mapping[str, Any]:
        given, secret = self.settings.client_id, self.settings.client_secret
        headers: dict[str, str] = {}
        if metadata.posts_secret:
            form = {**form, "client_id": given, "client_secret": secret}
        else:
            pair = f"{quote(given, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        status, answer = await _fetch("POST", metadata.token_endpoint, form=form, headers=headers)
        if status >= 500 or status == 429:
            raise ProviderUnavailable(f"the token server answered {status}")
        if status != 200 or answer.get("ok") is False:  # Slack says no with a 200
            raise NotVouched(f"the token server answered {status} {clean_line(str(answer.get('error', '')), limit=60)}")
        return answer

    async def _verified(self, token: str, metadata: _Metadata) -> dict[str, Any]:
        """The claims under a good signature; a key that we have not seen is asked for, once a minute at most."""
        problem: Exception | None = None
        for fresh in (False, True):
            keys = await self._published_keys(metadata, fresh=fresh)
            if keys is None:
                break
            try:
                return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
            except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
                problem = error
        raise NotVouched(f"the ID token cannot be trusted: {type(problem).__name__}")

    async def _published_keys(self, metadata: _Metadata, *, fresh: bool) -> KeySet | None:
        """None where fresher ones would be asked for too soon."""
        if self._keys is not None:
            if not fresh:
                return self._keys[1]
            if self._seconds() < self._keys[0] + _KEYS_AT_MOST_EVERY:
                return None
        said = await self._get(metadata.jwks_uri)
        try:
            keys = KeySet.import_key_set({"keys": [key for key in said["keys"] if _is_for_signing(key)]})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderUnavailable("the provider's keys cannot be read") from error
        self._keys = (self._seconds(), keys)
        return keys

    async def _get(self, url: str) -> dict[str, Any]:
        status, answer = await _fetch("GET", url)
        if status != 200:
            raise ProviderUnavailable(f"{urlsplit(url).netloc} answered {status}")
        return answer


async def _fetch(
    method: str, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    host = urlsplit(url).netloc
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=_PATIENCE_SECONDS), trust_env=True) as session,
            session.request(method, url, data=form, headers=headers, allow_redirects=False) as answer,
        ):
            body = b""
            async for piece in answer.content.iter_chunked(65536):
                body += piece
                if len(body) > _MOST_BYTES:
                    raise ProviderUnavailable(f"{host} answers more than a provider has to say")
            status = answer.status
    except TimeoutError as error:
        raise ProviderUnavailable(f"{host} does not answer") from error
    except (ClientError, ValueError, OSError) as error:
        raise ProviderUnavailable(f"{host} cannot be reached: {type(error).__name__}") from error
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = None
    return status, read if isinstance(read, dict) else {}


def _read_metadata(said: Mapping[str, Any], issuer: str) -> _Metadata:
    if said.get("issuer") != issuer:
        raise ProviderUnavailable(f"it calls itself another issuer than {issuer}, which is set")
    local = urlsplit(issuer).scheme == "http"
    endpoints = {name: said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for name, url in endpoints.items():
        if not isinstance(url, str) or not url.startswith("http://" if local else "https://"):
            raise ProviderUnavailable(f"its {name} is no https address")
    ways = said.get("token_endpoint_auth_methods_supported")
    return _Metadata(
        authorization_endpoint=str(endpoints["authorization_endpoint"]),
        token_endpoint=str(endpoints["token_endpoint"]),
        jwks_uri=str(endpoints["jwks_uri"]),
        posts_secret=isinstance(ways, list) and "client_secret_post" in ways,
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_for_signing(key: object) -> bool:
    """Public keys for signatures; one that could also be a secret of ours, or is for encryption, is left out."""
    return isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"} and key.get("use", "sig") == "sig"


def _check(claims: Mapping[str, Any], settings: ProviderSettings, *, nonce: str, now: float) -> None:
    """OpenID Connect Core 1.0, 3.1.3.7. Raises NotVouched."""
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(now),
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(dict(claims))
    except (JoseError, ValueError, TypeError) as error:
        raise NotVouched(f"the ID token is not for us, or not for now: {error}") from error
    audience, party = claims["aud"], claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, settings.client_id):
        raise NotVouched("the ID token was made for another party")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise NotVouched("the ID token names nobody")
    if settings.teams and claims.get(_SLACK_TEAM) not in settings.teams:
        raise NotVouched("this Slack workspace is not one of those that are set")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return clean_line(value, limit=254) if isinstance(value, str) else ""


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

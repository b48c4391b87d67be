"""An identity provider on loopback: says what it is, lets anybody sign in, and can be made to do everything wrong.

async with OpenIdProvider() as idp:
    idp.claims["email"] = "kim@example.org"
    idp.defect = "wrong audience"
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.rigs.loopback import Loopback

DEFECTS = (
    "unsigned",
    "signed with our secret",
    "signed by somebody else",
    "unknown key",
    "changed after signing",
    "not a token",
    "wrong issuer",
    "no issuer",
    "wrong audience",
    "several audiences and no party",
    "another party",
    "expired",
    "no expiry",
    "issued tomorrow",
    "wrong nonce",
    "no nonce",
    "no subject",
    "subject is a number",
    "another workspace",
    "no ID token",
    "code refused",
    "answer from another issuer",
    "encryption key",
)


class OpenIdProvider(Loopback):
    """`asked` holds what came to the token endpoint; `claims` is what is said of who signs in."""

    client_id = "afterword"
    client_secret = "s3cret of the client: 32 bytes, and more"

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "u-1", "email": "kim@example.org", "name": "Kim"}
        self.defect = ""
        self.status = 200
        self.posts = False
        self.asked: list[dict[str, str]] = []
        self.fetched: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self._other = RSAKey.generate_key(2048, {"kid": "one"})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/openid-configuration", self._metadata),
            web.get("/keys", self._keys),
            web.post("/token", self._token),
        ]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_key(self) -> None:
        """As providers do from time to time."""
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig"})

    def sign_in(self, asked: dict[str, str]) -> str:
        """Somebody says yes in the browser: the query with which it comes back."""
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        if self.defect == "answer from another issuer":
            back["iss"] = "https://evil.example"
        return urlencode(back)

    async def _metadata(self, request: web.Request) -> web.Response:
        self.fetched.append("metadata")
        if self.status != 200:
            return web.Response(status=self.status, text="<html>Bad gateway</html>", content_type="text/html")
        ways = ["client_secret_post"] if self.posts else ["client_secret_basic"]
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": ways,
            }
        )

    async def _keys(self, request: web.Request) -> web.Response:
        self.fetched.append("keys")
        public = self.key.as_dict(private=False)
        if self.defect == "encryption key":
            public["use"] = "enc"
        return web.json_response({"keys": [public]})

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or self.defect == "code refused" or not self._is_theirs(request, form, asked):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if self.defect == "no ID token":
            return web.json_response({"access_token": "a"})
        return web.json_response({"access_token": "a", "token_type": "Bearer", "id_token": self._id_token(asked)})

    def _is_theirs(self, request: web.Request, form: dict[str, str], asked: dict[str, str]) -> bool:
        pair = f"{self.client_id}:{self.client_secret.replace(' ', '%20').replace(':', '%3A').replace(',', '%2C')}"
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        known = (
            (form.get("client_id"), form.get("client_secret")) == (self.client_id, self.client_secret)
            if self.posts
            else request.headers.get("authorization") == basic
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        fits = challenge.rstrip(b"=").decode() == asked["code_challenge"]
        return known and fits and form.get("redirect_uri") == asked["redirect_uri"]

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.client_id,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            **self.claims,
        }
        self._spoil(claims, now)
        return self._signed(claims)

    def _spoil(self, claims: dict[str, Any], now: int) -> None:
        wrong: dict[str, dict[str, Any]] = {
            "wrong issuer": {"iss": "https://evil.example"},
            "wrong audience": {"aud": "another-client"},
            "several audiences and no party": {"aud": [self.client_id, "another-client"]},
            "another party": {"azp": "another-client"},
            "expired": {"exp": now - 3600, "iat": now - 7200},
            "issued tomorrow": {"iat": now + 86400, "exp": now + 90000},
            "wrong nonce": {"nonce": "of another browser"},
            "subject is a number": {"sub": 1},
            "another workspace": {"https://slack.com/team_id": "T0EVIL"},
        }
        missing = {"no issuer": "iss", "no expiry": "exp", "no nonce": "nonce", "no subject": "sub"}
        claims.update(wrong.get(self.defect, {}))
        claims.pop(missing.get(self.defect, ""), None)

    def _signed(self, claims: dict[str, Any]) -> str:
        algorithm = "ES256" if isinstance(self.key, ECKey) else "RS256"
        header = {"alg": algorithm, "kid": self.key.kid or ""}
        if self.defect == "unsigned":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        if self.defect == "signed with our secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(self.client_secret))
        if self.defect == "signed by somebody else":
            return jwt.encode(header, claims, self._other)
        if self.defect == "unknown key":
            return jwt.encode({**header, "kid": "nobody knows"}, claims, self._other)
        if self.defect == "not a token":
            return "…. é.\x00"
        token = jwt.encode(header, claims, self.key)
        if self.defect == "changed after signing":
            head, _, signature = token.split(".")
            return f"{head}.{_part({**claims, 'sub': 'somebody else'})}.{signature}"
        return token


def _part(values: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()

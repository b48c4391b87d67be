"""A token server on loopback: gives access tokens (RFC 6749) and tells a mail server whose they are (RFC 7662).

async with TokenServer() as tokens:
    ...  # oauth_token_url = tokens.url
    tokens.refusal = "invalid_grant"
"""

from __future__ import annotations

from aiohttp import web

from tests.rigs.loopback import Loopback


class TokenServer(Loopback):
    """`asked` holds the forms that came; `good` the tokens that are taken. `status` in place of 200 breaks it."""

    client_id = "afterword-client"
    client_secret = "s3cret-of-the-client"
    refresh_token = "s3cret-refresh-token"
    user = "support"

    def __init__(self, *, expires_in: int = 3600) -> None:
        self.expires_in = expires_in
        self.refusal = ""
        self.status = 200
        self.renews = False
        self.asked: list[dict[str, str]] = []
        self.good: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/token", self._token), web.get("/introspect", self._introspect)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "oauth_token_url": self.url,
            "oauth_client_id": self.client_id,
            "oauth_client_secret": self.client_secret,
            "oauth_refresh_token": self.refresh_token,
        }

    def call_back(self) -> None:
        """All tokens that were given are worth nothing from now on."""
        self.good.clear()

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.status != 200:
            return web.Response(status=self.status, text="<html>Bad gateway</html>", content_type="text/html")
        if error := self.refusal or self._why_not(form):
            told = {"error": error, "error_description": f"what you sent: {form}"}
            return web.json_response(told, status=401 if error == "invalid_client" else 400)
        token = f"s3cret-access-{len(self.asked)}"
        self.good.add(token)
        answer: dict[str, object] = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if self.renews:
            self.refresh_token = f"s3cret-refresh-{len(self.asked)}"
            answer["refresh_token"] = self.refresh_token
        return web.json_response(answer)

    def _why_not(self, form: dict[str, str]) -> str:
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return "invalid_client"
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") != self.refresh_token:
            return "invalid_grant"
        return ""

    async def _introspect(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.query.get("token", "")
        return web.json_response({"active": given in self.good, "username": self.user})

"""Slack's page of consent and oauth.v2.access: who gets tokens for which workspace, and how long they live."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.rigs.slack_state import RefusedError

if TYPE_CHECKING:
    from tests.rigs.slack import SlackRig


@dataclass
class Consent:
    """`lives` is how many seconds a token is good for; None: for ever, as without rotation."""

    client_id: str = "1234.5678"
    client_secret: str = "the client's secret"
    lives: int | None = None
    tokens: dict[str, SlackRig] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    renewals: int = 0
    _codes: dict[str, tuple[SlackRig, str, bool]] = field(default_factory=dict)
    _refresh: dict[str, SlackRig] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def agree(self, url: str, into: SlackRig, *, org_wide: bool = False) -> str:
        """An administrator agrees on Slack's page at `url`; the address that the browser is sent to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert urlsplit(url).path == "/oauth/v2/authorize"
        assert asked["client_id"] == self.client_id
        assert "chat:write" in asked["scope"].split(",")
        code = f"code-{next(self._numbers)}"
        self._codes[code] = (into, asked["redirect_uri"], org_wide)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def access(self, authorization: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Slack's answer; raises RefusedError."""
        if authorization.startswith("Basic "):
            given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        else:
            given = f"{arguments.get('client_id')}:{arguments.get('client_secret')}"
        if given != f"{self.client_id}:{self.client_secret}":
            raise RefusedError("bad_client_secret")
        if arguments.get("grant_type") == "refresh_token":
            workspace = self._refresh.pop(arguments.get("refresh_token", ""), None)
            if workspace is None:
                raise RefusedError("invalid_refresh_token")
            self.renewals += 1
            return self._grant(workspace)
        workspace, redirect, org_wide = self._codes.pop(arguments.get("code", ""), (None, "", False))
        if workspace is None:
            raise RefusedError("invalid_code")
        if redirect != arguments.get("redirect_uri"):
            raise RefusedError("bad_redirect_uri")
        team = {"id": workspace.team, "name": workspace.name}
        organisation = {"id": workspace.enterprise, "name": "All of us"} if workspace.enterprise else None
        where = {"team": None if org_wide else team, "enterprise": organisation, "is_enterprise_install": org_wide}
        return {**where, "app_id": "A0AFTERWORD", "authed_user": {"id": "U0ADMIN"}, **self._grant(workspace)}

    def _grant(self, workspace: SlackRig) -> dict[str, Any]:
        number = next(self._numbers)
        lasting = workspace.bot_token or f"xoxb-{workspace.team}-secret"  # the same, however often it is installed
        workspace.bot_token = f"xoxe.xoxb-{number}-secret" if self.lives else lasting
        self.tokens[workspace.bot_token] = workspace
        granted = {"access_token": workspace.bot_token, "token_type": "bot", "scope": "x", "bot_user_id": "U0BOT"}
        if self.lives is None:
            return granted
        refresh = f"xoxe-1-{number}-secret"
        self._refresh[refresh] = workspace
        return granted | {"refresh_token": refresh, "expires_in": self.lives}

"""Which workspaces have installed the app, kept sealed in the store.

slack_sdk has stores for this, on files and SQL databases of their own. Ours lies in the one store that there is, and
remembers a removed installation without its tokens: what still comes in from there must not be taken for somebody's
of another workspace.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.ports import Keep
from core.text import clean_line

log = logging.getLogger(__name__)

STATE_SECONDS = 600

_INSTALLATION, _STATE, _DEFAULT, _HOME = "installation:", "state:", "default", "home"


@dataclass(frozen=True, slots=True)
class Installation:
    """`id` is the workspace's (T…), or that of the whole organisation (E…). Times are in Unix seconds, 0 is never."""

    id: str
    team: str
    installed_at: float
    token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: float = 0.0

    @property
    def is_live(self) -> bool:
        return bool(self.token)


_ID = re.compile(r"[TE][A-Z0-9]{2,30}")


def granted(answer: Mapping[str, Any], *, now: float) -> Installation:
    """What oauth.v2.access handed out. Raises ValueError for an answer that names no workspace or no bot's token."""
    org_wide = answer.get("is_enterprise_install") is True
    where = answer.get("enterprise" if org_wide else "team")
    token = answer.get("access_token")
    where = where if isinstance(where, Mapping) else {}
    id_ = str(where.get("id", ""))
    if not _ID.fullmatch(id_) or not (token and isinstance(token, str)) or answer.get("token_type") != "bot":
        raise ValueError("an installation without a workspace or without a bot's token")
    name = clean_line(str(where.get("name") or id_), limit=100)
    return renewed(Installation(id_, name, now), answer, now=now)


def renewed(before: Installation, answer: Mapping[str, Any], *, now: float) -> Installation:
    """The same with the tokens of an answer of oauth.v2.access; one without an end when rotation is off."""
    lasts = answer.get("expires_in")
    return dataclasses.replace(
        before,
        token=str(answer["access_token"]),
        refresh_token=str(answer.get("refresh_token") or before.refresh_token),
        expires_at=now + float(lasts) if isinstance(lasts, int | float) else 0.0,
    )


class Installations:
    """One channel's."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._claiming = asyncio.Lock()

    async def get(self, id_: str) -> Installation | None:
        """A removed one too; it has no token."""
        kept = await self._keep.get(_INSTALLATION + id_)
        return _read(kept) if kept else None

    async def every(self) -> Sequence[Installation]:
        """All that are live, the oldest first."""
        found = [_read(kept) for kept in (await self._keep.all(_INSTALLATION)).values()]
        return sorted((one for one in found if one is not None and one.is_live), key=lambda one: one.installed_at)

    async def save(self, installation: Installation) -> None:
        """The first that is ever saved becomes the usual one, whose ids are bare, and stays it."""
        await self._keep.put(_INSTALLATION + installation.id, json.dumps(dataclasses.asdict(installation)))
        if await self._keep.get(_DEFAULT) is None:
            await self._keep.put(_DEFAULT, installation.id)

    async def remove(self, id_: str, *, at: float) -> bool:
        """Forget its tokens. False when there was none, or one that is younger than the news of its end."""
        found = await self.get(id_)
        if found is None or not found.is_live or at < found.installed_at:
            return False
        await self.save(Installation(found.id, found.team, found.installed_at))
        return True

    async def default(self) -> str:
        return await self._keep.get(_DEFAULT) or ""

    async def home(self, token: str) -> str:
        """The workspace that the configured bot_token belongs to; "" as long as nobody asked Slack."""
        of, _, id_ = (await self._keep.get(_HOME) or "").partition(":")
        return id_ if of == _hash(token) else ""

    async def learn_home(self, token: str, id_: str) -> None:
        await self._keep.put(_HOME, f"{_hash(token)}:{id_}")

    async def claim(self, state: str, *, now: float) -> bool:
        """True once for each state. Those whose time is over are forgotten."""
        async with self._claiming:
            used = await self._keep.all(_STATE)
            for key, until in used.items():
                if float(until) < now:
                    await self._keep.delete(key)
            key = _STATE + _hash(state)
            if key in used:
                return False
            await self._keep.put(key, str(now + STATE_SECONDS))
            return True


def _read(kept: str) -> Installation | None:
    try:
        return Installation(**json.loads(kept))
    except (TypeError, ValueError):
        log.error("an installation that was kept cannot be read, and counts as none")  # noqa: TRY400
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]

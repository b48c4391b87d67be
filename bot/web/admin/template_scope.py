"""Which words a page of the template editor is about: from its address or its form, and how that is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import HTTPException

from bot.placeholders import KINDS
from bot.translations import po
from bot.trials.surfaces import SURFACES
from bot.web.admin.door import Visit
from core import setup as setups
from core.models import lookup
from core.models.setup import Team, Wording
from core.wordings import drafts
from core.wordings.drafts import Words
from core.wordings.scopes import Scope

_LOCALE = re.compile(r"([A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*)?")


async def read(given: Mapping[str, str], *, typed: bool = False) -> Scope:
    """Raises HTTPException 404 for a kind, language, team or channel that does not exist.

    Where somebody has `typed` words, a team that was removed meanwhile is still read: `is_without_team` tells.
    """
    scope = Scope(*(given.get(name, "") for name in ("kind", "locale", "team", "channel")))
    known = scope.kind in KINDS and len(scope.locale) <= 20 and _LOCALE.fullmatch(scope.locale)
    if not known or (scope.channel and scope.channel not in SURFACES):
        raise HTTPException(404)
    if scope.locale and not await _is_language(scope.locale):
        raise HTTPException(404)
    if await is_without_team(scope) and not (typed and await setups.removed("teams", scope.team)):
        raise HTTPException(404)
    return scope


async def is_without_team(scope: Scope) -> bool:
    return bool(scope.team) and await lookup.by_key(Team, scope.team) is None


async def _is_language(tag: str) -> bool:
    """One that somebody speaks, written as we write it; or one for which a file has brought words."""
    try:
        return po.locale_named(tag) == tag or await Wording.filter(locale=tag).exists()
    except po.NotAFile:
        return await Wording.filter(locale=tag).exists()


def query(scope: Scope, **more: str) -> str:
    given = {**scope.columns, **more}
    return urlencode({name: value for name, value in given.items() if value})


def in_words(visit: Visit, scope: Scope, names: Mapping[str, str] | None = None) -> str:
    """For whom: "Chinese, team Repairs, in Slack"."""
    language = dict(visit.languages).get(scope.locale, scope.locale)
    parts = [language or visit.say("template.any_language")]
    if scope.team:
        parts.append(visit.say("template.of_team", team=(names or {}).get(scope.team) or scope.team))
    if scope.channel:
        parts.append(visit.say("template.in_channel", channel=visit.say(f"channel.{scope.channel}")))
    return visit.say("template.between").join(parts)


async def teams() -> dict[str, str]:
    return {one.key: one.name or one.key for one in await Team.all().order_by("key")}


async def wider(visit: Visit, scope: Scope) -> tuple[Words, Scope | None]:
    """What holds where there are no own words here: the next wider ones with their scope, or the shipped ones."""
    for one in list(scope.chain())[1:]:
        published = (await drafts.standing(one)).published
        if published:
            return published, one
    return Words("", visit.site.templates.shipped(scope.kind, scope.locale)), None

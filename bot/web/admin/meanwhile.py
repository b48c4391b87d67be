"""Who changed what somebody else is editing, and when: oneself in another window, too."""

from __future__ import annotations

from bot.web.admin import authors
from bot.web.admin.door import Visit
from core import audit


async def notice(visit: Visit, kind: str, key: str) -> str:
    """`kind` and `key` as the audit has them: "survey", "default"; "" where it knows nothing of it."""
    line = next(iter(await audit.latest(1, about=f"{kind}:{key}"[:254])), None)
    if line is None:
        return ""
    if line.actor == visit.account.email:
        return visit.say("admin.meanwhile.by_you", when=visit.when(line.at))
    return visit.say("admin.meanwhile.by", who=await authors.name(visit, line.actor), when=visit.when(line.at))

"""Who changed or removed what somebody has open in an editor, and when: oneself in another window, too.

For every editor the same: its form brings back `seen`, and the name of what it is about. Where that is there no more,
the form is drawn again as it was typed, with a notice and without a mark, so that saving it once more makes it anew.
"""

from __future__ import annotations

from bot.web.admin import authors
from bot.web.admin.door import Visit
from core import setup as setups
from core.models.accounts import AuditLine


async def changed(visit: Visit, table: str, key: str) -> str:
    """Of this part of the set-up; "" where the audit knows nothing of it."""
    line = await setups.changed(table, key)
    return await _told(visit, "changed", line) if line is not None else ""


async def removed(visit: Visit, table: str, key: str) -> str:
    line = await setups.removed(table, key)
    return await _told(visit, "removed", line) if line is not None else visit.say("admin.meanwhile.removed")


async def _told(visit: Visit, what: str, line: AuditLine) -> str:
    by = "by_you" if line.actor == visit.account.email else "by"
    who = await authors.name(visit, line.actor)
    return visit.say(f"admin.meanwhile.{what}_{by}", who=who, when=visit.when(line.at))

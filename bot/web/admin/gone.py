"""What somebody edits while somebody else removes it: the form stays as it was typed, and says who it was and when.

For every editor the same: its form brings back `seen`, and the name of what it is about. Where that is there no more,
the form is drawn again with a notice and without a mark, so that saving it once more makes it anew.
"""

from __future__ import annotations

from bot.web.admin import authors
from bot.web.admin.door import Visit
from core import setup as setups


async def notice(visit: Visit, table: str, key: str) -> str:
    """Who removed this part of the set-up, and when, as far as the audit knows."""
    line = await setups.removed(table, key)
    if line is None:
        return visit.say("admin.gone.unknown")
    return visit.say("admin.gone.by", who=await authors.name(visit, line.actor), when=visit.when(line.at))

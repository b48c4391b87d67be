"""Who did something, by name: what is kept is the address of an account, or what did it without one."""

from __future__ import annotations

from collections.abc import Iterable

from bot.web.admin.door import Visit
from core import audit
from core.models.accounts import Account


async def names(visit: Visit, addresses: Iterable[str]) -> dict[str, str]:
    """By address; the address itself where the account is gone or has no name."""
    asked = set(addresses)
    accounts = {one.email: one.name for one in await Account.filter(email__in=list(asked))}
    return {one: _named(visit, one, accounts.get(one, "")) for one in asked}


def _named(visit: Visit, address: str, name: str) -> str:
    if address == audit.COMMAND_LINE:
        return visit.say("admin.audit.command_line")
    return name or address or visit.say("template.unknown")

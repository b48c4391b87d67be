"""Who did something, by name: what is kept is the address of an account, or what did it without one."""

from __future__ import annotations

from collections.abc import Iterable

from bot.web.admin import audit_words
from bot.web.admin.door import Visit
from core.models.accounts import Account


async def names(visit: Visit, addresses: Iterable[str]) -> dict[str, str]:
    """By address; the address itself where the account is gone or has no name."""
    asked = set(addresses)
    accounts = {one.email: one.name for one in await Account.filter(email__in=list(asked))}
    unknown = visit.say("template.unknown")
    return {one: accounts.get(one) or (audit_words.actor(visit, one) if one else unknown) for one in asked}


async def name(visit: Visit, address: str) -> str:
    """The same of one."""
    return (await names(visit, [address]))[address]

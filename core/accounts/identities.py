"""Signing in as who an identity provider says one is: by issuer and subject, never by an address (SEC-42)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from core import audit, transactions
from core.accounts import sessions
from core.errors import Conflict
from core.models.accounts import Account


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider vouches for. `email` and `name` are what it says of them, "" where it says nothing."""

    issuer: str
    subject: str
    email: str = ""
    name: str = ""


async def account_of(identity: Identity) -> Account | None:
    """Whose identity this is, if they may come in."""
    return await Account.get_or_none(issuer=identity.issuer, subject=identity.subject, active=True)


async def is_of_closed_account(identity: Identity) -> bool:
    """To be told to nobody but whoever has proven to be this."""
    return await Account.exists(issuer=identity.issuer, subject=identity.subject, active=False)


@transactions.atomic
async def link(account_id: int, identity: Identity, *, by: str, now: datetime) -> Account:
    """From now on the account is signed in to by this identity alone: its password opens nothing any more.

    All its browsers are signed out. Raises Conflict when another account has the identity.
    """
    account = await Account.get(id=account_id)
    account.issuer, account.subject, account.password_hash = identity.issuer, identity.subject, ""
    try:
        async with transactions.savepoint():
            await account.save(update_fields=["issuer", "subject", "password_hash"])
    except IntegrityError as error:
        raise Conflict("another account has this identity", label="account.identity_taken") from error
    await sessions.end_all(account.id)
    after = {"issuer": identity.issuer, "subject": identity.subject}
    await audit.record(by, "account.linked", f"account:{account.email}", after=after, now=now)
    return account

"""One-time addresses: the first admin's set-up, an invitation, a new password (SEC-44)."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Literal

from tortoise.queryset import QuerySet

from core import audit, transactions
from core.access import hash_of
from core.accounts import accounts, identities, passwords
from core.accounts.identities import Identity
from core.errors import Invalid, NotFound
from core.models.accounts import Account, Invitation, Role
from core.text import clean_line

SETUP_LASTS = timedelta(hours=1)
LASTS = timedelta(days=7)
_SHAPE = re.compile(r"[A-Za-z0-9_-]{32}")


@transactions.atomic
async def for_setup(*, now: datetime) -> str:
    """A code for the first admin. Those that were made before open nothing any more."""
    await Invitation.filter(account_id=None, email="", used_at=None).delete()
    return await _made(Role.ADMIN, "", "", None, SETUP_LASTS, now)


async def is_needed() -> bool:
    """Whether nobody could come in to set anything up."""
    return not await accounts.has_admin()


@transactions.atomic
async def to(email: str, role: str, *, name: str = "", by: str, now: datetime) -> str:
    """Invite somebody who has no account yet. Raises Invalid, and Conflict when the address has one."""
    address, known = accounts.normal(email), accounts.role_named(role)
    if await Account.exists(email=address):
        raise accounts.taken(address)
    await Invitation.filter(email=address, used_at=None).delete()
    code = await _made(known, address, accounts.called(name), None, LASTS, now)
    await audit.record(by, "account.invited", f"account:{address}", after={"role": str(known)}, now=now)
    return code


@transactions.atomic
async def for_password(account: Account, *, by: str, now: datetime) -> str:
    """A code behind which somebody chooses a new password."""
    await Invitation.filter(account_id=account.id, used_at=None).delete()
    code = await _made(account.role, account.email, account.name, account.id, LASTS, now)
    await audit.record(by, "account.password_offered", f"account:{account.email}", now=now)
    return code


async def find(code: str, *, now: datetime) -> Invitation | None:
    """The invitation behind a code; None when it was used, expired, or never was."""
    if not _SHAPE.fullmatch(code):
        return None
    return await Invitation.get_or_none(code_hash=hash_of(code), used_at=None, expires_at__gt=now)


@transactions.atomic
async def again(invitation_id: int, *, by: str, now: datetime) -> tuple[str, str]:
    """A new code for somebody who was invited and has not come, and their address; the old one opens nothing any more.

    Raises NotFound, and Conflict when the address has an account by now.
    """
    invitation = await open_one(invitation_id, now=now)
    code = await to(invitation.email, invitation.role, name=invitation.name, by=by, now=now)
    return code, invitation.email


@transactions.atomic
async def withdraw(invitation_id: int, *, by: str, now: datetime) -> None:
    """Its code opens nothing any more. Raises NotFound, also when it was used in the meantime."""
    invitation = await open_one(invitation_id, now=now)
    if not await Invitation.filter(id=invitation.id, used_at=None).delete():
        raise NotFound("this invitation was used")
    before = {"role": str(invitation.role)}
    await audit.record(by, "account.withdrawn", f"account:{invitation.email}", before=before, now=now)


async def open_one(invitation_id: int, *, now: datetime) -> Invitation:
    """One of the `open_ones`. Raises NotFound."""
    found = await _open(now).get_or_none(id=invitation_id) if invitation_id < 2**63 else None
    if found is None:
        raise NotFound("there is no such invitation (any more)")
    return found


def purpose(invitation: Invitation) -> Literal["password", "invited", "first"]:
    """What somebody does who opens it."""
    if invitation.account_id is not None:
        return "password"
    return "invited" if invitation.email else "first"


async def open_ones(*, now: datetime) -> list[Invitation]:
    """Who was invited and has not come yet, the latest first."""
    return await _open(now).order_by("-id")


def _open(now: datetime) -> QuerySet[Invitation]:
    return Invitation.filter(used_at=None, expires_at__gt=now, account_id=None).exclude(email="")


async def accept(code: str, *, email: str, name: str, password: str, locale: str, site: str, now: datetime) -> Account:
    """Make the account, or give it its new password. Raises NotFound for a code that opens nothing, Invalid, Conflict.

    The code opens nothing afterwards, however many try it at once.
    """
    invitation = await find(code, now=now)
    if invitation is None:
        raise NotFound("this address opens nothing (any more)")
    address = accounts.normal(invitation.email or email)
    passwords.check(password, email=address, name=accounts.called(name), site=site)
    return await _accept(invitation, address, name, await passwords.hashed(password), locale, now)


@transactions.atomic
async def accept_as(code: str, identity: Identity, *, locale: str, now: datetime) -> Account:
    """The same for somebody who signs in with a provider and has no password.

    Raises NotFound, Conflict, and Invalid when neither the invitation nor the provider says an address.
    """
    invitation = await find(code, now=now)
    if invitation is None:
        raise NotFound("this address opens nothing (any more)")
    if not (invitation.email or identity.email):
        raise Invalid("the provider does not say an e-mail address", label="account.identity_without_email")
    address = accounts.normal(invitation.email or identity.email)
    await _use(invitation, now)
    account_id = invitation.account_id
    if account_id is None:
        name = invitation.name or clean_line(identity.name)
        account_id = (await accounts.create(address, invitation.role, name=name, locale=locale, by=address, now=now)).id
    return await identities.link(account_id, identity, by=address, now=now)


@transactions.atomic
async def _accept(
    invitation: Invitation, address: str, name: str, password_hash: str, locale: str, now: datetime
) -> Account:
    await _use(invitation, now)
    if invitation.account_id is None:
        return await accounts.create(
            address, invitation.role, name=name, password_hash=password_hash, locale=locale, by=address, now=now
        )
    await accounts.keep_password(invitation.account_id, address, password_hash, by=address, now=now)
    return await Account.get(id=invitation.account_id)


async def _use(invitation: Invitation, now: datetime) -> None:
    """Raises NotFound for all but the first."""
    if not await Invitation.filter(id=invitation.id, used_at=None).update(used_at=now):
        raise NotFound("this address opens nothing any more")


async def _made(role: Role, email: str, name: str, account_id: int | None, lasts: timedelta, now: datetime) -> str:
    code = secrets.token_urlsafe(24)
    await Invitation.create(
        code_hash=hash_of(code),
        role=role,
        email=email,
        name=name,
        account_id=account_id,
        created_at=now,
        expires_at=now + lasts,
    )
    return code

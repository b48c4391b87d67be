"""The accounts: made, changed, closed, and signed in to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from tortoise.exceptions import IntegrityError

from core import audit, transactions
from core.accounts import passwords, sessions
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.models import lookup
from core.models.accounts import Account, Role
from core.models.setup import Staff
from core.setting_problems import unknown
from core.text import NAME_LIMIT, clean_line

_MUCH = 1000
"""Longer than any address may be: what is too long is refused, and not cut until it fits."""


class Changed(Conflict):
    """Somebody else has changed the account since its form was opened. Nothing was written."""

    def __init__(self) -> None:
        super().__init__("somebody else has changed this account in the meantime", label="admin.stale")


def normal(email: str) -> str:
    """The address as it is kept: small letters, the domain as people write it. Raises Invalid."""
    try:
        checked = validate_email(clean_line(email, limit=_MUCH), check_deliverability=False)
    except EmailNotValidError as error:
        raise Invalid(f"{email!r} is no e-mail address: {error}", field="email", label="account.email_wrong") from error
    return checked.normalized.lower()


def called(name: str) -> str:
    """The name as it is kept, on one line. Raises Invalid for one that is too long: nothing of it is cut off."""
    line = clean_line(name, limit=NAME_LIMIT + 1)
    if len(line) > NAME_LIMIT:
        told = f"a name has at most {NAME_LIMIT} characters"
        raise Invalid(told, field="name", label="problem.too_long", limit=NAME_LIMIT)
    return line


def role_named(role: str) -> Role:
    """Raises Invalid, naming those that there are."""
    if role not in set(Role):
        message = f"{role}: {unknown(role, list(Role), 'role')}"
        raise Invalid(message, field="role", label="account.role_unknown", role=role)
    return Role(role)


@transactions.atomic
async def create(
    email: str, role: str, *, name: str = "", password_hash: str = "", locale: str = "", by: str, now: datetime
) -> Account:
    """Make an account. Raises Invalid, and Conflict when the address has one.

    Where the address is that of one member of staff who is no other account, it is theirs: whoever made the account, or
    holds the code for it, said so. What an identity provider calls somebody decides nothing here.
    """
    address, known = normal(email), role_named(role)
    person = await _staff_at(address)
    try:
        async with transactions.savepoint():
            account = await Account.create(
                email=address,
                name=called(name),
                role=known,
                locale=locale,
                password_hash=password_hash,
                staff_id=person.id if person else None,
                created_at=now,
            )
    except IntegrityError as error:
        raise taken(address) from error
    await audit.record(by, "account.created", f"account:{address}", after=_seen(account, person), now=now)
    return account


def taken(address: str) -> Conflict:
    return Conflict(f"{address} has an account already", field="email", label="account.email_taken")


async def with_password(email: str, password: str) -> Account | None:
    """Whose address and password these are; None when they fit nobody who may come in. Always takes as long."""
    account = await Account.get_or_none(email=clean_line(email, limit=254).lower(), active=True)
    if not await passwords.fits(password, account.password_hash if account else "") or account is None:
        return None
    if passwords.must_be_renewed(account.password_hash):
        await Account.filter(id=account.id).update(password_hash=await passwords.hashed(password))
    return account


@transactions.atomic
async def change(
    account_id: int,
    *,
    name: str | None = None,
    role: str | None = None,
    locale: str | None = None,
    active: bool | None = None,
    staff: str | None = None,
    seen: str | None = None,
    by: str,
    now: datetime,
) -> Account:
    """Change what is given. A new role or a closed account ends its sessions at once (SEC-46).

    `staff` is the key of the member of staff who that is, "" for nobody. `seen` is the `mark` of the account as whoever
    changes it saw it. Raises Invalid, NotFound, Changed when it is another by now, Conflict when that person is another
    account already, and NotAllowed for the last admin's role: somebody must be able to come in.
    """
    account = await Account.select_for_update().get_or_none(id=account_id)
    if account is None:
        raise NotFound("there is no such account")
    person = await Staff.get_or_none(id=account.staff_id) if account.staff_id else None
    before = _seen(account, person)
    if seen is not None and seen != mark(account, person):
        raise Changed
    if name is not None:
        account.name = called(name)
    if locale is not None:
        account.locale = locale
    if role is not None:
        account.role = role_named(role)
    if active is not None:
        account.active = active
    if staff is not None:
        person = await _staff_named(staff)
        account.staff_id = person.id if person else None
    old, new = audit.differing(before, _seen(account, person))
    if not new:
        return account
    await _check_allowed(before, account, person, new)
    await account.save()
    if {"role", "active"} & new.keys():
        await sessions.end_all(account.id)
    await audit.record(by, "account.changed", f"account:{account.email}", before=old, after=new, now=now)
    return account


@transactions.atomic
async def find_on_desk(account_id: int, *, by: str, now: datetime) -> None:
    """Who is nobody on the desk becomes the member of staff with that address, as in `create`, if there is one now."""
    account = await Account.select_for_update().get(id=account_id)
    person = None if account.staff_id else await _staff_at(account.email)
    if person is not None:
        await change(account_id, staff=person.key, by=by, now=now)


def mark(account: Account, person: Staff | None) -> str:
    """What another state of the account would not have. Its language is its owner's, and is changed elsewhere."""
    shown = {name: value for name, value in _seen(account, person).items() if name != "locale"}
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


async def set_password(account: Account, password: str, *, site: str = "", by: str, now: datetime) -> None:
    """A new password; all other browsers are signed out. Raises Invalid for a weak one."""
    passwords.check(password, email=account.email, name=account.name, site=site)
    await keep_password(account.id, account.email, await passwords.hashed(password), by=by, now=now)


@transactions.atomic
async def keep_password(account_id: int, email: str, password_hash: str, *, by: str, now: datetime) -> None:
    """The same for a password that was checked and hashed. Who came in by a provider does so no more: one way in."""
    await Account.filter(id=account_id).update(password_hash=password_hash, issuer=None, subject=None)
    await sessions.end_all(account_id)
    await audit.record(by, "account.password_set", f"account:{email}", now=now)


async def has_admin(*, but: int = 0) -> bool:
    """Whether an admin may come in, besides the account `but`."""
    return await Account.filter(role=Role.ADMIN, active=True).exclude(id=but).exists()


async def _keep_an_admin(without: int) -> None:
    if not await has_admin(but=without):
        raise NotAllowed("this is the last admin; make another one first", field="role", label="account.last_admin")


async def _staff_named(key: str) -> Staff | None:
    person = await lookup.by_key(Staff, key)
    if key and person is None:
        raise Invalid(f"there is no member of staff {key!r}", field="staff", label="account.staff_unknown")
    return person


async def _staff_at(address: str) -> Staff | None:
    """The one who works here with that address, and is no account yet; None also where several have it."""
    found = await Staff.filter(email__iexact=address, active=True).select_for_update().limit(2)
    if len(found) != 1 or await Account.exists(staff_id=found[0].id, active=True):
        return None
    return found[0]


async def _check_allowed(
    before: Mapping[str, object], account: Account, person: Staff | None, new: Mapping[str, object]
) -> None:
    """Raises Conflict and NotAllowed."""
    if person is not None and account.active and {"staff", "active"} & new.keys():
        await _keep_to_one_account(person, account)
    if before["role"] == Role.ADMIN and before["active"] and (account.role is not Role.ADMIN or not account.active):
        await _keep_an_admin(account.id)


async def _keep_to_one_account(person: Staff, account: Account) -> None:
    """One member of staff is at most one account that is open."""
    await Staff.select_for_update().get(id=person.id)
    other = await Account.filter(staff_id=person.id, active=True).exclude(id=account.id).first()
    if other is not None:
        name = person.name or person.key
        message = f"{name} is {other.email} already"
        raise Conflict(message, field="staff", label="account.staff_taken", name=name, email=other.email)


def _seen(account: Account, person: Staff | None = None) -> Mapping[str, object]:
    return {
        "email": account.email,
        "name": account.name,
        "role": str(account.role),
        "locale": account.locale,
        "active": account.active,
        "staff": person.key if person else "",
    }

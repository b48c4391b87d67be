"""Who may call the API: bearer tokens, shown once and kept as hashes."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from core import transactions
from core.errors import Conflict, Invalid, NotFound
from core.models.access import ApiToken
from core.setting_problems import unknown
from core.store.prepared import Prepared
from core.text import clean_line

SCOPES = {
    "events:write": "tell what happened to tickets",
    "read": "read tickets, invites, responses and deliveries",
    "admin": "everything",
}
_SHAPE = re.compile(r"aw_[A-Za-z0-9_-]{43}")
_VALID = Prepared(ApiToken, lambda hashed: ApiToken.filter(token_hash=hashed, revoked_at=None), str)
_WORTH_NOTING = timedelta(minutes=10)


@transactions.atomic
async def create(name: str, scopes: Sequence[str], *, now: datetime) -> str:
    """Make a token and return it: the only time that it can be seen (256 bits)."""
    name = clean_line(name, limit=80)
    if not name:
        raise Invalid("a token needs a name, so that you know later whose it is", field="name")
    if not scopes:
        raise Invalid(f"a token needs a scope: {', '.join(SCOPES)}", field="scope")
    for scope in scopes:
        if scope not in SCOPES:
            raise Invalid(f"{scope}: {unknown(scope, SCOPES, 'scope')}", field="scope")
    token = f"aw_{secrets.token_urlsafe(32)}"
    kept = sorted(set(scopes))
    try:
        async with transactions.savepoint():
            await ApiToken.create(name=name, token_hash=hash_of(token), scopes=kept, created_at=now)
    except IntegrityError as error:
        raise Conflict(f"there is, or was, a token named {name}; choose another name", field="name") from error
    return token


async def verify(token: str, *, now: datetime) -> ApiToken | None:
    """Whose token this is; None when it is not one of ours or was revoked.

    When it was last used is noted at most every ten minutes, so that a call costs no write.
    """
    if not _SHAPE.fullmatch(token):
        return None
    found = await _VALID.first(hash_of(token))
    if found is not None and (found.last_used_at is None or found.last_used_at < now - _WORTH_NOTING):
        seen_before = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _WORTH_NOTING)
        await ApiToken.filter(seen_before, id=found.id).update(last_used_at=now)
    return found


def allows(token: ApiToken, scope: str) -> bool:
    """Whether the token may do what `scope` stands for; "admin" may do everything."""
    return scope in token.scopes or "admin" in token.scopes


async def every() -> list[ApiToken]:
    """All tokens, the revoked ones too, in the order in which they were made."""
    return await ApiToken.all().order_by("id")


@transactions.atomic
async def revoke(name: str, *, now: datetime) -> None:
    """From now on the token opens nothing. Raises NotFound, and Conflict when it was revoked before."""
    if not await ApiToken.filter(name=name, revoked_at=None).update(revoked_at=now):
        if await ApiToken.exists(name=name):
            raise Conflict(f"{name} is revoked already", field="name")
        names = [token.name for token in await ApiToken.filter(revoked_at=None)]
        raise NotFound(f"{name}: {unknown(name, names, 'token')}", field="name")


def hash_of(token: str) -> str:
    """What is kept of a secret that somebody shows us: enough to know it again."""
    return hashlib.sha256(token.encode()).hexdigest()

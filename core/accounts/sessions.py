"""Browsers that are signed in: 256 bits each, of which only the hash is kept; eight idle hours or a day at most."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from core import audit, transactions
from core.access import hash_of
from core.models.accounts import Account, Session
from core.text import clean_line

IDLE = timedelta(hours=8)
LONGEST = timedelta(hours=24)
_WORTH_NOTING = timedelta(minutes=5)
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


@transactions.atomic
async def begin(account: Account, *, browser: str, how: str, now: datetime) -> str:
    """Sign in: what the browser is to show from now on, seen this once. A browser never keeps what it showed before."""
    token = secrets.token_urlsafe(32)
    await Session.create(
        token_hash=hash_of(token),
        account_id=account.id,
        browser=clean_line(browser, limit=200),
        created_at=now,
        seen_at=now,
    )
    await Account.filter(id=account.id).update(signed_in_at=now)
    await audit.record(account.email, "account.signed_in", f"account:{account.email}", after={"by": how}, now=now)
    return token


async def find(token: str, *, now: datetime) -> Session | None:
    """The session, with its account; None when it ended, expired, or never was."""
    if not _SHAPE.fullmatch(token):
        return None
    session = await Session.get_or_none(token_hash=hash_of(token)).select_related("account")
    if session is None or not session.account.active:
        return None
    if session.seen_at < now - IDLE or session.created_at < now - LONGEST:
        return None
    if session.seen_at < now - _WORTH_NOTING:
        await Session.filter(id=session.id).update(seen_at=now)
    return session


async def of(account_id: int, *, now: datetime) -> list[Session]:
    """The browsers in which somebody is signed in, the latest first."""
    living = Session.filter(account_id=account_id, seen_at__gte=now - IDLE, created_at__gte=now - LONGEST)
    return await living.order_by("-seen_at")


async def end(session: Session) -> None:
    """Sign this browser out."""
    await Session.filter(id=session.id).delete()


async def end_all(account_id: int, *, but: int | None = None) -> None:
    """Sign out every browser of an account, except for one."""
    await Session.filter(account_id=account_id).exclude(id=but or 0).delete()


async def forget_old(*, now: datetime) -> None:
    """Take out what has expired."""
    await Session.filter(seen_at__lt=now - IDLE).delete()
    await Session.filter(created_at__lt=now - LONGEST).delete()

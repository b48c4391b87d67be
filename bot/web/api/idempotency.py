"""`Idempotency-Key`: the same request, sent again, gets the answer that it got."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Header
from tortoise.exceptions import IntegrityError

from bot.web.api.shapes import Error
from core import errors, transactions
from core.models.access import ApiToken, IdempotentAnswer
from core.store.prepared import insert

REMEMBERED = timedelta(days=1)
_TRIES = 4
T = TypeVar("T")
Work = Callable[[], Awaitable[tuple[int, dict[str, object]]]]
Run = Callable[[Work], Awaitable[tuple[int, dict[str, object]]]]
Key = Annotated[
    str | None, Header(description="Up to 200 printable characters; the same key gets the same answer for a day.")
]
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "The body is not JSON that can be read."},
    409: {"model": Error, "description": "The same Idempotency-Key came with another body."},
    413: {"model": Error, "description": "The body has more than 64 KiB."},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose key it is, and what came with it."""

    token_id: int
    key: str
    body_hash: str


class Reused(errors.Conflict):
    """The same key came with another body."""

    code = "idempotency_key_reused"


async def answered(
    work: Work, *, token: ApiToken, key: str | None, body: bytes, now: datetime, run: Run = transactions.run
) -> tuple[int, dict[str, object]]:
    """The answer of `work`, or with a key that was used before, the one that was given then. `run` makes it one unit.

    Raises errors.Invalid for what cannot be a key, and Reused.
    """
    if key is None:
        return await first_wins(lambda: run(work))
    if not _KEY.fullmatch(key):
        raise errors.Invalid("use 1 to 200 printable ASCII characters", field="Idempotency-Key")
    return await once(Asked(token.id, key, hashlib.sha256(body).hexdigest()), work, now=now, run=run)


async def once(
    asked: Asked, work: Work, *, now: datetime, run: Run = transactions.run
) -> tuple[int, dict[str, object]]:
    """Do `work` and keep its answer, in one unit of work; a repetition gets the answer that was kept.

    Of copies that arrive together one is done; the others find its row in their way, undo what they did and read it.
    Raises Reused when the key came with another body. What `work` refuses is not kept.
    """

    async def unit() -> tuple[int, dict[str, object]]:
        kept = await _kept(asked, now)
        if kept is not None:
            return kept
        status, body = await work()
        await insert(
            IdempotentAnswer,
            token_id=asked.token_id,
            key=asked.key,
            request_hash=asked.body_hash,
            status=status,
            body=body,
            created_at=now,
        )
        return status, body

    try:
        return await first_wins(lambda: run(unit))
    except errors.Conflict:
        # What is in the way may be what a copy of this request did just now: then its answer is this one's, too.
        kept = await _kept(asked, now)
        if kept is None:
            raise
        return kept


async def first_wins(work: Callable[[], Awaitable[T]]) -> T:
    """Of copies that arrive together, one makes the rows; the others find them there when they look again."""
    for _ in range(_TRIES):
        try:
            return await work()
        except IntegrityError:
            continue
    return await work()


async def _kept(asked: Asked, now: datetime) -> tuple[int, dict[str, object]] | None:
    row = await IdempotentAnswer.get_or_none(token_id=asked.token_id, key=asked.key)
    if row is None:
        return None
    if row.created_at < now - REMEMBERED:
        await row.delete()
        return None
    if row.request_hash != asked.body_hash:
        raise Reused("this key was used for another request", field="Idempotency-Key")
    return row.status, row.body

"""What statements about figures share: a choice of slices is their one value, moments are written into them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from tortoise.router import router

from core.insight.spans import Part
from core.models.contacts import ERASED
from core.models.invites import Invite
from core.store.dialect import is_sqlite

BY_STAFF = f"v.outcome <> '{ERASED}'"
"""Of a recovery: it did not end because the contact was erased."""

ANSWERED = "state IN ('answered', 'finished')"
DELIVERED = "(delivered_at IS NOT NULL OR state IN ('delivered', 'answered', 'finished'))"
"""Of a question; a quick thumb answers before its delivery is written down."""
WAYS = {
    "scheduled": "state = 'scheduled' AND delivered_at IS NULL",
    "undeliverable": "state = 'undeliverable' AND delivered_at IS NULL",
    "cancelled": "state = 'cancelled' AND delivered_at IS NULL",
    "lapsed": "state = 'expired' AND delivered_at IS NULL",
    "answered": ANSWERED,
    "waiting": f"state IN ('scheduled', 'delivered') AND {DELIVERED}",
    "expired": "state = 'expired' AND delivered_at IS NOT NULL",
    "withdrawn": "state IN ('cancelled', 'undeliverable') AND delivered_at IS NOT NULL",
}
"""Each question has gone exactly one of these; on the first four it was not delivered."""
PARTIAL = "state = 'answered'"
"""Of those that were answered."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


async def rows(statement: str, slices: Collection[int] | None = None) -> Sequence[Mapping[str, Any]]:
    """What it answers, with the choice as its value if there is one."""
    client: Any = router.db_for_read(Invite) or Invite._meta.db
    _, found = await client.execute_query(statement, [] if slices is None else [_choice(slices)])
    return cast(Sequence[Mapping[str, Any]], found)


def moment(at: datetime) -> str:
    text = f"'{at.astimezone(UTC).isoformat(' ')}'"
    return text if is_sqlite() else f"TIMESTAMPTZ {text}"


def within(column: str, part: Part) -> str:
    return f"{column} >= {moment(part.since)} AND {column} < {moment(part.until)}"


def chosen(column: str) -> str:
    """Whether a slice was chosen; never looked up in the index of slices, for the one by time has all that is counted.

    SQLite looks at one byte for each row: to find a number in a list takes three times as long.
    """
    return f"substr(?1, {column} + 1, 1) = X'01'" if is_sqlite() else f"+{column} = ANY($1::bigint[])"


def by_time(column: str) -> str:
    """The column where the newest rows are wanted: SQLite reads them in their order, not all that are alike."""
    return f"+{column}" if is_sqlite() else column


def scored(column: str, dimension: str, score: int | None) -> str:
    """Whether an answer whose scores stand in `column` scores the dimension: so, or at all.

    Few scores are ever given together: SQLite reads what is in each of them once, and not in each answer.
    """
    if not is_sqlite():
        value = f"{column} ->> {quoted(dimension)}"
        return f"({value}) = '{int(score)}'" if score is not None else f"({value}) IS NOT NULL"
    is_meant = f"= {int(score)}" if score is not None else "IS NOT NULL"
    return f"""{column} IN (
        WITH RECURSIVE given(scores) AS (
            SELECT MIN(judged) FROM responses UNION ALL
            SELECT (SELECT MIN(n.judged) FROM responses n WHERE n.judged > given.scores) FROM given
            WHERE given.scores IS NOT NULL
        ) SELECT scores FROM given WHERE json_extract(scores, '$.' || {quoted(dimension)}) {is_meant})"""


def quoted(code: str) -> str:
    """A code as a statement says it. Raises ValueError for anything else: no statement holds what somebody typed."""
    if not _CODE.fullmatch(code):
        raise ValueError("this is no code")
    return f"'{code}'"


def _choice(slices: Collection[int]) -> bytes | list[int]:
    """The value of `chosen`: on SQLite a byte for each number from 0 on, which is 1 for those that are chosen."""
    if not is_sqlite():
        return sorted(slices)
    every = bytearray(max(slices, default=0) + 1)
    for one in slices:
        every[one] = 1
    return bytes(every)

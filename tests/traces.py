"""Everything that a store holds, column by column, to look for what leads from one row to another (SEC-26)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.connection import get_connection

from core import transactions
from core.models.contacts import Address, Contact
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.invites import Invite, Slice
from core.models.responses import Response

TELLS_STAFF = "alert_unnamed"


@dataclass(frozen=True, slots=True)
class Cell:
    table: str
    column: str
    row: Any
    value: str


async def every_cell() -> list[Cell]:
    """Of every table that there is, also those of the jobs."""
    connection = get_connection(transactions.WRITER)
    if connection.capabilities.dialect == "sqlite":
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        names = "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()"
    cells: list[Cell] = []
    for table in [row["name"] for row in (await connection.execute_query(names))[1]]:
        for row in (await connection.execute_query(f'SELECT * FROM "{table}"'))[1]:  # noqa: S608
            values = dict(row)
            cells += [Cell(table, column, values.get("id"), _text(value)) for column, value in values.items()]
    return cells


async def nothing_leads_back(*words: str, log: str = "") -> Response:
    """The one anonymous answer that there is; it and what staff read of it share nothing with anybody's rows.

    `words` are what the contact said and nobody else ever does.
    """
    answer = await Response.get(invite_id=None)
    cells = await every_cell()
    ours, theirs = [], []
    for cell in cells:
        (ours if _is_the_answers(cell, answer) else theirs).append(cell)
    for word in words:
        assert any(word in cell.value for cell in ours), f"{word!r} is lost"
        found = [cell for cell in theirs if word in cell.value]
        assert not found, f"{word!r} also stands in {found}"
        assert word not in log
    own = {str(answer.id), _text(answer.judged), *(_text(one) for one in (answer.slice_id and answer.judged,))}
    for cell in theirs:
        assert cell.value not in own - {"", "None"} or cell.table == "sqlite_sequence", cell
    names = [name async for name in _names()]
    for cell in ours:
        assert not [name for name in names if name in cell.value], cell
    days = {answer.created_at, answer.changed_at}
    assert all((day.minute, day.second, day.microsecond) == (0, 0, 0) for day in days)
    assert not [cell for cell in theirs if cell.value in {_text(day) for day in days}], "not even a moment is shared"
    return answer


def _is_the_answers(cell: Cell, answer: Response) -> bool:
    if cell.table == "responses":
        return bool(cell.row == answer.id)
    return (cell.table, cell.row) in _told


_told: set[tuple[str, Any]] = set()


async def staff_messages() -> list[Delivery]:
    """What staff were told of anonymous answers; from now on these rows are the answer's, and not somebody's."""
    rows = await Delivery.filter(kind=TELLS_STAFF)
    _told.clear()
    _told.update(("deliveries", row.id) for row in rows)
    return rows


async def _names() -> Any:
    """What is only one contact's."""
    for contact in await Contact.all():
        yield contact.name
        if contact.ref:
            yield contact.ref
    for address in await Address.all():
        yield address.address
    for ticket in await Ticket.all():
        yield ticket.number
        yield ticket.subject
        if ticket.ref:
            yield ticket.ref
    for invite in await Invite.all():
        yield invite.key
        yield invite.token_hash
        for moment in (invite.created_at, invite.delivered_at):
            if moment is not None:
                yield _text(moment)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode(errors="replace")
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list)) else str(value)


def slices_of(rows: list[Slice]) -> Iterator[tuple[int, str, str]]:
    for row in rows:
        yield row.agent_id, row.channel, row.locale

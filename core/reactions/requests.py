"""What staff do under the card of a request. While they are alerted about it, or a recovery is open, that is one thing
with it: who has one has both, and what ends one ends both.
"""

from __future__ import annotations

from datetime import datetime

from core import errors, transactions
from core.desk import conversations, tickets
from core.models.desk import Ticket
from core.models.setup import Staff
from core.reactions import recoveries

_ENDS = {
    "compensated": "solved",
    "explained": "solved",
    "not_reachable": "no_answer",
    "no_answer": "not_reachable",
    "cannot_solve": "other",
    "duplicate": "other",
}
"""What an end is called where the other list is wanted: somebody was alerted, or no more, while a form was open."""


@transactions.atomic
async def take(ticket: Ticket, staff: Staff, *, now: datetime) -> None:
    """It is mine. Raises errors.Conflict when somebody else has it, or when it is over."""
    about = await recoveries.under_way(ticket)
    if about is None:
        await tickets.take(ticket, staff, now=now)
    else:
        await recoveries.take(about, staff, now=now)


@transactions.atomic
async def assign(ticket: Ticket, to: Staff, *, by: Staff, now: datetime) -> None:
    """Give it to somebody, whoever had it before. Raises errors.Conflict when it is over."""
    about = await recoveries.under_way(ticket)
    if about is not None:
        await recoveries.assign(about, to, by=by, now=now)
        return
    if not await tickets.is_open(ticket):
        raise errors.Conflict("this is finished already", label="note.already_finished")
    await tickets.assign(ticket, to, by=by.name, now=now)


@transactions.atomic
async def reply(ticket: Ticket, text: str, *, by: Staff, told: bool = False, now: datetime) -> None:
    """Words for the contact, where they asked. Raises as `conversations.reply` does."""
    about = await recoveries.under_way(ticket)
    if about is not None:
        await recoveries.answers(about, by, now=now)
    await conversations.reply(ticket, text, by=by, told=told, now=now)


@transactions.atomic
async def resolve(ticket: Ticket, end: str, result: str, *, by: Staff, now: datetime) -> None:
    """`end` is the outcome of a recovery, or the reason to close a request. The contact is asked about it.

    Raises errors.Invalid for any other end, and errors.Conflict when it is over.
    """
    if end not in recoveries.OUTCOMES and end not in tickets.CLOSE_REASONS:
        raise errors.Invalid(f"a reason is one of {', '.join(tickets.CLOSE_REASONS)}", field="reason")
    about = await recoveries.under_way(ticket)
    if about is not None:
        outcome = end if end in recoveries.OUTCOMES else _ENDS[end]
        await recoveries.resolve(about, outcome, result, by=by, now=now)
        return
    reason = end if end in tickets.CLOSE_REASONS else _ENDS[end]
    walk = await tickets.resolve(ticket, reason=reason, result=result, by=by.name, now=now)
    if walk.repeated:
        raise errors.Conflict("this is finished already", label="note.already_finished")

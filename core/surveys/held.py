"""Answers that may be a robot's: a person looks at the evidence, and lets them count or throws them away."""

from __future__ import annotations

from datetime import datetime

from core import audit, errors, history, transactions
from core.models.desk import EntryKind
from core.models.invites import Invite
from core.models.responses import HeldAnswer
from core.surveys import invites, visits


async def latest(most: int, *, before: int | None = None) -> list[HeldAnswer]:
    """Those that nobody has decided about, the newest first, with ticket and contact.

    Of anonymous questions none: only the contact's own tap confirms what was held there.
    """
    rows = HeldAnswer.filter(confirmed_at__isnull=True, invite__anonymous=False)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return await rows.order_by("-id").limit(most).select_related("invite__ticket", "invite__contact", "invite__survey")


@transactions.atomic
async def count(held_id: int, *, by: str, name: str = "", now: datetime) -> None:
    """It was a person: from now on it is their answer. `by` is for the audit, `name` for the ticket's history.

    Raises errors.NotFound when nothing is held (any more), errors.Conflict when the question is closed, or when
    somebody has answered it otherwise since.
    """
    row, invite = await find(held_id)
    if not await HeldAnswer.filter(id=row.id, confirmed_at__isnull=True).update(confirmed_at=now):
        raise _gone()
    is_change = bool(row.evidence.get("change"))
    await visits.count(invite, visits.answer_of(row), nonce="", changes=is_change, now=now)
    await history.write(invite.ticket, EntryKind.RATED, actor=name, label="history.held_counted", now=now)
    await _recorded(row, invite, "held.counted", by=by, now=now)


@transactions.atomic
async def discard(held_id: int, *, by: str, name: str = "", now: datetime) -> None:
    """It was a robot: it is deleted, and nothing follows from it. Raises errors.NotFound as `count` does."""
    row, invite = await find(held_id)
    if not await HeldAnswer.filter(id=row.id, confirmed_at__isnull=True).delete():
        raise _gone()
    await history.write(invite.ticket, EntryKind.RATED, actor=name, label="history.held_discarded", now=now)
    await _recorded(row, invite, "held.discarded", by=by, now=now)


async def find(held_id: int) -> tuple[HeldAnswer, Invite]:
    """One that nobody has decided about, and its question. Raises errors.NotFound."""
    row = await HeldAnswer.get_or_none(id=held_id, confirmed_at__isnull=True) if held_id < 2**63 else None
    invite = await invites.by_id(row.invite_id) if row else None
    if row is None or invite is None or invite.anonymous:
        raise _gone()
    return row, invite


def _gone() -> errors.NotFound:
    return errors.NotFound("nothing is held under this number", field="held", label="admin.held.gone")


async def _recorded(row: HeldAnswer, invite: Invite, action: str, *, by: str, now: datetime) -> None:
    """With the scores, which are nobody's secret; the words stay with the answer."""
    seen = {"ticket": invite.ticket.number, "scores": row.answer.get("scores"), "doubts": row.evidence.get("doubts")}
    await audit.record(by, action, f"held:hld_{row.id}", before=seen, now=now)

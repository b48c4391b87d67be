"""Survey pages: who opened one, what speaks for a person or a robot, and the answers that wait for one more tap."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.connection import get_connection

from core import errors, history, transactions
from core.models.desk import EntryKind
from core.models.invites import Invite
from core.models.responses import HeldAnswer, PageVisit, Response
from core.surveys import responses
from core.text import COMMENT_LIMIT, clean, shorten

SWEEP = timedelta(seconds=10)
VISITS_KEPT = 40  # of one invite; the used ones are never dropped
HELD_KEPT = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a form holds. A dimension that was left open is not in `scores`."""

    scores: Mapping[str, int]
    reasons: tuple[str, ...] = ()
    comment: str = ""
    may_contact: bool = False  # asked anonymously, they want to be known all the same


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the page that an answer came from."""

    same_session: bool  # the cookie that came back is the one that this page was opened with
    open_for: timedelta | None  # None: no such page was opened
    shown: bool  # its style sheet was fetched by the same session
    used: bool  # it has been sent before
    links_at_once: int  # how many different scores of this invite were opened around the same moment
    since_delivery: timedelta | None


@transactions.atomic
async def opened(
    invite: Invite, *, nonce: str, session: str, overall: int | None = None, agent: str = "", now: datetime
) -> None:
    """A page was shown. No rating follows from it, however often it happens."""
    await PageVisit.create(
        invite_id=invite.id,
        nonce_hash=_hash(nonce),
        session_hash=_hash(session),
        overall=overall,
        agent=clean(agent, limit=300),
        opened_at=now,
    )
    unused = PageVisit.filter(invite_id=invite.id, used_at__isnull=True)
    too_many = await unused.order_by("-id").offset(VISITS_KEPT).values_list("id", flat=True)
    if too_many:
        await PageVisit.filter(id__in=too_many).delete()


async def shown(invite: Invite, *, nonce: str, session: str, now: datetime) -> None:
    """The page's own style sheet was fetched: a browser draws it."""
    mine = PageVisit.filter(invite_id=invite.id, nonce_hash=_hash(nonce), session_hash=_hash(session), style_at=None)
    await mine.update(style_at=now)


async def evidence(invite: Invite, *, nonce: str, session: str, now: datetime) -> Evidence:
    since_delivery = now - invite.delivered_at if invite.delivered_at else None
    visit = await PageVisit.get_or_none(invite_id=invite.id, nonce_hash=_hash(nonce))
    if visit is None:
        return Evidence(False, None, shown=False, used=False, links_at_once=0, since_delivery=since_delivery)
    around = PageVisit.filter(
        invite_id=invite.id, opened_at__gte=visit.opened_at - SWEEP, opened_at__lte=visit.opened_at + SWEEP
    )
    scores = {one for one in await around.values_list("overall", flat=True) if one is not None}
    return Evidence(
        same_session=visit.session_hash == _hash(session),
        open_for=now - visit.opened_at,
        shown=visit.style_at is not None,
        used=visit.used_at is not None,
        links_at_once=len(scores),
        since_delivery=since_delivery,
    )


async def answered_by(invite: Invite, session: str) -> bool:
    """Whether a counted answer of this invite came from this browser."""
    used = PageVisit.filter(invite_id=invite.id, session_hash=_hash(session), used_at__isnull=False)
    return bool(session) and await used.exists()


async def overwrites(invite: Invite, answer: Answer) -> bool:
    """Whether counting it would change something that has been answered; adding what was left open does not."""
    known = await Response.get_or_none(invite_id=invite.id)
    if known is None:
        return False
    scores = await responses.scores_of(known)
    other_score = any(scores.get(dimension, value) != value for dimension, value in answer.scores.items())
    other_comment = bool(known.comment and answer.comment) and known.comment != clean(
        answer.comment, limit=COMMENT_LIMIT
    )
    return other_score or other_comment or bool(set(known.reasons) - set(answer.reasons) and answer.reasons)


@transactions.atomic
async def count(invite: Invite, answer: Answer, *, nonce: str, changes: bool, now: datetime) -> Response:
    """A person sent it: store it. `changes` replaces what was answered before, emptied reasons and comment included.

    Without `changes` it may only add: raises errors.Conflict when somebody else has answered in the meantime. Raises
    errors.Invalid naming the field; then nothing is stored.
    """
    await _lock(invite)
    if not changes and await overwrites(invite, answer):
        raise errors.Conflict("this question has been answered already", label="note.already_finished")
    await PageVisit.filter(invite_id=invite.id, nonce_hash=_hash(nonce), used_at=None).update(used_at=now)
    reasons = answer.reasons if changes or answer.reasons else None
    comment = answer.comment if changes or answer.comment else None
    may_contact = answer.may_contact if changes or answer.may_contact else None
    return await responses.answer(
        invite, answer.scores, reasons, comment, may_contact=may_contact, finished=True, now=now
    )


async def _lock(invite: Invite) -> None:
    """Until the unit of work ends, another browser's answer waits; SQLite's one writer sees to it anyway."""
    if get_connection(transactions.WRITER).capabilities.support_for_update:
        await Invite.filter(id=invite.id).select_for_update().first()


@transactions.atomic
async def hold(invite: Invite, answer: Answer, evidence: Mapping[str, object], *, confirm: str, now: datetime) -> None:
    """Keep an answer that may be a robot's, uncounted, with its evidence; `confirm` is the nonce that confirms it."""
    values: dict[str, object] = {
        "scores": dict(answer.scores),
        "reasons": list(answer.reasons),
        "comment": answer.comment,
        "may_contact": answer.may_contact,
    }
    kept = {**evidence, "confirm": _hash(confirm) if confirm else ""}
    await HeldAnswer.create(invite_id=invite.id, answer=values, evidence=kept, at=now)
    too_many = await HeldAnswer.filter(invite_id=invite.id, confirmed_at__isnull=True).order_by("-id").offset(HELD_KEPT)
    if too_many:
        await HeldAnswer.filter(id__in=[one.id for one in too_many]).delete()


@transactions.atomic
async def hold_change(invite: Invite, answer: Answer, evidence: Mapping[str, object], *, now: datetime) -> None:
    """Somebody else's browser wants to change what a person answered: kept aside, told once on the ticket.

    Of an anonymous answer nothing is kept aside: whoever decided about it would learn who said what.
    """
    if invite.anonymous:
        return
    earlier = await HeldAnswer.filter(invite_id=invite.id, confirmed_at__isnull=True)
    await hold(invite, answer, {**evidence, "change": True}, confirm="", now=now)
    if not any(one.evidence.get("change") for one in earlier):
        said: dict[str, object] = {"value": answer.scores.get("overall", 0), "text": shorten(answer.comment, 200)}
        await history.write(invite.ticket, EntryKind.RATED, label="history.change_held", values=said, now=now)


async def held(invite: Invite, *, confirm: str) -> Answer | None:
    """The answer that waits for this nonce."""
    row = await _waiting(invite, confirm)
    return answer_of(row) if row else None


@transactions.atomic
async def confirm(invite: Invite, *, nonce: str, changes: bool, now: datetime) -> Response:
    """The one more tap: what was held under this nonce counts now, `changes` as for `count`.

    Raises errors.NotFound when nothing waits for it, errors.Conflict when another answer was confirmed in between.
    """
    row = await _waiting(invite, nonce)
    if row is None or not await HeldAnswer.filter(id=row.id, confirmed_at__isnull=True).update(confirmed_at=now):
        raise errors.NotFound("nothing waits to be confirmed")
    return await count(invite, answer_of(row), nonce=nonce, changes=changes, now=now)


async def _waiting(invite: Invite, nonce: str) -> HeldAnswer | None:
    rows = await HeldAnswer.filter(invite_id=invite.id, confirmed_at__isnull=True).order_by("-id")
    return next((row for row in rows if row.evidence.get("confirm") == _hash(nonce)), None)


def answer_of(row: HeldAnswer) -> Answer:
    """What it would say if it counted."""
    kept: dict[str, Any] = row.answer
    may_contact = bool(kept.get("may_contact"))
    return Answer(dict(kept["scores"]), tuple(kept["reasons"]), str(kept["comment"]), may_contact)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

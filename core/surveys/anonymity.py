"""Anonymous answers: what is kept of them when they have settled, and that nothing ties it to anybody (SEC-26).

While it is open, the answer to an anonymous question is an ordinary one, for it must be correctable; but nobody of the
staff is shown it. When it settles it is *cut*, in one unit of work: a row of its own is written, without an invite, and
everything that shows the answer beside the contact is deleted. Who wants to be contacted is not cut.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import Q

from core import contacts, errors, history, transactions
from core.failpoints import fp
from core.models.deliveries import Delivery
from core.models.desk import EntryKind
from core.models.invites import UNCOUNTED, Invite, InviteState, Slice
from core.models.responses import Band, HeldAnswer, PageVisit, Response
from core.plumbing import deliveries
from core.surveys import catalogue, scoring, slices
from core.surveys.settings import SurveySettings

KEPT = "kept"
"""The kind of the last redrawing of the question: it was answered, and nobody knows how."""
FEWEST = 5
"""So many answers alike are counted together, or none of them."""
OPEN_FOR = timedelta(minutes=10)
"""At least so long after the last tap an answer can be changed, and the contact can say that they want to be known."""
SHOWN = Q(invite__anonymous=False) | Q(invite__anonymous=True, revision__gt=0)
"""Of responses: those that may be shown beside their ticket and contact."""
_SCREENS = ("question", KEPT)
_HOUR = timedelta(hours=1)


def is_open(invite: Invite, response: Response | None) -> bool:
    """Whether it was asked anonymously, and it is not settled yet whether the answer stays so."""
    return invite.anonymous and response is not None and response.revision == 0


def is_unnamed(invite: Invite, response: Response | None) -> bool:
    """Whether it will be kept without a name, as things stand."""
    return is_open(invite, response) and response is not None and not response.may_contact


def is_cut(invite: Invite, response: Response | None) -> bool:
    """Whether it was answered anonymously, and nothing is known of the answer any more."""
    return invite.anonymous and response is None and invite.state == InviteState.FINISHED


async def was_cut_just_now(invite: Invite, *, now: datetime) -> bool:
    """Whether they may not have seen yet that the answer is closed: what they write next is nothing with their name."""
    told = await Delivery.filter(key=f"{KEPT}:{invite.id}").first()
    return told is not None and now < told.created_at + OPEN_FOR


async def refuse_when_cut(invite: Invite) -> None:
    """For who finds no response: it may have been cut since the invite was read. Raises errors.Conflict."""
    if invite.anonymous and is_cut(await Invite.get(id=invite.id), None):
        raise errors.Conflict("this answer has no name any more", label="note.anonymous_cut")


def settles_after(invite: Invite, settings: SurveySettings, *, may_contact: bool, finished: bool) -> timedelta:
    """How long after a tap an answer is judged. One that will be cut waits longer: there is no way back."""
    if not invite.anonymous or may_contact:
        return timedelta(0) if finished and not invite.anonymous else settings.settle_after
    return max(settings.settle_after, OPEN_FOR)


@transactions.atomic
async def cut(invite: Invite, response: Response, scores: Mapping[str, int], *, now: datetime) -> None:
    """Keep scores, band, comment, team, type, survey and day; let go of the tie, and of all that shows the answer."""
    await _keep(invite, response, scores, now=now)
    fp("answer.kept")
    await Response.filter(id=response.id).delete()  # and its scores
    await HeldAnswer.filter(invite_id=invite.id).delete()
    await PageVisit.filter(invite_id=invite.id).delete()
    await Invite.filter(id=invite.id).update(state=InviteState.FINISHED, remind_at=None)
    await _empty_screen(invite, now=now)
    # In the hour, not the minute: what staff hear of it comes in the next one.
    at = max(_hour(now), invite.delivered_at or _hour(now))
    await history.write(invite.ticket, EntryKind.RATED, label="history.answered_anonymously", now=at)


async def _keep(invite: Invite, response: Response, scores: Mapping[str, int], *, now: datetime) -> None:
    band: Band | None = scoring.band_of(scores, catalogue.settings_for(invite)) if scores else None
    day = _day(response.created_at)
    await Response.create(
        id=-1 - secrets.randbelow(2**62),  # in no order; the keys that the store gives are all above zero
        invite_id=None,
        slice_id=await slices.unnamed(invite),
        comment=response.comment,
        commented=bool(response.comment),
        partial=False,
        band=band,
        overall=scores.get("overall"),
        judged=dict(sorted(scores.items())) or None,
        settle_at=_hour(now) + _HOUR if scores else None,
        created_at=day,
        changed_at=day,
    )


async def _empty_screen(invite: Invite, *, now: datetime) -> None:
    """What was drawn of the answer goes, and how often it was; then the message shows that it was answered."""
    screen = f"invite:{invite.id}"
    shown = await deliveries.shown(screen)
    drawn = Delivery.filter(screen=screen, kind__in=_SCREENS)
    await drawn.exclude(id=shown.id if shown is not None else 0).delete()
    if shown is None:
        return
    if shown.kind in _SCREENS:
        await Delivery.filter(id=shown.id).update(drawn=None, payload={}, problem="")
    if invite.contact.erased_at is not None:
        return
    draft = deliveries.Draft(
        key=f"{KEPT}:{invite.id}",
        kind=KEPT,
        channel=shown.channel,
        target=shown.target,
        priority=deliveries.ANSWER,
        contact_id=invite.contact_id,
        ticket_id=invite.ticket_id,
        subject_id=invite.id,
        screen=screen,
    )
    await deliveries.schedule(draft, due=now, now=now)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The kinds of answers that do not count yet about which there is something to do, by their numbers."""

    told: Mapping[int, Slice]
    """Staff are to hear of some of these now."""
    enough: Mapping[int, Slice]
    """Of these there are enough alike, when staff have heard of them."""


async def waiting(*, now: datetime) -> Waiting:
    """Writes nothing, and takes no part in any unit of work: a sweep that finds nothing keeps nobody from writing."""
    due = Q(settle_at__isnull=True) | Q(settle_at__lte=now)
    rows = await Response.filter(due, slice__purpose=UNCOUNTED).order_by("slice_id").select_related("slice")
    kinds = {one.slice.id: one.slice for one in rows if one.slice is not None}
    told = {row.slice_id for row in rows if row.settle_at is not None}
    rated = Counter(row.slice_id for row in rows if row.overall is not None)
    return Waiting(
        {key: kind for key, kind in kinds.items() if key in told},
        {key: kind for key, kind in kinds.items() if rated[key] >= FEWEST},
    )


@transactions.atomic
async def count_enough(kinds: Iterable[Slice], *, now: datetime) -> None:
    """Answers of these kinds of which there are enough alike count from now on, all of them as of today.

    They come and go together: whatever figures are cut by, they hold all of these answers or none, and no difference
    of two figures is fewer than `FEWEST` of them. Scores of a dimension that fewer have given are let go.
    """
    for alike in kinds:
        rows = await Response.filter(slice_id=alike.id, settle_at__isnull=True).order_by("id").select_for_update()
        if sum(row.overall is not None for row in rows) >= FEWEST:
            await _count(rows, await slices.counted(alike), day=_day(now))


async def _count(rows: Sequence[Response], slice_id: int, *, day: datetime) -> None:
    given = [dimension for row in rows for dimension in row.judged or {}]
    enough = {one for one in given if given.count(one) >= FEWEST}
    for row in rows:
        judged = {key: value for key, value in (row.judged or {}).items() if key in enough} or None
        await Response.filter(id=row.id).update(slice_id=slice_id, judged=judged, created_at=day, changed_at=day)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> datetime:
    """When the day began in the site's time zone: all that is kept of the time."""
    here = moment.astimezone(contacts.usual_zone())
    return here.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(moment.tzinfo)

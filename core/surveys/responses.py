"""What came back: stored tap by tap, changeable for a while, judged once it has settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from core import errors, history, transactions
from core.models.desk import EntryKind
from core.models.invites import ANSWERABLE, UNANSWERED, Invite, InvitePurpose, InviteState
from core.models.responses import Response, ResponseRevision, Score
from core.plumbing import jobs
from core.reactions import rules
from core.store.prepared import Prepared, insert, update
from core.surveys import anonymity, catalogue, invites, scoring
from core.surveys.settings import SCORES, SurveySettings
from core.text import COMMENT_LIMIT, clean, shorten

JOB = "response"
COMMENT_WAITS = timedelta(hours=24)
_SCORES = Prepared(Score, lambda response_id: Score.filter(response_id=response_id).order_by("id"), int)
_OF = Prepared(Response, lambda invite_id: Response.filter(invite_id=invite_id), int)
_SETTLING = Prepared(Response, lambda id_: Response.filter(id=id_).select_for_update(), int)
_JUDGED = Prepared(
    ResponseRevision,
    lambda response_id: ResponseRevision.filter(response_id=response_id).order_by("-revision").limit(1),
    int,
)
_LOCKED = Prepared(Response, lambda invite_id: Response.filter(invite_id=invite_id).select_for_update(), int)


@transactions.atomic
async def give_score(
    invite: Invite, dimension: str, value: int, *, given_at: datetime | None = None, now: datetime
) -> Response:
    """Store one tap. A second one corrects the first; one that is handled late does not overwrite a newer one.

    `given_at` is when it came in, if that was not now. Raises errors.Conflict when it was too late, errors.Invalid for
    a dimension or a score that the survey has not.
    """
    settings = catalogue.settings_for(invite)
    _check_score(settings, dimension, value)
    response, was = await _begin(invite, settings, now=given_at or now)
    await _set_scores(response, was, {dimension: value}, at=given_at or now)
    skipped = [one for one in response.skipped if one != dimension]
    return await _changed(invite, response, settings, {"skipped": skipped}, now=now)


@transactions.atomic
async def skip(invite: Invite, what: str, *, now: datetime) -> Response:
    """Pass over a question: a dimension, "reasons" or "comment"; "scores": all dimensions that are not rated yet."""
    settings = catalogue.settings_for(invite)
    response, scores = await _begin(invite, settings, now=now)
    if what == "comment" and scoring.needs_comment(scores, settings) and not response.comment:
        raise errors.Invalid("a comment is needed under such a score", label="note.comment_required")
    over = [one for one in settings.dimension_keys if one not in scores] if what == "scores" else [what]
    skipped = [*response.skipped, *(one for one in over if one not in response.skipped)]
    return await _changed(invite, response, settings, {"skipped": skipped, "comment_until": None}, now=now)


@transactions.atomic
async def toggle_reason(invite: Invite, reason: str, *, now: datetime) -> Response:
    """Add a reason, or take it back; one that the survey does not offer raises errors.Invalid."""
    settings = catalogue.settings_for(invite)
    response, _ = await _begin(invite, settings, now=now)
    reasons = _reasons(settings, set(response.reasons) ^ {reason})
    return await _changed(invite, response, settings, {"reasons": reasons}, now=now)


@transactions.atomic
async def give_comment(invite: Invite, text: str, *, now: datetime) -> Response:
    """Keep the contact's words, up to the limit (`overflows`). More words are added to those that are there already;
    who says it all once more, and more of it, replaces them.
    """
    settings = catalogue.settings_for(invite)
    response, _ = await _begin(invite, settings, now=now)
    comment = clean(_with_what_was_said(response, text), limit=COMMENT_LIMIT)
    skipped = [one for one in response.skipped if one != "comment"]
    changes = {"comment": comment, "commented": bool(comment), "comment_until": None, "skipped": skipped}
    return await _changed(invite, response, settings, changes, now=now)


def overflows(text: str, response: Response | None = None) -> bool:
    """Whether not all of these words is kept, after those that are there: then whoever wrote them must be told."""
    words = _with_what_was_said(response, text) if response is not None else text
    return len(clean(words, limit=4 * (len(words) + 1))) > COMMENT_LIMIT


def _with_what_was_said(response: Response, text: str) -> str:
    is_all_of_it = not response.comment or text.strip().startswith(response.comment)
    return text if is_all_of_it else f"{response.comment}\n{text}"


@transactions.atomic
async def await_comment(invite: Invite, *, now: datetime) -> Response:
    """The next thing that the contact types, for a day, is the comment."""
    settings = catalogue.settings_for(invite)
    response, _ = await _begin(invite, settings, now=now)
    await update(Response, {"id": response.id}, comment_until=now + COMMENT_WAITS)
    return response


@transactions.atomic
async def change(invite: Invite, *, now: datetime) -> Response:
    """Go through the answer once more: it is unfinished again, and nothing is passed over any more."""
    settings = catalogue.settings_for(invite)
    response, _ = await _begin(invite, settings, now=now)
    await Response.filter(id=response.id).update(finished_at=None, skipped=["comment"] if response.comment else [])
    return response


@transactions.atomic
async def let_contact(invite: Invite, wanted: bool, *, now: datetime) -> Response:
    """Asked anonymously, the contact wants to be known all the same, or no more. Raises errors.Conflict when it is too
    late to take it back: the staff have been told.
    """
    settings = catalogue.settings_for(invite)
    response, _ = await _begin(invite, settings, now=now)
    changes = _named(invite, response, wanted)
    return await _changed(invite, response, settings, changes, now=now) if changes else response


def _named(invite: Invite, response: Response, wanted: bool | None) -> dict[str, object]:
    if wanted is None or not invite.anonymous or wanted == response.may_contact:
        return {}
    if response.revision:
        raise errors.Conflict("the staff know already whose answer it is", label="note.named_already")
    return {"may_contact": wanted}


@transactions.atomic
async def finish(invite: Invite, *, now: datetime) -> Response:
    """The contact is done: what was given counts now. Raises errors.Invalid where a comment is required."""
    settings = catalogue.settings_for(invite)
    response, scores = await _begin(invite, settings, now=now)
    if scoring.needs_comment(scores, settings) and not response.comment:
        raise errors.Invalid("a comment is needed under such a score", label="note.comment_required")
    return await _finish(invite, response, now=now)


@transactions.atomic
async def answer(
    invite: Invite,
    scores: Mapping[str, int],
    reasons: Iterable[str] | None = None,
    comment: str | None = None,
    *,
    may_contact: bool | None = None,
    finished: bool,
    now: datetime,
) -> Response:
    """Store a whole answer at once, from a page or a form. What is left out (None, a missing dimension) stays as it is.

    Raises errors.Invalid naming the field, errors.Conflict when it is too late; then nothing is stored.
    """
    settings = catalogue.settings_for(invite)
    for dimension, value in scores.items():
        _check_score(settings, dimension, value)
    response, was = await _begin(invite, settings, now=now)
    changes: dict[str, object] = _named(invite, response, may_contact)
    if reasons is not None:
        changes["reasons"] = _reasons(settings, reasons)
    if comment is not None:
        changes["comment"] = clean(comment, limit=COMMENT_LIMIT)
        changes["commented"] = bool(changes["comment"])
    if scoring.needs_comment({**was, **scores}, settings) and not changes.get("comment", response.comment):
        raise errors.Invalid(
            "please say in a few words what went wrong", field="comment", label="note.comment_required"
        )
    await _set_scores(response, was, scores, at=now)
    response = await _changed(invite, response, settings, changes, now=now)
    return await _finish(invite, response, now=now) if finished else response


@transactions.atomic
async def settle(response_id: int, *, now: datetime) -> Response | None:
    """The job's "look at response 9": judge it when it is quiet, once per change, and let the rules look at it.

    An anonymous one is cut instead, and is no more.
    """
    response = await _SETTLING.first(response_id)
    if response is None or response.settle_at is None:
        return None
    if response.settle_at > now:
        await jobs.enqueue(JOB, response.id, due=response.settle_at, now=now)
        return None
    await update(Response, {"id": response.id}, settle_at=None, settled_version=response.version)
    scores = await scores_of(response)
    invite = await invites.by_id(response.invite_id) if response.invite_id is not None else None
    if invite is not None and anonymity.is_unnamed(invite, response) and (scores or response.comment):
        await anonymity.cut(invite, response, scores, now=now)
        return None
    if response.version == response.settled_version:
        return response
    if invite is None:
        return response
    if not scores:
        await _keep_comment(invite, response, now=now)
        return response
    settings = catalogue.settings_for(invite)
    if response.partial and scoring.says_all(
        settings, scores=scores, comment=response.comment, skipped=response.skipped
    ):
        await _is_whole(invite, response)
    return await _judge(invite, response, scores, now=now)


async def _is_whole(invite: Invite, response: Response) -> None:
    """Who has said all counts as that, whether they pressed *Done* or not; they may still go on."""
    response.partial = False
    await update(Response, {"id": response.id}, partial=False)
    await update(Invite, {"id": invite.id, "state": InviteState.ANSWERED}, state=InviteState.FINISHED)


async def _keep_comment(invite: Invite, response: Response, *, now: datetime) -> None:
    """Words without a score are judged by no rule, but whoever works on the ticket must see them."""
    if response.comment:
        words: dict[str, object] = {"text": shorten(response.comment, 500)}
        who = invite.contact.name
        await history.write(invite.ticket, EntryKind.RATED, actor=who, label="history.commented", values=words, now=now)


async def of(invite: Invite) -> Response | None:
    return await _OF.first(invite.id)


async def scores_of(response: Response) -> dict[str, int]:
    """Dimension → 1–5."""
    return {row.dimension: row.value for row in await _SCORES.all(response.id)}


def awaits_words(response: Response | None, *, now: datetime) -> bool:
    """Whether what the contact types now is the comment: it was asked for, or the answer is under way.

    Who has not begun to answer may write about anything, a new trouble first of all.
    """
    if response is None:
        return False
    if response.comment_until is not None and now < response.comment_until:
        return True
    return response.finished_at is None and now < response.changed_at + COMMENT_WAITS


def can_change(response: Response, settings: SurveySettings, *, now: datetime) -> bool:
    """Whether the edit window is still open."""
    return now < response.created_at + settings.edit_for


async def _judge(invite: Invite, response: Response, scores: dict[str, int], *, now: datetime) -> Response:
    previous = await _JUDGED.first(response.id)
    response.band = scoring.band_of(scores, catalogue.settings_for(invite))
    response.revision += 1
    response.overall, response.judged = scores.get("overall"), dict(sorted(scores.items()))
    judged = {"band": response.band, "overall": response.overall, "judged": response.judged}
    await update(Response, {"id": response.id}, revision=response.revision, **judged)
    await insert(
        ResponseRevision,
        response_id=response.id,
        revision=response.revision,
        scores=scores,
        reasons=response.reasons,
        comment=response.comment,
        band=response.band,
        at=now,
    )
    if invite.contact.erased_at is None:
        await _tell_ticket(invite, response, scores, previous, now=now)
        await rules.react(invite, response, scores, previous, now=now)
    return response


async def _tell_ticket(
    invite: Invite, response: Response, scores: dict[str, int], previous: ResponseRevision | None, *, now: datetime
) -> None:
    lowest = min(scores, key=lambda key: scores[key])
    telling = "overall" if "overall" in scores else lowest
    told: dict[str, object] = {"value": scores[telling], "dimension": telling, "band": response.band}
    told["scores"] = dict(scores)
    if previous is not None:
        told |= {"old": previous.scores.get("overall", min(previous.scores.values())), "new": told["value"]}
    label = "history.rated" if telling == "overall" else "history.rated_of_dimension"
    label = "history.rated_again" if invite.purpose == InvitePurpose.RECOVERY else label
    label = label if previous is None else "history.rating_changed"
    who = invite.contact.name
    await history.write(invite.ticket, EntryKind.RATED, actor=who, label=label, values=told, now=now)
    if response.comment and (previous is None or previous.comment != response.comment):
        words: dict[str, object] = {"text": shorten(response.comment, 500)}
        await history.write(invite.ticket, EntryKind.RATED, actor=who, label="history.commented", values=words, now=now)


async def _begin(invite: Invite, settings: SurveySettings, *, now: datetime) -> tuple[Response, dict[str, int]]:
    """The response, locked against others on PostgreSQL, and its scores; refuses when it is too late."""
    if invite.state not in ANSWERABLE or now >= invite.expires_at:
        raise errors.Conflict("this question is closed", label="note.expired")
    response = await _LOCKED.first(invite.id)
    if response is None:
        await anonymity.refuse_when_cut(invite)
        try:
            async with transactions.savepoint():
                values = {"invite_id": invite.id, "slice_id": invite.slice_id, "created_at": now, "changed_at": now}
                return await insert(Response, **values), {}
        except IntegrityError:  # another process was faster
            response = await Response.filter(invite_id=invite.id).select_for_update().get()
    if not can_change(response, settings, now=now):
        raise errors.Conflict("the time to change this answer is over", label="note.edit_over")
    return response, await scores_of(response)


async def _set_scores(response: Response, was: Mapping[str, int], scores: Mapping[str, int], *, at: datetime) -> None:
    for dimension, value in scores.items():
        if dimension not in was:
            await insert(Score, response_id=response.id, dimension=dimension, value=value, given_at=at)
        else:
            known = Score.filter(response_id=response.id, dimension=dimension, given_at__lte=at)
            await known.update(value=value, given_at=at)


async def _changed(
    invite: Invite, response: Response, settings: SurveySettings, changes: Mapping[str, object], *, now: datetime
) -> Response:
    """One more version; it settles when the contact has been quiet for a while."""
    before = response.settle_at
    may_contact = bool(changes.get("may_contact", response.may_contact))
    settle_at = now + anonymity.settles_after(invite, settings, may_contact=may_contact, finished=False)
    values = {**changes, "version": response.version + 1, "changed_at": now, "settle_at": settle_at}
    response.update_from_dict(values)
    await update(Response, {"id": response.id}, **values)
    if before is None or settle_at < before:
        await jobs.enqueue(JOB, response.id, due=settle_at, now=now)
    if invite.state in UNANSWERED:
        await update(Invite, {"id": invite.id, "state": UNANSWERED}, state=InviteState.ANSWERED, remind_at=None)
        invite.state = InviteState.ANSWERED
    return response


async def _finish(invite: Invite, response: Response, *, now: datetime) -> Response:
    values = {"partial": False, "finished_at": now, "comment_until": None}
    response.update_from_dict(values)
    await update(Response, {"id": response.id}, **values)
    await update(Invite, {"id": invite.id}, state=InviteState.FINISHED)
    if response.version > response.settled_version:
        settings, may_contact = catalogue.settings_for(invite), response.may_contact
        response.settle_at = now + anonymity.settles_after(invite, settings, may_contact=may_contact, finished=True)
        await update(Response, {"id": response.id}, settle_at=response.settle_at)
        await jobs.enqueue(JOB, response.id, due=response.settle_at, now=now, priority=9)
    return response


def _check_score(settings: SurveySettings, dimension: str, value: int) -> None:
    if dimension not in settings.dimension_keys:
        raise errors.Invalid(f"this survey does not ask about {shorten(dimension, 40)!r}", field="scores")
    if value not in SCORES:
        raise errors.Invalid("a score is a whole number from 1 to 5", field=f"scores.{dimension}")


def _reasons(settings: SurveySettings, reasons: Iterable[str]) -> list[str]:
    chosen = set(reasons)
    offered = [one.key for one in settings.reasons]
    if unknown := chosen - set(offered):
        raise errors.Invalid(f"{shorten(min(unknown), 40)!r} is no reason of this survey", field="reasons")
    return [key for key in offered if key in chosen]

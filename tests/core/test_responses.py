"""What a contact may answer, until when, and how it is judged."""

from __future__ import annotations

import pytest

from core import errors
from core.models.desk import Ticket, TicketEntry, TicketStatus
from core.models.invites import InviteState
from core.models.reactions import Reaction, Recovery
from core.models.responses import Band, Response, ResponseRevision
from core.store import Store
from core.surveys import invites, responses
from tests.core.builders import asked, at, company, whole


async def test_half_an_answer_counts(store: Store) -> None:
    await company()
    invite = await asked()
    response = await responses.give_score(invite, "overall", 4, now=at(seconds=1))
    assert await responses.scores_of(response) == {"overall": 4}
    assert response.partial
    assert (await whole(invite)).state == InviteState.ANSWERED


async def test_a_slip_of_the_thumb_alarms_nobody(store: Store) -> None:
    await company()
    invite = await asked()
    response = await responses.give_score(invite, "overall", 1, now=at(seconds=1))
    await responses.settle(response.id, now=at(seconds=60))
    await responses.give_score(await whole(invite), "overall", 5, now=at(seconds=80))
    await responses.settle(response.id, now=at(seconds=91))
    assert not await ResponseRevision.all().exists()
    await responses.settle(response.id, now=at(seconds=171))
    assert (await Response.get(id=response.id)).band == Band.POSITIVE
    assert not await Recovery.all().exists()


async def test_a_response_is_judged_once_per_change(store: Store) -> None:
    await company()
    response = await responses.give_score(await asked(), "overall", 1, now=at(seconds=1))
    for _ in range(3):
        await responses.settle(response.id, now=at(seconds=200))
    assert await ResponseRevision.all().count() == 1
    assert await Reaction.all().count() == 1
    assert await Recovery.all().count() == 1


async def test_a_late_old_tap_does_not_overwrite_a_newer_one(store: Store) -> None:
    await company()
    invite = await asked()
    await responses.give_score(invite, "overall", 5, now=at(seconds=10))
    response = await responses.give_score(await whole(invite), "overall", 1, now=at(seconds=9))
    assert await responses.scores_of(response) == {"overall": 5}


async def test_a_tap_that_had_to_wait_counts_from_when_it_came_in(store: Store) -> None:
    await company(edit_for="1h")
    invite = await asked()
    await responses.give_score(invite, "overall", 5, now=at(seconds=10))
    for came, after in ((9, {"overall": 5}), (11, {"overall": 1})):
        response = await responses.give_score(
            await whole(invite), "overall", 1, given_at=at(seconds=came), now=at(hours=2)
        )
        assert await responses.scores_of(response) == after


@pytest.mark.parametrize(("dimension", "value"), [("overall", 0), ("overall", 6), ("weather", 3), ("", 3)])
async def test_what_the_survey_does_not_ask_is_refused_and_nothing_is_written(
    store: Store, dimension: str, value: int
) -> None:
    await company()
    invite = await asked()
    with pytest.raises(errors.Invalid):
        await responses.give_score(invite, dimension, value, now=at(seconds=1))
    assert not await Response.all().exists()


async def test_an_answer_can_be_changed_until_the_edit_window_ends(store: Store) -> None:
    await company(edit_for="1h")
    invite = await asked()
    await responses.give_score(invite, "overall", 2, now=at())
    await responses.give_score(await whole(invite), "overall", 3, now=at(minutes=59, seconds=59))
    with pytest.raises(errors.Conflict):
        await responses.give_score(await whole(invite), "overall", 4, now=at(hours=1))


async def test_nobody_answers_a_question_that_has_expired(store: Store) -> None:
    await company(expire_after="1h")
    invite = await asked()
    await invites.look(invite.id, now=at(hours=1))
    late = await whole(invite)
    assert late.state == InviteState.EXPIRED
    with pytest.raises(errors.Conflict):
        await responses.give_score(late, "overall", 4, now=at(hours=1))


async def test_a_comment_may_come_before_the_rating_and_is_joined_with_it(store: Store) -> None:
    await company()
    invite = await asked()
    await responses.give_comment(invite, "Too late", now=at(seconds=1))
    response = await responses.give_score(await whole(invite), "overall", 2, now=at(seconds=2))
    assert (await Response.get(id=response.id)).comment == "Too late"


async def test_a_comment_alone_opens_no_recovery_and_stands_on_the_ticket(store: Store) -> None:
    await company()
    response = await responses.give_comment(await asked(), "Terrible!", now=at(seconds=1))
    await responses.settle(response.id, now=at(seconds=200))
    assert not await Recovery.all().exists()
    assert [entry.values["text"] for entry in await TicketEntry.filter(kind="rated")] == ["Terrible!"]


async def test_who_has_said_all_but_has_not_pressed_done_is_not_half_answered(store: Store) -> None:
    await company()
    invite = await asked()
    for dimension in ("overall", "attitude", "speed"):
        await responses.give_score(await whole(invite), dimension, 2, now=at(seconds=1))
    response = await responses.give_comment(await whole(invite), "Too late", now=at(seconds=2))
    await responses.settle(response.id, now=at(seconds=200))
    now_is = await Response.get(id=response.id).select_related("invite")
    assert (now_is.partial, now_is.invite.state, now_is.revision) == (True, InviteState.ANSWERED, 1)
    await responses.give_score(await whole(invite), "resolution", 1, now=at(seconds=300))
    await responses.settle(response.id, now=at(seconds=500))
    now_is = await Response.get(id=response.id).select_related("invite")
    assert (now_is.partial, now_is.invite.state, now_is.revision) == (False, InviteState.FINISHED, 2)
    assert now_is.finished_at is None, "they may still go on"


async def test_a_long_comment_is_kept_whole(store: Store) -> None:
    await company()
    words = "长" * 4000
    response = await responses.give_comment(await asked(), words, now=at(seconds=1))
    assert (await Response.get(id=response.id)).comment == words


async def test_a_comment_can_be_required_under_a_bad_score(store: Store) -> None:
    await company(comment_required_up_to=2)
    invite = await asked()
    await responses.give_score(invite, "overall", 2, now=at(seconds=1))
    with pytest.raises(errors.Invalid):
        await responses.finish(await whole(invite), now=at(seconds=2))
    await responses.give_comment(await whole(invite), "Late", now=at(seconds=3))
    response = await responses.finish(await whole(invite), now=at(seconds=4))
    assert not response.partial


async def test_a_whole_answer_with_one_wrong_field_stores_nothing(store: Store) -> None:
    await company()
    invite = await asked()
    with pytest.raises(errors.Invalid) as wrong:
        await responses.answer(invite, {"overall": 4}, ["too_loud"], "", finished=True, now=at(seconds=1))
    assert wrong.value.field == "reasons"
    assert not await Response.all().exists()


async def test_a_bad_mark_reopens_the_ticket_at_most_twice(store: Store) -> None:
    await company()
    for round_ in range(3):
        now = at(days=round_)
        invite = await asked(now=now)
        response = await responses.give_score(invite, "overall", 1, now=now)
        await responses.finish(await whole(invite), now=now)
        await responses.settle(response.id, now=now)
    ticket = await Ticket.get(ref="T-1")
    assert ticket.reopened_by_rating == 2
    assert ticket.status == TicketStatus.RESOLVED
    assert await Recovery.all().count() == 3


async def test_one_bad_dimension_is_enough(store: Store) -> None:
    await company()
    invite = await asked()
    answer = {"overall": 4, "resolution": 2}
    response = await responses.answer(invite, answer, None, None, finished=True, now=at(seconds=1))
    settled = await responses.settle(response.id, now=at(seconds=1))
    assert settled is not None
    assert settled.band == Band.NEGATIVE

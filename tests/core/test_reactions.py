"""A bad mark always gets an owner and a deadline."""

from __future__ import annotations

from datetime import datetime

import pytest

from core import contacts, errors, places
from core.desk import conversations
from core.models.contacts import Address
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry, TicketStatus
from core.models.invites import Invite, InvitePurpose
from core.models.reactions import Alert, AlertState, Reaction, Recovery, RecoveryState
from core.models.setup import Rule, Staff
from core.reactions import alerts, recoveries, requests
from core.store import Store
from core.surveys import invites, responses
from tests.core.builders import asked, at, company, whole


async def unhappy(*, now: datetime = at(), **scores: int) -> Alert:  # noqa: B008 - a fixed moment
    """Ann rates her ticket badly; the alert that comes of it."""
    response = await responses.answer(
        await asked(now=now), scores or {"overall": 1}, [], "Late", finished=True, now=now
    )
    await responses.settle(response.id, now=now)
    alert = await alerts.of_response(response.id)
    assert alert is not None
    return alert


def line(alert: Alert, name: str) -> str:
    """The key of a line in its thread, the first time that it is raised."""
    return f"alert:{alert.id}:{at():%Y%m%d%H%M%S}:{name}"


async def kim() -> Staff:
    return await Staff.get(key="kim@example.org")


async def test_a_bad_mark_reopens_the_ticket_and_gives_it_an_owner_and_a_deadline(store: Store) -> None:
    await company(recover_within="4h")
    alert = await unhappy()
    recovery = await Recovery.get().select_related("owner")
    assert recovery.owner is not None
    assert recovery.owner.name == "Li"
    assert recovery.due_at == at(hours=4)
    ticket = await Ticket.get()
    assert (ticket.status, ticket.cycle, ticket.reopened_by_rating) == (TicketStatus.ASSIGNED, 2, 1)
    assert await TicketEntry.filter(label="desk.reopen_note", internal=True).exists()
    assert await Delivery.filter(kind="alert", channel="slack", target="C0ALERTS", subject_id=alert.id).exists()
    assert await Delivery.filter(kind="sorry", target="777").count() == 1


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ({"overall": 2, "speed": 1}, ("", "overall", 2)),
        ({"overall": 4, "speed": 1}, ("_of_dimension", "speed", 1)),
        ({"attitude": 3, "speed": 2}, ("_of_dimension", "speed", 2)),
    ],
)
async def test_the_score_that_is_told_is_the_overall_one_or_is_named(
    scores: dict[str, int], told: tuple[str, str, int], store: Store
) -> None:
    await company()
    await unhappy(**scores)
    suffix, dimension, value = told
    for label in ("history.reopened_by_rating", "desk.reopen_note"):
        entry = await TicketEntry.get(label=f"{label}{suffix}")
        assert (entry.values["value"], entry.values["dimension"]) == (value, dimension)


async def test_a_good_mark_does_none_of_that(store: Store) -> None:
    await company()
    response = await responses.answer(await asked(), {"overall": 5}, [], "", finished=True, now=at())
    await responses.settle(response.id, now=at())
    assert not await Recovery.all().exists()
    assert not await Alert.all().exists()
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    assert [(one.fired, one.why) for one in await Reaction.all()] == [(False, "band")]


async def test_a_rule_that_is_switched_off_does_nothing(store: Store) -> None:
    await company()
    await Rule.filter(key="negative").update(enabled=False)
    response = await responses.answer(await asked(), {"overall": 1}, [], "", finished=True, now=at())
    await responses.settle(response.id, now=at())
    assert not await Recovery.all().exists()


async def test_only_one_of_two_can_take_it(store: Store) -> None:
    await company()
    alert = await unhappy()
    lu = await Staff.create(key="lu", name="Lu")
    await recoveries.take(alert, await kim(), now=at(minutes=1))
    stale = await alerts.by_id(alert.id)
    assert stale is not None
    with pytest.raises(errors.Conflict) as taken:
        await recoveries.take(stale, lu, now=at(minutes=1))
    assert taken.value.values == {"name": "Kim"}
    recovery = await Recovery.get().select_related("owner")
    assert recovery.owner is not None
    assert recovery.owner.name == "Kim"


async def test_taking_it_stops_the_ladder_but_not_the_deadline(store: Store) -> None:
    await company(take_within="15m", recover_within="4h")
    alert = await unhappy()
    await recoveries.take(alert, await kim(), now=at(minutes=1))
    await alerts.look(alert.id, now=at(minutes=16))
    assert not await Delivery.filter(key__contains="raised").exists()
    await alerts.look(alert.id, now=at(hours=4))
    assert await Delivery.filter(kind="alert_overdue").count() == 1


async def test_nobody_takes_it_so_it_is_raised_once_and_overdue_once(store: Store) -> None:
    await company(take_within="15m", recover_within="4h")
    alert = await unhappy()
    for minutes in (10, 15, 16, 100, 240, 241, 500):
        await alerts.look(alert.id, now=at(minutes=minutes))
    raised = await Delivery.filter(kind="alert_update", key=line(alert, "raised"))
    assert [one.payload["owner"] for one in raised] == [{"name": "Kim"}]
    assert await Delivery.filter(kind="alert_overdue").count() == 1


async def test_an_alert_that_slept_past_its_deadline_is_overdue_and_no_more(store: Store) -> None:
    await company(take_within="15m", recover_within="4h")
    alert = await unhappy()
    for _ in range(3):
        await alerts.look(alert.id, now=at(hours=6))
    assert await Delivery.filter(kind="alert_overdue").count() == 1
    assert not await Delivery.filter(key=line(alert, "raised")).exists()


async def test_closing_a_recovery_needs_an_outcome_and_asks_once_more(store: Store) -> None:
    await company()
    alert = await unhappy()
    with pytest.raises(errors.Invalid):
        await recoveries.resolve(alert, "whatever", "", by=await kim(), now=at(minutes=5))
    await recoveries.resolve(alert, "solved", "Sent a new one", by=await kim(), now=at(minutes=5))
    recovery = await Recovery.get()
    assert (recovery.state, recovery.outcome, recovery.closed_by) == (RecoveryState.RESOLVED, "solved", "Kim")
    again = await Invite.get(purpose=InvitePurpose.RECOVERY)
    assert await Delivery.filter(kind="recovered", subject_id=again.id).exists()
    assert (await Alert.get()).state == AlertState.CLOSED
    assert (await Ticket.get()).status == TicketStatus.RESOLVED


async def test_after_a_recovery_only_overall_is_asked_and_the_answer_is_judged(store: Store) -> None:
    await company()
    alert = await unhappy()
    await recoveries.resolve(alert, "solved", "", by=await kim(), now=at(minutes=5))
    again = await Invite.get(purpose=InvitePurpose.RECOVERY)
    await invites.delivered(again.id, now=at(minutes=5))
    with pytest.raises(errors.Invalid):
        await responses.give_score(await whole(again), "speed", 4, now=at(minutes=6))
    response = await responses.answer(await whole(again), {"overall": 5}, None, None, finished=True, now=at(minutes=6))
    settled = await responses.settle(response.id, now=at(minutes=6))
    assert settled is not None
    assert settled.band == "positive"


async def test_a_dismissed_alert_asks_nothing_and_cannot_be_taken_any_more(store: Store) -> None:
    await company()
    alert = await unhappy()
    await recoveries.dismiss(alert, "mistake", "slip of the thumb", by=await kim(), now=at(minutes=1))
    assert not await Invite.filter(purpose=InvitePurpose.RECOVERY).exists()
    closed = await alerts.by_id(alert.id)
    assert closed is not None
    with pytest.raises(errors.Conflict):
        await recoveries.take(closed, await kim(), now=at(minutes=2))


async def test_a_snoozed_alert_is_quiet_until_then(store: Store) -> None:
    await company(take_within="15m")
    alert = await unhappy()
    await recoveries.snooze(alert, at(hours=1), by=await kim(), now=at(minutes=5))
    await alerts.look(alert.id, now=at(minutes=20))
    assert not await Delivery.filter(key=line(alert, "raised")).exists()
    await alerts.look(alert.id, now=at(hours=1))
    assert await Delivery.filter(key=line(alert, "raised")).exists()


async def test_a_reply_reaches_the_contact_in_their_own_channel(store: Store) -> None:
    await company()
    alert = await unhappy()
    await recoveries.reply(alert, "We call you.\0", by=await kim(), now=at(minutes=1))
    [reply] = await Delivery.filter(kind="reply")
    assert (reply.channel, reply.target, reply.payload["text"]) == ("support-bot", "777", "We call you.")


async def test_a_change_of_mind_is_told_in_place(store: Store) -> None:
    await company()
    alert = await unhappy()
    invite = await invites.by_id(alert.response.invite_id)
    assert invite is not None
    response = await responses.give_score(invite, "overall", 5, now=at(minutes=1))
    await responses.settle(response.id, now=at(minutes=5))
    [told] = await Delivery.filter(kind="alert_update")
    assert told.payload["changes"] == [{"label": "overall", "old": 1, "new": 5}]
    assert (await Alert.get()).version == 2
    assert (await Recovery.get()).state == RecoveryState.OPEN
    assert (await Ticket.get()).status == TicketStatus.ASSIGNED


async def test_who_cannot_be_reached_any_more_is_not_told_but_staff_are(store: Store) -> None:
    await company()
    invite = await asked()
    response = await responses.answer(invite, {"overall": 1}, [], "", finished=True, now=at())
    await contacts.mark_unreachable(invite.address_id, "blocked by the contact")
    await responses.settle(response.id, now=at())
    assert await Delivery.filter(kind="alert").count() == 1
    assert await Recovery.all().count() == 1
    assert not await Delivery.filter(kind="sorry").exists()
    assert await TicketEntry.filter(label="history.sorry_failed").exists()


async def test_a_word_after_the_recovery_does_not_begin_it_anew(store: Store) -> None:
    await company()
    alert = await unhappy()
    await recoveries.resolve(alert, "solved", "", by=await kim(), now=at(minutes=5))
    invite = await invites.by_id(alert.response.invite_id)
    assert invite is not None
    response = await responses.give_comment(invite, "Thanks, Kim", now=at(minutes=6))
    await responses.settle(response.id, now=at(minutes=10))
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    assert (await Recovery.get()).state == RecoveryState.RESOLVED
    assert (await Invite.get(purpose=InvitePurpose.RECOVERY)).state == "scheduled"


async def test_who_was_content_in_between_and_is_no_longer_gets_a_new_deadline(store: Store) -> None:
    await company(recover_within="4h")
    alert = await unhappy()
    await recoveries.dismiss(alert, "mistake", "", by=await kim(), now=at(minutes=1))
    for minutes, score in ((2, 5), (10, 1)):
        invite = await invites.by_id(alert.response.invite_id)
        assert invite is not None
        response = await responses.give_score(invite, "overall", score, now=at(minutes=minutes))
        await responses.settle(response.id, now=at(minutes=minutes + 2))
    recovery = await Recovery.get()
    assert (recovery.state, recovery.due_at) == (RecoveryState.OPEN, at(hours=4, minutes=12))
    assert (await Alert.get()).state == AlertState.OPEN


async def test_a_snooze_does_not_outlast_the_deadline(store: Store) -> None:
    await company(recover_within="1h")
    alert = await unhappy()
    await recoveries.snooze(alert, at(hours=4), by=await kim(), now=at(minutes=5))
    await alerts.look(alert.id, now=at(hours=1))
    assert await Delivery.filter(kind="alert_overdue").count() == 1


async def test_two_redraws_are_two_messages(store: Store) -> None:
    await company()
    alert = await unhappy()
    stale = await alerts.by_id(alert.id)
    assert stale is not None
    await alerts.redraw(alert, now=at(minutes=1))
    await alerts.redraw(stale, now=at(minutes=1))
    assert sorted(await Delivery.filter(kind="alert").values_list("key", flat=True)) == [
        f"alert:{alert.id}:v{version}" for version in (1, 2, 3)
    ]


async def test_an_alert_that_is_raised_again_tells_its_story_again(store: Store) -> None:
    await company()
    alert = await unhappy()
    await alerts.look(alert.id, now=at(minutes=30))
    await recoveries.take(await again(alert), await kim(), now=at(minutes=31))
    await recoveries.resolve(await again(alert), "solved", "", by=await kim(), now=at(minutes=32))
    invite = await Invite.filter(purpose=InvitePurpose.SERVICE).first()
    assert invite is not None
    for minute, score in ((40, 5), (50, 1)):
        response = await responses.answer(
            await whole(invite), {"overall": score}, [], "", finished=True, now=at(minutes=minute)
        )
        await responses.settle(response.id, now=at(minutes=minute))
    await alerts.look(alert.id, now=at(minutes=90))
    await recoveries.take(await again(alert), await kim(), now=at(minutes=91))
    lines = [(one.kind, one.payload.get("event")) for one in await Delivery.filter(kind__startswith="alert_")]
    assert lines.count(("alert_update", "raised")) == 2
    assert lines.count(("alert_taken", None)) == 2
    assert await shown_anew() == 1


async def shown_anew() -> int:
    """How often the alert was sent as a message of its own after the first time."""
    return sum(bool(one.payload.get("anew")) for one in await Delivery.filter(kind="alert"))


async def again(alert: Alert) -> Alert:
    found = await alerts.by_id(alert.id)
    assert found is not None
    return found


async def test_an_alert_without_a_recovery_is_taken_once_and_ends(store: Store) -> None:
    await company()
    await Rule.all().delete()
    await Rule.create(key="tell", settings={"when": {"bands": ["negative"]}, "then": ["alert"]})
    alert = await unhappy()
    lee = await Staff.create(key="lee@example.org", name="Lee")
    await recoveries.take(await again(alert), lee, now=at(minutes=1))
    with pytest.raises(errors.Conflict, match="taken by Lee"):
        await recoveries.take(await again(alert), await kim(), now=at(minutes=2))
    await recoveries.dismiss(await again(alert), "test", "", by=lee, now=at(minutes=3))
    with pytest.raises(errors.Conflict, match="finished"):
        await recoveries.take(await again(alert), lee, now=at(minutes=4))


async def test_an_alert_that_was_raised_before_its_recovery_watches_the_deadline(store: Store) -> None:
    await company(recover_within="4h")
    await Rule.all().delete()
    await Rule.create(key="tell", settings={"when": {"bands": ["negative"]}, "then": ["alert", "recover"]})
    alert = await unhappy()
    await recoveries.take(await again(alert), await kim(), now=at(minutes=1))
    await alerts.look(alert.id, now=at(hours=4, seconds=1))
    assert await Delivery.filter(kind="alert_overdue").exists()


async def test_the_history_says_who_assigned_it(store: Store) -> None:
    await company()
    alert = await unhappy()
    li = await Staff.get(key="li@example.org")
    await recoveries.assign(await again(alert), li, by=await kim(), now=at(minutes=1))
    entry = await TicketEntry.filter(label="history.assigned_by").order_by("-id").first()
    assert entry is not None
    assert (entry.actor, entry.values["by"], entry.values["name"]) == ("Kim", "Kim", "Li")
    assert not await TicketEntry.filter(label="history.recovery_taken").exists(), "Li has done nothing yet"


async def test_what_is_given_to_somebody_else_waits_for_them_until_they_take_it(store: Store) -> None:
    await company()
    ticket = (await unhappy()).ticket
    await Alert.all().delete()
    await Recovery.all().delete()
    lee = await Staff.create(key="lee@example.org", name="Lee")

    async def is_now() -> Ticket:
        return await Ticket.get(id=ticket.id).select_related("contact", "assignee", "team")

    await requests.take(await is_now(), await kim(), now=at())
    assert (await is_now()).status == TicketStatus.IN_PROGRESS
    await requests.assign(await is_now(), await kim(), by=lee, now=at())
    assert (await is_now()).status == TicketStatus.IN_PROGRESS, "Kim has it already"
    await requests.assign(await is_now(), lee, by=await kim(), now=at())
    assert (await is_now()).status == TicketStatus.ASSIGNED
    await requests.take(await is_now(), lee, now=at())
    assert (await is_now()).status == TicketStatus.IN_PROGRESS


async def test_who_was_given_an_alert_and_does_nothing_has_not_taken_it_and_it_is_raised(store: Store) -> None:
    await company(take_within="15m", recover_within="4h")
    alert = await unhappy()
    lee = await Staff.create(key="lee@example.org", name="Lee")
    await recoveries.take(await again(alert), await kim(), now=at(minutes=1))
    await recoveries.assign(await again(alert), lee, by=await kim(), now=at(minutes=10))
    recovery, now_is = await Recovery.get(), await Alert.get()
    assert (recovery.state, recovery.owner_id, now_is.state) == (RecoveryState.OPEN, lee.id, AlertState.OPEN)
    await alerts.look(alert.id, now=at(minutes=20))
    assert not await Delivery.filter(key__contains=":raised").exists(), "they have the whole time to say so"
    await alerts.look(alert.id, now=at(minutes=25))
    assert await Delivery.filter(key__contains=":raised").count() == 1
    await recoveries.take(await again(alert), lee, now=at(minutes=26))
    recovery, now_is = await Recovery.get(), await Alert.get()
    assert (recovery.state, now_is.state) == (RecoveryState.TAKEN, AlertState.ACKNOWLEDGED)
    with pytest.raises(errors.Conflict):
        await recoveries.assign(await again(alert), lee, by=await kim(), now=at(minutes=27))
    assert (await Recovery.get()).state == RecoveryState.TAKEN


async def test_who_gives_an_alert_to_themselves_has_taken_it(store: Store) -> None:
    await company()
    alert = await unhappy()
    await recoveries.assign(await again(alert), await kim(), by=await kim(), now=at(minutes=1))
    assert ((await Recovery.get()).state, (await Alert.get()).state) == (RecoveryState.TAKEN, AlertState.ACKNOWLEDGED)


async def test_a_deadline_that_has_passed_is_not_told_again_to_whom_the_alert_is_given(store: Store) -> None:
    await company(take_within="15m", recover_within="4h")
    alert = await unhappy()
    lee = await Staff.create(key="lee@example.org", name="Lee")
    await alerts.look(alert.id, now=at(hours=4))
    await recoveries.assign(await again(alert), lee, by=await kim(), now=at(hours=5))
    for hour in (5, 6):
        await alerts.look(alert.id, now=at(hours=hour))
    assert await Delivery.filter(kind="alert_overdue").count() == 1


async def test_a_reply_that_does_not_arrive_goes_to_the_next_address_and_then_staff_know(store: Store) -> None:
    await company()
    alert = await unhappy()
    contact = alert.ticket.contact
    await Address.create(contact_id=contact.id, channel="mail", address="ann@example.org", rank=1, created_at=at())
    await recoveries.reply(await again(alert), "A new one is on its way.", by=await kim(), now=at())
    first = await Delivery.get(kind="reply")
    await contacts.mark_unreachable(first.address_id or 0, "blocked")
    await recoveries.not_told(first, "blocked", now=at())
    [second] = await Delivery.filter(kind="reply", channel="mail")
    assert second.payload["text"] == "A new one is on its way."
    await recoveries.not_told(second, "given up", now=at())
    await recoveries.not_told(second, "given up", now=at())
    assert await Delivery.filter(kind="reply").count() == 2
    assert await TicketEntry.filter(label="history.reply_failed").exists()
    [told] = [one for one in await Delivery.filter(kind="alert_update") if one.payload["event"] == "not_told"]
    assert told.payload["text"] == "A new one is on its way."


async def test_a_reply_into_a_group_that_is_gone_goes_to_the_contact_alone(store: Store) -> None:
    await company()
    await unhappy()
    ticket = await Ticket.get()
    await places.move(ticket, places.written("-1001", "55"))
    await Ticket.filter(id=ticket.id).update(channel="support-bot")
    await conversations.reply(ticket, "A new one is on its way.", by=await kim(), now=at())
    [first] = await Delivery.filter(kind="reply")
    assert (first.target, first.address_id) == ("-1001", None)
    await recoveries.not_told(first, "the bot was put out of the group", now=at())
    assert await Delivery.filter(kind="reply", target="777").count() == 1


async def test_who_answers_an_alert_that_nobody_has_taken_has_it_and_nobody_takes_it_away_by_answering(
    store: Store,
) -> None:
    await company(recover_within="4h")
    alert = await unhappy()
    lee = await Staff.create(key="lee@example.org", name="Lee")
    await recoveries.reply(await again(alert), "A new one is on its way.", by=await kim(), now=at(minutes=1))
    await recoveries.reply(await again(alert), "Or two.", by=lee, now=at(minutes=2))
    recovery, ticket = await Recovery.get().select_related("owner"), await Ticket.get().select_related("assignee")
    assert (recovery.state, recovery.owner and recovery.owner.name) == (RecoveryState.TAKEN, "Kim")
    assert (ticket.status, ticket.assignee and ticket.assignee.name) == (TicketStatus.IN_PROGRESS, "Kim")
    await alerts.look(alert.id, now=at(minutes=30))
    assert not await Delivery.filter(key=line(alert, "raised")).exists()
    await alerts.look(alert.id, now=at(hours=4))
    assert await Delivery.filter(kind="alert_overdue").count() == 1


async def test_somebody_who_answers_at_the_moment_in_which_another_takes_it_still_answers(store: Store) -> None:
    await company()
    stale = await unhappy()
    lee = await Staff.create(key="lee@example.org", name="Lee")
    await recoveries.take(await again(stale), lee, now=at(minutes=1))
    await recoveries.reply(stale, "A new one is on its way.", by=await kim(), now=at(minutes=1))
    assert await Delivery.filter(kind="reply").count() == 1
    recovery, ticket = await Recovery.get().select_related("owner"), await Ticket.get().select_related("assignee")
    assert recovery.owner is not None
    assert ticket.assignee is not None
    assert (recovery.owner.name, ticket.assignee.name) == ("Lee", "Lee")


@pytest.mark.parametrize(
    ("end", "outcome"), [("solved", "solved"), ("no_answer", "not_reachable"), ("cannot_solve", "other")]
)
async def test_a_request_that_is_resolved_ends_what_staff_were_alerted_to(store: Store, end: str, outcome: str) -> None:
    await company()
    await unhappy()
    await requests.resolve(await Ticket.get(), end, "Done", by=await kim(), now=at(minutes=1))
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    assert (await Recovery.get()).outcome == outcome
    assert (await Alert.get()).state == AlertState.CLOSED
    with pytest.raises(errors.Conflict, match="finished"):
        await requests.resolve(await Ticket.get(), end, "Done", by=await kim(), now=at(minutes=2))
    with pytest.raises(errors.Invalid):
        await requests.resolve(await Ticket.get(), "whatever", "", by=await kim(), now=at(minutes=2))


async def test_a_reply_without_words_is_refused(store: Store) -> None:
    await company()
    with pytest.raises(errors.Invalid):
        await recoveries.reply(await unhappy(), " \0\n ", by=await kim(), now=at())

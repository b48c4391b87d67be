"""Whom we ask, whom we leave alone, and what is written down about it."""

from __future__ import annotations

import asyncio

from core import contacts
from core.desk import intake, tickets
from core.models.contacts import Address, Contact, Reach
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Ticket, TicketStatus
from core.models.invites import Decision, Invite, InviteState
from core.store import Store
from core.surveys import invites
from tests.core.builders import asked, at, company, resolved, whole

MAIL = (("support-bot", "777"), ("mail", "ann@example.org"))


async def test_each_resolution_gets_at_most_one_question(store: Store) -> None:
    await company()
    first = await resolved()
    again = await resolved(now=at(seconds=5))
    assert again.repeated
    assert again.invite is not None
    assert first.invite is not None
    assert again.invite.id == first.invite.id
    assert await Delivery.all().count() == 1


async def test_what_was_decided_stands_on_the_ticket_sent_or_not(store: Store) -> None:
    await company(budget="1 per 7d")
    await resolved("T-1")
    skipped = await resolved("T-2", now=at(days=3))
    assert skipped.invite is None
    decision = await Decision.get(ticket_id=skipped.ticket.id)
    assert (decision.sent, decision.reason, decision.values["count"]) == (False, "asked_recently", 3)
    assert decision.values["channel"] == "support-bot"


async def test_the_budget_counts_over_all_channels_together(store: Store) -> None:
    await company(budget="1 per 7d")
    await resolved("T-1", addresses=(("support-bot", "777"),))
    second = await resolved("T-2", addresses=(("mail", "ann@example.org"),), now=at(hours=1))
    assert second.decision is not None
    assert second.decision.reason == "asked_today"


async def test_who_has_no_address_is_not_asked_and_the_ticket_closes_all_the_same(store: Store) -> None:
    await company()
    walk = await resolved(addresses=())
    assert walk.ticket.status == TicketStatus.RESOLVED
    assert walk.decision is not None
    assert walk.decision.reason == "no_address"


async def test_a_question_goes_out_on_the_channel_that_the_request_came_by(store: Store) -> None:
    await company()
    await resolved(addresses=MAIL, channel="mail")
    assert (await Delivery.get()).channel == "mail"


async def test_a_dead_address_falls_to_the_next_and_the_last_is_said_on_the_ticket(store: Store) -> None:
    await company()
    walk = await resolved(addresses=MAIL)
    assert walk.invite is not None
    first, second = await Address.all().order_by("rank")
    await invites.undeliverable(walk.invite.id, first.id, "bot was blocked", now=at(seconds=1))
    assert (await Address.get(id=first.id)).reach == Reach.UNREACHABLE
    assert {one.channel for one in await Delivery.all()} == {"support-bot", "mail"}
    await invites.undeliverable(walk.invite.id, second.id, "550 5.1.1", now=at(seconds=2))
    assert (await Invite.get()).state == InviteState.UNDELIVERABLE


async def test_reopening_cancels_what_has_not_left_yet(store: Store) -> None:
    await company(delay="5m")
    walk = await resolved()
    await intake.ticket_reopened("T-1", reason="It blinks again", now=at(minutes=1))
    assert (await Invite.get()).state == InviteState.CANCELLED
    assert (await Delivery.get()).state == DeliveryState.CANCELLED
    ticket = await Ticket.get(id=walk.ticket.id)
    assert (ticket.cycle, ticket.status) == (2, TicketStatus.ASSIGNED)


async def test_the_next_cycle_is_a_new_question(store: Store) -> None:
    await company()
    await resolved()
    await intake.ticket_reopened("T-1", now=at(minutes=1))
    second = await resolved(now=at(minutes=2))
    assert second.invite is not None
    assert second.invite.cycle == 2
    assert await Invite.all().count() == 2


async def test_a_reminder_comes_once_and_never_after_an_answer(store: Store) -> None:
    await company(remind_after="24h")
    invite = await asked()
    await invites.look(invite.id, now=at(hours=23))
    assert await Delivery.filter(kind="reminder").count() == 0
    await invites.look(invite.id, now=at(hours=24))
    await invites.look(invite.id, now=at(hours=49))
    assert await Delivery.filter(kind="reminder").count() == 1


async def test_a_reminder_waits_for_the_delivery_window(store: Store) -> None:
    await company(remind_after="10h", window="09:00-21:00")
    invite = await asked()  # 13:00 in Berlin, so the reminder would come at 23:00
    await invites.look(invite.id, now=at(hours=10))
    assert await Delivery.filter(kind="reminder").count() == 0
    moved = await whole(invite)
    assert moved.remind_at is not None
    assert moved.remind_at == at(hours=20)  # 09:00 in Berlin


async def test_an_invite_that_was_answered_does_not_expire(store: Store) -> None:
    from core.surveys import responses

    await company(expire_after="7d")
    invite = await asked()
    await responses.give_score(invite, "overall", 4, now=at(seconds=1))
    await invites.look(invite.id, now=at(days=8))
    assert (await whole(invite)).state == InviteState.ANSWERED


async def test_stop_cancels_what_is_under_way_and_asks_no_more(store: Store) -> None:
    await company(delay="5m")
    await resolved()
    await invites.stop_asking(await Contact.get(), now=at(minutes=1))
    assert (await Invite.get()).state == InviteState.CANCELLED
    later = await resolved("T-2", now=at(minutes=2))
    assert later.decision is not None
    assert later.decision.reason == "opted_out"


async def test_a_token_opens_only_its_own_invite(store: Store) -> None:
    from core.surveys import tokens

    await company()
    walk = await resolved()
    assert walk.invite is not None
    token = tokens.token_for(walk.invite.key)
    found = await invites.by_token(token)
    assert found is not None
    assert found.id == walk.invite.id
    for wrong in (token[:-1], token + "A", token.swapcase(), "", " " + token, token[:-1] + "\0"):
        assert await invites.by_token(wrong) is None


async def test_an_address_that_moves_to_another_contact_is_that_ones(store: Store) -> None:
    await company()
    await resolved("T-1", contact="c-1")
    await resolved("T-2", contact="c-2", now=at(minutes=1))
    row = await contacts.by_address("support-bot", "777")
    assert row is not None
    assert row.contact.ref == "c-2"


async def test_an_ok_thanks_from_a_known_contact_joins_the_open_request(store: Store) -> None:
    await company()
    first = await tickets.heard_from("support-bot", "777", "My router blinks", name="Ann", now=at())
    second = await tickets.heard_from("support-bot", "777", "Red, I mean", name="Ann", now=at(minutes=1))
    assert (first.opened, second.opened) == (True, False)
    assert second.ticket.id == first.ticket.id
    assert await Ticket.all().count() == 1


async def test_a_question_that_is_given_up_goes_to_the_next_address_and_blames_nobody(store: Store) -> None:
    await company()
    walk = await resolved(addresses=MAIL)
    assert walk.invite is not None
    first, second = await Address.all().order_by("rank")
    await invites.undeliverable(walk.invite.id, first.id, "given up", dead=False, now=at(hours=1))
    assert (await Address.get(id=first.id)).reach == Reach.OK
    assert (await whole(walk.invite)).address_id == second.id
    await invites.undeliverable(walk.invite.id, second.id, "given up", dead=False, now=at(hours=2))
    assert (await whole(walk.invite)).state == InviteState.UNDELIVERABLE
    later = await resolved("T-2", addresses=MAIL, now=at(hours=3))
    assert later.invite is not None
    await invites.revive(walk.invite.id, second.id, now=at(hours=3))
    assert (await whole(walk.invite)).state == InviteState.SCHEDULED


async def test_two_tickets_resolved_at_once_share_one_budget(store: Store) -> None:
    await company(budget="1 per 7d")
    walks = await asyncio.gather(*(resolved(f"T-{number}") for number in range(4)))
    assert sum(walk.invite is not None for walk in walks) == 1


async def test_an_agent_with_a_very_long_address_is_no_trouble(store: Store) -> None:
    await company()
    agent = intake.AgentFacts(email="l" * 250 + "@example.org")
    facts = intake.TicketFacts(ref="T-9", agent=agent)
    contact = contacts.ContactFacts(ref="c-9", addresses=(contacts.AddressFacts("support-bot", "9"),))
    walk = await intake.ticket_resolved(facts, contact, now=at())
    assert walk.ticket.assignee is not None


async def test_a_reminder_that_waits_in_a_slow_lane_does_not_leave_after_a_reopening(store: Store) -> None:
    await company(remind_after="24h", reminders=1, expire_after="7d")
    invite = await asked()
    await invites.look(invite.id, now=at(hours=24))
    assert (await Delivery.get(kind="reminder")).state == DeliveryState.WAITING
    await intake.ticket_reopened("T-1", now=at(hours=25))
    assert (await Delivery.get(kind="reminder")).state == DeliveryState.CANCELLED


async def test_an_invite_that_is_sent_again_belongs_to_the_address_that_it_is_sent_to(store: Store) -> None:
    await company()
    walk = await resolved(addresses=MAIL)
    assert walk.invite is not None
    first = await Delivery.get()
    await invites.undeliverable(walk.invite.id, first.address_id or 0, "blocked", now=at())
    second = await Delivery.get(channel="mail")
    await invites.undeliverable(walk.invite.id, second.address_id or 0, "no such mailbox", now=at())
    await invites.revive(walk.invite.id, first.address_id, now=at())
    revived = await whole(walk.invite)
    assert (revived.state, revived.address.channel) == (InviteState.SCHEDULED, "support-bot")
    await invites.undeliverable(walk.invite.id, first.address_id or 0, "blocked still", now=at())
    assert (await whole(walk.invite)).state == InviteState.UNDELIVERABLE


async def test_who_has_not_said_their_time_zone_lives_in_the_sites(store: Store) -> None:
    await company(window="09:00-21:00")
    contacts.use_zone("Asia/Shanghai")
    try:
        night = at(hours=7)  # 19:00 in UTC, three at night in Shanghai
        facts = contacts.ContactFacts(ref="c-9", addresses=(contacts.AddressFacts("support-bot", "9"),))
        walk = await intake.ticket_resolved(intake.TicketFacts(ref="T-9"), facts, now=night)
    finally:
        contacts.use_zone("UTC")
    assert walk.invite is not None
    assert walk.invite.due_at == at(hours=13)  # nine in the morning there


async def test_a_stranger_who_turns_out_to_be_known_takes_the_open_request_along(store: Store) -> None:
    await company()
    opened = (await tickets.heard_from("support-bot", "55", "My router is dead", now=at())).ticket
    facts = contacts.ContactFacts(ref="c-9", name="Cy", addresses=(contacts.AddressFacts("mail", "cy@example.org"),))
    known = await contacts.learn(facts, now=at())
    await contacts.learn(
        contacts.ContactFacts(ref="c-9", addresses=(contacts.AddressFacts("support-bot", "55"),)), now=at()
    )
    ticket = await Ticket.get(id=opened.id)
    assert ticket.contact_id == known.id
    assert (await tickets.heard_from("support-bot", "55", "Still dead", now=at())).ticket.id == opened.id
    assert await Contact.all().count() == 1


async def test_two_processes_that_meet_the_same_stranger_at_once_know_one_contact(store: Store) -> None:
    await company(budget="1 per 7d")
    await asyncio.gather(
        *(tickets.heard_from("support-bot", "55", f"Hello {number}", name="Cy", now=at()) for number in range(4))
    )
    assert (await Contact.all().count(), await Ticket.all().count()) == (1, 1)
    nobody = contacts.ContactFacts(name="Bo", addresses=(contacts.AddressFacts("mail", "bo@example.org"),))
    await asyncio.gather(
        *(intake.ticket_resolved(intake.TicketFacts(ref=f"B-{one}"), nobody, now=at()) for one in range(4))
    )
    assert await Invite.filter(ticket__ref__startswith="B-").count() == 1
    assert await Decision.filter(sent=True, ticket__ref__startswith="B-").count() == 1

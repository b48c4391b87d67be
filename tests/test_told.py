"""The contact is told: who has the request, that it is resolved and how, that it is open again. Once for each act."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import contacts
from core.desk import intake, tickets
from core.models.contacts import Contact
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Ticket, TicketStatus
from core.models.reactions import Recovery
from core.models.setup import Staff
from tests import world
from tests.rigs.slack import SlackRig
from tests.rigs.telegram import TelegramRig
from tests.test_slack_staff import TEAM, asks, submits
from tests.world import World

ANN, GROUP = 777, -1001
ON_TELEGRAM = [("support-bot", str(ANN))]


@pytest.fixture
async def here(store_url: str, telegram: TelegramRig, slack: SlackRig) -> AsyncIterator[World]:
    async with world.between(store_url, telegram, slack) as running:
        yield running


def told(telegram: TelegramRig, chat: int = ANN) -> list[str]:
    return [one.text for one in telegram.shown(chat)]


async def resolves(slack: SlackRig, **values: Any) -> None:
    """Kim resolves the request on its card."""
    await slack.press("U0KIM", TEAM, "Resolve…")
    await submits(slack, "U0KIM", **{"reason": "Solved", "result": "A <new> cable & plug.", **values})


async def on_the_alert(slack: SlackRig, button: str, **values: Any) -> None:
    """Kim presses it there, and fills in the form that opens."""
    await slack.until(lambda: "Dismiss…" in slack.buttons(TEAM))
    await slack.press("U0KIM", TEAM, button)
    if values:
        await submits(slack, "U0KIM", **values)


async def is_asked(telegram: TelegramRig) -> None:
    await telegram.until(lambda: telegram.buttons(ANN)[:1] == ["1★"])


async def test_ann_hears_who_has_it_and_what_was_done_and_is_asked_after_that(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await asks(telegram, slack)
    await slack.press("U0KIM", TEAM, "Take")
    await telegram.until(lambda: len(told(telegram)) == 2)
    number = (await Ticket.get()).number
    assert told(telegram)[1] == f"Kim looks after your request {number} “My <router> blinks & *beeps*” now."
    await resolves(slack)
    await is_asked(telegram)
    _, _, resolved, question = told(telegram)
    assert f"{number} “My <router> blinks & *beeps*” is resolved by Kim.\n\nA <new> cable & plug." in resolved
    assert question.startswith(f"One question about your request {number}")
    assert "which Kim looked after" in question


async def test_an_address_in_what_was_done_is_a_link_for_the_contact_and_in_the_staffs_thread(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    address = "https://example.org/form?a=1&b=2"
    await asks(telegram, slack)
    await resolves(slack, result=f"Take our form <b>now</b>: {address}.")
    await telegram.until(lambda: any("is resolved" in one for one in told(telegram)))
    [resolved] = [one for one in telegram.shown(ANN) if "is resolved" in one.text]
    assert f"Take our form <b>now</b>: {address}." in resolved.text
    assert [one["url"] for one in resolved.entities if one["type"] == "text_link"] == [address]
    as_slack_has_it = address.replace("&", "&amp;")
    await slack.until(lambda: f"{as_slack_has_it}|{as_slack_has_it}" in slack.links())


async def test_an_address_in_a_reply_is_a_link_in_the_staffs_thread(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await asks(telegram, slack)
    await slack.press("U0KIM", TEAM, "Reply…")
    await submits(slack, "U0KIM", text="See https://example.org/help.")
    await slack.until(lambda: "https://example.org/help|https://example.org/help" in slack.links())


async def test_what_was_not_solved_is_not_called_resolved(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await asks(telegram, slack)
    await resolves(slack, reason="Cannot be solved", result="")
    await telegram.until(lambda: any("we have closed your request" in one for one in told(telegram)))
    assert not any("is resolved" in one for one in told(telegram))


async def test_a_real_question_opens_it_again_and_thanks_do_not(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await asks(telegram, slack)
    await slack.press("U0KIM", TEAM, "Take")
    await resolves(slack)
    await is_asked(telegram)
    await telegram.write(ANN, "ok, thanks!")
    await here.until(lambda: said("ok, thanks!"))
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    await telegram.write(ANN, "It blinks again")
    await telegram.until(lambda: "is open again, and Kim is looking into it" in telegram.screen(ANN))
    again = await Ticket.get()
    assert (again.status, again.cycle) == (TicketStatus.ASSIGNED, 2)
    await slack.until(lambda: "It blinks again" in "\n".join(slack.screen(TEAM)))


async def said(words: str) -> bool:
    return words in [one.text for one in await (await Ticket.get()).entries.all()]


async def test_after_a_week_words_are_a_new_request(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await asks(telegram, slack)
    await resolves(slack)
    await is_asked(telegram)
    await here.move_on(days=8)
    await telegram.write(ANN, "My printer burns")
    await here.until(lambda: Ticket.filter(subject="My printer burns").exists())


async def test_in_a_group_it_is_said_there_and_opened_again_from_there(here: World, telegram: TelegramRig) -> None:
    await telegram.write(GROUP, "/ticket My router blinks", by=ANN)
    await telegram.until(lambda: "CS2" in telegram.screen(GROUP))
    await tickets.resolve(
        await tickets.find((await Ticket.get()).number), result="A cable.", ask=False, now=here.clock()
    )
    await telegram.until(lambda: "A cable." in telegram.screen(GROUP))
    answered = telegram.shown(GROUP)[-1].id
    await telegram.write(GROUP, "Thanks", by=ANN, reply_to=answered)
    await here.until(lambda: said("Thanks"))
    assert (await Ticket.get()).cycle == 1
    await telegram.write(GROUP, "It blinks again", by=ANN, reply_to=answered)
    await telegram.until(lambda: "is open again" in telegram.screen(GROUP))
    assert told(telegram) == []


async def test_another_desk_tells_its_own_contacts_unless_it_says_otherwise(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=ON_TELEGRAM, result="A new cable.")
    await is_asked(telegram)
    await here.reopen()
    assert [one.startswith("Hello Ann <3, your request") for one in told(telegram)] == [True]
    event = {"type": "ticket.resolved", "ticket": {"ref": "T-1", "result": "A plug."}, "tell_contact": True}
    assert (await here.client.post("/api/v1/events", json=event)).status_code == 202
    await telegram.until(lambda: any("is resolved" in one and "A plug." in one for one in told(telegram)))
    event = {"type": "ticket.reopened", "ticket": {"ref": "T-1"}, "tell_contact": True, "reason": "A secret"}
    assert (await here.client.post("/api/v1/events", json=event)).status_code == 202
    await telegram.until(lambda: "is open again" in telegram.screen(ANN))
    assert "secret" not in "\n".join(told(telegram))


async def test_a_bad_rating_is_answered_by_the_apology_and_its_recovery_by_the_question(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await asks(telegram, slack)
    await resolves(slack)
    await is_asked(telegram)
    await telegram.tap(ANN, "1★")
    await telegram.until(lambda: "We are sorry" in telegram.screen(ANN))
    before = len(told(telegram))
    await on_the_alert(slack, "Take")
    await slack.until(lambda: "taken by Kim" in "\n".join(slack.screen(TEAM)))
    await on_the_alert(slack, "Resolve…", outcome="solved", note="Ann was rude")
    await telegram.until(lambda: "Is it right now?" in telegram.screen(ANN))
    assert len(told(telegram)) == before + 1
    assert "rude" not in "\n".join(told(telegram))
    assert await Delivery.filter(kind="resolved").count() == 1


async def test_who_wants_no_surveys_hears_of_the_end_of_a_recovery_all_the_same(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await is_asked(telegram)
    await telegram.tap(ANN, "1★")
    await telegram.until(lambda: "We are sorry" in telegram.screen(ANN))
    await contacts.opt_out(await Contact.get(), now=here.clock())
    await on_the_alert(slack, "Resolve…", outcome="solved", note="Ann was rude")
    await telegram.until(lambda: "is resolved" in telegram.screen(ANN))
    assert "rude" not in "\n".join(told(telegram))


async def test_what_is_no_longer_true_is_not_said(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await asks(telegram, slack)
    ticket = await tickets.find((await Ticket.get()).number)
    telegram.mood = "broken"
    await tickets.resolve(ticket, result="A cable.", ask=False, now=here.clock())
    await here.until(lambda: Delivery.filter(kind="resolved", attempts__gt=0).exists())
    await intake.ticket_reopened(ticket.number, now=here.clock())
    telegram.mood = "fine"
    await here.move_on(minutes=2)
    await telegram.until(lambda: "is open again" in telegram.screen(ANN))
    await here.until(lambda: Delivery.filter(kind="resolved", state=DeliveryState.CANCELLED).exists())
    assert not any("A cable." in one for one in told(telegram))


async def test_what_came_too_late_says_what_held_it_up(here: World, telegram: TelegramRig) -> None:
    telegram.mood = "broken"
    await here.resolve(addresses=ON_TELEGRAM)
    await here.until(lambda: Delivery.filter(kind="invite", attempts__gt=0).exists())
    await Delivery.filter(kind="invite").update(expires_at=here.clock())
    await here.move_on(minutes=2)
    await here.until(lambda: Delivery.filter(kind="invite", state=DeliveryState.DEAD).exists())
    problem = (await Delivery.get(kind="invite")).problem
    assert problem.startswith("no longer wanted by the time it could be sent: what answered is not Telegram")


async def test_a_request_that_goes_to_and_fro_is_no_news_each_time(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await asks(telegram, slack)
    kim, li = await Staff.get(), await Staff.create(key="li", name="Li")
    for staff in (kim, li, kim, kim, li):
        await tickets.assign(await tickets.find((await Ticket.get()).number), staff, now=here.clock())
    assert await Delivery.filter(kind="assigned").count() == 2


@pytest.mark.parametrize(("zone", "named"), [("Europe/Berlin", False), ("", True)])
async def test_a_deadline_names_its_zone_where_the_contacts_own_is_not_known(
    zone: str, named: bool, here: World, telegram: TelegramRig
) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await is_asked(telegram)
    await Contact.all().update(timezone=zone)
    await telegram.tap(ANN, "1★")
    await telegram.until(lambda: "We are sorry" in telegram.screen(ANN))
    assert "will come back to you by" in telegram.screen(ANN)
    assert ("(UTC)" in telegram.screen(ANN)) is named


async def test_who_comes_back_and_when_is_promised_once(here: World, telegram: TelegramRig) -> None:
    await rated_badly(here, telegram)
    await telegram.tap(ANN, "Done")
    await telegram.until(lambda: "Thank you for being frank" in told(telegram)[0])
    assert "".join(told(telegram)).count("will come back to you by") == 1


async def test_a_promise_that_says_something_new_is_told_in_the_thanks(here: World, telegram: TelegramRig) -> None:
    await rated_badly(here, telegram)
    bo = await Staff.create(key="bo", name="Bo")
    await Recovery.all().update(owner_id=bo.id)  # it was handed over
    await telegram.tap(ANN, "Done")
    await telegram.until(lambda: "Bo will come back to you by" in told(telegram)[0])


async def rated_badly(here: World, telegram: TelegramRig) -> None:
    """Ann taps once, and goes on only after what that brings about."""
    await here.resolve(addresses=ON_TELEGRAM)
    await is_asked(telegram)
    await telegram.tap(ANN, "1★")
    await telegram.until(lambda: "attitude" in told(telegram)[0])
    await here.move_on(seconds=100)
    await telegram.until(lambda: len(told(telegram)) == 2)
    assert "will come back to you by" in told(telegram)[1]

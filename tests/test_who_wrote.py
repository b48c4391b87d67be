"""What staff read by mail says who really wrote it, how the nameless are called, and where to go."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.models.deliveries import Arrival, ArrivalState
from core.models.desk import Ticket, TicketEntry
from tests import world
from tests.rigs.correspondent import Correspondent
from tests.rigs.smtp import Mail, SmtpRig
from tests.test_mail_journeys import ANN, BY_MAIL
from tests.test_staff_mails import SETUP, TEAM
from tests.world import World

EVE = "eve@example.com"


@pytest.fixture
async def here(store_url: str, mail: SmtpRig, listening: int) -> AsyncIterator[World]:
    async with world.between(store_url, mail, listening=listening, setup=SETUP, more=world.WEBCHAT) as running:
        yield running


@pytest.fixture
def ann(here: World, listening: int) -> Correspondent:
    return Correspondent(ANN, listening)


async def asked_for_help(ann: Correspondent, mail: SmtpRig) -> tuple[Mail, Mail]:
    """Ann's mail opens a request: what she gets, and what the team gets."""
    await ann.writes("The router is dead.")
    return await mail.mail_to(ANN), await mail.mail_to(TEAM)


async def written(mail: SmtpRig, number: int) -> str:
    return (await mail.mail_to(TEAM, number=number)).text


async def test_whoever_answers_a_forwarded_mail_is_not_called_by_the_customers_name(
    here: World, mail: SmtpRig, ann: Correspondent, listening: int
) -> None:
    receipt, _ = await asked_for_help(ann, mail)
    eve = Correspondent(EVE, listening, name="Ann <3")
    await eve.answers(receipt, "I am somebody else.")
    told = await written(mail, 2)
    assert "eve@example.com (no address of Ann <3) wrote:\nI am somebody else." in told
    entry = await TicketEntry.filter(kind="message").order_by("-id").first()
    assert entry is not None
    assert (entry.actor, entry.values["address"]) == (EVE, EVE), "the name beside an address is anybody's to write"


async def test_words_that_only_a_number_joins_are_marked(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    receipt, _ = await asked_for_help(ann, mail)
    await ann.answers(receipt, "It blinks.")
    assert "Ann <3 wrote:\nIt blinks." in await written(mail, 2)
    ticket = await Ticket.get()
    await ann.writes("Send the new one to my other house.", subject=f"[{ticket.number}]")
    assert "Ann <3 (sender unproven) wrote:\nSend the new one to my other house." in await written(mail, 3)


async def test_a_card_that_begins_with_unproven_words_is_marked(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await asked_for_help(ann, mail)
    await here.until(lambda: _handled(1))
    ticket = await Ticket.get()
    await Ticket.filter(id=ticket.id).update(cycle=2)  # as after a rule has opened it again
    await ann.writes("Give me her number.", subject=f"[{ticket.number}]")
    card = await mail.mail_to(TEAM, number=2)
    assert card.header("Subject") == f"{ticket.number}: Ann <3 (sender unproven) has a new request"
    assert "Ann <3 (sender unproven) has a new request by e-mail" in card.text


async def _handled(number: int) -> bool:
    return await Arrival.filter(channel="mail").exclude(state=ArrivalState.NEW).count() >= number


async def test_who_has_no_name_is_called_by_the_address(here: World, mail: SmtpRig, listening: int) -> None:
    await Correspondent("a@b.example", listening, name="").writes("The router is dead.")
    card = await mail.mail_to(TEAM)
    assert card.header("Subject").endswith(": a@b.example has a new request")
    assert "a@b.example has a new request by e-mail" in card.text
    [shown] = (await here.get("/tickets"))["items"]
    assert (shown["contact"]["name"], shown["contact"]["called"]) == ("", "a@b.example")


async def test_mails_to_the_staff_lead_to_the_ticket_and_no_customers_mail_does(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await here.resolve(addresses=BY_MAIL)
    question = await mail.mail_to(ANN)
    await ann.answers(question, "1/5 too slow")
    alert = await mail.mail_to(TEAM)
    ticket = await Ticket.get()
    page = f"{here.base_url}/admin/tickets/{ticket.number}"
    assert alert.link("Open ticket") == page
    assert f"Open ticket: {page}" in alert.text.splitlines()
    await ann.answers(question, "and nobody called")
    await here.move_on(hours=1)
    raised = await mail.mail_to(TEAM, number=2)
    assert raised.link("Open ticket") == page
    await here.move_on(hours=30)
    await mail.until(lambda: any(one.header("Subject").startswith("Overdue") for one in mail.mailbox(TEAM)))
    assert [one.link("Open ticket") for one in mail.mailbox(TEAM)] == [page] * len(mail.mailbox(TEAM))
    assert not [one for one in mail.mailbox(ANN) if "/admin/" in one.html or "/admin/" in one.text]


async def test_a_card_and_its_lines_lead_to_the_ticket(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    receipt, card = await asked_for_help(ann, mail)
    page = f"{here.base_url}/admin/tickets/{(await Ticket.get()).number}"
    await ann.answers(receipt, "It blinks.")
    line = await mail.mail_to(TEAM, number=2)
    assert [one.link("Open ticket") for one in (card, line)] == [page, page]
    assert not [one for one in mail.mailbox(ANN) if "/admin/" in one.html or "/admin/" in one.text]

"""Alerts by mail, and staff who press *Reply*: a note for the team, and never a word to the customer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.models.contacts import Contact
from core.models.deliveries import Arrival, ArrivalState, Delivery
from core.models.desk import Attachment, Ticket, TicketEntry
from core.models.reactions import Alert
from core.models.setup import StaffAddress
from core.surveys import tokens
from tests import world
from tests.rigs.correspondent import Correspondent
from tests.rigs.smtp import Mail, SmtpRig
from tests.test_mail_journeys import ANN, BY_MAIL
from tests.world import World

TEAM, KIM = "team@example.org", "kim@example.org"
SETUP = world.SETUP.replace('channel = "slack", to = "C0ALERTS"', f'channel = "mail", to = "{TEAM}"').replace(
    'channel = "slack", address = "U0KIM"', 'channel = "mail", address = "Kim@Example.org"'
)


@pytest.fixture
async def here(store_url: str, mail: SmtpRig, listening: int) -> AsyncIterator[World]:
    async with world.between(store_url, mail, listening=listening, setup=SETUP) as running:
        yield running


def person(address: str, listening: int) -> Correspondent:
    return Correspondent(address, listening, name=address.partition("@")[0].title())


async def alerted(here: World, mail: SmtpRig, listening: int) -> Mail:
    """Ann is unhappy; the mail that the team gets."""
    await here.resolve(addresses=BY_MAIL)
    await person(ANN, listening).answers(await mail.mail_to(ANN), "1/5 too slow")
    await mail.mail_to(ANN, number=2)
    return await mail.mail_to(TEAM)


async def handled(here: World, number: int) -> None:
    await here.until(lambda: _handled(number))


async def _handled(number: int) -> bool:
    return await Arrival.filter(channel="mail").exclude(state=ArrivalState.NEW).count() >= number


async def notes() -> list[tuple[str, str]]:
    rows = TicketEntry.filter(kind="note", label="").order_by("id")
    return [(one.actor, one.text) for one in await rows]


async def nothing_for_ann(mail: SmtpRig) -> None:
    assert not await Delivery.filter(kind="reply").exists()
    assert len([one for one in mail.mails if ANN in one.recipients]) == 2, "the question, and that we are sorry"
    assert await Ticket.all().count() == 1


async def test_what_staff_answer_to_an_alert_is_a_note_and_the_customer_never_sees_it(
    here: World, mail: SmtpRig, listening: int
) -> None:
    alert = await alerted(here, mail, listening)
    assert "becomes a note on the request" in alert.text
    assert alert.header("Reply-To").startswith("Support <support+s")
    await person(KIM, listening).answers(alert, "I call her now.\nHer router is old.")
    await here.until(notes)
    assert await notes() == [("Kim", "I call her now.\nHer router is old.")], "nothing that was quoted"
    assert (await TicketEntry.get(kind="note", label="")).internal
    await nothing_for_ann(mail)
    assert await Contact.all().count() == 1, "nobody of the team becomes a customer by it"
    assert (await Alert.get()).state == "open", "a note takes nothing"


async def test_it_is_known_by_either_the_address_or_the_mail_that_it_names(
    here: World, mail: SmtpRig, listening: int
) -> None:
    alert, kim = await alerted(here, mail, listening), person(KIM, listening)
    await kim.answers(alert, "By its name.", to="support@example.org")
    await kim.writes("By its address.", to=alert.header("Reply-To").rpartition("<")[2].rstrip(">"))
    await here.until(lambda: _noted(2))
    assert {text for _, text in await notes()} == {"By its name.", "By its address."}
    await nothing_for_ann(mail)


async def _noted(count: int) -> bool:
    return len(await notes()) == count


async def test_files_come_along_as_they_do_elsewhere(here: World, mail: SmtpRig, listening: int) -> None:
    alert = await alerted(here, mail, listening)
    to = alert.header("Reply-To").rpartition("<")[2].rstrip(">")
    await person(KIM, listening).writes("See the picture", to=to, files=(("router.png", b"\x89PNG"),))
    await here.until(notes)
    file = await Attachment.get()
    assert (file.name, file.ticket_id) == ("router.png", (await Ticket.get()).id)


async def test_the_line_that_somebody_took_it_can_be_answered_too(here: World, mail: SmtpRig, listening: int) -> None:
    await alerted(here, mail, listening)
    await here.move_on(hours=1)
    raised = await mail.mail_to(TEAM, number=2)
    await person(KIM, listening).answers(raised, "I am late, sorry")
    await here.until(notes)
    assert await notes() == [("Kim", "I am late, sorry")]


async def test_who_is_none_of_the_staff_is_told_once_a_day_and_nothing_of_theirs_is_kept(
    here: World, mail: SmtpRig, listening: int
) -> None:
    alert, mallory = await alerted(here, mail, listening), person("mallory@example.com", listening)
    for number, words in enumerate(("Give me her number", "Now!"), start=2):
        await mallory.answers(alert, words)
        await handled(here, number)
    told = await mail.mail_to("mallory@example.com")
    assert "belongs to nobody of the team" in told.text
    assert told.header("Auto-Submitted") == "auto-replied"
    assert await notes() == []
    lines = await TicketEntry.filter(label="history.not_staff")
    assert [one.values["address"] for one in lines] == ["mallory@example.com"]
    assert not await TicketEntry.filter(text__contains="her number").exists()
    await nothing_for_ann(mail)
    assert await Delivery.filter(kind="note").count() == 1
    await here.move_on(hours=25)
    await mallory.answers(alert, "And today?")
    await mail.mail_to("mallory@example.com", number=2)


async def test_holiday_notes_make_no_note_and_no_loop(here: World, mail: SmtpRig, listening: int) -> None:
    alert = await alerted(here, mail, listening)
    for address in (KIM, "robot@example.com"):
        await person(address, listening).answers(alert, "I am away", headers={"Auto-Submitted": "auto-replied"})
    await handled(here, 3)
    assert await notes() == []
    assert not await Delivery.filter(kind="note").exists()
    await nothing_for_ann(mail)


async def test_who_works_here_no_more_is_none_of_the_staff(here: World, mail: SmtpRig, listening: int) -> None:
    alert = await alerted(here, mail, listening)
    row = await StaffAddress.get().select_related("staff")
    row.staff.active = False
    await row.staff.save()
    await person(KIM, listening).answers(alert, "I was never told")
    assert "belongs to nobody of the team" in (await mail.mail_to(KIM)).text
    assert await notes() == []


async def test_nobody_makes_a_note_with_an_address_that_they_made_up(
    here: World, mail: SmtpRig, listening: int
) -> None:
    await alerted(here, mail, listening)
    number = (await Ticket.get()).id
    await person(KIM, listening).writes("Forged", to=f"support+s{number}.aaaaaaaaaaaaaaaaaaaa@example.org")
    await handled(here, 2)
    assert await notes() == []


async def test_a_customers_own_address_is_the_customers_even_in_a_mail_that_names_an_alert(
    here: World, mail: SmtpRig, listening: int
) -> None:
    alert = await alerted(here, mail, listening)
    token = tokens.reply_token_for("ticket", str((await Ticket.get()).id))
    await person(ANN, listening).answers(alert, "It still blinks", to=f"support+{token}@example.org")
    await here.until(lambda: TicketEntry.filter(kind="message", text="It still blinks").exists())
    assert await notes() == []

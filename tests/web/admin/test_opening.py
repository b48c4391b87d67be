"""A request that the staff open for a contact: once, with a number that the contact is told."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.webchat.channel import WebchatChannel
from bot.channels.webchat.settings import WebchatSettings
from bot.web.admin.opening_page import PATH
from core.contacts import AddressFacts
from core.desk import openings
from core.desk.openings import Opening
from core.models.accounts import AuditLine, Role
from core.models.contacts import Address, Contact, Reach
from core.models.deliveries import Delivery
from core.models.desk import Priority, Ticket, TicketEntry, TicketStatus
from core.reactions import recoveries
from tests.web.admin import unhappy
from tests.web.admin.desk import at
from tests.web.front import Front

BO = {"channel": "support-bot", "address": "4711", "name": "Bo <3", "locale": "zh-Hans"}
WHAT = {"subject": "Router & cable", "text": "It <b>blinks</b> red", "type": "complaint", "priority": "", "team": ""}


async def test_somebody_new_is_told_the_number_in_their_language_and_the_team_hears(front: Front) -> None:
    kim = await unhappy.browser_of(front)
    page = await kim.open(PATH)
    assert page.all("option", value="support", selected=""), "Kim's own team is chosen already"
    page = await kim.send(PATH, **BO, **WHAT | {"team": "support"}, mine="on")
    ticket = await Ticket.get().select_related("contact", "team", "assignee")
    assert kim.path == f"/admin/tickets/{ticket.number}"
    assert "is told its number" in page.text
    assert (ticket.contact.name, ticket.contact.locale, ticket.channel) == ("Bo <3", "zh-Hans", "support-bot")
    assert (ticket.subject, ticket.priority, ticket.status) == ("Router & cable", Priority.HIGH, TicketStatus.ASSIGNED)
    assert ticket.assignee is not None
    assert (ticket.assignee.name, ticket.team and ticket.team.key) == ("Kim", "support")
    told = await Delivery.filter(contact_id=ticket.contact_id).values_list("kind", "channel", "target")
    assert list(told) == [("received", "support-bot", "4711")], "one message, and none about who has it"
    assert await Delivery.filter(kind="request", target="C0ALERTS").exists(), "the team sees its card"
    assert "Opened by Kim for the customer" in page.heading
    assert "It <b>blinks</b> red" in page.text
    [line] = await AuditLine.filter(action="ticket.opened")
    assert (line.actor, line.subject) == ("kim@kestrel.example", f"ticket:{ticket.number}")
    assert "blinks" not in str(line.after)


async def test_a_form_that_is_sent_twice_opens_one_request(front: Front) -> None:
    kim = await unhappy.browser_of(front)
    await kim.open(PATH)
    form = kim.page.hidden()
    for _ in range(2):
        await kim.post(PATH, **form, **BO, **WHAT)
        assert kim.path == f"/admin/tickets/{(await Ticket.get()).number}"
    assert await Delivery.filter(kind="received").count() == 1
    await kim.open(PATH)
    await kim.send(PATH, **BO, **WHAT)
    assert await Ticket.all().count() == 2, "another form is another request"
    assert await Contact.all().count() == 1


async def test_two_that_come_at_the_same_moment_open_one_too(front: Front) -> None:
    kim = await unhappy.person()
    opening = Opening("f1", "Router", channel="support-bot", address="4711")
    opened = [
        openings.open_ticket(opening, by=kim, account="kim@kestrel.example", now=front.clock.now) for _ in range(4)
    ]
    assert len({one.id for one in await asyncio.gather(*opened)}) == 1
    assert (
        await Ticket.all().count(),
        await Contact.all().count(),
        await Delivery.filter(kind="received").count(),
    ) == (
        1,
        1,
        1,
    )
    assert await AuditLine.filter(action="ticket.opened").count() == 1


async def test_who_is_known_by_the_address_keeps_name_and_language(front: Front) -> None:
    ann = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    where = await Address.get()
    await kim.open(PATH)
    await kim.send(PATH, **BO | {"address": where.address}, **WHAT)
    contact = await Contact.get()
    assert (contact.id, contact.name, contact.locale) == (ann.ticket.contact_id, "Ann <3", "en")


async def test_from_a_contacts_page_it_is_for_that_contact_where_they_are_reached(front: Front) -> None:
    ann = await unhappy.alert(front)
    contact_id = ann.ticket.contact_id
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"/admin/contacts/{contact_id}")
    assert page.all("a", href=f"{PATH}?contact={contact_id}")
    page = await kim.open(f"{PATH}?contact={contact_id}")
    assert not page.all("input", name="address")
    await kim.send(PATH, **WHAT, channel="support-bot")
    ticket = await Ticket.filter(contact_id=contact_id).order_by("-id").first()
    assert ticket is not None
    assert (ticket.subject, ticket.assignee_id) == ("Router & cable", None)
    assert await Delivery.filter(kind="received", ticket_id=ticket.id, target="701").exists()


async def test_who_cannot_be_reached_has_a_request_all_the_same_and_it_says_so(front: Front) -> None:
    ann = await unhappy.alert(front)
    await Address.all().update(reach=Reach.UNREACHABLE)
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"{PATH}?contact={ann.ticket.contact_id}")
    assert "they are not told" in page.text
    page = await kim.send(PATH, **WHAT)
    assert "cannot be told" in page.text
    assert "could not be told the number" in page.heading
    assert not await Delivery.filter(kind="received").exists()


async def test_a_number_in_the_web_chat_is_told_to_nobody_before_somebody_comes_there(front: Front) -> None:
    front.site.channels["chat"] = WebchatChannel("chat", WebchatSettings(kind="webchat"), base_url=front.site.base_url)
    kim = await unhappy.browser_of(front)
    await kim.open(PATH)
    page = await kim.send(PATH, **BO | {"channel": "chat", "address": "w_nobody"}, **WHAT)
    assert "nobody is told yet" in page.text
    assert "is told its number" not in page.text
    front.clock.pass_(minutes=5)
    await kim.open(PATH)
    page = await kim.send(PATH, **BO | {"channel": "chat", "address": "w_nobody"}, **WHAT)
    assert "Its number waits in the web chat" in page.text
    assert "is told its number" not in page.text


async def test_when_it_does_not_arrive_the_next_address_is_tried_and_then_the_ticket_says_so(front: Front) -> None:
    kim = await unhappy.browser_of(front)
    await kim.open(PATH)
    await kim.send(PATH, **BO, **WHAT)
    contact = await Contact.get()
    await Address.create(contact=contact, channel="mail", address="bo@example.org", rank=1, created_at=front.clock.now)
    first = await Delivery.get(kind="received")
    assert recoveries.is_for_the_contact(first)
    await recoveries.not_told(first, "blocked", now=front.clock.now)
    second = await Delivery.get(kind="received", channel="mail")
    await Address.all().update(reach=Reach.UNREACHABLE)
    await recoveries.not_told(second, "bounced", now=front.clock.now)
    assert await TicketEntry.filter(label="history.received_failed").count() == 1


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"subject": " "}, "subject", "Say in a few words"),
        ({"subject": "x" * 201}, "subject", "200 characters fit"),
        ({"text": "x" * 4001}, "text", "4000 characters fit"),
        ({"address": ""}, "address", "Write the address."),
        ({"address": "a b"}, "address", "without blanks"),
        ({"channel": "pigeon"}, "channel", "Please choose one."),
        ({"type": "poem"}, "type", "Please choose one."),
        ({"team": "nobody"}, "team", "Please choose one."),
        ({"priority": "mild"}, "priority", "Please choose one."),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    front: Front, wrong: dict[str, str], field: str, words: str
) -> None:
    kim = await unhappy.browser_of(front)
    await kim.open(PATH)
    once = kim.page.hidden()["once"]
    page = await kim.send(PATH, **{**BO, **WHAT, **wrong})
    assert kim.status == 422
    assert words in page.text
    [shown] = [one for name, one in page.tags if one.get("name") == field]
    assert shown.get("aria-invalid") == "true"
    assert f"p-{field}" in shown["aria-describedby"]
    kept = {one["name"]: one["value"] for one in page.all("input") if "value" in one}
    assert (kept["name"], kept["once"]) == ("Bo <3", once)
    assert not page.all("input", name="mine", checked=""), "what was not ticked is not ticked"
    assert not await Ticket.exists()
    assert not await Contact.exists()
    await kim.send(PATH, **BO, **WHAT)
    assert await Ticket.all().count() == 1


async def test_who_may_only_look_or_is_nobody_on_the_desk_opens_none(front: Front) -> None:
    auditor = await at(front, Role.AUDITOR)
    page = await auditor.open("/admin/tickets")
    assert not page.all("a", href=PATH)
    await auditor.post(PATH, **BO, **WHAT, once="x")
    assert auditor.status == 403
    admin = await at(front, Role.ADMIN)
    page = await admin.open(PATH)
    assert "nobody on the desk" in page.text
    page = await admin.send(PATH, **BO, **WHAT)
    assert (admin.status, "nobody on the desk" in page.text) == (422, True)
    assert not await Ticket.exists()


async def test_nobody_is_found_under_numbers_that_are_none(front: Front) -> None:
    kim = await unhappy.browser_of(front)
    for number in ("0", "-1", "99", "١", "x", "9" * 40):
        await kim.open(PATH)
        await kim.post(PATH, **WHAT, contact=number, once="x")
        assert kim.status == 404, number
    gone = await Contact.create(name="", created_at=front.clock.now, erased_at=front.clock.now)
    await kim.open(PATH)
    page = await kim.post(PATH, **WHAT, contact=str(gone.id))
    assert (kim.status, "not there any more" in page.text) == (422, True)
    assert not await Ticket.exists()


async def test_a_form_without_its_own_name_gets_one_and_opens_nothing_yet(front: Front) -> None:
    kim = await unhappy.browser_of(front)
    await kim.open("/admin/tickets")
    page = await kim.post(PATH, **BO, **WHAT)
    assert (kim.status, "too old" in page.text) == (422, True)
    await kim.send(PATH, **BO, **WHAT)
    assert await Ticket.all().count() == 1


async def test_the_forms_are_forgotten_after_a_day(front: Front) -> None:
    kim = await unhappy.person()
    opening = Opening("f1", "Router", channel="support-bot", address=AddressFacts("support-bot", "4711").address)
    await openings.open_ticket(opening, by=kim, account="kim", now=front.clock.now)
    await openings.forget(before=front.clock.now)
    assert (await openings.open_ticket(opening, by=kim, account="kim", now=front.clock.now)).number
    front.clock.pass_(days=2)
    await openings.forget(before=front.clock.now)
    await openings.open_ticket(opening, by=kim, account="kim", now=front.clock.now)
    assert await Ticket.all().count() == 2

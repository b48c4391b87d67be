"""Two people at one ticket: nobody answers past the other, or past the customer, unseen; and nothing typed is lost."""

from __future__ import annotations

import pytest

from core.desk import tickets
from core.models.accounts import AuditLine
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry, TicketStatus
from tests.web.admin import unhappy
from tests.web.front import Front

PATH = "/admin/tickets"


async def both(front: Front) -> Ticket:
    """A ticket that Li and Wang have open."""
    asked = await front.invite()
    ticket = await Ticket.get(id=(await asked.row()).ticket_id).select_related("contact")
    await tickets.reopen(ticket, now=front.clock.now)
    return ticket


async def sent() -> list[str]:
    return [str(one.payload["text"]) for one in await Delivery.filter(kind="reply").order_by("id")]


async def test_who_answers_after_a_colleague_is_asked_first_and_their_words_are_kept(front: Front) -> None:
    ticket = await both(front)
    path = f"{PATH}/{ticket.number}"
    li, wang = await unhappy.browser_of(front, "Li"), await unhappy.browser_of(front, "Wang")
    for browser in (li, wang):
        await browser.open(path)
    await li.send(f"{path}/reply", text="A new <cable> comes")
    await li.open(path)
    await li.send(f"{path}/resolve", reason="solved", result="Cable")
    page = await wang.send(f"{path}/reply", text="Please restart it")
    assert wang.status == 409
    assert await sent() == ["A new <cable> comes"]
    assert "Please restart it</textarea>" in wang.html
    assert "Li wrote (" in page.text
    assert "A new &lt;cable&gt; comes" in wang.html
    assert "Resolved by Li" in page.text
    assert "Send it anyway" in page.text
    await wang.send(f"{path}/reply", text="Please restart it")
    assert await sent() == ["A new <cable> comes", "Please restart it"]
    assert (await Ticket.get(id=ticket.id)).status == TicketStatus.RESOLVED


async def test_a_customer_who_wrote_meanwhile_is_read_before_it_is_resolved(front: Front) -> None:
    ticket = await both(front)
    path = f"{PATH}/{ticket.number}"
    kim = await unhappy.browser_of(front)
    await kim.open(path)
    await tickets.message(ticket, "It smokes now", by="Ann", from_contact=True, now=front.clock.now)
    page = await kim.send(f"{path}/resolve", reason="solved", result="Works")
    assert kim.status == 409
    assert "It smokes now" in page.text
    assert "Works</textarea>" in kim.html
    assert (await Ticket.get(id=ticket.id)).status != TicketStatus.RESOLVED
    await kim.send(f"{path}/resolve", reason="solved", result="Works")
    assert (await Ticket.get(id=ticket.id)).status == TicketStatus.RESOLVED


async def test_what_i_did_myself_elsewhere_is_no_news(front: Front) -> None:
    ticket = await both(front)
    path = f"{PATH}/{ticket.number}"
    kim, too = await unhappy.browser_of(front), await unhappy.browser_of(front)
    for browser in (kim, too):
        await browser.open(path)
    await kim.send(f"{path}/note", note="I call her")
    await kim.send(f"{path}/take")
    await too.send(f"{path}/reply", text="Hello")
    assert await sent() == ["Hello"]


async def test_the_inbox_asks_as_well(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    await kim.open("/admin/inbox")
    await tickets.note(raised.ticket, "The lawyers answer this one", by="Lee", now=front.clock.now)
    page = await kim.send(f"/admin/inbox/{raised.key}/reply", text="Sorry!")
    assert kim.status == 409
    assert await sent() == []
    assert "Lee noted for the team" in page.text
    assert "The lawyers answer this one" in page.text
    assert "Sorry!</textarea>" in kim.html
    await kim.send(f"/admin/inbox/{raised.key}/reply", text="Sorry!")
    assert await sent() == ["Sorry!"]


@pytest.mark.parametrize("again", [False, True])
async def test_what_is_resolved_can_be_written_about_and_opened_again_by_it(front: Front, again: bool) -> None:
    asked = await front.invite()
    ticket = await Ticket.get(id=(await asked.row()).ticket_id)
    path = f"{PATH}/{ticket.number}"
    kim = await unhappy.browser_of(front)
    page = await kim.open(path)
    assert "Send and open again" in page.text
    await kim.send(f"{path}/reply", text="One more thing", **({"reopen": "1"} if again else {}))
    assert await sent() == ["One more thing"]
    now_is = await Ticket.get(id=ticket.id)
    assert (now_is.cycle, now_is.status == TicketStatus.RESOLVED) == ((2, False) if again else (1, True))
    assert await Delivery.filter(kind="reopened").exists() == again
    [line] = await AuditLine.filter(subject=f"ticket:{ticket.number}")
    assert line.action == ("ticket.replied_and_reopened" if again else "ticket.replied")


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 40, "٣"])
async def test_a_mark_that_is_none_checks_nothing_and_fails_nothing(sqlite_front: Front, seen: str) -> None:
    contact = await Contact.get(id=(await sqlite_front.invite()).contact_id)
    ticket = await tickets.open_ticket(contact=contact, subject="Bill", now=sqlite_front.clock.now)
    path = f"{PATH}/{ticket.number}"
    kim = await unhappy.browser_of(sqlite_front)
    await kim.open(path)
    await kim.post(f"{path}/note", note="x")
    await kim.post(f"{path}/resolve", reason="solved", result="", seen=seen)
    assert kim.status == 200
    assert await TicketEntry.filter(ticket_id=ticket.id, kind="resolved").exists()

"""Tickets in the browser: found, read to the last step, worked on; and nothing in them runs."""

from __future__ import annotations

import re

import pytest

from core import contacts
from core.contacts import AddressFacts
from core.desk import attachments, letters, tickets
from core.models.accounts import AuditLine, Role
from core.models.contacts import Contact
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Attachment, Priority, Ticket, TicketEntry, TicketStatus
from core.models.invites import Invite, InvitePurpose
from core.models.setup import Rule, Survey
from core.ports import File
from core.store import Store
from core.surveys import invites, responses
from tests.rigs import statements
from tests.web.admin import unhappy
from tests.web.admin.desk import at
from tests.web.front import Front

PATH = "/admin/tickets"
EVIL = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"


async def opened(front: Front, name: str = "Bo", subject: str = "Router", text: str = "It blinks red") -> Ticket:
    contact, _ = await Contact.get_or_create(ref=name, defaults={"name": name, "created_at": front.clock.now})
    return await tickets.open_ticket(contact=contact, subject=subject, text=text, now=front.clock.now)


async def test_tickets_are_found_by_what_one_knows_of_them(front: Front) -> None:
    router, cable = await opened(front), await opened(front, "Zoë", "Cable & duct", "100% broken_")
    admin = await at(front, Role.ADMIN)
    for query, found in (
        ("q=rout", {router}),
        ("q=zoë", {cable}),
        (f"q={cable.number[:10]}", {router, cable}),
        ("q=blinks", set()),
        ("q=blinks&messages=1", {router}),
        ("q=100%25&messages=1", {cable}),
        ("q=%25&messages=", set()),
        ("status=open", {router, cable}),
        ("status=resolved", set()),
        ("status=nonsense&team=nobody&since=yesterday&until=0001-01-01", {router, cable}),
        ("since=2026-11-22&until=2026-11-22", {router, cable}),
        ("since=2026-11-23", set()),
    ):
        page = await admin.open(f"{PATH}?{query}")
        assert admin.status == 200, query
        shown = {one for one in (router, cable) if page.all("a", href=f"{PATH}/{one.number}")}
        assert shown == found, query
    await admin.open(f"{PATH}?q={router.number.lower()}")
    assert admin.path == f"{PATH}/{router.number}", "a number leads there at once"


async def test_page_follows_page_and_none_is_shown_twice(front: Front) -> None:
    made = [await opened(front) for _ in range(53)]
    admin = await at(front, Role.ADMIN)
    page = await admin.open(f"{PATH}?status=open")
    first = {one["href"] for one in page.all("a") if one.get("href", "").startswith(f"{PATH}/CS")}
    [older] = [one["href"] for one in page.all("a") if "before=" in one.get("href", "")]
    assert "status=open" in older
    page = await admin.open(PATH + older)
    second = {one["href"] for one in page.all("a") if one.get("href", "").startswith(f"{PATH}/CS")}
    assert (len(first), len(second)) == (50, 3)
    assert first | second == {f"{PATH}/{one.number}" for one in made}


async def test_a_ticket_tells_everything_that_happened(front: Front) -> None:
    settings = {"when": {"bands": ["positive"]}, "then": ["alert"]}
    await Rule.create(key="praise", position=9, settings=settings)
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"{PATH}/{raised.ticket.number}")
    words = page.heading
    for expected in (
        "Rated 1 of 5",
        "Recovery opened, due",
        "Rule: ",
        "did nothing, because of this: the judgement",
        "Judgement 1: ",
        "Staff alerted in ",
        "Alert to the staff: waits for",
        "Survey sent",
        "Reopened because of a rating of 1 of 5",
    ):
        assert expected in words, expected
    assert "{" not in words
    assert page.all("details", **{"class": "story"})


async def test_scores_are_called_as_the_survey_called_them(front: Front) -> None:
    settings = (await Survey.get(current=True)).settings
    await Survey.filter(current=True).update(
        settings=settings | {"dimensions": [{"key": "overall"}, {"key": "speed", "label": {"en": "Pace"}}]}
    )
    raised = await unhappy.alert(front, score=4, speed=1)
    kim = await unhappy.browser_of(front)
    words = (await kim.open(f"{PATH}/{raised.ticket.number}")).heading
    assert "Judgement 1: negativeOverall 4 · Pace 1" in words
    assert "Reopened because of a rating of 1 of 5: Pace" in words
    assert "in one point (Pace)" in words


async def test_what_the_customer_said_stands_above_the_conversation_and_stays_when_it_is_over(front: Front) -> None:
    raised = await unhappy.alert(front, comment="Late & cold", score=2, reasons=["slow"], speed=1)
    kim = await unhappy.browser_of(front)
    path = f"{PATH}/{raised.ticket.number}"
    page = await kim.open(path)
    assert [one.get("aria-label", "") for one in page.all("summary")].count(f"Dismiss…: {raised.ticket.number}") == 1
    assert page.all("form", action=f"{path}/take"), "all that can be done stands in one place"
    await kim.send(f"{path}/resolve", outcome="compensated", note="A voucher")
    again = await Invite.get(purpose=InvitePurpose.RECOVERY)
    await invites.delivered(again.id, now=front.clock.now)
    whole = await invites.by_id(again.id)
    assert whole is not None
    response = await responses.answer(whole, {"overall": 4}, None, "Thanks", finished=True, now=front.clock.now)
    await responses.settle(response.id, now=front.clock.now)
    page = await kim.open(path)
    said = page.text[: page.text.index("Conversation")]
    for words in ("Late & cold", "Reasons: Too slow", "Response speed", "negative", "Round 1"):
        assert words in said, words
    for words in ("Is it right now?", "Solved now", "4/5", "Thanks", "positive", "Round 2"):
        assert words in said[said.index("Late & cold") :], words
    assert "What was done (only for the team)" in page.text
    assert re.search(r"How it ended\s*Compensated", page.text)
    assert "Resolved by Kim; for the team: A voucher" in page.text
    assert not page.all("form", action=f"{path}/dismiss")
    lines = AuditLine.filter(subject=f"ticket:{raised.ticket.number}").values_list("action", flat=True)
    assert list(await lines) == ["ticket.recovery_closed"]


async def test_the_cause_stands_before_what_it_caused_and_a_message_is_written_once(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    await kim.open(f"{PATH}/{raised.ticket.number}")
    await kim.send(f"{PATH}/{raised.ticket.number}/reply", text="We are on it")
    page = await kim.open(f"{PATH}/{raised.ticket.number}")
    story = page.text[page.text.index("Everything that happened") :]
    order = ["Rated 1 of 5", "Judgement 1: ", "Rule: ", "Reopened because", "Recovery opened", "Staff alerted"]
    assert sorted(order, key=story.index) == order
    assert kim.html.count("We are on it") == 1
    assert page.text.count("Kim took") == 1, "one line says that the request and its recovery are taken"


async def test_what_went_to_one_place_again_and_again_is_one_line_that_says_where_and_how_often(front: Front) -> None:
    raised = await unhappy.alert(front)
    for number in range(3):
        await Delivery.create(
            key=f"q{number}", kind="question", channel="support-bot", target="701", address_id=1,
            state=DeliveryState.SENT, ticket_id=raised.ticket_id, due_at=front.clock.now,
            created_at=front.clock.now, sent_at=front.clock.now,
        )  # fmt: skip
        front.clock.pass_(minutes=7)
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"{PATH}/{raised.ticket.number}")
    assert page.text.count("Survey: delivered by Telegram → Ann <3") == 1
    times = page.text.split("Survey: delivered by Telegram → Ann <3")[1].split("3 times")[1]
    assert all(clock in times for clock in ("12:30", "12:37", "12:44"))
    assert "Alert to the staff: waits for Slack → Support" in page.text


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (2, ("Rated 2 of 5", "Reopened because of a rating of 2 of 5", "The customer rated this request 2 of 5, so")),
        (4, ("Rated 4 of 5", "because of a rating of 1 of 5: Response speed", "1 of 5 in one point (Response speed)")),
    ],
)
async def test_no_score_of_one_dimension_passes_for_the_overall_one(
    score: int, told: tuple[str, ...], front: Front
) -> None:
    raised = await unhappy.alert(front, score=score, speed=1)
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"{PATH}/{raised.ticket.number}")
    for words in told:
        assert words in page.heading, words


async def test_nothing_that_a_stranger_wrote_runs(front: Front) -> None:
    ticket = await opened(front, EVIL, EVIL, EVIL)
    entry = await TicketEntry.filter(ticket_id=ticket.id, kind="message").get()
    await attachments.keep(
        ticket, entry, "mail", [File(name=EVIL, data=b"x", media_type="text/html")], now=front.clock.now
    )
    await Ticket.filter(id=ticket.id).update(tags=[EVIL], result=EVIL)
    kim = await unhappy.browser_of(front)
    for path in (PATH, f"{PATH}?q={'%3Cimg'}", f"{PATH}/{ticket.number}"):
        await kim.open(path)
        assert "<img" not in kim.html
        assert "<script>alert" not in kim.html
        assert not [one for name, one in kim.page.tags if any(key.startswith("on") for key in one)]


async def test_a_file_is_a_download_and_belongs_to_its_ticket(front: Front) -> None:
    ticket, other = await opened(front), await opened(front)
    entry = await TicketEntry.filter(ticket_id=ticket.id, kind="message").get()
    file = File(name="a<b>.html", data=b"<script>alert(1)</script>", media_type="text/html")
    await attachments.keep(ticket, entry, "mail", [file], now=front.clock.now)
    row = await Attachment.get()
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"{PATH}/{ticket.number}")
    [link] = [one["href"] for one in page.all("a") if "/files/" in one.get("href", "")]
    answer = await kim.client.get(link)
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert (await kim.client.get(f"{PATH}/{other.number}/files/{row.id}")).status_code == 404


async def test_it_is_worked_on_and_each_act_is_one_line_of_the_audit(front: Front) -> None:
    asked = await front.invite()
    ticket = await Ticket.get(id=(await asked.row()).ticket_id)
    path = f"{PATH}/{ticket.number}"
    kim, lee = await unhappy.browser_of(front), await unhappy.person("Lee")
    await kim.open(path)
    await kim.send(f"{path}/reopen", because="It blinks again")
    assert (await Ticket.get(id=ticket.id)).cycle == 2
    await kim.send(f"{path}/take")
    await kim.send(f"{path}/note", note="Call her")
    assert await TicketEntry.filter(kind="note", text="Call her", internal=True).exists()
    await kim.send(f"{path}/reply", text="We look at it")
    assert (await Delivery.get(kind="reply")).payload["text"] == "We look at it"
    await kim.send(f"{path}/priority", priority="urgent")
    await kim.send(f"{path}/assign", assignee=lee.key)
    await kim.send(f"{path}/resolve", reason="solved", result="A new cable")
    now_is = await Ticket.get(id=ticket.id)
    assert (now_is.status, now_is.priority, now_is.assignee_id) == (TicketStatus.RESOLVED, Priority.URGENT, lee.id)
    assert now_is.result == "A new cable"
    done = AuditLine.filter(subject=f"ticket:{ticket.number}").order_by("id").values_list("action", flat=True)
    assert [one.removeprefix("ticket.") for one in await done] == [
        "reopened", "taken", "noted", "replied", "prioritised", "assigned", "resolved",
    ]  # fmt: skip
    page = await kim.open(path)
    assert "Priority Medium → Urgent" in page.text or "Priority medium → urgent" in page.text
    await kim.post(f"{path}/resolve", reason="solved", result="")
    assert kim.status == 409


async def test_a_survey_is_sent_by_hand_with_a_reason(front: Front) -> None:
    contact = (await front.invite()).contact_id
    ticket = await tickets.open_ticket(contact=await Contact.get(id=contact), subject="Bill", now=front.clock.now)
    path = f"{PATH}/{ticket.number}"
    kim = await unhappy.browser_of(front)
    await kim.open(path)
    page = await kim.send(f"{path}/survey", reason=" ")
    assert kim.status == 409
    assert "Please say why" in page.text
    await kim.send(f"{path}/survey", reason="A pilot <b>")
    assert await Invite.filter(ticket_id=ticket.id, purpose=InvitePurpose.MANUAL).count() == 1
    [line] = await AuditLine.filter(action="ticket.surveyed")
    assert line.after == {"as": "kim@kestrel.example"}, "the audit never changes: nobody's words get into it"


async def test_who_may_only_look_sees_no_form(front: Front) -> None:
    ticket = await opened(front)
    auditor = await at(front, Role.AUDITOR)
    page = await auditor.open(f"{PATH}/{ticket.number}")
    assert "It blinks red" in page.text
    assert not page.all("textarea")
    for verb in ("take", "reply", "note", "resolve", "nonsense"):
        await auditor.post(f"{PATH}/{ticket.number}/{verb}", text="x", note="x")
        assert auditor.status == 403
    kim = await unhappy.browser_of(front)
    await kim.post(f"{PATH}/{ticket.number}/nonsense")
    assert kim.status == 404


async def test_a_dead_delivery_shows_why(front: Front) -> None:
    ticket = await opened(front)
    await Delivery.create(
        key="reply:1", kind="reply", channel="support-bot", target="7", state=DeliveryState.DEAD, ticket_id=ticket.id,
        due_at=front.clock.now, created_at=front.clock.now, problem="blocked by <them>",
    )  # fmt: skip
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"{PATH}/{ticket.number}")
    assert "Reply to the customer: could not be delivered by Telegram" in page.text
    assert "blocked by <them>" in page.text


@pytest.mark.parametrize("number", ["CS1", "0", "%00", "x" * 300, "..%2f..%2fetc"])
async def test_a_number_that_is_none_is_not_found(sqlite_front: Front, number: str) -> None:
    admin = await at(sqlite_front, Role.ADMIN)
    assert (await admin.client.get(f"{PATH}/{number}")).status_code in (404, 422)


async def test_a_long_story_costs_no_more_queries_than_a_short_one(sqlite_front: Front, sqlite_store: Store) -> None:
    costs = []
    raised = await unhappy.alert(sqlite_front)
    kim = await unhappy.browser_of(sqlite_front)
    for more in (5, 45):
        for number in range(more):
            entry = await tickets.message(
                raised.ticket, f"{number}", by="Ann", from_contact=True, now=sqlite_front.clock.now
            )
            file = File(name=f"{number}.txt", data=b"x", media_type="text/plain")
            await attachments.keep(raised.ticket, entry, "mail", [file], now=sqlite_front.clock.now)
        with statements.told(sqlite_store) as asked:
            await kim.open(f"{PATH}/{raised.ticket.number}")
        costs.append(len(asked))
        assert f"{more - 1}.txt" in kim.page.text
    assert costs[0] == costs[1] > 1, asked


VISITOR = "w_0123456789abcdef0123456789abcdef"


async def test_a_nameless_visitors_words_are_not_the_companys(front: Front) -> None:
    said = await tickets.heard_from("webchat", VISITOR, "hi", now=front.clock.now)
    await tickets.heard_from("webchat", "w_another", "hello", now=front.clock.now)
    kim = await unhappy.browser_of(front)
    page = await kim.open(f"{PATH}/{said.ticket.number}")
    [who, *_] = [one.strip() for one in re.findall(r"Visitor [0-9a-f]{4}", page.heading)]
    assert re.search(rf'<li class="theirs" id="said-\d+"><p class="soft"><strong>{who}</strong>', kim.html)
    assert f">{who}</a></dd>" in kim.html
    await kim.open(PATH)
    assert len(set(re.findall(r"<td>(Visitor [0-9a-f]{4})</td>", kim.html))) == 2, "one is told from the other"
    assert f"<td>{who}</td>" in kim.html


@pytest.mark.parametrize(
    ("language", "another", "doubted"),
    [
        ("en", "eve@example.com (no address of Zoë)", "Zoë (sender unproven)"),
        ("zh-Hans", "eve@example.com（不是 Zoë 的地址）", "Zoë（发件人未经证实）"),
    ],
)
async def test_the_conversation_says_who_really_wrote(front: Front, language: str, another: str, doubted: str) -> None:
    ticket = await opened(front, "Zoë")
    await contacts.give_address(ticket.contact_id, AddressFacts("mail", "zoe@example.net"), rank=0, now=front.clock.now)
    for address, proven in (("eve@example.com", True), ("zoe@example.net", False), ("zoe@example.net", True)):
        letter = letters.Letter("mail", address, f"by {address}", name="Zoë")
        await letters.join(ticket, letter, proven=proven, reopens=False, now=front.clock.now)
    kim = await unhappy.browser_of(front)
    kim.client.headers["accept-language"] = language
    await kim.open(f"{PATH}/{ticket.number}")
    writers = re.findall(r'<li class="theirs" id="said-\d+"><p class="soft"><strong>([^<]+)</strong>', kim.html)
    assert writers == ["Zoë", another, doubted, "Zoë"]
    assert f"· {doubted}</p></li>" in kim.html, "in the story too"


async def test_whoever_is_known_by_an_address_alone_is_called_by_it(front: Front) -> None:
    said = await tickets.heard_from("mail", "a@b.example", "hi", now=front.clock.now)
    admin = await at(front, Role.ADMIN)
    for path in (PATH, f"{PATH}/{said.ticket.number}", "/admin/contacts", f"/admin/contacts/{said.ticket.contact_id}"):
        await admin.open(path)
        assert "a@b.example</" in admin.html, path

"""Erasing a person: no byte of what they said or are called stays, and the figures are as they were (SEC-54)."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import audit, contacts, directory, errors, store, suppressions, transactions
from core.contacts import AddressFacts, ContactFacts
from core.desk import attachments, cards, lately, tickets
from core.insight import figures, spans, today
from core.models.access import ApiToken, IdempotentAnswer
from core.models.accounts import AuditLine
from core.models.contacts import Address, Contact, Suppression, SuppressionReason
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.desk import Attachment, Ticket, TicketEntry, TicketStatus
from core.models.invites import Decision, Invite
from core.models.reactions import Alert, AlertState, Reaction, Recovery, RecoveryState
from core.models.responses import Band, HeldAnswer, PageVisit, Response, Score
from core.plumbing import arrivals, deliveries
from core.ports import BounceKind, File, RawArrival
from core.privacy import erase, export, person, retracting
from core.privacy.ledger import Ledger
from core.reactions import alerts, unnamed
from core.surveys import anonymity, invites, responses, tokens, visits
from core.surveys.visits import Answer
from tests.core.builders import NOON, asked, at, company, whole

NO_WORDS = {"scores", "alerts", "invites", "occasions", "webhook_calls", "ab_invites", "contact_links"}
CANARY = "kanarienvogel"
BYTES = CANARY.encode()
MAIL = f"{CANARY}@example.net"
ADDRESSES = (("support-bot", f"{CANARY}777"), ("mail", MAIL))
BY = "lee@kestrel.example"


async def everywhere(now: datetime = NOON) -> Contact:
    """Somebody who is called and says the canary, through every door that there is."""
    await company()
    invite = await whole(await asked(f"T-{CANARY}", contact=f"c-{CANARY}", addresses=ADDRESSES, tags=(CANARY,)))
    facts = ContactFacts(ref=f"c-{CANARY}", name=f"Ann {CANARY}", tier=CANARY)
    contact = await contacts.learn(facts, now=now)
    ticket = await Ticket.get(id=invite.ticket_id).select_related("contact")
    await Ticket.filter(id=ticket.id).update(
        subject=f"The {CANARY} sings", result=CANARY, thread=CANARY, close_reason=f"{CANARY} refused"
    )
    entry = await tickets.message(ticket, f"My {CANARY} is ill", by=contact.name, from_contact=True, now=now)
    picture = File(name=f"{CANARY}.png", media_type="image/png", data=BYTES * 1000)
    await attachments.keep(ticket, entry, "mail", [picture], now=now)
    await cards.wrote(ticket, entry, now=now)
    await rate(invite, now=now)
    await Recovery.all().update(closing_note=CANARY)
    await Reaction.all().update(why=CANARY)
    await Decision.all().update(values={"reason": CANARY})
    await raw(now=now)
    await sent(contact, ticket, now=now)
    await HeldAnswer.create(invite=invite, answer={"comment": CANARY}, evidence={"agent": CANARY}, at=now)
    await PageVisit.create(invite=invite, nonce_hash="n", session_hash="s", agent=CANARY, opened_at=now)
    await suppressions.count_bounce("mail", MAIL, BounceKind.HARD, reason=f"550 {MAIL}", delivery_id=None, now=now)
    token = await ApiToken.create(name="desk", token_hash="h", scopes=[], created_at=now)
    kept = {"ticket": {"ref": f"T-{CANARY}"}}
    await IdempotentAnswer.create(
        token=token, key=f"{CANARY}-1", request_hash="h", status=202, body=kept, created_at=now
    )
    return await Contact.get(id=contact.id)


async def rate(invite: Invite, *, now: datetime) -> None:
    """A bad score with words: judged, a recovery, an alert in Slack."""
    response = await responses.give_score(invite, "overall", 1, now=now)
    await responses.give_comment(await whole(invite), f"The {CANARY} is worse", now=now)
    await responses.finish(await whole(invite), now=now)
    row = await Response.get(id=response.id)
    assert row.settle_at is not None
    await responses.settle(row.id, now=row.settle_at)


async def raw(*, now: datetime) -> None:
    mail = f"From: Ann <{MAIL.upper()}>\r\nSubject: {CANARY}\r\n\r\n{CANARY}".encode()
    tap = json.dumps({"message": {"from": {"id": f"{CANARY}777"}, "text": CANARY}}).encode()
    await arrivals.store("mail", [RawArrival("m1", mail), RawArrival("m2", b"From: bob@example.net")], now=now)
    theirs = [RawArrival("1", tap, chat=f"{CANARY}777"), RawArrival(f"{CANARY}777:x", b"{}")]
    await arrivals.store("support-bot", theirs, now=now)
    await Arrival.all().update(state=ArrivalState.HANDLED)


@transactions.atomic
async def sent(contact: Contact, ticket: Ticket, *, now: datetime) -> None:
    """A message that left, one that waits, one in a courier's hands, a note without a contact, a copy of a chat."""
    drafts = [
        deliveries.Draft(f"reply:{state}", "reply", "mail", MAIL, contact_id=contact.id, payload={"text": CANARY})
        for state in DeliveryState
    ]
    drafts.append(deliveries.Draft("note:1", "note", "support-bot", f"{CANARY}777", payload={"text": CANARY}))
    visitors = {"chat": "support-bot", "visitors": [f"{CANARY}777"], "name": CANARY}
    drafts.append(deliveries.Draft("transcript:1", "transcript", "mail", "other@example.net", payload=visitors))
    drafts.append(deliveries.Draft("line:1", "alert_update", "slack", "C0", ticket_id=ticket.id, payload={"n": CANARY}))
    for draft in drafts:
        await deliveries.schedule(draft, due=now, now=now)
    for state in DeliveryState:
        await Delivery.filter(key=f"reply:{state}").update(state=state, drawn={"text": CANARY}, problem=CANARY)


async def tables_with(opened: store.Store, word: str) -> list[str]:
    """Every table of the database, also those that are not ours, in which a row contains the word."""
    found = []
    client = opened.client
    if opened.kind == "sqlite":
        names = [
            row["name"] for row in await client.execute_query_dict("SELECT name FROM sqlite_master WHERE type='table'")
        ]
    else:
        listed = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
        names = [row["name"] for row in await client.execute_query_dict(listed)]
    for name in names:
        for row in await client.execute_query_dict(f'SELECT * FROM "{name}"'):  # noqa: S608 - from the catalogue
            if any(word.lower() in _text(value).lower() for value in row.values()):
                found.append(name)
                break
    return sorted(found)


def _text(value: object) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)


@pytest.fixture
async def ann(store: store.Store) -> Contact:
    return await everywhere()


async def test_no_row_of_any_table_has_a_word_of_theirs(ann: Contact, store: store.Store, ledger: Ledger) -> None:
    before = await tables_with(store, CANARY)
    about = set(person.Person(ann, ()).rows()) - NO_WORDS
    assert set(before) == {*about, "arrivals", "idempotent_answers"}, "every table that can hold words does"
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert await tables_with(store, CANARY) == []


async def test_what_came_from_an_address_that_was_taken_from_them_goes_too(
    ann: Contact, store: store.Store, ledger: Ledger
) -> None:
    for row in await Address.filter(contact_id=ann.id):
        await directory.remove_address(ann.id, row.id, by=BY, now=at(hours=1))
    assert (await erase.summary(ann)).rows["arrivals"] == 3
    assert await person.find(MAIL) == ann
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=2))
    assert await tables_with(store, CANARY) == []


async def test_what_came_from_an_address_that_is_anothers_by_now_stays(ann: Contact, ledger: Ledger) -> None:
    row = await Address.get(contact_id=ann.id, channel="mail")
    await directory.remove_address(ann.id, row.id, by=BY, now=at(hours=1))
    bob = await Contact.create(ref="bob", created_at=at())
    await directory.add_address(bob.id, AddressFacts("mail", MAIL), by=BY, now=at(hours=1))
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=2))
    assert [one.key for one in await Arrival.filter(channel="mail").order_by("key")] == ["mail:m1", "mail:m2"]


async def test_no_byte_stays_in_the_files_of_sqlite(sqlite_store: store.Store, tmp_path: Path, ledger: Ledger) -> None:
    contact = await everywhere()

    def copies() -> int:
        return sum(one.read_bytes().lower().count(BYTES) for one in tmp_path.glob("afterword.db*"))

    assert copies() > 100
    await erase.erase(contact, ledger=ledger, by=BY, now=at(hours=1))
    assert copies() == 0


async def test_the_figures_stay_and_everything_under_way_ends(ann: Contact, ledger: Ledger) -> None:
    before = await today.figures(zone="UTC", now=at(hours=1))
    scores = await Score.all().count()
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert await today.figures(zone="UTC", now=at(hours=1)) == before
    assert before.negative == 1
    span = spans.preset(spans.Preset.MONTH, zone=ZoneInfo("UTC"), now=at(hours=1))
    board = await figures.board(span, figures.Filters(), now=at(hours=1))
    assert (board.recoveries.opened, board.recoveries.dismissed, board.recoveries.closed_within) == (1, 0, None)
    assert (await lately.seen())["close_reasons"] == []
    assert await Score.all().count() == scores
    ticket = await Ticket.get()
    assert (ticket.status, ticket.close_reason) == (TicketStatus.CLOSED, "erased")
    assert (await Recovery.get()).state == RecoveryState.DISMISSED
    assert (await Alert.get()).state == AlertState.CLOSED
    assert not await Attachment.exists()
    waiting = await Delivery.filter(state__in=[DeliveryState.WAITING, DeliveryState.SENDING])
    assert {one.kind for one in waiting} == {"alert", "request"}, "only what is redrawn for the staff"
    [other] = await Arrival.all()
    assert bytes(other.body) == b"From: bob@example.net"


async def test_a_message_that_was_just_leaving_is_not_written_down_again(ann: Contact, ledger: Ledger) -> None:
    row = await Delivery.get(key="reply:sending")
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    await deliveries.sent(row, receipt="1", drawn={"text": CANARY}, now=at(hours=1))
    assert (await Delivery.get(id=row.id)).drawn is None


async def test_the_old_link_opens_nothing(ann: Contact, ledger: Ledger) -> None:
    token = tokens.token_for((await Invite.get()).key)
    assert await invites.by_token(token)
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert await invites.by_token(token) is None


async def test_the_alert_is_drawn_again_without_them(ann: Contact, ledger: Ledger) -> None:
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    alert = await Alert.get()
    newest = await Delivery.filter(screen=alerts.screen_of(alert.id)).order_by("-id").first()
    assert newest is not None
    assert newest.created_at == at(hours=1)


async def test_what_the_staff_were_sent_is_taken_back_but_for_what_is_drawn_again(
    ann: Contact, ledger: Ledger, store: store.Store
) -> None:
    ticket = await Ticket.get()
    others = (
        ("home", "home:U0KIM", 0),
        ("rule_alert", "", ticket.id),
        (cards.CARD, f"request:{ticket.id}:7", ticket.id),
    )
    for kind, screen, about in others:
        draft = deliveries.Draft(
            f"other:{kind}", kind, "slack", "C0", screen=screen, ticket_id=about or None, payload={"n": CANARY}
        )
        await transactions.run(lambda draft=draft: deliveries.schedule(draft, due=NOON, now=NOON))  # type: ignore[misc]
    await Delivery.filter(key="other:home").update(payload={})
    kept = {"state": DeliveryState.SENT, "sent_at": NOON, "drawn": {"text": CANARY}}
    for key in ("line:1", "other:home", "other:rule_alert", f"other:{cards.CARD}"):
        await Delivery.filter(key=key).update(receipt=f"C0:{key}", **kept)
    await Delivery.filter(kind="alert").update(receipt="C0:alert", **kept)
    await Delivery.filter(kind=cards.CARD).exclude(key__startswith="other").update(receipt="C0:earlier card", **kept)
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    taken_back = await Delivery.filter(kind="retracted")
    assert {one.receipt for one in taken_back} == {"C0:line:1", "C0:other:rule_alert", "C0:earlier card"}
    assert {one.target for one in taken_back} == {"C0", "C0ALERTS"}
    assert await tables_with(store, CANARY) == []


@pytest.mark.parametrize(("receipt", "taken_back"), [("C0:shown", 0), ("C0:new", 1)])
async def test_what_was_just_leaving_is_taken_back_but_for_what_is_drawn_again_in_its_place(
    ann: Contact, ledger: Ledger, receipt: str, taken_back: int
) -> None:
    await Delivery.filter(kind="alert").update(state=DeliveryState.SENT, sent_at=NOON, receipt="C0:shown")
    screen, ticket = alerts.screen_of((await Alert.get()).id), await Ticket.get()
    draft = deliveries.Draft("leaving", "alert", "slack", "C0ALERTS", screen=screen, ticket_id=ticket.id)
    await transactions.run(lambda: deliveries.schedule(draft, due=NOON, now=NOON))
    await Delivery.filter(key="leaving").update(state=DeliveryState.SENDING)
    leaving = await Delivery.get(key="leaving")
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert not await deliveries.sent(leaving, receipt=receipt, drawn={"text": CANARY}, now=at(hours=1))
    await transactions.run(lambda: retracting.retract_late(leaving, receipt, now=at(hours=1)))
    assert await Delivery.filter(kind=retracting.KIND, receipt=receipt).count() == taken_back


async def test_one_line_in_the_audit_says_who_did_it_and_nothing_of_the_person(ann: Contact, ledger: Ledger) -> None:
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    [line] = await AuditLine.all()
    assert (line.actor, line.action, line.subject) == (BY, "contact.erased", f"contact:{ann.id}")
    assert (await audit.verify()).broken is None
    with pytest.raises(errors.Conflict):
        await erase.erase(await Contact.get(id=ann.id), ledger=ledger, by=BY, now=at(hours=2))


async def test_a_dead_address_stays_dead_and_a_no_stays_a_no_though_nobody_can_read_whose(
    ann: Contact, ledger: Ledger
) -> None:
    await contacts.opt_out(ann, now=NOON)
    await erase.erase(await Contact.get(id=ann.id), ledger=ledger, by=BY, now=at(hours=1))
    assert {one.reason for one in await Suppression.all()} == {
        SuppressionReason.HARD_BOUNCE,
        SuppressionReason.OPTED_OUT,
    }
    assert await suppressions.is_suppressed("mail", MAIL.upper())
    assert not await suppressions.is_suppressed("support-bot", f"{CANARY}777")
    again = await contacts.learn(
        ContactFacts(ref="c-new", addresses=(AddressFacts("support-bot", f"{CANARY}777"),)), now=at(hours=2)
    )
    assert again.id != ann.id
    assert again.opted_out_at == at(hours=2)


async def answering(now: datetime = NOON, **settings: bool) -> Contact:
    """Somebody in the middle of a bad answer that nobody has judged yet."""
    await company(**settings)
    invite = await asked(f"T-{CANARY}", contact=f"c-{CANARY}", addresses=ADDRESSES)
    await visits.opened(invite, nonce="n1", session="s1", overall=1, now=now)
    await visits.hold(invite, Answer({"overall": 1}, comment=CANARY), {"agent": CANARY}, confirm="n2", now=now)
    await responses.give_score(await whole(invite), "overall", 1, now=now)
    await responses.give_score(await whole(invite), "speed", 2, now=now)
    await responses.give_comment(await whole(invite), f"The {CANARY} is worse", now=now)
    return await Contact.get(id=invite.contact_id)


async def later(response_id: int) -> None:
    """What would have come of the answer: its job wakes, and the hour is over."""
    await responses.settle(response_id, now=at(minutes=11))
    await unnamed.look(now=at(hours=1))


async def test_an_anonymous_answer_that_was_still_open_is_cut_at_once_and_without_its_words(
    store: store.Store, ledger: Ledger
) -> None:
    contact = await answering(anonymous=True)
    tied = await Response.get()
    assert tied.invite_id is not None
    await erase.erase(contact, ledger=ledger, by=BY, now=at(minutes=5))
    [kept] = await Response.all()
    assert (kept.invite_id, kept.comment, kept.commented) == (None, "", False)
    assert (kept.judged, kept.band, kept.id < 0) == ({"overall": 1, "speed": 2}, Band.NEGATIVE, True)
    assert kept.created_at == NOON.replace(hour=0)
    for table in (Score, HeldAnswer, PageVisit):
        assert not await table.exists()
    assert await tables_with(store, CANARY) == []
    await later(tied.id)
    [told] = await Delivery.filter(kind=unnamed.KIND)
    assert told.payload["answers"] == [kept.id]
    assert not await Delivery.filter(kind=anonymity.KEPT).exists(), "there is nobody whose message is drawn again"
    for nothing in (Alert, Recovery, Reaction):
        assert not await nothing.exists()
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    assert await tables_with(store, CANARY) == []


async def test_it_counts_with_four_others_as_it_would_have(store: store.Store, ledger: Ledger) -> None:
    contact = await answering(anonymous=True)
    await erase.erase(contact, ledger=ledger, by=BY, now=at(minutes=5))
    for number in range(4):
        invite = await asked(f"T-{number}", contact=f"c-{number}", addresses=(("support-bot", str(number)),))
        assert (await today.figures(zone="UTC", now=at(hours=1))).average is None
        response = await responses.answer(invite, {"overall": 2}, [], "", finished=True, now=NOON)
        await responses.settle(response.id, now=at(minutes=11))
    await unnamed.look(now=at(hours=1))
    assert (await today.figures(zone="UTC", now=at(hours=1))).average == pytest.approx(1.8)


async def test_words_alone_of_an_open_anonymous_answer_leave_nothing(store: store.Store, ledger: Ledger) -> None:
    await company(anonymous=True)
    invite = await asked(addresses=ADDRESSES)
    await responses.give_comment(invite, CANARY, now=NOON)
    contact = await Contact.get()
    await erase.erase(contact, ledger=ledger, by=BY, now=at(minutes=5))
    assert not await Response.exists()
    assert await tables_with(store, CANARY) == []


@pytest.mark.parametrize("settings", [{}, {"anonymous": True}])
async def test_a_named_answer_that_was_still_open_counts_and_wakes_nobody(
    store: store.Store, ledger: Ledger, settings: dict[str, bool]
) -> None:
    contact = await answering(**settings)
    if settings:
        await responses.let_contact(await whole(await Invite.get()), True, now=at(seconds=5))
    await erase.erase(contact, ledger=ledger, by=BY, now=at(seconds=20))
    response = await Response.get()
    assert (response.overall, response.band, response.settle_at) == (1, Band.NEGATIVE, None)
    assert (await today.figures(zone="UTC", now=at(minutes=1))).negative == 1
    await later(response.id)
    for nothing in (Alert, Recovery, Reaction):
        assert not await nothing.exists()
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    assert not await Delivery.filter(state=DeliveryState.WAITING).exclude(kind=cards.CARD).exists()
    assert await tables_with(store, CANARY) == []


async def test_what_was_summed_up_is_what_goes(ann: Contact) -> None:
    summary = await erase.summary(ann)
    assert (summary.rows["tickets"], summary.rows["responses"], summary.rows["attachments"]) == (1, 1, 1)
    assert summary.rows["arrivals"] == 3
    assert summary.messages == 2
    assert await Arrival.all().count() == 4, "nothing was written"


async def test_what_another_wrote_is_theirs_also_when_it_has_the_same_word_as_an_address(
    ann: Contact, store: store.Store, ledger: Ledger
) -> None:
    """The ids of visitors are the site's own, and may be "17"."""
    await Address.filter(contact_id=ann.id, channel="support-bot").update(address="17")
    said = [RawArrival("2", b'{"text": "I ordered 17 cups"}', chat="888"), RawArrival("3", b"{}", chat="17")]
    await arrivals.store("support-bot", said, now=NOON)
    await Arrival.all().update(state=ArrivalState.HANDLED)
    raw_of_ann = [name for name in (await handed_out(ann)).namelist() if name.startswith("raw/")]
    assert len(raw_of_ann) == 2, "the mail, and what came from the chat"
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert await Arrival.exists(key="support-bot:2")
    assert not await Arrival.exists(key="support-bot:3")


async def test_a_mail_of_another_that_mentions_them_is_erased_but_not_handed_out(
    ann: Contact, store: store.Store, ledger: Ledger
) -> None:
    about = RawArrival("m3", f"From: bob@example.net\r\nCc: {MAIL}\r\n\r\nAsk {MAIL}".encode())
    await arrivals.store("mail", [about], now=NOON)
    await Arrival.all().update(state=ArrivalState.HANDLED)
    archive = await handed_out(ann)
    raw_of_ann = [archive.read(name) for name in archive.namelist() if name.startswith("raw/")]
    assert len(raw_of_ann) == 2
    assert about.body not in raw_of_ann
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert not await Arrival.exists(key="mail:m3")


async def test_what_staff_pressed_below_a_message_about_them_goes_and_their_other_presses_stay(
    ann: Contact, store: store.Store, ledger: Ledger
) -> None:
    """Slack sends the whole message along."""
    number = (await Ticket.get()).number
    card = {"actions": [{"value": "take"}], "message": {"text": f"Ann {CANARY} is unhappy: {number}"}}
    presses = [
        RawArrival("p1", json.dumps(card).encode(), chat="U0KIM"),
        RawArrival("p2", b'{"message": {"text": "CS1"}}', chat="U0KIM"),
    ]
    await arrivals.store("slack", presses, now=NOON)
    await Arrival.all().update(state=ArrivalState.HANDLED)
    assert len([name for name in (await handed_out(ann)).namelist() if name.startswith("raw/")]) == 2
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert [one.key for one in await Arrival.filter(channel="slack")] == ["slack:p2"]
    assert await tables_with(store, CANARY) == []


async def test_who_is_of_the_staff_too_keeps_what_they_were_told_about_others(ann: Contact, ledger: Ledger) -> None:
    await asked("T-2", contact="c-2", addresses=(("support-bot", "888"),))
    other = await Ticket.get(ref="T-2")
    for draft in (
        deliveries.Draft(
            "told:1", "rule_alert", "support-bot", f"{CANARY}777", ticket_id=other.id, payload={"n": "Bob"}
        ),
        deliveries.Draft("told:2", "digest", "support-bot", f"{CANARY}777", payload={"n": "Bob"}),
    ):
        await transactions.run(lambda draft=draft: deliveries.schedule(draft, due=NOON, now=NOON))  # type: ignore[misc]
    assert b"Bob" not in (await handed_out(ann)).read("data.json")
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    told = await Delivery.filter(key__startswith="told:")
    assert [(one.state, one.payload) for one in told] == [(DeliveryState.WAITING, {"n": "Bob"})] * 2


async def test_a_name_that_somebody_of_the_staff_has_too_goes_from_what_the_contact_did(
    ann: Contact, ledger: Ledger
) -> None:
    await Contact.filter(id=ann.id).update(name="Kim")
    ticket = await Ticket.get().select_related("contact")
    await TicketEntry.filter(ticket_id=ticket.id).delete()
    await tickets.message(ticket, "It blinks", by="Kim", from_contact=True, now=NOON)
    await tickets.note(ticket, "I look", by="Kim", now=NOON)
    await erase.erase(await Contact.get(id=ann.id), ledger=ledger, by=BY, now=at(hours=1))
    lines = await TicketEntry.filter(ticket_id=ticket.id, kind__in=("message", "note"), label="")
    assert [(line.kind.value, line.actor) for line in lines] == [("message", ""), ("note", "Kim")]


async def test_words_that_an_admin_tried_with_their_request_go(
    ann: Contact, store: store.Store, ledger: Ledger
) -> None:
    said = {"kind": "invite", "number": f" t-{CANARY}"}
    draft = deliveries.Draft("trial:1", "trial", "mail", "lee@kestrel.example", payload=said)
    await transactions.run(lambda: deliveries.schedule(draft, due=NOON, now=NOON))
    await Delivery.filter(key="trial:1").update(state=DeliveryState.SENT, drawn={"text": f"Dear Ann {CANARY}"})
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    assert await tables_with(store, CANARY) == []


async def test_others_lose_nothing(ann: Contact, ledger: Ledger) -> None:
    invite = await asked("T-2", contact="c-2", addresses=(("support-bot", "888"),))
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    other = await whole(invite)
    assert (other.contact.ref, other.contact.name, other.ticket.ref) == ("c-2", "Ann <3", "T-2")
    assert other.expires_at == invite.expires_at or other.expires_at > at(hours=1)
    assert await Delivery.filter(contact_id=other.contact_id, target="888").exists()


# ---------------------------------------------------------------- handing out


async def handed_out(contact: Contact) -> zipfile.ZipFile:
    to = io.BytesIO()
    await export.write(contact, to, letter=lambda _: {"README.txt": "Hello"}, by=BY, now=at(hours=1))
    return zipfile.ZipFile(to)


async def test_everything_that_would_be_erased_is_in_the_export(ann: Contact, store: store.Store) -> None:
    archive = await handed_out(ann)
    data = json.loads(archive.read("data.json"))
    held = set(await tables_with(store, CANARY)) - {"arrivals", "idempotent_answers", "audit_lines"}
    without = {name for name in held if CANARY not in json.dumps(data.get(name, "")).lower()}
    assert not without
    assert data["format"] == 1
    names = archive.namelist()
    [picture] = [name for name in names if name.startswith("attachments/")]
    assert archive.read(picture) == BYTES * 1000
    assert len([name for name in names if name.startswith("raw/")]) == 2
    assert archive.read("README.txt") == b"Hello"
    assert [one["target"] for one in data["transcripts"]] == ["other@example.net"]
    [line] = await AuditLine.all()
    assert (line.actor, line.action, line.after) == (BY, "contact.exported", None)


async def test_nothing_in_it_opens_anything(ann: Contact) -> None:
    invite = await Invite.get()
    text = (await handed_out(ann)).read("data.json").decode()
    assert invite.key not in text
    assert invite.token_hash not in text


async def test_no_table_is_forgotten(sqlite_store: store.Store) -> None:
    """A new table says whether it is about the people served: in `Person.rows`, or in one of the two lists."""
    from tortoise import Tortoise

    known = {model._meta.db_table for model in Tortoise.apps["models"].values()}  # type: ignore[index]
    nobody = person.Person(Contact(id=1), ())
    said = {*nobody.rows(), *person.NOT_ABOUT_CONTACTS, *person.LASTING, "arrivals", "idempotent_answers"}
    assert known == said

"""By mail, both ways: people answer with a line, write, and are answered; robots and forgers change nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.channels.email.headers import message_id
from core import suppressions
from core.desk import conversations, tickets
from core.models.contacts import Address, Bounce, Contact, Reach, SuppressionReason
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.desk import Attachment, EntryKind, Ticket, TicketEntry
from core.models.invites import Decision, Invite, InviteState
from core.models.responses import Response
from core.models.setup import Staff
from core.surveys import tokens
from tests import world
from tests.rigs.correspondent import Correspondent
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import Mail, SmtpRig
from tests.world import World

ANN = "ann@example.net"
BY_MAIL = [("mail", ANN)]
FORGED = "support+b.i{key}.aaaaaaaaaaaaaaaaaaaa@example.org"
"""The name of the question, which is no secret, and a signature that somebody made up."""


@pytest.fixture
async def here(store_url: str, slack: SlackRig, mail: SmtpRig, listening: int) -> AsyncIterator[World]:
    async with world.between(store_url, slack, mail, listening=listening, more=world.WEBCHAT) as running:
        yield running


@pytest.fixture
def ann(here: World, listening: int) -> Correspondent:
    return Correspondent(ANN, listening)


@pytest.fixture
def eve(here: World, listening: int) -> Correspondent:
    return Correspondent("eve@example.com", listening, name="Eve")


async def asked(here: World, mail: SmtpRig) -> Mail:
    """Ann's ticket was resolved, and she has the question."""
    await here.resolve(addresses=BY_MAIL)
    question = await mail.mail_to(ANN)
    await here.until(lambda: Invite.exists(state=InviteState.DELIVERED))
    return question


async def handled(here: World, number: int = 1) -> None:
    """So many mails came in, and nothing more is to be done about them."""
    await here.until(lambda: _handled(number))


async def _handled(number: int) -> bool:
    return await Arrival.filter(channel="mail").exclude(state=ArrivalState.NEW).count() >= number


# ---------------------------------------------------------------- a rating by reply


async def test_a_reply_of_one_line_rates_and_comments(
    here: World, mail: SmtpRig, slack: SlackRig, ann: Correspondent
) -> None:
    question = await asked(here, mail)
    assert question.header("Reply-To").startswith("Support <support+i")
    assert question.sender.startswith("support+b.i")
    assert "simply answer this e-mail with a number" in question.text
    assert question.text.startswith("##- Please write your answer above this line -##\n")
    await ann.answers(question, "2/5 too slow")
    sorry = await mail.mail_to(ANN, number=2)
    for words in (
        "We are sorry",
        "will come back to you by",
        "★★☆☆☆\u00a02/5",
        "too slow",
        "You can change your answer",
    ):
        assert words in sorry.text
    assert any(words == "Change" and f"{here.base_url}/r/" in url for words, url in sorry.links)
    await here.until(lambda: Response.filter(revision__gt=0).exists())
    [response] = await here.responses()
    assert (response["scores"], response["comment"], response["partial"]) == ({"overall": 2}, "too slow", False)
    await slack.until(lambda: "too slow" in "\n".join(slack.screen("C0ALERTS")))
    assert (await here.ticket()).cycle == 2
    assert not await Delivery.filter(kind="question").exists()
    assert sorry.header("Subject").startswith("We are sorry: CS")
    await ann.answers(question, "1")  # they stay unhappy: what they changed is confirmed, and nobody is sorry twice
    assert "Thank you for being frank" in (await mail.mail_to(ANN, number=3)).text


@pytest.mark.parametrize(
    ("words", "score"), [("5 great!", 5), ("Very satisfied.", 5), ("一般", 3), ("很差！一星", 1), ("**4**", 4)]
)
async def test_a_score_counts_as_people_write_it(
    here: World, mail: SmtpRig, ann: Correspondent, words: str, score: int
) -> None:
    question = await asked(here, mail)
    await ann.answers(question, words)
    await here.until(lambda: Response.exists())
    [response] = await here.responses()
    assert response["scores"] == {"overall": score}


async def test_a_score_counts_beside_the_logo_in_a_signature(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "4", files=(("logo.png", b"x"),))
    await mail.mail_to(ANN, number=2)
    [response] = await here.responses()
    assert response["scores"] == {"overall": 4}
    assert (await Attachment.get()).name == "logo.png"
    assert (await here.ticket()).status == "resolved"


async def test_a_second_mail_corrects_the_first(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "★★★")
    thanks = await mail.mail_to(ANN, number=2)
    await ann.answers(thanks, "五星")
    await mail.mail_to(ANN, number=3)
    [response] = await here.responses()
    assert response["scores"] == {"overall": 5}


async def test_words_without_a_score_are_a_comment(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "4 days and still no answer")
    answer = await mail.mail_to(ANN, number=2)
    [response] = await here.responses()
    assert (response["scores"], response["comment"]) == ({}, "4 days and still no answer")
    assert len(score_links(question)) == 5
    assert score_links(answer) == score_links(question)


def score_links(letter: Mail) -> list[str]:
    return [url for label, url in letter.links if label.endswith("★")]


async def test_who_writes_a_comment_longer_than_is_kept_is_told(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "4\n\n" + "too slow " * 500)
    await here.until(lambda: Response.filter(comment=("too slow " * 500)[:4000].strip()).exists())
    await mail.until(lambda: any("kept the first 4,000" in one.text for one in mail.mailbox(ANN)))
    [told] = [one for one in mail.mailbox(ANN) if "kept the first 4,000" in one.text]
    assert told.header("Subject") == f"About your request {(await here.ticket()).number}"
    assert told.header("Reply-To") == question.header("Reply-To")


async def test_who_answers_from_another_address_is_believed_for_the_token(
    here: World, mail: SmtpRig, listening: int
) -> None:
    question = await asked(here, mail)
    await Correspondent("ann@home.example", listening).answers(question, "4")
    await mail.mail_to(ANN, number=2)
    [response] = await here.responses()
    assert response["scores"] == {"overall": 4}
    assert not mail.mailbox("ann@home.example")


@pytest.mark.parametrize(
    "to",
    [
        "support+i23456789abcd.aaaaaaaaaaaaaaaaaaaa@example.org",
        "support+nonsense@example.org",
        FORGED,
    ],
)
async def test_nobody_rates_with_a_token_that_they_made_up(
    here: World, mail: SmtpRig, ann: Correspondent, to: str
) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "1", to=to.format(key=(await Invite.get()).key))
    await handled(here)
    assert await here.responses() == []
    assert (await here.ticket()).cycle == 1
    assert not await Response.all().exists()


@pytest.mark.parametrize("dropped", ["", "In-Reply-To", "References"])
async def test_an_answer_to_the_bare_address_rates_for_who_got_the_question(
    here: World, mail: SmtpRig, ann: Correspondent, dropped: str
) -> None:
    question = await asked(here, mail)
    headers = {dropped: "<another@example.net>"} if dropped else {}
    await ann.answers(question, "2, too slow", to="support@example.org", headers=headers)
    await mail.mail_to(ANN, number=2)
    [response] = await here.responses()
    assert (response["scores"], response["comment"]) == ({"overall": 2}, "too slow")
    assert await Ticket.all().count() == 1


async def test_it_counts_from_any_address_of_the_same_person(
    here: World, mail: SmtpRig, eve: Correspondent, listening: int
) -> None:
    await here.resolve(addresses=[*BY_MAIL, ("mail", "ann@home.example")])
    question = await mail.mail_to(ANN)
    await here.until(lambda: Invite.exists(state=InviteState.DELIVERED))
    at_home = Correspondent("Ann@Home.example".lower(), listening)
    await at_home.answers(question, "4", to="support@example.org")
    await mail.mail_to(ANN, number=2)
    [response] = await here.responses()
    assert response["scores"] == {"overall": 4}


async def test_a_stranger_who_names_our_mail_neither_rates_nor_joins(
    here: World, mail: SmtpRig, eve: Correspondent
) -> None:
    question = await asked(here, mail)
    await eve.writes("Where is my parcel?", subject="Parcel")
    await mail.mail_to(eve.address)
    await eve.answers(question, "1, it is dead again", to="support@example.org")
    await handled(here, 2)
    assert not await Response.all().exists()
    anns = await here.ticket()
    assert (anns.cycle, anns.status) == (1, "resolved")
    assert not await TicketEntry.exists(ticket_id=anns.id, kind=EntryKind.MESSAGE)


async def test_who_only_writes_anns_name_neither_rates_nor_opens_again(
    here: World, mail: SmtpRig, eve: Correspondent, listening: int
) -> None:
    """The names of our mails cannot be worked out from what is no secret: the delivery's key, the ticket's number."""
    await asked(here, mail)
    ticket = await here.ticket()
    forger = Correspondent(ANN, listening)
    keys = await Delivery.filter(channel="mail").values_list("key", flat=True)
    guesses = [message_id(str(key), "example.org") for key in keys] + [
        message_id(f"topic ticket:{ticket.id}", "example.org")
    ]
    for guess in guesses:
        await forger.writes("1", subject=f"Re: {ticket.number}", headers={"In-Reply-To": guess, "References": guess})
    await handled(here, len(guesses))
    assert not await Response.all().exists()
    assert (await here.ticket()).cycle == 1


async def test_a_token_of_a_ticket_rates_nothing(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    ticket = await here.ticket()
    token = tokens.reply_token_for("ticket", str(ticket.id))
    await ann.answers(question, "1", to=f"support+{token}@example.org")
    await handled(here)
    assert not await Response.all().exists()


@pytest.mark.parametrize(
    "headers", [{"Auto-Submitted": "auto-replied (vacation)"}, {"Precedence": "bulk"}, {"X-Autoreply": "yes"}]
)
async def test_a_holiday_note_rates_nothing(
    here: World, mail: SmtpRig, ann: Correspondent, headers: dict[str, str]
) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "5", headers=headers)
    await handled(here)
    assert not await Response.all().exists()
    assert await Ticket.all().count() == 1


async def test_thanks_for_the_question_open_nothing(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "ok, thanks!")
    await handled(here)
    assert not await Response.all().exists()
    assert await Ticket.all().count() == 1


async def test_words_that_come_too_late_for_the_question_are_not_lost(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    question = await asked(here, mail)
    await here.move_on(days=30)
    await ann.answers(question, "4, but it broke again")
    await handled(here)
    assert await TicketEntry.filter(kind=EntryKind.MESSAGE, text__contains="it broke again").exists()


# ---------------------------------------------------------------- mails that answer each other


async def told() -> int:
    """How many mails about the question went out after it, or are about to."""
    return await Delivery.filter(kind="question").count()


async def test_a_robot_that_answers_the_question_on_and_on_gets_one_short_note(
    here: World, mail: SmtpRig, ann: Correspondent, caplog: pytest.LogCaptureFixture
) -> None:
    question = await asked(here, mail)
    with caplog.at_level(logging.INFO):
        for number in range(8):
            await ann.answers(question, f"I am currently travelling, ticket {number} noted.")
        await handled(here, 8)
        note = await mail.mail_to(ANN, number=2)
        await here.until(lambda: Response.filter(comment__contains="ticket 7 noted").exists())
    assert await told() == 1
    assert "Thank you, we have your words" in note.text
    assert "is resolved" not in note.text
    assert score_links(note) == score_links(question)
    assert caplog.text.count("are kept and not answered") == 1
    assert "ticket 0 noted" in (await Response.get()).comment


async def test_a_score_still_counts_when_words_are_answered_no_more(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    question = await asked(here, mail)
    for words in ("I waited a week.", "And nobody called."):
        await ann.answers(question, words)
    await handled(here, 2)
    await ann.answers(await mail.mail_to(ANN, number=2), "4")
    thanks = await mail.mail_to(ANN, number=3)
    assert thanks.header("Subject").startswith("Thank you")
    [response] = await here.responses()
    assert (response["scores"], response["comment"]) == ({"overall": 4}, "I waited a week.\nAnd nobody called.")


async def test_a_robot_that_answers_the_thanks_gets_three_in_an_hour_and_six_in_all(
    here: World, mail: SmtpRig, ann: Correspondent, caplog: pytest.LogCaptureFixture
) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "4")
    thanks = await mail.mail_to(ANN, number=2)
    for most, warned, first in ((3, 1, 1), (6, 1, 6), (6, 0, 11)):
        caplog.clear()
        for number in range(first, first + 5):
            await ann.answers(thanks, f"Your mail number {number} was received.")
        await handled(here, first + 5)
        assert await told() == most
        assert caplog.text.count("are kept and not answered") == warned
        await here.move_on(minutes=61)
    comment = (await Response.get()).comment
    assert all(f"number {number} was" in comment for number in range(1, 16))


async def test_a_robot_that_sends_files_on_and_on_is_told_three_times_that_they_are_not_kept(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await ann.writes("The router is dead.")
    receipt = await mail.mail_to(ANN)
    for number in range(5):
        files = tuple((f"{number}-{one}.png", b"x") for one in range(21))
        await ann.writes("See below", to=reply_to(receipt), files=files)
    await handled(here, 6)
    assert await Delivery.filter(kind="note").count() == 3


def reply_to(letter: Mail) -> str:
    return letter.header("Reply-To").rpartition("<")[2].rstrip(">")


# ---------------------------------------------------------------- no more of them


async def opted_out() -> bool:
    return await Contact.filter(opted_out_at__isnull=False).exists()


@pytest.mark.parametrize("words", ["STOP", "退订\n\n祝好\n王伟"])
async def test_who_answers_stop_is_asked_no_more_and_told_so_once(
    here: World, mail: SmtpRig, ann: Correspondent, words: str
) -> None:
    question = await asked(here, mail)
    await ann.answers(question, words)
    told = await mail.mail_to(ANN, number=2)
    assert told.header("Subject") == "No more surveys"
    assert "we will not ask you for ratings any more" in told.text
    assert told.header("Auto-Submitted") == "auto-replied"
    assert any(label == "I have changed my mind" and f"{here.base_url}/u/" in url for label, url in told.links)
    await ann.answers(question, words)
    await ann.answers(told, words)
    await handled(here, 3)
    assert await opted_out()
    assert (await Invite.get()).state == InviteState.CANCELLED
    assert not await Response.all().exists()
    assert await Ticket.all().count() == 1
    assert await Delivery.filter(kind="stopped").count() == 1


async def test_stop_in_a_conversation_with_staff_goes_to_staff_and_unsubscribe_to_both(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await ann.writes("The router is dead.")
    receipt = await mail.mail_to(ANN)
    await ann.answers(receipt, "Stop!")
    await handled(here, 2)
    assert not await opted_out()
    await ann.answers(receipt, "unsubscribe")
    assert (await mail.mail_to(ANN, number=2)).header("Subject") == "No more surveys"
    said = await TicketEntry.filter(kind=EntryKind.MESSAGE).order_by("id").values_list("text", flat=True)
    assert said == ["The router is dead.", "Stop!", "unsubscribe"]


async def test_nobody_stops_anns_surveys_by_writing_her_name(
    here: World, mail: SmtpRig, listening: int, ann: Correspondent
) -> None:
    await asked(here, mail)
    await ann.writes("STOP", subject="STOP")
    await mail.mail_to(ANN, number=2)
    assert not await opted_out()
    assert await Ticket.filter(subject="STOP").exists()


async def test_more_words_than_stop_are_a_comment(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "stop it please, the router beeps")
    await mail.mail_to(ANN, number=2)
    assert not await opted_out()
    assert (await Response.get()).comment == "stop it please, the router beeps"


@pytest.mark.parametrize("headers", [{}, {"Auto-Submitted": "auto-generated"}])
async def test_a_mail_to_the_address_for_unsubscribing_does_it(
    here: World, mail: SmtpRig, ann: Correspondent, headers: dict[str, str]
) -> None:
    question = await asked(here, mail)
    link, address = re.findall(r"<([^<>]+)>", question.header("List-Unsubscribe"))
    assert link.startswith(f"{here.base_url}/u/")
    assert address.startswith("mailto:support+u")
    await ann.writes("", to=address.removeprefix("mailto:").partition("?")[0], subject="unsubscribe", headers=headers)
    assert (await mail.mail_to(ANN, number=2)).header("Subject") == "No more surveys"
    assert await opted_out()
    assert await Ticket.all().count() == 1


async def test_an_address_for_unsubscribing_that_somebody_made_up_does_nothing(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await asked(here, mail)
    contact = await Contact.get()
    await ann.writes("", to=f"support+u{contact.id}.aaaaaaaaaaaaaaaaaaaa@example.org", subject="unsubscribe")
    await handled(here)
    assert not await opted_out()


# ---------------------------------------------------------------- requests


async def test_a_mail_opens_a_request_and_staff_and_customer_talk_by_mail(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    first = await ann.writes("The router is dead.\nSince Monday.", subject="Router & cable")
    receipt = await mail.mail_to(ANN)
    [ticket] = await Ticket.all().select_related("contact")
    assert (ticket.subject, ticket.channel, ticket.contact.name) == ("Router & cable", "mail", "Ann <3")
    assert ticket.number in receipt.text
    assert receipt.header("In-Reply-To") == first["Message-ID"]
    assert receipt.header("Auto-Submitted") == "auto-replied"
    assert receipt.header("Reply-To").startswith("Support <support+t")
    said = "Take our form <b>now</b>: https://example.org/form?a=1&b=2."
    await conversations.reply(ticket, said, by=await Staff.get(key="kim@example.org"), now=here.clock())
    reply = await mail.mail_to(ANN, number=2)
    assert ("https://example.org/form?a=1&b=2", "https://example.org/form?a=1&b=2") in reply.links
    assert said in reply.text
    await here.until(lambda: Delivery.filter(kind="reply", state=DeliveryState.SENT).exists())
    await ann.answers(receipt, "And the cable too.")
    await handled(here, 2)
    words = await TicketEntry.filter(ticket_id=ticket.id, kind=EntryKind.MESSAGE).values_list("text", flat=True)
    assert words == ["The router is dead.\nSince Monday.", said, "And the cable too."]
    assert len(mail.mailbox(ANN)) == 2


async def test_a_mail_that_comes_twice_counts_once(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    first = await ann.writes("The router is dead.")
    await ann.hands_in(first.as_bytes(), to="support@example.org")
    await ann.writes("Another thing", subject="Another thing")
    await handled(here, 2)
    assert await Ticket.all().count() == 2


async def test_files_come_along(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await ann.writes("See below", files=(("röuter.png", b"\x89PNG"),))
    await mail.mail_to(ANN)
    [file] = await Attachment.all()
    assert (file.name, file.media_type, bytes(file.body or b"")) == ("röuter.png", "image/png", b"\x89PNG")


@pytest.mark.parametrize("address", ["noreply@shop.example", "No-Reply@shop.example", "do_not_reply+7@shop.example"])
async def test_what_comes_from_an_address_that_nobody_reads_is_kept_and_gets_no_receipt(
    here: World, mail: SmtpRig, listening: int, address: str
) -> None:
    files = tuple((f"{number}.png", b"x") for number in range(21))
    await Correspondent(address, listening).writes("Ann fills in a form: the router is dead.", files=files)
    await handled(here)
    assert await Ticket.all().count() == 1
    assert not await Delivery.filter(channel="mail").exists()


async def test_an_address_that_nobody_reads_gets_only_what_staff_write(
    here: World, mail: SmtpRig, listening: int
) -> None:
    await Correspondent("shop-noreply@shop.example", listening).writes("Ann fills in a form: the router is dead.")
    await handled(here)
    [ticket] = await Ticket.all().select_related("contact")
    kim = await Staff.get(key="kim@example.org")
    await tickets.take(ticket, kim, now=here.clock())
    await tickets.resolve(ticket, by=kim.name, result="It was the cable.", now=here.clock())
    assert (await Decision.get()).reason == "no_address"
    assert not await Delivery.filter(channel="mail").exists()
    told = await TicketEntry.filter(kind=EntryKind.UNDELIVERABLE).values_list("label", flat=True)
    assert "history.resolved_failed" in told
    await conversations.reply(ticket, "Please call us.", by=kim, now=here.clock())
    assert "Please call us." in (await mail.mail_to("shop-noreply@shop.example")).text


async def test_whom_nobody_reads_at_one_address_is_asked_at_the_next(here: World, mail: SmtpRig) -> None:
    await here.resolve(addresses=[("mail", "noreply@shop.example"), *BY_MAIL])
    assert "How satisfied are you overall?" in (await mail.mail_to(ANN)).text
    assert mail.mailbox("noreply@shop.example") == []


async def test_a_file_with_a_very_long_name_keeps_what_it_ends_in(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    files = ((f"{'long ' * 400}photo.png", b"x"), (f"{'长' * 400}.png", b"x"), (f"{'a' * 400}.pdf", b"x"))
    await ann.writes("See below", files=files)
    await mail.mail_to(ANN)
    names = await Attachment.all().order_by("id").values_list("name", flat=True)
    assert [str(name)[-4:] for name in names] == [".png", ".png", ".pdf"]
    assert all(len(str(name)) <= 200 for name in names)


async def test_of_two_questions_answered_in_one_mail_the_first_is_meant_and_the_log_says_so(
    here: World, mail: SmtpRig, ann: Correspondent, caplog: pytest.LogCaptureFixture
) -> None:
    question = await asked(here, mail)
    await here.resolve("T-2", contact="c-bo", addresses=[("mail", "bo@example.org")])
    bos = await mail.mail_to("bo@example.org")
    with caplog.at_level(logging.WARNING):
        await ann.answers(question, "4", headers={"Cc": reply_to(bos)})
        await mail.mail_to(ANN, number=2)
    assert [one["scores"] for one in await here.responses()] == [{"overall": 4}]
    assert "several of our addresses for answers; only the first counts" in caplog.text


async def test_who_sends_too_many_files_is_told_which_and_how_many_under_their_request(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await ann.writes("See below", files=tuple((f"{number}.png", b"x") for number in range(60)))
    note = await mail.mail_to(ANN, number=2)
    [ticket] = await Ticket.all()
    assert note.header("Subject") == f"About your request {ticket.number}"
    assert "Not kept: 20.png, 21.png, 22.png, 37 more." in note.text
    assert note.header("In-Reply-To") == ann.sent[0]["Message-ID"]
    assert await Attachment.filter(problem__startswith="40 more").exists()
    await ann.answers(note, "Here is one of them.")
    await handled(here, 2)
    assert await TicketEntry.filter(ticket_id=ticket.id, text="Here is one of them.").exists()
    assert await Ticket.all().count() == 1


async def test_an_answer_without_the_token_joins_what_it_answers(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await ann.writes("The router is dead.")
    receipt = await mail.mail_to(ANN)
    await ann.answers(receipt, "And the cable too.", to="support@example.org")
    await handled(here, 2)
    assert await Ticket.all().count() == 1


async def test_the_number_in_the_subject_is_enough_for_its_owner(
    here: World, mail: SmtpRig, ann: Correspondent, eve: Correspondent
) -> None:
    await ann.writes("The router is dead.")
    await mail.mail_to(ANN)
    [ticket] = await Ticket.all()
    await ann.writes("And the cable too.", subject=f"About {ticket.number}")
    await handled(here, 2)
    assert await Ticket.all().count() == 1
    await eve.writes("Me too", subject=f"About {ticket.number}")
    await mail.mail_to("eve@example.com")
    assert await Ticket.all().count() == 2


async def test_a_question_after_resolving_opens_it_again_and_thanks_do_not(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await ann.writes("The router is dead.")
    receipt = await mail.mail_to(ANN)
    [ticket] = await Ticket.all()
    await _resolve(here, ticket)
    await ann.answers(receipt, "ok, thanks")
    await handled(here, 2)
    assert (await Ticket.get(id=ticket.id)).status == "resolved"
    await ann.answers(receipt, "It is dead again!")
    await handled(here, 3)
    again = await Ticket.get(id=ticket.id)
    assert (again.status, again.cycle) == ("assigned", 2)
    await here.until(lambda: Delivery.filter(kind="reopened", state=DeliveryState.SENT).exists())
    subjects = [one.header("Subject") for one in mail.mailbox(ANN)]
    assert f"Your request {ticket.number} is resolved" in subjects
    assert subjects[-1] == f"Your request {ticket.number} is open again"


async def test_an_answer_to_the_bare_address_opens_it_again(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await ann.writes("The router is dead.")
    receipt = await mail.mail_to(ANN)
    [ticket] = await Ticket.all()
    await _resolve(here, ticket)
    await ann.answers(receipt, "It is dead again!", to="support@example.org")
    await handled(here, 2)
    [again] = await Ticket.all()
    assert again.cycle == 2
    assert not await TicketEntry.exists(label="history.unproven")


async def test_a_number_that_anybody_can_write_joins_an_open_request_and_opens_none_again(
    here: World, mail: SmtpRig, ann: Correspondent
) -> None:
    await ann.writes("The router is dead.")
    await mail.mail_to(ANN)
    [ticket] = await Ticket.all()
    await ann.writes("And the cable.", subject=f"[{ticket.number}]")
    await handled(here, 2)
    [told] = await TicketEntry.filter(ticket_id=ticket.id, label="history.unproven")
    assert (told.values, told.internal) == ({"address": ANN}, True)
    await _resolve(here, ticket)
    await ann.writes("It is dead again!", subject=f"[{ticket.number}]")
    await here.until(lambda: Ticket.filter(id__gt=ticket.id).exists())
    assert (await Ticket.get(id=ticket.id)).cycle == 1
    entries = await TicketEntry.filter(ticket_id__gt=ticket.id, label="history.follows")
    assert [one.values for one in entries] == [{"number": ticket.number}]


async def test_two_robots_that_thank_each_other_stop(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    for number in range(6):
        await ann.writes("Thank you for your mail.", subject=f"Mail number {number}")
    await handled(here, 6)
    await here.until(lambda: Ticket.filter(id__gt=0).count())
    assert await Delivery.filter(kind="received").count() == 3


@pytest.mark.parametrize(("pause", "receipts"), [(timedelta(minutes=31), 10), (timedelta(hours=3), 30)])
async def test_two_robots_that_answer_each_other_slowly_stop_too_and_no_request_is_lost(
    here: World, mail: SmtpRig, ann: Correspondent, caplog: pytest.LogCaptureFixture, pause: timedelta, receipts: int
) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(1, receipts + 3):
            await ann.writes("Thank you for your mail.", subject=f"Mail number {number}")
            await handled(here, number)
            await here.move_on(seconds=pause.total_seconds())
    assert await Delivery.filter(kind="received").count() == receipts
    assert await Ticket.all().count() == receipts + 2
    assert caplog.text.count("get no receipt for a while") == 1
    await here.move_on(days=7)
    await ann.writes("Now it is me: the router is dead.", subject="Router")
    await handled(here, receipts + 3)
    assert await Delivery.filter(kind="received").count() == receipts + 1


async def _resolve(here: World, ticket: Ticket) -> None:
    await here.resolve(ticket.number, addresses=BY_MAIL, contact="c-ann")


# ---------------------------------------------------------------- bounces


async def test_a_mail_that_comes_back_goes_to_the_next_address(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await here.resolve(addresses=[*BY_MAIL, ("mail", "ann@home.example")])
    question = await mail.mail_to(ANN)
    await here.until(lambda: Invite.exists(state=InviteState.DELIVERED))
    await ann.bounces(question)
    second = await mail.mail_to("ann@home.example")
    assert "How satisfied are you overall?" in second.text
    assert await suppressions.is_suppressed("mail", ANN)
    address = await Address.get(address=ANN)
    assert (address.reach, "5.1.1" in address.reach_reason) == (Reach.UNREACHABLE, True)
    await ann.answers(second, "5")
    await mail.mail_to("ann@home.example", number=2)
    [response] = await here.responses()
    assert response["scores"] == {"overall": 5}


async def test_without_another_address_the_ticket_says_so(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await ann.bounces(await asked(here, mail))
    await here.until(lambda: Invite.exists(state=InviteState.UNDELIVERABLE))
    assert await TicketEntry.filter(kind=EntryKind.UNDELIVERABLE).count() == 1


async def test_a_full_mailbox_is_given_up_after_the_third_time(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    for number in range(1, 4):
        assert not await suppressions.is_suppressed("mail", ANN)
        await ann.bounces(question, status="5.2.2")
        await handled(here, number)
    [row] = await suppressions.listed()
    assert (row.address, row.reason) == (ANN, SuppressionReason.SOFT_BOUNCES)


async def test_a_refusal_by_policy_is_ours_to_mend(
    here: World, mail: SmtpRig, ann: Correspondent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await ann.bounces(await asked(here, mail), status="5.7.1")
        await handled(here)
    assert "not to blame" in caplog.text
    assert await suppressions.listed() == []
    assert (await Address.get(address=ANN)).reach == Reach.OK


@pytest.mark.parametrize("to", ["support@example.org", FORGED])
async def test_anybody_can_write_a_bounce_and_nothing_happens(
    here: World, mail: SmtpRig, eve: Correspondent, to: str
) -> None:
    question = await asked(here, mail)
    forged = Mail("x@example.org", question.recipients, question.raw.replace(b"support+", b"x+"), encrypted=False)
    await eve.bounces(forged, to=to.format(key=(await Invite.get()).key))
    await handled(here)
    assert await suppressions.listed() == []
    assert not await Bounce.all().exists()
    assert (await Invite.get()).state == InviteState.DELIVERED


async def test_a_mail_that_is_only_late_changes_nothing(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await ann.bounces(await asked(here, mail), action="delayed", status="4.7.1")
    await handled(here)
    assert not await Bounce.all().exists()


async def test_a_bounce_after_the_answer_keeps_the_answer(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    question = await asked(here, mail)
    await ann.answers(question, "4")
    await mail.mail_to(ANN, number=2)
    await ann.bounces(question)
    await here.until(lambda: suppressions.is_suppressed("mail", ANN))
    assert (await Invite.get()).state == InviteState.FINISHED


async def test_who_writes_is_back_but_not_from_a_suppressed_address(
    here: World, mail: SmtpRig, ann: Correspondent, eve: Correspondent
) -> None:
    for one in (ann, eve):
        await one.writes("The router is dead.")
        await mail.mail_to(one.address)
        await Address.filter(address=one.address).update(reach=Reach.UNREACHABLE)
    await suppressions.suppress("mail", eve.address, reason=SuppressionReason.COMPLAINT, now=here.clock())
    for one in (ann, eve):
        await one.writes("And the cable.", subject="Re: Router & cable")
    await handled(here, 4)
    assert (await Address.get(address=ann.address)).reach == Reach.OK
    assert (await Address.get(address=eve.address)).reach == Reach.UNREACHABLE


async def test_a_suppressed_address_is_heard_and_not_written_to(here: World, mail: SmtpRig, eve: Correspondent) -> None:
    await suppressions.suppress("mail", eve.address.upper(), reason=SuppressionReason.MANUAL, now=here.clock())
    await eve.writes("The router is dead.")
    await handled(here)
    assert await Ticket.all().count() == 1
    assert not await Delivery.filter(channel="mail").exists()


@pytest.mark.parametrize("redacted", [False, True])
async def test_who_complains_is_asked_no_more_and_still_gets_replies(
    here: World, mail: SmtpRig, ann: Correspondent, redacted: bool
) -> None:
    question = await asked(here, mail)
    await ann.complains(question, redacted=redacted)
    await here.until(lambda: Contact.filter(opted_out_at__isnull=False).exists())
    assert (await Bounce.get()).kind == "complaint"
    assert await suppressions.listed() == []
    assert (await Address.get(address=ANN)).reach == Reach.OK
    assert (await Invite.get()).state == InviteState.CANCELLED
    assert await TicketEntry.filter(label="history.complained").count() == 1
    assert await Ticket.all().count() == 1, "a report is no request"
    await ann.writes("The router is dead.")
    assert "CS2026" in (await mail.mail_to(ANN, number=2)).header("Subject")


async def test_praise_and_forged_complaints_change_nothing(
    here: World, mail: SmtpRig, ann: Correspondent, eve: Correspondent
) -> None:
    question = await asked(here, mail)
    await ann.complains(question, kind="not-spam")
    forged = Mail("x@example.org", question.recipients, question.raw.replace(b"support+", b"x+"), encrypted=False)
    await eve.complains(forged, to="support@example.org")
    await handled(here, 2)
    assert not await Contact.filter(opted_out_at__isnull=False).exists()
    assert not await Bounce.all().exists()
    assert await Ticket.all().count() == 1


async def test_staff_see_that_their_words_came_back(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await ann.writes("The router is dead.")
    await ann.bounces(await mail.mail_to(ANN))
    await here.until(lambda: TicketEntry.filter(label="history.came_back").exists())


async def test_a_suppressed_address_gets_nothing_also_when_it_is_new_or_something_waits(
    here: World, mail: SmtpRig
) -> None:
    await suppressions.suppress("mail", "Bo@example.org", reason=SuppressionReason.MANUAL, now=here.clock())
    told = await here.resolve("T-9", contact="c-9", addresses=[("mail", "bo@example.org")])
    assert told["decision"] == {"sent": False, "reason": "no_address"}
    await asked(here, mail)
    await suppressions.suppress("mail", ANN, reason=SuppressionReason.COMPLAINT, now=here.clock())
    await here.move_on(hours=25)  # the reminder's time
    await here.until(lambda: Delivery.filter(kind="reminder", state=DeliveryState.DEAD).exists())
    assert len(mail.mailbox(ANN)) == 1
    assert mail.mailbox("bo@example.org") == []

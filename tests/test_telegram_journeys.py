"""A customer in Telegram, from end to end: files, groups, links."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.desk import answering, attachments, conversations
from core.models.contacts import Address, Contact
from core.models.desk import Attachment, AttachmentState, Ticket, TicketEntry
from core.models.invites import Invite
from core.models.responses import Response
from core.models.setup import Kind, Retention, Staff, Team
from core.surveys import tokens
from tests import world
from tests.people import Reader
from tests.rigs.telegram import TelegramRig
from tests.world import World

ANN, BOB = 777, 778
ON_TELEGRAM = [("support-bot", str(ANN))]


@pytest.fixture
async def here(store_url: str, telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.between(store_url, telegram, more=world.WEBCHAT) as running:
        yield running


async def history(here: World, number: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = (await here.get(f"/tickets/{number}/history"))["items"]
    return lines


async def stored(here: World, count: int = 1) -> list[Attachment]:
    async def all_here() -> list[Attachment]:
        rows = await Attachment.filter(state=AttachmentState.STORED)
        return rows if len(rows) == count else []

    rows: list[Attachment] = await here.until(all_here)
    return rows


async def rated(here: World, telegram: TelegramRig, score: str) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await telegram.until(lambda: telegram.buttons(ANN)[:5] == ["1★", "2★", "3★", "4★", "5★"])
    await telegram.tap(ANN, score)


@pytest.mark.parametrize("number", [4000, 4001])
async def test_who_writes_a_comment_longer_than_is_kept_is_told(
    here: World, telegram: TelegramRig, number: int
) -> None:
    await rated(here, telegram, "2★")
    await telegram.until(lambda: "Overall" in telegram.screen(ANN))
    await telegram.write(ANN, "是" * number)
    await here.until(lambda: Response.filter(comment="是" * 4000).exists())
    if number > 4000:
        await telegram.until(lambda: "kept the first 4,000" in telegram.screen(ANN))
    else:
        assert "kept the first" not in telegram.screen(ANN)


# ---------------------------------------------------------------- files


async def test_a_photo_opens_a_request_and_staff_download_it(here: World, telegram: TelegramRig) -> None:
    await telegram.send_file(ANN, "photo", b"\xff\xd8 a router", caption="It blinks red")
    await telegram.until(lambda: "It blinks red" in telegram.screen(ANN))
    await stored(here)
    ticket = await Ticket.get()
    assert (ticket.subject, ticket.channel) == ("It blinks red", "support-bot")
    [file] = (await here.get(f"/tickets/{ticket.number}"))["attachments"]
    got = await here.client.get(f"/api/v1/attachments/{file['id']}")
    assert (file["name"], got.content) == ("photo.jpg", b"\xff\xd8 a router")


async def test_an_album_becomes_one_request(here: World, telegram: TelegramRig) -> None:
    for number in range(3):
        await telegram.send_file(ANN, "photo", b"%d" % number, caption="" if number else "Both", media_group_id="1")
    await stored(here, 3)
    assert [ticket.subject for ticket in await Ticket.all()] == ["Both"]


async def test_a_file_whose_fetch_fails_first_is_there_later(here: World, telegram: TelegramRig) -> None:
    telegram.refuse("getFile", 502, "Bad Gateway")
    await telegram.send_file(ANN, "voice", b"OggS")
    await telegram.until(lambda: telegram.calls["getfile"])

    async def postponed() -> bool:
        return await Attachment.filter(attempts=1).exists()

    await here.until(postponed)
    await here.move_on(seconds=6)
    assert [row.name for row in await stored(here)] == ["voice.ogg"]


async def test_who_sends_too_much_is_told_at_once(here: World, telegram: TelegramRig) -> None:
    document = telegram.raw_file("document", name="disk image.iso")
    document["document"]["file_size"] = attachments.MOST_BYTES + 1
    await telegram.deliver(telegram.raw_update("message", telegram.raw_message(BOB, **document)))
    await telegram.until(lambda: "未能保存：disk image.iso" in telegram.screen(BOB))
    [file] = (await here.get(f"/tickets/{(await Ticket.get()).number}"))["attachments"]
    assert (file["state"], telegram.calls["getfile"]) == ("refused", 0)


async def test_a_caption_can_be_the_comment_and_its_file_goes_to_the_ticket(here: World, telegram: TelegramRig) -> None:
    await rated(here, telegram, "2★")
    await telegram.until(lambda: "Skip" in telegram.buttons(ANN))
    for number in range(2):
        await telegram.send_file(ANN, "photo", caption="" if number else "Still broken", media_group_id="1")
    await stored(here, 2)
    [response] = await here.responses()
    assert response["comment"] == "Still broken"
    assert await Ticket.all().count() == 1
    lines = await history(here, (await Ticket.get()).number)
    assert [len(line["attachments"]) for line in lines if line["kind"] == "message"] == [1, 1]


async def test_a_file_alone_is_never_a_comment(here: World, telegram: TelegramRig) -> None:
    await rated(here, telegram, "4★")
    await telegram.until(lambda: "Skip" in telegram.buttons(ANN))
    await telegram.send_file(ANN, "photo")
    await stored(here)
    [response] = await here.responses()
    assert response["comment"] is None
    assert sorted([ticket.subject for ticket in await Ticket.all()]) == ["Router & cable", "photo.jpg"]


# ---------------------------------------------------------------- the page beside the scores, and links


async def test_beside_the_scores_stands_a_page_for_when_taps_are_lost(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await telegram.until(lambda: "Rate on a web page" in telegram.buttons(ANN))
    [message] = telegram.shown(ANN)
    link = message.rows[1][0]["url"]
    assert link.startswith(f"{here.base_url}/r/")
    async with Reader(here) as ann:
        assert "Thank you" in await ann.answer(link, overall="4")
    assert (await here.responses())[0]["scores"] == {"overall": 4}


async def test_who_asks_what_is_stored_hears_for_how_long_as_it_holds_now(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, "/privacy")
    await telegram.until(lambda: "comments are deleted after 3 years" in telegram.screen(ANN))
    assert "messages are deleted 3 years after your request is closed" in telegram.screen(ANN)
    assert "scores are kept without a limit" in telegram.screen(ANN)
    for kind, days in ((Kind.COMMENTS, 90), (Kind.RESPONSES, 730), (Kind.MESSAGES, 0)):
        await Retention.create(key=kind, days=days)
    await telegram.write(ANN, "/privacy")
    await telegram.until(lambda: "comments are deleted after 90 days" in telegram.screen(ANN))
    assert "scores are deleted after 2 years" in telegram.screen(ANN)
    assert "messages are kept without a limit" in telegram.screen(ANN)


async def test_a_link_that_was_passed_on_connects_nobody_else(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=[("webchat", "ann")])
    invite = await Invite.get()
    token = tokens.token_for(invite.key)
    await telegram.write(ANN, f"/start {token}")
    await telegram.until(lambda: "Rate on a web page" in telegram.buttons(ANN))
    await telegram.write(BOB, f"/start {token}")
    await telegram.until(lambda: telegram.screen(BOB) == "这个链接已经用过了。")
    assert [one.contact_id for one in await Address.filter(address=str(BOB))] != [invite.contact_id]
    await telegram.write(ANN, f"/start {token}")  # her own link, once more
    await telegram.until(lambda: len(telegram.shown(ANN)) == 2)
    async with Reader(here) as ann:
        assert "Thank you" in await ann.answer(f"/r/{token}", overall="5")


async def test_two_who_open_one_link_at_once_are_not_both_connected(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=[("webchat", "ann")])
    invite = await Invite.get()
    token = tokens.token_for(invite.key)
    await asyncio.gather(telegram.write(ANN, f"/start {token}"), telegram.write(BOB, f"/start {token}"))
    await telegram.until(lambda: telegram.shown(ANN) and telegram.shown(BOB))
    linked = await Address.filter(channel="support-bot", contact_id=invite.contact_id).count()
    assert linked == 1


async def test_a_link_of_a_question_that_was_answered_is_used(here: World, telegram: TelegramRig) -> None:
    await rated(here, telegram, "4★")
    token = tokens.token_for((await Invite.get()).key)
    await telegram.write(BOB, f"/start {token}")
    await telegram.until(lambda: telegram.screen(BOB) == "这个链接已经用过了。")


# ---------------------------------------------------------------- comments, changes, languages


async def test_words_a_day_after_the_question_are_a_request_again(here: World, telegram: TelegramRig) -> None:
    await rated(here, telegram, "4★")
    await telegram.until(lambda: "Skip" in telegram.buttons(ANN))
    await telegram.tap(ANN, "Done")
    await telegram.until(lambda: "Add a comment" in telegram.buttons(ANN))
    await telegram.tap(ANN, "Add a comment")
    await here.until(lambda: Response.filter(comment_until__isnull=False).exists())
    await here.move_on(hours=25)
    await telegram.write(ANN, "It broke again")
    await here.until(lambda: Ticket.filter(subject="It broke again").exists())
    assert (await here.responses())[0]["comment"] is None


async def test_an_answer_to_the_question_is_its_comment_even_when_none_is_awaited(
    here: World, telegram: TelegramRig
) -> None:
    await rated(here, telegram, "5★")
    await telegram.until(lambda: "Skip" in telegram.buttons(ANN))
    await telegram.tap(ANN, "Done")
    await telegram.until(lambda: "Change" in telegram.buttons(ANN))
    await telegram.write(ANN, "Bye", reply_to=telegram.shown(ANN)[0].id)
    await telegram.until(lambda: "Bye" in telegram.screen(ANN))
    assert (await here.responses())[0]["comment"] == "Bye"


async def test_a_chat_is_answered_in_the_language_of_the_app_until_another_is_chosen(
    here: World, telegram: TelegramRig
) -> None:
    await telegram.write(BOB, "/help")
    await telegram.until(lambda: "跳过" in telegram.screen(BOB) or "评价" in telegram.screen(BOB))
    await telegram.write(BOB, "/language english")
    await telegram.until(lambda: "English" in telegram.screen(BOB))
    await telegram.write(BOB, "/help")
    await telegram.until(lambda: "No more surveys" in telegram.screen(BOB) or "surveys" in telegram.screen(BOB))
    assert (await Contact.get()).locale == "en"


# ---------------------------------------------------------------- groups

GROUP = -1001


async def known(telegram: TelegramRig, person: int) -> None:
    """They are a contact of ours, too."""
    await telegram.write(person, "/stop")
    await telegram.until(lambda: telegram.screen(person))


async def test_in_a_group_a_request_belongs_to_the_person_and_is_answered_there(
    here: World, telegram: TelegramRig
) -> None:
    await known(telegram, BOB)
    asked = await telegram.write(GROUP, "/ticket My router blinks", by=ANN)
    await telegram.until(lambda: "CS2" in telegram.screen(GROUP))
    receipt = telegram.shown(GROUP)[0]
    assert receipt.reply_to == asked
    ticket = await Ticket.get().select_related("contact")
    assert (ticket.subject, ticket.contact.name, ticket.thread) == ("My router blinks", "Ann <3", f"{GROUP} {asked}")
    await telegram.write(GROUP, "So does mine!", by=BOB, reply_to=receipt.id)
    await telegram.write(GROUP, "Good morning", by=ANN)
    await telegram.write(GROUP, "Red, I mean", by=ANN, reply_to=receipt.id)
    await telegram.until(lambda: "👀" in telegram.reactions.values())
    assert await TicketEntry.filter(text="Red, I mean").exists()
    assert not await TicketEntry.filter(text__in=["So does mine!", "Good morning"]).exists()
    assert telegram.shown(ANN) == []
    await conversations.reply(ticket, "Turn it <off>", by=await Staff.get(), now=here.clock())
    await telegram.until(lambda: telegram.screen(GROUP) == "Kim\nTurn it <off>")
    assert telegram.shown(GROUP)[-1].reply_to


async def whole(ticket: Ticket) -> Ticket:
    return await Ticket.get(id=ticket.id).select_related("contact")


async def test_a_file_in_a_group_comes_as_an_answer_to_the_bot(here: World, telegram: TelegramRig) -> None:
    await telegram.write(GROUP, "/ticket It blinks", by=ANN)
    await telegram.until(lambda: telegram.screen(GROUP))
    answered = telegram.as_json(telegram.shown(GROUP)[0])
    await telegram.send_file(GROUP, "photo", by=ANN, reply_to_message=answered)
    await telegram.send_file(GROUP, "photo", by=ANN)
    [row] = await stored(here)
    assert row.ticket_id == (await Ticket.get()).id


async def test_who_goes_on_in_private_is_answered_in_private(here: World, telegram: TelegramRig) -> None:
    await telegram.write(GROUP, "/ticket It blinks", by=ANN)
    await telegram.until(lambda: telegram.screen(GROUP))
    await telegram.write(ANN, "My number is 17")
    await here.until(lambda: Ticket.filter(thread="").exists())
    draft = await answering.draft(await whole(await Ticket.get()), "reply:1", "reply", {})
    assert draft is not None
    assert (draft.target, draft.address_id is None) == (str(ANN), False)


async def resolved_by_staff(here: World, telegram: TelegramRig) -> None:
    await telegram.write(GROUP, "/ticket It blinks", by=ANN)
    await telegram.until(lambda: telegram.screen(GROUP))
    ticket = await Ticket.get()
    event = {"type": "ticket.resolved", "ticket": {"ref": ticket.number}}
    answer = await here.client.post("/api/v1/events", json=event)
    assert answer.json()["decision"]["sent"], answer.text


async def test_a_question_goes_to_the_persons_own_chat_and_not_to_the_group(here: World, telegram: TelegramRig) -> None:
    await resolved_by_staff(here, telegram)
    await telegram.until(lambda: "1★" in telegram.buttons(ANN))
    assert len(telegram.shown(GROUP)) == 1


async def test_who_has_no_chat_of_their_own_is_asked_in_the_group_and_nobody_else_can_answer(
    here: World, telegram: TelegramRig
) -> None:
    await known(telegram, BOB)
    telegram.unknown.add(ANN)
    await resolved_by_staff(here, telegram)
    await telegram.until(lambda: telegram.buttons(GROUP) == ["1★", "2★", "3★", "4★", "5★"])  # and no link to the page
    assert telegram.shown(GROUP)[-1].reply_to
    tap = await telegram.tap(GROUP, "1★", by=BOB)
    await telegram.until(lambda: tap in telegram.answers)
    assert telegram.answers[tap].alert
    await telegram.tap(GROUP, "4★", by=ANN)
    await telegram.until(lambda: "Skip" in telegram.buttons(GROUP))
    question = telegram.shown(GROUP)[-1].id
    await telegram.write(GROUP, "No comment of mine", by=BOB, reply_to=question)
    await telegram.write(GROUP, "Quick & kind", by=ANN, reply_to=question)
    await telegram.until(lambda: "Quick & kind" in telegram.screen(GROUP))
    [response] = (await here.get("/responses"))["items"]
    assert (response["scores"], response["comment"]) == ({"overall": 4}, "Quick & kind")
    assert (await Address.get(address=str(ANN))).reach == "ok"


async def test_a_group_that_moved_takes_its_requests_along(here: World, telegram: TelegramRig) -> None:
    await telegram.write(-55, "/ticket It blinks", by=ANN)
    await telegram.until(lambda: telegram.screen(-55))
    await Team.filter(key="support").update(alert_channel="support-bot", alert_to="-55")
    await telegram.migrate(-55, GROUP)
    await here.until(lambda: Ticket.filter(thread=f"{GROUP} ").exists())
    assert (await Team.get(key="support")).alert_to == str(GROUP)
    draft = await answering.draft(await whole(await Ticket.get()), "reply:1", "reply", {})
    assert draft is not None
    assert (draft.target, draft.payload) == (str(GROUP), {"thread": ""})


async def test_help_is_given_in_the_group(here: World, telegram: TelegramRig) -> None:
    await telegram.until(lambda: telegram.group_commands)
    assert [one["command"] for one in telegram.group_commands["zh"]] == ["ticket", "help"]
    asked = await telegram.write(GROUP, "/help", by=ANN)
    await telegram.until(lambda: "/new" in telegram.screen(GROUP))
    assert telegram.shown(GROUP)[0].reply_to == asked
    await telegram.write(GROUP, "/ticket", by=ANN)
    await telegram.until(lambda: len(telegram.shown(GROUP)) == 2)
    assert not await Ticket.exists()

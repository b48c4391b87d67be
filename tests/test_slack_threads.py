"""Customers in a channel's threads: they call the app by name, talk there, and rate there unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.models.contacts import Contact
from core.models.deliveries import Arrival, ArrivalState
from core.models.desk import EntryKind, Ticket, TicketEntry, TicketStatus
from tests import world
from tests.rigs.slack import SlackRig
from tests.world import World

ANN, BOB, KIM = "U0ANN", "U0BOB", "U0KIM"
HELP, TEAM = "C0HELP", "C0ALERTS"


@pytest.fixture
async def here(store_url: str, slack: SlackRig) -> AsyncIterator[World]:
    slack.person(BOB, name="Bob")
    slack.channels[HELP] = "help"
    async with world.between(store_url, slack) as running:
        yield running


async def asks(slack: SlackRig, words: str = "my printer is <broken> & loud", user: str = ANN, **more: Any) -> str:
    """Somebody calls the app in the help channel; the root of the thread in which it was answered."""
    root = await slack.call(user, HELP, words, **more)
    await slack.until(lambda: any("has arrived" in line for line in slack.thread(HELP, root)))
    return root


async def all_handled() -> bool:
    return not await Arrival.exclude(state=ArrivalState.HANDLED).exists()


async def words_of(ticket: Ticket) -> list[str]:
    said = await TicketEntry.filter(ticket_id=ticket.id, kind=EntryKind.MESSAGE).order_by("id")
    return [one.text for one in said]


# ---------------------------------------------------------------- a request by a call


@pytest.mark.parametrize(
    "told_as",
    [("app_mention",), ("message", "app_mention"), ("app_mention", "message"), ("app_mention", "app_mention")],
)
async def test_a_call_opens_one_request_in_that_thread(here: World, slack: SlackRig, told_as: tuple[str, ...]) -> None:
    root = await asks(slack, told_as=told_as)
    await here.until(all_handled)
    [ticket] = await Ticket.all().select_related("contact")
    assert (ticket.subject, ticket.thread, ticket.channel) == ("my printer is <broken> & loud", root, "slack")
    assert await words_of(ticket) == ["my printer is <broken> & loud"]
    assert [ticket.number in line for line in slack.thread(HELP, root)] == [True]
    assert slack.screen(ANN) == []


async def test_the_conversation_goes_on_in_the_thread(here: World, slack: SlackRig) -> None:
    root = await asks(slack)
    await slack.until(lambda: "Reply…" in slack.buttons(TEAM))
    await slack.write(ANN, HELP, "It smells, too", thread=root)
    await slack.until(lambda: slack.whispered(ANN))
    assert "Sent to our team" in slack.whispered(ANN)[0]
    await slack.press(KIM, TEAM, "Reply…")
    await slack.until(lambda: slack.modals)
    await slack.submit(KIM, {"text": "Please switch it off."})
    await slack.until(lambda: any("switch it off" in line for line in slack.thread(HELP, root)))
    assert await words_of(await Ticket.get()) == [
        "my printer is <broken> & loud",
        "It smells, too",
        "Please switch it off.",
    ]
    assert slack.screen(ANN) == []


async def test_what_others_say_in_the_thread_is_theirs_until_they_call(here: World, slack: SlackRig) -> None:
    root = await asks(slack)
    await slack.write(BOB, HELP, "Mine works", thread=root)
    await slack.write(BOB, HELP, "By the way, lunch?")
    await here.until(all_handled)
    assert await Contact.all().count() == 1
    await slack.call(BOB, HELP, "mine is broken now", thread=root, told_as=("message", "app_mention"))
    await slack.until(lambda: len([line for line in slack.thread(HELP, root) if "has arrived" in line]) == 2)
    await slack.write(BOB, HELP, "and it is hot", thread=root)
    await slack.write(ANN, HELP, "mine is cold", thread=root)
    await slack.until(lambda: len(slack.whispers) == 2)
    anns, bobs = await Ticket.all().order_by("id")
    assert (await words_of(anns))[1:] == ["mine is cold"]
    assert await words_of(bobs) == ["mine is broken now", "and it is hot"]


async def test_who_goes_on_in_private_is_answered_there_and_can_come_back(here: World, slack: SlackRig) -> None:
    root = await asks(slack)
    before = len(slack.thread(HELP, root))
    await slack.write(ANN, ANN, "My password is 1234, is that why?")
    await here.until(all_handled)
    await reply(slack, "Please change it.")
    await slack.until(lambda: any("change it" in line for line in slack.screen(ANN)))
    assert len(slack.thread(HELP, root)) == before
    await slack.write(ANN, HELP, "Done, and still broken", thread=root)
    await slack.until(lambda: slack.whispered(ANN))
    await reply(slack, "We come by.")
    await slack.until(lambda: any("come by" in line for line in slack.thread(HELP, root)))
    assert await Ticket.all().count() == 1


async def test_a_question_after_the_end_opens_it_again_and_thanks_do_not(here: World, slack: SlackRig) -> None:
    root = await asks(slack)
    await resolve(slack)
    await slack.until(lambda: "1★" in slack.buttons(HELP))
    await slack.write(ANN, HELP, "ok, thanks!", thread=root)
    await here.until(all_handled)
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    await slack.write(ANN, HELP, "It is broken again", thread=root)
    await here.until(lambda: Ticket.filter(status__not=TicketStatus.RESOLVED).exists())
    await here.until(all_handled)
    assert await Ticket.all().count() == 1


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("help", "/afterword privacy"),
        ("", "/afterword privacy"),
        ("Status", "no open requests"),
        ("/status", "no open requests"),
    ],
)
async def test_a_call_with_nothing_but_a_command_is_answered_and_opens_nothing(
    here: World, slack: SlackRig, said: str, answer: str
) -> None:
    await slack.call(ANN, HELP, said, told_as=("message", "app_mention"))
    await slack.until(lambda: answer in "\n".join(slack.screen(ANN)))
    await here.until(all_handled)
    assert len(slack.screen(ANN)) == 1
    assert len(slack.screen(HELP)) == 1  # what Ann wrote herself
    assert not await Ticket.exists()


async def test_staff_who_call_under_an_alert_or_a_request_ask_for_nothing(here: World, slack: SlackRig) -> None:
    root = await asks(slack)
    await slack.until(lambda: slack.screen(TEAM))
    [card] = [f"{one.channel}:{one.ts}" for one in slack.messages.values() if one.channel == TEAM and not one.thread]
    await slack.call(KIM, TEAM, "who has this?", thread=card, told_as=("message", "app_mention"))
    await slack.call(KIM, HELP, "this is mine", thread=root, told_as=("message", "app_mention"))
    await slack.call(KIM, TEAM, "status", thread=card)
    await slack.until(lambda: any("Asked" in line for line in slack.whispered(KIM)))
    await here.until(all_handled)
    ticket = await Ticket.get()
    notes = await TicketEntry.filter(ticket_id=ticket.id, kind=EntryKind.NOTE).values_list("text", flat=True)
    assert list(notes) == ["who has this?"]
    assert await Contact.all().count() == 1


# ---------------------------------------------------------------- rating where others read


async def test_a_rating_in_a_channel_shows_nothing_of_the_answer(here: World, slack: SlackRig) -> None:
    root = await asks(slack)
    await resolve(slack)
    await slack.until(lambda: "1★" in slack.buttons(HELP))
    await slack.press(BOB, HELP, "5★")
    await slack.until(lambda: slack.whispered(BOB))
    assert "not your question" in slack.whispered(BOB)[0]
    await slack.press(ANN, HELP, "1★")
    await slack.until(lambda: slack.modals)
    await slack.until(lambda: "has reached us" in read_by_all(slack, root))
    assert slack.buttons(HELP) == ["Tell us more"]
    await slack.submit(ANN, {"score_speed": "2", "reasons": ["slow"], "comment": "Li was rude"})
    await slack.until(lambda: slack.buttons(HELP) == ["Change"])
    await slack.press(BOB, HELP, "Change")
    await slack.until(lambda: len(slack.whispered(BOB)) == 2)
    assert not slack.modals
    await here.move_on(seconds=5)
    await slack.until(lambda: any("sorry" in line.lower() for line in slack.screen(ANN)))
    seen = read_by_all(slack, root)
    for secret in ("1 of 5", "2 of 5", "★☆", "Too slow", "rude", "sorry", "frank", "come back to you by"):
        assert secret not in seen, secret
    await slack.press(ANN, HELP, "Change")
    await slack.until(lambda: slack.modals)
    assert slack.modal(ANN).view["blocks"][-1]["element"]["initial_value"] == "Li was rude"


async def test_what_staff_write_because_of_a_bad_mark_goes_to_the_person_alone(here: World, slack: SlackRig) -> None:
    root = await asks(slack)
    await resolve(slack)
    await slack.until(lambda: "1★" in slack.buttons(HELP))
    await slack.press(ANN, HELP, "1★")
    await slack.until(lambda: slack.modals)
    await slack.submit(ANN, {"comment": "bad"})
    await slack.until(lambda: "Dismiss…" in slack.buttons(TEAM))
    before = read_by_all(slack, root)
    slack.modals.clear()
    await reply(slack, "We are sorry for the insult.")
    await slack.until(lambda: any("the insult" in line for line in slack.screen(ANN)))
    slack.modals.clear()
    await slack.press(KIM, TEAM, "Take")
    await slack.until(lambda: "Resolve…" in slack.buttons(TEAM))
    await slack.press(KIM, TEAM, "Resolve…")
    await slack.until(lambda: slack.modals)
    await slack.submit(KIM, {"outcome": "solved", "note": "spoke to Li"})
    await slack.until(lambda: "1★" in slack.buttons(ANN))
    await slack.press(ANN, ANN, "5★")
    await slack.until(lambda: "★★★★★" in "\n".join(slack.screen(ANN)))
    assert "insult" not in read_by_all(slack, root)
    assert read_by_all(slack, root).replace("open again", "") == before.replace("open again", "")


async def test_in_a_direct_message_the_scores_are_shown_as_ever(here: World, slack: SlackRig) -> None:
    await here.resolve(addresses=[("slack", ANN)])
    await slack.until(lambda: "1★" in slack.buttons(ANN))
    await slack.press(ANN, ANN, "4★")
    await slack.until(lambda: "★★★★☆" in "\n".join(slack.screen(ANN)))


def read_by_all(slack: SlackRig, root: str) -> str:
    return "\n".join([*slack.thread(HELP, root), *slack.screen(HELP)])


async def reply(slack: SlackRig, words: str) -> None:
    slack.modals.clear()
    await slack.until(lambda: "Reply…" in slack.buttons(TEAM))
    await slack.press(KIM, TEAM, "Reply…")
    await slack.until(lambda: slack.modals)
    await slack.submit(KIM, {"text": words})


async def resolve(slack: SlackRig) -> None:
    await slack.until(lambda: "Resolve…" in slack.buttons(TEAM))
    await slack.press(KIM, TEAM, "Resolve…")
    await slack.until(lambda: slack.modals)
    await slack.submit(KIM, {"reason": "solved", "result": "A new one."})

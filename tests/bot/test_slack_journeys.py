"""Customers in Slack, from the resolved ticket to the answer, on good days and on bad ones."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.models.contacts import Address, Reach
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Attachment, AttachmentState, Ticket, TicketEntry
from tests import world
from tests.rigs.slack import Mood, SlackRig
from tests.rigs.slack_state import Posted
from tests.rigs.smtp import SmtpRig
from tests.test_survey_styles import DOTS, OWN, survey_is
from tests.world import World

ANN, EVE = "U0ANN", "U0EVE"
HELP = "C0HELP"


@pytest.fixture
async def here(sqlite_url: str, slack: SlackRig, mail: SmtpRig) -> AsyncIterator[World]:
    slack.channels[HELP] = "help"
    async with world.between(sqlite_url, slack, mail, more={"slack": {"messages_per_second": 50}}) as running:
        yield running


def asked_in_help(slack: SlackRig) -> str:
    """Ann asks in the help channel; the message that her request began with."""
    ts = slack.new_ts()
    slack.messages[HELP, ts] = Posted(HELP, ts, "My router blinks", (), {})
    return f"{HELP}:{ts}"


async def test_too_many_lookups_hold_up_that_message_and_no_alert(here: World, slack: SlackRig) -> None:
    slack.clock = lambda: here.clock().timestamp()
    people = [slack.person(f"U0NEW{number:02}").id for number in range(40)]
    for user in people:
        await here.resolve(user, addresses=[("slack", user)], contact=user)
    held_up = Delivery.filter(state=DeliveryState.WAITING, problem__contains="its turn")

    async def is_asked(number: int) -> bool:
        return sum(bool(slack.screen(user)) for user in people) >= number and await held_up.count() >= 10

    await here.until(lambda: is_asked(20))
    await slack.press(people[0], slack.dm_of(people[0]), "1★")
    await slack.until(lambda: slack.modals)
    await slack.submit(people[0], {"comment": "bad"})
    await slack.until(lambda: slack.screen("C0ALERTS"))
    assert await held_up.exists()

    asked_at = {}
    for _ in range(10):
        await here.move_on(seconds=4)
        await here.until(lambda: _nobody_is_due(here))
        for user in people:
            if slack.screen(user):
                asked_at.setdefault(user, len(asked_at))
    assert list(asked_at) == people
    assert slack.too_many == 0
    assert not await Delivery.filter(attempts__gt=0).exists()


async def _nobody_is_due(here: World) -> bool:
    under_way = await Delivery.filter(state=DeliveryState.SENDING).exists()
    return not under_way and not await Delivery.filter(state=DeliveryState.WAITING, due_at__lte=here.clock()).exists()


async def test_who_writes_first_has_the_name_that_slack_tells_and_is_looked_up_once(
    here: World, slack: SlackRig
) -> None:
    slack.channels[slack.dm_of(EVE)] = "directmessage"
    await slack.write(EVE, EVE, "My router blinks")
    await here.until(lambda: Ticket.filter(contact__name="Eve").exists())
    await slack.write(EVE, EVE, "and smells")
    await here.until(lambda: TicketEntry.filter(text="and smells").exists())
    assert [given["user"] for method, given in slack.calls if method == "users.info"] == [EVE]
    await slack.until(lambda: "Eve" in "".join(slack.screen("C0ALERTS")))


@pytest.mark.parametrize("mood", ["busy", "gone", "broken"])
async def test_a_name_that_cannot_be_looked_up_loses_no_message_and_comes_later(
    here: World, slack: SlackRig, mood: Mood
) -> None:
    slack.mood, slack.only, slack.refusal = mood, frozenset({"users.info"}), "missing_scope"
    await slack.write(EVE, EVE, "My router blinks")
    await here.until(lambda: Ticket.filter(contact__name="", subject="My router blinks").exists())
    slack.mood = "fine"
    await here.move_on(minutes=1)
    await slack.write(EVE, EVE, "and smells")
    await here.until(lambda: Ticket.filter(contact__name="Eve").exists())


async def test_nobody_whom_slack_does_not_know_is_looked_up_twice(here: World, slack: SlackRig) -> None:
    for words in ("My router blinks", "and smells"):
        await slack.write("U0GHOST", "U0GHOST", words)
        await here.until(lambda said=words: TicketEntry.filter(text=said).exists())  # type: ignore[misc]
    assert len([method for method, _ in slack.calls if method == "users.info"]) == 1


async def test_the_question_stands_where_the_request_was_made(here: World, slack: SlackRig) -> None:
    root = asked_in_help(slack)
    await here.resolve(addresses=[("slack", "ann@example.org")], channel="slack", thread=root)
    await slack.until(lambda: slack.thread(HELP, root))
    assert "1★" in slack.buttons(HELP)
    assert "You receive this" not in "\n".join(slack.thread(HELP, root))  # that is for mails
    assert slack.screen(ANN) == []

    await slack.press(EVE, HELP, "1★")
    await slack.until(lambda: slack.whispered(EVE))
    assert "not your question" in slack.whispered(EVE)[0]
    assert await here.responses() == []

    await slack.press(ANN, HELP, "4★")
    await slack.until(lambda: slack.modals)
    await slack.submit(ANN, {"score_speed": "5", "comment": "quick"})
    await here.until(lambda: _scored(here, {"overall": 4, "speed": 5}))
    await slack.until(lambda: "Thank you" in slack.thread(HELP, root)[0])
    assert len(slack.thread(HELP, root)) == 1


@pytest.mark.parametrize("refusal", ["not_in_channel", "is_archived", "channel_not_found"])
async def test_where_the_thread_is_closed_to_us_the_person_is_asked_alone(
    here: World, slack: SlackRig, refusal: str
) -> None:
    del slack.channels[HELP]
    slack.unheard[HELP] = refusal
    await here.resolve(addresses=[("slack", ANN)], channel="slack", thread=f"{HELP}:1780000001.000100")
    await slack.until(lambda: slack.screen(ANN))
    assert "1★" in slack.buttons(ANN)
    assert (await Address.get(address=ANN)).reach == Reach.OK


@pytest.mark.parametrize("thread", ["C0HELP:1780000001.000100", "C0HELP", "nonsense", "C0HELP:now", ":1.2"])
async def test_a_thread_that_is_none_costs_nothing(here: World, slack: SlackRig, thread: str) -> None:
    await here.resolve(addresses=[("slack", ANN)], channel="slack", thread=thread)
    await slack.until(lambda: slack.screen(ANN))


async def test_the_thread_of_another_channel_is_not_ours(here: World, slack: SlackRig) -> None:
    root = asked_in_help(slack)
    await here.resolve(addresses=[("slack", ANN)], channel="mail", thread=root)
    await slack.until(lambda: slack.screen(ANN))
    assert slack.thread(HELP, root) == []
    assert (await Ticket.get()).thread == root


async def test_a_guest_whom_slack_does_not_find_is_asked_by_mail(here: World, slack: SlackRig, mail: SmtpRig) -> None:
    await here.resolve(addresses=[("slack", "guest@elsewhere.org"), ("mail", "guest@elsewhere.org")], name="Guest")
    received = await mail.mail_to("guest@elsewhere.org")
    assert any("/r/" in url for _, url in received.links)
    found = await Address.get(channel="slack", address="guest@elsewhere.org")
    assert (found.reach, found.reach_reason) == (Reach.UNREACHABLE, "users_not_found")
    assert not slack.messages


@pytest.mark.parametrize("refusal", ["user_not_found", "user_not_visible", "user_disabled", "cannot_dm_bot"])
async def test_an_external_whom_slack_does_not_reach_is_asked_by_mail(
    here: World, slack: SlackRig, mail: SmtpRig, refusal: str
) -> None:
    slack.mood, slack.refusal, slack.only = "gone", refusal, frozenset({"conversations.open"})
    await here.resolve(addresses=[("slack", "U0GUEST"), ("mail", "guest@elsewhere.org")], name="Guest")
    await mail.mail_to("guest@elsewhere.org")
    assert (await Address.get(channel="slack")).reach == Reach.UNREACHABLE


async def test_our_own_wrong_set_up_makes_nobody_unreachable(here: World, slack: SlackRig, mail: SmtpRig) -> None:
    slack.mood, slack.refusal = "gone", "missing_scope"
    await here.resolve(addresses=[("slack", ANN), ("mail", "ann@example.org")])
    await here.until(lambda: _tried(slack))
    assert (await Address.get(channel="slack")).reach == Reach.OK
    slack.mood = "fine"
    await here.move_on(minutes=1)
    await slack.until(lambda: slack.screen(ANN))


async def _tried(slack: SlackRig) -> bool:
    return bool(slack.calls)


async def test_symbols_of_ones_own_from_the_question_over_the_form_to_the_alert(here: World, slack: SlackRig) -> None:
    await survey_is(**OWN)
    await here.resolve(addresses=[("slack", ANN)])
    await slack.until(lambda: slack.buttons(ANN) == list(DOTS))
    assert "🔴 = awful, 🔵 = great" in slack.screen(ANN)[0]
    asked = next(one for one in slack.messages.values() if one.channel == slack.dm_of(ANN))
    [row] = [block for block in asked.blocks if block["type"] == "actions"]
    assert [one["accessibility_label"] for one in row["elements"]][:2] == ["1, awful", "2, bad"]
    await slack.press(ANN, ANN, "🔴")
    await slack.until(lambda: slack.modals)
    assert options(slack, "score_overall") == [
        "🔴  1, awful",
        "🟠  2, bad",
        "🟡  3, fair",
        "🟢  4, good",
        "🔵  5, great",
    ]
    await slack.until(lambda: slack.whispered(ANN))
    assert "1 of 5" in slack.whispered(ANN)[0]
    await slack.submit(ANN, {"score_speed": "4", "reasons": ["slow"], "comment": "It still blinks"})
    await slack.until(lambda: "🟢\u00a04/5" in "".join(slack.screen(ANN)))
    assert "🔴\u00a01/5" in "".join(slack.screen(ANN))
    await slack.until(lambda: "It still blinks" in "".join(slack.screen("C0ALERTS")))
    assert "Overall: 1 of 5 · Response speed: 4 of 5" in slack.screen("C0ALERTS")[-1]


async def test_no_symbol_and_no_word_of_ones_own_is_too_odd_for_slack(here: World, slack: SlackRig) -> None:
    symbols = ("<3", "&amp;", "*so* _so_", "👩🏽\u200d💻", "sixteen letters!")
    words = ["<!channel> & *bad*", "w" * 300, "", "a b " * 100, "great"]
    steps = [{"symbol": one, "word": {"en": word}} for one, word in zip(symbols, words, strict=True)]
    await survey_is(scale="own", symbols=steps)
    await here.resolve(addresses=[("slack", ANN)])
    await slack.until(lambda: slack.buttons(ANN) == list(symbols))
    assert "<3 = <!channel> & ∗bad∗, sixteen letters! = great" in slack.screen(ANN)[0]
    assert slack.pings() == []
    await slack.press(ANN, ANN, "<3")
    await slack.until(lambda: slack.modals)
    shown = options(slack, "score_speed")
    assert [one.split("  ")[0] for one in shown] == list(symbols)
    assert shown[0] == "<3  1, <!channel> & *bad*"
    assert len(shown[1]) == 75
    await slack.submit(ANN, {"score_speed": "3"})
    await slack.until(lambda: "3/5" in "".join(slack.screen(ANN)))
    assert "<3\u00a01/5" in "".join(slack.screen(ANN))
    assert "∗so∗ ˍsoˍ\u00a03/5" in "".join(slack.screen(ANN))
    assert slack.pings() == []


def options(slack: SlackRig, field: str) -> list[str]:
    """What can be chosen in a field of Ann's form."""
    [block] = [one for one in slack.modal(ANN).view["blocks"] if one.get("block_id") == field]
    return [one["text"]["text"] for one in block["element"]["options"]]


@pytest.mark.parametrize("what", ["too late", "refused", "broken"])
async def test_a_form_that_does_not_open_still_leaves_the_score_and_a_way_to_say_more(
    here: World, slack: SlackRig, what: str
) -> None:
    await here.resolve(addresses=[("slack", ANN)])
    await slack.until(lambda: "1★" in slack.buttons(ANN))
    if what == "too late":
        slack.trigger_seconds = -1
    else:
        slack.mood = "gone" if what == "refused" else "broken"
        slack.refusal, slack.only = "invalid_arguments", frozenset({"views.open"})
    assert (await slack.press(ANN, ANN, "4★")).status == 200
    await slack.until(lambda: "Tell us more" in slack.buttons(ANN))
    await slack.until(lambda: slack.whispered(ANN))
    assert "4" in slack.whispered(ANN)[0]
    assert (await here.responses())[0]["scores"] == {"overall": 4}
    assert slack.modals == []

    slack.trigger_seconds, slack.mood = 3.0, "fine"
    await slack.press(ANN, ANN, "Tell us more")
    await slack.until(lambda: slack.modals)
    await slack.submit(ANN, {"comment": "quick"})
    await here.until(lambda: _commented(here))


@pytest.mark.parametrize("again", [True, False])
async def test_a_comment_that_is_longer_than_the_form_goes_on_as_a_message(
    here: World, slack: SlackRig, again: bool
) -> None:
    await here.resolve(addresses=[("slack", ANN)])
    await slack.until(lambda: "1★" in slack.buttons(ANN))
    await slack.press(ANN, ANN, "2★")
    await slack.until(lambda: slack.modals)
    field = slack.modal(ANN).view["blocks"][-1]
    assert field["element"]["max_length"] == 3000
    assert "3000 fit in here; write me more as a message" in field["hint"]["text"]
    first, more = "word " * 599 + "words", "and " * 200 + "so on"
    await slack.submit(ANN, {"comment": first})
    await here.until(lambda: _has_comment(here, first))
    await slack.write(ANN, ANN, f"{first}\n{more}" if again else more)
    await here.until(lambda: _has_comment(here, f"{first}\n{more}"))
    assert await Ticket.all().count() == 1
    await slack.press(ANN, ANN, "Change")
    await slack.until(lambda: slack.modals)
    await slack.submit(ANN, {"score_speed": "3"})
    await here.until(lambda: _scored(here, {"overall": 2, "speed": 3}))
    assert await _has_comment(here, f"{first}\n{more}")


async def test_who_writes_more_than_is_kept_is_told(here: World, slack: SlackRig) -> None:
    await here.resolve(addresses=[("slack", ANN)])
    await slack.until(lambda: "1★" in slack.buttons(ANN))
    await slack.press(ANN, ANN, "2★")
    await slack.until(lambda: slack.modals)
    await slack.write(ANN, ANN, "x" * 5000)
    await slack.until(lambda: any("kept the first 4,000" in line for line in slack.screen(ANN)))
    assert await _has_comment(here, "x" * 4000)


async def _has_comment(here: World, comment: str) -> bool:
    return [response["comment"] for response in await here.responses()] == [comment]


async def test_a_picture_that_ann_shares_is_kept_with_her_request(here: World, slack: SlackRig) -> None:
    assert (await slack.share(ANN, ANN, "router.png", b"\x89PNG red light", text="It blinks")).status == 200
    found = await here.until(lambda: Attachment.filter(state=AttachmentState.STORED).first())
    assert (found.name, found.media_type, found.channel) == ("router.png", "image/png", "slack")
    assert (await Ticket.get()).subject == "It blinks"
    await slack.until(lambda: "CS2" in "\n".join(slack.screen(ANN)))


async def _scored(here: World, scores: dict[str, int]) -> bool:
    return [response["scores"] for response in await here.responses()] == [scores]


async def _commented(here: World) -> bool:
    return [response["comment"] for response in await here.responses()] == ["quick"]


async def test_the_form_opens_while_its_trigger_is_young(here: World, slack: SlackRig) -> None:
    """Slack gives three seconds; a tenth of that is ours."""
    slack.trigger_seconds = 0.3
    await here.resolve(addresses=[("slack", ANN)])
    await slack.until(lambda: "1★" in slack.buttons(ANN))
    await slack.press(ANN, ANN, "4★")
    await slack.until(lambda: slack.modals)


@pytest.mark.parametrize("place", [HELP, "D0OTHERS", "G0PRIVATE"])
async def test_what_a_command_answers_is_read_by_nobody_else(place: str, here: World, slack: SlackRig) -> None:
    """In a channel, in a conversation of two others ("D…", as ours are), in a private group."""
    slack.channels[place] = "privategroup"
    for words in ("help", "status", "rate", "privacy", "language zh", "stop", "nonsense"):
        before = len(slack.screen(ANN)) + len(slack.whispered(ANN))
        await slack.command(ANN, "/afterword", words, channel=place)
        await slack.until(lambda: len(slack.screen(ANN)) + len(slack.whispered(ANN)) > before, seconds=10)  # noqa: B023
    assert not [one for one in slack.messages.values() if one.channel not in (ANN, slack.dm_of(ANN))]
    assert {one.only_for for one in slack.whispers} <= {ANN}


async def test_an_answer_to_a_command_that_one_conversation_refuses_is_given_up_and_holds_up_nobody(
    here: World, slack: SlackRig
) -> None:
    slack.channels[slack.dm_of(ANN)] = "directmessage"
    slack.unheard[slack.dm_of(ANN)] = "restricted_action"
    await slack.command(ANN, "/afterword", "help")
    await here.until(lambda: Delivery.filter(kind="help", state=DeliveryState.DEAD).exists())
    await here.resolve("T-2", addresses=[("slack", EVE)], contact="c-2", name="Eve")
    await slack.until(lambda: "1★" in slack.buttons(EVE))
    del slack.unheard[slack.dm_of(ANN)]
    await here.move_on(minutes=4)
    await slack.command(ANN, "/afterword", "privacy")
    await slack.until(lambda: slack.screen(ANN))
    assert len(slack.screen(ANN)) == 1
    assert not await Address.filter(address=ANN, reach=Reach.UNREACHABLE).exists()

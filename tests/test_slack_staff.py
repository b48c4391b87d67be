"""Staff in Slack: what customers write reaches them there, and what they do there reaches the customers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core import contacts
from core.contacts import AddressFacts, ContactFacts
from core.desk import tickets
from core.models.contacts import Address, Contact, Reach
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Attachment, EntryKind, Ticket, TicketEntry, TicketStatus
from core.models.invites import Invite
from core.models.reactions import Alert, Recovery, RecoveryState
from core.models.setup import Rule, Staff
from core.ports import File
from core.privacy import erase
from core.surveys import responses
from tests import world
from tests.core.builders import asked
from tests.rigs import slack_blocks
from tests.rigs.slack import SlackRig
from tests.rigs.telegram import TelegramRig
from tests.world import World

ANN = 777
RETRACTED = "🗑 This was about somebody whose data was erased at their wish."
TEAM = "C0ALERTS"
PATIENCE = 20
LI = """
[[staff]]
key = "li@example.org"
name = "Li"
email = "li@example.org"
team = "support"
addresses = [{ channel = "slack", address = "U0LI" }]
"""


@pytest.fixture
async def here(store_url: str, telegram: TelegramRig, slack: SlackRig) -> AsyncIterator[World]:
    async with world.between(store_url, telegram, slack, setup=world.SETUP + LI) as running:
        yield running


async def asks(telegram: TelegramRig, slack: SlackRig, words: str = "My <router> blinks & *beeps*") -> str:
    """Ann opens a request in Telegram; the receipt of its card."""
    await telegram.write(ANN, words)
    await slack.until(lambda: "Resolve…" in slack.buttons(TEAM))
    return last_message(slack)


async def unhappy(here: World, telegram: TelegramRig, slack: SlackRig, ref: str = "T-1") -> str:
    """Ann rates a ticket badly; the receipt of the alert."""
    await here.resolve(ref, addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: telegram.buttons(ANN)[:1] == ["1★"])
    await telegram.tap(ANN, "1★")
    await slack.until(lambda: "Dismiss…" in slack.buttons(TEAM))
    return last_message(slack)


def last_message(slack: SlackRig) -> str:
    return [f"{one.channel}:{one.ts}" for one in slack.messages.values() if one.channel == TEAM and not one.thread][-1]


def seen(slack: SlackRig, channel: str = TEAM) -> str:
    return "\n".join(slack.screen(channel))


async def submits(slack: SlackRig, user: str, **values: Any) -> None:
    await slack.until(lambda: any(modal.user == user for modal in slack.modals))
    await slack.submit(user, values)


# ---------------------------------------------------------------- cards


async def test_a_request_from_a_chat_stands_in_slack_and_later_words_in_its_thread(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    ticket = await Ticket.get()
    [message] = slack.screen(TEAM)
    assert ticket.number in message
    assert "Ann <3" in message
    assert "My <router> blinks & *beeps*" in message
    assert "nobody" in message
    assert slack.buttons(TEAM) == ["Take", "Assign…", "Reply…", "Resolve…"]
    await telegram.write(ANN, "<!channel> it is *red* now")
    await slack.until(lambda: slack.thread(TEAM, card))
    assert "<!channel> it is ∗red∗ now" in slack.thread(TEAM, card)[0]
    assert len(slack.screen(TEAM)) == 1
    assert slack.pings() == []


async def test_who_takes_a_request_is_seen_on_its_card_and_only_one_can(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    await slack.press("U0KIM", TEAM, "Take")
    await slack.until(lambda: "in progress" in seen(slack))
    assert "Kim" in seen(slack)
    assert slack.buttons(TEAM) == ["Assign…", "Reply…", "Resolve…"]
    await slack.until(lambda: any("*Kim* took it" in line for line in slack.thread(TEAM, card)))
    ticket = await Ticket.get().select_related("assignee")
    assert (ticket.status, ticket.assignee.name if ticket.assignee else "") == (TicketStatus.IN_PROGRESS, "Kim")
    await forged(slack, "U0LI", f"t:{ticket.number}:take")
    await slack.until(lambda: slack.whispered("U0LI"))
    assert "Already taken by Kim" in slack.whispered("U0LI")[0]


async def test_a_reply_from_a_card_reaches_the_customer_in_their_own_channel(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    await slack.press("U0KIM", TEAM, "Reply…")
    await submits(slack, "U0KIM", text="Is the <cable> in & tight?")
    await telegram.until(lambda: "Is the <cable> in & tight?" in telegram.screen(ANN))
    await slack.until(lambda: any("Is the <cable> in" in line for line in slack.thread(TEAM, card)))
    assert await TicketEntry.filter(kind=EntryKind.MESSAGE, actor="Kim", internal=False).exists()


async def test_a_reply_that_does_not_arrive_is_told_in_the_thread_of_its_card(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    telegram.blocked.add(ANN)
    await slack.write("U0KIM", TEAM, ">> Are you there?", thread=card)
    await slack.until(lambda: any("did not reach" in line for line in slack.thread(TEAM, card)), seconds=10)
    assert "Are you there?" in "\n".join(slack.thread(TEAM, card))


async def test_a_request_resolved_on_its_card_is_asked_about(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await asks(telegram, slack)
    await slack.press("U0KIM", TEAM, "Resolve…")
    await submits(slack, "U0KIM", reason="Solved", result="A new cable.")
    await telegram.until(lambda: telegram.buttons(ANN)[:1] == ["1★"])
    await slack.until(lambda: "resolved" in seen(slack))
    ticket = await Ticket.get()
    assert (ticket.status, ticket.close_reason, ticket.result) == (TicketStatus.RESOLVED, "solved", "A new cable.")
    assert "Take" not in slack.screen(TEAM)[0]
    await forged(slack, "U0LI", f"t:{ticket.number}:resolve", values={"reason": "solved"})
    await slack.until(lambda: slack.whispered("U0LI"))
    assert "already finished" in slack.whispered("U0LI")[0]
    assert await Invite.all().count() == 1


async def test_a_picture_that_a_customer_sends_is_named_on_the_card(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    facts = [ContactFacts(name="Bo", addresses=(AddressFacts("support-bot", "778"),))]
    contact = await contacts.learn(facts[0], now=here.clock())
    ticket = await tickets.open_ticket(contact=contact, subject="Look", channel="support-bot", now=here.clock())
    photo = File("../router.jpg", "image/jpeg", size=3, data=b"abc")
    await tickets.add(ticket, contact, "support-bot", "", [photo], now=here.clock())
    await slack.until(lambda: slack.screen(TEAM))
    await here.until(lambda: slack_shows(slack, "router.jpg"))


async def slack_shows(slack: SlackRig, words: str) -> bool:
    return words in seen(slack)


async def test_words_about_what_staff_are_alerted_to_stand_in_the_alerts_thread(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    alert = await unhappy(here, telegram, slack)
    await here.move_on(days=2)
    await telegram.write(ANN, "Hello? Anybody?")
    await slack.until(lambda: any("Hello? Anybody?" in line for line in slack.thread(TEAM, alert)))
    assert len(slack.screen(TEAM)) == 1


async def test_a_request_that_an_outside_desk_opened_makes_no_card(here: World) -> None:
    await here.resolve(addresses=[])
    await here.reopen()
    assert not await Delivery.filter(kind__startswith="request").exists()


async def test_a_card_says_each_thing_once_and_by_what_kind_of_channel_it_came(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack, "My router blinks")
    number = (await Ticket.get()).number
    [message] = slack.screen(TEAM)
    assert message.startswith(f"*Ann <3* has a new request by Telegram: *{number}*\n")
    for words in ("Ann <3", number, "My router blinks", "Telegram"):
        assert message.count(words) == 1, words
    assert "support-bot" not in message
    notified = slack.messages[TEAM, card.partition(":")[2]].text
    assert "My router blinks" in notified
    assert "Channel: Telegram" in await answered(slack, "U0KIM", f"ticket {number}")


async def test_an_alert_says_each_thing_once(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await unhappy(here, telegram, slack)
    number = (await Ticket.get()).number
    [message] = slack.screen(TEAM)
    for words in ("Ann <3", number, "Router & cable", "Li"):
        assert message.count(words) == 1, words
    await slack.press("U0KIM", TEAM, "Take")
    await slack.until(lambda: "taken by Kim" in seen(slack))
    [message] = slack.screen(TEAM)
    assert message.count("Kim") == 1
    assert message.count("Li") == 1


async def test_deadlines_are_drawn_in_each_readers_own_time_and_name_their_zone_elsewhere(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    alert = await unhappy(here, telegram, slack)
    due = (await Recovery.get()).due_at
    token = f"!date^{int(due.timestamp())}^{{date_short_pretty}} {{time}}|"
    assert [one.startswith(token) and one.endswith(" (UTC)") for one in slack.moments()] == [True]
    await slack.press("U0KIM", TEAM, "Take")
    await slack.until(lambda: any("took it" in line for line in slack.thread(TEAM, alert)))
    assert any(line.endswith(" (UTC).") for line in slack.thread(TEAM, alert))
    assert len([one for one in slack.moments() if one.startswith(token)]) == 2
    assert slack.whispered("U0KIM")[0].endswith(" (UTC).")
    assert slack.pings() == []


# ---------------------------------------------------------------- a card and an alert about one request


async def both(here: World, telegram: TelegramRig, slack: SlackRig) -> tuple[str, str]:
    """Ann asked, Li resolved it, and Ann is unhappy with that: the receipts of the card and of the alert."""
    card = await asks(telegram, slack)
    await slack.press("U0LI", TEAM, "Take")
    await shown(slack, lambda: "in progress" in seen(slack))
    await slack.press("U0LI", TEAM, "Resolve…")
    await submits(slack, "U0LI", reason="Solved", result="A new cable.")
    await telegram.until(lambda: telegram.buttons(ANN)[:1] == ["1★"])
    await telegram.tap(ANN, "1★")
    await shown(slack, lambda: "Dismiss…" in slack.buttons(TEAM))
    await shown(slack, lambda: "[Take]" in slack.screen(TEAM)[0])
    return card, last_message(slack)


@pytest.mark.parametrize("where", ["card", "alert"])
async def test_who_takes_one_has_both(where: str, here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    card, alert = await both(here, telegram, slack)
    ticket, row = await Ticket.get(), await Alert.get()
    await forged(slack, "U0KIM", f"t:{ticket.number}:take" if where == "card" else f"a:{row.key}:take")
    await shown(slack, lambda: not any("[Take]" in one for one in slack.screen(TEAM)))
    on_card, on_alert = slack.screen(TEAM)
    assert "Owner*\nKim" in on_card
    assert "in progress" in on_card
    assert "taken by Kim" in on_alert
    await shown(slack, lambda: any("*Kim* took it" in line for line in slack.thread(TEAM, card)))
    await shown(slack, lambda: any("*Kim* took it" in line for line in slack.thread(TEAM, alert)))
    ticket, recovery = await Ticket.get().select_related("assignee"), await Recovery.get().select_related("owner")
    assert (ticket.status, ticket.assignee and ticket.assignee.name) == (TicketStatus.IN_PROGRESS, "Kim")
    assert (recovery.state, recovery.owner and recovery.owner.name) == (RecoveryState.TAKEN, "Kim")
    await forged(slack, "U0LI", f"t:{ticket.number}:take")
    await shown(slack, lambda: "Already taken by Kim." in slack.whispered("U0LI"))


@pytest.mark.parametrize("where", ["card", "alert"])
async def test_who_is_given_one_is_named_on_both_and_has_both_when_they_take_it(
    where: str, here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await both(here, telegram, slack)
    action = f"t:{(await Ticket.get()).number}" if where == "card" else f"a:{(await Alert.get()).key}"
    await forged(slack, "U0LI", f"{action}:assign", values={"assignee": "kim@example.org"})
    await shown(slack, lambda: "assigned to Kim, who has yet to confirm" in slack.screen(TEAM)[1])
    await shown(slack, lambda: "Owner*\nKim" in slack.screen(TEAM)[0])
    assert all("[Take]" in one for one in slack.screen(TEAM))
    await forged(slack, "U0KIM", f"{action}:take")
    await shown(slack, lambda: "taken by Kim" in slack.screen(TEAM)[1])
    await shown(slack, lambda: not any("[Take]" in one for one in slack.screen(TEAM)))


@pytest.mark.parametrize("where", ["card", "alert"])
async def test_who_answers_what_nobody_has_taken_has_it_and_the_words_stand_where_they_were_written(
    where: str, here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card, alert = await both(here, telegram, slack)
    await slack.write("U0KIM", TEAM, ">> We send a new one", thread=card if where == "card" else alert)
    await telegram.until(lambda: "We send a new one" in telegram.screen(ANN))
    await shown(slack, lambda: "taken by Kim" in slack.screen(TEAM)[1])
    await shown(slack, lambda: "Owner*\nKim" in slack.screen(TEAM)[0])
    await here.until(nothing_waits, seconds=PATIENCE)
    assert not any("We send a new one" in line for line in [*slack.thread(TEAM, card), *slack.thread(TEAM, alert)])


async def test_the_form_of_an_alert_tells_its_own_thread_alone(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card, alert = await both(here, telegram, slack)
    await forged(slack, "U0KIM", f"a:{(await Alert.get()).key}:reply", values={"text": "We send a new one"})
    await shown(slack, lambda: any("We send a new one" in line for line in slack.thread(TEAM, alert)))
    await here.until(nothing_waits, seconds=PATIENCE)
    assert not any("We send a new one" in line for line in slack.thread(TEAM, card))


async def test_resolving_either_ends_both_with_an_outcome(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await both(here, telegram, slack)
    await slack.press("U0KIM", TEAM, "Take")
    await shown(slack, lambda: "in progress" in slack.screen(TEAM)[0])
    await forged(slack, "U0KIM", f"t:{(await Ticket.get()).number}:resolve")
    await submits(slack, "U0KIM", outcome="Compensated", note="Ten euros back")
    await shown(slack, lambda: "resolved by Kim: Compensated" in slack.screen(TEAM)[1])
    await shown(slack, lambda: "resolved" in slack.screen(TEAM)[0])
    assert not any("[" in one for one in slack.screen(TEAM))
    ticket, recovery = await Ticket.get(), await Recovery.get()
    assert (ticket.status, ticket.result) == (TicketStatus.RESOLVED, "Ten euros back")
    assert (recovery.state, recovery.outcome) == (RecoveryState.RESOLVED, "compensated")
    await here.until(lambda: Invite.filter(purpose="recovery").exists())


async def test_a_request_that_another_desk_resolves_leaves_the_recovery_until_somebody_says_how_it_ended(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    alert = await unhappy(here, telegram, slack)
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await shown(slack, lambda: "nobody has said how it ended" in "".join(slack.thread(TEAM, alert)))
    await shown(slack, lambda: "how it ended is still to be said" in "".join(slack.screen(TEAM)))
    assert (await Recovery.get()).state == RecoveryState.OPEN
    await slack.press("U0KIM", TEAM, "Resolve…")
    await shown(slack, lambda: slack.modals)
    await slack.submit("U0KIM", {"outcome": "solved", "note": "New cable"})
    await here.until(lambda: Recovery.filter(state=RecoveryState.RESOLVED).exists())
    await shown(slack, lambda: "still to be said" not in "".join(slack.screen(TEAM)))


async def test_a_card_says_too_that_the_outcome_is_missing_and_asks_for_it(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await both(here, telegram, slack)
    await here.resolve((await Ticket.get()).number, addresses=[("support-bot", str(ANN))])
    await shown(slack, lambda: "resolved; how its recovery ended is still to be said" in slack.screen(TEAM)[0])
    await slack.press("U0KIM", TEAM, "Give the outcome…")
    await submits(slack, "U0KIM", outcome="Compensated", note="Ten euros back")
    await here.until(lambda: Recovery.filter(state=RecoveryState.RESOLVED, outcome="compensated").exists())
    await shown(slack, lambda: "still to be said" not in seen(slack))
    assert "[Give the outcome…]" not in seen(slack)
    await here.until(lambda: Invite.filter(purpose="recovery").exists())


async def test_so_does_the_card_of_a_recovery_that_nobody_is_alerted_to(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await Rule.all().update(settings={"when": {"bands": ["negative"]}, "then": ["recover"]})
    await asks(telegram, slack)
    await slack.press("U0LI", TEAM, "Resolve…")
    await submits(slack, "U0LI", reason="Solved", result="A new cable.")
    await telegram.until(lambda: telegram.buttons(ANN)[:1] == ["1★"])
    await telegram.tap(ANN, "1★")
    await shown(slack, lambda: "[Give the outcome…]" in slack.screen(TEAM)[0])
    await slack.press("U0LI", TEAM, "Give the outcome…")
    await submits(slack, "U0LI", outcome="Explained", note="")
    await here.until(lambda: Recovery.filter(outcome="explained", closed_by="Li").exists())
    await shown(slack, lambda: "still to be said" not in seen(slack))
    assert not await Alert.exists()


async def test_a_form_that_was_opened_before_the_alert_ends_both_too(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await both(here, telegram, slack)
    values = {"reason": "no_answer", "result": "Called three times"}
    await forged(slack, "U0KIM", f"t:{(await Ticket.get()).number}:resolve", values=values)
    await here.until(lambda: Recovery.filter(state=RecoveryState.RESOLVED, outcome="not_reachable").exists())


async def test_whoever_answers_a_new_request_has_it(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    card = await asks(telegram, slack)
    await slack.write("U0KIM", TEAM, ">> Is it plugged in?", thread=card)
    await shown(slack, lambda: "in progress" in seen(slack))
    assert "Owner*\nKim" in seen(slack)
    assert "[Take]" not in seen(slack)
    await shown(slack, lambda: any("*Kim* took it" in line for line in slack.thread(TEAM, card)))
    await slack.write("U0LI", TEAM, ">> And the lamp is on?", thread=card)
    await telegram.until(lambda: "And the lamp is on?" in telegram.screen(ANN))
    ticket = await Ticket.get().select_related("assignee")
    assert ticket.assignee is not None
    assert ticket.assignee.name == "Kim"


async def test_an_answer_to_what_is_somebody_elses_stays_theirs_and_is_in_progress(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    await slack.press("U0KIM", TEAM, "Assign…")
    await submits(slack, "U0KIM", assignee="Li")
    await shown(slack, lambda: any("*Kim* assigned it to *Li*" in line for line in slack.thread(TEAM, card)))
    assert "assigned" in seen(slack)
    await slack.press("U0KIM", TEAM, "Reply…")
    await submits(slack, "U0KIM", text="Li comes back to you.")
    await shown(slack, lambda: "in progress" in seen(slack))
    assert "Owner*\nLi" in seen(slack)


async def test_what_is_over_is_given_to_nobody(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await asks(telegram, slack)
    number = (await Ticket.get()).number
    await forged(slack, "U0KIM", f"t:{number}:resolve", values={"reason": "solved"})
    await shown(slack, lambda: "resolved" in seen(slack))
    await forged(slack, "U0KIM", f"t:{number}:assign", values={"assignee": "li@example.org"})
    await shown(slack, lambda: "This is already finished." in slack.whispered("U0KIM"))
    assert (await Ticket.get()).assignee_id is None


async def test_an_alert_has_its_six_buttons_and_each_does_what_it_says(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    alert = await unhappy(here, telegram, slack)
    assert slack.buttons(TEAM) == ["Take", "Assign…", "Reply…", "Snooze…", "Resolve…", "Dismiss…"]
    await slack.press("U0KIM", TEAM, "Snooze…")
    await submits(slack, "U0KIM", minutes="30 minutes")
    await shown(slack, lambda: "quiet until" in seen(slack))
    await shown(slack, lambda: any("snoozed it until" in line for line in slack.thread(TEAM, alert)))
    await slack.press("U0KIM", TEAM, "Dismiss…")
    await submits(slack, "U0KIM", reason="Rated by mistake", note="She said so")
    await shown(slack, lambda: "dismissed by Kim: Rated by mistake" in seen(slack))
    await shown(slack, lambda: any("dismissed it" in line for line in slack.thread(TEAM, alert)))
    assert "[" not in seen(slack)


async def shown(slack: SlackRig, predicate: Callable[[], object]) -> None:
    """Slack takes one message a second in a channel, and here are several."""
    await slack.until(predicate, seconds=PATIENCE)


async def nothing_waits() -> bool:
    return not await Delivery.filter(state__in=(DeliveryState.WAITING, DeliveryState.SENDING)).exists()


# ---------------------------------------------------------------- words in a thread


@pytest.mark.parametrize("where", ["card", "alert"])
async def test_words_with_the_prefix_go_to_the_customer_and_all_others_stay_inside(
    where: str, here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    root = await asks(telegram, slack) if where == "card" else await unhappy(here, telegram, slack)
    await slack.write("U0KIM", TEAM, "She is a >> difficult one", thread=root)
    await slack.write("U0KIM", TEAM, ">> We <send> a new one", thread=root)
    await telegram.until(lambda: "We <send> a new one" in telegram.screen(ANN))
    await slack.until(lambda: slack.whispered("U0KIM"))
    assert slack.whispered("U0KIM") == ["✓ On its way to the customer."]
    assert "difficult" not in telegram.screen(ANN)
    [note] = await TicketEntry.filter(kind=EntryKind.NOTE, actor="Kim")
    assert (note.text, note.internal) == ("She is a >> difficult one", True)
    [said] = await TicketEntry.filter(kind=EntryKind.MESSAGE, actor="Kim")
    assert said.text == "We <send> a new one"


async def test_a_customer_reads_names_where_staff_mention_somebody(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    typed = "&gt;&gt; <@U0LI> &amp; <@U0GONE> of <#C1|general> wrote <https://x.example/a?b=1&amp;c=2|a page>"
    await slack.write("U0KIM", TEAM, typed, thread=card, marked=True)
    readable = "Li & a colleague of #general wrote a page (https://x.example/a?b=1&c=2)"
    await telegram.until(lambda: readable in telegram.screen(ANN))
    await slack.press("U0KIM", TEAM, "Reply…")
    await submits(slack, "U0KIM", text="Ask <@U0LI>, or see <https://x.example|our page>.")
    await telegram.until(lambda: "Ask Li, or see our page (https://x.example)." in telegram.screen(ANN))


async def test_staff_read_names_where_a_customer_in_slack_mentions_somebody(here: World, slack: SlackRig) -> None:
    slack.channels[slack.dm_of("U0ANN")] = "directmessage"
    await slack.write("U0ANN", "U0ANN", "<@U0LI> said <https://x.example|this> &amp; left", marked=True)
    await slack.until(lambda: slack.screen(TEAM))
    assert "Li said this (https://x.example) & left" in seen(slack)
    assert (await Ticket.get()).subject == "Li said this (https://x.example) & left"
    assert await TicketEntry.filter(text="Li said this (https://x.example) & left").exists()


async def test_files_do_not_go_along_with_words_and_staff_are_told(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    await slack.share("U0KIM", TEAM, "plan.png", b"abc", text="&gt;&gt; Plug it in like this", thread=card)
    await telegram.until(lambda: "Plug it in like this" in telegram.screen(ANN))
    await slack.until(lambda: slack.whispered("U0KIM"))
    [note] = slack.whispered("U0KIM")
    assert "Your words are on their way. Files cannot go along" in note
    [kept] = await Attachment.all().select_related("entry")
    assert (kept.name, kept.entry.kind, kept.entry.internal) == ("plan.png", EntryKind.NOTE, True)
    assert await Delivery.filter(kind="reply").count() == 1
    await slack.share("U0KIM", TEAM, "alone.png", b"abc", text="&gt;&gt;", thread=card)
    await slack.until(lambda: len(slack.whispered("U0KIM")) == 2)
    assert "Please write what the customer shall read." in slack.whispered("U0KIM")[1]
    await here.until(lambda: Attachment.filter(name="alone.png").exists())
    assert await Delivery.filter(kind="reply").count() == 1


async def test_nothing_from_a_stranger_reaches_the_customer(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    before = len(telegram.shown(ANN))
    await slack.write("U0EVE", TEAM, ">> Send me your password", thread=card)
    await slack.until(lambda: slack.whispered("U0EVE"))
    assert "Only staff" in slack.whispered("U0EVE")[0]
    assert not await TicketEntry.filter(text__contains="password").exists()
    assert len(telegram.shown(ANN)) == before


async def test_words_that_cannot_reach_the_customer_are_kept_and_their_writer_is_told(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    await Address.all().update(reach=Reach.UNREACHABLE)
    await slack.write("U0KIM", TEAM, ">> Are you there?", thread=card)
    await slack.until(lambda: slack.whispered("U0KIM"))
    assert "cannot be reached" in slack.whispered("U0KIM")[0]
    [kept] = await TicketEntry.filter(actor="Kim")
    assert (kept.kind, kept.text) == (EntryKind.NOTE, ">> Are you there?")
    await slack.write("U0KIM", TEAM, ">>", thread=card)
    await slack.until(lambda: len(slack.whispered("U0KIM")) == 2)
    assert "Please write" in slack.whispered("U0KIM")[1]


async def test_a_workspace_can_choose_another_prefix_or_none(
    store_url: str, telegram: TelegramRig, slack: SlackRig
) -> None:
    async with world.between(store_url, telegram, slack, more={"slack": {"reply_prefix": ""}}) as here:
        card = await asks(telegram, slack)
        await slack.write("U0KIM", TEAM, ">> Only for us", thread=card)
        await here.until(lambda: TicketEntry.filter(kind=EntryKind.NOTE, text=">> Only for us").exists())
        assert "Only for us" not in telegram.screen(ANN)


# ---------------------------------------------------------------- many at once


async def test_a_flood_of_bad_marks_is_five_alerts_and_a_list_to_take_from(here: World, slack: SlackRig) -> None:
    nasty = "<!channel> & *all* 👩🏽‍🚒 " * 4
    for number in range(25):
        now = here.clock()
        addresses = (("nowhere", str(number)),)
        invite = await asked(f"T-{number}", contact=f"c-{number}", addresses=addresses, now=now)
        await Ticket.filter(id=invite.ticket_id).update(subject=nasty)
        await Contact.filter(id=invite.contact_id).update(name=nasty)
        response = await responses.answer(invite, {"overall": 1}, [], "", finished=True, now=now)
        await responses.settle(response.id, now=now)
    last = (await Alert.all().order_by("-id").select_related("ticket"))[0]
    await slack.until(lambda: last.ticket.number in seen(slack), seconds=20)
    await slack.until(lambda: "+20 more" in seen(slack), seconds=20)
    await slack.until(lambda: len(slack.screen(TEAM)) == 6, seconds=20)
    [the_list] = [one for one in slack.screen(TEAM) if "+20 more" in one]
    assert the_list.count("[Take …") == 20
    assert slack.pings() == []
    await slack.press("U0KIM", TEAM, f"Take …{last.ticket.number[-4:]}")
    await slack.until(lambda: len(slack.screen(TEAM)) == 7, seconds=20)
    await slack.until(lambda: "19 of them waiting" in seen(slack), seconds=20)
    own = last_message(slack)
    await slack.until(lambda: any("*Kim* took it" in line for line in slack.thread(TEAM, own)), seconds=20)


# ---------------------------------------------------------------- App Home


async def test_app_home_shows_what_waits_for_me_and_changes_when_i_take_it(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await unhappy(here, telegram, slack)
    await slack.open_home("U0KIM")
    await slack.until(lambda: "U0KIM" in slack.homes)
    number = (await Ticket.get()).number
    alerts, recoveries, _ = parts(slack.home("U0KIM"))
    assert number in alerts
    assert "left" in alerts
    assert "None." in recoveries
    assert "Asked*\n1" in slack.home("U0KIM")
    assert "Participation*\n100 %" in slack.home("U0KIM")
    assert "Average*\n1.0 of 5" in slack.home("U0KIM")
    assert f"[Take …{number[-4:]}]" in slack.home("U0KIM")
    assert slack_blocks.view_problems(slack.homes["U0KIM"]) == []
    await slack.press("U0KIM", TEAM, "Take")
    await slack.until(lambda: number in parts(slack.home("U0KIM"))[1])
    assert "None. Well done." in parts(slack.home("U0KIM"))[0]
    await slack.press("U0KIM", TEAM, "Assign…")
    await submits(slack, "U0KIM", assignee="Li")
    await slack.until(lambda: number not in parts(slack.home("U0KIM"))[1])
    assert "U0LI" not in slack.homes
    assert await Delivery.filter(kind="home").count() == 1


async def test_an_alert_can_be_taken_from_app_home(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await unhappy(here, telegram, slack)
    alert = await Alert.get()
    await forged(slack, "U0KIM", f"a:{alert.key}:take", at_home=True)
    await slack.until(lambda: "taken by Kim" in seen(slack))


async def test_somebody_else_reads_in_app_home_what_it_is_for(here: World, slack: SlackRig) -> None:
    await slack.open_home("U0EVE")
    await slack.until(lambda: "U0EVE" in slack.homes)
    assert "for the staff of Example & Sons" in slack.home("U0EVE")
    assert "Asked" not in slack.home("U0EVE")


async def test_app_home_fits_whatever_there_is(here: World, slack: SlackRig) -> None:
    nasty = "<!channel> & *all* 👩🏽‍🚒 " * 9
    contact = await contacts.learn(
        ContactFacts(name=nasty, addresses=(AddressFacts("support-bot", "1"),)), now=here.clock()
    )
    li = await Staff.get(name="Li")
    for _ in range(40):
        ticket = await tickets.open_ticket(contact=contact, subject=nasty, now=here.clock())
        await tickets.assign(ticket, li, now=here.clock())
    await slack.open_home("U0LI")
    await slack.until(lambda: "U0LI" in slack.homes)
    assert "and 30 more" in slack.home("U0LI")
    assert slack_blocks.view_problems(slack.homes["U0LI"]) == []
    assert slack.pings() == []


def parts(page: str) -> list[str]:
    """The three lists of App Home."""
    _, _, rest = page.partition("Open alerts of your team")
    alerts, _, rest = rest.partition("Your recoveries")
    recoveries, _, own = rest.partition("Your tickets")
    return [alerts, recoveries, own]


# ---------------------------------------------------------------- commands


async def test_staff_look_up_a_ticket_and_are_led_to_its_alert(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    alert = await unhappy(here, telegram, slack)
    for name in ("T-1", (await Ticket.get()).number):
        told = await answered(slack, "U0KIM", f"ticket {name}")
        assert "Router & cable" in told
        assert "Owner: Li" in told
        assert "Overall: 1 of 5" in told
        assert "Alert: assigned to Li, who has yet to confirm" in told
        assert f"/p{alert.partition(':')[2].replace('.', '')}" in told
    assert "no ticket T&9" in await answered(slack, "U0KIM", "ticket T&9")
    assert "name a ticket" in await answered(slack, "U0KIM", "ticket")
    assert slack.pings() == []


async def test_staff_ask_by_hand_and_say_why(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await asks(telegram, slack)
    ticket = await Ticket.get()
    assert "say why" in await answered(slack, "U0KIM", f"survey {ticket.number}")
    told = await answered(slack, "U0KIM", f"survey {ticket.number} She called & was unsure")
    assert told == f"The customer is asked about {ticket.number}."
    await telegram.until(lambda: telegram.buttons(ANN)[:1] == ["1★"])
    assert await TicketEntry.filter(label="history.sent_by_hand", actor="Kim").exists()
    assert "already" in await answered(slack, "U0KIM", f"survey {ticket.number} Once more")


async def test_staff_see_who_is_there_and_how_the_day_goes(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await unhappy(here, telegram, slack)
    duty = await answered(slack, "U0LI", "duty")
    assert "• Kim (lead)\n• Li\n" in duty
    assert "cannot know" in duty
    status = await answered(slack, "U0LI", "STATUS")
    assert "Asked: 1\nAnswered: 1\nParticipation: 100\u00a0%\nAverage: 1.0 of 5\nNegative: 1" in status


async def test_unknown_words_of_staff_are_answered_with_what_they_can_ask(here: World, slack: SlackRig) -> None:
    for words in ("", "help", "dance <with> me"):
        assert "/afterword survey NUMBER REASON" in await answered(slack, "U0KIM", words)
    assert slack.screen("U0KIM") == []


async def test_customers_keep_their_commands(here: World, slack: SlackRig) -> None:
    slack.channels[slack.dm_of("U0ANN")] = "directmessage"
    await slack.command("U0ANN", "/afterword", "duty")
    await slack.until(lambda: slack.screen("U0ANN"))
    assert "/afterword privacy" in slack.screen("U0ANN")[0]
    assert slack.whispered("U0ANN") == []


async def test_nothing_in_slack_about_somebody_who_was_erased_names_or_quotes_them_any_more(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    await telegram.write(ANN, "It beeps, says Ann")
    await slack.until(lambda: slack.thread(TEAM, card))
    await slack.press("U0KIM", TEAM, "Reply…")
    await submits(slack, "U0KIM", text="Dear Ann, unplug it")
    await slack.until(lambda: "Dear Ann" in "".join(slack.thread(TEAM, card)))
    alert = await unhappy(here, telegram, slack)
    await telegram.write(ANN, "And a comment by Ann")
    await here.until(nothing_waits)
    gone = next(one for one in slack.messages.values() if "It beeps" in one.seen)
    del slack.messages[gone.channel, gone.ts]
    count = len(slack.messages)
    contact = (await Address.get(address=str(ANN)).select_related("contact")).contact
    await erase.erase(contact, ledger=here.app.erasures, by="lee@kestrel.example", now=datetime.now(UTC))
    await here.until(nothing_waits, seconds=PATIENCE)
    everything = "\n".join(f"{one.seen} {one.text}" for one in slack.messages.values() if one.channel == TEAM)
    for word in ("Ann", "blinks", "beeps", "unplug"):
        assert word not in everything
    assert "erased" in seen(slack)
    assert slack.thread(TEAM, card) == [RETRACTED] * len(slack.thread(TEAM, card)) != []
    assert "Take" not in slack.buttons(TEAM)
    assert len(slack.messages) == count, "what somebody deleted does not come back"
    assert alert.startswith(TEAM)


async def test_what_was_just_leaving_for_slack_when_somebody_was_erased_is_taken_back_when_it_is_there(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    slack.mood, slack.only = "slow", frozenset({"chat.postMessage"})
    await telegram.write(ANN, "My <router> blinks, says Ann")
    await slack.until(lambda: "blinks" in seen(slack))
    contact = (await Address.get(address=str(ANN)).select_related("contact")).contact
    await erase.erase(contact, ledger=here.app.erasures, by="lee@kestrel.example", now=datetime.now(UTC))
    slack.mood = "fine"
    await slack.until(lambda: RETRACTED in slack.screen(TEAM), seconds=PATIENCE)
    await here.until(nothing_waits, seconds=PATIENCE)
    assert slack.screen(TEAM).count(RETRACTED) == 1
    assert not [line for line in slack.screen(TEAM) if "blinks" in line or "Ann" in line]


async def test_a_place_that_slack_does_not_let_us_into_any_more_is_told_as_a_dead_letter(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    card = await asks(telegram, slack)
    await telegram.write(ANN, "It beeps")
    await slack.until(lambda: slack.thread(TEAM, card))
    await here.until(nothing_waits)
    contact = (await Address.get(address=str(ANN)).select_related("contact")).contact
    await Delivery.filter(kind="request").delete()  # what would be tried first, for days
    slack.refusal = "not_in_channel"
    slack.mood = "gone"
    await erase.erase(contact, ledger=here.app.erasures, by="lee@kestrel.example", now=datetime.now(UTC))

    async def given_up() -> bool:
        return await Delivery.filter(kind="retracted", state=DeliveryState.DEAD).exists()

    await here.until(given_up, seconds=PATIENCE)
    assert (await Delivery.get(kind="retracted")).problem == "not_in_channel"


async def answered(slack: SlackRig, user: str, words: str) -> str:
    before = len(slack.whispered(user))
    await slack.command(user, "/afterword", words, channel=TEAM)
    await slack.until(lambda: len(slack.whispered(user)) > before)
    return slack.whispered(user)[-1]


async def forged(
    slack: SlackRig, user: str, action: str, *, values: dict[str, str] | None = None, at_home: bool = False
) -> None:
    """A press, or a form sent, as Slack would bring it, of a button that need not be on any message."""
    who = {"id": user, "username": user, "name": user, "team_id": slack.team}
    base: dict[str, Any] = {"user": who, "team": {"id": slack.team}, "api_app_id": "A0", "token": "gone"}
    base |= {"trigger_id": slack.new_trigger(user)}
    if values is None:
        press = {"type": "button", "action_id": action, "value": action}
        there = {"channel": {"id": TEAM}, "message": {"ts": "1", "team": slack.team}}
        place = {"view": {"id": "VHOME", "app_installed_team_id": slack.team}} if at_home else there
        await slack.interact(base | {"type": "block_actions", "actions": [press]} | place)
        return
    memory = f'{{"action": "{action}", "target": "{TEAM}", "receipt": ""}}'
    blocks = [{"type": "input", "block_id": name} for name in values]
    state = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()}
    view = {"private_metadata": memory, "blocks": blocks, "state": {"values": state}, "id": "V1"}
    view |= {"app_installed_team_id": slack.team}
    await slack.interact(base | {"type": "view_submission", "view": view})

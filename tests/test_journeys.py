"""The walk: a ticket is resolved, the customer rates it badly, the ticket is open again and Slack knows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core import setup as setups
from core.models.contacts import Address, Contact
from core.models.deliveries import Arrival, Delivery, DeliveryState
from core.models.desk import Ticket
from core.models.invites import Invite, InvitePurpose, InviteState
from core.models.reactions import Alert, Recovery
from core.surveys import tokens
from tests import world
from tests.people import Reader
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig
from tests.rigs.webchat import Visitor
from tests.world import World

ANN = 777
ON_TELEGRAM = [("support-bot", str(ANN))]


ALERTS_TO = """
[[teams]]
key = "support"
alert = {{ channel = "{channel}", to = "{to}" }}
"""


@pytest.fixture
async def here(store_url: str, telegram: TelegramRig, slack: SlackRig, mail: SmtpRig) -> AsyncIterator[World]:
    async with world.between(store_url, telegram, slack, mail, more=world.WEBCHAT) as running:
        yield running


async def alerted(slack: SlackRig) -> str:
    """The alert in the staff channel, as text."""
    await slack.until(lambda: slack.screen("C0ALERTS"))
    return "\n".join(slack.screen("C0ALERTS"))


async def submits(slack: SlackRig, user: str, **values: Any) -> None:
    """Fills in the form that opens in front of them."""
    await slack.until(lambda: any(modal.user == user for modal in slack.modals))
    await slack.submit(user, values)


async def asked(telegram: TelegramRig) -> None:
    await telegram.until(lambda: telegram.buttons(ANN)[:5] == ["1★", "2★", "3★", "4★", "5★"])


async def rates(here: World, telegram: TelegramRig, score: str) -> None:
    """Ann's ticket is resolved, and she taps her answer."""
    await here.resolve(addresses=ON_TELEGRAM)
    await asked(telegram)
    await telegram.tap(ANN, score)


async def test_a_bad_rating_in_telegram_reopens_the_ticket_and_alerts_slack(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    told = await here.resolve(addresses=ON_TELEGRAM)
    assert told["decision"] == {"sent": True, "reason": "sent"}
    assert told["ticket"]["status"] == "resolved"
    await asked(telegram)
    await telegram.tap(ANN, "2★")
    await telegram.until(lambda: "Overall: ★★☆☆☆" in telegram.screen(ANN))
    alert = await alerted(slack)
    assert "Ann" in alert
    assert "Overall: 2 of 5" in alert
    assert (await here.ticket()).cycle == 2
    [response] = await here.responses()
    assert response["scores"] == {"overall": 2}
    assert response["band"] == "negative"
    assert response["partial"] is True


async def test_a_comment_that_is_needed_is_asked_for_and_cannot_be_skipped(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    short = """
[[surveys]]
key = "default"
delay = "0s"
comment_required_up_to = 2
reasons_up_to = 0
dimensions = [{ key = "overall" }]
"""
    await setups.apply(setups.parse(short), now=here.clock())
    await rates(here, telegram, "2★")
    await telegram.until(lambda: "Please say in a few words what went wrong" in telegram.screen(ANN))
    assert "Skip" not in telegram.buttons(ANN)


async def test_the_whole_conversation_in_telegram_is_one_message_that_edits_itself(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await rates(here, telegram, "4★")
    await telegram.until(lambda: "service attitude" in telegram.screen(ANN))
    await telegram.tap(ANN, "5★")
    await telegram.until(lambda: "How was the response speed" in telegram.screen(ANN))
    await telegram.tap(ANN, "Skip")
    await telegram.until(lambda: "How well was your problem solved" in telegram.screen(ANN))
    await telegram.tap(ANN, "3★")
    await telegram.until(lambda: "Too slow" in telegram.buttons(ANN))
    await telegram.tap(ANN, "Too slow")
    await telegram.until(lambda: "✓ Too slow" in telegram.buttons(ANN))
    await telegram.tap(ANN, "Done")
    await telegram.until(lambda: "Anything you would like to add" in telegram.screen(ANN))
    await telegram.write(ANN, "Took <b>ages</b> & {{7*7}}")
    await telegram.until(lambda: "Thank you" in telegram.screen(ANN))
    assert "Took <b>ages</b> & {{7*7}}" in telegram.screen(ANN)
    assert len(telegram.shown(ANN)) == 1
    [response] = await here.responses()
    assert response["scores"] == {"overall": 4, "attitude": 5, "resolution": 3}
    assert response["reasons"] == ["slow"]
    assert response["comment"] == "Took <b>ages</b> & {{7*7}}"
    assert response["partial"] is False
    await here.until(lambda: settled(here))
    assert (await here.responses())[0]["band"] == "positive"
    assert (await here.ticket()).status == "resolved"
    assert not slack.screen("C0ALERTS")


async def settled(here: World, ref: str = "T-1") -> bool:
    rows = await here.responses(ref)
    return bool(rows) and rows[0]["band"] is not None


async def test_a_bad_rating_in_slack_is_taken_and_recovered_by_staff(here: World, slack: SlackRig) -> None:
    ann = slack.person("U0ANN").dm
    await here.resolve(addresses=[("slack", "U0ANN")])
    await slack.until(lambda: "1★" in slack.buttons(ann))
    await slack.press("U0ANN", ann, "2★")
    await submits(slack, "U0ANN", score_speed="1", reasons=["slow"], comment="<!channel> *late* & cold")
    await slack.until(lambda: "Reason: Too slow" in "\n".join(slack.screen(ann)))
    alert = await alerted(slack)
    assert "Response speed: 1 of 5" in alert
    assert slack.pings() == []
    await slack.press("U0KIM", "C0ALERTS", "Take")
    await slack.until(lambda: "taken by Kim" in "\n".join(slack.screen("C0ALERTS")))
    assert (await Recovery.get()).owner_id is not None
    await slack.press("U0KIM", "C0ALERTS", "Resolve…")
    await submits(slack, "U0KIM", outcome="solved", note="Sent a new one.")
    await slack.until(lambda: "resolved by Kim" in "\n".join(slack.screen("C0ALERTS")))
    assert slack.buttons("C0ALERTS") == []
    await slack.until(lambda: "Is it right now?" in "\n".join(slack.screen(ann)))
    assert (await here.ticket()).status == "resolved"
    question = slack.screen(ann)[-1]
    assert "Kim has looked after your request" in question
    assert "1 = not solved at all, 5 = completely solved" in question
    again = await Invite.get(purpose=InvitePurpose.RECOVERY)
    async with Reader(here) as reader:
        page = (await reader.page(f"{here.base_url}/r/{tokens.token_for(again.key)}")).text
        assert "Is it right now?" in page
        assert "completely solved" in page
        assert "satisfied" not in page
    await slack.press("U0ANN", ann, "4★")
    await slack.until(lambda: "Solved now: ★★★★☆\u00a04/5" in slack.screen(ann)[-1])


async def test_a_bad_rating_behind_an_e_mail_link_alerts_slack(here: World, slack: SlackRig, mail: SmtpRig) -> None:
    await here.resolve(addresses=[("mail", "ann@example.org")])
    received = await mail.mail_to("ann@example.org")
    link = next(url for _, url in received.links if "overall=2" in url)
    assert any(url.startswith(f"{here.base_url}/u/") and url in received.text for _, url in received.links)
    assert link.startswith(f"{here.base_url}/r/")
    async with Reader(here) as ann:
        assert "Thank you" in await ann.answer(link, comment="Too late")
    assert "Too late" in await alerted(slack)
    [response] = await here.responses()
    assert response["scores"]["overall"] == 2
    assert (await here.ticket()).cycle == 2


async def test_a_bad_rating_in_the_web_chat_alerts_slack(here: World, slack: SlackRig) -> None:
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client:
        visitor = await Visitor(client).arrive()
        await here.resolve(addresses=[("webchat", visitor.id)])
        await visitor.until(lambda v: "1★" in v.buttons())
        await visitor.tap("2★")
        await visitor.until(lambda v: "Overall: ★★☆☆☆" in str(v.screen()))
        assert "Overall: 2 of 5" in await alerted(slack)
        assert (await here.ticket()).cycle == 2


async def test_a_duplicate_event_asks_once(here: World, telegram: TelegramRig) -> None:
    first, *others = await asyncio.gather(*(here.resolve(addresses=ON_TELEGRAM) for _ in range(5)))
    await asked(telegram)
    assert {one["invite"]["id"] for one in others} == {first["invite"]["id"]}
    assert await Delivery.filter(kind="invite").count() == 1
    assert len(telegram.shown(ANN)) == 1


async def test_the_second_of_two_taps_corrects_the_first(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await asked(telegram)
    [message] = telegram.shown(ANN)
    low, high = (button["callback_data"] for button in (message.rows[0][0], message.rows[0][4]))
    await telegram.forge(ANN, low, message=message.id)
    await telegram.forge(ANN, high, message=message.id)
    await here.until(lambda: settled(here))
    [response] = await here.responses()
    assert response["scores"] == {"overall": 5}
    assert not slack.screen("C0ALERTS")
    assert (await here.ticket()).status == "resolved"


async def test_a_change_of_mind_updates_the_alert_and_undoes_nothing(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await rates(here, telegram, "2★")
    await alerted(slack)
    await slack.press("U0KIM", "C0ALERTS", "Take")
    await slack.until(lambda: "taken by Kim" in "\n".join(slack.screen("C0ALERTS")))
    question = telegram.shown(ANN)[0]
    for button in ("Done", "Change", "Overall: 2", "5★"):
        await telegram.until(lambda wanted=button: wanted in question.labels)
        await telegram.tap(ANN, button, message=question.id)
    await slack.until(lambda: "Overall: 5 of 5" in "\n".join(slack.screen("C0ALERTS")), seconds=10)
    await slack.until(lambda: any("2 → 5" in line for line in alert_thread(slack)), seconds=10)
    assert "taken by Kim" in "\n".join(slack.screen("C0ALERTS"))
    assert (await here.ticket()).status == "in_progress"
    assert await Recovery.all().count() == 1


def alert_thread(slack: SlackRig) -> list[str]:
    return [posted.seen for posted in slack.messages.values() if posted.channel == "C0ALERTS" and posted.thread]


async def test_reopening_before_the_send_cancels_the_invite(store_url: str, telegram: TelegramRig) -> None:
    setup = world.SETUP.replace('delay = "0s"', 'delay = "5m"')
    async with world.between(store_url, telegram, setup=setup) as here:
        await here.resolve(addresses=ON_TELEGRAM)
        await here.reopen()
        await here.move_on(minutes=10)
        await here.resolve("T-2", addresses=[("support-bot", "778")], contact="c-2")
        await here.move_on(minutes=6)
        await telegram.until(lambda: telegram.screen(778))
        assert not telegram.shown(ANN)
        invites = (await here.get("/invites?ticket=T-1"))["items"]
        assert [one["state"] for one in invites] == ["cancelled"]


async def test_a_blocked_bot_falls_to_the_next_address(here: World, telegram: TelegramRig, mail: SmtpRig) -> None:
    await telegram.block(ANN)
    await here.resolve(addresses=[*ON_TELEGRAM, ("mail", "ann@example.org")])
    received = await mail.mail_to("ann@example.org")
    assert "How satisfied are you overall?" in received.text
    history = await here.get("/tickets/T-1/history")
    assert "support-bot" in str(history)


async def test_an_alert_waits_for_a_dead_slack_and_arrives_when_it_is_back(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    slack.mood = "broken"
    await rates(here, telegram, "1★")
    await telegram.until(lambda: "Overall: ★☆☆☆☆" in telegram.screen(ANN))
    await here.until(lambda: Delivery.filter(kind="alert", state=DeliveryState.WAITING, attempts__gt=0).exists())
    slack.mood = "fine"
    await here.move_on(minutes=6)
    assert "Overall: 1 of 5" in await alerted(slack)
    assert await Alert.all().count() == 1


async def test_an_alert_channel_that_is_gone_is_shown_until_it_is_mended(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    slack.mood, slack.refusal = "gone", "channel_not_found"
    await rates(here, telegram, "1★")
    await here.until(lambda: Delivery.filter(kind="alert", state=DeliveryState.WAITING, attempts__gt=0).exists())
    ready = (await here.client.get("/readyz")).json()
    assert (ready["status"], ready["components"]["channel:slack"]) == ("degraded", "down")
    assert ready["components"]["channel:support-bot"] == "ok"
    assert re.fullmatch(r"sending: Slack knows no such channel.+ \(channel_not_found\)", ready["why"]["channel:slack"])
    slack.mood = "fine"
    await here.move_on(seconds=10)
    await alerted(slack)
    await here.until(lambda: is_ready(here))


async def test_after_a_revoked_token_alerts_come_within_a_minute_of_its_return(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    patient = world.SETUP + 'take_within = "30d"\nrecover_within = "30d"\n'  # nothing is drawn anew meanwhile
    await setups.apply(setups.parse(patient), now=here.clock())
    slack.mood, slack.refusal = "gone", "token_revoked"
    await rates(here, telegram, "1★")
    for hours in (0, 0.1, 0.5, 1, 2.5, 6, 12):
        calls = len(slack.calls)
        await here.move_on(hours=hours)
        await slack.until(lambda calls=calls: len(slack.calls) > calls)
        await here.until(lambda: not_now(here))
    slack.mood = "fine"
    await here.move_on(seconds=61)
    await alerted(slack)


async def not_now(here: World) -> bool:
    """No alert is under way or due."""
    alerts_left = Delivery.filter(kind="alert", state__in=(DeliveryState.WAITING, DeliveryState.SENDING))
    return not await alerts_left.filter(due_at__lte=here.clock(), attempts__gt=0).exists()


async def test_an_alert_waits_for_a_group_that_the_bot_was_put_out_of(here: World, telegram: TelegramRig) -> None:
    group = -5001
    telegram.blocked.add(group)
    await setups.apply(setups.parse(ALERTS_TO.format(channel="support-bot", to=group)), now=here.clock())
    await rates(here, telegram, "1★")
    await here.until(lambda: Delivery.filter(kind="alert", state=DeliveryState.WAITING, attempts__gt=0).exists())
    telegram.blocked.discard(group)
    await here.move_on(seconds=10)
    await telegram.until(lambda: "Overall: 1 of 5" in telegram.screen(group))


async def test_in_a_web_chat_each_line_about_an_alert_names_its_ticket(here: World, telegram: TelegramRig) -> None:
    staff = await Visitor(here.client).arrive()
    await setups.apply(setups.parse(ALERTS_TO.format(channel="webchat", to=staff.id)), now=here.clock())
    await rates(here, telegram, "1★")
    number = (await here.ticket()).number
    await staff.until("is unhappy")
    question = telegram.shown(ANN)[0]
    await telegram.until(lambda: "service attitude" in question.text)
    await telegram.tap(ANN, "4★", message=question.id)
    await staff.until(f"{number}: The customer rated more:")


async def test_an_alert_by_mail_is_one_mail_and_what_follows_is_told_line_by_line(
    here: World, telegram: TelegramRig, mail: SmtpRig
) -> None:
    await setups.apply(setups.parse(ALERTS_TO.format(channel="mail", to="desk@example.org")), now=here.clock())
    await rates(here, telegram, "1★")
    first = await mail.mail_to("desk@example.org")
    assert "Overall: 1 of 5" in first.text
    await here.move_on(minutes=20)  # nobody took it
    await here.until(lambda: Delivery.filter(kind="alert_update", state=DeliveryState.SENT).exists())
    await here.until(lambda: Delivery.filter(kind="alert", state=DeliveryState.CANCELLED).exists())
    assert await Delivery.filter(kind="alert", state=DeliveryState.SENT).count() == 1


async def test_messages_of_a_channel_that_was_taken_out_of_the_configuration_go_elsewhere(
    here: World, mail: SmtpRig
) -> None:
    told = await here.resolve(addresses=[*ON_TELEGRAM, ("mail", "ann@example.org")], channel="mail")
    await mail.mail_to("ann@example.org")
    ticket = await here.ticket()
    gone = await Address.create(
        contact_id=ticket.contact_id, channel="old-bot", address="1", rank=-1, created_at=here.clock()
    )
    await here.resolve("T-2", addresses=[], channel="old-bot")
    assert told["decision"]["sent"]
    await here.until(lambda: Delivery.filter(channel="old-bot").exists())
    await here.app.worker.sweep()
    assert (await Delivery.get(channel="old-bot")).state == DeliveryState.DEAD
    moved = await Invite.filter(ticket__ref="T-2").first()
    assert moved is not None
    assert moved.address_id != gone.id


async def is_ready(here: World) -> bool:
    return bool((await here.client.get("/readyz")).json()["status"] == "ok")


async def test_nobody_but_ann_can_answer_her_question(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await asked(telegram)
    [message] = telegram.shown(ANN)
    action = message.rows[0][0]["callback_data"]
    await telegram.forge(ANN, action, message=message.id, by=666)
    await here.until(lambda: Arrival.filter(state="handled").exists())
    assert await here.responses() == []


async def test_a_stranger_in_slack_cannot_take_an_alert(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await rates(here, telegram, "1★")
    await alerted(slack)
    await slack.press("U0EVE", "C0ALERTS", "Take")
    await slack.until(lambda: slack.whispered("U0EVE"))
    assert "Only staff" in slack.whispered("U0EVE")[0]
    assert (await Recovery.get()).state == "open"


async def test_an_alert_that_nobody_takes_is_raised_and_then_overdue(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await rates(here, telegram, "1★")
    await alerted(slack)
    await here.move_on(minutes=16)
    await slack.until(lambda: any("Nobody has taken it" in line for line in alert_thread(slack)))
    await here.move_on(hours=4)
    await slack.until(lambda: any("verdue" in line for line in alert_thread(slack)))
    await slack.until(lambda: "overdue since" in "\n".join(slack.screen("C0ALERTS")))


async def test_who_is_silent_is_reminded_once_and_then_left_alone(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await asked(telegram)
    await here.until(lambda: Invite.filter(state=InviteState.DELIVERED).exists())
    await here.move_on(hours=25)
    await telegram.until(lambda: len(telegram.shown(ANN)) == 2)
    await here.move_on(hours=24)
    await here.move_on(days=8)
    await telegram.until(lambda: telegram.buttons(ANN) == [])
    assert "is over" in telegram.screen(ANN)
    assert len(telegram.shown(ANN)) == 2


async def test_staff_reply_to_the_customer_in_the_customers_own_channel(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await rates(here, telegram, "1★")
    await alerted(slack)
    await slack.press("U0KIM", "C0ALERTS", "Reply…")
    await submits(slack, "U0KIM", text="We send a <new> one & call you.")
    await telegram.until(lambda: "We send a <new> one & call you." in telegram.screen(ANN))
    ticket = await Ticket.get(ref="T-1").prefetch_related("entries")
    assert any("We send a <new> one" in entry.text for entry in ticket.entries)


async def test_words_that_answer_no_question_open_a_request(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, "My router blinks red")
    await telegram.until(lambda: "CS2" in telegram.screen(ANN))
    ticket = await Ticket.get(subject="My router blinks red")
    assert ticket.channel == "support-bot"


async def test_stop_means_no_more_surveys(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, "/stop")
    await telegram.until(lambda: telegram.screen(ANN))
    told = await here.resolve(addresses=ON_TELEGRAM)
    assert told["decision"] == {"sent": False, "reason": "opted_out"}
    assert told["invite"] is None


async def test_a_wrong_link_does_not_undo_a_stop(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, "/stop")
    await telegram.until(lambda: telegram.screen(ANN))
    await telegram.write(ANN, "/start " + "x" * 43)
    await telegram.until(lambda: len(telegram.shown(ANN)) == 2)
    assert (await Contact.get()).opted_out_at is not None


async def test_a_command_opens_a_request_and_help_makes_nobody_a_contact(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, "/help")
    await telegram.until(lambda: "/stop" in telegram.screen(ANN))
    assert not await Contact.exists()
    await telegram.write(ANN, "/new My <router> blinks")
    await telegram.until(lambda: "CS2" in telegram.screen(ANN))
    assert (await Ticket.get()).subject == "My <router> blinks"
    await telegram.write(ANN, "/status")
    await telegram.until(lambda: "My <router> blinks: new" in telegram.screen(ANN))
    await telegram.write(ANN, "/language 简体中文")
    await telegram.until(lambda: "中文" in telegram.screen(ANN))
    assert (await Contact.get()).locale == "zh-Hans"


async def test_in_telegram_a_press_changes_the_language(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, "/language")
    await telegram.until(lambda: telegram.buttons(ANN) == ["✓ English", "简体中文"])
    assert "We write to you in English." in telegram.screen(ANN)
    tap = await telegram.tap(ANN, "简体中文")
    await telegram.until(lambda: telegram.buttons(ANN) == ["English", "✓ 简体中文"])
    assert len(telegram.shown(ANN)) == 1  # redrawn, in the language that was chosen
    assert "简体中文" in telegram.screen(ANN)
    assert (await Contact.get()).locale == "zh-Hans"
    await telegram.until(lambda: tap in telegram.answers)
    assert "中文" in telegram.answers[tap].text
    await telegram.forge(ANN, "l:tlh", message=telegram.shown(ANN)[0].id)
    await telegram.until(lambda: len(telegram.answers) == 2)
    assert (await Contact.get()).locale == "zh-Hans"


async def test_a_chat_that_opens_an_invites_link_is_asked_there(
    here: World, telegram: TelegramRig, mail: SmtpRig
) -> None:
    await here.resolve(addresses=[("mail", "ann@example.org")])
    received = await mail.mail_to("ann@example.org")
    token = next(url for _, url in received.links if "/r/" in url).split("/r/")[1].split("?")[0]
    await telegram.write(ANN, f"/start {token}")
    await asked(telegram)
    await telegram.tap(ANN, "5★")
    await telegram.until(lambda: "service attitude" in telegram.screen(ANN))
    assert (await here.responses())[0]["scores"] == {"overall": 5}


async def test_an_own_wording_is_used_as_soon_as_it_is_published(here: World, telegram: TelegramRig) -> None:
    setup = '[[templates]]\nkind = "invite"\nlocale = "en"\nsource = "Dear {{ contact.name }}, {{ question }}"\n'
    await setups.apply(setups.parse(setup), now=here.clock())
    await here.move_on(seconds=11)
    await here.app.worker.sweep()
    await here.resolve(addresses=ON_TELEGRAM)
    await telegram.until(lambda: telegram.screen(ANN).startswith("Dear Ann <3, How satisfied"))


async def test_a_dead_letter_is_seen_and_sent_again(here: World, telegram: TelegramRig) -> None:
    await telegram.block(ANN)
    await here.resolve(addresses=ON_TELEGRAM)
    dead = await here.until(lambda: dead_letters(here))
    assert "blocked" in dead[0]["problem"]
    refused = await here.client.post("/api/v1/deliveries/dlv_99/replay")
    assert refused.status_code == 404
    replayed = await here.client.post(f"/api/v1/deliveries/{dead[0]['id']}/replay")
    assert (replayed.status_code, replayed.json()["state"]) == (202, "waiting")


async def dead_letters(here: World) -> Any:
    return (await here.get("/deliveries?state=dead"))["items"]


async def test_who_is_known_by_e_mail_in_slack_can_answer_there(here: World, slack: SlackRig) -> None:
    ann = slack.person("U0ANN", email="ann@example.org").dm
    await here.resolve(addresses=[("slack", "ann@example.org")])
    await slack.until(lambda: "1★" in slack.buttons(ann))
    await slack.press("U0ANN", ann, "5★")
    await here.until(lambda: has_answered(here))
    assert (await here.responses())[0]["scores"] == {"overall": 5}


async def has_answered(here: World) -> bool:
    return bool(await here.responses())


async def test_the_same_body_reopens_that_resolved(here: World) -> None:
    await here.resolve(addresses=[])
    body = {
        "type": "ticket.reopened",
        "ticket": {"ref": "T-1", "subject": "Router & cable", "team": "support", "agent": {"name": "Li"}},
        "contact": {"ref": "c-1", "name": "Ann", "addresses": [{"channel": "mail", "address": "ann@example.org"}]},
    }
    answer = await here.client.post("/api/v1/events", json=body)
    assert answer.status_code == 202, answer.text
    assert (await here.ticket()).cycle == 2


async def test_words_right_after_the_first_tap_are_its_comment(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await rates(here, telegram, "2★")
    await telegram.until(lambda: "service attitude" in telegram.screen(ANN))
    await telegram.write(ANN, "It never arrived!")
    await slack.until(lambda: "It never arrived!" in "\n".join(slack.screen("C0ALERTS")))
    assert await Ticket.all().count() == 1


async def test_words_after_the_edit_window_are_not_lost(here: World, telegram: TelegramRig) -> None:
    await rates(here, telegram, "4★")
    await telegram.until(lambda: "service attitude" in telegram.screen(ANN))
    await here.move_on(days=2)
    await telegram.write(ANN, "It broke again", reply_to=telegram.shown(ANN)[0].id)
    await here.until(lambda: Ticket.filter(subject="It broke again").exists())


async def test_a_command_that_cannot_be_done_is_answered(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, "/rate")
    await telegram.until(lambda: "nothing to rate" in telegram.screen(ANN))


async def test_in_a_group_nobody_reads_what_is_anns(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await asked(telegram)
    await telegram.write(-100, "/rate", by=ANN)
    await telegram.until(lambda: len(telegram.shown(ANN)) == 2)
    assert telegram.shown(-100) == []


async def test_who_has_not_begun_to_answer_may_write_about_a_new_trouble(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await asked(telegram)
    await telegram.write(ANN, "My printer is burning!")
    await here.until(lambda: Ticket.filter(subject="My printer is burning!").exists())
    assert await here.responses() == []


async def test_an_answer_to_what_staff_wrote_is_no_comment(here: World, telegram: TelegramRig, slack: SlackRig) -> None:
    await rates(here, telegram, "2★")
    await alerted(slack)
    await slack.press("U0KIM", "C0ALERTS", "Reply…")
    await submits(slack, "U0KIM", text="Please tell me your order number.")
    await telegram.until(lambda: "order number" in telegram.screen(ANN))
    await here.until(lambda: Delivery.filter(kind="reply", state=DeliveryState.SENT).exists())
    await telegram.write(ANN, "It is 4711")
    await here.until(lambda: said(here, "It is 4711"))
    assert not (await here.responses())[0]["comment"]


async def said(here: World, words: str) -> bool:
    return words in str((await here.get("/tickets/T-1/history"))["items"])

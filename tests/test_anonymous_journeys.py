"""Anonymous surveys as people meet them in each channel: from the promise to the cut, and nothing leads back."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from core.models.deliveries import Arrival, ArrivalState
from core.models.desk import Ticket, TicketEntry
from core.models.invites import Invite, InviteState
from core.models.responses import Response
from tests import traces, world
from tests.people import Reader
from tests.rigs.correspondent import Correspondent
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig
from tests.rigs.webchat import Visitor
from tests.world import World

ANN = 777123
ANN_MAIL = "ann@example.net"
WORDS = "Quokka-7193 & <the> lift music"
PROMISE = "This is anonymous."
OPEN = "You are anonymous. Until"
KEPT = "Your answer is kept without your name"
CONTACT_ME = "You may contact me about this"
SETUP = world.SETUP + "anonymous = true\n"


@pytest.fixture
def ann(listening: int) -> Correspondent:
    return Correspondent(ANN_MAIL, listening)


@pytest.fixture
async def here(
    store_url: str, telegram: TelegramRig, slack: SlackRig, mail: SmtpRig, listening: int
) -> AsyncIterator[World]:
    telegram.introduce(ANN, "Ann <3")
    async with world.between(
        store_url, telegram, slack, mail, listening=listening, more=world.WEBCHAT, setup=SETUP
    ) as running:
        yield running


async def is_cut(here: World) -> None:
    """The time to change it is over."""
    await here.move_on(minutes=11)
    await here.until(lambda: Response.filter(invite_id=None).exists())


async def hears_of_it(here: World, slack: SlackRig) -> str:
    """What staff read at the full hour."""
    await here.move_on(hours=1)
    await here.app.worker.sweep()
    await slack.until(lambda: slack.screen("C0ALERTS"))
    await here.until(lambda: _all_told())
    return "\n".join(slack.screen("C0ALERTS"))


async def _all_told() -> bool:
    return all(row.sent_at for row in await traces.staff_messages())


async def everything_is_done(here: World) -> None:
    async def nothing_new() -> bool:
        return not await Arrival.filter(state=ArrivalState.NEW).exists()

    await here.until(nothing_new)


async def stays_unnamed(here: World, slack: SlackRig, caplog: pytest.LogCaptureFixture) -> Response:
    """Staff hear of it without a name; the request knows that it was answered; no row leads to another."""
    alert = await hears_of_it(here, slack)
    ticket = await here.ticket()
    for name in ("Ann", ticket.number, "Router & cable", "Router &amp; cable"):
        assert name not in alert
    assert "Quokka-7193" in alert
    assert "Support" in alert
    assert (ticket.cycle, ticket.status) == (1, "resolved")
    assert await here.responses() == []
    assert (await here.get("/responses"))["items"] == []
    labels = await TicketEntry.filter(ticket_id=ticket.id).values_list("label", flat=True)
    assert "history.answered_anonymously" in labels
    assert not {"history.rated", "history.commented"} & {str(one) for one in labels}
    return await traces.nothing_leads_back("Quokka-7193", log=caplog.text)


# ---------------------------------------------------------------- each channel


async def test_in_telegram(
    here: World, telegram: TelegramRig, slack: SlackRig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: PROMISE in telegram.screen(ANN))
    old = telegram.shown(ANN)[0].rows[0][4]["callback_data"]
    await telegram.tap(ANN, "2★")
    await telegram.until(lambda: "service attitude" in telegram.screen(ANN))
    assert CONTACT_ME in telegram.buttons(ANN)
    await telegram.tap(ANN, "1★")
    await telegram.until(lambda: "response speed" in telegram.screen(ANN))
    await telegram.tap(ANN, "Done")
    await telegram.until(lambda: OPEN in telegram.screen(ANN))
    assert "Change" in telegram.buttons(ANN)
    assert "Too slow" not in telegram.buttons(ANN), "no reasons are asked that are not kept"
    await telegram.tap(ANN, "Add a comment")
    await telegram.write(ANN, WORDS)
    await telegram.until(lambda: WORDS in telegram.screen(ANN))
    assert await here.responses() == [], "nor does the desk see it while it can be changed"
    await is_cut(here)
    await telegram.until(lambda: KEPT in telegram.screen(ANN))
    assert telegram.buttons(ANN) == []
    tap = await telegram.forge(ANN, old, message=telegram.shown(ANN)[0].id)
    await telegram.until(lambda: "cannot be changed" in telegram.answers[tap].text if tap in telegram.answers else "")
    await telegram.write(ANN, "And another thing of the Quokka-7193")
    await telegram.until(lambda: "Nothing of this was kept" in telegram.screen(ANN))
    await everything_is_done(here)
    answer = await stays_unnamed(here, slack, caplog)
    assert answer.judged == {"attitude": 1, "overall": 2}
    assert await Ticket.all().count() == 1


async def test_in_slack(here: World, slack: SlackRig, caplog: pytest.LogCaptureFixture) -> None:
    await here.resolve(addresses=[("slack", "U0ANN")])
    await slack.until(lambda: PROMISE in "".join(slack.screen("U0ANN")))
    await slack.press("U0ANN", slack.dm_of("U0ANN"), "2★")
    await slack.until(lambda: slack.modals)
    form = str(slack.modal("U0ANN").view)
    assert CONTACT_ME in form
    assert "leave out names" in form
    assert "Too slow" not in form
    await slack.submit("U0ANN", {"score_speed": "1", "comment": WORDS})
    await slack.until(lambda: OPEN in "".join(slack.screen("U0ANN")))
    await is_cut(here)
    await slack.until(lambda: KEPT in "".join(slack.screen("U0ANN")))
    assert "★★☆☆☆" not in "".join(slack.screen("U0ANN"))
    await everything_is_done(here)
    answer = await stays_unnamed(here, slack, caplog)
    assert answer.judged == {"overall": 2, "speed": 1}


async def test_in_the_web_chat(here: World, slack: SlackRig, caplog: pytest.LogCaptureFixture) -> None:
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client:
        visitor = await Visitor(client).arrive()
        await here.resolve(addresses=[("webchat", visitor.id)])
        await visitor.until(PROMISE)
        await visitor.tap("2★")
        await visitor.until(lambda v: "service attitude" in v.screen())
        await visitor.tap("Done")
        await visitor.until(OPEN)
        await visitor.tap("Add a comment")
        await visitor.write(WORDS)
        await visitor.until(lambda v: WORDS in v.screen())
        await is_cut(here)
        await visitor.until(KEPT)
        assert not any("Quokka-7193" in text or "★★☆☆☆" in text for text in visitor.texts())
    await everything_is_done(here)
    await stays_unnamed(here, slack, caplog)


async def test_by_mail(
    here: World, mail: SmtpRig, ann: Correspondent, slack: SlackRig, caplog: pytest.LogCaptureFixture
) -> None:
    await here.resolve(addresses=[("mail", ANN_MAIL)])
    question = await mail.mail_to(ANN_MAIL)
    assert PROMISE in question.text
    await here.until(lambda: Invite.exists(state=InviteState.DELIVERED))
    await ann.answers(question, f"2/5 {WORDS}")
    thanks = await mail.mail_to(ANN_MAIL, number=2)
    assert OPEN in thanks.text
    await is_cut(here)
    await ann.answers(thanks, "5, it was Quokka-7193 after all")
    assert "Nothing of this was kept" in (await mail.mail_to(ANN_MAIL, number=3)).text
    await everything_is_done(here)
    await stays_unnamed(here, slack, caplog)
    assert await Ticket.all().count() == 1


async def test_on_the_page(here: World, mail: SmtpRig, slack: SlackRig, caplog: pytest.LogCaptureFixture) -> None:
    await here.resolve(addresses=[("mail", ANN_MAIL)])
    question = await mail.mail_to(ANN_MAIL)
    link = next(url for _, url in question.links if "overall=2" in url)
    async with Reader(here) as reader:
        seen = await reader.answer(link, comment=WORDS)
        assert "You are anonymous. Until" in seen
        assert "thank you for saying so" in seen
        assert "look after it" not in seen, "nobody can look after what nobody knows of"
        await is_cut(here)
        page = (await reader.page(link)).text
        assert "Answered anonymously" in page
        assert "Quokka" not in page
    await stays_unnamed(here, slack, caplog)


# ---------------------------------------------------------------- "you may contact me about this"


async def test_who_may_be_contacted_is_alerted_about_by_name(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: PROMISE in telegram.screen(ANN))
    await telegram.tap(ANN, "1★")
    await telegram.until(lambda: CONTACT_ME in telegram.buttons(ANN))
    await telegram.tap(ANN, CONTACT_ME)
    await telegram.until(lambda: f"✓ {CONTACT_ME}" in telegram.buttons(ANN))
    await here.move_on(seconds=5)
    await slack.until(lambda: "Ann" in "".join(slack.screen("C0ALERTS")))
    assert (await here.ticket()).cycle == 2
    [response] = await here.responses()
    assert response["scores"] == {"overall": 1}


async def test_a_tick_on_the_page_and_one_in_slacks_form_say_the_same(
    here: World, mail: SmtpRig, slack: SlackRig
) -> None:
    await here.resolve(addresses=[("mail", ANN_MAIL)])
    link = next(url for _, url in (await mail.mail_to(ANN_MAIL)).links if "overall=2" in url)
    async with Reader(here) as reader:
        seen = await reader.answer(link, _named="yes")
        assert "your answer comes with your name" in seen
    await here.resolve("T-2", contact="c-2", addresses=[("slack", "U0ANN")])
    await slack.until(lambda: PROMISE in "".join(slack.screen("U0ANN")))
    await slack.press("U0ANN", slack.dm_of("U0ANN"), "2★")
    await slack.until(lambda: slack.modals)
    await slack.submit("U0ANN", {"may_contact": ["yes"]})
    await here.until(lambda: _both_named())
    await here.move_on(seconds=5)
    for ref in ("T-1", "T-2"):
        await here.until(lambda ref=ref: Ticket.filter(ref=ref, cycle=2).exists())  # type: ignore[misc]


async def _both_named() -> bool:
    return await Response.filter(may_contact=True).count() == 2


async def test_a_mail_that_thanks_leads_to_the_page_where_they_can_say_it(
    here: World, mail: SmtpRig, ann: Correspondent, slack: SlackRig
) -> None:
    await here.resolve(addresses=[("mail", ANN_MAIL)])
    question = await mail.mail_to(ANN_MAIL)
    await here.until(lambda: Invite.exists(state=InviteState.DELIVERED))
    await ann.answers(question, "1")
    thanks = await mail.mail_to(ANN_MAIL, number=2)
    link = next(url for words, url in thanks.links if words == "Change")
    async with Reader(here) as reader:
        assert "your answer comes with your name" in await reader.answer(link, _named="yes")
    await here.move_on(seconds=5)
    await slack.until(lambda: "Ann" in "".join(slack.screen("C0ALERTS")))

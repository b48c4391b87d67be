"""Anonymous surveys in the admin's browser: what is set, and what is never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.models.invites import Invite
from core.models.setup import Survey
from core.reactions import unnamed
from core.surveys import catalogue, invites, responses
from tests.web.admin.desk import Role, at
from tests.web.admin.test_surveys import DEFAULT, send
from tests.web.front import Front


async def answered(front: Front, *scores: int, comment: str = "") -> list[Invite]:
    """Asked anonymously, answered, settled, and the hour is over."""
    found = []
    for score in scores:
        asked = await front.invite()
        await Invite.filter(id=asked.invite_id).update(anonymous=True)
        invite = await invites.by_id(asked.invite_id)
        assert invite is not None
        response = await responses.answer(invite, {"overall": score}, [], comment, finished=True, now=front.clock.now)
        await responses.settle(response.id, now=front.clock.now + timedelta(minutes=11))
        found.append(invite)
    await unnamed.look(now=front.clock.now + timedelta(hours=1))
    return found


async def test_ticking_anonymous_publishes_it_and_unticking_takes_it_back(front: Front) -> None:
    browser = await at(front)
    await browser.open(DEFAULT)
    assert "No answer can be traced back to the customer" in browser.page.text
    await send(browser, "publish", anonymous="yes")
    assert catalogue.settings_of(await Survey.get(current=True)).anonymous
    await browser.open(DEFAULT)
    [box] = browser.page.all("input", name="anonymous")
    assert "checked" in box
    await send(browser, "publish", anonymous=[])
    assert not catalogue.settings_of(await Survey.get(current=True)).anonymous


async def test_the_board_says_how_many_wait_and_shows_nothing_of_them(front: Front) -> None:
    await answered(front, 2, 2, 2, 5, comment="Quokka in the lift")
    browser = await at(front, Role.SUPERVISOR)
    await browser.open("/admin/board")
    assert "4 anonymous answers are not counted yet" in browser.page.text
    for hidden in ("2.75", "Quokka in the lift"):
        assert hidden not in browser.html
    await answered(front, 4)
    await browser.open("/admin/board")
    assert "not counted yet" not in browser.page.text
    assert browser.page.text.count("Quokka in the lift") == 4
    for part in ("distribution", "team", "dimensions"):
        table = await browser.client.get(f"/admin/board.csv?part={part}")
        assert "Quokka" not in table.text
        assert "CS2" not in table.text


@pytest.mark.parametrize("settled", [True, False])
async def test_ticket_and_contact_say_that_it_was_answered_and_nothing_else(front: Front, settled: bool) -> None:
    asked = await front.invite()
    await Invite.filter(id=asked.invite_id).update(anonymous=True)
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    response = await responses.answer(invite, {"overall": 1}, [], "Quokka", finished=True, now=front.clock.now)
    if settled:
        await responses.settle(response.id, now=front.clock.now + timedelta(minutes=11))
    browser = await at(front)
    await browser.open(f"/admin/contacts/{invite.contact_id}")
    assert "Answered anonymously" in browser.page.text
    assert "Quokka" not in browser.html
    assert "1/5" not in browser.page.text
    await browser.open(f"/admin/tickets/{invite.ticket.number}")
    assert ("Answered anonymously" in browser.page.text) == settled
    assert "Quokka" not in browser.html
    assert "Judged" not in browser.page.text

"""Every figure of the board leads to the tickets behind it, and the list says what it is narrowed to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.desk import tickets
from core.models.accounts import Role
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.models.invites import Decision, Invite, Slice
from core.models.responses import Response
from core.models.setup import Staff, Team
from core.surveys import invites
from tests.web.admin import unhappy
from tests.web.admin.desk import Browser, at
from tests.web.admin.test_board import rated
from tests.web.front import Front, Page

PATH = "/admin/tickets"


def listed(page: Page) -> int:
    return len([one for one in page.all("a") if one.get("href", "").startswith(f"{PATH}/CS")])


def links(page: Page) -> list[str]:
    """What leads from a page to tickets, each once."""
    return sorted({one["href"] for one in page.all("a") if one.get("href", "").startswith(f"{PATH}?")})


def told(html: str) -> int:
    """The number above the list."""
    found = re.search(r'id="narrowed">(\d+) ', html)
    assert found
    return int(found[1])


async def a_month(front: Front) -> tuple[Team, Staff]:
    billing = await Team.create(key="billing", name="Billing & <Co>")
    kim = await Staff.create(key="kim", name="Kim <3")
    await rated(front, 1, 2, 1, 2, 3, team_id=billing.id, agent_id=kim.id, type="complaint", comment="Late & <b>")
    await rated(front, 5, 5, 5, 4)
    return billing, kim


async def test_each_number_of_the_board_leads_to_as_many_lines(front: Front) -> None:
    await a_month(front)
    await unhappy.alert(front)
    await front.invite()
    for delivered in (True, False, False):
        over = await front.invite(delivered=delivered)
        await invites.look(over.invite_id, now=front.clock.now + timedelta(days=20))
    lee = await at(front, Role.SUPERVISOR)
    for part in ("", "/details", "/groups"):
        page = await lee.open(f"/admin/board{part}?span=30d")
        cells = re.findall(r'<a href="([^"]+)" aria-label="([\d,]+), [^"]*">\2</a>', lee.html)
        assert len(cells) > 3, part
        for address, number in cells:
            shown = await lee.open(address.replace("&amp;", "&"))
            assert told(lee.html) == listed(shown) == int(number), address
        for address in links(page):
            assert (await lee.client.get(address)).status_code == 200, address


async def test_the_tiles_lead_there_too(front: Front) -> None:
    await a_month(front)
    await unhappy.alert(front)
    lee = await at(front, Role.SUPERVISOR)
    page = await lee.open("/admin/board?span=30d")
    for ending, count in (
        ("of=rated", 10), ("of=answered", 10), ("of=written&band=negative", 5), ("of=written&comment=1", 6),
        ("of=opened", 5),
    ):  # fmt: skip
        assert f"{PATH}?span=30d&{ending}" in links(page)
        await lee.open(f"{PATH}?span=30d&{ending}")
        assert told(lee.html) == count, ending
    assert f"{PATH}?of=open" in links(page), "what is open now is so whatever the span"
    front.clock.now += timedelta(days=3)
    lee = await at(front, Role.SUPERVISOR)
    page = await lee.open("/admin/board?span=30d")
    assert f"{PATH}?of=overdue" in links(page)
    page = await lee.open(f"{PATH}?of=overdue")
    assert listed(page) == 5


async def test_whom_nobody_asked_and_who_scored_a_dimension_are_found(front: Front) -> None:
    billing, _ = await a_month(front)
    first, second, *_ = await Response.all().order_by("id")
    await Response.filter(id=first.id).update(judged={"overall": 1, "speed": 2})
    await Response.filter(id=second.id).update(judged={"overall": 2, "speed": 5})
    cut = await Slice.filter(team_id=billing.id, purpose="service").first()
    await Decision.all().delete()
    for at_, invite in enumerate(await Invite.all().order_by("id").limit(3)):
        why = "opted_out" if at_ else "no_address"
        told_of = {"ticket_id": invite.ticket_id, "cycle": 9, "slice": cut}
        now = front.clock.now - timedelta(minutes=at_)
        await Decision.create(id=invite.id, sent=False, reason=why, at=now, **told_of)
    lee = await at(front, Role.SUPERVISOR)
    page = await lee.open("/admin/board/details?span=30d")
    cells = dict(re.findall(r'<a href="([^"]+)" aria-label="([\d,]+), [^"]*">\2</a>', lee.html))
    found = {address.replace("&amp;", "&").partition("span=30d&")[2]: int(number) for address, number in cells.items()}
    wanted = {
        "of=not_asked&reason=opted_out": 2, "of=not_asked&reason=no_address": 1, "of=written&dimension=speed": 2,
        "of=written&dimension=speed&score=5": 1, "of=written&dimension=overall": 9,
    }  # fmt: skip
    assert wanted.items() <= found.items()
    for query, count in found.items():
        page = await lee.open(f"{PATH}?span=30d&{query}")
        assert told(lee.html) == listed(page) == count, query
    page = await lee.open(f"{PATH}?span=30d&of=not_asked&reason=opted_out")
    assert "2 decisions not to ask" in page.text
    assert not re.search('aria-label="[1-5] of 5"', lee.html), "nothing was answered to what was not asked"
    [chip] = [one for one in page.all("a") if one.get("aria-label", "").startswith("wants no surveys")]
    await lee.open(chip["href"])
    assert told(lee.html) == 3
    page = await lee.open(f"{PATH}?span=30d&dimension=speed&score=5")
    [chip] = page.all("a", **{"aria-label": "Response speed: 5 (take off)"})
    await lee.open(chip["href"])
    assert told(lee.html) == 9
    for query in ("dimension=x'--", "dimension=speed%22", "of=not_asked&reason=x'--", "of=not_asked&score=9"):
        await lee.open(f"{PATH}?span=30d&{query}")
        assert lee.status == 200, query


async def test_the_list_says_what_it_is_narrowed_to_and_each_can_be_taken_off(front: Front) -> None:
    billing, kim = await a_month(front)
    lee = await at(front, Role.SUPERVISOR)
    page = await lee.open(f"{PATH}?span=30d&team={billing.id}&agent={kim.id}&type=complaint&band=negative")
    assert told(lee.html) == 4
    for words in ("Team: Billing & <Co>", "Agent: Kim <3", "Type: Complaint", "Negative"):
        assert page.all("a", **{"aria-label": f"{words} (take off)"}), words
    assert 'aria-label="1 of 5"' in lee.html
    assert "Late &amp; &lt;b&gt;" in lee.html
    for words, count in (("Negative", 5), ("Agent: Kim <3", 5), ("Team: Billing & <Co>", 5), ("Type: Complaint", 9)):
        [chip] = page.all("a", **{"aria-label": f"{words} (take off)"})
        page = await lee.open(chip["href"])
        assert told(lee.html) == count, words
    [chip] = [one for one in page.all("a") if one.get("aria-label", "").endswith("2026 (take off)")]
    page = await lee.open(chip["href"])
    assert told(lee.html) == 9, "of all times"
    assert not [one for one in page.all("a") if one.get("aria-label", "").endswith("(take off)")]


async def test_page_follows_page_within_the_choice(front: Front) -> None:
    billing = await Team.create(key="billing", name="Billing")
    await rated(front, *[1] * 53, team_id=billing.id)
    await rated(front, 1, 1)
    lee = await at(front, Role.SUPERVISOR)
    page = await lee.open(f"{PATH}?span=30d&team={billing.id}&score=1")
    [older] = [one["href"] for one in page.all("a") if "before=" in one.get("href", "")]
    assert (told(lee.html), listed(page)) == (53, 50)
    page = await lee.open(PATH + older)
    assert (told(lee.html), listed(page)) == (53, 3)


async def test_what_is_typed_wrong_narrows_nothing_and_fails_nothing(front: Front) -> None:
    await rated(front, 4)
    lee = await at(front, Role.SUPERVISOR)
    for query in (
        "span=own", "span=x", "of=x", "score=9", "band=x", "span=own&first=2026-11-30&last=2026-11-01",
        f"of=written&before={2**62}",
    ):  # fmt: skip
        await lee.open(f"{PATH}?{query}")
        assert (lee.status, told(lee.html)) == (200, 1), query
    for query in ("agent=x", f"agent={'9' * 40}", "channel='; DROP TABLE x", "locale=xx", "type=none"):
        await lee.open(f"{PATH}?{query}")
        assert (lee.status, told(lee.html)) == (200, 0), query


async def test_a_team_is_called_by_its_key_or_its_number_and_none_is_a_team(front: Front) -> None:
    billing, _ = await a_month(front)
    first, second = await Ticket.all().order_by("id").limit(2)
    await Ticket.filter(id=first.id).update(team_id=billing.id)
    await Ticket.filter(id=second.id).update(team_id=None)
    lee = await at(front, Role.SUPERVISOR)
    for team in (billing.id, "billing"):
        await lee.open(f"{PATH}?span=30d&team={team}")
        assert told(lee.html) == 5
    assert listed(await lee.open(f"{PATH}?team=billing")) == 1, "with which team it is now"
    assert listed(await lee.open(f"{PATH}?team=-")) == 1


async def test_no_anonymous_answer_is_found_by_any_figure(front: Front) -> None:
    await rated(front, 1, comment="The hold music")
    await Invite.all().update(anonymous=True)
    await rated(front, 2)
    row = await Invite.all().order_by("id").first()
    assert row is not None
    await Response.filter(invite_id=row.id).update(revision=0, band=None, overall=None, judged=None)
    lee = await at(front, Role.SUPERVISOR)
    number = (await row.ticket).number
    await lee.open(PATH)
    assert number in lee.html
    assert "The hold music" not in lee.html
    for query in ("of=written", "comment=1", "of=rated", "band=negative", "score=1", "of=answered", "of=partial"):
        await lee.open(f"{PATH}?{query}")
        assert number not in lee.html, query
        assert "The hold music" not in lee.html, query


async def test_who_sees_no_board_cuts_no_tickets_by_it(front: Front) -> None:
    kim = await unhappy.browser_of(front)
    assert (await kim.client.get(f"{PATH}?agent=1&band=negative")).status_code == 403
    page = await kim.open(PATH)
    assert not [one for one in links(page) if "span=" in one]


# ---------------------------------------------------------------- what nobody has


async def _requests(front: Front) -> tuple[Ticket, Ticket, Browser]:
    kim = await unhappy.browser_of(front)
    contact = await Contact.create(ref="bo", name="Bo", created_at=front.clock.now)
    mine, nobodys = [
        await tickets.open_ticket(contact=contact, subject=subject, now=front.clock.now) for subject in ("Mine", "New")
    ]
    await tickets.take(mine, await Staff.get(key="kim@kestrel.example"), now=front.clock.now)
    return mine, nobodys, kim


async def test_a_new_request_that_nobody_has_waits_on_the_overview_and_beside_the_inbox(front: Front) -> None:
    _, new, kim = await _requests(front)
    await kim.open("/admin/")
    assert "<strong>1</strong> request that nobody has" in kim.html
    page = await kim.open("/admin/inbox")
    [lead] = [one["href"] for one in page.all("a") if one.get("href", "").startswith(f"{PATH}?whose=nobody")]
    assert "1 request that nobody has" in page.heading
    page = await kim.open(lead)
    assert listed(page) == 1
    assert new.number in kim.html
    await tickets.take(new, await Staff.get(key="kim@kestrel.example"), now=front.clock.now)
    await kim.open("/admin/inbox?part=list&whose=all")
    assert "that nobody has" not in kim.html
    await kim.open("/admin/")
    assert "<strong>0</strong> requests that nobody has" in kim.html


@pytest.mark.parametrize(("whose", "index"), [("mine", 0), ("nobody", 1)])
async def test_mine_and_nobodys_are_found(front: Front, whose: str, index: int) -> None:
    *rows, kim = await _requests(front)
    page = await kim.open(f"{PATH}?whose={whose}")
    assert listed(page) == 1
    assert rows[index].number in kim.html
    assert page.all("option", value=whose, selected="")

"""The pages of the people served."""

from __future__ import annotations

import html
import re

from core import audit, contact_links, contacts, directory
from core.contacts import AddressFacts, ContactFacts
from core.models.accounts import AuditLine, Role
from core.models.contacts import Address, Contact, ContactLink
from core.models.setup import Staff, Team
from tests.web.admin import desk
from tests.web.front import Front


async def test_a_contact_is_found_by_name_reference_and_address(front: Front) -> None:
    await front.invite()
    browser = await desk.at(front, Role.AGENT)
    for words in ("ann", "C-1", "701", ""):
        await browser.open(f"/admin/contacts?q={words}")
        assert "Ann &lt;3" in browser.html
    await browser.open("/admin/contacts?q=nobody-at-all")
    assert "Ann" not in browser.html
    assert "Nobody was found." in browser.html
    assert browser.page.all("a", href="/admin/contacts", **{"class": "button"}), "the way back to all"


async def test_surveys_are_switched_off_and_on_with_one_line_each(front: Front) -> None:
    await front.invite()
    contact = await Contact.get(ref="c-1")
    page = f"/admin/contacts/{contact.id}"
    browser = await desk.at(front, Role.SUPERVISOR)
    await browser.open(page)
    assert "Ann &lt;3" in browser.html
    assert "Router &lt;b&gt;" in browser.html
    await browser.send(f"{page}/surveys", how="message")
    await contact.refresh_from_db()
    assert contact.opted_out_at == front.clock.now
    await browser.send(f"{page}/surveys", how="message")
    await contact.refresh_from_db()
    assert contact.opted_out_at is None
    lines = await AuditLine.filter(subject=f"contact:{contact.id}").order_by("id")
    assert [line.after for line in lines] == [{"asked": False, "how": "message"}, {"asked": True, "how": "message"}]


async def test_an_address_that_nobody_reads_is_shown_as_such(front: Front) -> None:
    addresses = (AddressFacts("mail", "noreply@shop.example"), AddressFacts("mail", "bo@shop.example"))
    contact = await contacts.learn(ContactFacts(name="Bo", addresses=addresses), now=front.clock.now)
    browser = await desk.at(front, Role.AGENT)
    page = await browser.open(f"/admin/contacts/{contact.id}")
    assert "noreply@shop.example Nobody reads it Only what staff write themselves goes there." in page.text
    assert "bo@shop.example Reachable" in page.text


async def test_a_link_into_a_chat_is_shown_once_and_opens_it_for_that_contact(front: Front) -> None:
    front.site.channels["support-bot"]._username = "afterword_bot"  # type: ignore[attr-defined]
    await front.invite()
    contact = await Contact.get(ref="c-1")
    page = f"/admin/contacts/{contact.id}"
    browser = await desk.at(front, Role.SUPERVISOR)
    await browser.open(page)
    assert "https://t.me/" not in browser.html
    await browser.send(f"{page}/links")
    assert browser.status == 200
    [token] = re.findall(r"https://t\.me/afterword_bot\?start=([A-Za-z0-9_-]{43})<", browser.html)
    link = await contact_links.find(token, now=front.clock.now)
    assert link is not None
    assert link.contact_id == contact.id
    line = await AuditLine.get(action="contact.link_made")
    assert (line.actor, line.subject, line.after) == (
        "supervisor@kestrel.example",
        f"contact:{contact.id}",
        {"channel": "support-bot"},
    )
    assert token not in str(line.after)
    await browser.open(page)
    assert token not in browser.html


async def test_a_link_is_made_only_into_a_chat_that_links_open(front: Front) -> None:
    front.site.channels["support-bot"]._username = "afterword_bot"  # type: ignore[attr-defined]
    await front.invite()
    contact = await Contact.get(ref="c-1")
    browser = await desk.at(front, Role.SUPERVISOR)
    await browser.open(f"/admin/contacts/{contact.id}")
    await browser.post(f"/admin/contacts/{contact.id}/links", channel="mail")
    assert browser.status == 422
    assert "There is no such channel." in browser.html
    assert not await ContactLink.exists()


async def test_the_audit_calls_people_teams_and_staff_by_their_names_while_they_are_known(front: Front) -> None:
    await front.invite()
    contact = await Contact.get(ref="c-1")
    await Team.create(key="cables", name="Cables & <wires>")
    await Staff.create(key="kim@example.org", email="kim@example.org", name="Kim Berger")
    now = front.clock.now
    told = {"as": "kim@example.org", "contact": contact.id, "team": "cables"}
    await audit.record("lee@example.org", "ticket.opened", "ticket:T-1", after=told, now=now)
    await directory.set_surveys(contact.id, wanted=False, how="message", by="lee@example.org", now=now)
    where = AddressFacts("mail", "ann@example.org")
    await directory.add_address(contact.id, where, by="lee@example.org", now=now)
    await audit.record("lee@example.org", "staff.changed", "staff:kim@example.org", after={"team": "cables"}, now=now)
    await audit.record("lee@example.org", "team.changed", "team:cables", after={"duty": [{"who": "gone"}]}, now=now)
    browser = await desk.at(front)
    page = await browser.open("/admin/audit")
    for said in ("Contact Ann <3", "Member of staff Kim Berger", "Team Cables & <wires>", "ann@example.org", "gone"):
        assert said in page.text
    facts = html.unescape(re.sub(r"(<[^>]+>|\s)+", " ", browser.html))
    for said in ("In the name of Kim Berger", "Team Cables & <wires>", "Contact Ann <3"):
        assert said in facts, facts
    assert "In the name of kim@" not in facts

    await Address.filter(contact_id=contact.id).update(address=f"erased:{contact.id}")
    await Contact.filter(id=contact.id).update(name="", erased_at=now)
    await Team.all().delete()
    page = await browser.open(f"/admin/audit?about=contact:{contact.id}")
    assert f"Contact {contact.id} (erased)" in page.text
    assert "Ann" not in page.text
    assert "ann@example.org" not in page.text
    page = await browser.open("/admin/audit")
    assert "Team cables" in re.sub(r"\s+", " ", page.text)


async def test_a_contacts_time_zone_can_be_set_and_a_wrong_one_is_told_beside_it(front: Front) -> None:
    await front.invite()
    contact = await Contact.get(ref="c-1")
    browser = await desk.at(front, Role.SUPERVISOR)
    page = f"/admin/contacts/{contact.id}"
    same = {"name": contact.name, "locale": contact.locale, "tier": contact.tier}
    await browser.open(page)
    await browser.send(page, **same, timezone="Mars/Olympus")
    assert browser.status == 422
    [field] = browser.page.all("input", id="f-timezone")
    assert (field["value"], field["aria-invalid"]) == ("Mars/Olympus", "true")
    assert "There is no such time zone." in browser.page.text
    await browser.send(page, **same, timezone="Asia/Shanghai")
    assert (await Contact.get(id=contact.id)).timezone == "Asia/Shanghai"
    line = await AuditLine.get(action="contact.changed")
    assert line.after == {"fields": ["timezone"]}


async def test_an_address_of_ours_that_names_nothing_says_so(front: Front) -> None:
    browser = await desk.at(front)
    for path in ("/admin/contacts/abc", "/admin/teams/orders", "/admin/staff/1.5"):
        await browser.open(path)
        assert browser.status == 404, path
        assert "went wrong on our side" not in browser.page.text

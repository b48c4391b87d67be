"""A person's page in full, their data handed out and erased, and how long things are kept."""

from __future__ import annotations

import io
import json
import zipfile

from core import contacts, suppressions
from core.contacts import AddressFacts, ContactFacts
from core.models.accounts import AuditLine, Role
from core.models.contacts import Address, Contact, Reach, SuppressionReason
from core.models.invites import Invite
from core.models.responses import PageVisit, Response
from core.models.setup import Retention
from core.surveys import invites, responses
from tests.web.admin import desk
from tests.web.admin.desk import Browser
from tests.web.front import Front


async def ann(front: Front) -> Contact:
    """Somebody who was asked and has answered."""
    asked = await front.invite()
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    await responses.give_score(invite, "overall", 4, now=front.clock.now)
    await responses.give_comment(invite, "Quick <b>& good", now=front.clock.now)
    return await Contact.get(id=asked.contact_id)


async def page_of(front: Front, contact: Contact, role: Role = Role.ADMIN) -> Browser:
    browser = await desk.at(front, role)
    await browser.open(f"/admin/contacts/{contact.id}")
    return browser


async def changes(contact: Contact) -> list[tuple[str, object]]:
    lines = await AuditLine.filter(subject=f"contact:{contact.id}").order_by("id")
    return [(line.action, line.after) for line in lines]


# ---------------------------------------------------------------- the page


async def test_the_page_tells_what_was_asked_and_answered(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact, Role.AGENT)
    for words in ("Quick &lt;b&gt;&amp; good", "Overall: 4 of 5", "Router &lt;b&gt;", "Europe/Berlin", "701"):
        assert words in browser.html
    number = (await Invite.get().select_related("ticket")).ticket.number
    assert browser.page.all("a", href=f"/admin/tickets/{number}")
    assert not browser.page.all("button", **{"class": "danger"}), "an agent erases nobody"


async def test_a_long_history_comes_in_pages(front: Front) -> None:
    contact = await ann(front)
    for _ in range(21):
        asked = await front.invite()
        await Invite.filter(id=asked.invite_id).update(contact_id=contact.id)
    browser = await page_of(front, contact)
    assert "Overall: 4 of 5" not in browser.html
    [older] = [one["href"] for one in browser.page.all("a") if "asked=" in one.get("href", "")]
    await browser.open(older)
    assert "Overall: 4 of 5" in browser.html


async def test_name_language_and_tier_are_corrected_and_the_audit_keeps_no_name(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact, Role.SUPERVISOR)
    new = {"name": "Ann  Müller", "locale": "zh-Hans", "tier": "gold", "timezone": contact.timezone}
    await browser.send(f"/admin/contacts/{contact.id}", **new)
    assert "Saved." in browser.html
    await contact.refresh_from_db()
    assert (contact.name, contact.locale, contact.tier) == ("Ann Müller", "zh-Hans", "gold")
    assert contact.locale_chosen
    assert await changes(contact) == [("contact.changed", {"fields": ["locale", "name", "tier"]})]


async def test_what_somebody_else_changed_is_shown_and_not_overwritten(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact)
    await Contact.filter(id=contact.id).update(name="Anna by Kim")
    await browser.send(f"/admin/contacts/{contact.id}", name="Ann by Lee", locale="en", tier="")
    assert browser.status == 409
    assert "Anna by Kim" in browser.html
    assert [one["value"] for one in browser.page.all("input", name="name")] == ["Ann by Lee"]
    await contact.refresh_from_db()
    assert contact.name == "Anna by Kim"


async def test_an_address_is_added_freed_and_removed(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact)
    path = f"/admin/contacts/{contact.id}"
    await browser.send(f"{path}/addresses", channel="support-bot", address=" 999 ")
    row = await Address.get(address="999")
    await suppressions.suppress("support-bot", "999", reason=SuppressionReason.MANUAL, now=front.clock.now)
    await browser.open(path)
    assert "suppressed: manual" in browser.html
    await browser.send(f"{path}/addresses/{row.id}/free")
    assert (await Address.get(id=row.id)).reach == Reach.OK
    first = await Address.get(address="701")
    await browser.send(f"{path}/addresses/{first.id}/remove")
    assert "Remove this address?" in browser.page.text
    assert await Address.exists(id=first.id, contact_id=contact.id)
    await browser.post(f"{path}/addresses/{first.id}/remove", sure="yes")
    assert "701" not in browser.html
    assert await Invite.filter(contact_id=contact.id).count() == 1, "what was asked there stays"
    assert [action for action, _ in await changes(contact)] == [
        "contact.address_added",
        "contact.address_freed",
        "contact.address_removed",
    ]
    assert not await contacts.by_address("support-bot", "701")


async def test_an_address_of_another_contact_is_not_taken_away(front: Front) -> None:
    contact = await ann(front)
    facts = ContactFacts(ref="c-9", name="Bob", addresses=(AddressFacts("support-bot", "900"),))
    await contacts.learn(facts, now=front.clock.now)
    browser = await page_of(front, contact)
    path = f"/admin/contacts/{contact.id}/addresses"
    await browser.send(path, channel="support-bot", address="900")
    assert browser.status == 422
    assert "Another contact has this address: Bob" in browser.html
    await browser.send(path, channel="support-bot", address="a b")
    assert browser.status == 422
    await browser.send(path, channel="fax", address="1")
    assert browser.status == 422
    assert await changes(contact) == []


async def test_why_somebody_is_not_asked_stands_there(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact)
    await browser.send(f"/admin/contacts/{contact.id}/surveys", how="phone")
    assert "By phone" in browser.html
    assert "admin@kestrel.example" in browser.html
    await contacts.opt_in(contact)
    await contacts.opt_out(contact, now=front.clock.now)
    front.clock.pass_(minutes=1)
    assert await changes(contact) == [("contact.surveys", {"asked": False, "how": "phone"})]


async def test_a_request_is_found_by_its_number_and_a_name_by_its_middle(front: Front) -> None:
    contact = await ann(front)
    await Contact.filter(id=contact.id).update(name="王小明 Özlem")
    number = (await Invite.get().select_related("ticket")).ticket.number
    browser = await desk.at(front)
    for words in (number, number[:8].lower(), f"%23{number}", "T-1", "小明", "özlem", "ÖZLEM"):
        await browser.open(f"/admin/contacts?q={words}")
        assert "王小明" in browser.html, words
    for words in ("CS9", "100%", "王大", "_"):
        await browser.open(f"/admin/contacts?q={words.replace('%', '%25')}")
        assert "王小明" not in browser.html, words


# ---------------------------------------------------------------- handing out


async def test_a_person_is_handed_out_as_one_file(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact)
    answer = await browser.client.post(f"/admin/contacts/{contact.id}/export", data=browser.page.hidden())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert int(answer.headers["content-length"]) == len(answer.content)
    data = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("data.json"))
    assert data["contacts"][0]["name"] == "Ann <3"
    assert data["responses"][0]["comment"] == "Quick <b>& good"
    assert await changes(contact) == [("contact.exported", None)]


# ---------------------------------------------------------------- erasing


async def test_a_person_is_erased_when_their_reference_was_typed(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact)
    path = f"/admin/contacts/{contact.id}/erase"
    await browser.send(path)
    assert "1 ticket" in browser.html
    assert "1 answer (its score stays)" in browser.html
    await browser.send(path, typed="c-2")
    assert browser.status == 422
    assert "That is not c-1" in browser.html
    assert (await Contact.get(id=contact.id)).name == "Ann <3"
    await browser.send(path, typed="c-1")
    assert "This person is erased." in browser.html
    assert "Erased customer" in browser.html
    for gone in ("Ann", "Quick", "Router", "701"):
        assert gone not in browser.html
    assert "Overall: 4 of 5" in browser.html
    assert (await Response.get()).comment == ""
    assert await changes(contact) == [("contact.erased", {"tickets": 1})]
    await browser.post(f"/admin/contacts/{contact.id}", name="Eve")
    assert browser.status == 404, "who was erased is changed no more"


async def test_without_the_ledger_nobody_is_erased_and_the_page_says_so(front: Front) -> None:
    contact = await ann(front)
    browser = await page_of(front, contact)
    front.site.erasures.path.mkdir()
    await browser.send(f"/admin/contacts/{contact.id}/erase")
    await browser.send(f"/admin/contacts/{contact.id}/erase", typed="c-1")
    assert browser.status == 503
    assert "nobody was erased" in browser.html
    assert (await Contact.get(id=contact.id)).name == "Ann <3"
    front.site.erasures.path.rmdir()
    await browser.send(f"/admin/contacts/{contact.id}/erase", typed="c-1")
    assert "This person is erased." in browser.html
    assert len(front.site.erasures.read_now().entries) == 1


# ---------------------------------------------------------------- how long things are kept


async def test_the_page_says_what_would_go_before_it_goes(front: Front) -> None:
    await ann(front)
    visit = {"invite": await Invite.get(), "nonce_hash": "n", "session_hash": "s", "opened_at": front.clock.now}
    await PageVisit.create(**visit)
    front.clock.pass_(days=5)
    browser = await desk.at(front)
    await browser.open("/admin/retention")
    assert "1 record would go now" not in browser.html
    wanted = {one["name"]: one["value"] for one in browser.page.all("input") if one.get("type") == "text"}
    await browser.send("/admin/retention", **{**wanted, "visits": "2"})
    assert "1 record is deleted" in browser.html
    assert not await Retention.exists()
    await browser.send("/admin/retention", **{**wanted, "visits": "2"})
    assert "Saved." in browser.html
    assert (await Retention.get()).days == 2
    assert [one.action for one in await AuditLine.filter(subject="retention:visits")] == ["retention.added"]


async def test_what_is_no_number_of_days_is_said_beside_it(front: Front) -> None:
    browser = await desk.at(front)
    await browser.open("/admin/retention")
    for wrong in ("-1", "x", "", "0", "36501", "1e3", "١"):
        await browser.post("/admin/retention", visits=wrong)
        assert browser.status == 422, wrong
        assert browser.page.all("input", name="visits", **{"aria-invalid": "true"})
    assert not await Retention.exists()


async def test_two_who_change_it_at_once_do_not_overwrite_each_other(front: Front) -> None:
    lee, kim = await desk.at(front), await desk.at(front)
    await lee.open("/admin/retention")
    await kim.open("/admin/retention")
    await lee.send("/admin/retention", visits="20")
    await kim.send("/admin/retention", visits="90", bounces="90")
    assert kim.status == 409
    assert "now: 20 days" in kim.html
    assert (await Retention.get()).days == 20
    await kim.send("/admin/retention", visits="90", bounces="90")
    assert {row.key: row.days for row in await Retention.all()} == {"visits": 90, "bounces": 90}


async def test_an_auditor_sees_it_and_changes_nothing(front: Front) -> None:
    browser = await desk.at(front, Role.AUDITOR)
    await browser.open("/admin/retention")
    assert browser.status == 200
    assert not browser.page.all("button", **{"class": "main"})

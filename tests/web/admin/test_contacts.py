"""The pages of the people served."""

from __future__ import annotations

from core.models.accounts import AuditLine, Role
from core.models.contacts import Contact
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

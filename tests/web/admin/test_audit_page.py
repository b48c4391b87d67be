"""The page of the audit: narrowed to what somebody looks for."""

from __future__ import annotations

from datetime import timedelta

from core import audit
from tests.web.admin.desk import at
from tests.web.front import Front


async def test_the_audit_is_narrowed_to_a_person_and_to_days(front: Front) -> None:
    browser = await at(front)
    day = timedelta(days=1)
    for who, ago in (("lee@example.org", 3), ("kim@example.org", 2), ("lee@example.org", 1)):
        await audit.record(who, "team.added", f"team:{who[:3]}{ago}", now=front.clock.now - ago * day)
    page = await browser.open("/admin/audit?by=lee@example.org")
    assert ("lee1" in page.text, "lee3" in page.text, "kim2" in page.text) == (True, True, False)
    two_ago = (front.clock.now - 2 * day).date().isoformat()
    page = await browser.open(f"/admin/audit?since={two_ago}&until={two_ago}")
    assert ("lee1" in page.text, "lee3" in page.text, "kim2" in page.text) == (False, False, True)
    page = await browser.open("/admin/audit?by=nobody&since=never")
    assert "There is no change to show." in page.text

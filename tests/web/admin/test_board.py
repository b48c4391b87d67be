"""The board in the admin's browser."""

from __future__ import annotations

from tests.web.admin.desk import at
from tests.web.front import Front


async def test_an_empty_board_opens(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/board")
    assert browser.status == 200
    assert "Nobody was asked" in browser.html

"""Lee, an admin, at a real browser in front of the whole product."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from playwright.async_api import Page, expect

from core.accounts import accounts, passwords
from core.models.accounts import Role
from tests.rigs.demo_browser import chromium
from tests.web.admin.desk import PASSWORD
from tests.world import World

MAIL = "lee@example.org"


@contextlib.asynccontextmanager
async def signed_in(here: World, *, width: int = 1280, height: int = 900) -> AsyncIterator[Page]:
    """She gets an account and signs in; in the end no script has failed, and nothing was against the page's policy."""
    kept = await passwords.hashed(PASSWORD)
    await accounts.create(MAIL, Role.ADMIN, name="Lee", password_hash=kept, by="test", now=here.clock())
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        await sign_in(page, here)
        yield page
        assert complaints == []


async def sign_in(page: Page, here: World) -> None:
    await page.goto(f"{here.base_url}/admin/login")
    await page.get_by_label("E-mail address").fill(MAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Hello, Lee")).to_be_visible()

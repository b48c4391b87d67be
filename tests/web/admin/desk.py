"""Somebody at the admin's browser: keeps cookies, fills in the forms of the page that is open, and sends them."""

from __future__ import annotations

from typing import Any

import httpx

from core.accounts import accounts, passwords, sessions
from core.models.accounts import Account, Role
from tests.web.front import Front, Page

PASSWORD = "green kettle on tuesdays"
_HASH: list[str] = []


def span(name: str, number: str, unit: str) -> dict[str, str]:
    """A duration as somebody fills it in."""
    return {f"{name}.number": number, f"{name}.unit": unit}


def hours(name: str, since: str, until: str) -> dict[str, str]:
    """Hours of the day as somebody fills them in."""
    return {f"{name}.when": "between", f"{name}.since": since, f"{name}.until": until}


class Browser:
    def __init__(self, front: Front, *, address: str = "203.0.113.9", **headers: str) -> None:
        self.front = front
        self.client = front.client(address=address, **headers)
        self.page = Page("")
        self.html = ""
        self.status = 0
        self.path = ""

    async def open(self, path: str) -> Page:
        return await self._show(await self.client.get(path))

    async def send(self, action: str = "", **fields: Any) -> Page:
        """Fill in a form of the page that is open, and send it; `action` says which when there are several."""
        form = next(one for one in self.page.all("form") if not action or one.get("action") == action)
        return await self.post(form.get("action") or self.path, **fields)

    async def post(self, path: str, **fields: Any) -> Page:
        sent = {**self.page.hidden(), **fields}
        return await self._show(await self.client.post(path, data=sent))

    async def sign_in(self, email: str, password: str = PASSWORD) -> Page:
        await self.open("/admin/login")
        return await self.send(email=email, password=password)

    async def _show(self, response: httpx.Response) -> Page:
        while response.is_redirect:
            response = await self.client.get(response.headers["location"])
        self.status, self.html = response.status_code, response.text
        self.path = response.request.url.path
        self.page = Page(response.text)
        return self.page


async def account(front: Front, role: Role = Role.ADMIN, *, email: str = "", name: str = "Lee <3") -> Account:
    """An account with `PASSWORD`, which is hashed once for all tests: hashing is made to be slow."""
    if not _HASH:
        _HASH.append(await passwords.hashed(PASSWORD))
    address = email or f"{role}@kestrel.example"
    return await accounts.create(address, role, name=name, password_hash=_HASH[0], by="test", now=front.clock.now)


async def at(front: Front, role: Role = Role.ADMIN, **given: str) -> Browser:
    """A browser in which somebody of this role is signed in already."""
    person = await Account.get_or_none(email=given.get("email") or f"{role}@kestrel.example")
    person = person or await account(front, role, **given)
    browser = Browser(front)
    token = await sessions.begin(person, browser="Firefox", how="password", now=front.clock.now)
    browser.client.cookies.set("__Host-afterword-admin", token, domain="survey.example.org", path="/")
    await browser.open("/admin/")
    return browser

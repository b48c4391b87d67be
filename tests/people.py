"""People in front of a browser, without one: they open a page as a browser does, look, and send its form."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.world import World

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class _Form(HTMLParser):
    """What a form would send as it stands, and the style sheets that its page fetches."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self.action = ""
        self.sheets: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "link" and values.get("rel") == "stylesheet":
            self.sheets.append(values["href"])
        elif tag == "form":
            self.action = values["action"]
        elif tag == "input" and (values.get("type") not in ("radio", "checkbox") or "checked" in dict(attrs)):
            self.fields[values["name"]] = values.get("value", "")


class Reader:
    """Somebody who reads a mail and follows its link."""

    def __init__(self, here: World) -> None:
        self._here = here
        headers = {"user-agent": FIREFOX}
        self._client = httpx.AsyncClient(
            base_url=here.base_url, headers=headers, follow_redirects=True, trust_env=False
        )

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def answer(self, link: str, **answer: Any) -> str:
        """Open the link, read for half a minute, and send the form; the words of the page that comes back."""
        await self._here.move_on(seconds=30)
        page = await self.page(link)
        assert page.status_code == 200, page.text
        form = _Form(page.text)
        for sheet in form.sheets:
            await self._client.get(sheet)
        await self._here.move_on(seconds=30)
        answered = await self._client.post(form.action, data={**form.fields, **answer})
        assert answered.status_code == 200, answered.text
        return re.sub(r"<[^>]+>", " ", answered.text)

    async def page(self, link: str) -> httpx.Response:
        return await self._client.get(link)

"""Whoever cannot see well, or reads Chinese, or has a phone only, gets every page of the admin's browser all the same.

Each page is loaded twice in a real Chromium: in English on a wide light screen, then made as narrow as at 200 % zoom
and as a phone; and in Chinese on a dark phone, then made wide. So axe sees it wide and narrow, light and dark, at half
the price.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import ConsoleMessage, Page, ViewportSize
from playwright.async_api import TimeoutError as TooLate

from bot.rendering import Templates
from bot.web.identity_provider import ProviderSettings
from core.accounts import passwords
from core.models.accounts import Account
from tests.rigs import axe, kestrel
from tests.rigs.demo_browser import chromium
from tests.rigs.kestrel import Kestrel
from tests.rigs.openid import OpenIdProvider
from tests.web.admin import every_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # axe takes its time where others work too
Scheme = Literal["light", "dark"]
HIGH = 800
NOBODY = ""
DESK, ZOOMED, PHONE = 1280, 640, 360
PARTS = 5
"""So many tests share the pages, for several workers."""
WIDTHS = {"en": (DESK, ZOOMED, PHONE), "zh-Hans": (PHONE, DESK)}
"""By language: how wide a page is when it comes, and what it is then made."""
READERS: dict[str, tuple[str, Scheme]] = {"en": ("en-GB", "light"), "zh-Hans": ("zh-CN", "dark")}
"""By language: what the browser asks for, and how it is lit."""

_SEEN = """() => ({
  lang: document.documentElement.lang,
  title: document.title.split(" · ")[0].trim(),
  headings: [...document.querySelectorAll("h1")].map((one) => one.innerText.trim()),
})"""
_STICKING_OUT = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const is_out = (one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll, .sections, pre");
  const found = [...document.body.querySelectorAll("*")].filter(is_out).slice(-3);
  return [`${document.documentElement.scrollWidth} px`, ...found.map((one) => `${one.tagName}.${one.className}`)];
}"""
_WORDS = """() => {
  const said = [];
  const not_ours = "pre, code, textarea, script, style, [translate=no], [lang]:not(html):not([lang^=zh])";
  const spoken = ["aria-label", "title", "placeholder", "alt", "data-copied"];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const is_text = node.nodeType === Node.TEXT_NODE;
    if ((is_text ? node.parentElement : node).closest(not_ours)) continue;
    if (is_text) said.push(node.data);
    else said.push(...spoken.map((name) => node.getAttribute(name) ?? ""));
  }
  return said.map((one) => one.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


@pytest.fixture(scope="module")
def foreign() -> Foreign:
    return Foreign(Templates.load())


class Foreign:
    """What stands in English in the file of words, and so has no place on a Chinese page."""

    def __init__(self, words: Templates) -> None:
        english, chinese = words.shipped_labels_of("en"), words.shipped_labels_of("zh-Hans")
        assert english is not None
        assert chinese is not None
        ours = {text for key in chinese for text in chinese.forms(key).values()}
        texts = {text for key in english if not key.startswith(_NAMES) for text in english.forms(key).values()} - ours
        self._patterns = [_pattern(one) for one in texts if _is_telling(one)]

    def of(self, said: list[str]) -> list[str]:
        is_foreign = [*self._patterns, _CODE]
        return [one for one in dict.fromkeys(said) if any(pattern.fullmatch(one) for pattern in is_foreign)]


_NAMES = ("demo.", "demo_team.", "language.")
"""A language is called what its speakers call it, and a team what the company calls it, everywhere."""
_CODE = re.compile(r"[a-z_]+\.[a-z_]+")
"""What the program calls something: "template.added"."""
_VALUE = re.compile(r"\{\w+\}")


def _is_telling(text: str) -> bool:
    """Whether it has words of its own: most of it would fit "{name} is {what}"."""
    return len(re.findall(r"[A-Za-z]", _VALUE.sub("", text))) >= (10 if _VALUE.search(text) else 2)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_VALUE.sub(".*", re.escape(" ".join(text.split())).replace(r"\{", "{").replace(r"\}", "}")))


class Window:
    """A window, and what somebody could hold against the pages that were opened in it."""

    def __init__(self, page: Page, address: str, locale: str, foreign: Foreign) -> None:
        self.page = page
        self.wrong: list[str] = []
        self._address, self._locale, self._foreign = address, locale, foreign
        self._known = {urlsplit(address).netloc}
        self._at = ""
        self._status = 200
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._hold(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _hold(self, *problems: str) -> None:
        self.wrong += [f"{self._at} ({self._locale}): {one}" for one in problems]

    def _heard(self, message: ConsoleMessage) -> None:
        said = f"status of {self._status} " in message.text and self._status >= 400
        if not said and (message.type in ("error", "warning") or message.text.startswith("[DOM]")):
            self._hold(message.text)

    def _asked(self, url: str) -> None:
        if urlsplit(url).netloc not in self._known and not url.startswith(("data:", "about:")):
            self._hold(f"asks {url}")

    async def stays_from(self, address: str) -> None:
        """What leads on to `address`, which is no page of ours, is looked at instead."""
        self._known.add(urlsplit(address).netloc)
        await self.page.route(f"{address}/**", lambda route: route.fulfill(status=204))

    def expects(self, status: int) -> None:
        self._status = status

    async def open(self, at: str, status: int = 200) -> None:
        """Look at one page from all sides."""
        self._at, self._status = at, status
        answer = await self.page.goto(f"{self._address}{at}")
        assert answer is not None
        if answer.status != status:
            self._hold(f"answers {answer.status}")
        await self.judge()

    async def judge(self) -> None:
        """What stands there now."""
        seen = await self.page.evaluate(_SEEN)
        if seen["lang"] != self._locale:
            self._hold(f"says it is in {seen['lang']}")
        if not seen["title"] or len(seen["headings"]) != 1 or not seen["headings"][0]:
            self._hold(f"is called {seen['title']!r} and {seen['headings']}")
        self._hold(*await axe.complaints(self.page))
        if self._locale == "zh-Hans":
            self._hold(*(f"says {one!r}" for one in self._foreign.of(await self.page.evaluate(_WORDS))))
        asked, *others = WIDTHS[self._locale]
        for width in (asked, *others):
            await self._is_narrow_enough(width)
        await self.page.set_viewport_size({"width": asked, "height": HIGH})

    async def _is_narrow_enough(self, width: int) -> None:
        if self.page.viewport_size != {"width": width, "height": HIGH}:
            await self.page.set_viewport_size({"width": width, "height": HIGH})
        with suppress(TooLate):  # a chart is drawn anew a moment later
            await self.page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth", timeout=3000)
        self._hold(*(f"sticks out at {width} px: {one}" for one in await self.page.evaluate(_STICKING_OUT)))


@asynccontextmanager
async def window(here: Kestrel, locale: str, foreign: Foreign, who: str) -> AsyncIterator[Window]:
    asked, scheme = READERS[locale]
    size: ViewportSize = {"width": WIDTHS[locale][0], "height": HIGH}
    async with chromium() as browser:
        context = await here.context(browser, who, viewport=size, color_scheme=scheme, locale=asked)
        opened = Window(await context.new_page(), here.address, locale, foreign)
        yield opened
        assert not opened.wrong, "\n".join(opened.wrong)


@pytest.mark.parametrize("locale", READERS)
@pytest.mark.parametrize("part", range(PARTS))
async def test_nobody_is_kept_out_of_a_page(
    here: Kestrel,
    foreign: Foreign,
    part: int,
    locale: str,
) -> None:
    pages = await every_page.pages(here.store)
    async with window(here, locale, foreign, kestrel.LEE) as opened:
        for address in pages[part::PARTS]:
            await opened.open(address)


PRESENT = "lee's own long password"


@pytest.mark.parametrize("locale", READERS)
async def test_nobody_is_kept_out_of_the_door_and_of_what_says_that_it_is_the_wrong_one(
    here: Kestrel,
    foreign: Foreign,
    locale: str,
) -> None:
    async with OpenIdProvider() as provider:
        company = ProviderSettings("company", "Kestrel ID", provider.issuer, provider.client_id, provider.client_secret)
        here.trusts(company, replace(company, name="away", issuer="http://127.0.0.1:9"))
        await _look_at_the_door(here, foreign, locale, provider)


async def _look_at_the_door(here: Kestrel, foreign: Foreign, locale: str, provider: OpenIdProvider) -> None:
    async with window(here, locale, foreign, NOBODY) as opened:
        await opened.open(await here.invitation())
        await opened.page.locator("input[type=password]").first.fill("short")
        await opened.page.locator("input[type=password]").last.fill("shorter")
        await _sends(opened)
        await opened.open("/setup/nothing-is-behind-this-one", 404)
        await opened.open("/admin/login")
        await opened.page.locator("input[name=email]").fill("nobody@kestrel.example")
        await opened.page.locator("input[name=password]").fill("a wrong password")
        await _sends(opened)
        await opened.open("/admin/sign-in/away", 503)
        await opened.open("/admin/sign-in/company/back", 400)
    await Account.filter(email=kestrel.LEE).update(password_hash=await passwords.hashed(PRESENT))
    async with window(here, locale, foreign, kestrel.LEE) as opened:
        await opened.open("/admin/nosuch", 404)
        await opened.open("/admin/account")
        await opened.stays_from(provider.issuer)
        await opened.page.locator("input[name=present]").fill(PRESENT)
        await opened.page.locator("[formaction$='/link/company']").click()
        await opened.page.locator(f"a[href^='{provider.issuer}']").wait_for()
        await opened.judge()
    await Account.filter(email=kestrel.KIM).update(issuer=provider.issuer, subject="u-1", password_hash="")
    async with window(here, locale, foreign, kestrel.KIM) as opened:
        await opened.open("/admin/accounts", 403)
        await opened.open("/admin/account")


async def _sends(opened: Window) -> None:
    """A form that is refused, and what is then to be seen."""
    opened.expects(422)
    await opened.page.locator("form button.main").click()
    await opened.page.locator("[aria-invalid=true], [role=alert]").first.wait_for()
    await opened.judge()

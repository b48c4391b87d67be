"""Makes docs/gallery.md's pictures: each message of each channel, as it looks. `python -m tools.gallery`

Every message goes through the real channel to its stand-in network (`tests/rigs`), and what that accepted is drawn; the
mails are the mails themselves, and the web chat is its own page. Only values are samples.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from playwright.async_api import Browser, Page

from bot.channels import build, settings_class
from bot.channels.slack import forms as slack_forms
from bot.rendering import Templates
from core import store as stores
from core.ports import Channel, Message
from core.surveys import tokens
from tests.rigs import demo_browser
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig
from tests.rigs.webchat import serving
from tests.rigs.webchat_desk import Desk
from tools import gallery_drawings as drawings
from tools import gallery_messages as messages
from tools import pictures
from tools.small_png import small

FOLDER = pictures.FOLDER / "gallery"
LOCALES = ("en", "zh-Hans")
SCHEMES = ("light", "dark")
ANN, IN_SLACK, MAILBOX = 7, "U0ANN", "ann@example.org"
Column = list[tuple[str, str]]


async def take_all() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokens.use(bytes(32))
    templates = Templates.load()
    with tempfile.TemporaryDirectory() as scratch:
        fonts = Path(scratch) / "fonts.conf"
        fonts.write_text(pictures.FONTS, encoding="utf-8")
        async with demo_browser.chromium({**os.environ, "FONTCONFIG_FILE": str(fonts)}) as browser:
            for locale in LOCALES:
                await _sheets(browser, "telegram", locale, await _telegram(templates, locale), wide=300)
                await _sheets(browser, "slack", locale, await _slack(templates, locale), wide=330)
                for name, wide in (("email-phone", 360), ("email-desktop", 600)):
                    await _sheets(browser, name, locale, await _mails(templates, locale, name), wide=wide)
                await _webchat(browser, templates, locale, f"sqlite://{scratch}/{locale}.db")


async def _telegram(templates: Templates, locale: str) -> list[Column]:
    async with TelegramRig() as rig, _opened("telegram", token=rig.token, api_base=rig.url) as channel:
        return [
            [(kind, drawings.telegram(await _told(rig, channel, templates, kind, locale))) for kind in kinds]
            for kinds in [*_columns(), messages.STAFF_ANYWHERE]
        ]


async def _told(rig: TelegramRig, channel: Channel, templates: Templates, kind: str, locale: str) -> Any:
    await channel.send(str(ANN), await messages.message(kind, channel, templates, locale))
    return rig.messages[-1]


async def _slack(templates: Templates, locale: str) -> list[Column]:
    async with SlackRig() as rig:
        rig.person(IN_SLACK)
        keys = {"bot_token": rig.bot_token, "signing_secret": rig.signing_secret}
        async with _opened("slack", mode="http", api_base=rig.url, **keys) as channel:
            columns: list[Column] = []
            for kinds in [*_columns(), messages.STAFF]:
                columns.append([])
                for kind in kinds:
                    if kind == "question":  # a form takes its place
                        continue
                    await channel.send(IN_SLACK, await messages.message(kind, channel, templates, locale))
                    columns[-1].append((kind, drawings.slack(list(rig.messages.values())[-1].blocks)))
            made = await messages.forms(channel, templates, locale)
            views = [(name, slack_forms.view(form, slack_forms.Origin())) for name, form in made.items()]
            return [*columns, [(f"form: {name}", drawings.form(view)) for name, view in views]]


async def _mails(templates: Templates, locale: str, name: str) -> list[Column]:
    columns = [*_columns(by_mail=True)[:-1], messages.STAFF_ANYWHERE]  # nobody types commands in a mail
    if name == "email-desktop":
        columns = [("invite", messages.IN_TELEGRAM), ("resolved", messages.REPLY), ("transcript",)]
    async with SmtpRig() as rig:
        relay = {
            "reply_address": "support@example.org",
            "smtp_host": rig.host,
            "smtp_port": rig.port,
            "smtp_tls": "none",
        }
        async with _opened("email", **{"from": "Support <support@example.org>"}, **relay) as channel:
            for kind in (kind for kinds in columns for kind in kinds):
                await channel.send(MAILBOX, await messages.message(kind, channel, templates, locale))
        mails = iter(rig.mailbox(MAILBOX))
        drawn: list[Column] = []
        for kinds in columns:
            drawn.append([])
            for kind in kinds:
                mail = next(mails)
                drawn[-1].append((kind, drawings.mail(mail.html, subject=mail.header("Subject"), height=200)))
                if name == "email-desktop" and kind == "invite":
                    drawn[-1].append((f"{kind}, as text", drawings.text_part(mail.text)))
        return drawn


async def _webchat(browser: Browser, templates: Templates, locale: str, url: str) -> None:
    """The chat's own page, one conversation for each column."""
    await stores.upgrade(url)
    store = await stores.open_store(url)
    try:
        for scheme in SCHEMES:
            desk = Desk()
            columns: list[Column] = []
            async with serving(desk.app) as chat:
                for kinds in _columns():
                    made = [await messages.message(kind, desk.channel, templates, locale) for kind in kinds]
                    png = await _conversation(browser, desk, chat, made, locale, scheme)
                    columns.append([(" · ".join(kinds), drawings.picture(png))])
                desk.channel.hub.close()
            await _sheet(browser, f"webchat-{locale}-{scheme}", scheme, columns, wide=360)
    finally:
        await store.close()


async def _conversation(
    browser: Browser, desk: Desk, chat: str, made: list[Message], locale: str, scheme: str
) -> bytes:
    context = await browser.new_context(
        viewport={"width": 390, "height": 500},
        color_scheme=cast("Any", scheme),
        reduced_motion="reduce",
        locale=locale,
        timezone_id="UTC",
    )
    await context.clock.set_system_time(desk.now)  # the same day and the same times in every picture
    page = await context.new_page()
    async with page.expect_response("**/session") as begun:
        await page.goto(f"{chat}/chat/webchat/?lang={locale}")
    visitor = (await (await begun.value).json())["visitor"]
    for one in made:
        await desk.send(visitor, replace(one, key=f"{one.key}:{scheme}"))
    await page.locator("#log > li.team").nth(len(made) - 1).wait_for()
    high = await page.evaluate("document.querySelector('#scroller').scrollHeight + 140")
    await page.set_viewport_size({"width": 390, "height": high})
    png = await page.screenshot()
    await context.close()
    return png


def _columns(*, by_mail: bool = False) -> list[tuple[str, ...]]:
    groups = {
        name: [kind for kind in kinds if kind not in messages.ONLY_MAIL] for name, kinds in messages.GROUPS.items()
    }
    groups["requests"].append(messages.REPLY)
    if by_mail:
        groups["asking"].insert(1, messages.IN_TELEGRAM)
        groups["requests"] += messages.ONLY_MAIL
    return [tuple(kinds) for kinds in groups.values()]


@asynccontextmanager
async def _opened(kind: str, **fields: Any) -> AsyncIterator[Channel]:
    settings = settings_class(kind).model_validate({"kind": kind, **fields})
    channel = build(kind, settings, base_url="https://survey.example.org")
    await channel.open()
    try:
        yield channel
    finally:
        await channel.close()


async def _sheets(browser: Browser, name: str, locale: str, columns: list[Column], *, wide: int) -> None:
    for scheme in SCHEMES:
        await _sheet(browser, f"{name}-{locale}-{scheme}", scheme, columns, wide=wide)


async def _sheet(browser: Browser, name: str, scheme: str, columns: list[Column], *, wide: int) -> None:
    width = len(columns) * (wide + 20) + 20
    page = await browser.new_page(viewport={"width": width, "height": 400}, color_scheme=cast("Any", scheme))
    await page.set_content(drawings.sheet(columns, wide=wide), wait_until="load")
    await _as_high_as_they_are(page)
    (FOLDER / f"{name}.png").write_bytes(await small(browser, await page.screenshot(full_page=True)))
    await page.close()


async def _as_high_as_they_are(page: Page) -> None:
    await page.evaluate(
        "document.querySelectorAll('iframe').forEach((one) => "
        "(one.style.height = one.contentDocument.documentElement.scrollHeight + 'px'))"
    )


if __name__ == "__main__":
    asyncio.run(take_all())

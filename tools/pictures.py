"""Makes the README's pictures: plays the demonstration in Chromium and photographs it. `python -m tools.pictures`

Every picture is of the real product; only the day is always the same, so that a picture changes when the product does.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Locator, expect

from bot.demo.stage import Stage
from tests.rigs import demo_browser as rig
from tests.rigs.demo_browser import DESK, PHONE, Window

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include>/etc/fonts/fonts.conf</include>
<match target="pattern"><test qual="any" name="family"><string>DejaVu Sans</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match>
</fontconfig>"""
"""Closer to what people see than the font that a bare Linux takes."""


async def take_all() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        fonts = Path(scratch) / "fonts.conf"
        fonts.write_text(FONTS, encoding="utf-8")
        async with rig.chromium({**os.environ, "FONTCONFIG_FILE": str(fonts)}) as browser:
            async with rig.performed(Path(scratch) / "english", MORNING) as stage:
                await _english(browser, stage)
            async with rig.performed(Path(scratch) / "chinese", MORNING) as stage:
                await _chinese(browser, stage)


async def _english(browser: Browser, stage: Stage) -> None:
    window = await rig.opened(browser, stage, DESK, device_scale_factor=1.5)
    await window.go(lang="en")
    await window.resolve()
    await window.do()
    await expect(window.chat.get_by_text("How satisfied are you overall?")).to_be_visible()
    await _shoot(window, "question.png", window.page.locator(".phone"))
    for stars, asked_next in ((2, "attitude"), (4, "response speed"), (1, "problem solved"), (2, "went wrong")):
        await window.rate(stars)
        await expect(window.chat.get_by_text(asked_next).last).to_be_visible()
    await window.chat.get_by_role("button", name="Too slow").click()
    await window.chat.get_by_role("button", name="Done").last.click()
    await expect(window.chat.get_by_text("Anything you would like to add?")).to_be_visible()
    await _shoot(window, "rating.png", window.page.locator(".phone"))
    await window.chat.locator("#text").fill("Nobody told me that it would be late again.")
    await window.chat.locator("#send").click()
    await window.done(4)
    await expect(window.chat.get_by_text("will come back to you by").last).to_be_visible()
    await _shoot(window, "demo.png")
    await window.page.set_viewport_size({"width": DESK["width"], "height": 1200})  # the alert from top to bottom
    await _shoot(window, "alert.png", window.page.locator("#staff .post.open"))


async def _chinese(browser: Browser, stage: Stage) -> None:
    window = await rig.opened(browser, stage, PHONE, device_scale_factor=2, color_scheme="dark")
    await window.go(lang="zh-CN")
    await window.resolve()
    await window.do()
    await window.to("customer")
    await window.rate(1)
    await window.done(3)
    await window.do()
    await window.done(4)
    await window.to("staff")
    await _shoot(window, "phone-dark-chinese.png")


async def _shoot(window: Window, name: str, only: Locator | None = None) -> None:
    """Without words that pass by, and when nothing moves any more."""
    for place in (window.page, window.chat):
        await expect(place.locator("#toast.shown")).to_have_count(0, timeout=15_000)
    await window.page.mouse.move(2, 2)
    await window.page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    await (only or window.page).screenshot(path=FOLDER / name)


if __name__ == "__main__":
    asyncio.run(take_all())

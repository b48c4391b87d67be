"""Makes docs/admin-pictures.md's pictures: the admin's browser, as it looks on a desk and on a phone.

`python -m tools.admin_pictures [name …]` starts the real product with a sample company in it; only the day is always
the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize

from tests.rigs import demo_browser, kestrel
from tests.rigs.kestrel import Kestrel
from tools import pictures
from tools.small_png import small

FOLDER = pictures.FOLDER / "admin"
DESK: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass(frozen=True, slots=True)
class Picture:
    """`name`.png shows what stands at `path`, from the top to the end or to `most` pixels."""

    name: str
    path: str
    size: ViewportSize
    locale: str = "en-GB"
    scheme: Literal["light", "dark"] = "light"
    most: int = 1600
    who: str = kestrel.LEE


def _both(name: str, path: str) -> list[Picture]:
    return [Picture(f"{name}-desk", path, DESK), Picture(f"{name}-phone", path, PHONE)]


ALL = (
    *_both("overview", "/admin/"),
    *_both("inbox", "/admin/inbox?whose=all"),
    *_both("ticket", "/admin/tickets/CS202611230002"),
    Picture("tickets-desk", "/admin/tickets", DESK, most=1000),
    *_both("board", "/admin/board"),
    Picture("contact-desk", "/admin/contacts/1", DESK),
    Picture("held-desk", "/admin/held", DESK),
    Picture("deliveries-desk", "/admin/deliveries", DESK),
    *_both("templates", "/admin/templates/edit?kind=invite&locale=en&team=orders"),
    *_both("survey", "/admin/surveys/repairs"),
    *_both("rule", "/admin/rules/refunds"),
    Picture("rules-desk", "/admin/rules", DESK),
    *_both("team", "/admin/teams/1"),
    Picture("languages-desk", "/admin/languages", DESK),
    Picture("audit-desk", "/admin/audit", DESK, most=1000),
    Picture("login-phone", "/admin/login", PHONE, who=""),
    Picture("board-desk-dark", "/admin/board", DESK, scheme="dark"),
    Picture("inbox-phone-dark", "/admin/inbox?whose=all", PHONE, scheme="dark"),
    Picture("board-desk-chinese", "/admin/board", DESK, locale="zh-CN"),
    Picture("inbox-desk-chinese", "/admin/inbox?whose=all", DESK, locale="zh-CN"),
    Picture("overview-phone-chinese-dark", "/admin/", PHONE, locale="zh-CN", scheme="dark"),
)


async def take(folder: Path, store: Path, wanted: Sequence[Picture] = ALL) -> None:
    """Photograph the company whose store is in `store`, which `kestrel.filled` has made."""
    with tempfile.TemporaryDirectory() as scratch:
        fonts = Path(scratch) / "fonts.conf"
        fonts.write_text(pictures.FONTS, encoding="utf-8")
        async with (
            kestrel.served(store) as here,
            demo_browser.chromium({**os.environ, "FONTCONFIG_FILE": str(fonts)}) as browser,
        ):
            for one in wanted:
                (folder / f"{one.name}.png").write_bytes(await _taken(browser, here, one))


async def _taken(browser: Browser, here: Kestrel, one: Picture) -> bytes:
    context = await here.context(
        browser, one.who, viewport=one.size, color_scheme=one.scheme, locale=one.locale, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(f"{here.address}{one.path}", wait_until="networkidle")
    high = min(await page.evaluate("document.documentElement.scrollHeight"), one.most)
    await _at_rest(page, {"width": one.size["width"], "height": max(high, one.size["height"])})
    png = await page.screenshot()
    await context.close()
    return await small(browser, png, colours=256)


async def _at_rest(page: Page, size: ViewportSize) -> None:
    await page.set_viewport_size(size)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")


def main(*names: str) -> None:
    """All pictures, or those that are named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        store = kestrel.filled(Path(scratch))
        wanted = [one for one in ALL if not names or one.name in names]
        asyncio.run(take(FOLDER, store, wanted))


if __name__ == "__main__":
    main(*sys.argv[1:])

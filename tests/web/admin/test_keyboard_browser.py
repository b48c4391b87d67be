"""Whoever cannot point at things works every page of the admin's browser with the keyboard alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.rigs.demo_browser import chromium
from tests.rigs.kestrel import Kestrel
from tests.web.admin import every_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 800}
ROUND = 15
"""So many more stops there may be: what can be scrolled, links of a mail in its frame, the beginning again."""
WIDTHS = (DESK, DESK, PHONE, PHONE)
"""Several tests share the pages: half of them are walked through on a phone's width."""

_WATCH = """() => {
  const kinds = "a[href], button, input, select, textarea, summary, [tabindex]";
  const is_stop = (one) => one.tabIndex >= 0 && !one.disabled && one.type !== "hidden"
    && one.checkVisibility({ visibilityProperty: true })
    && (one.type !== "radio" || one.checked || !document.querySelector(`input[name="${one.name}"]:checked`));
  const called = (one) => `${one.tagName} ${one.ariaLabel || one.id || one.textContent.trim()}`.slice(0, 50);
  const scrolls = (one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight;
  const is_covered = (one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const spots = [[(left + right) / 2, (top + bottom) / 2], [left + 4, top + 4], [right - 4, bottom - 4]];
    const is_it = (found) => found && (one.contains(found) || found.contains(one) || one.labels?.[0]?.contains(found));
    return !spots.some(([x, y]) => is_it(document.elementFromPoint(x, y)));
  };
  const stops = [...document.querySelectorAll(kinds)].filter(is_stop);
  window.maybeCovered = new Set();
  window.stillCovered = async () => {
    const found = [];
    for (const one of window.maybeCovered) {
      one.focus();
      await new Promise((done) => setTimeout(done, 500));
      if (document.activeElement === one && is_covered(one)) found.push(`${called(one)} is covered`);
    }
    return found;
  };
  window.walked = { stops: stops.map(called), visited: [], wrong: [] };
  document.addEventListener("focusin", ({ target }) => {
    const look = getComputedStyle(target);
    if (stops.includes(target)) window.walked.visited.push(stops.indexOf(target));
    else if (!scrolls(target)) window.walked.wrong.push(`${called(target)} is no stop`);
    const is_lost = () => document.activeElement === target && is_covered(target);
    const look_again = () => { if (is_lost()) window.maybeCovered.add(target); };
    setTimeout(() => { if (is_lost()) requestAnimationFrame(() => requestAnimationFrame(look_again)); });
    const is_seen = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
    if (!is_seen) window.walked.wrong.push(`${called(target)} does not show the focus`);
  });
  return stops.length + 4 * stops.filter((one) => one.type === "date").length;
}"""
_AGAINST_THE_ORDER = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.tabIndex > 0 || (one.checkVisibility() && getComputedStyle(one).order !== "0"))
  .map((one) => `${one.tagName.toLowerCase()}.${one.className}`)"""


@pytest.mark.parametrize("part", range(len(WIDTHS)))
async def test_tab_leads_to_everything_in_the_order_of_reading_and_one_sees_where_one_is(
    here: Kestrel, part: int
) -> None:
    pages = (await every_page.pages(here.store))[part :: len(WIDTHS)]
    async with chromium() as browser:
        page = await (await here.context(browser, viewport=WIDTHS[part], reduced_motion="reduce")).new_page()
        wrong = []
        for address in ["/admin/login", *pages] if part == 0 else pages:
            await page.goto(f"{here.address}{address}", wait_until="networkidle")  # parts of some pages come later
            wrong += [f"{address}: {one}" for one in await _walked_through(page)]
            wrong += [f"{address}: {one}" for one in await _opened_and_closed(page)]
    assert not wrong, "\n".join(wrong)


async def _walked_through(page: Page) -> list[str]:
    await page.evaluate("document.activeElement.blur()")
    for _ in range(await page.evaluate(_WATCH) + ROUND):
        await page.keyboard.press("Tab")
    covered = await page.evaluate("window.stillCovered()")  # on a busy machine the scrolling comes a few frames late
    walked: dict[str, Any] = await page.evaluate("window.walked")
    stops, visited = walked["stops"], list(dict.fromkeys(walked["visited"]))
    missed = [f"Tab never leads to {stops[at]}" for at in range(len(stops)) if at not in visited]
    backwards = [f"{stops[at]} comes too early" for at, after in pairwise(visited) if after < at]
    against = [f"{one} is drawn in another order" for one in await page.evaluate(_AGAINST_THE_ORDER)]
    return missed + backwards + list(dict.fromkeys(walked["wrong"])) + covered + against


_TRIED = """(one) => {
  const fold = one.parentElement;
  fold.dataset.tried = "1";
  window.opened = new Promise((done) => { fold.ontoggle = done; setTimeout(done, 5000); });
  one.focus();
}"""


async def _opened_and_closed(page: Page) -> list[str]:
    """What folds does so by Enter. Browsers tell a moment later that it opened, and some of it then takes the focus."""
    wrong = []
    folded = page.locator("main details:not([open]) > summary")
    for at in range(min(await folded.count(), 2)):
        summary = folded.nth(at)
        if not await summary.is_visible():
            continue
        await summary.evaluate(_TRIED)
        await page.keyboard.press("Enter")
        await page.evaluate("window.opened.then(() => undefined)")
        tried = page.locator("details[data-tried]")
        if await tried.get_attribute("open") is None:
            wrong.append(f"Enter does not open {await tried.inner_text()}")
        await page.evaluate("document.querySelector('[data-tried] > summary').focus()")
        await page.keyboard.press("Enter")
        if await tried.get_attribute("open") is not None:
            wrong.append(f"Enter does not close {await tried.inner_text()}")
        await tried.evaluate("one => { delete one.dataset.tried }")
    return wrong


async def test_the_first_tab_leads_past_the_sections_and_escape_closes_what_opened(here: Kestrel) -> None:
    async with chromium() as browser:
        page = await (await here.context(browser, viewport=PHONE)).new_page()
        await page.goto(f"{here.address}/admin/board")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="To the content")).to_be_focused()
        await expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('main') !== null")

        menu = page.locator("details.who summary")
        await menu.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Your account")).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Your account")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("link", name="Your account")).to_be_hidden()
        await expect(menu).to_be_focused()

        what = page.locator(".means summary").first
        await what.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".means p").first).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator(".means p").first).to_be_hidden()
        await expect(what).to_be_focused()

        await page.goto(f"{here.address}/admin/inbox")
        reply = page.locator(".doing details summary").first
        await reply.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".doing details[open] textarea, .doing details[open] select").first).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(reply).to_be_focused()
        await expect(page.locator(".doing details[open]")).to_have_count(0)

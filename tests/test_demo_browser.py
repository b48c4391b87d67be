"""The demonstration as a newcomer plays it: in a real Chromium, from the resolved ticket to the second rating."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Response, Route, expect

from bot.demo import stage as stages
from bot.demo.stage import Stage
from tests.ports import free_port
from tests.rigs import demo_browser as rig
from tests.rigs.demo_browser import DESK, PHONE, Window

pytestmark = pytest.mark.browser
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's store, filled once for all."""
    return rig.filled(tmp_path_factory.mktemp("filled"), MORNING)


@pytest.fixture
async def stage(filled: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    shutil.copytree(filled, tmp_path / "store")
    async with rig.performed(tmp_path / "store", MORNING) as performed:
        yield performed


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with rig.chromium() as started:
        yield started


async def test_a_newcomer_plays_the_whole_story(stage: Stage, browser: Browser, tmp_path: Path) -> None:
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang="en")
    await window.page.screenshot(path=tmp_path / "1-beginning.png")
    assert await window.page.evaluate("document.documentElement.scrollHeight") <= DESK["height"]

    await window.resolve()
    await window.done(1)
    await expect(window.page.locator(".guide .next")).to_contain_text("The question leaves at 10:05")
    await window.page.screenshot(path=tmp_path / "2-resolved.png")

    await window.do()
    await expect(window.chat.get_by_text("How satisfied are you overall?")).to_be_visible()
    await window.done(2)
    await window.page.screenshot(path=tmp_path / "3-asked.png")

    await window.rate(2)
    await expect(window.chat.get_by_text("How was the service attitude?")).to_be_visible()
    await window.done(3)
    await window.page.screenshot(path=tmp_path / "4-rated.png")

    await window.do()
    await expect(window.page.locator("#staff .post.open")).to_contain_text("Ann Meyer is unhappy")
    await expect(window.page.locator("#agent .card.mine")).to_contain_text("Reopened because of a rating of 2 of 5")
    await expect(window.chat.get_by_text("Kim Berger will come back to you")).to_be_visible()
    await window.done(4)
    await window.page.screenshot(path=tmp_path / "5-alert.png")

    await window.take()
    await expect(window.page.locator("#staff .post.taken .thread")).to_contain_text("Kim Berger took it")
    await window.done(5)
    await window.mend(1, "Called her, and sent a free bag.")
    await window.done(6)
    await expect(window.chat.get_by_text("Is it right now?")).to_be_visible()
    await window.rate(5)
    await window.done(7)
    await expect(window.page.locator(".guide")).to_contain_text("That was the whole walk.")
    await window.page.screenshot(path=tmp_path / "6-end.png")

    assert window.complaints == []
    assert window.strangers == []


async def test_it_can_be_played_on_a_phone_in_chinese_and_in_the_dark(
    stage: Stage, browser: Browser, tmp_path: Path
) -> None:
    window = await rig.opened(browser, stage, PHONE, color_scheme="dark", has_touch=True)
    await window.go(lang="zh-CN")
    assert await window.page.evaluate("document.documentElement.lang") == "zh-Hans"
    await window.resolve()
    await window.do()
    await window.to("customer")
    await expect(window.chat.get_by_text("总体来说，您满意吗？").last).to_be_visible()
    await window.page.screenshot(path=tmp_path / "phone-asked.png")
    await window.rate(1)
    await window.done(3)
    await window.do()
    await window.done(4)
    await window.do()
    await expect(window.page.locator("#staff .post.open")).to_contain_text("李娜")
    await window.page.screenshot(path=tmp_path / "phone-alert.png")
    assert await window.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert window.complaints == []


async def test_an_answer_that_later_ones_overtake_is_still_shown(stage: Stage, browser: Browser) -> None:
    """As with several pages open, when the machine is slow: the clock, its note and the guide say the same."""
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang="en")
    await window.resolve()
    await window.done(1)
    asked: list[Route] = []
    moved: list[Response] = []
    late = asyncio.Event()
    window.page.on("response", lambda answer: moved.append(answer) if "/demo/clock" in answer.url else None)

    async def slowly(route: Route) -> None:
        if not moved:
            await route.continue_()
            return
        asked.append(route)
        if len(asked) > 1:
            late.set()  # the next one is on its way, and never comes
            return
        answer = await route.fetch()
        await late.wait()
        await route.fulfill(response=answer)

    await window.page.route("**/demo/now**", slowly)
    await window.page.evaluate("document.querySelector('.guide .do').click()")
    await asyncio.wait_for(late.wait(), 10)
    await expect(window.page.locator("#clock")).to_have_text("10:05")
    await window.page.unroute_all()


async def test_customers_can_be_switched_and_each_sees_only_their_own_chat(stage: Stage, browser: Browser) -> None:
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang="en")
    await expect(window.chat.get_by_text("My parcel should have been here")).to_be_visible()
    await window.page.get_by_role("button", name="李娜").click()
    await expect(window.chat.get_by_text("咖啡机底部一直漏水")).to_be_visible()
    await expect(window.chat.get_by_text("My parcel should have been here")).to_have_count(0)
    await window.page.reload()
    await expect(window.chat.get_by_text("咖啡机底部一直漏水")).to_be_visible()
    assert window.complaints == []


async def test_everything_can_be_done_with_the_keyboard_alone(stage: Stage, browser: Browser) -> None:
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang="en")
    await window.page.locator(".guide .do").focus()
    await window.page.keyboard.press("Enter")
    await expect(window.page.locator("#agent .card.mine .main")).to_be_focused()
    await window.page.keyboard.press("Enter")
    await expect(window.page.locator("dialog[open]")).to_be_visible()
    await window.page.keyboard.press("Escape")
    await expect(window.page.locator("dialog[open]")).to_have_count(0)
    await expect(window.page.locator("#agent .card.mine .main")).to_be_focused()
    await window.page.keyboard.press("Enter")
    await window.page.locator("dialog[open] textarea").press("Tab")
    await window.page.keyboard.press("Tab")
    await window.page.keyboard.press("Enter")
    await window.done(1)


async def test_the_keyboard_is_never_lost_on_the_way(stage: Stage, browser: Browser) -> None:
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang="en")
    page, guide = window.page, window.page.locator(".guide .do")
    await page.locator("#agent .card.mine .main").focus()
    await page.keyboard.press("Enter")
    await page.locator("dialog[open] button.main").focus()
    await page.keyboard.press("Enter")
    await window.done(1)
    await expect(page.locator("#agent .card.mine")).to_have_count(0)
    await expect(guide).to_have_text("Five minutes later")
    await expect(guide).to_be_focused()

    await page.keyboard.press("Enter")
    await window.done(2)
    await expect(guide).to_have_text("Show me")
    await expect(guide).to_be_focused()
    await window.rate(2)
    await window.done(3)
    await guide.focus()
    await page.keyboard.press("Enter")
    await window.done(4)
    await expect(guide).to_be_focused()

    await expect(page.locator('#staff [data-press$=":take"]')).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator('#staff [data-press$=":take"]')).to_be_focused()
    await page.keyboard.press("Enter")
    await window.done(5)
    assert await page.evaluate("document.activeElement.closest('#staff .post.taken') !== null")
    await guide.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator('#staff [data-press$=":resolve"]')).to_be_focused()
    await page.keyboard.press("Enter")
    await page.locator("dialog[open] .option input").nth(1).check()
    await page.locator("dialog[open] button.main").focus()
    await page.keyboard.press("Enter")
    await window.done(6)
    await expect(guide).to_be_focused()
    assert window.complaints == []


async def test_what_has_the_keyboard_may_be_redrawn_behind_a_form(stage: Stage, browser: Browser) -> None:
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang="en")
    button = window.page.locator("#agent .card.mine [data-desk$=':assign']")
    await button.focus()
    await window.page.keyboard.press("Enter")
    await expect(window.page.locator("dialog[open]")).to_be_visible()
    await window.page.evaluate("document.querySelector('#agent .card.mine').classList.add('before')")
    await window.page.locator("dialog[open] .option input").last.check()
    await window.page.locator("dialog[open] button.main").press("Enter")
    await expect(window.page.locator("#agent .card.mine.before")).to_have_count(0)
    await expect(button).to_be_focused()


@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
async def test_no_width_breaks_a_word_or_cuts_one_off(stage: Stage, browser: Browser, lang: str) -> None:
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang=lang)
    await window.resolve()
    await window.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await expect(window.page.locator(".guide .do")).to_have_attribute("data-move", "300")
    assert await window.page.evaluate(_CUT) == []
    await window.page.locator('[data-move="86400"]').click()
    await expect(window.page.locator("#walk .far").first).to_be_attached()
    for width in (320, 360, 375, 768, 1024, 1100, 1280, 1366, 1440, 1680, 1700, 1920, PHONE["width"]):
        await window.page.set_viewport_size({"width": width, "height": 900})
        for part in ("customer", "agent", "staff", "walk"):
            await window.to(part)
            assert await window.page.evaluate(_CUT) == [], (width, part)


async def test_what_a_screen_reader_needs_has_a_name(stage: Stage, browser: Browser) -> None:
    window = await rig.opened(browser, stage, DESK)
    await window.go(lang="en")
    nameless = await window.page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, textarea, iframe")]
            .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.title || one.labels?.length
                || one.querySelector("img[alt]:not([alt=''])")))
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    twice = await window.page.evaluate(
        """() => { const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
            return ids.filter((id, at) => ids.indexOf(id) !== at); }"""
    )
    assert twice == []
    levels = await window.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => one.tagName)")
    assert levels[0] == "H1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out_from_what_is_behind_them(stage: Stage, browser: Browser, scheme: str) -> None:
    window = await rig.opened(browser, stage, DESK, color_scheme=scheme)
    await window.go(lang="en")
    await window.resolve()
    assert await window.page.evaluate(_TOO_PALE) == []


async def test_starting_over_comes_back_by_itself_with_a_new_store(tmp_path: Path, browser: Browser) -> None:
    port, ready = free_port(), asyncio.Queue[str]()
    playing = asyncio.create_task(stages.play(port, tmp_path / "store", ready=ready.put_nowait))
    address = await ready.get()
    window = Window(await (await browser.new_context(viewport=DESK)).new_page(), address)  # type: ignore[arg-type]
    try:
        await window.go(lang="en")
        await window.resolve()
        await window.page.locator("#again").click()
        await window.page.locator("dialog[open] button.main").click()
        await ready.get()
        await expect(window.page.locator(".dots li.done")).to_have_count(0, timeout=20_000)
        await expect(window.page.locator("#agent .card.mine")).to_be_visible()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await playing


_CUT = """() => {
  const found = document.documentElement.scrollWidth > innerWidth ? ["the page is too wide"] : [];
  const watched = ".languages a, .moves button, " +
    ".part > header p, .part h2, .month p, .walk div, .tabs span, .who button, .coming p, .next .do";
  for (const element of document.querySelectorAll(watched)) {
    const box = element.getBoundingClientRect();
    if (!box.width) continue;
    const says = (what) => found.push(`${what}: ${element.className} ${element.textContent.trim()}`);
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth) says("cut");
    if (box.right > element.parentElement.getBoundingClientRect().right + 1) says("sticks out");
    if (element.matches(".walk div") && box.width < 150) says("narrow");
    if (element.matches(".month p") && box.height > 45) says("broken");
    if (element.matches(".next .do") && box.height > 64) says("broken");
    if (element.matches(".tabs span") && box.height > 20) says("two lines");
    if (element.matches(".languages a") && box.height > 36) says("broken");
    const room = element.matches(".moves button") && element.closest(".time").getBoundingClientRect();
    if (room && box.right > room.right - 5) says("sticks out");
  }
  return found;
}"""

_TOO_PALE = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = read(getComputedStyle(one).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const pale = [];
  const words = "p, h1, h2, h3, h4, span, small, b, button, a, dt, dd, time, select";
  for (const element of document.querySelectorAll(words)) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const box = element.getBoundingClientRect();
    if (!own || !box.width || element.closest(".unseen, [role=img]")) continue;
    const [one, other] = [light(read(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const large = Number.parseFloat(getComputedStyle(element).fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) pale.push(`${ratio.toFixed(2)} ${element.className}: ${element.textContent}`);
  }
  return pale;
}"""

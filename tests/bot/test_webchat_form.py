"""The small things of the chat's page: the form for a mail, the typing hint, what a screen reader is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from core.models.deliveries import Delivery
from core.store import Store
from tests.rigs.webchat_stage import ANN, Stage, chromium, staged, state

pytestmark = pytest.mark.browser

OPEN = "Send me this conversation by e-mail"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def stage(sqlite_store: Store, browser: Browser) -> AsyncIterator[Stage]:
    async with staged(browser, mails=True) as stage:
        yield stage
        assert stage.complaints == []


async def test_a_visitor_asks_for_a_mail_with_the_keyboard_and_is_told_that_it_is_on_its_way(stage: Stage) -> None:
    await stage.ask()
    await stage.open()
    await expect(stage.bubble("How satisfied")).to_be_visible()
    frame = stage.frame
    await frame.get_by_role("button", name=OPEN).focus()
    await stage.page.keyboard.press("Enter")
    await expect(frame.get_by_role("button", name=OPEN)).to_have_attribute("aria-expanded", "true")
    await expect(frame.get_by_role("textbox", name="Your e-mail address")).to_be_focused()
    await stage.page.keyboard.type("not an address")
    await stage.page.keyboard.press("Enter")
    await expect(frame.get_by_role("status").filter(has_text="not an e-mail address")).to_be_visible()
    await expect(frame.get_by_role("textbox", name="Your e-mail address")).to_have_attribute("aria-invalid", "true")
    await frame.get_by_role("textbox", name="Your e-mail address").fill("ann@example.org")
    await stage.picture("mail-form")
    await stage.page.keyboard.press("Enter")
    await expect(frame.get_by_role("status").filter(has_text="on its way to ann@example.org")).to_be_visible()
    assert await Delivery.filter(kind="transcript", channel="mail", target="ann@example.org").count() == 1
    await expect(frame.locator("#mail")).to_be_hidden()
    await expect(frame.get_by_role("button", name=OPEN)).to_be_focused()
    await frame.get_by_role("button", name=OPEN).click()
    await stage.page.keyboard.press("Escape")
    await expect(frame.locator("#mail")).to_be_hidden()
    await expect(stage.launcher).to_have_attribute("aria-expanded", "true")


async def test_no_mail_is_offered_before_anything_was_said(stage: Stage) -> None:
    await stage.open()
    await expect(stage.frame.locator("#greeting")).to_be_visible()
    await expect(stage.frame.locator("#mail-open")).to_be_hidden()
    await stage.frame.locator("#text").fill("Hello")
    await stage.frame.locator("#text").press("Enter")
    await expect(stage.frame.get_by_role("button", name=OPEN)).to_be_visible()


async def test_what_is_refused_is_refused_politely(stage: Stage) -> None:
    await stage.ask()
    await stage.open()
    await expect(stage.bubble("How satisfied")).to_be_visible()
    await Delivery.all().delete()  # let go by a retention time while the page was open
    await stage.frame.get_by_role("button", name=OPEN).click()
    await stage.frame.get_by_role("textbox", name="Your e-mail address").fill("ann@example.org")
    await stage.frame.locator("#mail [type=submit]").click()
    await expect(stage.frame.locator("#mail-said")).to_have_text("Nothing has been said yet.")
    stage.complaints = [said for said in stage.complaints if "409" not in said]


async def test_somebody_who_writes_is_seen_and_their_answer_takes_the_hints_place(stage: Stage) -> None:
    await stage.open()
    await state(lambda: stage.desk.channel.hub.listeners(ANN) == 1)
    hint = stage.frame.locator("#typing")
    await expect(hint).to_be_hidden()
    stage.desk.channel.hub.typing(ANN, seconds=60)
    await expect(hint).to_be_visible()
    await expect(hint).to_have_text("An answer is being written…")
    await expect(stage.frame.get_by_role("status").filter(has_text="An answer is being written…")).to_be_visible()
    await stage.picture("typing")
    stage.desk.channel.hub.typing(ANN, seconds=0)
    await stage.desk.write(ANN, "Here it is", key="answer")
    await expect(stage.bubble("Here it is")).to_be_visible()
    await expect(hint).to_be_hidden()


async def test_nothing_moves_for_those_who_asked_for_less_motion(sqlite_store: Store, browser: Browser) -> None:
    async with staged(browser, reduced_motion="reduce") as stage:
        await stage.open()
        await state(lambda: stage.desk.channel.hub.listeners(ANN) == 1)
        stage.desk.channel.hub.typing(ANN, seconds=60)
        await expect(stage.frame.locator("#typing i")).to_have_count(3)
        moving = await stage.frame.locator("#typing i").first.evaluate("one => getComputedStyle(one).animationName")
        assert moving == "none"


async def test_a_screen_reader_finds_everything_by_role_and_name(stage: Stage) -> None:
    await stage.ask()
    await stage.open()
    await expect(stage.bubble("How satisfied")).to_be_visible()
    await expect(stage.frame.locator("body")).to_match_aria_snapshot("""
      - banner:
        - heading "Chat with us" [level=1]
        - button "Send me this conversation by e-mail"
        - button "Close the chat"
      - main "Chat with us":
        - log "Chat with us":
          - list:
            - listitem:
              - text: /Hello Ann/
              - group "How satisfied are you overall?":
                - button "1, very dissatisfied"
                - button "2, dissatisfied"
                - button "3, neither satisfied nor dissatisfied"
                - button "4, satisfied"
                - button "5, very satisfied"
      - textbox "Write a message…"
      - button "Send" [disabled]
    """)

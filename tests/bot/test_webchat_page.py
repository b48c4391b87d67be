"""The web chat as people meet it: in Chromium, inside a page of another site with a strict policy of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from bot.channels.webchat.identity import visitor_token
from core.ports import Button, Fact, Heard, Message, Tone, Wrote
from core.store import Store
from tests.rigs.webchat_desk import HOST_SECRET, Desk, message, scores
from tests.rigs.webchat_stage import ANN, Stage, chromium, staged, state, time_passes_until

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)><b onclick=alert(2)>x</b><script>alert(3)</script> &lt;i&gt; ＆ \u202eabc"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def stage(sqlite_store: Store, browser: Browser) -> AsyncIterator[Stage]:
    async with staged(browser) as stage:
        yield stage
        assert stage.complaints == []


async def test_a_rating_inside_another_sites_page(stage: Stage) -> None:
    await stage.ask()
    await stage.visit()
    await expect(stage.launcher.locator(".unread")).to_have_text("1")
    await stage.picture("unread")
    await expect(stage.launcher).to_have_attribute("aria-label", "Open the chat (1)")
    await stage.launcher.click()
    await stage.frame.get_by_role("button", name="2, dissatisfied").click()
    await expect(stage.bubble("What was it that went wrong?")).to_be_visible()
    await expect(stage.frame.locator("#toast")).to_have_text("Saved: 2 of 5")
    await expect(stage.frame.locator("#log > li")).to_have_count(1)  # Redrawn where it stood, not said twice.
    await expect(stage.frame.get_by_role("button", name="Too slow")).to_have_attribute("aria-pressed", "true")
    await expect(stage.frame.get_by_role("button", name="Unfriendly")).to_have_attribute("aria-pressed", "false")
    await expect(stage.frame.get_by_role("button", name="Done")).not_to_have_attribute("aria-pressed", "false")
    await expect(stage.launcher.locator(".unread")).to_be_hidden()


async def test_what_was_said_on_another_day_stands_under_the_name_of_that_day(stage: Stage) -> None:
    await stage.ask("invite:1")
    stage.desk.pass_time(timedelta(days=2))
    await stage.ask("invite:2")
    await stage.context.clock.set_system_time(stage.desk.now)
    await stage.open()
    await expect(stage.frame.locator("#log > li.team")).to_have_count(2)
    await expect(stage.frame.locator("#log > li.day")).to_have_text(
        [re.compile(r"^Sunday,? 22 November$"), re.compile(r"^Tuesday,? 24 November$")]
    )
    await expect(stage.frame.locator("#log > li").first).to_have_class("day")


async def test_what_is_typed_is_answered_in_the_same_chat(stage: Stage) -> None:
    await stage.open()
    await stage.frame.locator("#text").fill("My parcel <b>is</b> late")
    await stage.frame.locator("#text").press("Enter")
    await expect(stage.bubble("Noted: 24 letters")).to_be_visible()
    mine = stage.frame.locator("li.you .text")
    await expect(mine).to_have_text("My parcel <b>is</b> late")
    await expect(mine).to_have_count(1)


async def rated_by_a_finger(stage: Stage) -> tuple[float, float]:
    """Five stars are pressed, and *Done* is drawn where they stood; that spot."""

    async def redraw(desk: Desk, event: Heard) -> None:
        drawn = message(f"again.{len(desk.heard)}", "How satisfied?", rows=[[Button("Done", f"x:d{len(desk.heard)}")]])
        await desk.send(ANN, drawn, instead_of=event.receipt)

    await stage.desk.send(ANN, message("invite:1", "How satisfied?", rows=scores(stage.desk.templates)))
    stage.desk.answer = redraw
    await stage.open()
    box = await stage.frame.get_by_role("button", name="5, very satisfied").bounding_box()
    assert box is not None
    spot = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await stage.page.mouse.click(*spot)
    under = await stage.frame.get_by_role("button", name="Done").bounding_box()
    assert under is not None
    assert under["x"] < spot[0] < under["x"] + under["width"]
    assert under["y"] < spot[1] < under["y"] + under["height"]
    return spot


async def test_a_second_tap_on_the_same_spot_presses_nothing_that_nobody_has_read(stage: Stage) -> None:
    spot = await rated_by_a_finger(stage)
    await stage.page.mouse.click(*spot)
    await stage.page.mouse.click(spot[0] + 3, spot[1] - 2)
    await expect(stage.frame.locator("[aria-busy]")).to_have_count(0)
    assert len(stage.desk.heard) == 1
    await stage.page.clock.fast_forward(1000)
    await stage.page.mouse.click(*spot)
    await state(lambda: len(stage.desk.heard) == 2)


async def test_who_moves_away_or_presses_a_key_is_believed_at_once(stage: Stage) -> None:
    spot = await rated_by_a_finger(stage)
    await stage.page.mouse.move(spot[0], spot[1] - 60)
    # A browser that is behind draws both ways of the pointer as one, which comes to nothing.
    away = {"clientX": spot[0], "clientY": spot[1] - 60, "bubbles": True}
    await stage.frame.locator("#scroller").dispatch_event("pointermove", away)
    await stage.page.mouse.click(*spot)
    await state(lambda: len(stage.desk.heard) == 2)
    await expect(stage.frame.locator("[aria-busy]")).to_have_count(0)
    await stage.frame.get_by_role("button", name="Done").focus()
    await stage.page.keyboard.press("Enter")
    await state(lambda: len(stage.desk.heard) == 3)


async def test_blanks_alone_leave_the_field_as_it_was(stage: Stage) -> None:
    await stage.open()
    await stage.frame.locator("#text").press_sequentially("   ")
    await stage.frame.locator("#text").press("Enter")
    await expect(stage.frame.locator("#text")).to_have_value("")
    assert stage.desk.heard == []


async def test_a_passing_note_covers_no_words(stage: Stage) -> None:
    await stage.ask()
    await stage.open()
    await stage.frame.get_by_role("button", name="2, dissatisfied").click()
    toast = stage.frame.locator("#toast.shown")
    await expect(toast).to_have_text("Saved: 2 of 5")
    note, talk = await toast.bounding_box(), await stage.frame.locator("#scroller").bounding_box()
    assert note is not None
    assert talk is not None
    assert note["y"] + note["height"] <= talk["y"]


async def test_everything_can_be_done_with_the_keyboard(stage: Stage) -> None:
    await stage.ask()
    await stage.visit()
    await expect(stage.launcher).to_be_visible()
    await stage.launcher.focus()
    await stage.page.keyboard.press("Enter")
    await expect(stage.frame.locator("#text")).to_be_focused()
    await expect(stage.frame.get_by_role("button", name="5, very satisfied")).to_be_visible()
    await stage.page.keyboard.press("Shift+Tab")
    await expect(stage.frame.get_by_role("button", name="5, very satisfied")).to_be_focused()
    await stage.page.keyboard.press("Enter")
    await expect(stage.bubble("What was it")).to_be_visible()
    await expect(stage.frame.get_by_role("button", name="Done")).to_be_focused()
    await stage.page.keyboard.press("Escape")
    await expect(stage.launcher).to_be_focused()
    await expect(stage.page.locator("afterword-chat iframe")).to_be_hidden()


async def test_hostile_words_stay_words(stage: Stage) -> None:
    await stage.open()
    drawn = Message(
        key="h", kind="question", text=HOSTILE + '<a href="javascript:alert(4)">no</a> <a href="https://x.example/?a=1&amp;b=2">yes</a>',
        plain="h", quote=HOSTILE, facts=(Fact(HOSTILE, HOSTILE),),
        rows=((Button(HOSTILE, "x:1", hint=HOSTILE), Button("bad", url="javascript:alert(5)")),),
    )  # fmt: skip
    await stage.desk.send(ANN, drawn)
    await stage.frame.locator("#text").fill(HOSTILE)
    await stage.frame.locator("#text").press("Enter")
    await expect(stage.frame.locator("li.you .text")).to_have_count(1)
    bubble = stage.frame.locator("li.team .bubble").first
    await expect(bubble).to_contain_text("<script>alert(3)</script>")
    await expect(bubble.locator("a")).to_have_count(1)
    await expect(bubble.locator("a")).to_have_attribute("href", "https://x.example/?a=1&b=2")
    await expect(bubble.locator("a")).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(bubble.locator("a")).to_have_attribute("target", "_blank")
    await expect(stage.frame.locator("img, .text script, [onclick], [onerror]")).to_have_count(0)
    await expect(bubble.locator(".choice")).to_have_count(1)
    await stage.picture("hostile")


async def test_what_is_written_while_the_line_is_down_arrives_once_when_it_is_back(stage: Stage) -> None:
    await stage.open()
    await expect(stage.frame.locator("#greeting")).to_be_visible()
    await state(lambda: stage.desk.channel.hub.listeners(ANN) == 1)
    await stage.context.set_offline(True)
    stage.desk.channel.hub.close()
    await stage.frame.locator("#text").fill("Written in a tunnel")
    await stage.frame.locator("#text").press("Enter")
    await expect(stage.frame.locator("#state")).to_have_text("No connection. Trying again…")
    await expect(stage.frame.locator("li.you .foot")).to_have_text("Sending…")
    await stage.picture("offline")
    await stage.desk.write(ANN, "Sent meanwhile", key="meanwhile")
    await stage.context.set_offline(False)
    await expect(stage.bubble("Sent meanwhile")).to_be_visible()
    await expect(stage.bubble("Noted: 19 letters")).to_have_count(1)
    await expect(stage.frame.locator("li.you")).to_have_count(1)
    await expect(stage.frame.locator("#state")).to_be_hidden()
    stage.complaints = [said for said in stage.complaints if "ERR_INTERNET_DISCONNECTED" not in said]


async def test_an_answer_that_is_lost_on_its_way_back_doubles_nothing(stage: Stage) -> None:
    lost = 0

    async def lose_the_first(route: Route) -> None:
        nonlocal lost
        if lost:
            await route.continue_()
            return
        lost += 1
        await route.fetch()
        await route.abort()

    answers: list[int] = []
    stage.page.on("response", lambda answer: answers.append(answer.status) if answer.url.endswith("/text") else None)
    await stage.context.route("**/chat/webchat/text", lose_the_first)
    await stage.open()
    await stage.frame.locator("#text").fill("Twice sent")
    await stage.frame.locator("#text").press("Enter")
    await expect(stage.bubble("Noted: 10 letters")).to_be_visible()
    await state(lambda: lost == 1)
    await state(lambda: 202 in answers)
    await expect(stage.frame.locator("#log .text")).to_have_text(["Twice sent", "Noted: 10 letters"])
    assert [event.text for event in stage.desk.heard if isinstance(event, Wrote)] == ["Twice sent"]
    stage.complaints.clear()


async def test_a_proxy_that_holds_the_stream_back_only_makes_it_slower(stage: Stage) -> None:
    async def hold(route: Route) -> None:
        await asyncio.Event().wait()

    await stage.context.route("**/chat/webchat/stream", hold)
    polls: list[str] = []
    stage.page.on("request", lambda asked: polls.append(asked.url) if "/messages" in asked.url else None)
    await stage.page.clock.install()
    await stage.open()
    await time_passes_until(stage, lambda: bool(polls))
    await stage.desk.write(ANN, "Seen all the same", key="x")
    seen = len(polls)
    await time_passes_until(stage, lambda: len(polls) > seen)
    await expect(stage.bubble("Seen all the same")).to_be_visible()
    stage.complaints.clear()


async def test_a_stranger_is_the_same_stranger_after_a_reload_and_nobody_before_the_chat_is_opened(
    stage: Stage,
) -> None:
    await stage.visit("stranger")
    await expect(stage.launcher).to_be_visible()
    assert await stage.page.evaluate("localStorage.length") == 0
    await stage.launcher.click()
    await stage.frame.locator("#text").fill("Who am I?")
    await stage.frame.locator("#text").press("Enter")
    await expect(stage.bubble("Noted: 9 letters")).to_be_visible()
    await stage.open("stranger")
    await expect(stage.bubble("Noted: 9 letters")).to_be_visible()
    assert await stage.context.cookies() == []


async def test_what_somebody_else_was_told_is_gone_when_they_sign_out(stage: Stage) -> None:
    await stage.ask()
    await stage.open()
    await expect(stage.bubble("How satisfied")).to_be_visible()
    await stage.open("stranger")
    await expect(stage.frame.locator("#greeting")).to_be_visible()
    await expect(stage.frame.locator("#log > li")).to_have_count(0)


async def test_the_chat_can_fill_a_place_of_the_page_and_needs_no_button_there(stage: Stage) -> None:
    await stage.ask()
    await stage.visit("into")
    await expect(stage.bubble("How satisfied")).to_be_visible()
    await expect(stage.page.locator("#here afterword-chat iframe")).to_have_count(1)
    await expect(stage.launcher).to_be_hidden()
    await expect(stage.frame.locator("#close")).to_be_hidden()


async def test_a_chat_that_is_down_leaves_no_dead_button(stage: Stage) -> None:
    await stage.context.route("**/chat/webchat/?lang=*", lambda route: route.abort())
    await stage.visit()
    await state(lambda: any("frame" in one.url or "chrome-error" in one.url for one in stage.page.frames[1:]))
    await expect(stage.launcher).to_be_hidden()
    stage.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 780), (1200, 800)])
@pytest.mark.parametrize("lang", ["en", "zh-CN"])
async def test_nothing_is_cut_off_on_a_phone_or_a_desktop(
    sqlite_store: Store, browser: Browser, scheme: Any, width: int, height: int, lang: str
) -> None:
    size = {"width": width, "height": height}
    async with staged(
        browser, viewport=size, color_scheme=scheme, reduced_motion="reduce", has_touch=width < 500
    ) as stage:
        await converse_for_a_picture(stage, lang)
        await stage.visit(f"lang={lang}&open")
        await expect(stage.frame.locator("#log .row.scale .choice")).to_have_count(5)
        for button in await stage.frame.locator(".choice").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["width"] >= 44
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        frame = next(one for one in stage.page.frames if "/chat/webchat/" in one.url)
        assert not await frame.evaluate(wide)
        await stage.picture(f"{lang}-{scheme}-{width}")
        assert stage.complaints == []


async def converse_for_a_picture(stage: Stage, lang: str) -> None:
    desk = stage.desk
    desk.answer = None
    visitor = desk.channel.identify(visitor_token(HOST_SECRET, ANN, "Ann"), desk.now)
    assert visitor is not None
    typed = {
        "en": "Hi! My parcel is a week late, can you look where it is?",
        "zh-CN": "你好，我的包裹晚了一周，能帮我查一下吗？",
    }[lang]
    received = {
        "en": "Thank you, Ann. Your request <b>CS202611220001</b> has arrived. We will answer by <b>today 14:30</b>.",
        "zh-CN": "谢谢您，Ann。您的请求 <b>CS202611220001</b> 已收到，我们将在 <b>今天 14:30</b> 前答复您。",
    }[lang]
    asks = {
        "en": "Your request <b>CS202611220001</b> “Parcel late” is resolved.\n\nHow satisfied are you overall?",
        "zh-CN": "您的请求 <b>CS202611220001</b>“包裹晚到”已解决。\n\n您对我们的服务总体满意吗？",
    }[lang]
    reasons = desk.templates.labels("reason", lang)
    await desk.take("webchat", [desk.channel.text_arrival(visitor, "abcdefgh", typed)])
    await desk.write(ANN, received, key="received")
    rows = [
        [Button(label, f"x:{key}", chosen=key == "slow") for key, label in reasons.items()],
        [
            Button(desk.templates.label("button.skip", lang), "x:skip"),
            Button(desk.templates.label("button.done", lang), "x:done", tone=Tone.PRIMARY),
        ],
    ]
    await desk.write(ANN, desk.templates.label("question.reasons", lang), key="reasons", rows=rows)
    await desk.send(ANN, message("q", asks, plain="?", rows=scores(desk.templates, locale=lang)))


async def test_words_that_are_too_long_are_kept_and_their_writer_is_told(stage: Stage) -> None:
    await stage.open()
    field = stage.frame.locator("#text")
    await field.fill("很" * 4001)
    await field.press("Enter")
    await expect(stage.frame.locator("#toast")).to_have_text("That is too long; 4,000 characters fit.")
    await expect(field).to_have_value("很" * 4001)
    await field.fill("很" * 4000)
    await field.press("Enter")
    await expect(stage.bubble("Noted: 4000 letters")).to_be_visible()

from __future__ import annotations

import json
import logging
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.errors import pause
from bot.channels.telegram.pace import GroupPace
from bot.channels.telegram.settings import TelegramSettings
from core.ports import (
    Acknowledgement,
    Blocked,
    Button,
    Commanded,
    Fact,
    Moved,
    Person,
    RawArrival,
    Receipt,
    Refused,
    Tapped,
    Tone,
    TryLater,
    Unblocked,
    Undeliverable,
    Wrote,
)
from tests.bot.telegram.support_bot import ANN, SECRET, STARS, Inbox, eventually, listening, message, opened
from tests.rigs.telegram import TelegramRig

GROUP = -1001
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = "x-telegram-bot-api-secret-token"


@pytest.fixture
async def hooked(rig: TelegramRig) -> AsyncIterator[TelegramChannel]:
    async with opened(rig, mode="webhook", webhook_secret=SECRET) as channel:
        yield channel


def hook(update: dict[str, Any] | bytes) -> tuple[dict[str, str], bytes]:
    return {HEADER: SECRET}, update if isinstance(update, bytes) else json.dumps(update).encode()


# ---------------------------------------------------------------- settings


def test_the_token_of_the_example_is_a_token() -> None:
    assert TelegramSettings(kind="telegram", token=SecretStr("123:abc")).token.get_secret_value() == "123:abc"


@pytest.mark.parametrize("token", ["", "abc", "123", "123:", ":abc", "123:a b", "12x:abc", "123:a/../b"])
def test_what_is_no_token_is_named_and_not_shown(token: str) -> None:
    with pytest.raises(ValidationError, match="token") as refused:
        TelegramSettings(kind="telegram", token=SecretStr(token))
    assert not token or f"'{token}'" not in str(refused.value)


@pytest.mark.parametrize("secret", [None, "", "short", "x" * 31, "x" * 257, "ж" * 40, "with a blank " * 4])
def test_a_webhook_without_a_good_secret_stops_the_start(secret: str | None) -> None:
    with pytest.raises(ValidationError, match="webhook_secret"):
        TelegramSettings.model_validate(
            {"kind": "telegram", "token": "123:abc", "mode": "webhook", "webhook_secret": secret}
        )


def test_reading_a_configuration_does_not_import_the_chat_library() -> None:
    code = "import sys, bot.channels.telegram.settings; sys.exit('aiogram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------- what people see


async def test_an_invite_shows_its_words_and_its_buttons(rig: TelegramRig, channel: TelegramChannel) -> None:
    receipt = await channel.send(str(ANN), message())
    assert rig.screen(ANN) == "How was it, Ann <3?"
    assert rig.buttons(ANN) == ["★", "★★", "★★★", "★★★★", "★★★★★"]
    (shown,) = rig.messages
    assert receipt == Receipt(str(shown.id))
    assert shown.entities == [{"type": "bold", "offset": 12, "length": 6}]
    assert not shown.preview


async def test_a_button_shows_what_is_chosen_and_what_it_means(rig: TelegramRig, channel: TelegramChannel) -> None:
    row = (
        Button("Slow", "r:1", chosen=True),
        Button("Take", "a:1", tone=Tone.PRIMARY),
        Button("Good", "a:2", tone=Tone.GOOD),
        Button("Bad", "a:3", tone=Tone.BAD),
        Button("Open", url="https://survey.example.org/r/abc"),
    )
    await channel.send(str(ANN), message(rows=(row, ())))
    assert rig.buttons(ANN) == ["✓ Slow", "Take", "Good", "Bad", "Open"]
    assert [button.get("style") for button in rig.messages[0].rows[0]] == [None, "primary", "success", "danger", None]
    assert rig.messages[0].rows[0][4]["url"] == "https://survey.example.org/r/abc"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60),
            st.sampled_from(
                ["<b>", "</b>", "</blockquote>", "<a href='tg://user?id=1'>", "&lt;", "&", "&#60;", "<!--"]
            ),
        ),
        min_size=3,
        max_size=9,
    ).map("".join)
)
async def test_a_customers_words_are_shown_as_typed(rig: TelegramRig, channel: TelegramChannel, words: str) -> None:
    await channel.send(str(ANN), message(quote=words, facts=(Fact(words, words),)))
    assert rig.screen(ANN) == f"How was it, Ann <3?\n\n{words}: {words}" + (f"\n\n{words}" if words else "")
    assert rig.messages[-1].parse_mode == "HTML"
    assert {entity["type"] for entity in rig.messages[-1].entities} <= {"bold", "blockquote"}


async def test_facts_have_the_colon_of_their_language(rig: TelegramRig, channel: TelegramChannel) -> None:
    told = replace(message("<b>两星</b>", facts=(Fact("工单", "T-1"),)), locale="zh-Hans")
    await channel.send(str(ANN), told)
    assert rig.screen(ANN) == "两星\n\n工单：T-1"
    await channel.send(str(ANN), replace(told, text="<b>x</b>" * 5000, plain="两星"))
    assert rig.messages[-1].text == "两星\n\n工单：T-1", "and without mark-up"


@pytest.mark.parametrize("letter", ["a", "&", "ж", "😡"])
async def test_a_long_comment_gives_way_to_the_rest(rig: TelegramRig, channel: TelegramChannel, letter: str) -> None:
    await channel.send(str(ANN), message("<b>Two stars</b>", quote=letter * 4096, facts=(Fact("Due", "14:30"),)))
    seen = rig.screen(ANN)
    assert seen.startswith("Two stars\n\nDue: 14:30\n\n" + letter)
    assert seen.endswith(letter + "…")
    assert 4095 <= len(seen.encode("utf-16-le")) // 2 <= 4096
    assert [entity["type"] for entity in rig.messages[0].entities] == ["bold", "bold", "blockquote"]


async def test_a_text_of_exactly_4096_units_is_not_cut(rig: TelegramRig, channel: TelegramChannel) -> None:
    await channel.send(str(ANN), message(f"<b>{'😡' * 2047}</b>&amp;a", plain="", quote=""))
    assert rig.screen(ANN) == "😡" * 2047 + "&a"


async def test_a_text_that_is_too_long_is_cut_and_loses_its_mark_up(rig: TelegramRig, channel: TelegramChannel) -> None:
    await channel.send(str(ANN), message(f"<b>{'😡' * 3000}</b>", plain="😡" * 3000))
    assert rig.screen(ANN) == "😡" * 2047 + "…"
    assert rig.buttons(ANN)
    assert rig.messages[0].parse_mode == ""


@pytest.mark.parametrize("text", ["<b>Hi", "Hi</i>", "a < b", "<div>Hi</div>", "<b><i>Hi</b></i>"])
async def test_a_broken_template_still_reaches_the_person(
    rig: TelegramRig, channel: TelegramChannel, text: str
) -> None:
    await channel.send(str(ANN), message(text, plain="Hi <you>", quote="<3"))
    assert rig.screen(ANN) == "Hi <you>\n\n<3"
    assert rig.buttons(ANN)[0] == "★"


async def test_a_link_that_telegram_refuses_costs_only_the_link(rig: TelegramRig, channel: TelegramChannel) -> None:
    link = Button("Open", url="http://localhost:8080/r/abc")
    await channel.send(str(ANN), message(rows=(*STARS, (link,))))
    assert rig.buttons(ANN) == ["★", "★★", "★★★", "★★★★", "★★★★★"]


async def test_an_answer_stands_under_its_message_even_if_that_is_gone(
    rig: TelegramRig, channel: TelegramChannel
) -> None:
    root = await channel.send(str(GROUP), message())
    await channel.send(str(GROUP), message("Taken", thread=root.ref))
    assert rig.messages[-1].reply_to == int(root.ref)
    await channel.send(str(GROUP), message("Resolved", thread="999999"))
    assert rig.screen(GROUP) == "Resolved"


async def test_a_question_opens_the_keyboard_only_where_it_needs_no_button(
    rig: TelegramRig, channel: TelegramChannel
) -> None:
    await channel.send(str(ANN), message("Say more", asks_text=True))
    assert rig.messages[-1].rows
    await channel.send(str(ANN), message("Say more", asks_text=True, rows=()))
    assert rig.messages[-1].markup == {"force_reply": True}


# ---------------------------------------------------------------- editing


async def test_a_message_is_redrawn_in_place(rig: TelegramRig, channel: TelegramChannel) -> None:
    receipt = await channel.send(str(ANN), message())
    assert await channel.edit(str(ANN), receipt, message("Thank <i>you</i>", rows=())) == receipt
    assert [shown.text for shown in rig.messages] == ["Thank you"]
    assert rig.messages[0].edits == ["How was it, Ann <3?"]
    assert rig.buttons(ANN) == []


async def test_drawing_the_same_again_is_a_success(rig: TelegramRig, channel: TelegramChannel) -> None:
    receipt = await channel.send(str(ANN), message())
    assert await channel.edit(str(ANN), receipt, message()) == receipt
    assert len(rig.messages) == 1


@pytest.mark.parametrize("ref", ["999", "", "not-a-number"])
async def test_a_message_that_is_gone_is_sent_anew(rig: TelegramRig, channel: TelegramChannel, ref: str) -> None:
    receipt = await channel.edit(str(ANN), Receipt(ref), message())
    assert receipt == Receipt(str(rig.messages[-1].id))
    assert rig.screen(ANN) == "How was it, Ann <3?"


async def test_a_message_that_cannot_be_edited_is_sent_anew(rig: TelegramRig, channel: TelegramChannel) -> None:
    asked = await channel.send(str(ANN), message("Say more", asks_text=True, rows=()))
    receipt = await channel.edit(str(ANN), asked, message("Thank you"))
    assert receipt != asked
    assert rig.screen(ANN) == "Thank you"


async def test_a_broken_template_is_redrawn_plain(rig: TelegramRig, channel: TelegramChannel) -> None:
    receipt = await channel.send(str(ANN), message())
    await channel.edit(str(ANN), receipt, message("<b>Thank", plain="Thank you"))
    assert [shown.text for shown in rig.messages] == ["Thank you"]


# ---------------------------------------------------------------- errors

DEAD = Undeliverable, True
OURS = Undeliverable, False
LATER = TryLater, False
HALT = TryLater, True
BUG = TelegramBadRequest, None

TABLE = [
    (403, "Forbidden: bot was blocked by the user", DEAD),
    (403, "Forbidden: user is deactivated", DEAD),
    (403, "Forbidden: bot was kicked from the supergroup chat", DEAD),
    (403, "Forbidden: bot can't initiate conversation with a user", DEAD),
    (403, "Forbidden: not enough rights to send text messages to the chat", OURS),
    (400, "Bad Request: chat not found", DEAD),
    (400, "Bad Request: chat_id is empty", DEAD),
    (400, "Bad Request: user not found", DEAD),
    (400, "Bad Request: PEER_ID_INVALID", DEAD),
    (400, "Bad Request: group chat was deactivated", DEAD),
    (400, "Bad Request: not enough rights to send text messages to the chat", OURS),
    (400, "Bad Request: have no rights to send a message", OURS),
    (400, "Bad Request: need administrator rights in the channel chat", OURS),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN", OURS),
    (400, "Bad Request: TOPIC_CLOSED", OURS),
    (400, "Bad Request: BUTTON_DATA_INVALID", BUG),
    (400, "Bad Request: message text is empty", BUG),
    (401, "Unauthorized", OURS),
    (404, "Not Found", OURS),
    (409, "Conflict: terminated by other getUpdates request", LATER),
    (429, "Too Many Requests", HALT),
    (413, "Request Entity Too Large", LATER),
    (418, "I'm a teapot", LATER),
    (500, "Internal Server Error", LATER),
    (500, "Internal Server Error: restart", LATER),
    (502, "Bad Gateway", LATER),
]


@pytest.mark.parametrize("way", ["send", "edit"])
@pytest.mark.parametrize(("status", "description", "expected"), TABLE, ids=[f"{row[0]} {row[1]}" for row in TABLE])
async def test_each_refusal_says_what_to_do_next(
    rig: TelegramRig, channel: TelegramChannel, way: str, status: int, description: str, expected: tuple[Any, Any]
) -> None:
    receipt = await channel.send(str(ANN), message())
    rig.refuse("sendMessage" if way == "send" else "editMessageText", status, description)
    thanks = message("Thank you")
    with pytest.raises(expected[0]) as caught:
        await (channel.send(str(ANN), thanks) if way == "send" else channel.edit(str(ANN), receipt, thanks))
    if isinstance(caught.value, TryLater):
        assert (caught.value.whole_channel, caught.value.after) == (expected[1], None)
    if isinstance(caught.value, Undeliverable):
        assert caught.value.dead_address is expected[1]
        assert description in caught.value.reason
    assert rig.screen(ANN) == "How was it, Ann <3?"


@pytest.mark.parametrize("words", ["Too Many Requests: retry after 3600", "Flood control, in words of the future"])
async def test_a_busy_telegram_says_how_long_the_whole_bot_waits(
    rig: TelegramRig, channel: TelegramChannel, words: str
) -> None:
    rig.refuse("sendMessage", 429, words, retry_after=3600)
    with pytest.raises(TryLater) as caught:
        await channel.send(str(ANN), message())
    assert (caught.value.after, caught.value.whole_channel) == (timedelta(hours=1), True)


@pytest.mark.parametrize(("mood", "kept"), [("silent", 0), ("lost", 1)])
async def test_a_telegram_that_never_answers_is_given_up_in_time(rig: TelegramRig, mood: str, kept: int) -> None:
    rig.mood = mood
    async with opened(rig, timeout_seconds=0.2) as channel:
        with pytest.raises(TryLater):
            await channel.send(str(ANN), message())
    assert len(rig.messages) == kept


@pytest.mark.parametrize("mood", ["broken", "strange", "garbled", "reset"])
async def test_what_is_not_telegrams_answer_means_later(rig: TelegramRig, channel: TelegramChannel, mood: str) -> None:
    rig.mood = mood
    with pytest.raises(TryLater) as caught:
        await channel.send(str(ANN), message())
    assert caught.value.reason
    assert not caught.value.whole_channel
    rig.mood = "fine"
    await channel.send(str(ANN), message())
    assert len(rig.messages) == 1


async def test_nobody_at_home_means_later() -> None:
    async with TelegramRig() as rig:
        pass
    async with opened(rig) as channel:
        with pytest.raises(TryLater):
            await channel.send(str(ANN), message())


async def test_a_group_that_moved_is_followed(rig: TelegramRig, channel: TelegramChannel) -> None:
    receipt = await channel.send(str(-55), message())
    await rig.migrate(-55, GROUP)
    await channel.send(str(-55), message("An alert"))
    assert rig.screen(GROUP) == "An alert"
    await channel.edit(str(-55), receipt, message("An alert, taken"))
    assert rig.screen(GROUP) == "An alert, taken"


@pytest.mark.parametrize("mood", ["broken", "strange", "reset", "wrong token", "refused"])
async def test_the_token_shows_up_nowhere(rig: TelegramRig, mood: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "4242:never-to-be-seen-by-anybody"
    if mood == "refused":
        rig.token = secret
        rig.refuse(
            "sendMessage", 400, f"Bad Request: wrong path /bot{secret}/sendMessage or never-to-be-seen-by-anybody"
        )
    else:
        rig.mood = mood
    async with opened(rig, token=secret) as channel:
        try:
            await channel.send(str(ANN), message())
        except Exception as error:
            caplog.handler.stream.write("".join(traceback.format_exception(error)))
            caplog.handler.stream.write(repr(error) + str(error.__context__) + str(error.__cause__))
        findings = await channel.check()
        tap = Tapped(heard_person(), str(ANN), handle="tap1", receipt="1", action="r:1")
        await channel.acknowledge(tap, Acknowledgement("Thanks"))
        caplog.handler.stream.write(f"{findings} {channel!r} {vars(channel)}")
        if mood != "refused":
            async with listening(channel, Inbox()):
                await rig.until(lambda: rig.calls["getme"] >= 2)
                await eventually(lambda: "polling rests" in caplog.text)
    assert "Traceback" in caplog.text
    assert "never-to-be-seen" not in caplog.text


def heard_person() -> Person:
    return Person(str(ANN))


async def test_a_tap_is_answered_with_a_short_note(rig: TelegramRig, channel: TelegramChannel) -> None:
    shown = await channel.send(str(ANN), message())
    first, second, third = [await rig.forge(ANN, "r:1", message=int(shown.ref)) for _ in range(3)]
    await channel.acknowledge(tapped(first), Acknowledgement("Thanks"))
    await channel.acknowledge(tapped(second), Acknowledgement("x" * 300, alarming=True))
    await channel.acknowledge(tapped(third), Acknowledgement())
    assert (rig.answers[first].text, rig.answers[first].alert) == ("Thanks", False)
    assert (rig.answers[second].text, rig.answers[second].alert) == ("x" * 199 + "…", True)
    assert rig.answers[third].text == ""


def tapped(handle: str) -> Tapped:
    return Tapped(heard_person(), str(ANN), handle=handle, receipt="1", action="r:1")


async def test_an_old_tap_and_a_broken_network_harm_nobody(rig: TelegramRig, channel: TelegramChannel) -> None:
    await channel.acknowledge(tapped("long ago"), Acknowledgement("Thanks"))
    rig.mood = "broken"
    await channel.acknowledge(tapped("tap1"), Acknowledgement("Thanks"))
    assert rig.answers == {}


async def test_under_words_stands_that_they_were_seen(rig: TelegramRig, channel: TelegramChannel) -> None:
    wrote = Wrote(heard_person(), str(ANN), handle="17", text="Red, I mean")
    await channel.acknowledge(wrote, Acknowledgement("Passed on"))
    assert rig.reactions == {(ANN, 17): "👀"}
    rig.refuse("setMessageReaction", 400, "Bad Request: REACTION_INVALID")
    await channel.acknowledge(wrote, Acknowledgement("Passed on"))


async def test_what_is_answered_otherwise_is_not_acknowledged_too(rig: TelegramRig, channel: TelegramChannel) -> None:
    await channel.acknowledge(Wrote(heard_person(), str(ANN), handle="17", text="Hi"), Acknowledgement())
    await channel.acknowledge(Commanded(heard_person(), str(ANN), handle="17", name="help"), Acknowledgement("Thanks"))
    assert not rig.calls


# ---------------------------------------------------------------- the hook


async def test_a_genuine_update_is_kept_byte_for_byte(rig: TelegramRig, hooked: TelegramChannel) -> None:
    update = rig.raw_update("message", rig.raw_message(ANN, text="Too slow"))
    headers, body = hook(update)
    accepted = hooked.accept(headers, body, NOW)
    assert accepted.status == 200
    assert accepted.arrivals == (RawArrival(str(update["update_id"]), body, str(ANN)),)


@pytest.mark.parametrize("given", [None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "ж" * 40, "\udcff", "\x00"])
async def test_a_call_without_the_secret_is_refused(hooked: TelegramChannel, given: str | None) -> None:
    with pytest.raises(Refused) as refused:
        hooked.accept({} if given is None else {HEADER: given}, b'{"update_id": 1}', NOW)
    assert refused.value.status == 401


HOSTILE = {
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "no text": b"\xff\xfe\x00",
    "utf-16": '{"update_id": 1}'.encode("utf-16"),
    "a mark in front": b'\xef\xbb\xbf{"update_id": 1}',
    "no id": b"{}",
    "a text as id": b'{"update_id": "1"}',
    "a truth as id": b'{"update_id": true}',
    "a fraction as id": b'{"update_id": 1.0}',
    "a negative id": b'{"update_id": -1}',
    "an id of 64 bits": b'{"update_id": 9223372036854775808}',
    "an id of 9000 digits": b'{"update_id": ' + b"9" * 9000 + b"}",
    "no number": b'{"update_id": 1, "x": NaN}',
    "cut off": b'{"update_id": 1',
    "two of them": b'{"update_id": 1}{"update_id": 2}',
    "deep lists": b'{"update_id": 1, "x": ' + b"[" * 70 + b"]" * 70 + b"}",
    "very deep lists": b'{"update_id": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "very deep objects": b'{"update_id": 1, "x": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "too large": b'{"update_id": 1, "x": "' + b"x" * (1 << 20) + b'"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_body_that_is_no_update_is_refused(hooked: TelegramChannel, body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        hooked.accept(*hook(body), NOW)
    assert refused.value.status == 400


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["update_id", "message", "callback_query", "chat", "from", "id", "data", "text"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
async def test_whatever_comes_is_accepted_or_refused_and_read_or_not(hooked: TelegramChannel, body: bytes) -> None:
    status, arrivals = accepted(hooked, body)
    assert (status, len(arrivals)) in {(200, 1), (400, 0)}
    for arrival in arrivals:
        with suppress(ValueError):
            await hooked.read(arrival.body)


def accepted(channel: TelegramChannel, body: bytes) -> tuple[int, Sequence[RawArrival]]:
    try:
        answer = channel.accept(*hook(body), NOW)
    except Refused as refused:
        return refused.status, ()
    return answer.status, answer.arrivals


async def test_a_polled_bot_has_no_hook(channel: TelegramChannel) -> None:
    with pytest.raises(Refused) as refused:
        channel.accept(*hook({"update_id": 1}), NOW)
    assert refused.value.status == 404


async def test_taps_and_words_of_a_chat_stay_together(rig: TelegramRig, hooked: TelegramChannel) -> None:
    rig.allowed = ["nothing"]  # keeps them from being queued; only their bodies are wanted
    where = {"message_id": 1, "date": 0, "chat": rig.chat(GROUP)}
    events = {
        "message": rig.raw_message(GROUP, by=ANN, text="Hi"),
        "callback_query": {"id": "1", "from": rig.person(ANN), "message": where, "chat_instance": "1", "data": "r:1"},
        "my_chat_member": rig.raw_membership(ANN, "member", "kicked"),
        "inline_query": {"id": "1", "from": rig.person(ANN), "query": "", "offset": ""},
        "poll": {"id": "1"},
    }
    chats = [hooked.accept(*hook(rig.raw_update(kind, event)), NOW).arrivals[0].chat for kind, event in events.items()]
    assert chats == [str(GROUP), str(GROUP), str(ANN), str(ANN), ""]


# ---------------------------------------------------------------- reading


async def heard(rig: TelegramRig, channel: TelegramChannel) -> Any:
    """What the channel makes of the newest update."""
    found = await channel.read(json.dumps(rig.pending[-1]).encode())
    return found[0] if found else None


async def test_a_tap_says_who_where_and_what(rig: TelegramRig, channel: TelegramChannel) -> None:
    rig.introduce(ANN, "Ann <3", "de-AT")
    receipt = await channel.send(str(ANN), message())
    tap = await rig.tap(ANN, "★★")
    found = await heard(rig, channel)
    assert found == Tapped(found.person, str(ANN), tap, receipt.ref, True, "r:k3x9w2m7qd:s:overall:2")
    assert (found.person.address, found.person.name, found.person.locale) == (str(ANN), "Ann <3", "de-AT")


async def test_a_tap_in_a_group_is_of_the_one_who_tapped(rig: TelegramRig, channel: TelegramChannel) -> None:
    await channel.send(str(GROUP), message())
    await rig.tap(GROUP, 0, by=99)
    found = await heard(rig, channel)
    assert (found.person.address, found.target, found.private) == ("99", str(GROUP), False)


async def test_a_tap_on_a_message_that_telegram_forgot_is_heard(rig: TelegramRig, channel: TelegramChannel) -> None:
    await rig.forge(ANN, "\x00<script>ж" * 9, message=5)
    found = await heard(rig, channel)
    assert (found.receipt, found.action) == ("5", "\x00<script>ж" * 9)


async def test_an_answer_names_the_message_that_it_answers(rig: TelegramRig, channel: TelegramChannel) -> None:
    receipt = await channel.send(str(ANN), message())
    await rig.write(ANN, "Too slow\n& late", reply_to=int(receipt.ref))
    found = await heard(rig, channel)
    assert isinstance(found, Wrote)
    assert (found.text, found.receipt, found.private) == ("Too slow\n& late", receipt.ref, True)


@pytest.mark.parametrize(
    ("text", "name", "argument"),
    [
        ("/start k3x9w2m7qd", "start", "k3x9w2m7qd"),
        ("/START", "start", ""),
        ("/start@Afterword_Bot  abc ", "start", "abc"),
        ("/new printer\nis on fire", "new", "printer\nis on fire"),
    ],
)
async def test_commands(rig: TelegramRig, channel: TelegramChannel, text: str, name: str, argument: str) -> None:
    await channel.username()
    await rig.write(GROUP, text, by=ANN)
    found = await heard(rig, channel)
    assert isinstance(found, Commanded)
    assert (found.name, found.argument, found.person.address) == (name, argument, str(ANN))


async def test_commands_to_another_bot_are_left_to_it(rig: TelegramRig, channel: TelegramChannel) -> None:
    await channel.username()
    await rig.write(GROUP, "/start@other_bot abc", by=ANN)
    assert await heard(rig, channel) is None


async def test_a_slash_alone_is_no_command(rig: TelegramRig, channel: TelegramChannel) -> None:
    for text in ("/ 5 stars", "/привет", "and/or", "5/5"):
        await rig.deliver(rig.raw_update("message", rig.raw_message(ANN, text=text)))
        assert (await heard(rig, channel)).text == text


async def test_blocking_and_coming_back_are_heard(rig: TelegramRig, channel: TelegramChannel) -> None:
    await rig.block(ANN)
    blocked = await heard(rig, channel)
    assert isinstance(blocked, Blocked)
    assert blocked.person.address == str(ANN)
    with pytest.raises(Undeliverable):
        await channel.send(str(ANN), message())
    await rig.unblock(ANN)
    assert isinstance(await heard(rig, channel), Unblocked)
    await channel.send(str(ANN), message())


async def test_a_group_that_becomes_a_supergroup_has_moved(rig: TelegramRig, channel: TelegramChannel) -> None:
    await rig.migrate(-55, -1_009_999_999_999_999)
    found = await heard(rig, channel)
    assert isinstance(found, Moved)
    assert (found.person.address, found.new_address) == ("-55", "-1009999999999999")


async def test_what_is_of_no_interest_is_nothing(rig: TelegramRig, channel: TelegramChannel) -> None:
    bot = {"id": 5, "is_bot": True, "first_name": "Bot"}
    said = rig.raw_message(ANN, text="Hi")
    joined = rig.raw_membership(ANN, "left", "member") | {"chat": rig.chat(GROUP)}
    query = {"id": "1", "from": bot, "chat_instance": "1", "data": "x", "message": rig.raw_message(ANN)}
    events = [
        ("message", said | {"from": bot}),
        ("message", said | {"sender_chat": {"id": -1002, "type": "channel", "title": "News"}}),
        ("message", rig.raw_message(ANN, sticker_that_nobody_knows={"x": 1})),
        ("edited_message", said | {"edit_date": 1}),
        ("my_chat_member", joined),
        ("callback_query", query),
        ("a_kind_of_the_future", {"x": 1}),
    ]
    for kind, event in events:
        assert await channel.read(json.dumps(rig.raw_update(kind, event)).encode()) == ()


async def test_a_message_in_a_topic_does_not_answer_the_topic(rig: TelegramRig, channel: TelegramChannel) -> None:
    opening = rig.raw_message(GROUP, by=1, forum_topic_created={"name": "Alerts", "icon_color": 1})
    said = rig.raw_message(GROUP, by=ANN, text="Hi", reply_to_message=opening)
    await rig.deliver(rig.raw_update("message", said))
    assert (await heard(rig, channel)).receipt == ""


@pytest.mark.parametrize("body", [*HOSTILE.values(), b'{"update_id": 1, "message": {"text": "my own words"}}'])
async def test_what_cannot_be_understood_is_a_value_error_without_anybodys_words(
    channel: TelegramChannel, body: bytes
) -> None:
    said = ""
    try:
        assert await channel.read(body) == ()
    except ValueError as error:
        said = str(error)
    assert "my own words" not in said
    assert len(said) < 300


# ---------------------------------------------------------------- polling


async def test_telegram_forgets_an_update_only_when_it_is_kept(rig: TelegramRig, channel: TelegramChannel) -> None:
    inbox = Inbox()
    inbox.door.clear()
    async with listening(channel, inbox):
        await rig.write(ANN, "Too slow")
        await rig.until(lambda: rig.calls["getupdates"])
        await eventually(lambda: inbox.waiting)
        assert len(rig.pending) == 1
        assert rig.calls["getupdates"] == 1
        inbox.door.set()
        await rig.until(lambda: not rig.pending)
    assert [arrival.chat for arrival in inbox.arrivals] == [str(ANN)]
    (found,) = await channel.read(inbox.arrivals[0].body)
    assert isinstance(found, Wrote)
    assert found.text == "Too slow"


async def test_a_store_that_is_away_loses_nothing(rig: TelegramRig, channel: TelegramChannel) -> None:
    inbox = Inbox()
    inbox.breaks = 1
    await rig.write(ANN, "Too slow")
    async with listening(channel, inbox):
        await rig.until(lambda: not rig.pending)
    assert [json.loads(arrival.body)["message"]["text"] for arrival in inbox.arrivals] == ["Too slow"]


async def test_polling_outlives_every_error(rig: TelegramRig, channel: TelegramChannel) -> None:
    inbox = Inbox()
    rig.refuse("getMe", 502, "Bad Gateway")
    rig.refuse("getUpdates", 429, "Too Many Requests: retry after 1", retry_after=1)
    async with listening(channel, inbox):
        await rig.until(lambda: rig.calls["getupdates"] >= 2)
        await rig.write(ANN, "Hello?")
        await rig.until(lambda: not rig.pending)
    assert len(inbox.arrivals) == 1


def test_a_listener_rests_as_long_as_it_is_told_and_longer_each_time() -> None:
    told = TryLater("busy", timedelta(seconds=90), whole_channel=True)
    assert 90 <= pause(told, 1) <= 108
    assert pause(TryLater("away"), 1) < 1 < pause(TryLater("away"), 4) < 6 < pause(ConnectionError(), 1000) <= 72


async def test_an_odd_update_does_not_hide_the_next(rig: TelegramRig, channel: TelegramChannel) -> None:
    inbox = Inbox()
    async with listening(channel, inbox):
        await rig.deliver(rig.raw_update("message", {"chat": "of a future kind"}))
        await rig.write(ANN, "Hello?")
        await rig.until(lambda: not rig.pending)
    assert [arrival.chat for arrival in inbox.arrivals] == ["", str(ANN)]


async def test_polling_takes_the_bot_back_from_a_webhook(rig: TelegramRig, channel: TelegramChannel) -> None:
    inbox = Inbox()
    rig.webhook = {"url": "https://elsewhere.example.org", "secret": ""}
    async with listening(channel, inbox):
        await rig.until(lambda: rig.calls["getupdates"])
        assert rig.webhook == {}
        rig.webhook = {"url": "https://elsewhere.example.org", "secret": ""}
        rig.changed.ring()
        await rig.until(lambda: not rig.webhook)
        await rig.write(ANN, "Hello?")
        await rig.until(lambda: not rig.pending)
    assert rig.allowed == ["message", "callback_query", "my_chat_member"]
    assert len(inbox.arrivals) == 1


async def test_the_menu_speaks_each_language(rig: TelegramRig, channel: TelegramChannel) -> None:
    channel.commands = {"en": [("help", "What I can do")], "pt-BR": [("help", "O que eu faço")]}
    async with listening(channel, Inbox()):
        await rig.until(lambda: rig.calls["getupdates"])
    assert {locale: menu[0]["description"] for locale, menu in rig.commands.items()} == {
        "": "What I can do",
        "en": "What I can do",
        "pt": "O que eu faço",
    }


async def test_a_menu_that_is_refused_keeps_nobody_from_listening(rig: TelegramRig, channel: TelegramChannel) -> None:
    channel.commands = {"en": [("помощь", "What I can do")]}
    async with listening(channel, Inbox()):
        await rig.until(lambda: rig.calls["getupdates"])


# ---------------------------------------------------------------- the webhook


@asynccontextmanager
async def hook_server(channel: TelegramChannel, inbox: Inbox) -> AsyncIterator[str]:
    async def handle(request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            accepted = channel.accept(headers, await request.read(), NOW)
        except Refused as refused:
            return web.Response(status=refused.status)
        await inbox.take(accepted.arrivals)
        return web.Response(status=accepted.status)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/hooks/support-bot"
    finally:
        await runner.cleanup()


async def test_a_tap_comes_in_through_the_webhook(rig: TelegramRig, hooked: TelegramChannel) -> None:
    inbox = Inbox()
    async with listening(hooked, inbox):
        await rig.until(lambda: rig.calls["getwebhookinfo"])
    assert rig.webhook["url"] == "https://survey.example.org/hooks/support-bot"
    async with hook_server(hooked, inbox) as url:
        rig.webhook["url"] = url
        await hooked.send(str(ANN), message())
        await rig.tap(ANN, "★★")
        rig.webhook["secret"] = "forged"
        await rig.tap(ANN, "★")
    assert rig.hook_answers == [200, 401]
    assert len(rig.pending) == 1
    (found,) = await hooked.read(inbox.arrivals[0].body)
    assert isinstance(found, Tapped)
    assert found.action.endswith(":2")


async def test_another_address_for_the_hook_is_respected(rig: TelegramRig) -> None:
    there = "https://edge.example.org/tg"
    async with (
        opened(rig, mode="webhook", webhook_secret=SECRET, webhook_url=there) as channel,
        listening(channel, Inbox()),
    ):
        await rig.until(lambda: rig.webhook)
        assert rig.webhook == {"url": there, "secret": SECRET, "max_connections": 40}


async def test_a_webhook_that_somebody_moved_is_taken_back(rig: TelegramRig, hooked: TelegramChannel) -> None:
    hooked.recheck_seconds = 0.01
    async with listening(hooked, Inbox()):
        await rig.until(lambda: rig.calls["getwebhookinfo"])
        rig.webhook = {"url": "https://elsewhere.example.org", "secret": ""}
        await rig.until(lambda: rig.webhook["url"].startswith("https://survey."))
        rig.allowed = []
        await rig.until(lambda: rig.allowed)
    assert rig.webhook["secret"] == SECRET


async def test_a_webhook_that_cannot_be_set_is_tried_again(rig: TelegramRig, hooked: TelegramChannel) -> None:
    hooked.recheck_seconds = 0.01
    rig.refuse("setWebhook", 400, "Bad Request: bad webhook: Failed to resolve host")
    rig.refuse("getWebhookInfo", 500, "Internal Server Error")
    async with listening(hooked, Inbox()):
        await rig.until(lambda: rig.calls["getwebhookinfo"] >= 2)
    assert rig.webhook


async def test_what_telegram_could_not_deliver_is_told_once(
    rig: TelegramRig, hooked: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    hooked.recheck_seconds = 0.01
    rig.last_hook_error = "Wrong response from the webhook: 503 Service Unavailable"
    async with listening(hooked, Inbox()):
        await rig.until(lambda: rig.calls["getwebhookinfo"] >= 3)
    assert caplog.text.count("503 Service Unavailable") == 1


# ---------------------------------------------------------------- checks


async def test_the_name_is_asked_for_once(rig: TelegramRig, channel: TelegramChannel) -> None:
    assert [await channel.username(), await channel.username()] == ["afterword_bot", "afterword_bot"]
    assert rig.calls["getme"] == 1


async def test_a_check_of_a_polled_bot_names_it(channel: TelegramChannel) -> None:
    assert [(finding.ok, finding.what) for finding in await channel.check()] == [(True, "@afterword_bot answers")]


async def test_a_check_looks_at_the_webhook_too(rig: TelegramRig, hooked: TelegramChannel) -> None:
    assert [finding.verdict for finding in await hooked.check()] == ["ok", "warning"]
    async with listening(hooked, Inbox()):
        await rig.until(lambda: rig.calls["getwebhookinfo"] >= 2)
    assert [finding.ok for finding in await hooked.check()] == [True, True]
    rig.webhook["url"] = "http://127.0.0.1:1/"
    await rig.write(ANN, "Anybody there?")
    rig.webhook["url"] = "https://survey.example.org/hooks/support-bot"
    finding = (await hooked.check())[1]
    assert not finding.ok
    assert "1 updates wait" in finding.what


@pytest.mark.parametrize("mood", ["broken", "reset", "strange", "garbled"])
async def test_a_check_never_raises(rig: TelegramRig, channel: TelegramChannel, mood: str) -> None:
    rig.mood = mood
    (finding,) = await channel.check()
    assert not finding.ok
    assert finding.remedy


# ---------------------------------------------------------------- the rig itself


async def test_nobody_taps_what_is_not_on_the_screen(rig: TelegramRig, channel: TelegramChannel) -> None:
    await channel.send(str(ANN), message(rows=((Button("Open", url="https://a.example.org"),),)))
    for button in ("★★★★★★", 7, "Open"):
        with pytest.raises(AssertionError):
            await rig.tap(ANN, button)
    with pytest.raises(AssertionError, match="did not happen"):
        await rig.until(lambda: rig.screen(ANN) == "Never", timeout=0.05)


async def test_a_second_poller_ends_the_first(rig: TelegramRig, channel: TelegramChannel) -> None:
    inbox = Inbox()
    async with opened(rig) as other, listening(channel, inbox):
        await rig.until(lambda: rig.calls["getupdates"] == 1)
        async with listening(other, Inbox()):
            await rig.until(lambda: rig.calls["getupdates"] == 2)
        await rig.until(lambda: rig.calls["getupdates"] == 3)
        await rig.write(ANN, "Hello?")
        await rig.until(lambda: not rig.pending)
    assert len(inbox.arrivals) == 1


async def test_a_busy_rig_takes_nothing(rig: TelegramRig, channel: TelegramChannel) -> None:
    rig.mood, rig.retry_after = "busy", 7
    with pytest.raises(TryLater) as caught:
        await channel.send(str(ANN), message())
    assert (caught.value.after, rig.messages) == (timedelta(seconds=7), [])


async def test_too_fast_is_refused_and_impatience_is_counted(rig: TelegramRig, channel: TelegramChannel) -> None:
    rig.pace(per_second=1000, per_chat=0.5, burst=100)
    await channel.send(str(ANN), message())
    for _ in range(2):
        with pytest.raises(TryLater) as caught:
            await channel.send(str(ANN), message())
        assert caught.value.after == timedelta(seconds=2)
    assert (rig.too_many, rig.impatient) == (2, 1)


async def test_a_group_gets_twenty_messages_a_minute_and_the_rest_waits_alone(
    rig: TelegramRig, channel: TelegramChannel
) -> None:
    for number in range(20):
        await channel.send(str(GROUP), message(str(number)))
    with pytest.raises(TryLater) as caught:
        await channel.send(str(GROUP), message("one more"))
    assert caught.value.after is not None
    assert timedelta(seconds=50) < caught.value.after <= timedelta(seconds=60)
    assert not caught.value.whole_channel
    await channel.send(str(ANN), message("A person is not held up"))
    await channel.send("-1002", message("nor another group"))
    assert len(rig.shown(GROUP)) == 20


def test_the_pace_of_a_group_is_counted_over_the_last_minute() -> None:
    pace = GroupPace()
    assert [pace.wait("-1", float(second)) for second in range(20)] == [0.0] * 20
    assert pace.wait("-1", 30.0) == 30.0
    assert pace.wait("-1", 60.0) == 0.0
    assert pace.wait("-1", 60.5) == 0.5
    assert [pace.wait("777", 60.0) for _ in range(99)] == [0.0] * 99

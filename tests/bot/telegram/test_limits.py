"""Whatever we say, Telegram takes it: every payload passes a server that is as strict as theirs."""

from __future__ import annotations

from inspect import isclass

import pytest
from aiogram import exceptions
from aiogram.exceptions import AiogramError, TelegramAPIError
from aiogram.methods import SendMessage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import app, markup
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.drawing import units
from bot.channels.telegram.errors import Verdict, verdict
from bot.rendering import Templates
from core.ports import Acknowledgement, Button, Dialect, Fact, Message, Person, Receipt, Tapped, Tone
from tests.bot.telegram.support_bot import ANN, Inbox, listening, message
from tests.rigs import telegram_text
from tests.rigs.telegram import TelegramRig

LETTERS = st.characters(exclude_categories=("Cs",))
BITS = st.one_of(
    st.text(LETTERS, max_size=200),
    st.sampled_from(
        ["<b>", "</i>", "&amp;", "<script>", "😡" * 300, "👩‍👩‍👧‍👦", "\u202eabc", "שלום ", "مرحبا", "{{7*7}}", "]]>"]
    ),
    st.integers(1, 4096).map(lambda count: "x" * count),
    st.integers(1, 4000).map(lambda count: "й" * count),
)
WORDS = st.lists(BITS, max_size=4).map("".join)
LABELS = st.text(LETTERS, max_size=40)
ACTIONS = st.from_regex(r"r:[a-z0-9]{12}:s:[a-z_]{1,20}:[1-5]", fullmatch=True).map(lambda action: action[:60])
BUTTONS = st.builds(
    Button,
    label=LABELS,
    action=ACTIONS,
    url=st.sampled_from(["", "", "https://survey.example.org/r/abc"]),
    tone=st.sampled_from(Tone),
    chosen=st.booleans(),
)
ROWS = st.lists(st.lists(BUTTONS, max_size=5).map(tuple), max_size=8).map(tuple)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """As templates make them: words from anywhere, escaped, with mark-up around them."""
    words = draw(WORDS)
    writer = markup.writer(Dialect.HTML)
    text = str(writer.bold(words)) if draw(st.booleans()) else str(writer.escape(words))
    facts = tuple(draw(st.lists(st.builds(Fact, WORDS, WORDS), max_size=3)))
    return Message(
        key="k",
        kind="question",
        text=text,
        plain=words,
        rows=draw(ROWS),
        facts=facts,
        quote=draw(WORDS),
        thread=draw(st.sampled_from(["", "17", "1700000000.1"])),
        asks_text=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages(), messages())
async def test_whatever_we_say_is_taken_at_once(
    rig: TelegramRig, channel: TelegramChannel, first: Message, second: Message
) -> None:
    before = rig.calls["sendmessage"] + rig.calls["editmessagetext"]
    receipt = await channel.send(str(ANN), first)
    await channel.edit(str(ANN), receipt, second)
    shown = rig.messages[-1]
    assert 0 < units(shown.text) <= 4096
    asked = rig.calls["sendmessage"] + rig.calls["editmessagetext"] - before
    assert asked <= 3  # only what opened the keyboard has to be sent anew
    for button in (button for row in shown.rows for button in row):
        assert len(button.get("callback_data", "").encode()) <= 64


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(WORDS)
async def test_a_note_of_any_length_is_taken(rig: TelegramRig, channel: TelegramChannel, words: str) -> None:
    tap = await rig.forge(ANN, "r:1", message=1)
    await channel.acknowledge(Tapped(Person(str(ANN)), str(ANN), handle=tap, action="r:1"), Acknowledgement(words))
    assert telegram_text.units(rig.answers[tap].text) <= 200


async def test_our_own_menu_is_taken_in_every_language(rig: TelegramRig, channel: TelegramChannel) -> None:
    channel.commands = app.menu(Templates.load())
    async with listening(channel, Inbox()):
        await rig.until(lambda: rig.calls["getupdates"])
    assert {"", "en", "zh"} <= set(rig.commands)


async def test_a_server_that_knows_no_colours_gets_none(rig: TelegramRig, channel: TelegramChannel) -> None:
    rig.knows_styles = False
    await channel.send(str(ANN), message(rows=((Button("Bad", "a:3", tone=Tone.BAD), Button("x", "a:1")),)))
    assert rig.buttons(ANN) == ["Bad", "x"]
    assert rig.messages[-1].parse_mode == "HTML"


async def test_a_message_that_shows_a_file_is_answered_with_a_new_one(
    rig: TelegramRig, channel: TelegramChannel
) -> None:
    await channel.send(str(ANN), message())
    rig.refuse("editMessageText", 400, "Bad Request: there is no text in the message to edit")
    await channel.edit(str(ANN), Receipt("101"), message("Thank you"))
    assert rig.screen(ANN) == "Thank you"


# ---------------------------------------------------------------- every error that aiogram has

MEANS = {
    "AiogramError": Verdict.FLY,
    "CallbackAnswerException": Verdict.FLY,
    "ClientDecodeError": Verdict.LATER,
    "DataNotDictLikeError": Verdict.FLY,
    "DetailedAiogramError": Verdict.FLY,
    "RestartingTelegram": Verdict.LATER,
    "SceneException": Verdict.FLY,
    "TelegramAPIError": Verdict.LATER,
    "TelegramBadRequest": Verdict.FLY,
    "TelegramConflictError": Verdict.LATER,
    "TelegramEntityTooLarge": Verdict.LATER,
    "TelegramForbiddenError": Verdict.DEAD,
    "TelegramMigrateToChat": Verdict.FLY,
    "TelegramNetworkError": Verdict.LATER,
    "TelegramNotFound": Verdict.OURS,
    "TelegramRetryAfter": Verdict.HALT,
    "TelegramServerError": Verdict.LATER,
    "TelegramUnauthorizedError": Verdict.OURS,
    "UnsupportedKeywordArgument": Verdict.FLY,
}


def test_no_error_of_the_library_is_left_out() -> None:
    known = {name for name, one in vars(exceptions).items() if isclass(one) and issubclass(one, AiogramError)}
    assert known == set(MEANS)


@pytest.mark.parametrize(("name", "meaning"), MEANS.items(), ids=MEANS)
def test_each_error_of_the_library_means_something(name: str, meaning: Verdict) -> None:
    kind = getattr(exceptions, name)
    if not issubclass(kind, TelegramAPIError):
        error = kind.__new__(kind)
    else:
        more = {"TelegramRetryAfter": {"retry_after": 7}, "TelegramMigrateToChat": {"migrate_to_chat_id": -1001}}
        error = kind(method=SendMessage(chat_id=1, text="x"), message="words", **more.get(name, {}))
    assert verdict(error) == meaning

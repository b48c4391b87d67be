"""Files in Telegram: what is heard of them, and how they are fetched."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.telegram.channel import TelegramChannel
from core.ports import File, TryLater, Undeliverable, Wrote
from tests.bot.telegram.support_bot import ANN, opened
from tests.rigs.telegram import TelegramRig

MOST = 1000


async def heard(rig: TelegramRig, channel: TelegramChannel) -> Wrote:
    [found] = await channel.read(json.dumps(rig.pending[-1]).encode())
    assert isinstance(found, Wrote)
    return found


# ---------------------------------------------------------------- what is heard


@pytest.mark.parametrize(
    ("kind", "name", "called", "media_type"),
    [
        ("document", "bill & <co>.pdf", "bill & <co>.pdf", ""),
        ("document", "", "file", ""),
        ("voice", "", "voice.ogg", "audio/ogg"),
        ("audio", "song.mp3", "song.mp3", "audio/mpeg"),
        ("audio", "", "audio.mp3", "audio/mpeg"),
        ("video", "", "video.mp4", "video/mp4"),
        ("video_note", "", "video.mp4", "video/mp4"),
        ("animation", "cat.mp4", "cat.mp4", "video/mp4"),
    ],
)
async def test_each_kind_of_file_is_heard_with_its_caption(
    rig: TelegramRig, channel: TelegramChannel, kind: str, name: str, called: str, media_type: str
) -> None:
    await rig.send_file(ANN, kind, b"12345", name=name, caption="Look")
    found = await heard(rig, channel)
    [file] = found.files
    assert (found.text, file.name, file.media_type, file.size) == ("Look", called, media_type, 5)
    assert rig.files[file.ref] == b"12345"


async def test_of_a_photo_the_largest_size_is_taken(rig: TelegramRig, channel: TelegramChannel) -> None:
    await rig.send_file(ANN, "photo", b"large")
    found = await heard(rig, channel)
    assert found.text == ""
    assert [(file.name, rig.files[file.ref]) for file in found.files] == [("photo.jpg", b"large")]


async def test_of_a_photo_a_size_that_telegram_gives_out_is_taken(rig: TelegramRig, channel: TelegramChannel) -> None:
    photo = rig.raw_file("photo")
    photo["photo"][2]["file_size"] = 20_000_001
    await rig.deliver(rig.raw_update("message", rig.raw_message(ANN, **photo)))
    [file] = (await heard(rig, channel)).files
    assert file.ref.endswith("m")


async def test_an_album_is_several_messages_with_a_file_each(rig: TelegramRig, channel: TelegramChannel) -> None:
    for caption in ("Both sides", ""):
        await rig.send_file(ANN, "photo", caption=caption, media_group_id="17")
    found = [(await channel.read(json.dumps(update).encode()))[0] for update in rig.pending]
    assert [(one.text, len(one.files)) for one in found if isinstance(one, Wrote)] == [("Both sides", 1), ("", 1)]


@pytest.mark.parametrize(
    ("brought", "text"),
    [
        ({"location": {"latitude": 52.5, "longitude": -13.4}}, "geo:52.500000,-13.400000"),
        (
            {"venue": {"location": {"latitude": 1, "longitude": 2}, "title": "Shop <3", "address": "Way 1"}},
            "Shop <3\nWay 1\ngeo:1.000000,2.000000",
        ),
        ({"contact": {"phone_number": "+49 30 1", "first_name": "Bob", "last_name": "& Co"}}, "Bob & Co +49 30 1"),
        ({"dice": {"emoji": "🎲", "value": 4}}, "🎲 4"),
    ],
)
async def test_what_is_no_file_is_heard_as_words(
    rig: TelegramRig, channel: TelegramChannel, brought: dict[str, Any], text: str
) -> None:
    await rig.deliver(rig.raw_update("message", rig.raw_message(ANN, **brought)))
    found = await heard(rig, channel)
    assert (found.text, found.files) == (text, ())


@pytest.mark.parametrize(("emoji", "text"), [({"emoji": "👍"}, "👍"), ({}, "🖼")])
async def test_a_sticker_says_what_it_means(
    rig: TelegramRig, channel: TelegramChannel, emoji: dict[str, str], text: str
) -> None:
    kind = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
    sticker = {"file_id": "s", "file_unique_id": "s"} | kind | emoji
    await rig.deliver(rig.raw_update("message", rig.raw_message(ANN, sticker=sticker)))
    assert (await heard(rig, channel)).text == text


async def test_a_poll_is_read_out(rig: TelegramRig, channel: TelegramChannel) -> None:
    poll = {"id": "1", "question": "When?", "total_voter_count": 0, "is_closed": False, "is_anonymous": True}
    poll |= {"type": "regular", "allows_multiple_answers": False}
    options = [{"text": day, "voter_count": 0, "persistent_id": day} for day in ("Monday", "Friday")]
    rest = {"options": options, "allows_revoting": False, "members_only": False}
    await rig.deliver(rig.raw_update("message", rig.raw_message(ANN, poll=poll | rest)))
    assert (await heard(rig, channel)).text == "When?\n– Monday\n– Friday"


# ---------------------------------------------------------------- fetching


def ref(rig: TelegramRig, data: bytes = b"data") -> File:
    number = rig.raw_file("document", data)["document"]["file_id"]
    return File("bill.pdf", "", len(data), number)


async def test_a_file_is_fetched_as_it_was_sent(rig: TelegramRig, channel: TelegramChannel) -> None:
    data = bytes(range(256)) * 3
    assert await channel.fetch(ref(rig, data), most=MOST) == data
    assert await channel.fetch(ref(rig, b""), most=MOST) == b""
    assert await channel.fetch(ref(rig, b"x" * MOST), most=MOST) == b"x" * MOST


@pytest.mark.parametrize("hidden", [False, True])
async def test_what_is_larger_is_not_read_to_its_end(rig: TelegramRig, channel: TelegramChannel, hidden: bool) -> None:
    rig.hides_sizes = hidden
    with pytest.raises(Undeliverable, match="1000"):
        await channel.fetch(ref(rig, b"x" * (MOST + 1)), most=MOST)
    assert rig.calls["download"] == hidden


async def test_what_telegram_does_not_give_out_is_refused(rig: TelegramRig, channel: TelegramChannel) -> None:
    with pytest.raises(Undeliverable, match="file is too big"):
        await channel.fetch(ref(rig, bytes(20_000_001)), most=10**9)


async def test_what_telegram_says_it_has_not_now_is_asked_for_again(rig: TelegramRig, channel: TelegramChannel) -> None:
    with pytest.raises(TryLater, match="temporarily unavailable"):
        await channel.fetch(File("x", "", ref="unknown"), most=MOST)


@pytest.mark.parametrize("path", [None, "documents/../../etc/passwd", ".."])
async def test_a_place_that_is_none_is_not_looked_at(
    rig: TelegramRig, channel: TelegramChannel, path: str | None
) -> None:
    file = ref(rig)
    rig.file_path = path
    with pytest.raises(Undeliverable, match="where the file is"):
        await channel.fetch(file, most=MOST)
    assert rig.calls["download"] == 0


SECRET = "4242:never-to-be-seen-by-anybody"
LATER, OURS = (TryLater, None), (Undeliverable, False)
DOWNLOADS: dict[str, tuple[Any, Any]] = {
    "301": LATER,
    "404": LATER,
    "500": LATER,
    "502": LATER,
    "401": OURS,
    "403": OURS,
    "cut off": LATER,
    "silent": LATER,
    "reset": LATER,
    "broken": LATER,
}


@pytest.mark.parametrize(("trouble", "meaning"), DOWNLOADS.items(), ids=DOWNLOADS)
async def test_a_download_that_fails_says_what_to_do_next_and_never_shows_the_token(
    rig: TelegramRig, trouble: str, meaning: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rig.token = SECRET
    async with opened(rig, token=SECRET, timeout_seconds=0.05) as channel:
        file = ref(rig)
        if trouble.isdecimal():
            rig.file_status = int(trouble)
        elif trouble == "cut off":
            rig.cut_off = 5
        else:
            rig.downloads_are = trouble
        with pytest.raises(meaning[0]) as caught:
            await channel.fetch(file, most=MOST)
    assert getattr(caught.value, "dead_address", None) is meaning[1]
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__) + caplog.text
    assert "never-to-be-seen" not in said


async def test_a_busy_file_server_says_how_long(rig: TelegramRig, channel: TelegramChannel) -> None:
    file = ref(rig)
    rig.file_status = 429
    with pytest.raises(TryLater) as caught:
        await channel.fetch(file, most=MOST)
    assert caught.value.after == timedelta(seconds=7)

"""Files to and from Slack: what goes up, what is fetched, and where our token never goes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.channels.slack.channel import SlackChannel
from core.ports import Enclosure, File, Message, TryLater, Undeliverable, Wrote
from tests.bot.test_slack_channel import ALERTS, ANN, an_alert, opened
from tests.rigs.slack import SlackRig
from tests.rigs.slack_state import Shared

PICTURE = b"\x89PNG" + bytes(range(256)) * 40
MOST = 100_000


@pytest.fixture
async def rig() -> AsyncIterator[SlackRig]:
    async with SlackRig() as made:
        made.person(ANN, name="Ann <3", email="ann@example.org")
        yield made


@pytest.fixture
async def slack(rig: SlackRig) -> AsyncIterator[SlackChannel]:
    async with opened(rig) as channel:
        yield channel


def with_files(*files: Enclosure, **given: Any) -> Message:
    return an_alert(files=files or (Enclosure("photo.png", "image/png", PICTURE),), **given)


def sent(rig: SlackRig) -> list[tuple[str, bytes]]:
    return [(one.name, one.data) for posted in rig.messages.values() for one in posted.files]


async def read(slack: SlackChannel, event: dict[str, Any]) -> list[Wrote]:
    said = {"type": "message", "user": ANN, "channel": "D0ANN", "channel_type": "im", "subtype": "file_share"}
    body = {"type": "event_callback", "event_id": "Ev1", "team_id": "T0HOME", "event": said | event}
    return [one for one in await slack.read(json.dumps(body).encode()) if isinstance(one, Wrote)]


# ---------------------------------------------------------------- what goes out


async def test_files_go_up_into_the_conversation(rig: SlackRig, slack: SlackChannel) -> None:
    assert slack.has_files
    receipt = await slack.send(ANN, with_files())
    assert receipt.ref.startswith("D0ANN:")
    assert sent(rig) == [("photo.png", PICTURE)]
    assert rig.screen(ANN) == ["*2 of 5* – ticket 17", "photo.png"]


async def test_files_stand_in_the_thread_of_their_words(rig: SlackRig, slack: SlackChannel) -> None:
    root = await slack.send(ALERTS, an_alert())
    await slack.send(ALERTS, with_files(text="look", thread=root.ref))
    assert rig.thread(ALERTS, root.ref) == ["look", "photo.png"]


async def test_several_files_go_up_at_once_and_an_empty_one_is_none(rig: SlackRig, slack: SlackChannel) -> None:
    named = ["../../etc/passwd", "a\u202egpj.exe", "", "new\nline.txt", "🙂" * 300, ".hidden"]
    await slack.send(ANN, with_files(*(Enclosure(name, "x/y", b"1") for name in named), Enclosure("none", "x/y", b"")))
    names = [name for name, _ in sent(rig)]
    assert names == ["_.._etc_passwd", "agpj.exe", "file", "new line.txt", "🙂" * 200, "hidden"]
    assert [method for method, _ in rig.calls].count("files.completeUploadExternal") == 1


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal", "upload"])
async def test_when_files_have_to_wait_the_words_are_not_said_twice(
    rig: SlackRig, slack: SlackChannel, method: str
) -> None:
    if method == "upload":
        rig.upload_status = 503
    else:
        rig.mood, rig.only = "broken", frozenset({method})
    message = with_files()
    with pytest.raises(TryLater):
        await slack.send(ANN, message)
    rig.mood, rig.upload_status = "fine", 200
    receipt = await slack.send(ANN, message)
    assert rig.screen(ANN) == ["*2 of 5* – ticket 17", "photo.png"]
    assert ("D0ANN", receipt.ref.partition(":")[2]) in rig.messages


@pytest.mark.parametrize("refusal", ["missing_scope", "file_uploads_disabled", "storage_limit_reached"])
async def test_a_workspace_that_takes_no_files_is_our_set_up(rig: SlackRig, slack: SlackChannel, refusal: str) -> None:
    rig.mood, rig.refusal, rig.only = "gone", refusal, frozenset({"files.getUploadURLExternal"})
    with pytest.raises(Undeliverable, match=refusal) as caught:
        await slack.send(ANN, with_files())
    assert not caught.value.dead_address


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_an_upload_that_is_refused_tells_no_names(rig: SlackRig, slack: SlackChannel, status: int) -> None:
    rig.upload_status = status
    with pytest.raises(Undeliverable, match=f"did not take the file: HTTP {status}") as caught:
        await slack.send(ANN, with_files())
    assert "photo" not in str(caught.value)
    assert not caught.value.dead_address


# ---------------------------------------------------------------- what people share


async def test_a_picture_without_a_word_is_heard_and_fetched(rig: SlackRig, slack: SlackChannel) -> None:
    bodies: list[bytes] = []

    async def keep_it(kind: str, payload: Any, body: str) -> Any:
        bodies.append(body.encode())

    rig._deliver = keep_it  # type: ignore[assignment, method-assign]  # the rig's own way out, into our hands
    await rig.share(ANN, ANN, "photo.png", PICTURE)
    (wrote,) = await slack.read(bodies[0])
    assert isinstance(wrote, Wrote)
    (file,) = wrote.files
    assert (wrote.text, file.name, file.media_type, file.size) == ("", "photo.png", "image/png", len(PICTURE))
    assert await slack.fetch(file, most=MOST) == PICTURE
    assert file.ref.startswith("http")


async def test_what_is_no_file_to_be_had_is_left_out(slack: SlackChannel) -> None:
    modes = [{"id": "F1AA", "mode": mode} for mode in ("tombstone", "external", "hidden_by_limit")]
    odd = [*modes, {"name": "no id"}, "no object", None, {"id": "../F1"}]
    assert await read(slack, {"text": "", "files": odd}) == []
    (words,) = await read(slack, {"text": "look", "files": odd})
    assert (words.text, words.files) == ("look", ())
    assert await read(slack, {"text": "", "files": "F1"}) == []


async def test_a_file_of_another_company_is_looked_up_first(rig: SlackRig, slack: SlackChannel) -> None:
    id_ = put(rig)
    (wrote,) = await read(slack, {"text": "", "files": [{"id": id_, "file_access": "check_file_info"}]})
    assert wrote.files[0].ref == id_
    assert await slack.fetch(wrote.files[0], most=MOST) == PICTURE
    with pytest.raises(Undeliverable, match="file_not_found") as caught:
        await slack.fetch(File("x", "x/y", ref="F0GONE"), most=MOST)
    assert caught.value.dead_address
    rig.mood, rig.refusal = "gone", "missing_scope"
    with pytest.raises(Undeliverable) as ours:
        await slack.fetch(wrote.files[0], most=MOST)
    assert not ours.value.dead_address


async def test_a_very_long_address_is_asked_for_by_its_id(slack: SlackChannel) -> None:
    long = {"id": "F0LONG", "url_private": "https://files.slack.com/" + "x" * 400}
    (wrote,) = await read(slack, {"text": "", "files": [long]})
    assert wrote.files[0].ref == "F0LONG"


def put(rig: SlackRig) -> str:
    rig.files["F0PICTURE"] = Shared("F0PICTURE", "photo.png", len(PICTURE), PICTURE, "image/png")
    return "F0PICTURE"


def a_file(rig: SlackRig, **given: Any) -> File:
    shared = rig.described(rig.files[put(rig)])
    return File(**{"name": "photo.png", "media_type": "image/png", "ref": shared["url_private"]} | given)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files/F1/x.png",
        "https://files.slack.com.evil.example/x",
        "https://evil.example/files.slack.com/x",
        "http://files.slack.com/files-pri/T1-F1/x.png",
        "https://files.slack.com:8443/x",
        "https://files.slack.com@evil.example/x",
        "https://user:pass@files.slack.com/x",
        "https://files.slack.com\\@evil.example/x",
        "//files.slack.com/x",
        "file:///etc/passwd",
        "ftp://files.slack.com/x",
        "http://169.254.169.254/latest",
        "http://[::1",
        "",
    ],
)
async def test_our_token_goes_nowhere_but_to_slack(rig: SlackRig, slack: SlackChannel, url: str) -> None:
    with pytest.raises(Undeliverable, match="not at Slack's"):
        await slack.fetch(File("x", "x/y", ref=url), most=MOST)
    assert rig.calls == []


async def test_a_redirect_is_not_followed(rig: SlackRig, slack: SlackChannel) -> None:
    async def away(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"{rig.root}steal"})

    rig.give = away
    with pytest.raises(Undeliverable, match="HTTP 302; is files:read missing") as caught:
        await slack.fetch(a_file(rig), most=MOST)
    assert not caught.value.dead_address
    assert rig.strays == []


async def test_a_page_to_log_in_is_no_picture(rig: SlackRig, slack: SlackChannel) -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>log in</html>", content_type="text/html")

    rig.give = page
    with pytest.raises(Undeliverable, match="is files:read missing"):
        await slack.fetch(a_file(rig), most=MOST)
    assert await slack.fetch(a_file(rig, media_type="text/html"), most=MOST) == b"<html>log in</html>"


async def test_what_is_too_large_is_not_read_to_its_end(rig: SlackRig, slack: SlackChannel) -> None:
    assert await slack.fetch(a_file(rig), most=len(PICTURE)) == PICTURE
    with pytest.raises(Undeliverable, match="larger than"):
        await slack.fetch(a_file(rig), most=len(PICTURE) - 1)
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        """It never says how much is to come."""
        nonlocal written
        answer = web.StreamResponse(headers={"Content-Type": "image/png"})
        await answer.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await answer.write(b"x" * 50_000)
            written += 50_000
        return answer

    rig.give = endless
    with pytest.raises(Undeliverable, match="larger than"):
        await slack.fetch(a_file(rig, size=10), most=MOST)
    await asyncio.sleep(0)
    assert written < 100 * MOST


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, Undeliverable), (410, Undeliverable), (401, Undeliverable), (403, Undeliverable), (429, TryLater),
     (500, TryLater), (503, TryLater)],
)  # fmt: skip
async def test_each_answer_to_a_fetch_says_what_to_do_next(
    rig: SlackRig, slack: SlackChannel, status: int, expected: type[Exception]
) -> None:
    async def refuse(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Retry-After": "7"}, content_type="image/png")

    rig.give = refuse
    with pytest.raises(expected) as caught:
        await slack.fetch(a_file(rig), most=MOST)
    if status == 429:
        assert isinstance(caught.value, TryLater)
        assert caught.value.after == timedelta(seconds=7)


async def test_a_line_that_breaks_is_tried_later(rig: SlackRig, slack: SlackChannel) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "image/png", "Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return answer

    rig.give = half
    with pytest.raises(TryLater, match="no proper answer"):
        await slack.fetch(a_file(rig), most=MOST)


async def test_nothing_of_a_file_is_logged(
    rig: SlackRig, slack: SlackChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await slack.send(ANN, with_files(Enclosure("my-contract.pdf", "application/pdf", b"my secret words")))
    await slack.fetch(a_file(rig), most=MOST)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("bot.", "slack")))
    assert not any(word in ours for word in (rig.bot_token, "my-contract", "my secret words"))

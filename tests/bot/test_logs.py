"""What is logged: one line a record, whatever strangers type, and never a secret."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import logs

SECRET = 'pa"ss\\wörd-4711'
BOT_TOKEN = "4839201:AAExampleExampleExampleExampleExample"
LINK = "a" * 20 + "-_B" + "9" * 20


def drawn(formatter: type[logging.Formatter], message: str, *args: object, **facts: object) -> str:
    redactor = logs.Redactor([SECRET])
    record = logging.LogRecord("bot.x", logging.INFO, "", 0, message, args, None)
    vars(record).update(facts)
    return formatter(redactor).format(record)  # type: ignore[arg-type] # ours take a redactor


def fail(message: str) -> None:
    raise ValueError(message)


def failed(formatter: type[logging.Formatter], message: str) -> str:
    try:
        fail(message)
    except ValueError as error:
        record = logging.LogRecord("bot.x", logging.ERROR, "", 0, "it failed", (), (type(error), error, None))
    return formatter(logs.Redactor([SECRET])).format(record)  # type: ignore[arg-type] # ours take a redactor


HOSTILE = st.text(st.characters() | st.sampled_from('\n\r\x1b\x00\x85\u2028\u2029\u202e"\\'), max_size=80)


@given(HOSTILE)
def test_whatever_is_logged_is_one_line_of_json_that_says_it(text: str) -> None:
    line = drawn(logs.JsonLines, "heard %s", "you", comment=text)

    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert json.loads(line)["message"] == "heard you"


@given(HOSTILE)
def test_nobody_forges_a_line_or_moves_the_cursor_on_the_console(text: str) -> None:
    assert len(drawn(logs.ConsoleLines, "heard %s", text, comment=text).splitlines()) == 1
    assert "\x1b" not in drawn(logs.ConsoleLines, "heard %s", text)


@given(HOSTILE)
def test_every_line_of_a_traceback_is_marked_as_one(text: str) -> None:
    first, *others = failed(logs.ConsoleLines, text).split("\n")

    assert first.endswith("bot.x: it failed")
    assert others
    assert all(line.startswith("  | ") and len(line.splitlines()) == 1 for line in others)


def test_a_record_says_when_where_and_what_with_its_facts() -> None:
    told = json.loads(drawn(logs.JsonLines, "sent %s", "it", delivery=17))

    assert told.pop("time").endswith("+00:00")
    assert told == {"level": "INFO", "logger": "bot.x", "message": "sent it", "delivery": 17}
    assert drawn(logs.ConsoleLines, "sent %s", "it", delivery=17).endswith("INFO    bot.x: sent it  delivery=17")


@pytest.mark.parametrize("formatter", [logs.JsonLines, logs.ConsoleLines])
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"wrong password {SECRET}", SECRET),
        (f"POST https://api.telegram.org/bot{BOT_TOKEN}/getMe", BOT_TOKEN),
        ("token=xoxb-1234567890-abcdefghij", "xoxb-1234567890-abcdefghij"),
        ("app xapp-1-A012345-99-abcdef", "xapp-1-A012345-99-abcdef"),
        (f"Authorization: Bearer aw_{'x' * 43}", "x" * 43),
        (f'"GET /r/{LINK}?v=4 HTTP/1.1" 200', LINK),
        (f"https://t.me/example_bot?start={LINK}", LINK),
        (f"GET /u/17.{LINK}", LINK),
        ("postgres://afterword:hunter2!@db/afterword", "hunter2!"),
    ],
)
def test_no_secret_is_logged(formatter: type[logging.Formatter], text: str, secret: str) -> None:
    escaped = json.dumps(secret)[1:-1]
    for line in (drawn(formatter, text), drawn(formatter, "x", fact=text), failed(formatter, text)):
        assert secret not in line
        assert escaped not in line
        assert repr(secret)[1:-1] not in line
        assert logs.HIDDEN in line


class StuckReader(io.StringIO):
    """Somebody reads our output, and then does not for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.moves = threading.Event()

    def write(self, text: str) -> int:
        assert self.moves.wait(30)
        return super().write(text)


@pytest.fixture
def quiet_root() -> Iterator[logging.Logger]:
    """The root logger, given back as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield root
    for handler in set(root.handlers) - set(before):
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def test_a_reader_who_stops_reading_stops_nobody_and_is_told_what_was_missed(quiet_root: logging.Logger) -> None:
    stream = StuckReader()
    logs.set_up("json", "INFO", stream=stream)

    for number in range(logs.ROOM + 500):
        logging.getLogger("bot.x").info("line %d", number)
    stream.moves.set()
    [writer] = quiet_root.handlers
    writer.drain()  # type: ignore[attr-defined] # our own handler

    lines = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert lines[0] == "line 0"
    assert sum(line.startswith("line ") for line in lines) <= logs.ROOM + 1
    assert any(line.endswith("log records were dropped: nobody read them in time") for line in lines)


def test_what_is_said_last_is_written_before_the_end(quiet_root: logging.Logger) -> None:
    stream = io.StringIO()
    logs.set_up("console", "INFO", secrets=["hidden-thing"], stream=stream)

    logging.getLogger("bot.x").info("goodbye, hidden-thing")
    logging.getLogger("bot.x").debug("not at this level")
    quiet_root.handlers[0].close()

    assert stream.getvalue().endswith("INFO    bot.x: goodbye, [hidden]\n")
    assert stream.getvalue().count("\n") == 1

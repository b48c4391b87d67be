"""What it tells while it runs: one line a record, for people or for machines, and no secret in it.

Writing happens on a thread of its own behind a bounded queue: a reader of our output who stops reading stops nobody.
What did not fit is counted and told when there is room again.
"""

from __future__ import annotations

import atexit
import json
import logging
import queue
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, TextIO

HIDDEN = "[hidden]"
ROOM = 10_000
_SHORTEST_SECRET = 6  # shorter ones would blot out ordinary words
_CHATTY = (
    "aiogram",
    "aiosqlite",
    "asyncio",
    "httpcore",
    "httpx",
    "mail.log",
    "slack_bolt",
    "slack_sdk",
    "tortoise",
    "uvicorn",
)

# Credentials that are not in our configuration, but look like what they are.
_SECRET_SHAPES = (
    re.compile(r"(?<!\d)\d{3,20}:[A-Za-z0-9_-]{30,}"),  # a Telegram bot's token, also within /bot<token>/
    re.compile(r"x(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}"),  # Slack
    re.compile(r"aw_[A-Za-z0-9_-]{43}"),  # our API tokens
    re.compile(r"(?<=/r/)[A-Za-z0-9_-]{43}"),  # survey links
    re.compile(r"(?<=/u/)\d{1,18}\.[A-Za-z0-9_-]{43}"),  # unsubscribe links
    re.compile(r"(?<=start=)[A-Za-z0-9_-]{20,64}|(?<=/start )[A-Za-z0-9_-]{20,64}"),  # links into a chat
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"),  # a name and password within a URL
)
# Whatever a terminal or a reader of lines could take for more than text: C0, DEL, C1, and Unicode's own line ends.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class Redactor:
    """Takes out the secrets it was told of, and everything that looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: re.Pattern[str] | None = None
        self._secrets: set[str] = set()
        self.hide(*secrets)

    def hide(self, *secrets: str) -> None:
        """From now on these are never shown, neither as they are nor as JSON or Python would write them."""
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                self._secrets |= {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
                self._secrets |= {repr(secret)[1:-1], one_line(secret)}
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for shape in _SECRET_SHAPES:
            text = shape.sub(HIDDEN, text)
        return text


def one_line(text: str) -> str:
    """The text with everything that ends a line or moves a cursor written out: `\\n`, `\\x1b`."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class JsonLines(logging.Formatter):
    """One JSON object a record."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": _moment(record).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            told["error"] = "".join(traceback.format_exception(*record.exc_info))
        line = json.dumps(told, ensure_ascii=False, default=str)
        return self._redactor.clean(_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line))


class ConsoleLines(logging.Formatter):
    """For people: time, level, what happened, then the facts. A traceback follows, each line of it marked with "|"."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f"  {name}={value}" for name, value in _extras(record).items())
        said = one_line(f"{record.getMessage()}{facts}")
        lines = [f"{_moment(record):%H:%M:%S} {record.levelname:<7} {record.name}: {said}"]
        if record.exc_info:
            trace = "".join(traceback.format_exception(*record.exc_info))
            lines += [f"  | {one_line(line)}" for line in trace.rstrip("\n").split("\n")]
        return self._redactor.clean("\n".join(lines))


class _Writer(logging.Handler):
    """Hands records to the thread that writes them; never waits."""

    def __init__(self, formatter: logging.Formatter, stream: TextIO) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._stream = stream
        self._waiting: queue.Queue[str | None] = queue.Queue(ROOM)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="logs", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1
        except Exception:
            self.handleError(record)

    def _write(self) -> None:
        readable = True
        while (line := self._waiting.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            lines = [line, self._complain(dropped)] if dropped else [line]
            try:
                if readable:
                    self._stream.write("".join(f"{one}\n" for one in lines))
                    self._stream.flush()
            except (OSError, ValueError):
                readable = False  # Nobody can read us any more; work goes on.
            self._waiting.task_done()

    def _complain(self, dropped: int) -> str:
        said = "%d log records were dropped: nobody read them in time"
        return self.format(logging.LogRecord(__name__, logging.WARNING, "", 0, said, (dropped,), None))

    def drain(self) -> None:
        """Wait until everything that was logged is written."""
        self._waiting.join()

    def close(self) -> None:
        """Write what waits, for a second at most."""
        try:
            self._waiting.put_nowait(None)
            self._thread.join(timeout=1)
        except queue.Full:
            pass
        super().close()


_redactor = Redactor()


def set_up(
    format: Literal["console", "json"] = "console",  # noqa: A002 - the setting's name
    level: str = "INFO",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send everything that is logged to standard error, or to `stream`. Called once, at the start of `serve`."""
    _redactor.hide(*secrets)
    formatter = JsonLines(_redactor) if format == "json" else ConsoleLines(_redactor)
    writer = _Writer(formatter, stream or sys.stderr)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(writer)
    root.setLevel(level)
    for name in _CHATTY if level != "DEBUG" else ():
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    atexit.register(writer.close)


def hide(*secrets: str) -> None:
    """Secrets that came to be known after the start."""
    _redactor.hide(*secrets)


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, tz=UTC)


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _ORDINARY}

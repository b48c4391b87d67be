"""Figure 6: 10,000 invites through each channel, against a network that keeps its limits."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import processes, product, scheduled, seeding
from benchmarks.processes import Program
from benchmarks.tables import Row, show, tell
from bot import config as configs
from bot.config import Config

COUNT, QUICK = 10_000, 1_500
CLOSED_SECONDS = 3
"""How long the network asks to be left alone, once, in the middle."""

_ALARM = """
INSERT INTO deliveries (key, kind, channel, target, payload, screen, priority, state, due_at, attempts, taken_by,
receipt, problem, created_at)
VALUES ('alarm', 'note', ?, ?, '{"text": "Alarm"}', '', 1, 'waiting', ?, 0, '', '', '', ?)"""


@dataclass(frozen=True, slots=True)
class Case:
    """A channel and the messages that it takes in a second (`docs/explanation/plumbing.md`), and how much faster time
    goes here. `library` is what importing the channel loads. Without `closes` there is no network that could ask."""

    channel: str
    per_second: float
    faster: float
    alarm: str
    library: str
    closes: bool = True


CASES = (
    Case("support-bot", 25, 2, "999", "aiogram"),
    Case("slack", 10, 5, "C0ALERTS", "slack_sdk.web.async_client"),
    Case("mail", 5, 6, "alarm@example.org", "aiosmtplib", closes=False),
    Case("webchat", 50, 1.5, "w_alarm", "sys", closes=False),
)


def run(folder: Path, *, quick: bool) -> None:
    for case in CASES:
        place = folder / case.channel
        place.mkdir()
        _one(place, case, QUICK if quick else COUNT)


def _one(folder: Path, case: Case, count: int) -> None:
    port, http_port, smtp_port = (processes.free_port() for _ in range(3))
    pace = case.per_second * case.faster
    config = _configured(folder, case, port, http_port, smtp_port, pace)
    alert = f'{{ channel = "{case.channel}", to = "{case.alarm}" }}'
    asyncio.run(seeding.prepare(config, settle_after="90s", alert=alert))
    asyncio.run(seeding.scheduled(config, count, due=datetime.now(UTC) - timedelta(seconds=1), channel=case.channel))
    tell(f"channels: {count:,} invites by {case.channel}, time goes {case.faster:g} times as fast")
    closed = CLOSED_SECONDS if case.closes else 0
    # The network takes a little more than we send, as the real ones do: Telegram 30 a second where we send 25.
    limits = (http_port, smtp_port, pace * 1.2, count // 3, closed)
    with Program("benchmarks.limited", *limits, cores=processes.AROUND) as networks:
        processes.wait_for_port(networks, http_port)
        with product.serving(folder, port) as running:
            counted = _watched(folder, case, running, http_port, count)
            memory = running.memory()
    besides = memory - (scheduled.imported(case.library) - scheduled.imported("sys"))
    allowed, took = count / pace + closed, counted["last"] - counted["first"]
    late = counted["alarm"] - counted["alarmed"]
    waited = counted.get("impatient")
    show(
        f"6. {count:,} invites by {case.channel}: {case.per_second:g} a second, {case.faster:g} times as fast",
        [
            Row("the limits allow it in", f"{allowed:.1f} s"),
            Row("from the first to the last", f"{took:.1f} s", "≤ 1.05 x", took <= allowed * 1.05),
            Row("  ratio", f"{took / allowed:.3f}"),
            *([Row("requests while told to wait", str(waited), "0", waited == 0)] if case.closes else []),
            Row("an alert put in last left after", f"{late:.2f} s", "< 5 s", 0 <= late < 5),
            Row("memory besides importing libraries", f"{besides:.0f} MB", "< 150 MB", besides < 150),
        ],
    )


def _watched(folder: Path, case: Case, running: Program, http_port: int, count: int) -> dict[str, Any]:
    """Until all have left; an alert is put in when half of them have."""
    store = folder / "afterword.db"

    def left() -> int:
        return _sent(store) if case.channel == "webchat" else int(processes.get(http_port, "/counted")["count"])

    patience = count / case.per_second / case.faster * 4 + 60
    processes.wait_for(lambda: left() >= count // 2, "half of the invites left", seconds=patience, every=0.2)
    with closing(sqlite3.connect(store, timeout=10)) as connection, connection:
        now = datetime.now(UTC).isoformat(" ")
        alarmed = time.monotonic()
        connection.execute(_ALARM, (case.channel, case.alarm, now, now))
    processes.wait_for(lambda: left() >= count + 1, "all invites left", seconds=patience, every=0.2)
    processes.wait_for(lambda: _sent(store) == count + 1, "all are marked as sent", every=0.2)
    assert running.alive()
    found = _from_store(store, alarmed) if case.channel == "webchat" else processes.get(http_port, "/counted")
    return {**found, "alarmed": alarmed}


def _sent(store: Path) -> int:
    with closing(sqlite3.connect(store, timeout=10)) as connection:
        number: int = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'sent'").fetchone()[0]
        return number


def _from_store(store: Path, alarmed: float) -> dict[str, Any]:
    """The web chat has no network but ourselves: a message has left when its row says so."""
    ahead = time.monotonic() - time.time()
    with closing(sqlite3.connect(store, timeout=10)) as connection:
        first, last = connection.execute("SELECT min(sent_at), max(sent_at) FROM deliveries").fetchone()
        (alarm,) = connection.execute("SELECT sent_at FROM deliveries WHERE key = 'alarm'").fetchone()
    first, last, alarm = (datetime.fromisoformat(one).timestamp() + ahead for one in (first, last, alarm))
    return {"first": first, "last": last, "alarm": max(alarm, alarmed)}


def _configured(folder: Path, case: Case, port: int, http_port: int, smtp_port: int, pace: float) -> Config:
    tables = {
        "support-bot": [
            'kind = "telegram"',
            f'token = "{product.TOKEN}"',
            'mode = "webhook"',
            f'webhook_secret = "{product.SECRET}"',
            f'api_base = "http://127.0.0.1:{http_port}"',
        ],
        "slack": [
            'kind = "slack"',
            'mode = "http"',
            'bot_token = "xoxb-benchmark"',
            f'signing_secret = "{product.SECRET}"',
            f'api_base = "http://127.0.0.1:{http_port}/api/"',
        ],
        "mail": [
            'kind = "email"',
            'from = "Support <support@example.org>"',
            'smtp_host = "127.0.0.1"',
            f"smtp_port = {smtp_port}",
            'smtp_tls = "none"',
        ],
        "webchat": ['kind = "webchat"'],
    }
    product.configuration(folder, port)
    path = folder / "config.toml"
    lines = [f"[channels.{case.channel}]", *tables[case.channel], f"messages_per_second = {pace:g}"]
    path.write_text(path.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    return configs.load(path)

"""Figure 7: how long the admin's pages take with a year of 100,000 tickets, beside a floor."""

from __future__ import annotations

import asyncio
import http.client
import re
import sqlite3
import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from fastapi.routing import APIRoute

from benchmarks import admin_seeding, processes, product
from benchmarks.tables import Row, show, tell
from bot import first_start
from bot.config import Config
from bot.web import admin, policies
from core import store as stores
from core.accounts import accounts, sessions
from core.insight.behind import NOW, Of
from core.models.accounts import Role

GOAL = 0.150
FLOOR = "/healthz"
_SPANS = ("", "?span=today", "?span=90d", "?span=year", "?span=year&team=1", "?span=30d&locale=en&type=complaint")
_BEHIND = (
    *(f"?span=year&of={one}" for one in Of if one not in NOW),
    *(f"?of={one}" for one in NOW),
    *(f"?span=year&dimension={one}" for one in ("speed", "speed&score=5", "speed&score=1")),
)
VARIANTS = {
    "/admin/board": _SPANS,
    "/admin/board/details": _SPANS,
    "/admin/board/groups": _SPANS,
    "/admin": (),  # leads on
    "/admin/contacts": ("", "?q=nobody"),
    "/admin/tickets": ("", "?q=nothing", "?q=nothing&messages=1", "?q=zebra&messages=1", *_BEHIND),
    **{f"/admin/templates/{page}": ("?kind=invite&locale=en",) for page in ("edit", "mail", "history", "ab-tests/new")},
    "/admin/templates/publish": (),  # for who has written a draft
    "/admin/languages/file": ("?locale=en",),
}
"""Addresses that are asked for besides the plain one, or instead of it, where a page has something to choose."""
_NAMES = {
    "test_id": "ab_tests",
    "delivery_id": "deliveries WHERE state = 'dead'",
    "number": "tickets",
    "staff_id": "staff",
}
_FIXED = {"kind": "invite", "locale": "en"}
_BROWSER = "Firefox"


def run(folder: Path, *, quick: bool) -> None:
    count, times = (5_000, 20) if quick else (100_000, 100)
    port = processes.free_port()
    config = product.configuration(folder, port)
    tell(f"admin: a year of {count:,} tickets")
    token = asyncio.run(_prepared(config, count))
    paths = addresses(folder / "afterword.db")
    with product.serving(folder, port) as running:
        measured = {path: _measured(port, path, token, times) for path in (FLOOR, *paths)}
        memory = running.memory()
    _show(measured, count, memory)


async def _prepared(config: Config, count: int) -> str:
    """Fill the store; answers with the token of somebody who is signed in."""
    now = datetime.now(UTC)
    await first_start.make_store(config)
    store = await stores.open_store(config.store.url)
    try:
        await first_start.fill_in(now=now)
        path = config.store.path
        assert path is not None
        await asyncio.to_thread(admin_seeding.fill, path, count, now=now)
        lee = await accounts.create(
            "lee@example.org", Role.ADMIN, name="Lee", password_hash="", by="benchmark", now=now
        )
        return await sessions.begin(lee, browser=_BROWSER, how="password", now=now)
    finally:
        await store.close()


def addresses(path: Path) -> list[str]:
    """Every page that somebody signed in can look at, with what stands in its address; new ones come by themselves."""
    found: list[str] = []
    for route in admin.routes():
        if isinstance(route, APIRoute) and "GET" in route.methods and _needs_somebody(route):
            filled = _filled(route.path, path)
            found += [filled + one for one in VARIANTS.get(filled, ("",))] if filled else []
    return found


def _needs_somebody(route: APIRoute) -> bool:
    policy = policies.policy_of(route)
    return policy is not None and policy.right is not None


def _filled(pattern: str, path: Path) -> str:
    """`/admin/contacts/{contact_id}` → `/admin/contacts/50000`: a row from the middle. "" where there is none."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name in _FIXED:
                return _FIXED[name]
            section = pattern.split("/")[2]
            table = (
                section if name == "key" else _NAMES.get(name) or f"{name.removesuffix('_id').removesuffix('_number')}s"
            )
            column = "number" if name.endswith("number") else "key" if name.endswith("key") else "id"
            middle = f"SELECT {column} FROM {table} ORDER BY id LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM {table})"  # noqa: S608
            try:
                row = connection.execute(middle).fetchone()
            except sqlite3.OperationalError:
                row = None
            return str(row[0]) if row else "?"

        filled = re.sub(r"\{(\w+)(?::\w+)?\}", value, pattern)
    return "" if "?" in filled else filled


def _measured(port: int, path: str, token: str, times: int) -> list[float]:
    """Seconds of each request, one after the other, over one connection; from the request to the last byte."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"afterword-admin={token}", "User-Agent": _BROWSER}
    found = []
    for number in range(times + 3):
        begun = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if number >= 3:  # the first ones fill caches
            found.append(time.perf_counter() - begun)
        assert answer.status == 200, f"{path}: {answer.status} {body[:200]!r}"
    connection.close()
    return sorted(found)


def _show(measured: Mapping[str, list[float]], count: int, memory: float) -> None:
    floor = p50(measured[FLOOR])
    rows = [
        Row(
            path,
            f"p50 {_ms(p50(found))}, p95 {_ms(p95(found))}, {p50(found) / floor:.1f} × floor",
            f"< {GOAL * 1000:.0f} ms" if path != FLOOR else "",
            p95(found) < GOAL if path != FLOOR else None,
        )
        for path, found in measured.items()
    ]
    show(f"7. The admin's pages, {count:,} tickets", [*rows, Row("memory of the program", f"{memory:.0f} MB")])


def p50(found: list[float]) -> float:
    return statistics.median(found)


def p95(found: list[float]) -> float:
    return found[min(len(found) - 1, int(len(found) * 0.95))]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"

"""Strangers at the door: every public route, every guard in front of it, and what each answer carries."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send
from tortoise.models import Model

from bot.web import app as web
from bot.web import policies, rates
from bot.web.limits import BODY_LIMIT, BodyLimit
from bot.web.rates import Bucket, Rates
from bot.web.site import networks
from core import store as stores
from core import transactions
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry
from core.models.responses import HeldAnswer, PageVisit, Response, Score
from core.plumbing import lanes
from core.surveys import invites, tokens
from tests.web import front as fronts
from tests.web.front import HOOK_SECRET, Front, Page, Person

WRITTEN: tuple[type[Model], ...] = (Response, Score, Ticket, Contact, TicketEntry, HeldAnswer, Delivery)


async def rows() -> dict[str, int]:
    return {model.__name__: await model.all().count() for model in WRITTEN}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route."""
    found: list[tuple[str, str]] = []
    for route in app.routes:
        assert isinstance(route, APIRoute | Route), f"{route}: look at what this is"
        found.extend((method, route.path) for method in sorted(route.methods or ()))
    return found


# ---------------------------------------------------------------- who may call what


async def test_only_the_reviewed_routes_answer_without_a_token(sqlite_front: Front) -> None:
    closed = 0
    async with sqlite_front.client() as stranger:
        for method, path in routes(sqlite_front.app):
            if path in policies.PUBLIC:
                continue
            answer = await stranger.request(method, re.sub(r"{\w+:int}", "1", path).replace("{ticket}", "T-1"))
            assert answer.status_code == 401, f"{method} {path}"
            closed += 1
    assert closed >= 7
    assert len(policies.PUBLIC) <= 18


def test_a_route_without_a_policy_does_not_start(sqlite_front: Front) -> None:
    router = APIRouter()

    @router.get("/api/v1/secrets")
    async def secrets() -> dict[str, str]:
        return {}

    with pytest.raises(policies.Undeclared, match="/api/v1/secrets"):
        web.build(sqlite_front.site, more=router.routes)


def test_a_public_route_that_nobody_reviewed_does_not_start(sqlite_front: Front) -> None:
    router = APIRouter(dependencies=[policies.public])

    @router.get("/new")
    async def new() -> dict[str, str]:
        return {}

    with pytest.raises(policies.Undeclared, match="/new"):
        web.build(sqlite_front.site, more=router.routes)
    assert web.build(sqlite_front.site, more=router.routes, public={"/new"})


async def test_docs_and_debug_pages_are_not_there(sqlite_front: Front) -> None:
    async with sqlite_front.client() as stranger:
        for path in ("/docs", "/redoc", "/openapi.json", "/debug", "/.env", "/.git/config", "/static/../app.py"):
            assert (await stranger.get(path)).status_code == 404


# ---------------------------------------------------------------- what every answer carries


async def test_every_answer_carries_the_safe_headers(sqlite_front: Front) -> None:
    asked = await sqlite_front.invite()
    unsubscribe = f"/u/{tokens.unsubscribe_token_for(asked.contact_id)}"
    paths = [asked.link, f"/r/{'x' * 43}", unsubscribe, "/u/x", "/healthz", "/readyz", "/api/v1/tickets", "/nothing"]
    async with sqlite_front.client() as stranger:
        for path in [*paths, "/api/v1/openapi.json", f"{asked.link}/seen.css"]:
            headers = (await stranger.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert "max-age=31536000" in headers["strict-transport-security"]
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "server" not in headers


async def test_pages_load_nothing_from_elsewhere_and_lead_nowhere_else(sqlite_front: Front) -> None:
    asked = await sqlite_front.invite()
    ann = Person(sqlite_front)
    await ann.open(asked.link)
    pages = [ann.page, await ann.press(overall="1", comment="x"), await ann.follow("change=")]
    for page in pages:
        for _, attributes in page.tags:
            for name in ("src", "href", "action"):
                value = attributes.get(name, "/")
                assert (value.startswith("/") and not value.startswith("//")) or value.startswith("data:image/svg+xml")
        assert not any("style" in attributes or "onclick" in attributes for _, attributes in page.tags)


@pytest.mark.parametrize("base_url", ["https://survey.example.org", "http://127.0.0.1:8080"])
async def test_the_cookie_is_kept_from_scripts_and_from_the_open_wire(
    sqlite_store: stores.Store, base_url: str
) -> None:
    async with fronts.opened(base_url=base_url) as front, front.client() as ann:
        cookie = (await ann.get((await front.invite()).link)).headers["set-cookie"]
    secure = base_url.startswith("https")
    assert cookie.startswith("__Host-afterword=" if secure else "afterword=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert ("Secure" in cookie) == secure


@pytest.mark.parametrize("lang", ["//evil.example", "\\\\evil", "/%2f/evil", "javascript:alert(1)", "en\r\nX: y"])
async def test_nothing_in_the_address_leads_off_the_site(sqlite_front: Front, lang: str) -> None:
    asked = await sqlite_front.invite()
    async with sqlite_front.client() as ann:
        answer = await ann.get(asked.link, params={"lang": lang, "next": lang, "thanks": lang, "change": lang})
    assert answer.status_code == 200
    assert "evil" not in answer.text
    assert "alert(1)" not in answer.text


# ---------------------------------------------------------------- tokens in links


async def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(front: Front) -> None:
    asked = await front.invite()
    wrong = [
        "x" * 43,
        "x",
        "x" * 44,
        "x" * 2000,
        asked.token[:-1],
        asked.token + "=",
        asked.token + "%20",
        "%20" + asked.token,
        asked.token.swapcase(),
        asked.token + "%00",
        "%00" * 43,
        "%ff" * 43,
        "%F0%9F%98%80" * 43,
        "'%20OR%201=1--",
        asked.token[:-1] + ("A" if asked.token[-1] != "A" else "B"),
    ]
    async with front.client() as stranger:
        answers = [await stranger.get(f"/r/{token}") for token in wrong]
        answers += [await stranger.post(f"/r/{token}", data={"overall": "1"}) for token in wrong[:6]]
        others = [await stranger.get(f"/u/{token}") for token in ("x", f"1.{'x' * 43}", f"{10**30}.{'x' * 43}")]
    for same in (answers, others):
        assert {answer.status_code for answer in same} == {404}
        assert len({answer.content for answer in same}) == 1
        assert len({tuple(sorted(answer.headers.items())) for answer in same}) == 1
    assert await Response.all().count() == 0


async def test_no_single_letter_changed_in_a_token_opens_anything(sqlite_front: Front) -> None:
    asked = await sqlite_front.invite()
    dice = random.Random(7)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place in range(43):
        for letter in dice.sample(letters, 12):
            changed = asked.token[:place] + letter + asked.token[place + 1 :]
            assert (await invites.by_token(changed) is None) == (changed != asked.token)


async def test_the_store_holds_no_token_of_a_link(sqlite_front: Front, sqlite_store: stores.Store) -> None:
    asked = await sqlite_front.invite()
    ann = Person(sqlite_front)
    await ann.open(asked.link)
    await ann.press(overall="4")
    cookie = next(iter(ann.client.cookies.jar)).value
    path = sqlite_store.url.removeprefix("sqlite://")
    kept = b""
    for end in ("", "-wal"):
        try:
            with open(path + end, "rb") as file:
                kept += file.read()
        except FileNotFoundError:
            continue
    assert b"c-1" in kept
    assert asked.token.encode() not in kept
    assert cookie is not None
    assert cookie.encode() not in kept


# ---------------------------------------------------------------- robots (SEC-19, SEC-61)


async def look_head(robot: httpx.AsyncClient, link: str) -> None:
    for score in "12345":
        await robot.head(f"{link}?overall={score}")


async def look_at_all_at_once(robot: httpx.AsyncClient, link: str) -> None:
    await asyncio.gather(*(robot.get(f"{link}?overall={score}") for score in "12345"))


async def look_with_all_that_belongs_to_it(robot: httpx.AsyncClient, link: str) -> None:
    page = Page((await robot.get(f"{link}?overall=5")).text)
    for _, attributes in page.tags:
        if address := attributes.get("src") or attributes.get("href"):
            await robot.get(address) if address.startswith("/") else None


async def look_with_odd_methods(robot: httpx.AsyncClient, link: str) -> None:
    for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        await robot.request(method, f"{link}?overall=1")


async def look_in_parts(robot: httpx.AsyncClient, link: str) -> None:
    await robot.get(f"{link}?overall=1", headers={"Range": "bytes=0-100"})
    await robot.get(f"{link}?overall=1", headers={"Sec-Purpose": "prefetch;prerender"})


async def send_the_form_at_once(robot: httpx.AsyncClient, link: str) -> None:
    page = Page((await robot.get(f"{link}?overall=1")).text)
    await robot.post(link, data={**page.hidden(), "overall": "1"})


async def send_without_looking(robot: httpx.AsyncClient, link: str) -> None:
    await robot.post(link, data={"overall": "1"})
    await robot.post(f"{link}?overall=1", json={"overall": 1})
    await robot.post(f"{link}/confirm", data={"_nonce": "x"})


async def look_again_later_and_press(robot: httpx.AsyncClient, link: str) -> None:
    await robot.get(f"{link}?overall=1")
    await look_at_all_at_once(robot, link)
    await send_the_form_at_once(robot, link)


PROFILES = [
    look_head,
    look_at_all_at_once,
    look_with_all_that_belongs_to_it,
    look_with_odd_methods,
    look_in_parts,
    send_the_form_at_once,
    send_without_looking,
    look_again_later_and_press,
]


async def test_no_scanner_votes_and_every_person_can(front: Front) -> None:
    for number in range(4):
        asked = await front.invite()
        unsubscribe = f"/u/{tokens.unsubscribe_token_for(asked.contact_id)}"
        for place, profile in enumerate(PROFILES):
            async with front.client(address=f"198.51.{number}.{place + 1}") as robot:
                await profile(robot, asked.link)
                await robot.get(unsubscribe)
                await robot.head(unsubscribe)
                await robot.post(unsubscribe, data={})
            front.clock.pass_(seconds=20)
        assert await Score.all().count() == number
        assert await Response.all().count() == number
        front.clock.pass_(minutes=3)
        ann = Person(front, address=f"203.0.113.{number + 1}")
        await ann.open(f"{asked.link}?overall=4")
        page = await ann.press(overall="4")
        if "One more tap" in page.text:
            page = await ann.press()
        assert "Thank you!" in page.text, page.text
    assert await Contact.filter(opted_out_at__isnull=False).count() == 0
    assert {row.value for row in await Score.all()} == {4}


# ---------------------------------------------------------------- unsubscribe


async def test_one_click_in_a_mail_program_stops_surveys_without_cookies(front: Front) -> None:
    asked = await front.invite()
    link = f"/u/{tokens.unsubscribe_token_for(asked.contact_id)}"
    async with front.client(agent="Gmail") as program:
        answer = await program.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert (await Contact.get()).opted_out_at is not None
    assert (await asked.row()).state == "cancelled"


async def test_one_click_as_multipart_works_as_well(front: Front) -> None:
    asked = await front.invite()
    link = f"/u/{tokens.unsubscribe_token_for(asked.contact_id)}"
    async with front.client(agent="Yahoo") as program:
        await program.post(link, files={"List-Unsubscribe": (None, "One-Click")})
    assert (await Contact.get()).opted_out_at is not None


async def test_a_person_stops_surveys_and_starts_them_again(front: Front) -> None:
    asked = await front.invite()
    ann = Person(front)
    await ann.open(f"/u/{tokens.unsubscribe_token_for(asked.contact_id)}")
    assert (await Contact.get()).opted_out_at is None
    page = await ann.press()
    assert "We will not ask you again" in page.text
    assert (await Contact.get()).opted_out_at is not None
    page = await ann.press(undo="yes")
    assert "Good to have you back" in page.text
    assert (await Contact.get()).opted_out_at is None


async def test_without_cookies_stopping_takes_a_second_press(front: Front) -> None:
    asked = await front.invite()
    ann = Person(front, cookies=False)
    await ann.open(f"/u/{tokens.unsubscribe_token_for(asked.contact_id)}")
    page = await ann.press()
    assert "once more" in page.text
    assert (await Contact.get()).opted_out_at is None
    await ann.press()
    assert (await Contact.get()).opted_out_at is not None


async def test_a_survey_link_does_not_unsubscribe_and_the_other_does_not_rate(front: Front) -> None:
    asked = await front.invite()
    async with front.client() as stranger:
        assert (await stranger.post(f"/u/{asked.token}", data={"List-Unsubscribe": "One-Click"})).status_code == 404
        other = tokens.unsubscribe_token_for(asked.contact_id)
        assert (await stranger.get(f"/r/{other}")).status_code == 404
        assert (await stranger.get(f"/r/{other.partition('.')[2]}")).status_code == 404
    assert (await Contact.get()).opted_out_at is None


# ---------------------------------------------------------------- hostile bodies


def hostile_bodies() -> list[tuple[bytes, str]]:
    form, data = "application/x-www-form-urlencoded", "application/json"
    dice = random.Random(11)
    return [
        (b"", ""),
        (b"\x00" * 100, form),
        (b"overall=", form),
        (b"overall=6&overall=5", form),
        (b"overall=0x1&speed=1e0&attitude=%EF%BC%95", form),
        (b"overall=" + b"1" * 5000, form),
        (b"overall=-1&" + b"a=1&" * 200, form),
        (b"&".join(b"reasons=%d" % n for n in range(50)), form),
        (b"comment=" + b"%F0%9F%98%80" * 3000 + b"&overall=9", form),
        (b"comment=%ED%A0%80%00%FF&_nonce=%00", form),
        (b"_nonce=" + b"n" * 60_000, form),
        (b'{"overall": 1}', data),
        (b"[" * 60_000, data),
        (b'{"a":' * 10_000, data),
        (b"9" * 60_000, data),
        (b"--x\r\nContent-Disposition: form-data; name=overall\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--", "multipart/form-data"),
        *((dice.randbytes(dice.randint(1, 400)), dice.choice([form, data, "text/xml", "\xff"])) for _ in range(25)),
    ]


async def test_no_hostile_request_to_a_public_route_is_our_error_or_writes_anything(sqlite_front: Front) -> None:
    front = sqlite_front
    asked = await front.invite()
    unsubscribe = tokens.unsubscribe_token_for(asked.contact_id)
    before = await rows()
    paths = [
        asked.link,
        f"{asked.link}/confirm",
        f"/r/{'x' * 43}",
        f"/u/{unsubscribe}",
        "/u/x",
        "/hooks/support-bot",
        "/hooks/nobody",
        "/api/v1/events",
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/survey.css",
        "/api/v1/openapi.json",
    ]
    seen: set[int] = set()
    for number, (body, kind) in enumerate(hostile_bodies()):
        async with front.client(address=f"198.51.100.{number + 1}") as stranger:
            for path in paths:
                headers = {"content-type": kind.encode("latin-1")} if kind else {}
                answer = await stranger.request("POST", path, content=body, headers=headers)
                seen.add(answer.status_code)
                assert answer.status_code < 500, (path, body[:50], answer.text)
                answer = await stranger.get(path, params={"overall": body[:40].decode("latin-1"), "lang": "\x00"})
                assert answer.status_code < 500 or path == "/readyz", (path, body[:50], answer.text)
        front.clock.pass_(seconds=30)
    assert {400, 401, 404, 405, 422} <= seen
    assert {**await rows(), "HeldAnswer": 0} == {**before, "HeldAnswer": 0}
    assert front.taken == []


async def test_a_hook_answers_garbage_with_a_refusal_and_genuine_bytes_with_200(sqlite_front: Front) -> None:
    front = sqlite_front
    async with front.client() as stranger:
        for secret in (b"", b"wrong", b"\xff\xfe", HOOK_SECRET.encode()[:-1]):
            headers = {b"x-telegram-bot-api-secret-token": secret}
            answer = await stranger.post("/hooks/support-bot", content=b'{"update_id": 1}', headers=headers)
            assert answer.status_code in (401, 403)
            assert answer.json()["error"]["code"] == "refused"
        assert front.taken == []
        good = {"x-telegram-bot-api-secret-token": HOOK_SECRET}
        answer = await stranger.post("/hooks/support-bot", content=b'{"update_id": 1}', headers=good)
        assert answer.status_code == 200
        assert [name for name, _ in front.taken] == ["support-bot"]
        assert (await stranger.get("/hooks/support-bot", headers=good)).status_code == 405


async def test_when_the_store_is_away_a_network_is_told_to_come_again(sqlite_front: Front) -> None:
    async def away(channel: str, arrivals: object) -> None:
        raise transactions.StoreUnavailable("locked")

    object.__setattr__(sqlite_front.site, "take", away)
    good = {"x-telegram-bot-api-secret-token": HOOK_SECRET}
    async with sqlite_front.client() as network:
        answer = await network.post("/hooks/support-bot", content=b'{"update_id": 1}', headers=good)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_what_breaks_is_logged_and_not_shown(sqlite_front: Front, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(channel: str, arrivals: object) -> None:
        raise RuntimeError("a secret detail")

    object.__setattr__(sqlite_front.site, "take", broken)
    good = {"x-telegram-bot-api-secret-token": HOOK_SECRET}
    async with sqlite_front.client() as network:
        answer = await network.post("/hooks/support-bot", content=b'{"update_id": 1}', headers=good)
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "a secret detail" in caplog.text


# ---------------------------------------------------------------- size, time, number


async def test_a_body_that_is_too_large_is_refused_before_anybody_reads_it(sqlite_front: Front) -> None:
    async with sqlite_front.client() as stranger:
        for path, status in (("/api/v1/events", 413), ("/r/x", 413), ("/hooks/support-bot", 413)):
            answer = await stranger.post(path, content=b"x" * (5 * BODY_LIMIT))
            assert answer.status_code == status
        answer = await stranger.post("/api/v1/events", content=b"x" * BODY_LIMIT)
        assert answer.status_code == 401


async def test_a_body_without_a_length_is_stopped_where_it_passes_the_limit(sqlite_front: Front) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 10_000
            yield b"x" * 10_000

    async with sqlite_front.client() as stranger:
        answer = await stranger.post("/api/v1/events", content=endless())
    assert answer.status_code == 413


async def test_a_body_that_never_ends_costs_a_socket_for_a_moment() -> None:
    reached = False

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal reached
        reached = True

    async def slow() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/v1/events", "headers": [], "query_string": b""}
    await BodyLimit(application, seconds=0.05)(scope, slow, send)
    assert sent[0]["status"] == 408
    assert not reached


async def test_somebody_who_goes_away_in_the_middle_is_not_handled() -> None:
    reached = False

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal reached
        reached = True

    messages: list[Message] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    await BodyLimit(application)(scope, receive, send)
    assert not reached


async def test_an_address_that_is_too_long_is_refused(sqlite_front: Front) -> None:
    async with sqlite_front.client() as stranger:
        assert (await stranger.get("/healthz?" + "x" * 5000)).status_code == 414


def test_a_bucket_lets_through_its_burst_and_then_its_pace() -> None:
    now = 0.0
    bucket = Bucket(60, 10, seconds=lambda: now)
    assert [bucket.wait("a") > 0 for _ in range(12)] == [False] * 10 + [True] * 2
    assert bucket.wait("b") == 0
    now = 1.0
    assert bucket.wait("a") == 0
    assert bucket.wait("a") == pytest.approx(1.0)


def test_a_hundred_thousand_callers_are_remembered_in_bounded_memory() -> None:
    now = 0.0
    bucket = Bucket(60, 10, seconds=lambda: now)
    for number in range(100_000):
        bucket.wait(str(number))
        now += 0.001
    assert len(bucket) <= rates.REMEMBERED


async def test_one_caller_cannot_flood_the_pages_and_others_go_on(sqlite_front: Front) -> None:
    asked = await sqlite_front.invite()
    async with sqlite_front.client(address="198.51.100.1") as flood, sqlite_front.client() as ann:
        statuses = [(await flood.get(f"/r/{'x' * 42}{number % 10}")).status_code for number in range(100)]
        answer = await flood.get(asked.link)
        assert statuses.count(404) <= 61
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert (await ann.get(asked.link)).status_code == 200


async def test_a_household_with_many_addresses_is_one_caller(sqlite_front: Front) -> None:
    statuses = []
    for number in range(70):
        async with sqlite_front.client(address=f"2001:db8:1:2::{number:x}") as flood:
            statuses.append((await flood.get("/r/x")).status_code)
    assert statuses[-1] == 429
    async with sqlite_front.client(address="2001:db8:1:3::1") as neighbour:
        assert (await neighbour.get("/r/x")).status_code == 404


async def test_answers_to_one_link_are_limited_whoever_sends_them(sqlite_front: Front) -> None:
    asked = await sqlite_front.invite()
    statuses = []
    for number in range(15):
        async with sqlite_front.client(address=f"198.51.100.{number}") as robot:
            statuses.append((await robot.post(asked.link, data={"overall": "1"})).status_code)
    assert statuses[-1] == 429
    assert await Response.all().count() == 0


async def test_only_a_trusted_proxy_may_say_for_whom_it_calls(sqlite_front: Front) -> None:
    front = sqlite_front

    async def statuses(peer: str) -> set[int]:
        object.__setattr__(front.site, "rates", Rates())
        seen = set()
        for number in range(70):
            async with front.client(address=peer) as client:
                headers = {"X-Forwarded-For": f"192.0.2.{number}, 203.0.113.{number}"}
                seen.add((await client.get("/r/x", headers=headers)).status_code)
        return seen

    assert await statuses("198.51.100.1") == {404, 429}
    object.__setattr__(front.site, "trusted_proxies", networks(["198.51.100.0/24"]))
    assert await statuses("198.51.100.1") == {404}
    assert await statuses("198.51.101.1") == {404, 429}


# ---------------------------------------------------------------- health and metrics


async def test_health_says_who_is_ill(front: Front) -> None:
    async with front.client() as stranger:
        assert (await stranger.get("/healthz")).json() == {"status": "ok"}
        well = await stranger.get("/readyz")
        assert well.status_code == 200
        assert well.json()["components"] == {
            "store": "ok",
            "schema": "ok",
            "engine": "ok",
            "channel:support-bot": "ok",
        }
        now = front.clock.now
        await lanes.block("support-bot", until=now.replace(hour=23), reason="connect refused by secret.host", now=now)
        ill = await stranger.get("/readyz")
        assert (ill.status_code, ill.json()["status"]) == (200, "degraded")
        assert ill.json()["components"]["channel:support-bot"] == "down"
        assert "secret.host" not in ill.text
        front.works = False
        dead = await stranger.get("/readyz")
        assert (dead.status_code, dead.json()["status"]) == (503, "down")


async def test_a_channel_that_does_not_hear_is_not_well_and_only_we_learn_why(front: Front) -> None:
    front.deaf = {"support-bot": "polling: no answer from secret.host"}
    async with front.client() as stranger, front.client(address="127.0.0.1") as here:
        told = await stranger.get("/readyz")
        assert (told.status_code, told.json()["status"]) == (200, "degraded")
        assert told.json()["components"]["channel:support-bot"] == "down"
        assert "secret.host" not in told.text
        assert "why" not in (await here.get("/readyz", headers={"x-forwarded-for": "198.51.100.1"})).json()
        why = {"channel:support-bot": "nothing comes in: polling: no answer from secret.host"}
        assert (await here.get("/readyz")).json()["why"] == why
        token = {"authorization": "Bearer metrics-token-of-the-tests"}
        assert (await stranger.get("/readyz", headers=token)).json()["why"] == why
        figure = 'afterword_channel_hears{channel="support-bot"}'
        assert f"{figure} 0.0" in (await here.get("/metrics")).text
        now = front.clock.now
        await lanes.block("support-bot", until=now.replace(hour=23), reason="asked to wait", now=now)
        both = (await here.get("/readyz")).json()["why"]["channel:support-bot"]
        assert both.startswith("sending: asked to wait; nothing comes in: polling")
        front.deaf = {}
        assert f"{figure} 1.0" in (await here.get("/metrics")).text


async def test_metrics_are_for_this_machine_or_for_the_token(front: Front) -> None:
    asked = await front.invite()
    async with front.client() as ann:
        await ann.get(asked.link)
        assert (await ann.get("/metrics")).status_code == 404
        assert (await ann.get("/metrics", headers={"authorization": "Bearer wrong"})).status_code == 404
        headers = {"authorization": "Bearer metrics-token-of-the-tests"}
        figures = (await ann.get("/metrics", headers=headers)).text
    assert 'afterword_http_responses_total{method="GET",route="/r/{token}",status="200"} 1.0' in figures
    assert 'afterword_deliveries{channel="support-bot",state="waiting"}' in figures
    assert asked.token not in figures
    async with front.client(address="127.0.0.1") as here:
        assert (await here.get("/metrics")).status_code == 200
        passed_on = {"x-forwarded-for": "198.51.100.1"}
        assert (await here.get("/metrics", headers=passed_on)).status_code == 404


async def test_no_caller_can_make_more_series(sqlite_front: Front) -> None:
    async with sqlite_front.client(address="127.0.0.1") as here:
        for number in range(200):
            await here.request(f"M{number}", f"/path-{number}")
        figures = (await here.get("/metrics")).text
    assert len([line for line in figures.splitlines() if line.startswith("afterword_http_responses_total")]) < 20


# ---------------------------------------------------------------- over a real socket


async def raw(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.fixture
async def port(sqlite_store: stores.Store) -> AsyncIterator[int]:
    async with fronts.served() as front:
        yield int(front.site.base_url.rpartition(":")[2])


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /hooks/support-bot HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET /r/" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
        b"GET /r/%ff%fe%00 HTTP/1.1\r\nHost: x\r\nCookie: " + b"\xff" * 50 + b"\r\nUser-Agent: \xff\xfe\r\n\r\n",
        b"GET /healthz?%ff=%00 HTTP/1.1\r\nHost: \xff\r\n\r\n",
    ],
)
async def test_broken_requests_end_as_client_errors_or_a_closed_socket(port: int, sent: bytes) -> None:
    try:
        answer = await raw(port, sent)
    except ConnectionError:
        answer = b""
    assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5"))
    good = await raw(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert good.startswith(b"HTTP/1.1 200")


async def test_two_hundred_slow_senders_hold_up_nobody(port: int) -> None:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    for _, writer in opened:
        writer.write(b"POST /r/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na")
    started = asyncio.get_running_loop().time()
    good = await raw(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert good.startswith(b"HTTP/1.1 200")
    assert asyncio.get_running_loop().time() - started < 2
    for _, writer in opened:
        writer.close()
        await writer.wait_closed()


def test_times_are_asked_of_the_clock_that_was_given(sqlite_front: Front) -> None:
    assert sqlite_front.site.clock() == datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_looking_writes_nothing_but_that_somebody_looked(front: Front) -> None:
    asked = await front.invite()
    before = await rows()
    async with front.client() as robot:
        for method in ("GET", "HEAD", "OPTIONS"):
            await robot.request(method, f"{asked.link}?overall=5")
    assert await rows() == before
    assert await PageVisit.all().count() == 1

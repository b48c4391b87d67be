"""The web chat: what a visitor sees and does, and who cannot do it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from bot.channels.webchat.channel import WebchatChannel
from bot.channels.webchat.identity import read_visitor_token, visitor_token
from bot.channels.webchat.settings import WebchatSettings
from bot.web import chat, policies
from bot.web.chat.pages import ink_on
from bot.web.server import GRACE_SECONDS, Server
from core.models.deliveries import Arrival
from core.ports import Acknowledgement, Commanded, Heard, Person, Refused, Tapped, Undeliverable, Wrote
from core.store import Store
from tests.ports import free_port
from tests.rigs.webchat import Visitor, serving
from tests.rigs.webchat_desk import HOST_SECRET, START, Desk, message, scores

ANN = "ann+1@example.org"
TEXT = {"id": "abcdefgh", "text": "hi"}


@asynccontextmanager
async def calling(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(desk.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
async def desk(store: Store) -> Desk:
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(desk) as client:
        yield client


@pytest.fixture
async def ann(client: httpx.AsyncClient) -> Visitor:
    return await Visitor(client, identity=visitor_token(HOST_SECRET, ANN, "Ann <3", "de")).arrive()


async def thank(desk: Desk, event: Heard) -> None:
    """A conversation of one question."""
    if isinstance(event, Tapped):
        value = event.action[-1]
        rows = scores(desk.templates, chosen=int(value))
        await desk.send(
            event.target, message(f"thanks:{value}", f"Thanks for {value}", rows=rows), instead_of=event.receipt
        )
        await desk.channel.acknowledge(event, Acknowledgement(note=f"Saved: {value} of 5"))


async def test_a_page_that_gets_in_while_the_server_stops_does_not_hold_it(sqlite_store: Store) -> None:
    desk, asked, stopping = Desk(), asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/stream"):
            asked.set()
            await stopping.wait()
        await desk.app(scope, receive, send)

    port = free_port()
    server = Server(slow, "127.0.0.1", port, {"webchat": desk.channel})  # type: ignore[arg-type]
    serving_ = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        ann = await Visitor(client, identity=visitor_token(HOST_SECRET, ANN, "Ann")).arrive()
        listening = asyncio.create_task(client.get("/chat/webchat/stream", headers=ann.headers))
        await asked.wait()
        server.should_exit = True
        while any(one.is_serving() for one in server.servers):
            await asyncio.sleep(0)
        stopping.set()
        async with asyncio.timeout(GRACE_SECONDS - 1):
            await serving_
        assert (await listening).status_code == 200


class TestTheConversation:
    async def test_a_message_that_is_sent_is_on_the_visitors_screen(self, desk: Desk, ann: Visitor) -> None:
        await desk.write(ANN, "How was <b>Router &amp; cable</b>?", key="invite:1", rows=scores(desk.templates))
        await ann.until("How was")
        assert ann.buttons() == ["1★", "2★", "3★", "4★", "5★"]

    async def test_a_tap_reaches_the_conversation_with_who_where_and_what(self, desk: Desk, ann: Visitor) -> None:
        await desk.write(ANN, "How was it?", key="invite:1", rows=scores(desk.templates))
        await ann.look()
        await ann.tap("2")
        who = Person(ANN, "Ann <3", "de")
        assert desk.heard == [Tapped(who, ANN, ANN, "invite:1", action="r:k3x9w2m7qd:s:overall:2")]

    async def test_an_edited_message_stays_where_it_was_and_shows_its_newest_words(
        self, desk: Desk, ann: Visitor
    ) -> None:
        desk.answer = thank
        await desk.write(ANN, "How was it?", key="invite:1", rows=scores(desk.templates))
        await desk.write(ANN, "By the way", key="note:1")
        await ann.look()
        await ann.tap("4")
        await ann.tap("5")
        await ann.look()
        assert ann.texts() == ["Thanks for 5", "By the way"]

    async def test_what_was_typed_stands_between_the_messages_in_order_of_time(self, desk: Desk, ann: Visitor) -> None:
        await desk.write(ANN, "Hello", key="a")
        desk.pass_time()
        await ann.write("My parcel is late 📦")
        await desk.write(ANN, "We look after it", key="b")
        await ann.look()
        assert ann.texts() == ["Hello", "My parcel is late 📦", "We look after it"]

    async def test_text_and_commands_are_told_apart(self, desk: Desk, ann: Visitor) -> None:
        await ann.write("hello / world")
        await ann.write("/Start  abc def")
        await ann.write("/")
        wrote, command, slash = desk.heard
        assert isinstance(wrote, Wrote)
        assert wrote.text == "hello / world"
        assert isinstance(command, Commanded)
        assert (command.name, command.argument) == ("start", "abc def")
        assert isinstance(slash, Wrote)

    async def test_a_text_that_is_sent_again_is_one_text(self, desk: Desk, ann: Visitor) -> None:
        for _ in range(3):
            await ann.write("Only once", id_="abcdefgh12345678")
        await ann.look()
        assert ann.texts() == ["Only once"]
        assert len(desk.heard) == 1

    async def test_four_thousand_characters_are_kept_whole_and_more_is_refused(self, desk: Desk, ann: Visitor) -> None:
        longest = "很" * 3999 + "!"
        await ann.write(longest)
        with pytest.raises(httpx.HTTPStatusError, match="422"):
            await ann.write(longest + "!")
        await ann.look()
        assert ann.texts() == [longest]

    async def test_nobody_sees_anothers_conversation(self, desk: Desk, client: httpx.AsyncClient, ann: Visitor) -> None:
        await desk.write(ANN, "For Ann alone", key="a")
        await ann.write("From Ann alone")
        for like_ann in (ANN.upper(), ANN[:-1], ANN + "x", "ann_1@example.org", "a"):
            bob = await Visitor(client, identity=visitor_token(HOST_SECRET, like_ann)).arrive()
            assert await bob.look() == []

    async def test_a_page_that_comes_back_is_told_what_changed_since(self, desk: Desk, ann: Visitor) -> None:
        await desk.write(ANN, "Old", key="old")
        desk.pass_time(timedelta(minutes=5))
        await desk.write(ANN, "New", key="new")
        first = (await ann.client.get("/chat/webchat/messages", headers=ann.headers)).json()
        assert [entry["plain"] for entry in first["entries"]] == ["Old", "New"]
        desk.pass_time(timedelta(minutes=5))
        await desk.write(ANN, "Newest", key="newest")
        query = {"after": first["cursor"]}
        again = (await ann.client.get("/chat/webchat/messages", params=query, headers=ann.headers)).json()
        assert [entry["plain"] for entry in again["entries"]][-1] == "Newest"
        assert "Old" not in [entry["plain"] for entry in again["entries"]]


class TestLiveUpdates:
    async def test_a_message_appears_at_once_and_a_note_passes_by(self, store: Store) -> None:
        desk = Desk(thank)
        async with serving(desk.app) as address, httpx.AsyncClient(base_url=address, trust_env=False) as client:
            ann = await Visitor(client, identity=visitor_token(HOST_SECRET, ANN)).arrive()
            async with ann.listening() as events:
                assert await anext(events) == ("entries", [], "")
                await desk.write(ANN, "How was it?", key="invite:1", rows=scores(desk.templates))
                name, entries, reached = await anext(events)
                assert (name, [entry["plain"] for entry in entries]) == ("entries", ["How was it?"])
                await ann.look()
                await ann.tap("5")
                told = {(await anext(events))[0]}
                while not told >= {"note", "entries"}:  # and perhaps a hint that an answer is being written
                    told.add((await anext(events))[0])
            async with ann.listening(reached) as events:
                _, entries, _ = await anext(events)
                assert [entry["plain"] for entry in entries] == ["Thanks for 5"]

    async def test_what_another_process_sent_is_found_without_a_nudge(self, store: Store) -> None:
        desk, elsewhere = Desk(), Desk()
        async with serving(desk.app) as address, httpx.AsyncClient(base_url=address, trust_env=False) as client:
            ann = await Visitor(client, identity=visitor_token(HOST_SECRET, ANN)).arrive()
            async with ann.listening() as events:
                await anext(events)
                await elsewhere.write(ANN, "From another process", key="x")
                _, entries, _ = await anext(events)
                assert [entry["plain"] for entry in entries] == ["From another process"]

    async def test_proxies_are_asked_not_to_hold_it_back_and_a_stop_ends_it(self, store: Store) -> None:
        desk = Desk()
        async with serving(desk.app) as address, httpx.AsyncClient(base_url=address, trust_env=False) as client:
            ann = await Visitor(client).arrive()
            async with client.stream("GET", "/chat/webchat/stream", headers=ann.headers) as answer:
                assert answer.headers["x-accel-buffering"] == "no"
                assert "no-transform" in answer.headers["cache-control"]
                assert answer.headers["content-type"].startswith("text/event-stream")
                lines = answer.aiter_lines()
                await anext(lines)
                chat.let_go({"webchat": desk.channel})
                assert [line async for line in lines]

    async def test_one_visitor_cannot_open_streams_without_end(self, desk: Desk, ann: Visitor) -> None:
        ears = [desk.channel.hub.listen(ANN) for _ in range(10)]
        for ear in ears:
            ear.__enter__()
        answer = await ann.client.get("/chat/webchat/stream", headers=ann.headers)
        assert answer.status_code == 429
        for ear in ears:
            ear.__exit__(None, None, None)
        assert desk.channel.hub.listeners(ANN) == 0


class TestWhoIsWriting:
    async def test_a_stranger_gets_a_name_that_nobody_guesses_and_keeps_it(self, client: httpx.AsyncClient) -> None:
        visitor = await Visitor(client).arrive()
        first = visitor.id
        assert first.startswith("w_")
        assert len(first) == 34
        assert (await visitor.arrive()).id == first
        assert (await Visitor(client).arrive()).id != first

    async def test_whoever_the_host_no_longer_vouches_for_becomes_a_stranger(self, client: httpx.AsyncClient) -> None:
        ann = await Visitor(client, identity=visitor_token(HOST_SECRET, ANN)).arrive()
        assert ann.id == ANN
        ann.identity = ""
        assert (await ann.arrive()).id.startswith("w_")

    async def test_a_known_visitor_has_the_name_and_language_that_the_host_gave(self, desk: Desk, ann: Visitor) -> None:
        await ann.write("hi")
        assert desk.heard[0].person == Person(ANN, "Ann <3", "de")

    async def test_a_token_ends_in_time(self, desk: Desk, client: httpx.AsyncClient) -> None:
        stranger = await Visitor(client).arrive()
        known = await Visitor(client, identity=visitor_token(HOST_SECRET, ANN)).arrive()
        desk.pass_time(timedelta(days=8))
        await stranger.look()
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            await known.look()
        desk.pass_time(timedelta(days=173))
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            await stranger.look()

    async def test_a_token_of_another_chat_or_a_changed_one_opens_nothing(
        self, client: httpx.AsyncClient, ann: Visitor
    ) -> None:
        genuine = ann.token
        forged = [
            genuine[:at] + ("A" if genuine[at] != "A" else "B") + genuine[at + 1 :] for at in range(len(genuine) - 1)
        ]
        for token in ["", "é", "a" * 10_000, genuine[:-1], genuine + "A", genuine.upper(), *forged]:
            answer = await client.get("/chat/webchat/messages", headers={"Authorization": f"Bearer {token}".encode()})
            assert answer.status_code == 401, token

    async def test_a_host_token_that_is_not_genuine_is_refused(self, client: httpx.AsyncClient) -> None:
        for token in ("x", visitor_token("another secret that has 32 bytes..", ANN), "a.b.c", "." * 100):
            answer = await client.post("/chat/webchat/session", json={"identity": token})
            assert answer.status_code == 403

    async def test_without_a_shared_secret_nobody_can_be_vouched_for(self, store: Store) -> None:
        async with calling(Desk(identity_secret=None)) as client:
            answer = await client.post("/chat/webchat/session", json={"identity": visitor_token("", ANN)})
        assert answer.status_code == 403


class TestHostTokens:
    def signed(self, header: object, claims: object, secret: str = HOST_SECRET) -> str:
        parts = ".".join(_b64(json.dumps(part).encode()) for part in (header, claims))
        return f"{parts}.{_b64(hmac.digest(secret.encode(), parts.encode(), 'sha256'))}"

    def test_any_library_for_json_web_tokens_can_write_one(self) -> None:
        token = self.signed({"alg": "HS256"}, {"sub": "c-1", "name": "Ann\n<3", "locale": "pt-BR", "iat": 1})
        assert read_visitor_token(HOST_SECRET, token, now=START) == Person("c-1", "Ann <3", "pt-BR")

    def test_what_it_is_signed_with_is_not_for_the_token_to_say(self) -> None:
        for algorithm in ("none", "HS512", "RS256", None, 5):
            token = self.signed({"alg": algorithm}, {"sub": "c-1"})
            assert read_visitor_token(HOST_SECRET, token, now=START) is None

    def test_nobody_strange_is_named(self) -> None:
        for who in ("", "a:b", "a b", "a" * 121, "é", 7, None, ["x"]):
            assert read_visitor_token(HOST_SECRET, self.signed({"alg": "HS256"}, {"sub": who}), now=START) is None
        for claims in ([], 5, None, "sub"):
            assert read_visitor_token(HOST_SECRET, self.signed({"alg": "HS256"}, claims), now=START) is None

    def test_it_holds_until_it_ends_and_a_minute_for_slow_clocks(self) -> None:
        token = visitor_token(HOST_SECRET, "c-1", expires_at=START)
        assert read_visitor_token(HOST_SECRET, token, now=START + timedelta(seconds=60))
        assert read_visitor_token(HOST_SECRET, token, now=START + timedelta(seconds=61)) is None
        for end in ("soon", -1, 1e300, True):
            strange = self.signed({"alg": "HS256"}, {"sub": "c-1", "exp": end})
            assert read_visitor_token(HOST_SECRET, strange, now=START) is None

    def test_every_changed_letter_is_noticed(self) -> None:
        token = visitor_token(HOST_SECRET, "c-1", "Ann", "en")
        for at, letter in enumerate(token):
            changed = token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]
            assert read_visitor_token(HOST_SECRET, changed, now=START) is None


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TestBadInput:
    async def test_garbage_is_refused_in_clear_words_and_nothing_is_kept(self, desk: Desk, ann: Visitor) -> None:
        bodies = {
            "text": [
                b"", b"{", b"[]", b"null", b'{"id":"abcdefgh"}', b'{"id":"abcdefgh","text":""}', b"\xff\xfe",
                b'{"id":"abcdefgh","text":" \\u0000 "}', b'{"id":"abcdefgh","text":"\\ud800"}', b"[" * 5000,
                b'{"id":"abcdefgh","text":1}', b'{"id":"short","text":"hi"}', b'{"id":"ABCDEFGH","text":"hi"}',
                b'{"id":"abcdefgh\\n","text":"hi"}', b'{"id":"abcdefgh","text":"hi","visitor":"bob"}', b'{"id":NaN}',
            ],
            "tap": [
                b"{}", b'{"action":""}', b'{"action":"a b"}', b'{"action":"' + b"a" * 61 + b'"}', b'{"action":"\xc3"}',
                b'{"action":"a","receipt":5}', b'{"action":"a","id":"x"}', b'{"action":"a","to":"b"}',
                b'{"action":"a","receipt":"invite:1\\u0000"}',
            ],
            "session": [b"[]", b'{"identity":5}', b'{"locale":"../x"}', b'{"visitor":"w_1"}'],
        }  # fmt: skip
        headers = {**ann.headers, "Content-Type": "application/json"}
        for path, all_ in bodies.items():
            for body in all_:
                answer = await ann.client.post(f"/chat/webchat/{path}", content=body, headers=headers)
                assert answer.status_code == 422, (path, body, answer.text)
                assert answer.json()["error"]["message"]
        assert await Arrival.all().count() == 0

    async def test_only_json_is_read_so_no_other_site_can_post_by_a_form(self, ann: Visitor) -> None:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            body = json.dumps(TEXT).encode()
            headers = {**ann.headers, "Content-Type": kind}
            assert (await ann.client.post("/chat/webchat/text", content=body, headers=headers)).status_code == 415

    async def test_a_body_of_fifty_megabytes_is_refused_before_it_is_read(self, ann: Visitor) -> None:
        headers = {**ann.headers, "Content-Type": "application/json", "Content-Length": "50000000"}
        answer = await ann.client.post("/chat/webchat/text", content=b"x" * 100_000, headers=headers)
        assert answer.status_code == 413

    async def test_without_a_token_nothing_is_open(self, client: httpx.AsyncClient) -> None:
        for method, path in (("GET", "messages"), ("GET", "stream"), ("POST", "text"), ("POST", "tap")):
            answer = await client.request(method, f"/chat/webchat/{path}", json=TEXT)
            assert answer.status_code == 401

    async def test_a_chat_that_does_not_exist_is_not_found(self, client: httpx.AsyncClient) -> None:
        for path in ("/chat/nobody.js", "/chat/nobody/", "/chat/nobody/messages", "/chat/webchat/assets/1/chat.py"):
            assert (await client.get(path)).status_code == 404

    async def test_a_strange_place_to_go_on_from_is_the_beginning(self, desk: Desk, ann: Visitor) -> None:
        await desk.write(ANN, "Hello", key="a")
        for after in ("x", "2026-11-22", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00", "1" * 500):
            answer = await ann.client.get("/chat/webchat/messages", params={"after": after}, headers=ann.headers)
            assert [entry["plain"] for entry in answer.json()["entries"]] == ["Hello"]

    async def test_a_flood_of_one_visitor_is_slowed_down_and_no_one_elses(
        self, desk: Desk, client: httpx.AsyncClient, ann: Visitor
    ) -> None:
        answers = [
            await client.post("/chat/webchat/tap", json={"action": "r:x:s:overall:1"}, headers=ann.headers)
            for _ in range(60)
        ]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert 10 < len(refused) < 25
        assert int(refused[0].headers["retry-after"]) >= 1
        bob = await Visitor(client).arrive()
        await bob.write("still here")


class TestThePages:
    async def test_the_frame_allows_no_script_or_style_but_its_own_files(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/chat/webchat/")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'" in policy
        assert "unsafe" not in policy
        page = _Links()
        page.feed(answer.text)
        assert page.inline == []
        assert page.links
        for link in page.links:
            found = await client.get(f"/chat/webchat/{link}")
            assert found.status_code == 200
            assert found.headers["x-content-type-options"] == "nosniff"

    async def test_only_the_named_sites_may_show_the_frame(self, store: Store) -> None:
        async with calling(Desk(allowed_origins=["https://shop.example.org"])) as client:
            policy = (await client.get("/chat/webchat/")).headers["content-security-policy"]
        assert policy.endswith("frame-ancestors 'self' https://shop.example.org")

    async def test_any_site_may_load_the_script_and_none_may_read_the_rest(self, client: httpx.AsyncClient) -> None:
        script = await client.get("/chat/webchat.js", headers={"Origin": "https://elsewhere.example"})
        assert script.headers["cross-origin-resource-policy"] == "cross-origin"
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        messages = await client.options("/chat/webchat/messages", headers={"Origin": "https://elsewhere.example"})
        assert messages.status_code == 405
        assert "access-control-allow-origin" not in messages.headers

    async def test_the_words_are_in_the_visitors_language(self, client: httpx.AsyncClient) -> None:
        chinese = await client.get("/chat/webchat/?lang=zh-CN")
        assert 'lang="zh-Hans"' in chinese.text
        english = await client.get("/chat/webchat/", headers={"Accept-Language": "en-GB,en;q=0.8"})
        assert "Write a message…" in english.text
        assert "Write a message…" not in chinese.text

    async def test_a_title_is_shown_as_it_is(self, store: Store) -> None:
        async with calling(Desk(title="<script>\"Hi\" & 'bye'")) as client:
            page = (await client.get("/chat/webchat/")).text
        assert "<script>&#34;" not in page
        assert "&lt;script&gt;&#34;Hi&#34; &amp; &#39;bye&#39;" in page

    async def test_files_can_be_kept_for_ever_only_under_their_own_version(self, client: httpx.AsyncClient) -> None:
        old = await client.get("/chat/webchat/assets/000000000000/frame.js")
        assert old.headers["cache-control"] == "no-store"

    def test_words_can_be_read_on_any_accent(self) -> None:
        assert ink_on("#2f5bd8") == "#ffffff"
        assert ink_on("#ffd400") == "#111318"
        assert ink_on("#000000") == "#ffffff"

    def test_every_route_says_why_it_is_public(self, desk_routes: list[str]) -> None:
        assert sorted(desk_routes) == sorted(chat.PUBLIC)


@pytest.fixture
async def desk_routes(desk: Desk) -> list[str]:
    routes = [route for route in desk.app.routes if str(getattr(route, "path", "")).startswith("/chat")]
    policies.check(routes, chat.PUBLIC)
    return [str(getattr(route, "path", "")) for route in routes]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name in ("src", "href") if (value := given.get(name))]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)


class TestTheChannel:
    async def test_an_address_that_no_visitor_can_have_is_dead(self) -> None:
        channel = WebchatChannel("webchat", WebchatSettings(kind="webchat"), base_url="https://x.example")
        for target in ("", "a b", "x:y", "é"):
            with pytest.raises(Undeliverable) as caught:
                await channel.send(target, message("k", "Hi"))
            assert caught.value.dead_address

    async def test_it_has_no_hook(self) -> None:
        channel = WebchatChannel("webchat", WebchatSettings(kind="webchat"), base_url="https://x.example")
        with pytest.raises(Refused) as caught:
            channel.accept({}, b"", START)
        assert caught.value.status == 404

    async def test_what_is_not_ours_goes_to_quarantine(self) -> None:
        channel = WebchatChannel("webchat", WebchatSettings(kind="webchat"), base_url="https://x.example")
        for body in (
            b"",
            b"[]",
            b"{}",
            b'{"visitor":"x"}',
            b'{"visitor":5,"text":"x"}',
            b'{"text":"x"}',
            b"\xff",
            b"[",
        ):
            with pytest.raises(ValueError):
                await channel.read(body)

    async def test_the_check_says_how_to_embed_it_or_what_is_in_the_way(self) -> None:
        settings = WebchatSettings(kind="webchat")
        good = await WebchatChannel("help", settings, base_url="https://x.example").check()
        assert good[0].ok
        assert '<script src="https://x.example/chat/help.js" async></script>' in good[0].what
        bad = await WebchatChannel("help", settings, base_url="http://x.example").check()
        assert not bad[0].ok
        assert "https" in bad[0].remedy

    def test_a_wrong_setting_is_named(self) -> None:
        for wrong in (
            {"accent": "red"},
            {"allowed_origins": ["https://x.example/path"]},
            {"allowed_origins": ["'unsafe-inline'"]},
            {"identity_secret": "short"},
            {"titel": "x"},
        ):
            with pytest.raises(ValidationError, match=next(iter(wrong))):
                WebchatSettings.model_validate({"kind": "webchat", **wrong})

    def test_the_identity_secret_is_not_shown(self) -> None:
        settings = WebchatSettings.model_validate({"kind": "webchat", "identity_secret": HOST_SECRET})
        assert HOST_SECRET not in repr(settings)


def test_hashing_is_what_the_documentation_says() -> None:
    """The recipe for hosts without a library: base64url(header).base64url(claims), signed with HMAC-SHA256."""
    parts = ".".join((_b64(b'{"alg":"HS256","typ":"JWT"}'), _b64(b'{"sub":"c-1","name":"","locale":""}')))
    mac = hmac.new(HOST_SECRET.encode(), parts.encode(), hashlib.sha256).digest()
    assert visitor_token(HOST_SECRET, "c-1") == f"{parts}.{_b64(mac)}"

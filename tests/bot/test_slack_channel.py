"""The Slack channel against a stand-in Slack: what people see, what we hear, and what no stranger can do."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import slack_sdk.errors
from aiohttp import (
    ClientConnectionError,
    ClientPayloadError,
    ClientSSLError,
    ServerDisconnectedError,
    ServerTimeoutError,
    web,
)
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from slack_sdk.errors import SlackApiError, SlackObjectFormationError, SlackRequestError

from bot.channels.slack import drawing, errors
from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.errors import MEANINGS, Meaning
from bot.channels.slack.settings import SlackSettings
from core.ports import (
    Acknowledgement,
    Button,
    Channel,
    Commanded,
    Fact,
    FieldKind,
    Form,
    FormField,
    Heard,
    Message,
    Option,
    Person,
    RawArrival,
    Receipt,
    Refused,
    Submitted,
    Take,
    Tapped,
    Tone,
    TryLater,
    Undeliverable,
    Wrote,
)
from tests.rigs import slack_blocks
from tests.rigs.slack import SlackRig

ANN, LI, EVE = "U0ANN", "U0LI", "U0EVE"
ALERTS = "C0ALERTS"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

STARS = tuple(Button("★" * score, f"r:k3x9:s:overall:{score}", hint=f"{score} of 5") for score in range(1, 6))
INVITE = Message("invite:17", "invite", "How was *Router &amp; cable*?", "How was Router & cable?", rows=(STARS,))
FORM = Form(
    action="r:k3x9:form",
    title="Tell us more about the whole of it",
    submit="Send",
    cancel="Not now",
    intro="Two more questions",
    fields=(
        FormField("speed", "How fast were we?", FieldKind.CHOICE, (Option("1", "slow"), Option("5", "fast"))),
        FormField("reasons", "What was it?", FieldKind.MANY, (Option("rude", "unfriendly"), Option("late", "late"))),
        FormField("comment", "In your words", FieldKind.TEXT, values=("It was <late>",), max_length=4000),
    ),
)


class Desk:
    """The rest of Afterword, as far as a channel sees it: takes arrivals in, once each, and reads them."""

    def __init__(self, channel: SlackChannel) -> None:
        self.channel = channel
        self.arrivals: dict[str, RawArrival] = {}
        self.heard: list[Heard] = []
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def take(self, arrivals: Sequence[RawArrival]) -> None:
        for arrival in arrivals:
            if self.arrivals.setdefault(arrival.external_id, arrival) is arrival:
                self.heard += await self.channel.read(arrival.body)

    async def hook(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            accepted = self.channel.accept(headers, await request.read(), self.now())
        except Refused as refused:
            return web.Response(status=refused.status)
        await self.take(accepted.arrivals)
        return web.Response(status=accepted.status, body=accepted.body)


@contextlib.asynccontextmanager
async def opened(rig: SlackRig, **given: Any) -> AsyncIterator[SlackChannel]:
    ours: dict[str, Any] = {"mode": "http", "bot_token": rig.bot_token, "signing_secret": rig.signing_secret}
    channel = SlackChannel("slack", SlackSettings(**ours | {"api_base": rig.url} | given), base_url="http://us")
    await channel.open()
    try:
        yield channel
    finally:
        await channel.close()


@pytest.fixture
async def rig() -> AsyncIterator[SlackRig]:
    async with SlackRig() as made:
        made.person(ANN, name="Ann <3", email="ann@example.org")
        made.person(LI, name="Li", email="li@example.org")
        made.person(EVE, name="Eve", team="T0ELSEWHERE")
        yield made


@pytest.fixture
async def slack(rig: SlackRig) -> AsyncIterator[SlackChannel]:
    async with opened(rig) as channel:
        yield channel


@pytest.fixture
async def desk(rig: SlackRig, slack: SlackChannel) -> AsyncIterator[Desk]:
    made = Desk(slack)
    app = web.Application()
    app.router.add_post("/hooks/slack", made.hook)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    rig.hook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/slack"
    yield made
    await runner.cleanup()


def an_alert(**given: Any) -> Message:
    ours: dict[str, Any] = {
        "key": "alert:1",
        "kind": "alert",
        "text": "*2 of 5* – ticket 17",
        "plain": "2 of 5, ticket 17",
    }
    return Message(**ours | given)


# ---------------------------------------------------------------- what people see


async def test_ann_gets_five_stars_in_her_direct_messages(rig: SlackRig, slack: SlackChannel) -> None:
    receipt = await slack.send(ANN, INVITE)
    assert rig.screen(ANN) == ["How was *Router & cable*?\n[★] [★★] [★★★] [★★★★] [★★★★★]"]
    posted = rig.messages["D0ANN", receipt.ref.partition(":")[2]]
    assert receipt.ref.startswith("D0ANN:")
    assert posted.text == "How was Router &amp; cable?"
    assert posted.arguments["metadata"]["event_payload"] == {"key": "invite:17", "kind": "invite"}
    assert posted.buttons[0]["accessibility_label"] == "1 of 5"
    assert posted.buttons[3]["action_id"] == "r:k3x9:s:overall:4"


async def test_a_mail_address_is_looked_up_once(rig: SlackRig, slack: SlackChannel) -> None:
    await slack.send("ann@example.org", INVITE)
    await slack.send("ann@example.org", INVITE)
    methods = [method for method, _ in rig.calls]
    assert methods == ["users.lookupByEmail", "conversations.open", "chat.postMessage", "chat.postMessage"]
    assert len(rig.screen(ANN)) == 2


async def test_a_place_that_is_gone_is_looked_up_anew(rig: SlackRig, slack: SlackChannel) -> None:
    await slack.send(ANN, INVITE)
    rig.channels.pop("D0ANN")
    with pytest.raises(Undeliverable, match="channel_not_found"):
        await slack.send(ANN, INVITE)
    await slack.send(ANN, INVITE)
    assert len(rig.screen(ANN)) == 2


async def test_an_answer_stands_under_the_alert_and_not_under_one_elsewhere(rig: SlackRig, slack: SlackChannel) -> None:
    root = await slack.send(ALERTS, an_alert())
    await slack.send(ALERTS, an_alert(text="Li took it", thread=root.ref))
    await slack.send(ALERTS, an_alert(text="elsewhere", thread="C0OTHER:1.2"))
    assert rig.thread(ALERTS, root.ref) == ["Li took it"]
    assert rig.screen(ALERTS) == ["*2 of 5* – ticket 17", "elsewhere"]


async def test_a_message_is_redrawn_in_place(rig: SlackRig, slack: SlackChannel) -> None:
    receipt = await slack.send(ALERTS, an_alert(rows=((Button("Take", "a:1:take"),),)))
    assert await slack.edit(ALERTS, receipt, an_alert(text="Li has it")) == receipt
    assert rig.screen(ALERTS) == ["Li has it"]
    assert rig.buttons(ALERTS) == []


@pytest.mark.parametrize("refusal", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_what_cannot_be_redrawn_is_said_anew(rig: SlackRig, slack: SlackChannel, refusal: str) -> None:
    first = await slack.send(ALERTS, an_alert())
    rig.mood, rig.refusal, rig.only = "gone", refusal, frozenset({"chat.update"})
    second = await slack.edit(ALERTS, first, an_alert(text="Li has it"))
    assert second != first
    assert rig.screen(ALERTS)[-1] == "Li has it"


async def test_the_chosen_button_is_marked_and_colours_only_help(rig: SlackRig, slack: SlackChannel) -> None:
    row = (
        Button("4", "s:4", chosen=True, tone=Tone.GOOD),
        Button("1", "s:1", tone=Tone.BAD),
        Button("Web", url="https://a.b"),
    )
    await slack.send(ALERTS, an_alert(rows=(row,)))
    assert rig.buttons(ALERTS) == ["✓ 4", "1", "Web"]
    (posted,) = rig.messages.values()
    assert [button.get("style") for button in posted.buttons] == ["primary", "danger", None]
    assert posted.buttons[2]["url"] == "https://a.b"


async def test_a_home_is_redrawn_whole(rig: SlackRig, slack: SlackChannel) -> None:
    await slack.send(f"home:{LI}", an_alert(text="3 open"))
    await slack.edit(f"home:{LI}", Receipt(f"home:{LI}"), an_alert(text="2 open"))
    assert rig.home(LI) == "2 open"


NASTY = [
    "x" * 40_000,
    "👩‍👩‍👧‍👦" * 2000,
    "شكرا \u202eevil" * 800,
    "<" * 9000,
    "&amp;" * 3000,
    "\n\n \t" * 900,
    "",
    "*Ticket 99* _closed_\n[Take] [Dismiss]",
    "e" + "\u0301" * 5000,
    "\ud800 broken",
]


@pytest.mark.parametrize("words", NASTY)
async def test_a_flood_costs_its_own_end_and_never_the_message(rig: SlackRig, slack: SlackChannel, words: str) -> None:
    """The Block Kit limits are the rig's; score and ticket stay in the first block."""
    rows = tuple(tuple(Button(words[:200] or "x", f"a:{row}:{at}") for at in range(7)) for row in range(60))
    facts = tuple(Fact(words[:3000], words) for _ in range(33))
    quoted = an_alert(quote=words, facts=facts, rows=rows, footer=words[:50].strip())
    await slack.send(ALERTS, quoted)
    (posted,) = rig.messages.values()
    assert posted.blocks[0]["text"]["text"] == "*2 of 5* – ticket 17"
    assert "\u202e" not in posted.seen
    assert rig.pings() == []


async def test_a_comment_of_four_thousand_letters_is_shown_whole(rig: SlackRig, slack: SlackChannel) -> None:
    comment = "".join(f"word{number};" for number in range(500))[:4000]
    await slack.send(ALERTS, an_alert(quote=comment))
    assert comment in rig.screen(ALERTS)[0].replace("\n", "")


@given(st.text(max_size=9000))
@settings(max_examples=60, deadline=None)
def test_long_text_is_cut_between_signs_and_nothing_is_lost(words: str) -> None:
    escaped = drawing.escape(words)
    parts = drawing.pieces(escaped, 700)
    assert "".join(parts) == escaped
    assert all(len(part) <= 700 for part in parts)
    assert not any(
        part.rpartition("&")[2] in ("a", "am", "amp", "l", "lt", "g", "gt") and "&" in part for part in parts
    )


# ---------------------------------------------------------------- SEC-05: nobody's words call anybody

PINGS = [
    "<!channel>", "<!here>", "<!everyone>", "<!here|here>", "<!channel|x>", "<!subteam^S012|@ops>", "<!subteam^S012>",
    "<@U0LI>", "<@U0LI|li>", "<@W0LI>", "<#C0ALERTS>", "<#C0ALERTS|alerts>", "<http://evil|Open ticket>",
    "<https://evil.example>", "<mailto:a@evil|Li>", "<!date^1392734382^{date}|x>", "@channel", "@here", "@everyone",
    "&lt;!channel&gt;", "&amp;lt;!channel&gt;", "<<!channel>>", "<!chan\u0000nel>", "<\u200b!channel>", "\u202e<!here>",
    "<!channel\n>", "`<!channel>`", "```<!channel>```", "> <!channel>", "*<!channel>*",
]  # fmt: skip


@pytest.mark.parametrize("words", PINGS)
async def test_no_customer_can_call_a_channel_together(rig: SlackRig, slack: SlackChannel, words: str) -> None:
    facts = (Fact("Customer", words), Fact(words, "17"))
    row = (Button(words, "a:1", hint=words),)
    message = an_alert(plain=f"2 of 5: {words}", quote=words, facts=facts, rows=(row,), footer=words)
    receipt = await slack.send(ALERTS, message)
    await slack.edit(ALERTS, receipt, message)
    await slack.send(f"home:{LI}", message)
    await slack.acknowledge(Tapped(_person(ANN), ALERTS), Acknowledgement(note=words))
    assert len(rig.whispers) == 1
    assert (rig.pings(), rig.links()) == ([], [])
    assert rig.messages[ALERTS, receipt.ref.partition(":")[2]].arguments["link_names"] is False


async def test_the_rig_would_see_a_ping(rig: SlackRig, slack: SlackChannel) -> None:
    """Our own text is mark-up: what passes there unescaped is seen, so the tests above prove something."""
    await slack.send(ALERTS, an_alert(text="<!channel> <@U0LI> <http://evil|Open ticket>"))
    assert rig.pings() == ["!channel", "@U0LI"]
    assert rig.links() == ["http://evil|Open ticket"]


@given(st.text(st.sampled_from("<>&!@#|^`*_~ \nUaltgm;"), max_size=400) | st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_stands_as_plain_text(words: str) -> None:
    message = an_alert(quote=words, facts=(Fact(words, words),), rows=((Button(words, "a:1", hint=words),),))
    blocks = drawing.blocks(message)
    assert list(slack_blocks.block_problems(blocks)) == []
    for text in slack_blocks.texts(blocks):
        if text["type"] == "mrkdwn":
            assert text["verbatim"] is True
            assert "<" not in text["text"]
            assert ">" not in text["text"]
            assert text["text"].count("\n") <= 1
    assert "<" not in drawing.drawn(an_alert(plain=words))["text"]


# ---------------------------------------------------------------- what goes wrong at Slack


@pytest.mark.parametrize(("refusal", "meaning"), MEANINGS.items())
async def test_each_refusal_says_what_to_do_next(
    rig: SlackRig, slack: SlackChannel, refusal: str, meaning: Meaning
) -> None:
    rig.mood, rig.refusal = "gone", refusal
    later, bug = meaning in (Meaning.SLOW_DOWN, Meaning.LATER), meaning is Meaning.BUG
    expected: type[Exception] = SlackApiError if bug else TryLater if later else Undeliverable
    with pytest.raises(expected, match=refusal) as caught:
        await slack.send(ALERTS, an_alert())
    whole = meaning is Meaning.SLOW_DOWN or refusal in errors._OF_THE_APP
    assert getattr(caught.value, "whole_channel", False) is whole
    assert getattr(caught.value, "dead_address", False) is (meaning is Meaning.DEAD_ADDRESS)


def test_who_is_to_blame_is_as_agreed() -> None:
    """The table of the reliability page, written down a second time."""
    ours = "channel_not_found is_archived not_in_channel restricted_action account_inactive invalid_auth token_revoked"
    ours += " token_expired missing_scope org_login_required"
    dead = "user_not_found users_not_found cannot_dm_bot user_disabled messages_tab_disabled"
    later = "internal_error fatal_error service_unavailable request_timeout"
    assert {MEANINGS[name] for name in ours.split()} == {Meaning.OUR_SETUP}
    assert {MEANINGS[name] for name in dead.split()} == {Meaning.DEAD_ADDRESS}
    assert {MEANINGS[name] for name in later.split()} == {Meaning.LATER}
    assert MEANINGS["ratelimited"] is Meaning.SLOW_DOWN


ROWS: dict[str, tuple[Exception, type[Exception] | None]] = {
    "connection": (ClientConnectionError("xoxb-1"), TryLater),
    "certificate": (ClientSSLError(ConnectionKey("slack.com", 443, True, True, None, None, None), OSError()), TryLater),
    "half an answer": (ClientPayloadError("xoxb-1"), TryLater),
    "hung up": (ServerDisconnectedError("xoxb-1"), TryLater),
    "too slow": (TimeoutError(), TryLater),
    "too slow for aiohttp": (ServerTimeoutError("xoxb-1"), TryLater),
    "network": (OSError(113, "No route to host"), TryLater),
    "not UTF-8": (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), TryLater),
    "a list": (AttributeError("'list' object has no attribute 'get'"), TryLater),
    "too deep": (RecursionError(), TryLater),
    "upload 500": (SlackRequestError("Failed to upload a file (status: 500, body: xoxb-1, filename: x)"), TryLater),
    "upload 429": (SlackRequestError("Failed to upload a file (status: 429, body: xoxb-1, filename: x)"), TryLater),
    "upload 413": (
        SlackRequestError("Failed to upload a file (status: 413, body: xoxb-1, filename: x)"),
        Undeliverable,
    ),
    "our arguments": (SlackRequestError("Any of file, content, and file_uploads must be specified."), None),
    "our types": (TypeError("an unexpected keyword"), None),
    "our values": (ValueError("a bad value"), None),
    "our blocks": (SlackObjectFormationError("text must be shorter"), None),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_the_libraries_raise_says_what_to_do_next(row: str) -> None:
    raised, expected = ROWS[row]
    known = errors.translated(raised)
    assert type(known) is (expected or type(None))
    assert "xoxb-1" not in str(known)
    assert not getattr(known, "dead_address", False)


def test_every_failure_of_slacks_library_has_a_row() -> None:
    """Those it may raise from a call; the rest belongs to its socket, its token rotation and its configuration."""
    elsewhere = {"SlackClientNotConnectedError", "SlackTokenRotationError", "SlackClientConfigurationError"}
    elsewhere |= {"SlackClientError", "BotUserAccessError"}
    known = {type(raised).__name__ for raised, _ in ROWS.values()} | {"SlackApiError"}
    raised = {name for name, one in vars(slack_sdk.errors).items() if isinstance(one, type) and name[0] != "_"}
    assert raised <= known | elsewhere


def test_no_refusal_has_two_meanings() -> None:
    assert len(MEANINGS) == sum(len(names.split()) for names in errors._CODES.values())


@pytest.mark.parametrize("headers", ["Retry-After: 7\r\n", "retry-after: 7\r\n", ""])
@pytest.mark.parametrize("body", [b"<html>", b'{"ok":false,"error":"ratelimited"}', b'{"ok":false}', b""])
async def test_too_many_is_too_many_whatever_it_is_wrapped_in(rig: SlackRig, headers: str, body: bytes) -> None:
    kind = "application/json" if body.startswith(b"{") else "text/html"
    head = f"HTTP/1.1 429 Slow\r\nContent-Type: {kind}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"

    async def answer_so(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_so, "127.0.0.1", 0)
    async with server, opened(rig, api_base=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api") as channel:
        with pytest.raises(TryLater) as caught:
            await channel.send(ALERTS, an_alert())
    assert caught.value.whole_channel
    assert caught.value.after == (timedelta(seconds=7) if headers else None)


async def test_a_refused_lookup_holds_up_that_message_alone(rig: SlackRig, slack: SlackChannel) -> None:
    rig.person("U0ANN", email="ann@example.org")
    rig.mood, rig.retry_after, rig.only = "busy", "30", frozenset({"conversations.open"})
    with pytest.raises(TryLater) as caught:
        await slack.send("ann@example.org", an_alert())
    assert (caught.value.after, caught.value.whole_channel) == (timedelta(seconds=30), False)
    assert caught.value.not_yet
    assert (await slack.send(ALERTS, an_alert())).ref


async def test_an_alert_for_one_person_is_not_behind_all_the_invites(rig: SlackRig, slack: SlackChannel) -> None:
    rig.lookups = (50, 25)
    people = [rig.person(f"U0NEW{number:02}").id for number in range(30)]
    held_up = [user for user in people if not await _arrives(slack, user)]
    assert held_up == people[20:]
    assert (await slack.send(LI, an_alert())).ref
    assert rig.too_many == 0


async def _arrives(slack: SlackChannel, user: str) -> bool:
    try:
        return bool(await slack.send(user, INVITE))
    except TryLater as later:
        return not later.not_yet


@pytest.mark.parametrize(("told", "after"), [("7", 7), ("3600", 3600), (None, None), ("soon", None), ("-5", None)])
async def test_a_busy_slack_is_left_alone_for_as_long_as_it_says(
    rig: SlackRig, slack: SlackChannel, told: str | None, after: int | None
) -> None:
    rig.mood, rig.retry_after = "busy", told
    with pytest.raises(TryLater) as caught:
        await slack.send(ALERTS, an_alert())
    assert caught.value.after == (None if after is None else timedelta(seconds=after))
    assert caught.value.whole_channel
    assert len(rig.calls) == 1


@pytest.mark.parametrize("mood", ["broken", "garbled", "silent", "lost"])
async def test_a_slack_that_is_down_is_tried_later_and_once(rig: SlackRig, slack: SlackChannel, mood: Any) -> None:
    await slack.close()
    slack.timeout = timedelta(seconds=0.2)
    await slack.open()
    rig.mood = mood
    with pytest.raises(TryLater, match="no proper answer"):
        await slack.send(ALERTS, an_alert())
    assert len(rig.calls) == 1
    assert len(rig.screen(ALERTS)) == (1 if mood == "lost" else 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{\"o\xff",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{\"ok\"",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"ok\"",
        b"HTTP/1.1 503 Down\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ndown",
        b"HTTP/1.1 502 Bad\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"error\":\"odd\"}"[:-1],
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n" + b"[" * 99_999,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nnull",
        b"garbage\r\n\r\n",
        b"",
    ],
)  # fmt: skip
async def test_an_answer_that_is_not_slacks_is_no_bug_of_ours(rig: SlackRig, answer: bytes) -> None:
    """What proxies, captive portals and half an outage send. It may have been posted, so it is not sent twice."""
    calls = []

    async def answer_so(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_so, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, opened(rig, api_base=f"http://127.0.0.1:{port}/api") as channel:
        with pytest.raises(TryLater) as caught:
            await channel.send(ALERTS, an_alert())
        assert rig.bot_token not in str(caught.value)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("method", "perhaps"), [("chat.postMessage", True), ("conversations.open", False), ("users.lookupByEmail", False)]
)
async def test_only_a_post_without_an_answer_may_be_there_already(
    rig: SlackRig, slack: SlackChannel, method: str, perhaps: bool
) -> None:
    await slack.close()
    slack.timeout = timedelta(seconds=0.2)
    await slack.open()
    rig.mood, rig.only = "lost", frozenset({method})
    with pytest.raises(TryLater) as caught:
        await slack.send("ann@example.org", INVITE)
    assert caught.value.perhaps_sent is perhaps


async def test_nobody_is_called_dead_for_our_own_mistake(rig: SlackRig, slack: SlackChannel) -> None:
    rig.mood, rig.refusal = "gone", "invalid_blocks"
    with pytest.raises(SlackApiError) as caught:
        await slack.send(ALERTS, an_alert())
    assert rig.bot_token not in str(caught.value)


async def test_an_unknown_mail_address_is_a_dead_one(slack: SlackChannel) -> None:
    with pytest.raises(Undeliverable, match="users_not_found") as caught:
        await slack.send("nobody@example.org", INVITE)
    assert caught.value.dead_address


# ---------------------------------------------------------------- what strangers try (SEC-34)


def _call(
    rig: SlackRig, body: bytes = b'{"type":"event_callback","event_id":"Ev1"}', **signed: Any
) -> tuple[dict[str, str], bytes]:
    return rig.signed(body, at=signed.pop("at", NOW.timestamp()), **signed), body


DEFECTS: dict[str, Callable[[SlackRig], tuple[dict[str, str], bytes]]] = {
    "no headers": lambda rig: ({}, _call(rig)[1]),
    "no signature": lambda rig: ({"x-slack-request-timestamp": "1795348800"}, b"{}"),
    "no time": lambda rig: ({"x-slack-signature": "v0=00"}, b"{}"),
    "time is a word": lambda rig: (_call(rig)[0] | {"x-slack-request-timestamp": "now"}, b"{}"),
    "time is empty": lambda rig: (_call(rig)[0] | {"x-slack-request-timestamp": ""}, b"{}"),
    "time is huge": lambda rig: (_call(rig)[0] | {"x-slack-request-timestamp": "9" * 5000}, b"{}"),
    "time is in Arabic digits": lambda rig: (_call(rig)[0] | {"x-slack-request-timestamp": "١٧٩٥٣٤٨٨٠٠"}, b"{}"),
    "signature is not ASCII": lambda rig: (_call(rig)[0] | {"x-slack-signature": "v0=é\udcff"}, b"{}"),
    "signature of another body": lambda rig: (_call(rig)[0], b'{"type":"event_callback","event_id":"Ev2"}'),
    "signature of another secret": lambda rig: _call(rig, secret="guessed"),
    "301 seconds old": lambda rig: _call(rig, at=NOW.timestamp() - 301),
    "301 seconds ahead": lambda rig: _call(rig, at=NOW.timestamp() + 301),
    "unsigned bad UTF-8": lambda rig: (_call(rig)[0], b"\xff\xfe"),
    "unsigned deep JSON": lambda rig: (_call(rig)[0], b"[" * 100_000),
}
UNREADABLE = {
    "bad UTF-8": b'{"type":"\xff"}',
    "deep JSON": b'{"a":' * 100_000,
    "a huge number": b'{"a":' + b"9" * 5000 + b"}",
    "half": b'{"type":',
    "nothing": b"",
    "a word": b"hello",
    "a list in a form": b"payload=[1]",
    "a form of something else": b"a=1&b=2",
    "ten thousand fields": b"&".join(b"a=1" for _ in range(10_000)),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_call_that_slack_did_not_sign_is_refused(defect: str) -> None:
    rig = SlackRig()
    headers, body = DEFECTS[defect](rig)
    with pytest.raises(Refused) as caught:
        _closed(rig).accept(headers, body, NOW)
    assert caught.value.status == 401


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_signed_call_that_cannot_be_read_is_refused(body: bytes) -> None:
    rig = SlackRig()
    with pytest.raises(Refused) as caught:
        _closed(rig).accept(
            rig.signed(body, at=NOW.timestamp()) if _is_text(body) else _raw_signed(rig, body), body, NOW
        )
    assert caught.value.status == 400


@given(st.dictionaries(st.sampled_from(["x-slack-signature", "x-slack-request-timestamp"]), st.text()), st.binary())
def test_no_garbage_makes_us_stumble(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Refused):
        _closed(SlackRig()).accept(headers, body, NOW)


_NAMES = ["type", "event", "event_id", "user", "team", "actions", "view", "id", "command", "state", "blocks", "values"]
_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6),
)


@given(_ODD, st.sampled_from(["event_callback", "block_actions", "view_submission", "x"]))
@settings(max_examples=150, deadline=None)
def test_what_is_signed_but_odd_is_kept_and_reads_as_nothing_or_as_a_value_error(found: Any, kind: str) -> None:
    rig = SlackRig()
    channel = _closed(rig)
    body = json.dumps({**(found if isinstance(found, dict) else {"event": found}), "type": kind}).encode()
    (arrival,) = channel.accept(rig.signed(body, at=NOW.timestamp()), body, NOW).arrivals
    assert 0 < len(arrival.external_id) <= 180
    assert arrival.external_id.isascii()
    with contextlib.suppress(ValueError):
        asyncio.run(channel.read(body))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    rig = SlackRig()
    headers, body = _call(rig, at=NOW.timestamp() + seconds)
    assert _closed(rig).accept(headers, body, NOW).arrivals[0].external_id == "event:Ev1"


def test_both_secrets_are_good_while_they_are_changed() -> None:
    rig = SlackRig()
    channel = _closed(rig, signing_secret="the new one", signing_secret_previous=rig.signing_secret)
    assert channel.accept(*_call(rig), NOW).status == 200
    assert channel.accept(*_call(rig, secret="the new one"), NOW).status == 200


def test_slack_is_answered_when_it_asks_whether_we_are_here() -> None:
    rig = SlackRig()
    accepted = _closed(rig).accept(*_call(rig, b'{"type":"url_verification","challenge":"3eZbrw"}'), NOW)
    assert (accepted.status, accepted.body, accepted.arrivals) == (200, b"3eZbrw", ())
    assert _closed(rig).accept(*_call(rig, b"ssl_check=1&token=x"), NOW).arrivals == ()


def test_a_channel_on_the_socket_has_no_hook() -> None:
    rig = SlackRig()
    with pytest.raises(Refused) as caught:
        _closed(rig, mode="socket", app_token=rig.app_token).accept(*_call(rig), NOW)
    assert caught.value.status == 404


async def test_a_replay_has_no_second_effect(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    await slack.send(ANN, INVITE)
    await rig.press(ANN, ANN, "★★")
    assert (await rig.again()).status == 200
    assert len(desk.heard) == 1
    await rig.press(ANN, ANN, "★★")
    assert len(desk.heard) == 2


# ---------------------------------------------------------------- what we hear


async def test_ann_taps_two_stars(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    receipt = await slack.send(ANN, INVITE)
    assert (await rig.press(ANN, ANN, "★★")).status == 200
    (tapped,) = desk.heard
    assert isinstance(tapped, Tapped)
    assert (tapped.action, tapped.receipt, tapped.target) == ("r:k3x9:s:overall:2", receipt.ref, "D0ANN")
    assert (tapped.person.address, tapped.person.name, tapped.private) == (ANN, "Ann <3", True)
    assert next(iter(desk.arrivals.values())).chat == ANN


async def test_a_button_that_opens_a_page_is_no_tap(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    await slack.send(ANN, an_alert(rows=((Button("Open", url="https://us/t/17"),),)))
    assert (await rig.press(ANN, ANN, "Open")).status == 200
    assert desk.heard == []


async def test_one_action_on_two_buttons_is_heard_as_itself(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    await slack.send(ALERTS, an_alert(rows=((Button("Take", "a:1:take"), Button("I do it", "a:1:take")),)))
    await rig.press(LI, ALERTS, "I do it")
    assert [heard.action for heard in desk.heard if isinstance(heard, Tapped)] == ["a:1:take"]
    assert not desk.heard[0].private


async def test_what_is_selected_stands_behind_the_action(desk: Desk) -> None:
    payload = {"type": "block_actions", "user": {"id": LI, "name": "li"}, "actions": [
        {"type": "users_select", "action_id": "a:1:assign", "selected_user": ANN, "action_ts": "1.1"},
        {"type": "static_select", "action_id": "a:1:snooze", "selected_option": {"value": "2h"}, "action_ts": "1.1"},
    ]}  # fmt: skip
    heard = await desk.channel.read(json.dumps(payload).encode())
    assert [each.action for each in heard if isinstance(each, Tapped)] == [f"a:1:assign:{ANN}", "a:1:snooze:2h"]


async def test_ann_writes_what_she_thinks(rig: SlackRig, desk: Desk) -> None:
    await rig.write(ANN, ANN, "Router & cable <3 &amp; 2 > 1")
    (wrote,) = desk.heard
    assert isinstance(wrote, Wrote)
    assert (wrote.text, wrote.target, wrote.private) == ("Router & cable <3 &amp; 2 > 1", "D0ANN", True)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("see <https://a.b/c?x=1&amp;y=2>", "see https://a.b/c?x=1&y=2"),
        ("<https://a.b|the page>", "the page (https://a.b)"),
        ("<mailto:a@b.c|a@b.c>", "a@b.c"),
        ("<@U0LI> and <@U0LIN|lin>, <#C1|alerts>, <!here>", "Li and lin, #alerts, @here"),
        ("<@U0GONE> in <#C0OTHER|> on <!date^1780000000^{date}|28 May>", "somebody in elsewhere on 28 May"),
        ("<!subteam^S1|@ops> &amp;amp; <!subteam^S2>", "@ops &amp; somebody"),
    ],
)
async def test_links_and_names_read_as_they_were_seen(
    rig: SlackRig, slack: SlackChannel, desk: Desk, typed: str, read: str
) -> None:
    slack.nameless = {"person": "somebody", "channel": "elsewhere"}
    rig.person(LI, name="Li")
    await rig.happen({"type": "message", "user": ANN, "channel": "D0ANN", "channel_type": "im", "text": typed})
    assert [heard.text for heard in desk.heard if isinstance(heard, Wrote)] == [read]


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("A *new* cable is _on its way_, not ~lost~.", "A new cable is on its way, not lost."),
        ("*_Very_ important*: *ask <@U0LI>*", "Very important: ask Li"),
        ("2*3*4, my_snake_case, __init__, * a list *, 5 * 3, ~5 to ~6", None),
        ("type `ls *a* _b_` and\n```\nfor _x_ in *y*:\n```", "type ls *a* _b_ and\nfor _x_ in *y*:"),
        ("<https://a.b/_x_/*y*?~z~> is *it*", "https://a.b/_x_/*y*?~z~ is it"),
        ("\x020\x02 `a` \x029\x02", "0 a 9"),
    ],
)
async def test_bold_words_are_read_without_stars(
    rig: SlackRig, slack: SlackChannel, desk: Desk, sent: str, seen: str | None
) -> None:
    await rig.write(ANN, ANN, sent, marked=True)
    assert [one.text for one in desk.heard if isinstance(one, Wrote)] == [sent if seen is None else seen]


async def test_a_form_keeps_what_people_typed_and_only_slacks_own_mark_up_is_read(
    rig: SlackRig, slack: SlackChannel, desk: Desk
) -> None:
    rig.person(LI, name="Li")
    await slack.send(ALERTS, an_alert(rows=((Button("Reply…", "a:1:reply"),),)))
    await rig.press(LI, ALERTS, "Reply…")
    field = FormField("text", "Text", FieldKind.TEXT)
    await slack.acknowledge(desk.heard[0], Acknowledgement(form=Form("a:1:reply", "Reply", "Send", "Cancel", (field,))))
    typed = "<@U0LI> puts <b> & <cable|x> &lt;in&gt; <#C1|general>, <https://a.b?c=1&amp;d=2|page>"
    await rig.submit(LI, {"text": typed})
    (submitted,) = [one for one in desk.heard if isinstance(one, Submitted)]
    assert submitted.values["text"] == ("Li puts <b> & <cable|x> <in> #general, page (https://a.b?c=1&d=2)",)


async def test_who_is_mentioned_is_looked_up_once_and_nothing_waits_for_it(
    rig: SlackRig, slack: SlackChannel, desk: Desk
) -> None:
    slack.nameless = {"person": "somebody"}
    rig.person(LI, name="Li")
    rig.mood, rig.only = "broken", frozenset({"users.info"})
    await rig.write(ANN, ANN, "<@U0LI> one", marked=True)
    rig.mood = "fine"
    for words in ("<@U0LI> two", "<@U0LI> three"):
        await rig.write(ANN, ANN, words, marked=True)
    assert [one.text for one in desk.heard if isinstance(one, Wrote)] == ["somebody one", "Li two", "Li three"]
    assert [given["user"] for method, given in rig.calls if method == "users.info"] == [LI, ANN, LI, ANN]


async def test_slack_is_not_asked_for_names_while_it_wants_quiet(rig: SlackRig, desk: Desk) -> None:
    rig.mood, rig.only, rig.retry_after = "busy", frozenset({"users.info"}), "30"
    for words in ("one", "two", "three"):
        await rig.write(ANN, ANN, words)
    assert [one.text for one in desk.heard if isinstance(one, Wrote)] == ["one", "two", "three"]
    assert [method for method, _ in rig.calls].count("users.info") == 1


async def test_a_reply_in_the_alerts_thread_is_heard_and_small_talk_is_not(
    rig: SlackRig, slack: SlackChannel, desk: Desk
) -> None:
    root = await slack.send(ALERTS, an_alert())
    await rig.write(LI, ALERTS, "lunch?")
    await rig.write(LI, ALERTS, "I called her", thread=root.ref)
    (wrote,) = desk.heard
    assert isinstance(wrote, Wrote)
    assert (wrote.text, wrote.private, wrote.receipt, wrote.thread) == (
        "I called her",
        False,
        root.ref,
        root.ref.partition(":")[2],
    )


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "channel": "D0ANN", "channel_type": "im", "bot_id": "B1", "user": "U0BOT", "text": "ours"},
        {"type": "message", "channel": "D0ANN", "channel_type": "im", "subtype": "message_changed", "message": {}},
        {"type": "message", "channel": "D0ANN", "channel_type": "im", "subtype": "bot_message", "text": "x"},
        {"type": "message", "channel": "D0ANN", "channel_type": "im", "user": ANN, "text": "  "},
        {
            "type": "message",
            "channel": "D0ANN",
            "channel_type": "im",
            "subtype": "channel_join",
            "user": ANN,
            "text": "x",
        },
        {"type": "reaction_added", "user": ANN},
        {"type": "app_home_opened", "user": LI, "tab": "messages"},
        {"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}},
        {"type": "app_uninstalled"},
    ],
)
async def test_what_nobody_typed_is_of_no_interest(rig: SlackRig, desk: Desk, event: dict[str, Any]) -> None:
    assert (await rig.happen(event)).status == 200
    assert desk.heard == []
    assert len(desk.arrivals) == 1


async def test_words_with_a_picture_are_words(rig: SlackRig, desk: Desk) -> None:
    said = {"type": "message", "user": ANN, "channel": "D0ANN", "channel_type": "im", "subtype": "file_share"}
    await rig.happen(said | {"text": "look", "files": [{"id": "F1"}]})
    assert [heard.text for heard in desk.heard if isinstance(heard, Wrote)] == ["look"]


@pytest.mark.parametrize("text", ["help", "payload missing", "", 'T-1 "x & y"'])
async def test_a_command_is_heard_with_all_its_words(rig: SlackRig, desk: Desk, text: str) -> None:
    """Slack's own library loses a command in which the word "payload" occurs."""
    assert await rig.command(LI, "/Afterword", text, channel=ALERTS) == await rig.again()
    (commanded,) = desk.heard
    assert isinstance(commanded, Commanded)
    assert (commanded.name, commanded.argument, commanded.target) == ("afterword", text, ALERTS)
    assert (commanded.person.address, commanded.private) == (LI, False)


async def test_opening_the_home_is_heard(rig: SlackRig, desk: Desk) -> None:
    await rig.open_home(LI)
    assert [heard.name for heard in desk.heard if isinstance(heard, Commanded)] == ["home"]


async def test_somebody_of_another_company_is_a_stranger(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    root = await slack.send(ALERTS, an_alert(rows=((Button("Take", "a:1:take"),),)))
    for person in (LI, EVE):
        await rig.press(person, ALERTS, "Take")
        await rig.write(person, ALERTS, "mine", thread=root.ref)
    assert [(heard.person.address, heard.person.stranger) for heard in desk.heard] == [
        (LI, False),
        (LI, False),
        (EVE, True),
        (EVE, True),
    ]


@pytest.mark.parametrize("flag", ["is_stranger", "is_restricted", "is_ultra_restricted"])
async def test_a_guest_is_a_stranger(rig: SlackRig, desk: Desk, flag: str) -> None:
    action = {"type": "button", "action_id": "a", "value": "a", "action_ts": "1"}
    await rig.interact({"type": "block_actions", "user": {"id": "U0GUEST", flag: True}, "actions": [action]})
    assert desk.heard[0].person.stranger


@pytest.mark.parametrize("payload", ['{"type":"event_callback"}', '{"type":"block_actions","user":{"id":"U1"}}',
                                     '{"type":"view_submission","user":{"id":"U1"},"view":{"private_metadata":"[]"}}',
                                     '{"command":"/x"}', "[]", "nothing"])  # fmt: skip
async def test_what_cannot_be_understood_goes_to_quarantine(desk: Desk, payload: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        await desk.channel.read(payload.encode())


# ---------------------------------------------------------------- forms and notes


async def test_the_first_tap_opens_a_form_and_the_form_comes_back(
    rig: SlackRig, slack: SlackChannel, desk: Desk
) -> None:
    receipt = await slack.send(ANN, INVITE)
    await rig.press(ANN, ANN, "★★")
    await slack.acknowledge(desk.heard[0], Acknowledgement(form=FORM))
    assert rig.modal(ANN).view["title"]["text"] == "Tell us more about the…"
    await rig.submit(ANN, {"speed": "slow", "reasons": ["late", "rude"]})
    assert rig.modals == []
    submitted = desk.heard[1]
    assert isinstance(submitted, Submitted)
    assert submitted.values == {"speed": ("1",), "reasons": ("rude", "late"), "comment": ("It was <late>",)}
    assert (submitted.action, submitted.target, submitted.receipt) == ("r:k3x9:form", "D0ANN", receipt.ref)
    assert (submitted.person.address, submitted.private) == (ANN, True)


async def test_what_was_left_open_is_empty(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    await slack.send(ANN, INVITE)
    await rig.press(ANN, ANN, "★★")
    await slack.acknowledge(desk.heard[0], Acknowledgement(form=FORM))
    await rig.submit(ANN, {"comment": ""})
    assert desk.heard[1].values == {"speed": (), "reasons": (), "comment": ()}  # type: ignore[attr-defined] # Submitted


async def test_a_long_choice_becomes_a_list_and_a_long_answer_still_opens(
    rig: SlackRig, slack: SlackChannel, desk: Desk
) -> None:
    agents = tuple(Option(f"U{number}", f"Agent {number} " + "x" * 80) for number in range(130))
    fields = (
        FormField("agent", "Who?", FieldKind.CHOICE, agents, ("U3",), required=True),
        FormField("tags", "What?", FieldKind.MANY, agents[:11], ("U1", "U2")),
        FormField("none", "Nothing to choose", FieldKind.CHOICE),
        FormField("reply", "Reply", FieldKind.TEXT, values=("y" * 5000,), required=True, hint="To Ann"),
    )
    await slack.send(ALERTS, an_alert(rows=((Button("Assign…", "a:1:assign"),),)))
    await rig.press(LI, ALERTS, "Assign…")
    await slack.acknowledge(desk.heard[0], Acknowledgement(form=Form("a:1:assign", "Assign", "OK", "Back", fields)))
    await rig.submit(LI, {"agent": "U99"})
    submitted = desk.heard[1]
    assert isinstance(submitted, Submitted)
    assert submitted.values["agent"] == ("U99",)
    assert submitted.values["tags"] == ("U1", "U2")
    assert "none" not in submitted.values
    assert "reply" not in submitted.values, "what did not fit and was left alone is as it was, to its end"
    assert (submitted.target, submitted.private) == (ALERTS, False)


async def test_a_form_that_comes_too_late_harms_nobody(
    rig: SlackRig, slack: SlackChannel, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await slack.send(ANN, INVITE)
    rig.trigger_seconds = -1
    await rig.press(ANN, ANN, "★★")
    await slack.acknowledge(desk.heard[0], Acknowledgement(note="Thank you", form=FORM))
    assert rig.modals == []
    assert rig.whispered(ANN) == ["Thank you"]
    assert "expired_trigger_id" in caplog.text


async def test_a_note_is_for_the_person_alone_and_where_they_are(
    rig: SlackRig, slack: SlackChannel, desk: Desk
) -> None:
    root = await slack.send(ALERTS, an_alert())
    await slack.send(ALERTS, an_alert(rows=((Button("Take", "a:1:take"),),), thread=root.ref))
    await rig.press(EVE, ALERTS, "Take")
    await slack.acknowledge(desk.heard[0], Acknowledgement(note="Only staff may <that>", alarming=True))
    assert rig.whispered(EVE) == ["Only staff may <that>"]
    assert rig.whispers[0].arguments["thread_ts"] == root.ref.partition(":")[2]


async def test_a_foreign_response_url_is_never_called(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    rig.mood, rig.refusal, rig.only = "gone", "not_in_channel", frozenset({"chat.postEphemeral"})
    for url in (
        f"{rig.root}steal",
        "https://hooks.slack.com.evil/",
        "http://hooks.slack.com/",
        "file:///etc/passwd",
        "",
    ):
        rig.response_url = url
        await rig.command(LI, "/afterword", channel=ALERTS)
        await slack.acknowledge(desk.heard[-1], Acknowledgement(note="secret"))
    assert rig.strays == []


async def test_where_we_may_not_post_the_note_takes_slacks_own_way(
    rig: SlackRig, slack: SlackChannel, desk: Desk
) -> None:
    slack.response_urls = f"{rig.root}actions/"
    rig.response_url = f"{rig.root}actions/1"
    rig.mood, rig.refusal, rig.only = "gone", "not_in_channel", frozenset({"chat.postEphemeral"})
    await rig.command(LI, "/afterword", channel=ALERTS)
    await slack.acknowledge(desk.heard[0], Acknowledgement(note="<!here> 3 open"))
    (stray,) = rig.strays
    assert "&lt;!here&gt; 3 open" in stray
    assert '"ephemeral"' in stray


@pytest.mark.parametrize("mood", ["busy", "gone", "broken", "garbled"])
async def test_an_acknowledgement_that_is_refused_is_only_logged(
    rig: SlackRig, slack: SlackChannel, desk: Desk, mood: Any
) -> None:
    await slack.send(ANN, INVITE)
    await rig.press(ANN, ANN, "★★")
    rig.mood, rig.refusal, rig.response_url = mood, "invalid_arguments", ""
    for heard in (desk.heard[0], Commanded(_person(LI), LI, name="x")):
        await slack.acknowledge(heard, Acknowledgement(note="Thank you", form=FORM))
    assert rig.whispers == []


# ---------------------------------------------------------------- Socket Mode


@contextlib.asynccontextmanager
async def listening(rig: SlackRig, take: Callable[[Desk], Any] | None = None) -> AsyncIterator[Desk]:
    async with opened(rig, mode="socket", signing_secret=None, app_token=rig.app_token) as channel:
        channel.ping_seconds = 0.05
        desk = Desk(channel)
        task = asyncio.create_task(channel.listen(take(desk) if take else desk.take))
        try:
            await rig.until(lambda: rig.connected)
            yield desk
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_nothing_is_acknowledged_before_it_is_committed(rig: SlackRig) -> None:
    reached, committed = asyncio.Event(), asyncio.Event()

    async def slowly(arrivals: Sequence[RawArrival]) -> None:
        reached.set()
        await committed.wait()

    async with listening(rig, lambda _desk: slowly):
        told = asyncio.create_task(rig.write(ANN, ANN, "hello"))
        await reached.wait()
        assert await rig.push("events_api", {"type": "event_callback"}, patience=0.1) is False
        assert rig.acks == []
        committed.set()
        assert (await told).status == 200
        await rig.until(lambda: len(rig.acks) == 2)


async def test_what_could_not_be_committed_is_not_acknowledged(rig: SlackRig) -> None:
    async def store_is_down(_arrivals: Sequence[RawArrival]) -> None:
        raise ConnectionError("the store is down")

    rig.patience = 0.2
    async with listening(rig, lambda _desk: store_is_down):
        assert (await rig.write(ANN, ANN, "hello")).status == 0
        assert rig.acks == []


async def test_what_already_came_is_committed_before_the_socket_closes(rig: SlackRig) -> None:
    reached, committed = asyncio.Event(), asyncio.Event()

    async def slowly(_arrivals: Sequence[RawArrival]) -> None:
        reached.set()
        await committed.wait()

    async with listening(rig, lambda _desk: slowly):
        told = asyncio.create_task(rig.write(ANN, ANN, "hello"))
        await reached.wait()
        asyncio.get_running_loop().call_later(0.1, committed.set)
    assert (await told).status == 200


async def test_the_same_things_are_heard_by_socket_and_by_hook(rig: SlackRig, slack: SlackChannel, desk: Desk) -> None:
    heard: list[list[Heard]] = []
    hook = rig.hook_url
    for way in (hook, ""):
        rig.hook_url = way
        async with listening(rig) as by_socket:
            await slack.send(ANN, INVITE)
            await rig.press(ANN, ANN, "★★")
            await rig.write(ANN, ANN, "Ann <3")
            await rig.command(ANN, "/afterword", "payload")
            heard.append(list(by_socket.heard or desk.heard))
    assert [type(each) for each in heard[0]] == [type(each) for each in heard[1]] == [Tapped, Wrote, Commanded]
    assert [(each.person, each.target, each.private) for each in heard[0]] == [
        (each.person, each.target, each.private) for each in heard[1]
    ]


async def test_words_keep_their_order_on_the_socket(rig: SlackRig) -> None:
    async with listening(rig, _slower_at_first) as desk:
        await asyncio.gather(*(rig.write(ANN, ANN, f"word {number}") for number in range(50)))
        assert [heard.text for heard in desk.heard if isinstance(heard, Wrote)] == [f"word {n}" for n in range(50)]


@pytest.mark.parametrize("how", ["say_goodbye", "hang_up"])
async def test_it_comes_back_when_slack_hangs_up(rig: SlackRig, how: str) -> None:
    async with listening(rig) as desk:
        for number in range(3):
            await getattr(rig, how)()
            await _connected_again(rig, number + 2)
            await rig.write(ANN, ANN, f"still here {number}")
        assert len(desk.heard) == 3


async def test_it_comes_back_when_slack_was_down_for_a_while(rig: SlackRig) -> None:
    async with listening(rig) as desk:
        rig.mood, rig.only = "broken", frozenset({"apps.connections.open"})
        before = _opened(rig)
        await rig.hang_up()
        await rig.until(lambda: _opened(rig) > before + 2)
        rig.mood = "fine"
        await rig.until(lambda: rig.connected)
        await rig.write(ANN, ANN, "back")
        assert len(desk.heard) == 1


async def test_with_hooks_there_is_nothing_to_listen_to(desk: Desk) -> None:
    await asyncio.wait_for(desk.channel.listen(desk.take), 1)


# ---------------------------------------------------------------- settings and check


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"mode": "http"}, "signing_secret"),
        ({"mode": "socket"}, "app_token"),
        ({"mode": "http", "signing_secret": " "}, "signing_secret"),
        ({"mode": "ftp"}, "mode"),
        ({"app_token": "xapp-1", "bot_tokn": "x"}, "bot_tokn"),
        ({"app_token": "xapp-1", "api_base": "slack.com"}, "api_base"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named) as caught:
        SlackSettings(**{"bot_token": "xoxb-secret"} | given)
    assert "secret" not in str(caught.value).replace("signing_secret", "")


def test_settings_keep_their_secrets_and_the_slash() -> None:
    made = SlackSettings(bot_token="xoxb-secret", app_token="xapp-secret", api_base="http://127.0.0.1:1/api")  # type: ignore[arg-type] # pydantic makes them SecretStr
    assert "secret-" not in repr(made).replace("signing_secret", "")
    assert "xoxb" not in repr(made)
    assert made.api_base.endswith("/api/")
    assert SlackChannel("s", made, base_url="").limits.per_second == 10


async def test_check_says_who_we_are(rig: SlackRig, slack: SlackChannel) -> None:
    (finding,) = await slack.check()
    assert (finding.ok, finding.what) == (True, "afterword in Home & Co, with every right that it needs")
    rig.scopes = "chat:write,files:read,files:write,im:history,im:write"
    (finding,) = await slack.check()
    assert (finding.ok, finding.what) == (False, "afterword in Home & Co lacks users:read, users:read.email")


@pytest.mark.parametrize("mood", ["busy", "gone", "silent", "broken", "garbled"])
async def test_check_never_raises_and_says_what_to_do(rig: SlackRig, mood: Any) -> None:
    async with opened(rig, mode="socket", app_token=rig.app_token) as channel:
        await channel.close()
        assert not (await channel.check())[0].ok
        channel.timeout = timedelta(seconds=0.2)
        await channel.open()
        rig.mood, rig.refusal = mood, "token_revoked"
        findings = await channel.check()
        assert [finding.ok for finding in findings] == [False, False]
        assert all(finding.remedy for finding in findings)
        assert "xapp" not in findings[0].what + findings[1].what


async def test_a_socket_that_slack_refuses_is_told_once_and_shown_until_it_is_there(
    rig: SlackRig, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(rig, mode="socket", signing_secret=None, app_token=rig.app_token) as channel:
        channel.ping_seconds = 0.02
        assert await channel.deaf() == ""
        rig.mood, rig.refusal = "gone", "invalid_auth"
        task = asyncio.create_task(channel.listen(Desk(channel).take))
        await rig.until(lambda: _opened(rig) >= 4)
        assert await channel.deaf() == "Socket Mode: invalid_auth"
        loud = [one for one in caplog.records if one.levelno >= logging.WARNING and one.name.startswith("bot.")]
        assert [one.getMessage() for one in loud] == ["slack: Socket Mode rests for 0.0 s: invalid_auth"]
        assert not any(one.exc_info for one in loud)
        rig.mood = "fine"
        await rig.until(lambda: rig.connected)
        async with asyncio.timeout(10):
            while await channel.deaf():
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])


async def test_check_does_not_disturb_a_socket_that_listens(rig: SlackRig) -> None:
    async with listening(rig) as desk:
        before = _opened(rig)
        assert [finding.ok for finding in await desk.channel.check()] == [True, True]
        assert _opened(rig) == before


async def test_no_token_and_no_word_of_a_customer_is_logged(rig: SlackRig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with listening(rig) as desk:
        await desk.channel.send(ANN, INVITE)
        await rig.write(ANN, ANN, "my secret words")
        rig.mood = "broken"
        with contextlib.suppress(TryLater):
            await desk.channel.send(ANN, INVITE)
        await desk.channel.acknowledge(desk.heard[0], Acknowledgement(note="x"))
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("bot.", "slack")))
    assert ours
    assert not any(word in ours for word in (rig.bot_token, rig.app_token, "my secret words", "ticket="))


# ---------------------------------------------------------------- parts


def _closed(rig: SlackRig, **given: Any) -> Channel:
    """A channel that needs no network: it only reads and verifies."""
    ours: dict[str, Any] = {"mode": "http", "bot_token": rig.bot_token, "signing_secret": rig.signing_secret}
    return SlackChannel("slack", SlackSettings(**ours | given), base_url="http://us")


def _raw_signed(rig: SlackRig, body: bytes) -> dict[str, str]:
    """Slack's own library cannot sign what is not UTF-8."""
    sent = str(int(NOW.timestamp()))
    made = hmac.new(rig.signing_secret.encode(), f"v0:{sent}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": sent, "x-slack-signature": f"v0={made}"}


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _person(user: str) -> Person:
    return Person(user)


def _slower_at_first(desk: Desk) -> Take:
    turns = [500]

    async def take(arrivals: Sequence[RawArrival]) -> None:
        for _ in range(turns.pop() if turns else 1):
            await asyncio.sleep(0)  # the store is busy for a few turns of the loop
        await desk.take(arrivals)

    return take


async def _connected_again(rig: SlackRig, sessions: int) -> None:
    await rig.until(lambda: rig.sessions == sessions)


def _opened(rig: SlackRig) -> int:
    return [method for method, _ in rig.calls].count("apps.connections.open")

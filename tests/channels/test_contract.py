"""What every channel promises, whatever its network is like. A new channel passes this file as it stands."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot import channels
from bot.markup import writer
from core.ports import (
    Accepted,
    Acknowledgement,
    Button,
    Channel,
    Fact,
    File,
    Finding,
    Heard,
    Message,
    Receipt,
    Refused,
    Tapped,
    TryLater,
    Undeliverable,
    Wrote,
)
from tests.channels.contract import MOODS, NOW, PATIENCE, RIGS, SITE, Mood, Rig

NASTY = (
    "😡👩‍👩‍👧‍👦 ★★☆☆☆ 🇩🇪",
    "<b>not bold</b> & <script>alert(1)</script> &amp; &lt;i&gt;",
    "שלום עולם, לא טוב 4/5",
    "الخدمة بطيئة جدا (رقم 17)",
    "服务太慢了，没有人回我。",
    "<https://evil.example|our site> <!channel> <@U0ANN> @everyone",
    "{{ 7 * 7 }} {% raw %} %s %(name)s \\n ${x}",
    "a_b * c * ~d~ `e` [f](http://g.example) -- 'h' \"i\"",
)
LONG = " ".join(f"word{number}" for number in range(1000))[:4000]
LOOKALIKES = str.maketrans("∗ˍ∼ˋ", "*_~`")

NO_ARRIVALS = (
    b"",
    b"\x00",
    b"\xff\xfe\xfd",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"17",
    b"NaN",
    b"1e999",
    b"9" * 5000,
    b"{}",
    b'{"update_id": "one"}',
    b'{"update_id": -1}',
    b'{"type": 7, "event": []}',
    b'{"visitor": 7}',
    b'{"visitor": "v", "text": null}',
    b'{"a": "\\ud800"}',
    b"payload=%FF%FE",
    b"payload=[]",
    b"payload=" + b"[" * 50_000,
    b"command=&ssl_check=",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"a" * 2_000_000,
    b"From: x\r\n\r\n" + b"On a " * 1000,
)
LEAVES: tuple[Any, ...] = (None, "", "\ud800", "x" * 5000, -1, 10**30, 1.5, True, [], {}, [[]], {"id": {}})


def on(*moods: Mood) -> pytest.MarkDecorator:
    """The rigs whose network can be so, with each mood."""
    pairs = [(kind, mood) for kind in RIGS for mood in moods if mood in MOODS[kind]]
    return pytest.mark.parametrize(("kind", "mood"), pairs, ids=[f"{kind}-{mood}" for kind, mood in pairs])


every_channel = pytest.mark.parametrize("kind", RIGS)


@pytest.fixture
async def rig(kind: str, sqlite_url: str) -> AsyncIterator[Rig]:
    async with RIGS[kind](sqlite_url) as rig:
        yield rig


def message(channel: Channel, words: str = "How was it, Ann <3?", **given: Any) -> Message:
    stars = [Button("★" * score, url=f"{SITE}/r/abc?overall={score}") for score in range(1, 6)]
    if channel.has_buttons:
        stars = [Button("★" * score, f"r:k3x9w2m7qd:s:overall:{score}") for score in range(1, 6)]
    text = str(writer(channel.dialect).escape(words))
    usual = {"key": "invite:17", "kind": "invite", "text": text, "plain": words, "subject": "How was it?"}
    return Message(**{**usual, "rows": (tuple(stars),), **given})


def squeezed(text: str) -> str:
    """Without white space and isolates: where lines break is the channel's business."""
    return re.sub(r"[\s\u2068\u2069\u200b]+", "", text)


def test_every_kind_of_channel_is_held_to_this_contract() -> None:
    assert set(RIGS) == set(MOODS) == set(channels.KINDS)


# ---------------------------------------------------------------- what people see


@every_channel
async def test_a_message_arrives_with_its_words_its_facts_and_its_quote(rig: Rig) -> None:
    facts = (Fact("Due", "14:30 & not later"),)
    receipt = await rig.deliver(message(rig.channel, facts=facts, quote="I was <not> told"))
    (seen,) = await rig.screen()
    assert receipt.ref
    for words in ("How was it, Ann <3?", "Due", "14:30 & not later", "I was <not> told"):
        assert squeezed(words) in squeezed(seen)


@every_channel
@pytest.mark.parametrize("words", NASTY)
async def test_what_somebody_wrote_is_shown_as_it_was_written(rig: Rig, words: str) -> None:
    await rig.deliver(message(rig.channel, quote=words))
    (seen,) = await rig.screen()
    assert squeezed(words) in squeezed(seen)


@every_channel
@pytest.mark.parametrize("words", NASTY)
async def test_a_name_in_our_own_words_is_no_mark_up(rig: Rig, words: str) -> None:
    """Mark-up that cannot escape its own signs (Slack's) shows signs that look like them."""
    await rig.deliver(message(rig.channel, words))
    (seen,) = await rig.screen()
    assert squeezed(words).translate(LOOKALIKES) in squeezed(seen).translate(LOOKALIKES)


@every_channel
@pytest.mark.parametrize("part", ["quote", "text"])
async def test_four_thousand_characters_arrive_whole_or_end_in_an_ellipsis(rig: Rig, part: str) -> None:
    asked = message(rig.channel, quote=LONG) if part == "quote" else message(rig.channel, LONG)
    await rig.deliver(asked)
    (seen,) = (squeezed(one) for one in await rig.screen())
    if squeezed(LONG) not in seen:
        shown, end, _ = seen[seen.index(squeezed(LONG)[:40]) :].partition("…")
        assert end, "what is missing must be seen to be missing"
        assert squeezed(LONG).startswith(shown)
        assert len(shown) > 1000


@every_channel
async def test_emoji_that_are_cut_are_not_cut_in_two(rig: Rig) -> None:
    await rig.deliver(message(rig.channel, quote="👩‍👩‍👧‍👦🇩🇪" * 700))
    (seen,) = await rig.screen()
    assert "\ufffd" not in seen
    seen.encode()


@every_channel
async def test_four_thousand_characters_that_somebody_wrote_reach_the_ticket_whole(rig: Rig) -> None:
    (heard,) = await rig.hooked.read(rig.encoded(rig.hear(LONG)))
    assert isinstance(heard, Wrote)
    assert heard.text == LONG


@every_channel
async def test_a_message_that_goes_out_twice_is_the_same_message(rig: Rig) -> None:
    """A crash between sending and writing it down: at most a second copy, with the same words and buttons."""
    for _ in range(2):
        assert (await rig.deliver(message(rig.channel))).ref
    seen = await rig.screen()
    assert len(seen) <= 2
    assert len(set(seen)) == 1


@every_channel
async def test_a_message_can_be_redrawn_where_that_is_possible(rig: Rig) -> None:
    if rig.channel.has_edits:
        receipt = await rig.deliver(message(rig.channel))
        again = await rig.deliver(message(rig.channel, "Thank you", rows=()), instead_of=receipt)
        assert again == receipt
        (seen,) = await rig.screen()
        assert "Thank you" in seen
        assert "★" not in seen


@every_channel
@pytest.mark.parametrize("ref", ["424242", "D0ANN:1790000000.999999", "nothing like it", ""])
async def test_what_is_gone_is_sent_anew_when_it_should_be_redrawn(rig: Rig, ref: str) -> None:
    if rig.channel.has_edits:
        await rig.deliver(message(rig.channel, "Thank you"), instead_of=Receipt(ref))
        assert "Thank you" in (await rig.screen())[-1]


@every_channel
@pytest.mark.parametrize("ref", ["424242", "D0ANN:1790000000.999999", "nothing like it", ""])
async def test_what_is_gone_stays_gone_when_it_was_only_to_be_taken_back(rig: Rig, ref: str) -> None:
    if rig.channel.has_edits and rig.channel.kind != "webchat":  # that shows what the store holds, and has no copy
        await rig.deliver(replace(message(rig.channel, "Taken back"), stays_gone=True), instead_of=Receipt(ref))
        assert "Taken back" not in "".join(await rig.screen())


# ---------------------------------------------------------------- what the network does to us


@on("busy")
async def test_a_busy_network_is_left_alone_as_long_as_it_asks(rig: Rig, mood: Mood) -> None:
    rig.be(mood)
    with pytest.raises(TryLater) as later:
        await rig.deliver(message(rig.channel))
    assert later.value.after == rig.asked
    assert later.value.reason


@on("gone")
async def test_an_address_that_is_gone_is_dead(rig: Rig, mood: Mood) -> None:
    rig.be(mood)
    with pytest.raises(Undeliverable) as gone:
        await rig.deliver(message(rig.channel))
    assert gone.value.dead_address
    assert gone.value.reason


@on("silent")
async def test_a_silent_network_is_given_up_in_time(rig: Rig, mood: Mood) -> None:
    rig.be(mood)
    async with asyncio.timeout(PATIENCE * 8):
        with pytest.raises(TryLater):
            await rig.deliver(message(rig.channel))


@on("malformed")
async def test_an_answer_that_makes_no_sense_is_no_success_and_blames_nobody(rig: Rig, mood: Mood) -> None:
    rig.be(mood)
    with pytest.raises(TryLater):
        await rig.deliver(message(rig.channel))


@on("busy", "gone", "silent", "malformed")
async def test_a_bad_day_passes(rig: Rig, mood: Mood) -> None:
    ann = rig.ann
    rig.be(mood)
    with pytest.raises((TryLater, Undeliverable)):
        await rig.deliver(message(rig.channel))
    rig.be("fine")
    rig.ann = ann
    await rig.deliver(message(rig.channel))
    assert await rig.screen()


@on("busy", "gone", "silent", "malformed")
async def test_no_reason_holds_a_token_or_the_address_of_a_server(rig: Rig, mood: Mood) -> None:
    rig.be(mood)
    with pytest.raises((TryLater, Undeliverable)) as failed:
        await rig.deliver(message(rig.channel))
    secrets = [getattr(getattr(rig, "rig", None), name, "") for name in ("token", "bot_token", "signing_secret")]
    assert not [secret for secret in secrets if secret and secret in str(failed.value)]
    assert "://" not in str(failed.value)


@on("busy", "gone", "silent", "malformed")
async def test_to_be_acknowledged_is_never_worth_an_error(rig: Rig, mood: Mood) -> None:
    heard = [one for arrival in rig.genuine for one in await rig.hooked.read(rig.encoded(arrival))]
    rig.be(mood)
    for one in heard:
        await rig.channel.acknowledge(one, Acknowledgement(note="Saved: 4 of 5", alarming=True))


# ---------------------------------------------------------------- what strangers do to us


@every_channel
@pytest.mark.parametrize("body", NO_ARRIVALS, ids=lambda body: repr(body[:20]))
async def test_a_call_without_proof_is_refused(rig: Rig, body: bytes) -> None:
    for headers in ({}, dict.fromkeys(rig.proof(b"x"), "\udcff\x00"), dict.fromkeys(rig.proof(b"x"), "9" * 5000)):
        with pytest.raises(Refused) as refused:
            rig.hooked.accept(headers, body, NOW)
        assert 400 <= refused.value.status < 500


@every_channel
@pytest.mark.parametrize("body", NO_ARRIVALS, ids=lambda body: repr(body[:20]))
async def test_garbage_with_proof_is_refused_or_kept_and_never_an_error(rig: Rig, body: bytes) -> None:
    await _accepted(rig, body)


@every_channel
@pytest.mark.parametrize("body", NO_ARRIVALS, ids=lambda body: repr(body[:20]))
async def test_what_cannot_be_read_is_a_value_error_and_nothing_else(rig: Rig, body: bytes) -> None:
    await _read(rig, body)


@every_channel
async def test_an_arrival_with_one_strange_field_is_read_or_refused(rig: Rig) -> None:
    """Each field of each genuine arrival takes each strange value, in turn."""
    for arrival in rig.genuine:
        for strange in _with_one_strange_leaf(arrival):
            body = rig.encoded(strange)
            await _read(rig, body)
            await _accepted(rig, body)


@every_channel
async def test_genuine_arrivals_are_understood(rig: Rig) -> None:
    for arrival in rig.genuine:
        for heard in await rig.hooked.read(rig.encoded(arrival)):
            assert heard.person.address
            assert heard.target


@every_channel
async def test_a_tap_says_who_where_and_what(rig: Rig) -> None:
    heard = [one for arrival in rig.genuine for one in await rig.hooked.read(rig.encoded(arrival))]
    taps = [one for one in heard if isinstance(one, Tapped)]
    assert bool(taps) == rig.channel.has_buttons
    assert {tap.action for tap in taps} <= {"r:k3x9:s:overall:4"}
    assert all(tap.receipt and tap.person.address == rig.ann for tap in taps)


@every_channel
@pytest.mark.parametrize("ref", ["", "../../etc/passwd", "http://127.0.0.1:1/", "x" * 5000, "\ud800"])
async def test_a_file_that_is_not_there_is_no_bug(rig: Rig, ref: str) -> None:
    with pytest.raises((Undeliverable, TryLater)):
        await rig.channel.fetch(File("a.png", "image/png", ref=ref), most=1000)


# ---------------------------------------------------------------- what the admin asks


@on("fine", "busy", "gone", "silent", "malformed")
async def test_a_check_reports_and_never_fails(rig: Rig, mood: Mood) -> None:
    rig.be(mood)
    _are_findings(await rig.channel.check())


@on("silent")
async def test_a_check_of_a_network_that_does_not_answer_says_so(rig: Rig, mood: Mood) -> None:
    rig.be(mood)
    findings = await rig.channel.check()
    assert [finding for finding in findings if not finding.ok]


@every_channel
async def test_a_check_of_a_channel_that_is_closed_does_not_fail(rig: Rig) -> None:
    await rig.channel.close()
    _are_findings(await rig.channel.check())
    await rig.channel.close()


def _are_findings(findings: Any) -> None:
    assert findings
    assert all(isinstance(finding, Finding) and finding.what for finding in findings)


async def _accepted(rig: Rig, body: bytes) -> None:
    try:
        accepted = rig.hooked.accept(rig.proof(body), body, NOW)
    except Refused as refused:
        assert 400 <= refused.status < 500  # noqa: PT017
        return
    assert isinstance(accepted, Accepted)
    for arrival in accepted.arrivals:
        assert arrival.external_id
        await _read(rig, arrival.body)


async def _read(rig: Rig, body: bytes) -> None:
    try:
        heard = await rig.hooked.read(body)
    except ValueError:
        return
    assert all(isinstance(one, Heard) for one in heard)


def _with_one_strange_leaf(arrival: Any) -> Iterator[Any]:
    for path in _paths(arrival):
        for leaf in LEAVES:
            strange = copy.deepcopy(arrival)
            holder = strange
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = leaf
            yield strange


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step)
        yield from _paths(inner, (*path, step))


def test_a_strange_arrival_differs_from_the_genuine_one_in_one_place() -> None:
    strange = list(_with_one_strange_leaf({"a": {"b": 1}}))
    assert len(strange) == 2 * len(LEAVES)
    assert json.dumps({"a": None}) == json.dumps(strange[0])

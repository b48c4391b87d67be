"""The listener: what it takes is committed, and what it cannot take is not lost."""

from __future__ import annotations

import asyncio
import contextlib
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiosmtplib
import pytest
from pydantic import ValidationError

from bot.channels.email.channel import EmailChannel
from bot.channels.email.settings import EmailSettings
from core.ports import Finding, RawArrival, Verdict, Wrote
from tests.ports import free_port
from tests.rigs import correspondent

SITE = "https://feedback.example.org"
MAIL = b"From: ann@example.net\r\nMessage-ID: <a@example.net>\r\nSubject: Hi\r\n\r\nHelp!\r\n.dot\r\n"


@dataclass
class Store:
    """Where arrivals go; it can be away, or slow."""

    arrivals: list[RawArrival] = field(default_factory=list)
    away: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, arrivals: Sequence[RawArrival]) -> None:
        await self.gate.wait()
        if self.away:
            raise ConnectionError("the store is away")
        self.arrivals += arrivals


@pytest.fixture
async def store() -> Store:
    store = Store()
    store.gate.set()
    return store


@pytest.fixture
def port() -> int:
    return free_port()


def settings(port: int, **given: object) -> EmailSettings:
    usual = {
        "kind": "email",
        "from": "Support <support@example.org>",
        "smtp_host": "127.0.0.1",
        "listen_smtp": f"127.0.0.1:{port}",
        "reply_address": "help@example.org",
        "reply_to": "desk@example.org",
        "largest_mail_mb": 1,
    }
    return EmailSettings.model_validate(usual | given)


@pytest.fixture
async def channel(store: Store, port: int) -> AsyncIterator[EmailChannel]:
    channel = EmailChannel("mail", settings(port), base_url=SITE)
    listening = asyncio.create_task(channel.listen(store.take))
    await until_up(port)
    yield channel
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


async def until_up(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(aiosmtplib.SMTPException):
                async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False):
                    return
            await asyncio.sleep(0.01)


async def hand_in(port: int, *recipients: str, raw: bytes = MAIL, sender: str = "ann@example.net") -> None:
    await correspondent.hand_in(raw, *recipients, sender=sender, port=port)


async def lmtp(port: int, *lines: bytes) -> list[bytes]:
    """Say these lines by LMTP; what was answered, greeting first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = [await reader.readline()]
    for line in lines:
        writer.write(line + b"\r\n")
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        answers.append(answer.strip())
    writer.write(b"QUIT\r\n")
    answers += [line.strip() for line in (await reader.read()).splitlines()]
    writer.close()
    await writer.wait_closed()
    return answers


@pytest.mark.usefixtures("channel")
async def test_a_mail_is_taken_with_its_envelope(store: Store, port: int) -> None:
    await hand_in(port, "help+token@example.org", "SUPPORT@example.org")
    [arrival] = store.arrivals
    to = b"Delivered-To: help+token@example.org\r\nDelivered-To: SUPPORT@example.org\r\n"
    assert arrival.body == b"Return-Path: <ann@example.net>\r\n" + to + MAIL


async def test_what_was_taken_can_be_read(channel: EmailChannel, store: Store, port: int) -> None:
    await hand_in(port, "help+token@example.org")
    [heard] = await channel.read(store.arrivals[0].body)
    assert isinstance(heard, Wrote)
    assert (heard.text, heard.reply_token, heard.person.address) == ("Help!\n.dot", "token", "ann@example.net")


async def checked(port: int, host: str = "127.0.0.1") -> list[Finding]:
    """What `afterword check` says of the port; nobody answers as relay or name server here."""
    found = await EmailChannel("mail", settings(port, listen_smtp=f"{host}:{port}"), base_url=SITE).check()
    return [one for one in found if f"{host}:{port}" in one.what]


async def test_check_says_when_somebody_else_has_the_port(port: int) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP Postfix\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", port):
        [finding] = await checked(port)
    assert finding.verdict is Verdict.PROBLEM
    assert finding.what == f"127.0.0.1:{port}: another program has this port"
    assert "listen_smtp" in finding.remedy


@pytest.mark.usefixtures("channel")
async def test_check_does_not_call_a_serve_that_runs_somebody_else(port: int) -> None:
    [finding] = await checked(port)
    assert finding.verdict is Verdict.UNSEEN


async def test_check_warns_of_a_port_that_other_machines_reach(port: int) -> None:
    warning, rest = await checked(port, "0.0.0.0")  # noqa: S104 - looked at, not bound
    assert (warning.verdict, rest.verdict) == (Verdict.WARNING, Verdict.UNSEEN)
    assert "from anybody" in warning.what
    [alone] = await checked(port)
    assert alone.verdict is Verdict.UNSEEN


@pytest.mark.usefixtures("channel")
async def test_nothing_is_acknowledged_before_it_is_stored(store: Store, port: int) -> None:
    store.gate.clear()
    sending = asyncio.create_task(hand_in(port, "desk@example.org"))
    done, _ = await asyncio.wait({sending}, timeout=0.3)
    assert not done
    store.gate.set()
    await sending
    assert len(store.arrivals) == 1


@pytest.mark.usefixtures("channel")
async def test_while_the_store_is_away_the_mail_server_keeps_the_mail(store: Store, port: int) -> None:
    store.away = True
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await hand_in(port, "help@example.org")
    assert refused.value.code == 451
    store.away = False
    await hand_in(port, "help@example.org")
    assert len(store.arrivals) == 1


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("recipient", ["eve@example.org", "help@example.com", "xhelp@example.org", "help+@example.org"])
async def test_mail_for_others_is_not_taken(store: Store, port: int, recipient: str) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientRefused) as refused:
        await hand_in(port, recipient)
    assert refused.value.code == 550
    assert store.arrivals == []


@pytest.mark.usefixtures("channel")
async def test_a_mail_that_is_too_large_is_refused_for_good(store: Store, port: int) -> None:
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await hand_in(port, "help@example.org", raw=MAIL + b"x\r\n" * 400_000)
    assert refused.value.code == 552
    assert store.arrivals == []


@pytest.mark.usefixtures("channel")
async def test_long_lines_are_no_reason_to_lose_a_mail(store: Store, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for line in (b"EHLO x", b"MAIL FROM:<ann@example.net>", b"RCPT TO:<help@example.org>", b"DATA"):
        writer.write(line + b"\r\n")
    writer.write(MAIL + b"x" * 20_000 + b"\r\n.\r\nQUIT\r\n")
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b"250 2.0.0 Stored" in said
    assert len(store.arrivals) == 1


async def said(port: int, *pieces: bytes) -> bytes:
    """All that is answered by SMTP to what is said in these pieces, without waiting in between."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    answers = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answers


ENVELOPE = b"EHLO x\r\nMAIL FROM:<ann@example.net>\r\nRCPT TO:<help@example.org>\r\n"


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("at_once", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"...\r\n.\r\n", b"..\r\n"),
        (b"a\r\n..\r\n.b\r\n\r\n.\r\n", b"a\r\n.\r\nb\r\n\r\n"),
        (b"a\n.\nb\r.\r\n\r.\r\n.\r\n", b"a\n.\nb\r.\r\n\r.\r\n"),
    ],
    ids=["nothing", "an empty line", "dots first", "dots in the middle", "a dot after a bare line end"],
)
async def test_a_mail_ends_at_a_dot_that_has_a_line_of_its_own(
    store: Store, port: int, sent: bytes, meant: bytes, at_once: int
) -> None:
    whole = ENVELOPE + b"DATA\r\n" + sent + b"NOOP\r\nQUIT\r\n"
    answers = await said(port, *(whole[at : at + at_once] for at in range(0, len(whole), at_once)))
    assert answers.splitlines()[-3:] == [b"250 2.0.0 Stored", b"250 OK", b"221 Bye"]
    assert store.arrivals[0].body.endswith(b"Delivered-To: help@example.org\r\n" + meant)


@pytest.mark.usefixtures("channel")
async def test_a_mail_of_very_short_lines_takes_no_more_than_one_of_its_size(store: Store, port: int) -> None:
    lines = MAIL + b"\r\n" * 500_000
    tracemalloc.start()
    try:
        await said(port, ENVELOPE + b"DATA\r\n", lines, b".\r\nQUIT\r\n")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(store.arrivals[0].body) > 1_000_000
    assert most < 10 * len(lines)


@pytest.mark.usefixtures("channel")
async def test_many_commands_at_once_leave_others_their_turn(port: int) -> None:
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(another())
    assert (await said(port, b"NOOP\r\n" * 2000 + b"QUIT\r\n")).count(b"250 OK") == 2000
    beside.cancel()
    assert turns >= 2000


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize(
    ("before", "command", "answer"),
    [
        (b"", b"DATA", b"503"),
        (b"EHLO x\r\nMAIL FROM:<ann@example.net>\r\n", b"DATA", b"503"),
        (ENVELOPE, b"DATA now", b"501"),
    ],
)
async def test_a_mail_that_comes_out_of_turn_is_refused(
    store: Store, port: int, before: bytes, command: bytes, answer: bytes
) -> None:
    assert (await said(port, before + command + b"\r\nQUIT\r\n")).splitlines()[-2].startswith(answer)
    assert store.arrivals == []


@pytest.mark.usefixtures("channel")
async def test_after_a_mail_that_was_too_large_the_next_one_is_taken(store: Store, port: int) -> None:
    too_large = ENVELOPE + b"DATA\r\n" + b"x" * 1_200_000 + b"\r\n.\r\n"
    answers = await said(port, too_large, ENVELOPE.partition(b"\r\n")[2] + b"DATA\r\n" + MAIL + b".\r\nQUIT\r\n")
    assert [one[:3] for one in answers.splitlines() if one[:3] in (b"552", b"250")][-4:] == [b"552", *[b"250"] * 3]
    assert len(store.arrivals) == 1


@pytest.mark.usefixtures("channel")
async def test_a_mail_that_breaks_off_is_not_taken(store: Store, port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ENVELOPE + b"DATA\r\n" + MAIL)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await hand_in(port, "help@example.org", raw=MAIL.replace(b"<a@", b"<b@"))
    assert [b"<b@" in one.body for one in store.arrivals] == [True]


@pytest.mark.usefixtures("channel")
async def test_a_bounce_has_no_sender(store: Store, port: int) -> None:
    await hand_in(port, "help+b.token@example.org", sender="")
    assert store.arrivals[0].body.startswith(b"Return-Path: <>\r\n")


@pytest.mark.usefixtures("channel")
async def test_lmtp_answers_for_each_recipient(store: Store, port: int) -> None:
    envelope = (
        b"LHLO mx",
        b"MAIL FROM:<a@example.net>",
        b"RCPT TO:<help@example.org>",
        b"RCPT TO:<help+x@example.org>",
    )
    answers = await lmtp(port, *envelope, b"RCPT TO:<eve@example.org>", b"DATA", MAIL + b".")
    assert answers[5:6] == [b"550 5.1.1 No such recipient here"]
    assert answers[7:] == [b"250 2.0.0 Stored"] * 2 + [b"221 Bye"]
    assert len(store.arrivals) == 1


@pytest.mark.usefixtures("channel")
async def test_lmtp_refuses_for_each_recipient(store: Store, port: int) -> None:
    store.away = True
    envelope = (
        b"LHLO mx",
        b"MAIL FROM:<a@example.net>",
        b"RCPT TO:<help@example.org>",
        b"RCPT TO:<help+x@example.org>",
    )
    answers = await lmtp(port, *envelope, b"DATA", MAIL + b".")
    assert [one[:3] for one in answers[6:]] == [b"451", b"451", b"221"]
    answers = await lmtp(port, *envelope, b"DATA", b"x" * 1_200_000 + b"\r\n.")
    assert [one[:3] for one in answers[6:]] == [b"552", b"552", b"221"]


@pytest.mark.usefixtures("channel")
async def test_a_port_that_is_taken_is_told(store: Store, port: int) -> None:
    second = EmailChannel("mail", settings(port), base_url=SITE)
    listening = asyncio.create_task(second.listen(store.take))
    async with asyncio.timeout(10):
        while not (why := await second.deaf()):
            await asyncio.sleep(0.01)
    assert why == f"taking mail at 127.0.0.1:{port}: another program has this port"
    listening.cancel()
    await asyncio.wait([listening])


@pytest.mark.parametrize("where", ["2527", "localhost:2527", "127.0.0.1:", "127.0.0.1:99999", "mail.example.org:25"])
def test_where_to_listen_is_an_address_and_a_port(where: str) -> None:
    with pytest.raises(ValidationError, match="listen_smtp"):
        settings(1, listen_smtp=where)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"reply_address": "a-very-long-name-of-a-desk@example.org"}, "reply_address"),
        ({"reply_address": "Support <support@example.org>"}, "reply_address"),
        ({"reply_delimiter": "++"}, "reply_delimiter"),
        ({"imap_host": "imap.example.org"}, "imap_user"),
        ({"imap_user": "us"}, "imap_host"),
        ({"imap_host": "imap.example.org", "imap_user": "u", "imap_password": "p", "imap_tls": "none"}, "in clear"),
        ({"imap_port": 70000}, "imap_port"),
        ({"dkim_selector": "a b"}, "dkim_selector"),
        ({"largest_mail_mb": 100}, "largest_mail_mb"),
    ],
)
def test_a_wrong_setting_of_the_ways_in_is_named(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        settings(2527, **given)


def test_the_mailbox_knows_its_usual_ports_and_keeps_its_password() -> None:
    given = {"imap_host": "127.0.0.1", "imap_user": "u", "imap_password": "s3cret"}
    assert settings(1, **given).mailbox_port == 993
    assert settings(1, **given, imap_tls="starttls").mailbox_port == 143
    assert "s3cret" not in repr(settings(1, **given))

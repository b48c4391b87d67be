"""The mailbox, against a real Dovecot: every mail is read once, and none is marked as read before it is stored."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from imap_tools.errors import (
    MailboxFolderSelectError,
    MailboxLoginError,
    MailboxStarttlsError,
    MailboxTaggedResponseError,
)

from bot.channels.email import imap_errors, mailbox
from bot.channels.email.channel import EmailChannel
from bot.channels.email.imap_errors import NoImapServer
from bot.channels.email.settings import EmailSettings
from core.ports import Finding, Forgetful, RawArrival
from tests.ports import free_port
from tests.rigs.dovecot import PASSWORD, Dovecot

SITE = "https://feedback.example.org"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with Dovecot("support") as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(server: Dovecot) -> None:
    """An empty folder for each test."""
    with box(server) as imap:
        imap.delete("Support")
        imap.create("Support")


@contextlib.contextmanager
def box(server: Dovecot, folder: str = "") -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", server.imap_port) as imap:
        imap.login("support", PASSWORD)
        if folder:
            imap.select(folder)
        yield imap


def mail(number: int) -> bytes:
    return f"From: ann@example.net\r\nMessage-ID: <{number}@example.net>\r\nSubject: {number}\r\n\r\nHi\r\n".encode()


def put(server: Dovecot, *numbers: int) -> None:
    with box(server) as imap:
        for number in numbers:
            imap.append("Support", "", "", mail(number))


def unread(server: Dovecot) -> int:
    with box(server, "Support") as imap:
        return len(imap.search(None, "UNSEEN")[1][0].split())


def settings(server: Dovecot, **given: object) -> EmailSettings:
    usual = {
        "kind": "email",
        "from": "support@example.org",
        "smtp_host": "127.0.0.1",
        "imap_host": "127.0.0.1",
        "imap_port": server.imap_port,
        "imap_tls": "none",
        "imap_user": "support",
        "imap_password": PASSWORD,
        "imap_folder": "Support",
        "imap_timeout_seconds": 5,
    }
    return EmailSettings.model_validate(usual | given)


class Reading:
    """A channel that listens, and what it was given to store."""

    def __init__(self, server: Dovecot, keep: Forgetful | None = None, **given: object) -> None:
        self.channel = EmailChannel("mail", settings(server, **given), base_url=SITE)
        self.channel.keep = self.keep = keep or Forgetful()
        self.bodies: list[bytes] = []
        self.away = False
        self.tries = 0

    async def take(self, arrivals: Sequence[RawArrival]) -> None:
        self.tries += 1
        if self.away:
            raise ConnectionError("the store is away")
        self.bodies += [one.body for one in arrivals]

    @contextlib.asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        listening = asyncio.create_task(self.channel.listen(self.take))
        try:
            await until(lambda: any(self.keep._kept))
            yield
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    @property
    def numbers(self) -> list[int]:
        return [int(body.split(b"<")[1].split(b"@")[0]) for body in self.bodies]


async def until(happened: Callable[[], bool], *, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.02)


async def test_new_mail_is_read_as_it_comes_and_then_marked(server: Dovecot) -> None:
    reading = Reading(server)
    async with reading.on():
        put(server, 1, 2)
        await until(lambda: reading.numbers == [1, 2])
        put(server, 3)
        await until(lambda: reading.numbers == [1, 2, 3])
        await until(lambda: unread(server) == 0)


async def test_mail_that_was_there_before_the_first_start_stays_as_it_is(server: Dovecot) -> None:
    put(server, 1)
    reading = Reading(server)
    async with reading.on():
        put(server, 2)
        await until(lambda: reading.numbers == [2])
        await until(lambda: unread(server) == 1)


async def test_after_a_restart_it_goes_on_where_it_was(server: Dovecot) -> None:
    reading = Reading(server)
    async with reading.on():
        put(server, 1)
        await until(lambda: reading.numbers == [1])
        await until(lambda: unread(server) == 0)
    put(server, 2)
    again = Reading(server, reading.keep)
    async with again.on():
        await until(lambda: again.numbers == [2])


async def test_where_nothing_is_new_the_last_mail_is_not_read_again(server: Dovecot) -> None:
    """A server answers "2:*" with the last mail even when that is number 1."""
    put(server, 1, 2)
    box = Reading(server).channel._mailbox._connected()
    last = max(map(int, box.uids()))
    assert mailbox._since(box, last) == []
    assert mailbox._since(box, last - 1) == [last]
    box.logout()


async def test_nothing_is_marked_while_the_store_is_away_and_nothing_is_lost(server: Dovecot) -> None:
    reading = Reading(server)
    async with reading.on():
        reading.away = True
        put(server, 1)
        await until(lambda: reading.tries >= 1)
        assert unread(server) == 1
        reading.away = False
        await until(lambda: reading.numbers == [1])


async def test_a_server_that_goes_and_comes_back_loses_nothing(server: Dovecot) -> None:
    reading = Reading(server)
    async with reading.on():
        put(server, 1)
        await until(lambda: reading.numbers == [1])
        server.stop()
        server.start()
        put(server, 2)
        await until(lambda: reading.numbers == [1, 2], seconds=30)


async def test_a_folder_that_was_made_anew_is_read_from_its_unread_mails(server: Dovecot) -> None:
    reading = Reading(server)
    async with reading.on():
        put(server, 1)
        await until(lambda: reading.numbers == [1])
    with box(server) as imap:
        imap.delete("Support")
        imap.create("Support")
    put(server, 2)
    again = Reading(server, reading.keep)
    async with again.on():
        await until(lambda: again.numbers == [2])


async def test_of_a_mail_that_is_too_large_the_beginning_is_read(server: Dovecot) -> None:
    reading = Reading(server, largest_mail_mb=1)
    async with reading.on():
        with box(server) as imap:
            imap.append("Support", "", "", mail(1) + b"x" * 1_500_000)
        await until(lambda: reading.numbers == [1])
    assert len(reading.bodies[0]) == 1024 * 1024


async def checked(channel: EmailChannel, server: Dovecot) -> Finding:
    """What `afterword check` says of the mailbox; nobody answers as relay or name server here."""
    [finding] = [one for one in await channel.check() if f"127.0.0.1:{server.imap_port}" in one.what]
    return finding


async def test_check_says_that_the_mailbox_can_be_read_and_reads_nothing(server: Dovecot) -> None:
    put(server, 1, 2)
    channel = EmailChannel("mail", settings(server), base_url=SITE)
    finding = await checked(channel, server)
    assert (finding.ok, "with 2 mails" in finding.what) == (True, True)
    assert unread(server) == 2


@pytest.mark.parametrize(
    ("given", "what", "remedy"),
    [
        ({"imap_folder": "No/such folder"}, "'No/such folder'", "imap_folder"),
        ({"imap_password": "wrong"}, "does not let us in", "imap_password"),
        ({"imap_tls": "starttls"}, "", "imap_tls"),
        ({"imap_tls": "tls"}, "", "imap_"),
    ],
)
async def test_check_says_what_is_wrong_with_the_mailbox(
    server: Dovecot, given: dict[str, object], what: str, remedy: str
) -> None:
    finding = await checked(EmailChannel("mail", settings(server, **given), base_url=SITE), server)
    assert not finding.ok
    assert what in finding.what
    assert remedy in finding.remedy
    assert str(given.get("imap_password", "s3cret")) not in finding.what


@pytest.mark.parametrize("hello", [b"220 mail.example.org ESMTP Postfix", b"SSH-2.0-OpenSSH_9.2"])
async def test_what_is_no_imap_server_is_called_so_and_nobody_waits_for_it_to_come_back(
    server: Dovecot, hello: bytes
) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(hello + b"\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        channel = EmailChannel("mail", settings(server, imap_port=port, imap_timeout_seconds=5), base_url=SITE)
        [finding] = [one for one in await channel.check() if f"127.0.0.1:{port}" in one.what]
    assert (finding.ok, "no IMAP server" in finding.what) == (False, True)
    assert "imap_host" in finding.remedy
    assert "by itself" not in finding.remedy


async def test_a_server_that_is_not_there_is_told_and_waited_for(
    server: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    reading = Reading(server, imap_port=free_port())
    with caplog.at_level(logging.WARNING):
        listening = asyncio.create_task(reading.channel.listen(reading.take))
        await until(lambda: "cannot be reached" in caplog.text)
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


LOCKED_OUT = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("error", "reason", "after"),
    [
        (MailboxLoginError(("NO", [b"[UNAVAILABLE] later"]), "OK"), "busy", None),
        (MailboxLoginError(("NO", [b"Maximum number of connections"]), "OK"), "too many", None),
        (MailboxLoginError(("NO", [b"bad"]), "OK"), "does not let us in", LOCKED_OUT),
        (MailboxFolderSelectError(("NO", [b"none"]), "OK"), "no folder 'Support'", LOCKED_OUT),
        (imaplib.IMAP4.abort("TLS not supported by server"), "no STARTTLS", LOCKED_OUT),
        (MailboxStarttlsError(("NO", [b"no"]), "OK"), "no STARTTLS", LOCKED_OUT),
        (ssl.SSLCertVerificationError("self-signed"), "certificate", LOCKED_OUT),
        (ssl.SSLError("wrong version"), "encrypted", None),
        (TimeoutError(), "in time", None),
        (imaplib.IMAP4.readonly("read only"), "only be read", LOCKED_OUT),
        (imaplib.IMAP4.abort("EOF"), "hung up", None),
        (NoImapServer("220 mail ESMTP"), "no IMAP server", LOCKED_OUT),
        (ConnectionRefusedError(111, "refused"), "cannot be reached", None),
        (MailboxTaggedResponseError(("BAD", [b"x"]), "OK"), "refused", None),
        (imaplib.IMAP4.error("NO"), "refused", None),
    ],
)
def test_every_failure_says_whether_somebody_must_mend_it(
    error: Exception, reason: str, after: timedelta | None
) -> None:
    trouble = imap_errors.explain(error, "Support")
    assert reason in trouble.reason
    assert trouble.after == after
    assert imap_errors.remedy(error)


def test_every_row_of_the_mailboxs_table_decides_something() -> None:
    for number, row in enumerate(imap_errors.TABLE):
        above = [kind for earlier in imap_errors.TABLE[:number] if not earlier.says for kind in earlier.errors]
        assert any(not issubclass(kind, tuple(above)) for kind in row.errors) or not above


def test_what_the_table_does_not_know_keeps_its_name() -> None:
    assert imap_errors.explain(KeyError("x"), "Support").reason.startswith("KeyError")
    assert imap_errors.remedy(KeyError("x")) == ""

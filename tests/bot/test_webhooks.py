"""Webhooks: signed, tried again, never sent to where nobody outside should reach."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from bot.postman import Guard, NotPublic, Postman
from core import errors
from core.models.accounts import AuditLine
from core.models.webhooks import CallState, Webhook, WebhookCall
from core.plumbing import deliveries
from core.reactions import webhooks
from core.reactions.webhooks import Vault
from core.store import Store
from tests.rigs.receiver import Receiver, receiving

SECRET = b"a secret of the tests, 32 bytes or more"
LOOPBACK = ("127.0.0.0/8",)


def now() -> datetime:
    """The library's verifier looks at the real clock."""
    return datetime.now(UTC)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


class Office:
    """A postman over the store, with a clock that tests move."""

    def __init__(self, *internal: str, seconds: float = 10, resolver: AbstractResolver | None = None) -> None:
        self.time = now()
        self.vault = Vault(SECRET)
        self.postman = Postman(self.vault, Guard(internal), lambda: self.time, seconds=seconds, resolver=resolver)
        self.secret = ""

    async def endpoint(self, url: str) -> Webhook:
        await Webhook.create(key="crm", url=url, created_at=self.time)
        self.secret = await webhooks.new_secret("crm", self.vault, by="lee", now=self.time)
        return await Webhook.get(key="crm")

    async def call(self, once: str = "1") -> WebhookCall:
        return await webhooks.call("crm", once, "response.settled.v1", {"rule": "r"}, now=self.time)

    async def work(self, row: WebhookCall) -> WebhookCall:
        await self.postman.look(row.id)
        await asyncio.gather(*self.postman.tasks)
        await row.refresh_from_db()
        return row

    async def later(self, row: WebhookCall) -> WebhookCall:
        self.time = row.due_at + timedelta(seconds=1)
        return await self.work(row)


async def test_a_call_is_signed_as_the_specification_says(store: Store, receiver: Receiver) -> None:
    office = Office(*LOOPBACK)
    await office.endpoint(receiver.url)
    row = await office.work(await office.call())
    [(headers, body)] = receiver.got
    assert Verifier(office.secret).verify(body, headers)["type"] == "response.settled.v1"
    assert (row.state, row.status, row.attempts) == (CallState.SENT, 200, 1)
    with pytest.raises(WebhookVerificationError):
        Verifier(office.secret).verify(body.replace("settled", "s3ttled"), headers)


async def test_while_a_secret_is_changed_both_are_good_and_after_a_day_only_the_new_one(
    store: Store, receiver: Receiver
) -> None:
    office = Office(*LOOPBACK)
    await office.endpoint(receiver.url)
    old = office.secret
    office.secret = await webhooks.new_secret("crm", office.vault, by="lee", now=office.time - timedelta(hours=23))
    await office.work(await office.call("1"))
    for secret in (old, office.secret):
        Verifier(secret).verify(receiver.got[-1][1], receiver.got[-1][0])
    await Webhook.all().update(previous_until=office.time)
    await office.work(await office.call("2"))
    Verifier(office.secret).verify(receiver.got[-1][1], receiver.got[-1][0])
    with pytest.raises(WebhookVerificationError):
        Verifier(old).verify(receiver.got[-1][1], receiver.got[-1][0])


async def test_a_secret_lies_sealed_and_is_no_part_of_the_audit(store: Store, receiver: Receiver) -> None:
    office = Office()
    row = await office.endpoint(receiver.url)
    assert office.secret.removeprefix("whsec_") not in row.secret
    assert Vault(b"another secret of the tests, 32 bytes").opened(row.secret) == ""
    lines = await AuditLine.filter(action="webhook.secret_changed")
    assert [line.actor for line in lines] == ["lee"]
    assert not any("whsec_" in str((line.before, line.after)) for line in lines)


async def test_what_fails_is_tried_again_under_the_same_name_until_it_is_dead(store: Store, receiver: Receiver) -> None:
    office = Office(*LOOPBACK)
    await office.endpoint(receiver.url)
    receiver.status = 500
    row = await office.work(await office.call())
    for wait in deliveries.RETRIES:
        assert row.state == CallState.WAITING
        assert wait * 0.79 < row.due_at - office.time < wait * 1.21
        row = await office.later(row)
        await Webhook.all().update(failing_since=None)
    assert (row.state, row.attempts) == (CallState.DEAD, len(deliveries.RETRIES) + 1)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == len(receiver.got)

    receiver.status = 204
    await webhooks.replay(row, by="lee", now=office.time)
    assert (await office.work(row)).state == CallState.SENT
    assert await AuditLine.filter(action="webhook.replayed", actor="lee").count() == 1


async def test_who_asks_for_time_gets_it(store: Store, receiver: Receiver) -> None:
    office = Office(*LOOPBACK)
    await office.endpoint(receiver.url)
    receiver.status, receiver.headers = 429, {"retry-after": "600"}
    row = await office.work(await office.call())
    assert row.due_at == office.time + timedelta(minutes=10)


async def test_gone_switches_it_off_and_rules_are_told(store: Store, receiver: Receiver) -> None:
    office = Office(*LOOPBACK)
    await office.endpoint(receiver.url)
    receiver.status = 410
    row = await office.work(await office.call())
    endpoint = await Webhook.get()
    assert (row.state, endpoint.enabled, endpoint.why_off) == (CallState.DEAD, False, "gone")
    with pytest.raises(errors.Conflict):
        await office.call("2")


async def test_five_days_of_failure_switch_it_off(store: Store, receiver: Receiver) -> None:
    office = Office(*LOOPBACK)
    await office.endpoint(receiver.url)
    receiver.status = 503
    row = await office.work(await office.call())
    assert (await Webhook.get()).failing_since is not None
    office.time += timedelta(days=5)
    await office.work(row)
    assert (await Webhook.get()).why_off == "failing"


async def test_a_call_is_made_once_however_often_it_is_asked_for_or_looked_at(store: Store, receiver: Receiver) -> None:
    office, other = Office(*LOOPBACK), Office(*LOOPBACK)
    await office.endpoint(receiver.url)
    row = await office.call()
    assert (await office.call()).id == row.id
    await asyncio.gather(*(one.postman.look(row.id) for one in (office, other, office)))
    await asyncio.gather(*office.postman.tasks, *other.postman.tasks)
    assert len(receiver.got) == 1


async def test_who_died_with_a_call_in_hand_leaves_it_to_others(store: Store, receiver: Receiver) -> None:
    office = Office(*LOOPBACK)
    endpoint = await office.endpoint(receiver.url)
    row = await office.call()
    assert await webhooks.take(endpoint.id, office.vault, now=office.time) is not None
    assert await webhooks.take(endpoint.id, office.vault, now=office.time) is None
    office.time += webhooks.LEASE
    assert (await office.work(row)).state == CallState.SENT


async def test_without_a_secret_nothing_is_sent(store: Store, receiver: Receiver) -> None:
    office = Office(*LOOPBACK)
    await Webhook.create(key="crm", url=receiver.url, created_at=office.time)
    row = await office.work(await office.call())
    assert (row.state, receiver.got) == (CallState.WAITING, [])
    assert "no secret" in row.problem


# ---------------------------------------------------------------- where it must not go (SEC-30, SEC-31)

HOSTILE = (
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "①②⑦.⓪.⓪.①",
    "127.0.0.1.",
)
CLASSES = """
    0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 168.63.129.16 169.254.169.254 172.16.0.1
    192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
    255.255.255.255 :: ::1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 2001:db8::1
    2002:7f00:1:: fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 2001::1
""".split()  # noqa: SIM905 - to be read


@pytest.mark.parametrize("host", HOSTILE)
async def test_no_spelling_of_an_inner_address_is_reached(sqlite_store: Store, receiver: Receiver, host: str) -> None:
    port = receiver.url.rpartition(":")[2]
    office = Office()
    await office.endpoint(f"http://{host}:{port}")
    row = await office.work(await office.call())
    assert receiver.got == []
    assert row.state == CallState.WAITING
    assert row.problem
    assert Guard().problem(f"https://{host}/")


@pytest.mark.parametrize("address", CLASSES)
def test_no_class_of_inner_address_is_let_through(address: str) -> None:
    with pytest.raises(NotPublic):
        Guard().check("https://x.example/", address, 443)
    host = f"[{address}]" if ":" in address else address
    assert Guard().problem(f"https://{host}/") == "admin.webhooks.not_public"


def test_only_https_on_its_ports_is_called_outside() -> None:
    guard = Guard()
    guard.check("https://x.example/", "8.8.8.8", 443)
    guard.check("https://x.example/", "2606:4700::1", 8443)
    for url, port in (("http://x.example/", 443), ("https://x.example/", 25), ("https://x.example/", 6379)):
        with pytest.raises(NotPublic):
            guard.check(url, "8.8.8.8", port)
    wrong = (
        "ftp://x.example",
        "https://",
        "https://u:p@x.example",
        "http://x.example",
        "https://x.example:22",
        "x",
        "https://a b",
    )
    assert all(guard.problem(url) for url in wrong)
    assert guard.problem("https://hooks.example.org:8443/a?b=c") == ""


def test_inner_networks_can_be_opened_on_purpose_and_only_those() -> None:
    guard = Guard(["10.1.0.0/16"])
    guard.check("http://x/", "10.1.2.3", 8080)
    assert guard.problem("http://10.1.2.3:8080/") == ""
    with pytest.raises(NotPublic):
        guard.check("http://x/", "10.2.0.1", 8080)
    with pytest.raises(NotPublic):
        guard.check("http://x/", "169.254.169.254", 80)


class Liar(AbstractResolver):
    """A name server that leads inside."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Any:
        inside = {"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 6, "flags": 0}
        return [inside | {"family": socket.AF_INET}]

    async def close(self) -> None:
        pass


async def test_a_name_that_leads_inside_is_not_followed(sqlite_store: Store, receiver: Receiver) -> None:
    """Whatever the name server says, the address that is connected to is looked at."""
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])
    office = Office(resolver=Liar())
    await office.endpoint(f"https://hooks.example.org:{port}/")
    row = await office.work(await office.call())
    assert receiver.got == []
    assert row.problem == "refused: not a public address"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(sqlite_store: Store, receiver: Receiver, status: int) -> None:
    async with receiving() as other:
        receiver.status, receiver.headers = status, {"location": other.url}
        office = Office(*LOOPBACK)
        await office.endpoint(receiver.url)
        row = await office.work(await office.call())
        assert (len(receiver.got), other.got) == (1, [])
        assert row.problem == f"HTTP {status}"


Speaks = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(ConnectionError):
        for number in range(100_000):
            writer.write(f"x-{number}: {'y' * 1000}\r\n".encode())
            await writer.drain()
    writer.close()


async def _nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")
    writer.close()


async def _huge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 99999999999\r\n\r\n" + b"\0" * 1000)
    await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("speaks", "state"), [(_never, "waiting"), (_drips, "waiting"), (_nonsense, "waiting"), (_huge, "sent")]
)
async def test_an_endpoint_that_misbehaves_is_left_soon(sqlite_store: Store, speaks: Speaks, state: str) -> None:
    server = await asyncio.start_server(speaks, "127.0.0.1", 0)
    async with server:
        office = Office(*LOOPBACK, seconds=0.5)
        await office.endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        row = await office.work(await office.call())
    assert row.state == state
    assert bool(row.problem) is (state == "waiting")

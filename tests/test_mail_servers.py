"""By mail through real servers: Postfix carries it, Dovecot keeps it, we read the mailbox as it fills (IMAP IDLE)."""

from __future__ import annotations

import asyncio
import imaplib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from core import suppressions
from core.models.contacts import Bounce, Reach
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.desk import EntryKind, Ticket, TicketEntry
from core.models.invites import Invite, InviteState
from tests import world
from tests.ports import free_port
from tests.rigs.correspondent import Correspondent, hand_in
from tests.rigs.dovecot import PASSWORD, Dovecot
from tests.rigs.greylist import Greylist
from tests.rigs.postfix import Postfix
from tests.rigs.smtp import Mail, SmtpRig
from tests.world import World

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Servers:
    postfix: Postfix
    dovecot: Dovecot
    greylist: Greylist
    slow_port: int  # where Postfix brings mail for slow.example

    def mails(self, user: str) -> list[Mail]:
        """What is in somebody's mailbox."""
        with imaplib.IMAP4("127.0.0.1", self.dovecot.imap_port) as imap:
            imap.login(user, PASSWORD)
            imap.select("INBOX")
            numbers = imap.search(None, "ALL")[1][0].split()
            raws = [imap.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in numbers]  # type: ignore[index]
        return [Mail("", (f"{user}@example.net",), bytes(raw), encrypted=False) for raw in raws]

    async def mail(self, user: str, number: int = 1) -> Mail:
        async with asyncio.timeout(20):
            while len(mails := await asyncio.to_thread(self.mails, user)) < number:
                await asyncio.sleep(0.05)
        return mails[number - 1]


@pytest.fixture
def servers() -> Iterator[Servers]:
    port, slow = free_port(), free_port()
    users = ("support", "ann", "bob", "grey", "fullfred")
    with Greylist() as greylist, Dovecot(*users, submission_port=port) as dovecot:
        lmtp = f"lmtp:[127.0.0.1]:{dovecot.lmtp_port}"
        routes = {"example.net": lmtp, "example.org": lmtp, "slow.example": f"smtp:[127.0.0.1]:{slow}"}
        with Postfix(routes, port=port, policy=greylist.port) as postfix:
            yield Servers(postfix, dovecot, greylist, slow)
            print(postfix.log, dovecot.log)  # noqa: T201 - shown by pytest when the test failed


@pytest.fixture
async def here(sqlite_url: str, servers: Servers) -> AsyncIterator[World]:
    mail = {
        "kind": "email",
        "from": "Support <support@example.org>",
        "reply_address": "support@example.org",
        "smtp_host": "127.0.0.1",
        "smtp_port": servers.postfix.port,
        "smtp_tls": "none",
        "imap_host": "127.0.0.1",
        "imap_port": servers.dovecot.imap_port,
        "imap_tls": "none",
        "imap_user": "support",
        "imap_password": PASSWORD,
    }
    async with world.running(sqlite_url, {"mail": mail, "webchat": {"kind": "webchat"}}) as running:
        channel = running.app.channels["mail"]
        await running.until(lambda: _keeps(channel))
        yield running


async def _keeps(channel: object) -> bool:
    return bool(await channel.keep.all("imap:"))  # type: ignore[attr-defined]


@pytest.fixture
def ann(servers: Servers) -> Correspondent:
    return Correspondent("ann@example.net", servers.postfix.port)


async def _handled(number: int) -> bool:
    return await Arrival.filter(state=ArrivalState.HANDLED).count() >= number


async def test_a_rating_makes_the_whole_way_round(here: World, servers: Servers, ann: Correspondent) -> None:
    await here.resolve(addresses=[("mail", ann.address)])
    question = await servers.mail("ann")
    assert question.header("Return-Path").startswith("<support+b.i")
    await ann.answers(question, "4/5 too slow")
    thanks = await servers.mail("ann", 2)
    assert "too slow" in thanks.text
    [response] = await here.responses()
    assert (response["scores"], response["comment"]) == ({"overall": 4}, "too slow")


async def test_a_request_and_its_answer_share_a_thread(here: World, servers: Servers, ann: Correspondent) -> None:
    first = await ann.writes("The router is dead.")
    receipt = await servers.mail("ann")
    assert receipt.header("In-Reply-To") == first["Message-ID"]
    await ann.answers(receipt, "And the cable.")
    await here.until(lambda: _handled(2))
    assert await TicketEntry.filter(kind=EntryKind.MESSAGE).count() == 2


async def test_a_mailbox_that_does_not_exist_sends_the_question_to_the_next_address(
    here: World, servers: Servers
) -> None:
    await here.resolve(addresses=[("mail", "nobody@example.net"), ("mail", "bob@example.net")])
    question = await servers.mail("bob")
    assert "How satisfied are you overall?" in question.text
    assert await suppressions.is_suppressed("mail", "nobody@example.net")


async def test_a_full_mailbox_is_counted_and_not_given_up(here: World, servers: Servers) -> None:
    await here.resolve(addresses=[("mail", "fullfred@example.net")])
    await here.until(lambda: Bounce.exists(), seconds=20)
    [bounce] = await Bounce.all()
    assert (bounce.kind, bounce.address) == ("soft", "fullfred@example.net")
    assert "5.2.2" in bounce.reason
    assert await suppressions.listed() == []
    invite = await Invite.get().select_related("address")
    assert (invite.state, invite.address.reach) == (InviteState.DELIVERED, Reach.OK)


async def test_a_greylisting_server_lets_the_question_in_when_it_comes_again(here: World, servers: Servers) -> None:
    await here.resolve(addresses=[("mail", "grey@example.net"), ("mail", "bob@example.net")])
    put_off = Delivery.filter(target="grey@example.net", state=DeliveryState.WAITING, attempts=1)
    await here.until(lambda: put_off.exists())
    assert "450 4.7.1" in (await put_off.get()).problem
    await here.move_on(minutes=5)
    question = await servers.mail("grey")
    assert "How satisfied are you overall?" in question.text
    first, second = servers.greylist.asked
    assert first == second, "it is known again by its envelope"
    assert first[0].startswith("support+b.i")
    assert servers.mails("bob") == []
    assert not await Bounce.all().exists()
    invite = await Invite.get().select_related("address")
    assert invite.address.reach == Reach.OK


async def test_that_a_mail_is_late_changes_nothing(here: World, servers: Servers) -> None:
    slow = SmtpRig()
    slow.mood, slow.port = "busy", servers.slow_port
    async with slow:
        await here.resolve(addresses=[("mail", "kay@slow.example"), ("mail", "bob@example.net")])
        told = (await servers.mail("support")).raw
    assert b"Action: delayed" in told
    assert b"Status: 4.7.1" in told
    await here.until(lambda: _handled(1))
    assert not await Bounce.all().exists()
    invite = await Invite.get().select_related("address")
    assert (invite.state, invite.address.address) == (InviteState.DELIVERED, "kay@slow.example")
    assert await Ticket.all().count() == 1
    assert servers.mails("bob") == []


async def test_our_mails_get_no_holiday_note_and_one_that_comes_all_the_same_changes_nothing(
    here: World, servers: Servers, ann: Correspondent
) -> None:
    servers.dovecot.away("ann", "5 - I am away until Monday.")
    await ann.writes("The router is dead.")
    receipt = await servers.mail("ann")
    assert "discarding vacation response" in servers.dovecot.log
    bare = re.sub(rb"(?m)^(Auto-Submitted|X-Auto-Response-Suppress|Delivered-To|Return-Path):.*\n", b"", receipt.raw)
    sender = receipt.header("Return-Path").strip("<>")
    await hand_in(bare, ann.address, sender=sender, port=servers.postfix.port)
    note = await servers.mail("support", 2)
    assert note.header("Auto-Submitted").startswith("auto-replied")
    assert note.header("Delivered-To") == sender
    await here.until(lambda: _handled(2))
    assert await Ticket.all().count() == 1
    assert await TicketEntry.filter(kind=EntryKind.MESSAGE).count() == 1
    assert not await Bounce.all().exists()

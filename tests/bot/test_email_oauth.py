"""Access tokens in place of passwords, against a token server, a relay and a real Dovecot that ask for them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from bot.channels.email.channel import EmailChannel
from bot.channels.email.oauth import AccessTokens, TokenRefused, TokenUnavailable
from bot.channels.email.settings import EmailSettings
from core.ports import Finding, Forgetful, RawArrival, Undeliverable
from tests.bot.test_email_channel import ANN, SITE, failure, message
from tests.ports import free_port
from tests.rigs.dovecot import Dovecot
from tests.rigs.oauth import TokenServer
from tests.rigs.smtp import SmtpRig

USUAL = {"kind": "email", "from": "support@example.org", "smtp_host": "127.0.0.1", "smtp_tls": "none"}


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    async with TokenServer() as server:
        yield server


@pytest.fixture
async def relay(tokens: TokenServer) -> AsyncIterator[SmtpRig]:
    async with SmtpRig(user="support", tokens=tokens.good) as rig:
        yield rig


def settings(tokens: TokenServer, **given: Any) -> EmailSettings:
    return EmailSettings.model_validate(USUAL | {"smtp_user": "support"} | tokens.settings | given)


def channel(tokens: TokenServer, relay: SmtpRig, **given: Any) -> EmailChannel:
    return EmailChannel("mail", settings(tokens, smtp_port=relay.port, **given), base_url=SITE)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


# ---------------------------------------------------------------- sending


async def test_mails_are_sent_with_one_token_that_all_connections_share(tokens: TokenServer, relay: SmtpRig) -> None:
    mail = channel(tokens, relay)
    await asyncio.gather(*(mail.send(f"ann{n}@example.org", message(key=f"k{n}")) for n in range(8)))
    await mail.close()
    assert len(relay.mails) == 8
    assert len(tokens.asked) == 1
    assert tokens.asked[0] == {
        "grant_type": "refresh_token",
        "client_id": tokens.client_id,
        "client_secret": tokens.client_secret,
        "refresh_token": "s3cret-refresh-token",
    }


async def found_at(mail: EmailChannel, port: int) -> Finding:
    """What `afterword check` says first about the server that listens there."""
    return next(one for one in await mail.check() if f"127.0.0.1:{port}" in one.what)


async def test_without_a_refresh_token_the_app_asks_in_its_own_name(tokens: TokenServer, relay: SmtpRig) -> None:
    scope = "https://outlook.office365.com/.default"
    mail = channel(tokens, relay, oauth_refresh_token="", oauth_scope=scope)
    await mail.send(ANN, message())
    await mail.close()
    assert (tokens.asked[0]["grant_type"], tokens.asked[0]["scope"]) == ("client_credentials", scope)
    assert "refresh_token" not in tokens.asked[0]


async def test_a_token_that_was_called_back_is_replaced_and_the_mail_leaves(
    tokens: TokenServer, relay: SmtpRig
) -> None:
    mail = channel(tokens, relay)
    await mail.send(ANN, message())
    await mail.close()
    tokens.call_back()
    await mail.send(ANN, message(key="k2"))
    await mail.close()
    assert (len(relay.mails), len(tokens.asked)) == (2, 2)
    assert relay.commands.count("AUTH") == 3


async def test_a_relay_that_takes_no_token_is_not_asked_for_ever(tokens: TokenServer, relay: SmtpRig) -> None:
    relay.tokens = ()
    mail = channel(tokens, relay)
    refused = await failure(mail)
    await mail.close()
    assert isinstance(refused, Undeliverable)
    assert (refused.dead_address, refused.whole_channel) == (False, True)
    assert relay.commands.count("AUTH") == 2


async def test_a_dead_refresh_token_says_what_to_do_and_no_secret(
    tokens: TokenServer, relay: SmtpRig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens.refusal = "invalid_grant"
    mail = channel(tokens, relay)
    refused = await failure(mail)
    finding = await found_at(mail, relay.port)
    await mail.close()
    assert isinstance(refused, Undeliverable)
    assert (refused.dead_address, refused.whole_channel) == (False, True)
    assert "refresh token does not work any more (the token server answered 400 invalid_grant)" in refused.reason
    assert "give your consent at the provider again, and set oauth_refresh_token" in finding.remedy
    assert "AUTH" not in relay.commands
    assert "s3cret" not in f"{refused!r} {finding!r} {mail._settings!r}"
    ours = [one for one in caplog.records if one.name not in ("mail.log", "asyncio")]
    assert not [one for one in ours if "s3cret" in one.getMessage()]


@pytest.mark.parametrize(
    ("error", "remedy"),
    [("invalid_client", "oauth_client_secret"), ("invalid_scope", "oauth_scope"), ("invalid_request", "oauth_token")],
)
async def test_each_refusal_names_the_setting(tokens: TokenServer, relay: SmtpRig, error: str, remedy: str) -> None:
    tokens.refusal = error
    finding = await found_at(channel(tokens, relay), relay.port)
    assert not finding.ok
    assert error in finding.what
    assert remedy in finding.remedy


@pytest.mark.parametrize("fault", ["502", "away"])
async def test_while_the_token_server_is_away_mails_wait(tokens: TokenServer, relay: SmtpRig, fault: str) -> None:
    tokens.status = 502
    given = {"oauth_token_url": f"http://127.0.0.1:{free_port()}/token"} if fault == "away" else {}
    mail = channel(tokens, relay, **given)
    late = await failure(mail)
    await mail.close()
    assert not isinstance(late, Undeliverable)
    assert late.whole_channel
    assert "token server" in late.reason


# ---------------------------------------------------------------- the token itself


async def test_it_is_replaced_before_it_ends(tokens: TokenServer) -> None:
    clock = Clock()
    given = AccessTokens(settings(tokens), Forgetful, clock=clock)
    first = await given.get()
    clock.now = 3600 - 301
    assert await given.get() == first
    clock.now = 3600 - 299
    assert await given.get() != first


async def test_a_refresh_token_that_is_exchanged_is_kept_over_a_restart(tokens: TokenServer) -> None:
    tokens.renews = True
    keep = Forgetful()
    for _ in range(3):  # each time a new process, with the token of the first day in its configuration
        configured = EmailSettings.model_validate(
            USUAL | {"smtp_user": "support"} | tokens.settings | {"oauth_refresh_token": "s3cret-refresh-token"}
        )
        assert (await AccessTokens(configured, lambda: keep).get()).startswith("s3cret-access")
    assert [form["refresh_token"] for form in tokens.asked] == [
        "s3cret-refresh-token",
        "s3cret-refresh-1",
        "s3cret-refresh-2",
    ]


async def test_one_that_is_newly_configured_comes_before_the_kept_one(tokens: TokenServer) -> None:
    keep = Forgetful()
    await keep.put("oauth:refresh", '{"for": "another", "token": "s3cret-of-old"}')
    await AccessTokens(settings(tokens), lambda: keep).get()
    assert [form["refresh_token"] for form in tokens.asked] == [tokens.refresh_token]


async def test_a_kept_one_that_died_gives_way_to_the_configured_one(tokens: TokenServer) -> None:
    keep = Forgetful()
    await keep.put("oauth:refresh", f'{{"for": "{tokens.refresh_token}", "token": "s3cret-dead"}}')
    await AccessTokens(settings(tokens), lambda: keep).get()
    assert [form["refresh_token"] for form in tokens.asked] == ["s3cret-dead", tokens.refresh_token]


async def test_what_is_no_answer_is_tried_again(tokens: TokenServer) -> None:
    tokens.status = 204
    with pytest.raises((TokenRefused, TokenUnavailable)):
        await AccessTokens(settings(tokens), Forgetful).get()
    tokens.status = 200
    assert await AccessTokens(settings(tokens), Forgetful).get()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"oauth_token_url": "http://login.example.com/token"}, "https"),
        ({"oauth_client_id": ""}, "oauth_client_id"),
        ({"oauth_client_secret": "", "oauth_refresh_token": ""}, "oauth_refresh_token"),
        ({"oauth_token_url": ""}, "oauth_token_url"),
        ({"oauth_token_url": "", "smtp_user": "support", "oauth_client_id": ""}, "smtp_password"),
        ({"imap_host": "127.0.0.1"}, "imap_user"),
    ],
)
def test_half_a_set_up_stops_the_start(given: dict[str, str], says: str) -> None:
    whole = {
        "smtp_user": "support",
        "oauth_token_url": "https://login.example.com/token",
        "oauth_client_id": "id",
        "oauth_client_secret": "s3cret",
        "oauth_refresh_token": "s3cret",
    }
    EmailSettings.model_validate(USUAL | whole)
    with pytest.raises(ValidationError, match=says) as caught:
        EmailSettings.model_validate(USUAL | whole | given)
    assert "s3cret" not in str(caught.value)


# ---------------------------------------------------------------- reading, with a real Dovecot


@pytest.fixture
async def dovecot(tokens: TokenServer) -> AsyncIterator[Dovecot]:
    server = Dovecot("support", introspection=f"http://127.0.0.1:{tokens.port}/introspect")
    await asyncio.to_thread(server.__enter__)
    yield server
    print(server.log)  # noqa: T201 - shown by pytest when the test failed
    await asyncio.to_thread(server.__exit__, None, None, None)


def reader(tokens: TokenServer, dovecot: Dovecot, **given: Any) -> EmailChannel:
    usual = {"smtp_user": "", "imap_host": "127.0.0.1", "imap_tls": "none", "imap_user": "support"}
    return EmailChannel("mail", settings(tokens, **usual | {"imap_port": dovecot.imap_port} | given), base_url=SITE)


@pytest.mark.slow
async def test_a_mailbox_is_read_with_a_token_also_after_it_was_called_back(
    tokens: TokenServer, dovecot: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mail = reader(tokens, dovecot)
    came = asyncio.Queue[RawArrival]()

    async def take(arrivals: Any) -> None:
        for one in arrivals:
            came.put_nowait(one)

    finding = await found_at(mail, dovecot.imap_port)
    assert finding.ok, finding.what
    for number in (1, 2):
        tokens.call_back()
        listening = asyncio.create_task(mail.listen(take))
        async with asyncio.timeout(20):
            while not await mail.keep.all("imap:"):
                await asyncio.sleep(0.05)
            raw = f"From: ann@example.net\r\nMessage-ID: <{number}@x>\r\n\r\nHi\r\n".encode()
            await asyncio.to_thread(dovecot.deliver, "support", raw)
            assert f"<{number}@x>".encode() in (await came.get()).body
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    assert len(tokens.asked) == 3
    assert "rests" not in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.slow
async def test_a_mailbox_whose_refresh_token_died_says_what_to_do(
    tokens: TokenServer, dovecot: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    tokens.refusal = "invalid_grant"
    mail = reader(tokens, dovecot)
    finding = await found_at(mail, dovecot.imap_port)
    assert "set oauth_refresh_token" in finding.remedy
    with caplog.at_level(logging.ERROR):
        listening = asyncio.create_task(mail.listen(_nothing))
        async with asyncio.timeout(20):
            while "set oauth_refresh_token to the new token" not in caplog.text:
                await asyncio.sleep(0.05)
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    assert "s3cret" not in caplog.text


@pytest.mark.slow
async def test_a_token_of_somebody_else_opens_no_mailbox(tokens: TokenServer, dovecot: Dovecot) -> None:
    tokens.user = "eve"
    finding = await found_at(reader(tokens, dovecot), dovecot.imap_port)
    assert not finding.ok
    assert "does not let us in" in finding.what
    assert len(tokens.asked) == 2


async def _nothing(arrivals: Any) -> None:
    """No mail is taken."""

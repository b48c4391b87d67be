"""Does the relay take our mail, does the mailbox let us read, what does the DNS say? For `afterword check`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiosmtplib.errors import SMTPResponseException

from bot.channels import network_words
from bot.channels.email import dns_records, imap_errors, listener
from bot.channels.email.connections import Connections
from bot.channels.email.errors import FAILURES, Step, explain, remedy
from bot.channels.email.mailbox import Mailbox
from bot.channels.email.oauth import TokenRefused, TokenUnavailable
from bot.channels.email.settings import EmailSettings, host_and_port, is_loopback
from core.ports import Finding

_NOT_MAIL = "check imap_host and imap_port: does an IMAP server answer there?"


async def findings(settings: EmailSettings, connections: Connections, mailbox: Mailbox) -> Sequence[Finding]:
    """At the same time, because each may have to wait for somebody who does not answer."""
    relay, answers, records = await asyncio.gather(
        _relay(settings, connections), _answers(settings, mailbox), dns_records.findings(settings)
    )
    return (*relay, *answers, *records)


async def _relay(settings: EmailSettings, connections: Connections) -> Sequence[Finding]:
    """Connect, log in and name the sender."""
    relay = f"{settings.smtp_host}:{settings.port}"
    try:
        smtp = await connections.connected()
    except FAILURES as error:
        return (_refused(relay, error, Step.CONNECT),)
    encrypted = "without encryption" if settings.smtp_tls == "none" else "encrypted"
    found = [Finding.good(f"{relay} takes our connection, {encrypted}")]
    try:
        async with asyncio.timeout(settings.smtp_timeout_seconds):
            await smtp.mail(settings.sender.address, encoding="utf-8")
            await smtp.rset()
            await smtp.quit()
    except FAILURES as error:
        found.append(_refused(relay, error, Step.SENDER))
    else:
        found.append(Finding.good(f"{relay} takes mail from {settings.sender.address}"))
    finally:
        smtp.close()
    return found


def _refused(relay: str, error: BaseException, step: Step) -> Finding:
    if isinstance(error, (SMTPResponseException, TokenRefused, TokenUnavailable)):
        return Finding.problem(f"{relay}: {explain(error, step).reason}", remedy(error))
    return Finding.problem(f"{relay}: {network_words.of(error)} (while {step})", remedy(error))


async def _answers(settings: EmailSettings, mailbox: Mailbox) -> Sequence[Finding]:
    read = [await _read(settings, mailbox)] if settings.imap_host else []
    if settings.listen_smtp:
        return (*read, *await _taken(settings.listen_smtp))
    if read:
        return read
    what = "answers and bounces are not read, unless a mail server hands them to `afterword mail receive`"
    return (Finding.warning(what, "Set reply_address, and imap_host or listen_smtp (docs/howto/email.md, step 4)"),)


async def _taken(where: str) -> Sequence[Finding]:
    """The port that `serve` takes mail at. There is no password to ask for: who reaches it can hand mail in."""
    host, port = host_and_port(where)
    found = []
    if not is_loopback(host):
        what = f"{where} can be reached from other machines, and takes mail to our addresses from anybody, unchecked"
        found.append(
            Finding.warning(what, "Let listen_smtp be 127.0.0.1, or let a firewall admit only your mail server")
        )
    why = listener.not_free(host, port)
    if why and not await listener.is_ours(host, port):
        return [*found, Finding.problem(f"{where}: {why}", "Stop that program, or set listen_smtp to a free port")]
    what = f"whether your mail server hands answers to {where}: only `afterword serve` listens there"
    return [*found, Finding.unseen(what, "While it runs, answer a mail and see the receipt come back")]


async def _read(settings: EmailSettings, mailbox: Mailbox) -> Finding:
    where = f"{settings.imap_host}:{settings.mailbox_port}"
    try:
        async with asyncio.timeout(settings.imap_timeout_seconds):
            count = await mailbox.look()
    except Exception as error:
        known = imap_errors.row_for(error) is not None
        reason = imap_errors.explain(error, settings.imap_folder).reason if known else network_words.of(error)
        return Finding.problem(f"{where}: {reason}", imap_errors.remedy(error) or _NOT_MAIL)
    return Finding.good(f"{where} lets us read {settings.imap_folder}, with {count} mails in it")

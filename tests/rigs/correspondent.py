"""Somebody with a mail program: writes to us, and answers what they got, through our listener.

ann = Correspondent("ann@example.net", port)
await ann.writes("The router is dead.", subject="Router")
await ann.answers(mail, "4/5 too slow")
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as LINES

import aiosmtplib

from tests.rigs.smtp import Mail

_numbers = itertools.count(1)


@dataclass
class Correspondent:
    address: str
    port: int
    name: str = "Ann <3"
    host: str = "127.0.0.1"
    sent: list[EmailMessage] = field(default_factory=list)

    async def writes(
        self,
        text: str,
        *,
        to: str = "support@example.org",
        subject: str = "Router & cable",
        headers: dict[str, str] | None = None,
        files: tuple[tuple[str, bytes], ...] = (),
    ) -> EmailMessage:
        """A mail of their own."""
        mail = EmailMessage(LINES)
        mail["From"] = f'"{self.name}" <{self.address}>'
        mail["To"] = to
        mail["Subject"] = subject
        mail["Message-ID"] = f"<{next(_numbers)}.{self.address}>"
        for name, value in (headers or {}).items():
            mail[name] = value
        mail.set_content(text)
        for name, data in files:
            mail.add_attachment(data, maintype="image", subtype="png", filename=name)
        await self.hands_in(mail.as_bytes(), to=to)
        self.sent.append(mail)
        return mail

    async def answers(
        self,
        mail: Mail,
        text: str,
        *,
        to: str = "",
        headers: dict[str, str] | None = None,
        files: tuple[tuple[str, bytes], ...] = (),
    ) -> EmailMessage:
        """Presses *Reply*: to Reply-To, under the mail, which is quoted below."""
        where = to or mail.header("Reply-To").rpartition("<")[2].rstrip(">") or mail.header("From")
        quoted = "".join(f"> {line}\n" for line in mail.text.splitlines())
        body = f"{text}\n\nOn Mon, 2 Mar 2026 at 09:00, Support <support@example.org> wrote:\n\n{quoted}"
        usual = {"In-Reply-To": mail.header("Message-ID"), "References": mail.header("Message-ID")}
        return await self.writes(
            body, to=where, subject=f"Re: {mail.header('Subject')}", headers=usual | (headers or {}), files=files
        )

    async def bounces(self, mail: Mail, *, status: str = "5.1.1", action: str = "failed", to: str = "") -> None:
        """Their mail server sends it back, to the envelope's sender."""
        what = f"Final-Recipient: rfc822; {mail.recipients[0]}\r\nAction: {action}\r\nStatus: {status}\r\n"
        report = (
            f"From: MAILER-DAEMON@example.net\r\nTo: {mail.sender}\r\nSubject: Undelivered\r\n"
            f"Message-ID: <bounce{next(_numbers)}@example.net>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
            "--b\r\n\r\nIt did not work.\r\n"
            f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n{what}\r\n"
            "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        )
        await self.hands_in(report.encode() + mail.raw + b"\r\n--b--\r\n", to=to or mail.sender, sender="")

    async def complains(self, mail: Mail, *, kind: str = "abuse", redacted: bool = False, to: str = "") -> None:
        """They press *Spam*, and their provider tells the envelope's sender (RFC 5965). Some hide whom it is about."""
        whom = "" if redacted else f"Original-Rcpt-To: <{mail.recipients[0]}>\r\n"
        original = mail.raw.replace(mail.recipients[0].encode(), b"redacted@example.net") if redacted else mail.raw
        report = (
            f"From: <feedback@example.net>\r\nTo: {mail.sender}\r\nSubject: FW: {mail.header('Subject')}\r\n"
            f"Message-ID: <arf{next(_numbers)}@example.net>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            "--b\r\n\r\nThis is an e-mail abuse report.\r\n"
            "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
            f"Feedback-Type: {kind}\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n{whom}\r\n"
            "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        )
        await self.hands_in(
            report.encode() + original + b"\r\n--b--\r\n", to=to or mail.sender, sender="feedback@example.net"
        )

    async def hands_in(self, raw: bytes, *, to: str, sender: str | None = None) -> None:
        """To our listener, as the mail server beside it does."""
        await hand_in(raw, to, sender=self.address if sender is None else sender, host=self.host, port=self.port)


async def hand_in(raw: bytes, *recipients: str, sender: str, port: int, host: str = "127.0.0.1") -> None:
    """Raises aiosmtplib's errors when it is not taken."""
    async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, use_tls=False) as smtp:
        await smtp.mail(sender)
        for one in recipients:
            await smtp.rcpt(one)
        await smtp.data(raw)

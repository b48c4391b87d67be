"""From a `Message` to the bytes of a mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from bot.channels.email.addresses import Mailbox
from bot.channels.email.dialect import is_url
from bot.channels.email.headers import (
    assert_only,
    clean_header,
    encode_header,
    mail_policy,
    mailbox_value,
    message_id,
    references,
)
from bot.channels.email.layout import as_html, as_text, lay_out
from core.ports import Message

_MIME = ("MIME-Version", "Content-Type")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose mails these are. Links in a footer are links only if they lead to `base_url`."""

    sender: Mailbox
    answers_to: Mailbox | None
    base_url: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one mailbox, finished. `id` is its Message-ID, the same for the same `Message.key`."""

    id: str
    sender: Mailbox
    to: Mailbox
    raw: bytes

    @property
    def needs_smtputf8(self) -> bool:
        return self.to.needs_smtputf8 or self.sender.needs_smtputf8


def compose(message: Message, account: Account, to: Mailbox, *, now: datetime) -> Mail:
    """Text and HTML, with the headers that keep robots from answering. Raises HeaderLeakError: a bug of ours."""
    mail = Mail(message_id(message.key, account.sender.domain), account.sender, to, b"")
    subject = clean_header(message.subject) or clean_header(message.plain.strip().partition("\n")[0])
    page = lay_out(message, subject=subject, base_url=account.base_url)
    draft = EmailMessage(mail_policy(utf8=mail.needs_smtputf8))
    draft["From"] = mailbox_value(account.sender)
    draft["To"] = to.address
    draft["Subject"] = encode_header(subject)
    draft["Date"] = now
    draft["Message-ID"] = mail.id
    if account.answers_to is not None:
        draft["Reply-To"] = mailbox_value(account.answers_to)
    _thread(draft, message, account.sender.domain)
    _keep_robots_quiet(draft, message.unsubscribe_url)
    names = [*draft.keys(), *_MIME]
    draft.set_content(_encodable(as_text(page)), charset="utf-8")
    draft.add_alternative(_encodable(as_html(page)), subtype="html", charset="utf-8")
    raw = draft.as_bytes()
    assert_only(raw, names)
    return Mail(mail.id, mail.sender, mail.to, raw)


def _thread(draft: EmailMessage, message: Message, domain: str) -> None:
    above = references(message.topic, message.thread, domain)
    if above:
        draft["In-Reply-To"] = above[-1]
        draft["References"] = " ".join(above)


def _keep_robots_quiet(draft: EmailMessage, unsubscribe_url: str) -> None:
    """RFC 3834, Exchange's own header, and RFC 8058; the last also keeps holiday notes away."""
    draft["Auto-Submitted"] = "auto-generated"
    draft["X-Auto-Response-Suppress"] = "All"
    if is_url(unsubscribe_url):
        draft["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        draft["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")

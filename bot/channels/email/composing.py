"""From a `Message` to the bytes of a mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import quote

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
from bot.channels.email.reply_addresses import ReplyAddress
from core.ports import Message
from core.text import NAME_LIMIT

_MIME = ("MIME-Version", "Content-Type")
_MEDIA_TYPE = re.compile(r"[a-z0-9-]{1,40}/[a-z0-9.+-]{1,100}")
_BY_PEOPLE = frozenset({"reply"})
_ANSWERS = frozenset({"received", "note", "stopped"})


@dataclass(frozen=True, slots=True)
class Account:
    """Whose mails these are. Links in a footer are links only if they lead to `base_url`.

    Without `replies`, answers and bounces do not come back to us.
    """

    sender: Mailbox
    answers_to: Mailbox | None
    base_url: str
    replies: ReplyAddress | None = None

    def for_answers(self, message: Message) -> Mailbox | None:
        """What stands in Reply-To. The bare address for answers is no more than where people would write anyway."""
        if self.replies is None or (self.answers_to is not None and not message.reply_token):
            return self.answers_to
        return self.replies.for_answers(message.reply_token)

    def is_answered(self, message: Message) -> bool:
        """Whether an answer to it comes back to us."""
        return self.replies is not None and bool(message.reply_token)

    def for_bounces(self, message: Message) -> Mailbox:
        if self.replies is None or not message.reply_token:
            return self.sender
        return self.replies.for_bounces(message.reply_token)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one mailbox, finished. `id` is its Message-ID, the same for the same `Message.key`.

    With a `reply_token` only we and whoever gets the mail know it: who names it has read the mail.

    `sender` is that of the envelope: bounces go there.
    """

    id: str
    sender: Mailbox
    to: Mailbox
    raw: bytes

    @property
    def needs_smtputf8(self) -> bool:
        return self.to.needs_smtputf8 or self.sender.needs_smtputf8


def compose(message: Message, account: Account, to: Mailbox, *, now: datetime) -> Mail:
    """Text and HTML, with the headers that keep robots from answering. Raises HeaderLeakError: a bug of ours."""
    name = message_id(f"{message.key} {message.reply_token}", account.sender.domain)
    mail = Mail(name, account.for_bounces(message), to, b"")
    subject = clean_header(message.subject) or clean_header(message.plain.strip().partition("\n")[0])
    page = lay_out(message, subject=subject, base_url=account.base_url, is_answered=account.is_answered(message))
    draft = EmailMessage(mail_policy(utf8=mail.needs_smtputf8))
    draft["From"] = mailbox_value(account.sender)
    draft["To"] = to.address
    draft["Subject"] = encode_header(subject)
    draft["Date"] = now
    draft["Message-ID"] = mail.id
    if (answers_to := account.for_answers(message)) is not None:
        draft["Reply-To"] = mailbox_value(answers_to)
    _thread(draft, message, account.sender.domain)
    _keep_robots_quiet(draft, message, account)
    names = [*draft.keys(), *_MIME]
    draft.set_content(_encodable(as_text(page)), charset="utf-8")
    draft.add_alternative(_encodable(as_html(page)), subtype="html", charset="utf-8")
    for file in message.files:
        kind, _, subtype = _media_type(file.media_type).partition("/")
        name = clean_header(file.name, limit=NAME_LIMIT) or "file"
        draft.add_attachment(file.data, maintype=kind, subtype=subtype, filename=name)
    raw = draft.as_bytes()
    assert_only(raw, names)
    return Mail(mail.id, mail.sender, mail.to, raw)


def _thread(draft: EmailMessage, message: Message, domain: str) -> None:
    above = references(message.topic, message.thread, domain)
    if above:
        draft["In-Reply-To"] = above[-1]
        draft["References"] = " ".join(above)


def _keep_robots_quiet(draft: EmailMessage, message: Message, account: Account) -> None:
    """RFC 3834, Exchange's own header, and RFC 8058; the last also keeps holiday notes away.

    What one of the staff wrote is a person's mail, and says nothing else.
    """
    if message.kind not in _BY_PEOPLE:
        draft["Auto-Submitted"] = "auto-replied" if message.kind in _ANSWERS else "auto-generated"
    draft["X-Auto-Response-Suppress"] = "All"
    if is_url(message.unsubscribe_url):
        ways = [f"<{message.unsubscribe_url}>"]
        if account.replies is not None and message.unsubscribe_token:
            address = account.replies.for_answers(message.unsubscribe_token).address
            ways.append(f"<mailto:{quote(address, safe='@+')}?subject=unsubscribe>")
        draft["List-Unsubscribe"] = ", ".join(ways)
        draft["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _media_type(given: str) -> str:
    """A sender's word for it, where it is one that a mail can carry; a mail within a mail is only a file."""
    known = _MEDIA_TYPE.fullmatch(given) and not given.startswith(("multipart/", "message/", "text/"))
    return given if known else "application/octet-stream"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")

"""Header lines that carry only what we put there, whatever the interpreter's e-mail library makes of a subject.

Python before 3.11.10 decodes an encoded word in a value that is set and writes its line breaks out as new headers
(CVE-2024-6923), and its folding breaks long names, URLs and Message-IDs. So words from outside are decoded and cleaned
here first, are encoded here, and the finished mail is read again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, EmailPolicy, Policy
from typing import Any

from bot.channels.email.addresses import Mailbox
from core.text import NAME_LIMIT, SUBJECT_LIMIT, clean_line

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")
_VERBATIM = ("from", "to", "reply-to", "subject", "message-id", "in-reply-to", "references", "list-unsubscribe")
_LINE = 75
_NESTING = 3  # encoded words within encoded words: nobody means them, somebody tries them


class HeaderLeakError(Exception):
    """A finished mail has other headers than the ones we set. It must not leave; this is a bug of ours."""


class Verbatim(BaseHeader):
    """A header whose value is final: not parsed again, and folded only between encoded words or links in brackets."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        if not value.isprintable():
            raise ValueError("a final header value has no control characters")
        kwds.update(parse_tree=None, decoded=value, defects=[])

    def fold(self, *, policy: Policy[Any]) -> str:
        folded = str(self).replace("?= =?", f"?={policy.linesep} =?").replace(">, <", f">,{policy.linesep} <")
        return f"{self.name}: {folded}{policy.linesep}"


def mail_policy(*, utf8: bool = False) -> EmailPolicy[EmailMessage]:
    """SMTP's line ends, seven bits in the body, and verbatim what people or we ourselves wrote into the headers."""
    registry = HeaderRegistry()
    for name in _VERBATIM:
        registry.map_to_type(name, Verbatim)
    return SMTP.clone(header_factory=registry, cte_type="7bit", utf8=utf8)


def encode_header(words: str) -> str:
    """Cleaned words as a header's value: as they are, or as encoded words (RFC 2047)."""
    if words.isascii():
        return words
    return Header(words, "utf-8", maxlinelen=_LINE, header_name="Reply-To").encode(linesep="")


def mailbox_value(mailbox: Mailbox) -> str:
    """`Name <address>` as the value of `From`, or the address alone."""
    name = clean_header(mailbox.name, limit=NAME_LIMIT)
    if not name:
        return mailbox.address
    if name.isascii() and not _ATOMS.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{encode_header(name)} <{mailbox.address}>"


def clean_header(text: str, *, limit: int = SUBJECT_LIMIT) -> str:
    """One line without controls or encoded words, at most `limit` characters: safe to set as a header's value."""
    text = clean_line(text, limit=limit * 2)
    for _ in range(_NESTING):
        if "=?" not in text:
            break
        text = clean_line(_decoded(text), limit=limit * 2)
    return clean_line(text.replace("=?", "= ?"), limit=limit)


def assert_only(raw: bytes, names: Iterable[str]) -> None:
    """Raise HeaderLeakError unless the mail has exactly these headers, each once."""
    found = sorted(name.lower() for name in BytesHeaderParser().parsebytes(raw).keys())  # noqa: SIM118 - duplicates count
    if found != sorted(name.lower() for name in names):
        raise HeaderLeakError(f"the mail would have had these headers: {', '.join(found)}")


def message_id(key: str, domain: str) -> str:
    """The same for the same key, and the key cannot be read out of it."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def references(topic: str, thread: str, domain: str) -> tuple[str, ...]:
    """The mails to answer under, oldest first. A topic's root is never sent: it only holds its mails together."""
    root = (message_id(f"topic {topic}", domain),) if topic else ()
    return root + ((thread,) if _MESSAGE_ID.fullmatch(thread) else ())


def _decoded(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):  # not base64, no such charset, not of that charset
        return text

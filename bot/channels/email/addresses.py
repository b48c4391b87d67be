"""One mail address and nothing else: what passes here stands in RCPT TO, so nothing here is lenient."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

# RFC 5321's atoms without "%" and "!", by which old relays were told to pass a mail on to somebody else.
_ATEXT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#$&'*+-/=?^_`{|}~.")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_NAMED = re.compile(r'\s*(?:"(?P<quoted>[^"\\]*)"|(?P<bare>[^"<>@,;:\\]*?))\s*<(?P<address>[^<>]+)>\s*')
_LOCAL_OCTETS = 64
_OCTETS = 254


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A valid address: `domain` is ASCII (A-labels); `local` may be Unicode, which needs a server with SMTPUTF8."""

    local: str
    domain: str
    name: str = ""

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        return not self.local.isascii()


def parse_address(text: str) -> Mailbox:
    """Exactly one bare addr-spec; raises ValueError. Quoted local parts and address literals are not taken.

    An international domain becomes its A-labels by IDNA 2008, which never turns one domain into another ("ß" stays
    itself); what IDNA does not know is refused.
    """
    local, at, domain = text.rpartition("@")
    if not at or not _is_local(local):
        raise ValueError("this is not one mail address")
    ascii_domain = _ascii_domain(domain)
    if len(local.encode()) + 1 + len(ascii_domain) > _OCTETS:
        raise ValueError("this mail address is too long")
    return Mailbox(local, ascii_domain)


def parse_mailbox(text: str) -> Mailbox:
    """`Name <address>` or a bare address, for our own settings; raises ValueError."""
    named = _NAMED.fullmatch(text)
    if named is None:
        return parse_address(text.strip())
    mailbox = parse_address(named["address"])
    return Mailbox(mailbox.local, mailbox.domain, (named["quoted"] or named["bare"] or "").strip())


def _is_local(local: str) -> bool:
    dots_are_right = bool(local) and not local.startswith(".") and not local.endswith(".") and ".." not in local
    return dots_are_right and len(local.encode(errors="replace")) <= _LOCAL_OCTETS and all(map(_is_atext, local))


def _is_atext(char: str) -> bool:
    return char in _ATEXT if char.isascii() else unicodedata.category(char)[0] in "LMN"


def _ascii_domain(domain: str) -> str:
    if not domain.isascii():
        if not all(char in ".-" or unicodedata.category(char)[0] in "LMN" for char in domain):
            raise ValueError("the domain of this mail address is not valid")
        domain = idna.encode(domain.lower()).decode("ascii")  # IDNAError is a ValueError
    labels = domain.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("the domain of this mail address is not valid")
    return domain

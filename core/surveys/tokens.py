"""Tokens in links. They are derived from the site's secret, so the store holds only their hashes, and a reminder
carries the same link as the invite did."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal

_secret: bytes = b""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_REPLY = re.compile(r"([itsu])([a-z0-9]{1,18})\.([a-z2-7]{20})")
Kind = Literal["invite", "ticket", "staff", "unsubscribe"]
_KINDS: dict[str, Kind] = {"i": "invite", "t": "ticket", "s": "staff", "u": "unsubscribe"}
_KEY_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def use(secret: bytes) -> None:
    """Set the site's secret, once, at the start. Raises ValueError when it is shorter than 32 bytes."""
    global _secret
    if len(secret) < 32:
        raise ValueError("the site's secret must have at least 32 bytes")
    _secret = secret


def new_key() -> str:
    """A public, opaque name for a row: 12 letters that nobody mistakes for each other (59 bits)."""
    return "".join(secrets.choice(_KEY_LETTERS) for _ in range(12))


def token_for(invite_key: str) -> str:
    """The 43 letters in a survey link (256 bits)."""
    return _derive("invite", invite_key)


def change_token_for(invite_key: str) -> str:
    """What opens an answer to be changed: it stands in the thanks, which the contact alone gets."""
    return _derive("change", invite_key)


def is_change_token(token: str, invite_key: str) -> bool:
    return hmac.compare_digest(token.encode(), change_token_for(invite_key).encode())


def unsubscribe_token_for(contact_id: int) -> str:
    """The token in an unsubscribe link: "<contact>.<43 letters>". It opens nothing else."""
    return f"{contact_id}.{_derive('unsubscribe', str(contact_id))}"


def contact_of(unsubscribe_token: str) -> int | None:
    """Whose unsubscribe token this is, or None when it is not one of ours."""
    contact, _, mac = unsubscribe_token.partition(".")
    if not re.fullmatch(r"[0-9]{1,18}", contact) or not _TOKEN.fullmatch(mac):
        return None
    genuine = hmac.compare_digest(mac.encode(), _derive("unsubscribe", contact).encode())
    return int(contact) if genuine else None


@dataclass(frozen=True, slots=True)
class Subject:
    """What an answer is about: an invite's key, or a ticket's id; "staff" is a ticket in what the staff were sent, and
    "unsubscribe" a contact's id, who wants no more surveys.
    """

    kind: Kind
    name: str


def reply_token_for(kind: Kind, name: str) -> str:
    """What stands in the address for answers, "i3k9x2m7qdab.<20 letters>": 100 bits nobody can make but us.

    Small letters and digits, because some mail servers change the case of addresses.
    """
    return f"{kind[0]}{name}.{_reply_mac(kind, name)}"


def subject_of(reply_token: str) -> Subject | None:
    """What a reply token is about, or None when it is not one of ours (SEC-18: the one place that decides)."""
    found = _REPLY.fullmatch(reply_token.lower())
    if found is None:
        return None
    kind = _KINDS[found[1]]
    genuine = hmac.compare_digest(found[3].encode(), _reply_mac(kind, found[2]).encode())
    return Subject(kind, found[2]) if genuine else None


def _reply_mac(kind: str, name: str) -> str:
    return base64.b32encode(_mac(f"reply:{kind}", name)).decode().lower()[:20]


def pseudonym(channel: str, address: str) -> str:
    """What an address is remembered by when nobody may read it any more; "" before the secret is known.

    Only who has the site's secret can tell whether an address is meant.
    """
    return f"erased:{_derive('erased', f'{channel}:{address.strip().lower()}')}" if _secret else ""


def hash_of(token: str) -> str | None:
    """The stored form of a token, or None when it cannot be one (wrong length or letters)."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else None


def _derive(purpose: str, subject: str) -> str:
    return base64.urlsafe_b64encode(_mac(purpose, subject)).rstrip(b"=").decode()


def _mac(purpose: str, subject: str) -> bytes:
    if not _secret:
        raise RuntimeError("core.surveys.tokens.use() was not called")
    return hmac.new(_secret, f"afterword:{purpose}:{subject}".encode(), hashlib.sha256).digest()

"""One name for a mail, by whatever way it comes in: the mailbox, the listener, or by hand."""

from __future__ import annotations

import hashlib

from bot.channels.email.mime import Headers
from core.ports import RawArrival

_HEADER_BYTES = 64 * 1024
_NAMED_BY = ("message-id", "date", "from")


def arrival(raw: bytes, *, recipients: tuple[str, ...] = (), sender: str | None = None) -> RawArrival:
    """The mail as it is stored. What the envelope said is written on top of it, as a mail server does on delivery."""
    return RawArrival(external_id=external_id(raw), body=_envelope(recipients, sender) + raw)


def external_id(raw: bytes) -> str:
    """A hash of Message-ID, Date and From; of everything where there is no Message-ID."""
    try:
        headers = Headers(
            raw[:_HEADER_BYTES].partition(b"\r\n\r\n" if b"\r\n\r\n" in raw[:_HEADER_BYTES] else b"\n\n")[0]
        )
    except ValueError:
        return hashlib.sha256(raw).hexdigest()
    if not headers.first("message-id"):
        return hashlib.sha256(raw).hexdigest()
    return hashlib.sha256("\n".join(headers.first(name) for name in _NAMED_BY).encode()).hexdigest()


def _envelope(recipients: tuple[str, ...], sender: str | None) -> bytes:
    lines = [] if sender is None else [f"Return-Path: <{sender}>"]
    lines += [f"Delivered-To: {one}" for one in recipients]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace")

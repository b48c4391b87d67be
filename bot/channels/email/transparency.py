"""The content of a mail as SMTP carries it (RFC 5321, 4.5.2): dots that begin lines are doubled, and one alone ends it.

It is looked at in pieces as they come, not line by line: 18 MB of short lines are nine million of them.
"""

from __future__ import annotations

_END = b"\r\n.\r\n"
_BEFORE = b"\r\n"  # what ended the command itself: the first line may be the dot


class Content:
    """`feed` it until `ended`. Of what is larger than `most` bytes nothing is kept, and its end is waited for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self._held_back = _BEFORE  # may be the beginning of the end
        self.ended = False
        self.too_large = False

    def feed(self, piece: bytes) -> bytes:
        """What came after the end, and so is not part of the mail."""
        come = self._held_back + piece
        end = come.find(_END)
        self.ended = end >= 0
        until = end + len(_BEFORE) if self.ended else len(come) - _begun(come)
        self._keep(come[:until])
        self._held_back = come[until:]
        return come[end + len(_END) :] if self.ended else b""

    def _keep(self, text: bytes) -> None:
        if not self.too_large:
            self._kept += text.replace(b"\r\n.", b"\r\n")
            self.too_large = len(self._kept) - len(_BEFORE) > self._most
        if self.too_large:
            self._kept.clear()

    def taken(self) -> bytes:
        return bytes(memoryview(self._kept)[len(_BEFORE) :])


def _begun(come: bytes) -> int:
    """So many bytes of the end have come, perhaps."""
    return next(length for length in range(len(_END) - 1, -1, -1) if come.endswith(_END[:length]))

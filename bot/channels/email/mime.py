"""A raw mail taken apart, in time and memory that its size bounds.

The standard library's parser looks at every line once per level of nesting, and its modern header classes take minutes
for a header that was made to hurt; mail comes from anybody. So the parts are found here by searching for their
boundaries, and the library is given single, short headers.
"""

from __future__ import annotations

import binascii
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from bot.channels.email import charsets

LARGEST = 40 * 1024 * 1024
_DEEPEST = 12
_MOST_PARTS = 200
_HEADER_BYTES = 256 * 1024
_MOST_HEADERS = 1000
_VALUE = 4000
_SHORT = 1000
_DESCRIBING = ("content-type", "content-disposition")
_EXTENSION = re.compile(r"(\.[A-Za-z0-9]{1,8})[\"\s;]*$")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_FOLD = re.compile(rb"\r?\n[ \t]+")
_NAME = re.compile(r"[!-9;-~]{1,80}")
_GAP = re.compile(rb"\r?\n\r?\n")
_FIRST_BLANK = re.compile(rb"\r?\n")


class Headers:
    """Header lines by name; a value is at most 4,000 characters long, its encoded words still encoded."""

    def __init__(self, block: bytes) -> None:
        """Raises ValueError when they are more, or longer, than any mail needs."""
        if len(block) > _HEADER_BYTES:
            raise ValueError("its headers are too large")
        self._values: dict[str, list[str]] = {}
        lines = _FOLD.sub(b" ", block).splitlines()
        if len(lines) > _MOST_HEADERS:
            raise ValueError("it has too many headers")
        for line in lines:
            name, colon, value = line.partition(b":")
            key = name.decode("ascii", "replace").strip().lower()
            if colon and _NAME.fullmatch(key):
                self._values.setdefault(key, []).append(charsets.decode(value[:_VALUE]).strip())

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def words(self, name: str) -> str:
        """The first value in words that people read."""
        return words_of(self.first(name))


@dataclass(slots=True, eq=False)
class Part:
    """A leaf with its `body` as it came, or what holds others (`parts`). `whole` is false when its end is missing."""

    headers: Headers
    media_type: str
    body: bytes = field(repr=False)
    parts: list[Part] = field(default_factory=list)
    whole: bool = True

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    @property
    def is_attached(self) -> bool:
        return self.headers.first("content-disposition").lower().startswith("attachment") or bool(self.name)

    @property
    def name(self) -> str:
        """The file name that the sender gave it, without any folder."""
        given = self._library.get_filename() or ""
        name = words_of(given).replace("\\", "/").rpartition("/")[2].strip()
        return name + self._lost_extension() if name and not _EXTENSION.search(name) else name

    def _lost_extension(self) -> str:
        """Of a very long name the beginning is read, and what kind of file it is stands at the end."""
        longest = max((self.headers.first(one) for one in _DESCRIBING), key=len)
        if len(longest) <= _SHORT:
            return ""
        found = _EXTENSION.search(longest[-20:]) if len(longest) < _VALUE else None
        return found[1] if found else mimetypes.guess_extension(self.media_type) or ""

    def parameter(self, name: str) -> str:
        """A parameter of its Content-Type."""
        value = self._library.get_param(name)
        return value if isinstance(value, str) else ""

    def content(self, *, most: int | None = None) -> bytes:
        """Decoded; of the encoded bytes, `most` are looked at."""
        body = self.body if most is None else self.body[:most]
        encoding = self.headers.first("content-transfer-encoding").strip().lower()
        if encoding == "quoted-printable":
            return binascii.a2b_qp(body)
        return _from_base64(body) if encoding == "base64" else body

    def text(self, *, most: int) -> str:
        charset = self._library.get_content_charset() or ""
        return charsets.decode(self.content(most=most), charset).replace("\r\n", "\n").replace("\r", "\n")

    def leaves(self) -> Iterator[Part]:
        if not self.is_multipart:
            yield self
        for part in self.parts:
            yield from part.leaves()

    @property
    def _library(self) -> Message:
        """The library's reading of the headers that describe a part; it knows RFC 2231."""
        headers = Message()
        for name in _DESCRIBING:
            if name in self.headers:
                headers[name] = self.headers.first(name)[:_SHORT].replace("\n", " ").replace("\r", " ")
        return headers


def parse(raw: bytes) -> Part:
    """The mail as a tree. Raises ValueError for what no honest mail looks like: it is not worth more of our time."""
    if len(raw) > LARGEST:
        raise ValueError("the mail is too large")
    return _Parser(raw).part(0, len(raw), depth=0)


def words_of(value: str) -> str:
    """A header's value with its encoded words decoded (RFC 2047), in whatever charset they claim to be."""
    value = value[:_VALUE]
    if "=?" not in value:
        return value
    try:
        return "".join(
            one if isinstance(one, str) else charsets.decode(one, charset or "")
            for one, charset in decode_header(value)
        )
    except (HeaderParseError, ValueError):  # not base64
        return value


class _Parser:
    """Works on places in the one mail, so that parts within parts are not copied again and again."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._count = 0

    def part(self, start: int, end: int, *, depth: int, usual: str = "text/plain") -> Part:
        self._count += 1
        if self._count > _MOST_PARTS or depth > _DEEPEST:
            raise ValueError("it has too many parts within parts")
        block, begins = self._headers(start, end)
        part = Part(Headers(block), usual, b"")
        if "content-type" in part.headers:
            part.media_type = part._library.get_content_type()
        boundary = part._library.get_boundary() if part.is_multipart else None
        if boundary:
            inner = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
            places, part.whole = self._places(begins, end, b"--" + boundary.encode("utf-8", "replace"))
            part.parts = [self.part(*place, depth=depth + 1, usual=inner) for place in places]
            if part.parts and not part.whole:
                part.parts[-1].whole = False
            return part
        if part.is_multipart:
            part.media_type = "text/plain"  # it says that it has parts, but not where
        part.body = self._raw[begins:end]
        return part

    def _headers(self, start: int, end: int) -> tuple[bytes, int]:
        """The headers, and where the body begins."""
        blank = _FIRST_BLANK.match(self._raw, start, end)
        if blank:
            return b"", blank.end()
        gap = _GAP.search(self._raw, start, min(end, start + _HEADER_BYTES + 4))
        if gap is None and end - start > _HEADER_BYTES:
            raise ValueError("its headers are too large")
        return (self._raw[start : gap.start()], gap.end()) if gap else (self._raw[start:end], end)

    def _places(self, start: int, end: int, mark: bytes) -> tuple[list[tuple[int, int]], bool]:
        """What stands between the boundaries, and whether the last one closes."""
        raw, places, begun = self._raw, list[tuple[int, int]](), -1
        at = start if raw.startswith(mark, start, end) else raw.find(b"\n" + mark, start, end)
        for _ in range(4 * _MOST_PARTS):
            if at < 0:
                return [*places, (begun, end)] if begun >= 0 else places, False
            after = at + (raw[at : at + 1] == b"\n") + len(mark)
            line_end = raw.find(b"\n", after, end)
            line_end = end if line_end < 0 else line_end
            rest = raw[after : min(line_end, after + _SHORT)].strip()
            if rest in (b"", b"--"):
                if begun >= 0:
                    places.append((begun, max(begun, at - (raw[at - 1 : at] == b"\r"))))
                begun = min(line_end + 1, end)
                if rest:
                    return places, True
            if len(places) > _MOST_PARTS:
                break
            at = raw.find(b"\n" + mark, line_end, end)
        raise ValueError("it has too many parts")


def _from_base64(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:  # cut off in the middle of a group
        letters = body.translate(None, delete=_NOT_BASE64)
        return binascii.a2b_base64(letters[: len(letters) // 4 * 4])

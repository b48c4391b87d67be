"""From the bytes of a mail to what somebody did: wrote, or could not be reached. Robots do nothing."""

from __future__ import annotations

import logging
import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.channels.email import automatic, bounces, html_text, mime, quoting
from bot.channels.email.addresses import Mailbox, parse_address
from bot.channels.email.bounces import Report
from bot.channels.email.mime import Headers, Part
from bot.channels.email.reply_addresses import ReplyAddress
from core.ports import Bounced, File, Heard, Person, Wrote
from core.text import NAME_LIMIT, SUBJECT_LIMIT, clean, clean_line

logger = logging.getLogger(__name__)

_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "to", "cc")
_UNSUBSCRIBES = "u"  # what such a token begins with (core.surveys.tokens)
_TEXT_BYTES = 512 * 1024  # of one part; some programs begin with a long style sheet
_FILE_NAME = 2000  # it is shortened where it is kept, so that its extension stays
_READABLE = 64 * 1024  # an answer stands at the top; what is below is quoted
_ADDRESS = re.compile(r"<([^<>\s]{3,320})>\s*$|^\s*([^<>\s,;]{3,320})\s*$")
_IDS = re.compile(r"<([^<>\s]{1,300})>")
_OUR_IDS = re.compile(r"<([0-9a-f]{32}@[^<>\s]{1,255})>", re.IGNORECASE)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose mail it is that comes in: our own addresses, and the links that only our mails have."""

    sender: Mailbox
    replies: ReplyAddress | None
    base_url: str

    def read(self, raw: bytes) -> list[Heard]:
        """Empty for what no person wrote. Raises ValueError for what cannot be understood."""
        mail = mime.parse(raw)
        if bounces.is_report(mail):
            return self._bounced(mail, bounces.failures(mail))
        if bounces.is_complaint(mail):
            complaint = bounces.complaint(mail)
            return self._bounced(mail, [complaint] if complaint else [])
        person = _author(mail.headers)
        reason = self._why_nobodys(mail.headers, person.address)
        if reason:
            logger.info("A mail was not written by a person, as %s shows", reason)
            return []
        return [self._wrote(mail, person)]

    def _wrote(self, mail: Part, person: Person) -> Wrote:
        message_id = _first_id(mail.headers.first("message-id"))
        if len(set(self._tokens(mail.headers))) > 1:
            logger.warning("A mail went to several of our addresses for answers; only the first counts")
        return Wrote(
            person,
            person.address,
            receipt=self._answered(mail.headers),
            text=clean(quoting.own_words(_Body().text(mail), self._is_ours), limit=quoting.MOST),
            thread=message_id,
            subject=clean_line(mail.headers.words("subject"), limit=SUBJECT_LIMIT),
            reply_token=self._token(mail.headers, _RECIPIENTS),
            files=tuple(_files(mail)),
        )

    def _bounced(self, mail: Part, reports: list[Report]) -> list[Heard]:
        heard: list[Heard] = []
        for report in reports:
            original = report.original
            token = self._token(mail.headers, _RECIPIENTS) or self._token_in([report.sender])
            token = token or self._token(original, ("return-path", "reply-to"))
            target = clean_line(original.first("to"), limit=320) or report.recipient
            bounced = Bounced(
                Person(target),
                target,
                receipt=self._ours_among(original.all("message-id")),
                kind=report.kind,
                reason=report.reason,
                reply_token=token,
            )
            heard.append(bounced)
        return heard[:1]  # each of our mails has one recipient

    def _unsubscribes(self, headers: Headers) -> bool:
        """Mail programs send such a mail by themselves when somebody presses *Unsubscribe*."""
        return self._token(headers, _RECIPIENTS).startswith(_UNSUBSCRIBES)

    def _why_nobodys(self, headers: Headers, sender: str) -> str:
        if self._is_own_address(sender):
            return "our own address in From"
        if self._unsubscribes(headers):
            return ""
        return automatic.why_automatic(headers, sender)

    def _is_own_address(self, address: str) -> bool:
        ours = address.lower() == self.sender.address.lower()
        return ours or (self.replies is not None and self.replies.takes(address))

    def _token(self, headers: Headers, names: tuple[str, ...]) -> str:
        return self._token_in(value for name in names for value in headers.all(name))

    def _tokens(self, headers: Headers) -> list[str]:
        values = [value for name in _RECIPIENTS for value in headers.all(name)]
        return [token for value in values for token in (self.replies.tokens_in(value) if self.replies else ())]

    def _token_in(self, values: Iterable[str]) -> str:
        if self.replies is None:
            return ""
        return next((token for value in values if (token := self.replies.token_in(value))), "")

    def _answered(self, headers: Headers) -> str:
        return self._ours_among(headers.all("in-reply-to")) or self._ours_among(headers.all("references"))

    def _ours_among(self, values: list[str]) -> str:
        """The last Message-ID that we may have made."""
        domain = self.sender.domain.lower()
        found = [one for value in values for one in _OUR_IDS.findall(value) if one.lower().endswith(f"@{domain}")]
        return f"<{found[-1]}>" if found else ""

    def _is_ours(self, line: str) -> bool:
        """Whether a line quotes a mail of ours."""
        line = line[:2000].lower()
        addresses = {self.sender.address.lower()}
        if self.replies is not None:
            addresses.add(self.replies.base.address.lower())
            if self.replies.token_in(line):
                return True
        return any(one in line for one in addresses) or f"{self.base_url}/r/" in line or f"{self.base_url}/u/" in line


def _author(headers: Headers) -> Person:
    value = headers.first("from")
    found = _ADDRESS.search(value[-700:])
    if found is None:
        raise ValueError("it does not say who it is from")
    address = parse_address((found[1] or found[2]).strip()).address
    name = mime.words_of(value[: found.start()] if found[1] and len(value) <= 700 else "").strip(" \t\"'")
    language = headers.first("content-language").split(",")[0].strip()
    locale = language if _LOCALE.fullmatch(language) else ""
    return Person(address, clean_line(name.replace('\\"', '"'), limit=NAME_LIMIT), locale)


def _first_id(value: str) -> str:
    found = _IDS.search(value)
    return found[0] if found else ""


class _Body:
    """What a person reads of a mail. Over all its parts, so many letters and tags are looked at and no more."""

    def __init__(self) -> None:
        self._left = _READABLE
        self._known: dict[Part, str] = {}

    def text(self, mail: Part) -> str:
        return "\n".join(self._readable(one) for one in self._texts(mail)).strip()

    def _texts(self, part: Part) -> list[Part]:
        """The parts that are read one after another; of alternatives the plainest that says anything."""
        if not part.is_multipart:
            return [part] if _is_text(part) else []
        inner = [self._texts(one) for one in part.parts]
        if part.media_type != "multipart/alternative":
            return [leaf for leaves in inner for leaf in leaves]
        spoken = [leaves for leaves in inner if any(self._readable(leaf) for leaf in leaves)]
        return min(spoken, key=lambda leaves: leaves[0].media_type != "text/plain", default=[])

    def _readable(self, part: Part) -> str:
        if part not in self._known:
            self._known[part] = self._read(part)
        return self._known[part]

    def _read(self, part: Part) -> str:
        whole = part.text(most=_TEXT_BYTES) if self._left else ""
        if part.media_type == "text/html":
            whole = html_text.body_of(whole)
        text = whole[: self._left]
        self._left -= len(text)
        if part.media_type == "text/html":
            return html_text.to_text(text)
        return _unflowed(text) if part.parameter("format").lower() == "flowed" else text.strip()


def _is_text(part: Part) -> bool:
    return part.media_type in ("text/plain", "text/html") and not part.is_attached


def _unflowed(text: str) -> str:
    """Lines that end in a blank go on in the next (RFC 3676)."""
    text = re.sub(r"(?m)^ (?=[>F ])", "", text)
    return re.sub(r"(?m)^((?![ >]|-- \n).{1,400}) \n(?![\n>])", r"\1 ", text).strip()


def _files(mail: Part) -> Iterator[File]:
    leaves = [one for one in mail.leaves() if not _is_shown(one)]
    for number, part in enumerate(leaves, start=1):
        data = part.content() if part.whole else b""
        name = clean_line(part.name, limit=_FILE_NAME) or f"{number}{_extension(part.media_type)}"
        yield File(name, part.media_type[:120], size=len(data) or len(part.body), data=data)


def _is_shown(part: Part) -> bool:
    return _is_text(part) or (not part.body.strip() and not part.name)


def _extension(media_type: str) -> str:
    return ".eml" if media_type == "message/rfc822" else mimetypes.guess_extension(media_type) or ".bin"

"""Reports about mail of ours: it came back (RFC 3464), or is called unwanted (RFC 5965).

Of what came back, what the action says decides first, then the status.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.channels.email.errors import Meaning, Step, row_for
from bot.channels.email.mime import Headers, Part
from core.ports import BounceKind
from core.text import clean_line

_MOST_GROUPS = 20
_REPORT_BYTES = 64 * 1024
_OUTLOOK = "staff@hotmail.com"
_OUTLOOK_RECIPIENT = "x-hmxmroriginalrecipient"
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_KINDS = (
    (r"5\.1\.(7|8)", BounceKind.POLICY),  # it is our own address that they do not like
    (r"5\.1\.|5\.2\.1$", BounceKind.HARD),
    (r"5\.2\.2$|5\.4\.|4\.", BounceKind.SOFT),  # full; a host out of reach; tried for days
    (r"5\.(2|3|5|6|7)\.", BounceKind.POLICY),  # too large, not understood, not wanted: a mail of ours
)
_BY_MEANING = {Meaning.GONE: BounceKind.HARD, Meaning.FULL: BounceKind.SOFT}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one recipient. `original` holds the headers of our mail, as far as they were sent back, and
    `sender` its envelope's sender, where the report names it.
    """

    kind: BounceKind
    reason: str
    recipient: str
    original: Headers
    sender: str = ""


def is_report(mail: Part) -> bool:
    """Not everything that comes to the address for bounces is one: holiday notes come there too."""
    return mail.media_type == "multipart/report" and mail.parameter("report-type").lower() == "delivery-status"


def is_complaint(mail: Part) -> bool:
    """What a large provider sends when somebody presses *Spam*."""
    arf = mail.media_type == "multipart/report" and mail.parameter("report-type").lower() == "feedback-report"
    return arf or _is_from_outlook(mail)


def complaint(mail: Part) -> Report | None:
    """Who calls which mail unwanted. None for the other kinds of feedback ("not-spam", "fraud", "auth-failure")."""
    leaves = list(mail.leaves())
    original = _original(leaves)
    if _is_from_outlook(mail):
        recipient = original.first(_OUTLOOK_RECIPIENT)
        return Report(BounceKind.COMPLAINT, "unwanted, says Outlook.com", recipient.strip().strip("<>")[:320], original)
    feedback = next((one for one in leaves if one.media_type == "message/feedback-report"), None)
    if feedback is None:
        raise ValueError("a complaint without the part that says about what")
    fields = Headers(feedback.content(most=_REPORT_BYTES).lstrip(b"\r\n"))
    if fields.first("feedback-type").strip().lower() not in ("abuse", "opt-out"):
        return None
    recipient = (fields.first("original-rcpt-to") or fields.first("removal-recipient")).strip().strip("<>")
    agent = fields.first("user-agent")
    reason = clean_line(f"unwanted, says {agent}", limit=300) if agent else "unwanted, says the provider"
    return Report(BounceKind.COMPLAINT, reason, recipient[:320], original, fields.first("original-mail-from")[:320])


def _is_from_outlook(mail: Part) -> bool:
    """Outlook.com's programme (JMRP) sends the mail along under a header of its own, and no RFC 5965."""
    if _OUTLOOK not in mail.headers.first("from")[-700:].lower():
        return False
    return _OUTLOOK_RECIPIENT in _original(list(mail.leaves()))


def failures(mail: Part) -> list[Report]:
    """The recipients that were given up; one whose mail is only late, or has arrived, is none."""
    leaves = list(mail.leaves())
    status = next((one for one in leaves if one.media_type.endswith("delivery-status")), None)
    if status is None:
        raise ValueError("a delivery report without the part that says what happened")
    original = _original(leaves)
    return [report for group in _recipients(status) if (report := _report(group, original)) is not None]


def kind_of(status: str, diagnosis: str) -> BounceKind:
    """`status` as in RFC 3463; when it says nothing (5.0.0), what the other server said, read as an answer to RCPT."""
    said = re.search(r"\b([45]\d\d)[ -](?:[45]\.\d{1,3}\.\d{1,3})?", diagnosis[:500])
    enhanced = _STATUS.search(diagnosis[:500])
    if not _STATUS.fullmatch(status) or status.endswith(".0.0"):
        status = enhanced[0] if enhanced and not enhanced[0].endswith(".0.0") else ""
    for pattern, kind in _KINDS:
        if re.match(pattern, status):
            return kind
    if said and not enhanced:
        return _BY_MEANING.get(row_for(diagnosis[said.start() :][:300], Step.RECIPIENT).meaning, BounceKind.SOFT)
    return BounceKind.SOFT


def _report(group: Headers, original: Headers) -> Report | None:
    if group.first("action").lower().split(" ")[0] != "failed":
        return None
    status = group.first("status").split(" ")[0]
    diagnosis = group.first("diagnostic-code")
    recipient = (group.first("original-recipient") or group.first("final-recipient")).rpartition(";")[2].strip()
    reason = clean_line(f"{status} {diagnosis.partition(';')[2].strip() or diagnosis}", limit=300)
    return Report(kind_of(status, diagnosis), reason, recipient[:320], original)


def _recipients(status: Part) -> Iterator[Headers]:
    """The groups of fields after the first, which is about the mail as a whole."""
    text = status.content(most=_REPORT_BYTES).replace(b"\r\n", b"\n").strip()
    for group in re.split(rb"\n[ \t]*\n", text)[: _MOST_GROUPS + 1]:
        headers = Headers(group)
        if "action" in headers or "final-recipient" in headers:
            yield headers


def _original(leaves: list[Part]) -> Headers:
    for one in reversed(leaves):
        if one.media_type in ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"):
            block = re.split(rb"\r?\n\r?\n", one.content(most=_REPORT_BYTES).lstrip(b"\r\n"), maxsplit=1)[0]
            return Headers(block)
    return Headers(b"")

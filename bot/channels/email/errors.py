"""What a failure on the way to the relay means: one table, read from the top, the first row that fits decides.

RFC 5321 says only "not now" (4xx) and "not so" (5xx); who is to blame is in the step at which it was said and in the
enhanced code (RFC 3463), and with old servers only in the words.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from aiosmtplib.errors import SMTPAuthenticationError, SMTPException, SMTPNotSupported, SMTPResponseException

from bot.channels.email.oauth import TokenRefused, TokenUnavailable
from core.ports import TryLater, Undeliverable
from core.text import clean_line


class Step(StrEnum):
    """How far a mail came."""

    CONNECT = "connecting"  # greeting, EHLO and TLS
    LOGIN = "logging in"
    SENDER = "naming the sender"
    RECIPIENT = "naming the recipient"
    CONTENT = "handing over the mail"


class Meaning(StrEnum):
    RELAY_DOWN = "relay down"  # nobody's mail leaves
    LATER = "later"  # this mail, in a while: greylisting wants five minutes
    FULL = "mailbox full"  # takes hours or days, but the address lives
    GONE = "gone"  # there is no such mailbox
    NOT_TAKEN = "not taken"  # a policy, a limit, our own set-up: the person is not to blame


FAILURES = (OSError, TimeoutError, SMTPException, TokenRefused)
"""What the network, aiosmtplib and the token server raise; anything else is a bug."""

_SOON = timedelta(minutes=5)
_HOURS = timedelta(hours=4)
_NO_SUCH_USER = (
    r"(user|recipient|mailbox|address|account)\b.*(unknown|not found|not exist|n't exist|no longer|disabled)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """`reply` is matched from the start of "550 5.1.1 No such user", without regard to case."""

    steps: frozenset[Step]
    reply: str
    meaning: Meaning


_ANY = frozenset(Step)
_BEFORE = frozenset({Step.CONNECT, Step.LOGIN, Step.SENDER})
_AFTER = frozenset({Step.RECIPIENT, Step.CONTENT})
_RCPT = frozenset({Step.RECIPIENT})

TABLE: tuple[Row, ...] = (
    Row(_BEFORE, r"4", Meaning.RELAY_DOWN),  # whoever refuses us for now refuses us all mails
    Row(_AFTER, r"421", Meaning.RELAY_DOWN),  # it hangs up
    Row(frozenset({Step.CONNECT}), r"", Meaning.RELAY_DOWN),
    Row(_BEFORE, r"5", Meaning.NOT_TAKEN),  # a wrong password or a sender that is not ours: waiting mends neither
    Row(_AFTER, r"4", Meaning.LATER),
    Row(_AFTER, r"5\d\d 5\.2\.2\b", Meaning.FULL),
    Row(_RCPT, r"552(?! 5\.)", Meaning.FULL),
    Row(_RCPT, r"5\d\d 5\.(1\.(1|2|3|6|10)|2\.1)\b", Meaning.GONE),
    Row(_RCPT, r"556", Meaning.GONE),  # RFC 7504: the domain takes no mail
    Row(_RCPT, rf"5\d\d (?!5\.)(.*\b{_NO_SUCH_USER}|.*\b(no such|unknown) (user|mailbox|recipient))", Meaning.GONE),
    Row(_AFTER, r"5", Meaning.NOT_TAKEN),
    Row(_ANY, r"", Meaning.LATER),  # an answer outside the protocol
)


def explain(error: BaseException, step: Step) -> TryLater | Undeliverable:
    """What the courier should do about one of `FAILURES`."""
    step = Step.LOGIN if isinstance(error, (SMTPAuthenticationError, TokenRefused, TokenUnavailable)) else step
    reason = f"{_words(error)} (while {step})"
    match _meaning(error, step):
        case Meaning.RELAY_DOWN:
            return TryLater(reason, whole_channel=True)
        case Meaning.LATER:
            lost = step == Step.CONTENT and not isinstance(error, SMTPResponseException)
            return TryLater(reason, _SOON, perhaps_sent=lost)
        case Meaning.FULL:
            return TryLater(reason, _HOURS)
        case Meaning.GONE:
            return Undeliverable(reason)
        case Meaning.NOT_TAKEN:
            return Undeliverable(reason, dead_address=False, whole_channel=step in _BEFORE)


def row_for(reply: str, step: Step) -> Row:
    """The row of the table that decides about a reply such as "550 5.1.1 No such user"."""
    return next(row for row in TABLE if step in row.steps and re.match(row.reply, reply, re.IGNORECASE))


def remedy(error: BaseException) -> str:
    """What the admin can do about it, for `afterword check`."""
    if isinstance(error, TokenRefused):
        return error.remedy
    if isinstance(error, TokenUnavailable):
        return "it comes back by itself; if not, check oauth_token_url, and that the firewall lets us out"
    if isinstance(error, SMTPAuthenticationError):
        return (
            "check smtp_user and smtp_password; some providers want a password made for programs. "
            "With oauth_token_url: check smtp_user and oauth_scope, and that the provider has SMTP switched on"
        )
    if _is_certificate_trouble(error):
        return "set smtp_host to the name in the relay's certificate, or smtp_tls_ca to the CA that signed it"
    if isinstance(error, SMTPResponseException):
        return "the relay's own words say why; `from` must be an address that it lets you send from"
    if isinstance(error, SMTPException) and not isinstance(error, OSError):
        return 'the relay offers no STARTTLS or no log-in: try smtp_tls = "tls" with smtp_port = 465'
    return "check smtp_host, smtp_port and smtp_tls, and that the firewall lets us out"


def _meaning(error: BaseException, step: Step) -> Meaning:
    if isinstance(error, (SMTPNotSupported, TokenRefused)):
        return Meaning.NOT_TAKEN
    if not isinstance(error, SMTPResponseException):
        return Meaning.RELAY_DOWN if step in _BEFORE else Meaning.LATER
    return row_for(_reply(error), step).meaning


def _words(error: BaseException) -> str:
    if isinstance(error, SMTPResponseException):
        return f"the relay answered {_reply(error)}"
    return clean_line(str(error), limit=200) or (
        "no answer in time" if isinstance(error, TimeoutError) else "no answer"
    )


def _reply(error: SMTPResponseException) -> str:
    return clean_line(f"{error.code} {error.message}", limit=200)


def _is_certificate_trouble(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__
    return False

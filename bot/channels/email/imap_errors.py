"""What a failure while reading the mailbox means: one table, the first row that fits decides.

Nothing is lost by any of them: the mails stay where they are. Reading rests, and goes on when it can.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from imaplib import IMAP4

from imap_tools.errors import (
    ImapToolsError,
    MailboxFolderSelectError,
    MailboxFolderStatusError,
    MailboxLoginError,
    MailboxStarttlsError,
    UnexpectedCommandStatusError,
)

from bot.channels.email.oauth import TokenRefused, TokenUnavailable
from core.ports import TryLater
from core.text import clean_line

_UNTIL_MENDED = timedelta(minutes=5)
"""A wrong password that is tried every few seconds gets the account locked."""


class NoImapServer(Exception):
    """Somebody else answers there; what they said."""


@contextmanager
def greeting() -> Iterator[None]:
    """Raises NoImapServer for a greeting that no IMAP server gives: the library does not tell that from a lost line."""
    try:
        yield
    except IMAP4.abort as error:
        if "unexpected response" not in str(error):
            raise
        raise NoImapServer(str(error).partition(": ")[2].removeprefix("b").strip("'\"")) from error


@dataclass(frozen=True, slots=True)
class Row:
    errors: tuple[type[BaseException], ...]
    reason: str
    remedy: str
    ours: bool = False  # waiting mends nothing: somebody has to
    says: str = ""  # the library has no class of its own for it


TABLE: tuple[Row, ...] = (
    Row((TokenRefused,), "no access token", "", ours=True),
    Row(
        (TokenUnavailable,),
        "no access token",
        "it comes back by itself; if not, check oauth_token_url, and that the firewall lets us out",
    ),
    Row((MailboxLoginError,), "the server is busy", "it comes back by itself", says="UNAVAILABLE"),
    Row((MailboxLoginError,), "too many connections", "close other programs that read it", says="Maximum number"),
    Row(
        (MailboxLoginError,),
        "the server does not let us in",
        "check imap_user and imap_password; some providers want a password made for programs, and switch IMAP on first;"
        " with oauth_token_url, check imap_user and oauth_scope",
        ours=True,
    ),
    Row(
        (MailboxFolderSelectError, MailboxFolderStatusError),
        "there is no folder {folder!r}",
        "set imap_folder to a folder of that mailbox; sub-folders are written with its own separator, as INBOX/Support",
        ours=True,
    ),
    Row(
        (IMAP4.abort,),
        "the server offers no STARTTLS",
        'try imap_tls = "tls" with imap_port = 993',
        ours=True,
        says="TLS not supported",
    ),
    Row(
        (MailboxStarttlsError,), "the server offers no STARTTLS", 'try imap_tls = "tls" with imap_port = 993', ours=True
    ),
    Row(
        (ssl.SSLCertVerificationError,),
        "the server's certificate is not to be trusted",
        "set imap_host to the name in the certificate, or imap_tls_ca to the CA that signed it",
        ours=True,
    ),
    Row((ssl.SSLError,), "no encrypted connection", "check imap_tls and imap_port"),
    Row((TimeoutError,), "no answer in time", "check imap_host and imap_port, and that the firewall lets us out"),
    Row(
        (NoImapServer,),
        "what answers there is no IMAP server",
        "check imap_host and imap_port: the server that takes outgoing mail (smtp_host) is often another one",
        ours=True,
    ),
    Row(
        (IMAP4.readonly,), "the folder may only be read", "give the account the right to mark mails as read", ours=True
    ),
    Row((IMAP4.abort,), "the server hung up", "it comes back by itself; the server's log says why"),
    Row((OSError,), "the server cannot be reached", "check imap_host and imap_port, and that the firewall lets us out"),
    Row(
        (UnexpectedCommandStatusError, ImapToolsError, IMAP4.error),
        "the server refused",
        "the server's own words say why",
    ),
)


def explain(error: BaseException, folder: str) -> TryLater:
    """`after` is given where somebody has to mend something. What the table does not know is told by its name."""
    row = row_for(error)
    said = clean_line(str(error), limit=200)
    if row is None:
        return TryLater(f"{type(error).__name__}: {said}")
    reason = row.reason.format(folder=folder)
    if isinstance(error, TokenRefused):
        said = f"{said}: {error.remedy}"
    return TryLater(f"{reason} ({said})" if said else reason, _UNTIL_MENDED if row.ours else None, whole_channel=True)


def row_for(error: BaseException) -> Row | None:
    return next((row for row in TABLE if isinstance(error, row.errors) and row.says in str(error)), None)


def remedy(error: BaseException) -> str:
    row = row_for(error)
    if isinstance(error, TokenRefused):
        return error.remedy
    return row.remedy if row else ""

"""Mail addresses that send and that nobody reads: noreply@ and its like, and what mail servers say by themselves."""

from __future__ import annotations

import re

_NO_REPLY = re.compile(r"([^@]*[._+-])?(no|do[-_.]?not|don[-_.]?t)[-_.]?reply(?![a-z])[^@]*@", re.IGNORECASE)
_SERVERS = re.compile(r"(mailer-daemon|mail-?daemon|postmaster|bounces?)(\+[^@]*)?@", re.IGNORECASE)


def nobody_reads(address: str) -> bool:
    """Whether what is sent there is lost, or answered by a machine. Of an address in a chat it is never true."""
    return bool(_NO_REPLY.match(address)) or is_a_servers(address)


def is_a_servers(address: str) -> bool:
    """Whether mail from there is a mail server's own. What comes from noreply@ may be a form on a web site."""
    return bool(_SERVERS.match(address))

"""Is this call Slack's? Works on raw bytes and strangers' headers, so nothing here may raise anything but `Refused`.

slack_sdk has a verifier; a time that is no number, a signature that is not ASCII or a body that is not UTF-8 make it
raise, which would answer a stranger's garbage with a 500.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.ports import Refused

WINDOW_SECONDS = 300

_SECONDS = re.compile(r"[0-9]{1,11}")


def verify(headers: Mapping[str, str], body: bytes, now: datetime, secrets: Sequence[str]) -> None:
    """Return if one of `secrets` signed `body` at most five minutes from `now`; raise `Refused` (401) otherwise.

    With two secrets the app's signing secret can be changed without losing a call.
    """
    sent = headers.get("x-slack-request-timestamp", "")
    signature = headers.get("x-slack-signature", "")
    if not _SECONDS.fullmatch(sent) or not signature:
        raise Refused("not signed", 401)
    if abs(now.timestamp() - int(sent)) > WINDOW_SECONDS:
        raise Refused("signed too long ago, or the clocks differ", 401)
    given = signature.encode("utf-8", "replace")
    matches = [hmac.compare_digest(_signature(secret, sent, body), given) for secret in secrets]
    if not any(matches):
        raise Refused("the signature does not match", 401)


def _signature(secret: str, sent: str, body: bytes) -> bytes:
    signed = b"v0:" + sent.encode("ascii") + b":" + body
    return b"v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode("ascii")

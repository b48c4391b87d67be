"""What each of Slack's refusals means for us: the one table. What is not in it is our own bug, and flies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from aiohttp import ClientConnectorError, ClientError
from slack_sdk.errors import SlackApiError, SlackRequestError

from core.ports import TryLater, Undeliverable


class Meaning(Enum):
    SLOW_DOWN = auto()  # everything on the channel waits
    LATER = auto()
    OUR_SETUP = auto()  # the person is not to blame; the staff must hear of it
    DEAD_ADDRESS = auto()


MEANINGS: Mapping[str, Meaning] = {
    "ratelimited": Meaning.SLOW_DOWN,
    "rate_limited": Meaning.SLOW_DOWN,
    "message_limit_exceeded": Meaning.SLOW_DOWN,
    "internal_error": Meaning.LATER,
    "fatal_error": Meaning.LATER,
    "service_unavailable": Meaning.LATER,
    "request_timeout": Meaning.LATER,
    "team_added_to_org": Meaning.LATER,
    "channel_not_found": Meaning.OUR_SETUP,
    "is_archived": Meaning.OUR_SETUP,
    "not_in_channel": Meaning.OUR_SETUP,
    "restricted_action": Meaning.OUR_SETUP,
    "restricted_action_read_only_channel": Meaning.OUR_SETUP,
    "restricted_action_thread_only_channel": Meaning.OUR_SETUP,
    "restricted_action_non_threadable_channel": Meaning.OUR_SETUP,
    "cannot_reply_to_message": Meaning.OUR_SETUP,
    "account_inactive": Meaning.OUR_SETUP,
    "not_authed": Meaning.OUR_SETUP,
    "invalid_auth": Meaning.OUR_SETUP,
    "token_revoked": Meaning.OUR_SETUP,
    "token_expired": Meaning.OUR_SETUP,
    "not_allowed_token_type": Meaning.OUR_SETUP,
    "missing_scope": Meaning.OUR_SETUP,
    "no_permission": Meaning.OUR_SETUP,
    "access_denied": Meaning.OUR_SETUP,
    "org_login_required": Meaning.OUR_SETUP,
    "ekm_access_denied": Meaning.OUR_SETUP,
    "enterprise_is_restricted": Meaning.OUR_SETUP,
    "team_access_not_granted": Meaning.OUR_SETUP,
    "file_uploads_disabled": Meaning.OUR_SETUP,
    "file_upload_size_restricted": Meaning.OUR_SETUP,
    "storage_limit_reached": Meaning.OUR_SETUP,
    "file_not_found": Meaning.OUR_SETUP,
    "file_deleted": Meaning.OUR_SETUP,
    "user_not_found": Meaning.DEAD_ADDRESS,
    "users_not_found": Meaning.DEAD_ADDRESS,
    "user_not_visible": Meaning.DEAD_ADDRESS,
    "user_disabled": Meaning.DEAD_ADDRESS,
    "cannot_dm_bot": Meaning.DEAD_ADDRESS,
    "messages_tab_disabled": Meaning.DEAD_ADDRESS,
}

# chat.update says so when there is nothing left to redraw.
NOT_EDITABLE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

# chat.postMessage says so when what is to be answered is not there.
NO_SUCH_THREAD = frozenset({"thread_not_found", "invalid_thread_ts", "message_not_found"})

_NUMBER = re.compile(r"[0-9]{1,6}")
_UPLOAD = re.compile(r"Failed to upload a file \(status: ([0-9]{3})")
_HTTP_TOO_MANY = 429


def translated(error: Exception) -> TryLater | Undeliverable | None:
    """The same failure in the port's words; None when it is a bug of ours. No reason ever holds a URL or a token."""
    if isinstance(error, SlackApiError):
        return _refusal(error)
    if isinstance(error, SlackRequestError):
        return _upload(str(error))
    # slack_sdk trips like this over an answer that is no JSON object: "ok" as text, a list, bytes that are not UTF-8.
    if isinstance(error, (ClientError, OSError, AttributeError, UnicodeDecodeError)):
        left_us = not isinstance(error, ClientConnectorError)
        return TryLater(f"no proper answer from Slack: {type(error).__name__}", perhaps_sent=left_us)
    return None


def code(error: SlackApiError) -> str:
    """Slack's own name of the refusal; "" when the answer was not Slack's at all."""
    answer = getattr(error.response, "data", None)
    found = answer.get("error") if isinstance(answer, dict) else None
    return found if isinstance(found, str) else ""


def details(error: SlackApiError) -> str:
    """The name, and what Slack says about our mistake."""
    answer = getattr(error.response, "data", None)
    about = answer.get("response_metadata") if isinstance(answer, dict) else None
    return f"{code(error)} {about or ''}".strip() or f"HTTP {_status(error.response)}"


def _upload(said: str) -> TryLater | Undeliverable | None:
    """The library says so when the server for uploads refuses; the rest of its words hold the file's name."""
    status = _UPLOAD.match(said)
    if status is None:
        return None
    reason = f"Slack did not take the file: HTTP {status[1]}"
    return TryLater(reason) if int(status[1]) >= 500 or int(status[1]) in (408, 429) else _ours(reason)


def _ours(reason: str) -> Undeliverable:
    return Undeliverable(reason, dead_address=False)


def _refusal(error: SlackApiError) -> TryLater | Undeliverable | None:
    reason, status = code(error), _status(error.response)
    meaning = MEANINGS.get(reason)
    if status == _HTTP_TOO_MANY or meaning is Meaning.SLOW_DOWN:
        return TryLater(
            reason or "ratelimited", retry_after(getattr(error.response, "headers", None) or {}), whole_channel=True
        )
    if meaning is Meaning.LATER or not reason:
        return TryLater(reason or f"no proper answer from Slack: HTTP {status}")
    if meaning is None:
        return TryLater(reason) if status >= 500 else None
    return Undeliverable(reason, dead_address=meaning is Meaning.DEAD_ADDRESS)


def _status(response: Any) -> int:
    """slack_sdk puts aiohttp's own response into the error when the answer was not JSON."""
    found = getattr(response, "status_code", None) or getattr(response, "status", 0)
    return found if isinstance(found, int) else 0


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    for name, value in headers.items():
        if name.lower() == "retry-after" and _NUMBER.fullmatch(str(value).strip()):
            return timedelta(seconds=int(value))
    return None

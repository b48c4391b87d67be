"""What each failure of Slack's means for us: the one table. What is not in it is our own bug, and flies."""

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
    BUG = auto()  # what we sent was wrong: it flies, so that the log shows where


_OF_THE_APP = frozenset({
    "account_inactive", "not_authed", "invalid_auth", "token_revoked", "token_expired",
    "not_allowed_token_type", "org_login_required", "two_factor_setup_required", "ekm_access_denied",
    "enterprise_is_restricted", "team_access_not_granted", "team_not_found", "not_enabled", "is_inactive",
    "bad_client_secret", "invalid_client_id", "invalid_refresh_token",
})  # fmt: skip
"""Our set-up is wrong for everything; the others of its kind concern one conversation or one file."""

_CODES: Mapping[Meaning, str] = {
    Meaning.SLOW_DOWN: "ratelimited rate_limited accesslimited message_limit_exceeded",
    Meaning.LATER: """
        internal_error fatal_error service_unavailable request_timeout team_added_to_org external_channel_migrating
        update_failed hash_conflict streaming_state_conflict
    """,
    Meaning.OUR_SETUP: """
        channel_not_found is_archived not_in_channel cannot_reply_to_message posting_to_general_channel_denied
        restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
        restricted_action_non_threadable_channel restricted_action_thread_locked method_not_supported_for_channel_type
        account_inactive not_authed invalid_auth token_revoked token_expired not_allowed_token_type missing_scope
        no_permission access_denied org_login_required two_factor_setup_required ekm_access_denied
        enterprise_is_restricted team_access_not_granted team_not_found not_enabled is_inactive
        slack_connect_file_upload_sharing_blocked slack_connect_blocked_file_type
        file_uploads_disabled file_uploads_except_images_disabled file_upload_size_restricted storage_limit_reached
        file_not_found file_deleted
        bad_client_secret invalid_client_id bad_redirect_uri invalid_refresh_token no_scopes
        cannot_install_an_org_installed_app
    """,
    Meaning.DEAD_ADDRESS: """
        user_not_found users_not_found user_not_visible user_disabled cannot_dm_bot messages_tab_disabled
        invalid_user_combination
    """,
    Meaning.BUG: """
        invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_json
        json_not_object invalid_post_type missing_post_type missing_argument invalid_blocks invalid_blocks_format
        invalid_attachments no_text msg_too_long msg_blocks_too_long too_many_attachments metadata_too_large
        metadata_must_be_sent_from_app invalid_metadata_format invalid_metadata_schema as_user_not_supported
        method_deprecated deprecated_endpoint unknown_method users_list_not_supplied not_enough_users too_many_users
        invalid_users view_too_large duplicate_external_id invalid_trigger_id expired_trigger_id exchanged_trigger_id
        trigger_expired trigger_exchanged push_limit_reached not_found block_mismatch thread_not_found
        invalid_thread_ts message_not_found cant_update_message edit_window_closed user_not_in_channel
        invalid_code code_expired code_already_used oauth_authorization_url_mismatch invalid_grant_type
    """,
}
MEANINGS: Mapping[str, Meaning] = {name: meaning for meaning, names in _CODES.items() for name in names.split()}
"""Every refusal of the methods that we call. What is not in here is a bug too: nobody has thought about it.

Some of the bugs have a way out of their own where they can happen without one: `NOT_EDITABLE`, `NO_SUCH_THREAD`, a form
that comes too late (`acknowledge`), a grant that is not good any more (`installing`).
"""

# What slack_sdk and aiohttp raise where there was no answer of Slack's at all. The last three are how the library trips
# over an answer that is no JSON object: "ok" as text, a list, bytes that are not UTF-8, a thousand brackets.
NO_PROPER_ANSWER: tuple[type[Exception], ...] = (
    ClientError,
    OSError,  # TimeoutError is one
    AttributeError,
    UnicodeDecodeError,
    RecursionError,
)

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
    if isinstance(error, NO_PROPER_ANSWER):
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
    if meaning in (None, Meaning.BUG):
        return TryLater(reason) if status >= 500 else None
    dead = meaning is Meaning.DEAD_ADDRESS
    return Undeliverable(reason, dead_address=dead, whole_channel=reason in _OF_THE_APP)


def _status(response: Any) -> int:
    """slack_sdk puts aiohttp's own response into the error when the answer was not JSON."""
    found = getattr(response, "status_code", None) or getattr(response, "status", 0)
    return found if isinstance(found, int) else 0


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    for name, value in headers.items():
        if name.lower() == "retry-after" and _NUMBER.fullmatch(str(value).strip()):
            return timedelta(seconds=int(value))
    return None

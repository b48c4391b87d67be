"""What other servers say most often when they refuse: which of our labels says what it means, and what to do.

The first that fits wins. The sentences are those of `core.ports`' reasons, as they are stored.
"""

from __future__ import annotations

import re


def _code(*names: str) -> str:
    """Slack's names of refusals."""
    return rf"\b(?:{'|'.join(names)})\b"


def _status(*codes: str) -> str:
    """Enhanced status codes of mail (RFC 3463)."""
    return rf"(?<![\d.])(?:{'|'.join(one.replace('.', '[.]') for one in codes)})(?![\d.])"


def _reply(*codes: str) -> str:
    """Replies of a mail server that say no more than their first number."""
    return rf"(?:the relay answered |^|: )(?:{'|'.join(codes)})(?=[ -](?![245]\.\d))"


_TABLE: tuple[tuple[str, str], ...] = (
    ("telegram_blocked", r"bot was blocked by the user"),
    ("telegram_deactivated", r"user is deactivated"),
    ("telegram_not_in", r"bot was kicked from|bot is not a member of"),
    ("telegram_start", r"Bad Request: (?:chat not found|user not found|chat_id is empty|peer_id_invalid)"),
    ("telegram_start", r"bot can't initiate conversation"),
    ("telegram_group_gone", r"group chat was (?:deactivated|deleted)"),
    ("telegram_rights", r"(?:not enough|have no) rights|need administrator rights|chat_write_forbidden"),
    ("telegram_topic", r"topic_closed"),
    ("telegram_token", r"(?:^|: )(?:Unauthorized|Not Found)$"),
    ("telegram_slow", r"Too Many Requests"),
    ("telegram_rival", r"terminated by other getUpdates"),
    ("slack_no_channel", _code("channel_not_found")),
    ("slack_not_in", _code("not_in_channel")),
    ("slack_archived", _code("is_archived")),
    (
        "slack_token",
        _code(
            "invalid_auth", "not_authed", "token_revoked", "token_expired", "invalid_refresh_token", "bad_client_secret"
        ),
    ),
    ("slack_inactive", _code("account_inactive", "is_inactive", "team_not_found", "not_enabled")),
    ("slack_scope", _code("missing_scope", "no_permission", "not_allowed_token_type", "no_scopes")),
    (
        "slack_forbidden",
        _code(
            r"restricted_action\w*",
            "posting_to_general_channel_denied",
            "access_denied",
            "org_login_required",
            "two_factor_setup_required",
            "ekm_access_denied",
            "enterprise_is_restricted",
            "team_access_not_granted",
        ),
    ),
    ("slack_no_person", _code("users?_not_found", "user_not_visible", "user_disabled")),
    ("slack_no_messages", _code("cannot_dm_bot", "messages_tab_disabled")),
    ("slack_down", _code("internal_error", "fatal_error", "service_unavailable")),
    ("mail_login", rf"{_status('5.7.8', '5.7.9')}|{_reply('535', '534')}"),
    ("mail_relaying", r"relay(?:ing)? (?:access )?denied|relaying (?:is )?not (?:allowed|permitted)"),
    ("mail_sender", _status("5.1.7", "5.1.8") + r"|sender address rejected"),
    ("mail_unproven", _status(r"5.7.2\d", "5.7.515")),
    ("mail_no_box", _status("5.1.1", "5.1.6", "5.1.10")),
    ("mail_no_domain", _status("5.1.2", "5.4.4") + f"|{_reply('556')}"),
    ("mail_bad_address", _status("5.1.3")),
    ("mail_closed", _status("5.2.1")),
    ("mail_full", _status("5.2.2", "4.2.2") + f"|{_reply('552')}"),
    ("mail_too_large", _status("5.3.4", "5.2.3")),
    ("mail_refused", _status(r"5.7.\d+")),
    ("mail_not_reached", _status(r"[45].4.\d+")),
    ("mail_later", _status(r"4.7.\d+", r"4.3.\d+") + f"|{_reply('421', '450', '451', '452')}"),
    ("mail_no_box", r"\b55\d\b.*(?:no such|unknown) (?:user|mailbox|recipient|address)"),
    ("mail_no_box", r"\b55\d\b.*(?:user|mailbox|recipient|address)\b.*(?:unknown|not found|not exist|no longer)"),
)
LABELS = tuple(dict.fromkeys(f"meaning.{name}" for name, _ in _TABLE))
_PATTERNS = tuple((f"meaning.{name}", re.compile(pattern, re.IGNORECASE)) for name, pattern in _TABLE)


def meaning_of(sentence: str) -> str:
    """The label that says what it means; "" where nobody has thought of it."""
    return next((label for label, pattern in _PATTERNS if pattern.search(sentence)), "")

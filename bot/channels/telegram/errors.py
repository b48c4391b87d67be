"""What Telegram's errors mean for a delivery: one table, first match wins.

aiogram has one class for "chat not found" and for "your text is malformed", and none of its own for a gateway's page:
so a row is a class and a piece of the text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)

from bot.channels import network_words
from core.ports import TryLater, Undeliverable

_REASON_LIMIT = 300
_LONGEST_PAUSE = 60.0
_LONGEST_WAIT = 3600
_SECONDS = re.compile(r"[0-9]{1,6}")


class Verdict(StrEnum):
    LATER = "try this one later"
    HALT = "the whole bot waits"
    DEAD = "this address takes nothing from us any more"
    OURS = "our set-up is wrong, the person is not to blame"
    FLY = "our bug, or for the caller to handle"


class Row(NamedTuple):
    error: type[Exception]
    says: str
    verdict: Verdict


TABLE: tuple[Row, ...] = (
    Row(TelegramRetryAfter, "", Verdict.HALT),
    Row(TelegramMigrateToChat, "", Verdict.FLY),
    # Rights in a group or channel: the chat is alive, its administrator must let the bot write.
    Row(TelegramForbiddenError, "not enough rights", Verdict.OURS),
    Row(TelegramForbiddenError, "", Verdict.DEAD),
    Row(TelegramBadRequest, "not enough rights", Verdict.OURS),
    Row(TelegramBadRequest, "have no rights", Verdict.OURS),
    Row(TelegramBadRequest, "need administrator rights", Verdict.OURS),
    Row(TelegramBadRequest, "chat_write_forbidden", Verdict.OURS),
    Row(TelegramBadRequest, "topic_closed", Verdict.OURS),
    Row(TelegramBadRequest, "chat not found", Verdict.DEAD),
    Row(TelegramBadRequest, "chat_id is empty", Verdict.DEAD),
    Row(TelegramBadRequest, "user not found", Verdict.DEAD),
    Row(TelegramBadRequest, "peer_id_invalid", Verdict.DEAD),
    Row(TelegramBadRequest, "group chat was deactivated", Verdict.DEAD),
    Row(TelegramBadRequest, "", Verdict.FLY),
    Row(TelegramUnauthorizedError, "", Verdict.OURS),
    Row(TelegramNotFound, "", Verdict.OURS),  # the path holds the token: an unknown path is an unknown bot
    Row(TelegramAPIError, "too many requests", Verdict.HALT),  # a 429 that does not say how long
    Row(TelegramAPIError, "", Verdict.LATER),  # the network, 5xx, a second poller, and whatever is new
    Row(ClientDecodeError, "", Verdict.LATER),  # a gateway's page instead of an answer
    Row(UnicodeDecodeError, "", Verdict.LATER),
)


def verdict(error: Exception) -> Verdict:
    text = str(getattr(error, "message", "")).lower()
    for row in TABLE:
        if isinstance(error, row.error) and row.says in text:
            return row.verdict
    return Verdict.FLY


def translate(error: Exception, scrub: Callable[[str], str]) -> Exception:
    """The error in our words; itself when the table lets it fly. What `scrub` takes out is in neither."""
    reason = _reason(error, scrub)
    match verdict(error):
        case Verdict.LATER:
            return TryLater(reason, perhaps_sent=_left_us(error))
        case Verdict.HALT:
            return TryLater(reason, _asked_for(error), whole_channel=True)
        case Verdict.DEAD:
            return Undeliverable(reason)
        case Verdict.OURS:
            whole = isinstance(error, (TelegramUnauthorizedError, TelegramNotFound))
            return Undeliverable(reason, dead_address=False, whole_channel=whole)
    if isinstance(error, TelegramAPIError):
        error.message = reason
    return error


def _left_us(error: Exception) -> bool:
    """Whether the request was on its way when no answer came; that it was not, aiogram tells only in words."""
    return isinstance(error, TelegramNetworkError) and "ClientConnector" not in error.message


def of_download(status: int, headers: Mapping[str, str]) -> TryLater | Undeliverable | None:
    """What the status of a file's download means. A place that is told lasts an hour, so "not there" is for now."""
    reason = f"the download was answered with {status}"
    if status == HTTPStatus.OK:
        return None
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Undeliverable(reason, dead_address=False)
    wait = headers.get("Retry-After", "")
    return TryLater(reason, timedelta(seconds=min(int(wait), _LONGEST_WAIT)) if _SECONDS.fullmatch(wait) else None)


def is_rival(error: Exception) -> bool:
    """Another program asked for the same bot's updates at the same time."""
    return isinstance(error, TryLater) and "terminated by other getupdates" in error.reason.lower()


def in_words(error: Exception) -> str:
    """For whoever runs this site."""
    unreached = network_words.of_text(str(error))
    return f"no answer from the Bot API server ({unreached})" if unreached else f"the bot does not answer: {error}"


def pause(error: Exception, failures: int) -> float:
    """Seconds that a listener rests after so many failures in a row: as told, or doubling from half a second."""
    jitter = random.uniform(1, 1.2)  # noqa: S311 - spreads load, guards nothing
    if isinstance(error, TryLater) and error.after is not None:
        return error.after.total_seconds() * jitter
    return min(_LONGEST_PAUSE, 0.25 * float(2 ** min(failures, 10))) * jitter


def _asked_for(error: Exception) -> timedelta | None:
    return timedelta(seconds=error.retry_after) if isinstance(error, TelegramRetryAfter) else None


def _reason(error: Exception, scrub: Callable[[str], str]) -> str:
    if not isinstance(error, TelegramAPIError):
        return "what answered is not Telegram: no JSON that it could have sent"  # the page may hold anything
    return scrub(error.message or type(error).__name__)[:_REASON_LIMIT]

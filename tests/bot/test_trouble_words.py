"""Why something did not go out or was not understood: each sentence that we write is told in each language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

from bot import foreign_troubles, troubles
from bot.channels.email.errors import Step
from bot.channels.slack import errors as slack_errors
from bot.channels.telegram import errors as telegram_errors
from bot.rendering import Templates
from core.models.contacts import SuppressionReason

ROOT = Path(__file__).parents[2]
SAMPLE = "x.1"
WRITERS = {
    "TryLater": 0,
    "Undeliverable": 0,
    "TokenRefused": 0,
    "TokenUnavailable": 0,
    "SMTPNotSupported": 0,
    "Report": 1,
    "ValueError": 0,
    "_gone": 1,
    "_wait": 1,
    "_retry": 1,
    "_again": 1,
    "_refuse": 1,
    "_insert": 5,
    "_dead": 1,
    "give_up": 1,
    "quarantine": 1,
    "failed": 1,
    "mark_unreachable": 1,
}
"""What is given a reason that is shown to people, and which argument it is."""
WORDING = {
    "_words": "bot/channels/email/errors.py",
    "_reason": "bot/channels/telegram/errors.py",
    "_told": "bot/postman.py",
    "_too_late": "bot/courier.py",
    "_too_large": "core/desk/attachments.py",
}
"""Functions that give back such a reason, and where."""
FILES = (
    *sorted(one for one in (ROOT / "bot/channels").rglob("*.py") if one.stem not in ("settings", "imap_errors")),
    *(ROOT / "bot" / f"{name}.py" for name in ("chat_form", "courier", "fetcher", "postman", "worker")),
    *(ROOT / "core" / name for name in ("plumbing/deliveries.py", "desk/attachments.py")),
    *(ROOT / "core" / name for name in ("surveys/bounces.py", "reactions/webhooks.py", "suppressions.py")),
    ROOT / "bot/surveys/conversation.py",
)
NEVER_STORED = {
    "a visitor id has 1 to 120 letters, digits or ._@+-",  # the visitor is answered
    "an installation without a workspace or without a bot's token",  # whoever installs is answered
    "a final header value has no control characters",  # a bug
    "{} is not JSON",  # a hook call is refused
}
PASSED_ON = {
    *("later.reason", "dead.reason", "gone.reason", "refused.reason", "known.reason", "busy.reason", "row.ours"),
    *("error.message", "str(error)", "code(refused)", "gone", "code(error)", "bounced.reason", "bounced.kind.value"),
    *("clean_line(str(error), limit=200)", "_reply(error)", "failure.reason", "error.message or type(error).__name__"),
}
"""Words that somebody else wrote, or that are looked at where they were written."""
CODES = {
    "step": [one.value for one in Step],
    "reason.value": [one.value for one in SuppressionReason if one != SuppressionReason.OPTED_OUT],
    "f', {evidence}' if evidence else ''": [f", {SAMPLE}", ""],
}
"""What values of a few sentences can be; `opted_out` stands only where nobody is told why."""


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates.load()


def sentences() -> Iterator[tuple[str, str]]:
    """Each with where it is written. A value in it is `SAMPLE`."""
    for file in FILES:
        tree = ast.parse(file.read_text("utf-8"))
        functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions:
            for given in written(function, str(file.relative_to(ROOT))):
                for text in told(given, function):
                    yield text, f"{file.relative_to(ROOT)}:{given.lineno}"


def written(function: ast.FunctionDef | ast.AsyncFunctionDef, file: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None and WORDING.get(function.name) == file:
            yield node.value
        if isinstance(node, ast.Call):
            yield from (one.value for one in node.keywords if one.arg in ("reach_reason", "problem"))
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = WRITERS.get(name)
            is_told_at_once = ast.unparse(node.func).endswith("hearing.failed")  # by /readyz and the log, in English
            if at is not None and len(node.args) > at and not is_told_at_once:
                yield node.args[at]


def told(given: ast.expr, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """What an expression comes to; fails for one of which nobody can say it."""
    if ast.unparse(given) in PASSED_ON:
        return
    match given:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr() | ast.BinOp():
            yield from put_together(given)
        case ast.IfExp(body=one, orelse=other):
            yield from (text for part in (one, other) for text in told(part, function))
        case ast.BoolOp(values=parts):
            yield from (text for part in parts for text in told(part, function))
        case ast.Subscript(value=whole):
            yield from told(whole, function)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in ("clean_line", "shorten", "scrub"):
            yield from told(first, function)
        case ast.Call(func=ast.Name(id=name)) if name in WORDING:
            return
        case ast.Name(id=name):
            yield from told_by_name(name, function)
        case _:
            pytest.fail(f"{function.name}, line {given.lineno}: what does {ast.unparse(given)} say?")


def told_by_name(name: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """A variable of this function; a parameter is said by whoever calls it."""
    values = [
        value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        for place, value in pairs(target, node.value)
        if isinstance(place, ast.Name) and place.id == name
    ]
    every = [*function.args.args, *function.args.kwonlyargs]
    assert values or name in {one.arg for one in every}, f"{function.name}: where does {name} come from?"
    for value in values:
        yield from told(value, function)


def pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """`a, b = x, y` as two assignments."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value


def put_together(given: ast.expr) -> Iterator[str]:
    parts = given.values if isinstance(given, ast.JoinedStr) else [*flat(given)]
    texts = [""]
    for part in parts:
        if isinstance(part, ast.Constant):
            texts = [text + str(part.value) for text in texts]
        elif isinstance(part, ast.FormattedValue) and (codes := CODES.get(ast.unparse(part.value))):
            texts = [text + code for text in texts for code in codes]
        elif isinstance(part, ast.IfExp):
            texts = [text + one.value for text in texts for one in (part.body, part.orelse) if is_text(one)]
        else:
            texts = [text + SAMPLE for text in texts]
    yield from (text for text in texts if any(one.isalpha() for one in text.replace(SAMPLE, "")))


def is_text(one: ast.expr) -> TypeGuard[ast.Constant]:
    return isinstance(one, ast.Constant) and isinstance(one.value, str)


def flat(given: ast.expr) -> Iterator[ast.expr]:
    if isinstance(given, ast.BinOp):
        yield from (*flat(given.left), *flat(given.right))
    else:
        yield given


def test_every_reason_that_we_write_is_told_in_each_language(templates: Templates) -> None:
    found = {text: where for text, where in sentences() if text.replace(SAMPLE, "{}") not in NEVER_STORED}
    assert {"no answer in time", "a bug of ours: x.1: x.1", "larger than x.1 bytes"} <= found.keys()
    for sentence, where in found.items():
        assert troubles.in_words(sentence, templates, "en") == sentence, where
        for locale in templates.locales():
            unknown = templates.label("trouble.said", locale, said=sentence)
            told = troubles.in_words(sentence, templates, locale)
            assert locale == "en" or told != unknown, f"{sentence!r} ({where}) has no words in {locale}"


def test_there_are_no_words_for_what_nobody_writes(templates: Templates) -> None:
    shipped = templates.default_labels
    told = [text for text, _ in sentences()]
    unused = [label for label, pattern in troubles._patterns(shipped) if not any(map(pattern.fullmatch, told))]
    assert unused == []


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("", ""),
        ("this address is suppressed", "这个地址在停发名单上"),
        ("larger than 10000000 bytes", "大于 10000000 字节"),
        (
            "given up after 12 tries: the relay answered 599 <no> idea (while naming the recipient)",
            "尝试 12 次后放弃：邮件服务器答复：“599 <no> idea”（报告收件人时）",
        ),
        ("given up after 12 tries: hash_conflict", "尝试 12 次后放弃：“hash_conflict”"),
        ("what an older Afterword wrote", "“what an older Afterword wrote”"),
        ("bounced: no {user}\nin two lines", "被退回：“no {user}\nin two lines”"),
    ],
)
def test_ours_is_said_in_chinese_and_what_others_said_is_quoted(
    templates: Templates, sentence: str, chinese: str
) -> None:
    assert troubles.in_words(sentence, templates, "zh-Hans") == chinese
    assert troubles.in_words(sentence, templates, "en") == sentence


FOREIGN = {
    "telegram_blocked": ["Forbidden: bot was blocked by the user"],
    "telegram_deactivated": ["Forbidden: user is deactivated"],
    "telegram_not_in": [
        "Forbidden: bot was kicked from the supergroup chat",
        "Forbidden: bot is not a member of the channel chat",
    ],
    "telegram_start": [
        "Bad Request: chat not found",
        "Forbidden: bot can't initiate conversation with a user",
        "Bad Request: PEER_ID_INVALID",
    ],
    "telegram_group_gone": ["Bad Request: group chat was deactivated", "Forbidden: the group chat was deleted"],
    "telegram_rights": ["Bad Request: not enough rights to send text messages to the chat", "CHAT_WRITE_FORBIDDEN"],
    "telegram_topic": ["Bad Request: TOPIC_CLOSED"],
    "telegram_token": ["Unauthorized", "given up after 3 tries: Not Found"],
    "telegram_slow": ["Too Many Requests: retry after 17"],
    "telegram_rival": ["Conflict: terminated by other getUpdates request; make sure that only one bot is running"],
    "slack_no_channel": ["channel_not_found", "given up after 12 tries: channel_not_found"],
    "slack_not_in": ["not_in_channel"],
    "slack_archived": ["is_archived"],
    "slack_token": ["invalid_auth", "token_revoked", "the token could not be renewed: invalid_refresh_token"],
    "slack_inactive": ["account_inactive"],
    "slack_scope": ["missing_scope"],
    "slack_forbidden": ["restricted_action", "restricted_action_read_only_channel"],
    "slack_no_person": ["user_not_found", "users_not_found"],
    "slack_no_messages": ["cannot_dm_bot"],
    "slack_down": ["internal_error"],
    "mail_login": ["the relay answered 535 5.7.8 Error: authentication failed (while logging in)"],
    "mail_relaying": ["the relay answered 554 5.7.1 <a@b.example>: Relay access denied (while naming the recipient)"],
    "mail_sender": ["the relay answered 553 5.7.1 <a@b.example>: Sender address rejected: not owned by user kim"],
    "mail_unproven": ["bounced: 5.7.26 550-5.7.26 Your email has been blocked because the sender is unauthenticated"],
    "mail_no_box": [
        "the relay answered 550 5.1.1 <no>: Recipient address rejected: User unknown (while naming the recipient)",
        "bounced: 5.1.1 user unknown",
        "suppressed: hard_bounce, 550 No such user here",
    ],
    "mail_no_domain": ["bounced: 5.4.4 Host or domain name not found", "the relay answered 556 no mail here"],
    "mail_bad_address": ["the relay answered 501 5.1.3 Bad recipient address syntax"],
    "mail_closed": ["bounced: 5.2.1 mailbox disabled"],
    "mail_full": ["the relay answered 552 5.2.2 mailbox full (while handing over the mail)"],
    "mail_too_large": ["the relay answered 552 5.3.4 message size exceeds limit"],
    "mail_refused": ["the relay answered 550 5.7.1 our policy says no (while handing over the mail)"],
    "mail_not_reached": ["bounced: 5.4.0 mail for x.example loops back to myself", "4.4.1 connection timed out"],
    "mail_later": ["the relay answered 450 4.7.1 greylisted", "the relay answered 421 too many connections"],
}
"""What these servers really say (channels.md), by the label that says what it means."""


def test_what_others_say_most_often_is_explained_with_their_own_words_behind_it(templates: Templates) -> None:
    assert {f"meaning.{name}" for name in FOREIGN} == set(foreign_troubles.LABELS)
    for name, sentences in FOREIGN.items():
        for sentence in sentences:
            for locale, ends in (("en", f" ({sentence})"), ("zh-Hans", "）")):
                said = troubles.in_words(sentence, templates, locale)
                meaning = templates.label(f"meaning.{name}", locale)
                assert said.startswith(f"{meaning}{'（' if locale != 'en' else ' ('}"), (sentence, said)
                assert said.endswith(ends)
                assert meaning != templates.label(f"meaning.{name}", "en") or locale == "en"
    chinese = "没有这个邮箱：请更正地址（尝试 12 次后放弃：邮件服务器答复：“550 5.1.1 <no> such user”（报告收件人时））"
    refused = "given up after 12 tries: the relay answered 550 5.1.1 <no> such user (while naming the recipient)"
    assert troubles.in_words(refused, templates, "zh-Hans") == chinese


def test_what_is_final_at_telegrams_or_at_slacks_is_explained() -> None:
    final = (telegram_errors.Verdict.DEAD, telegram_errors.Verdict.OURS)
    for row in telegram_errors.TABLE:
        if row.verdict in final and row.says:
            assert foreign_troubles.meaning_of(f"Bad Request: {row.says}"), row
    for code in slack_errors._OF_THE_APP - {"invalid_client_id"}:
        assert foreign_troubles.meaning_of(code), code


@pytest.mark.parametrize(
    "sentence",
    [
        "a bug of ours: KeyError: channel_not_found",
        "the relay answered 250 10.5.1.1 is fine (while connecting)",
        "ratelimited",
        "no answer in time",
    ],
)
def test_nothing_is_explained_that_means_something_else(templates: Templates, sentence: str) -> None:
    assert troubles.in_words(sentence, templates, "en") == sentence

"""Mail that comes in: what a person wrote, what a robot did, and what was made to hurt."""

from __future__ import annotations

import base64
import tracemalloc
from typing import Any

import pytest

from bot.channels.email import arriving, bounces, charsets, html_text
from bot.channels.email.addresses import Mailbox
from bot.channels.email.reading import Reader
from bot.channels.email.reply_addresses import ReplyAddress
from core.ports import Bounced, BounceKind, File, Heard, Wrote

SITE = "https://feedback.example.org"
TOKEN = "i3k9x2m7qdabc.abcdefghij234567abcd"
US = Mailbox("support", "example.org", "Support")
READER = Reader(US, ReplyAddress(US), SITE)
OUR_ID = f"<{'0a' * 16}@example.org>"
MEGABYTE = 1024 * 1024


def mail(body: str | bytes = "The router is dead.", *lines: str, **headers: str) -> bytes:
    """A mail from Ann to us; `From="…"` and the like replace or add headers, `lines` are added as they are."""
    usual = {
        "From": "Ann <3 <ann@example.net>",
        "To": "Support <support@example.org>",
        "Subject": "Router & cable",
        "Message-ID": "<a1@example.net>",
    }
    given = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    block = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    block += "".join(f"{line}\r\n" for line in lines)
    content = body.replace("\n", "\r\n").encode() if isinstance(body, str) else body
    return block.encode() + b"\r\n" + content


def wrote(raw: bytes, reader: Reader = READER) -> Wrote:
    (heard,) = reader.read(raw)
    assert isinstance(heard, Wrote)
    return heard


def multipart(kind: str, *parts: str, boundary: str = "b", more: str = "") -> bytes:
    pieces = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return mail(f"{pieces}--{boundary}--\n", f'Content-Type: multipart/{kind}; boundary="{boundary}"{more}')


# ---------------------------------------------------------------- who, and about what


def test_a_mail_says_who_wrote_it_and_about_what() -> None:
    heard = wrote(mail(Subject="=?utf-8?B?5Zub5pif?= & more", From="=?koi8-r?B?4c7OwQ==?= <Ann@Example.net>"))
    assert (heard.person.address, heard.person.name) == ("Ann@example.net".replace("example", "Example"), "Анна")
    assert heard.target == heard.person.address
    assert (heard.subject, heard.text) == ("四星 & more", "The router is dead.")
    assert (heard.thread, heard.receipt, heard.reply_token) == ("<a1@example.net>", "", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"To": f"support+{TOKEN}@example.org"},
        {"To": f'"Support, Berlin" <SUPPORT+{TOKEN.upper()}@EXAMPLE.ORG>'},
        {"Cc": f"Bob <bob@example.net>, <support+{TOKEN}@example.org>"},
        {"Delivered_To": f"support+{TOKEN}@example.org"},
        {"X_Original_To": f"support+b.{TOKEN}@example.org"},
    ],
)
def test_the_token_is_found_wherever_the_mail_server_left_it(headers: dict[str, str]) -> None:
    assert wrote(mail(**headers)).reply_token == TOKEN


@pytest.mark.parametrize(
    "to", [f"support+{TOKEN}@example.com", f"x.support+{TOKEN}@example.org", f"support+{TOKEN}@example.org.evil.net"]
)
def test_somebody_elses_address_holds_no_token(to: str) -> None:
    assert wrote(mail(To=to)).reply_token == ""


def test_the_mail_that_is_answered_is_known_by_its_id() -> None:
    assert wrote(mail(In_Reply_To=OUR_ID)).receipt == OUR_ID
    assert wrote(mail(References=f"<x@example.net> {OUR_ID}\r\n <y@example.net>")).receipt == OUR_ID
    assert wrote(mail(In_Reply_To="<x@example.net>")).receipt == ""


@pytest.mark.parametrize("sender", ["", "nobody", "a@b, c@d", "<>", "Ann <ann@>", "ann@example.net\x00"])
def test_a_mail_from_nobody_cannot_be_understood(sender: str) -> None:
    with pytest.raises(ValueError):
        READER.read(mail(From=sender))


# ---------------------------------------------------------------- what they wrote

GMAIL = "4\n\nOn Mon, Mar 2, 2026 at 9:00 AM Support <support@example.org> wrote:\n\n> How was it?\n> Bye\n"
GMAIL_WRAPPED = (
    "too slow\n\nOn Mon, 2 Mar 2026 at 09:00, Example Support\n<support+x@example.org> wrote:\n\n> How was it?\n"
)
GMAIL_RU = "Спасибо, но медленно\n\nпн, 2 мар. 2026 г. в 09:00, Support <support@example.org>:\n\n> Как всё прошло?\n"
YANDEX = 'Медленно\n\n02.03.2026, 09:00, "Support" <support@example.org>:\n> Как всё прошло?\n'
OUTLOOK = (
    "Too slow.\n\n________________________________\nFrom: Support <support@example.org>\n"
    "Sent: Monday, March 2, 2026 9:00 AM\nTo: Ann\nSubject: How was it?\n\nHow was it?\n"
)
OUTLOOK_RU = (
    "Медленно.\n\n-----Исходное сообщение-----\nОт: Support [mailto:support@example.org]\n"
    "Отправлено: 2 марта 2026 г. 9:00\nКому: Ann\n\nКак всё прошло?\n"
)
IOS = "Slow\n\nSent from my iPhone\n\n> On 2 Mar 2026, at 09:00, Support <support@example.org> wrote:\n> How?\n"
QQ = '太慢了\n\n------- 原始邮件 -------\n发件人: "Support" <support@example.org>;\n发送时间: 2026年3月\n\n您好\n'
NETEASE = '太慢了\n\n在 2026-03-02 09:00:00，"Support" <support@example.org> 写道：\n\n您好\n'
APPLE_DE = "Zu langsam\n\nAm 02.03.2026 um 09:00 schrieb Support <support@example.org>:\n\n> Wie war es?\n"
BELOW = "On Mon, Mar 2, 2026 at 9:00 AM Support <support@example.org> wrote:\n> How was it?\n> Bye\n\nToo slow\n"
SIGNED = "Too slow\n\n-- \nAnn\nExample Ltd\n"
MARKED = "Too slow\n\n##- Please write above this line -##\nHow was it?\n"
LINKED = "Too slow\n\n5 – very good: https://feedback.example.org/r/abc?overall=5\nmore\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (GMAIL, "4"),
        (GMAIL_WRAPPED, "too slow"),
        (GMAIL_RU, "Спасибо, но медленно"),
        (YANDEX, "Медленно"),
        (OUTLOOK, "Too slow."),
        (OUTLOOK_RU, "Медленно."),
        (IOS, "Slow"),
        (QQ, "太慢了"),
        (NETEASE, "太慢了"),
        (APPLE_DE, "Zu langsam"),
        (BELOW, "Too slow"),
        (SIGNED, "Too slow"),
        (MARKED, "Too slow"),
        (LINKED, "Too slow"),
    ],
)
def test_quotes_and_signatures_are_cut(body: str, words: str) -> None:
    assert wrote(mail(body)).text == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("4\n\nThanks\nCat", "4"),
        ("4\n\nThanks,\nCat Miller", "4"),
        ("Too slow.\n\nMany thanks!\nCat\nExample Ltd", "Too slow."),
        ("Too slow.\n\nThank you\n\nCat", "Too slow."),
        ("4\nThanks and regards\nCat", "4"),
        ("太慢了\n\n谢谢！\n王伟", "太慢了"),
        ("4\n\n来自网易邮箱大师", "4"),
        ("4\n\n在 2026年11月28日，Example 写道：\n\n您好", "4"),
        ("4\n\n在 2026年11月28日，Example 写道：\n\n> 您好", "4"),
        ("11月买的\n在 2026年11月28日，Example & Son 写道：\n> 您好", "11月买的"),
        ("太慢\n\n於 2026年11月28日 週六，Example 寫道：\n您好", "太慢"),
    ],
)
def test_sign_offs_are_cut(body: str, words: str) -> None:
    assert wrote(mail(body, "Content-Type: text/plain; charset=utf-8")).text == words


@pytest.mark.parametrize(
    "body",
    [
        "It works.\n\nThanks\nthe second one is still broken",
        "Thanks\nCat",
        "Too slow.\nThanks",
        "4\n\nThanks\nGreat service",
        "太慢了\n谢谢\n很好",
        "来自北京的包裹还没到",
        "在 2026年11月28日，你们写道：\n会修好。其实没有。",
        "在 2026年11月28日买的",
        "I wrote to support@example.org last week and nobody answered.\n\nNow it is broken again.",
        "What I need:\n-first a cable\n-then a router",
        "Line one\n\nLine two\n\n\nLine three",
        "On Monday it was slow.\nOn Tuesday it was gone.",
        "- cable\n- router\n-- not this one",
    ],
)
def test_nothing_of_their_own_words_is_cut(body: str) -> None:
    assert wrote(mail(body, "Content-Type: text/plain; charset=utf-8")).text == body


def test_text_wins_over_html_and_html_alone_is_read_too() -> None:
    html = "Content-Type: text/html; charset=utf-8\n\n<p>In HTML</p>"
    assert wrote(multipart("alternative", "Content-Type: text/plain\n\nIn text", html)).text == "In text"
    assert wrote(multipart("alternative", "Content-Type: text/plain\n\n \n", html)).text == "In HTML"
    assert wrote(mail("<p>Only</p><p>HTML</p>", "Content-Type: text/html")).text == "Only\n\nHTML"


def test_html_is_read_as_a_person_would() -> None:
    page = (
        "<html><head><style>p { color: red }</style></head><body><!-- no --><div>4/5<br>too&nbsp;slow &lt;3"
        '</div><script>alert("x")</script><ul><li>one<li>two</ul><blockquote>quoted</blockquote>a < b</body></html>'
    )
    assert html_text.to_text(html_text.body_of(page)) == "4/5\ntoo slow <3\none\ntwo\n> quoted\na < b"


@pytest.mark.parametrize(
    ("data", "label", "words"),
    [
        ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет"),
        ("Привет, мир".encode("cp1251"), "utf-8", "Привет, мир"),
        ("Привет, мир".encode("koi8-r"), "", "Привет, мир"),
        ("Привет".encode(), "koi8-r", "Привет"),
        ("太慢了".encode("gb18030"), "gb2312", "太慢了"),
        ("太慢了，谢谢".encode("gb18030"), "us-ascii", "太慢了，谢谢"),
        ("café".encode("latin-1"), "iso-8859-1", "café"),
        (b"abc\xff", "ascii", "abcÿ"),
        (b"abc", "no-such-charset", "abc"),
        (b"abc", "zip", "abc"),
        (b"616263", "hex", "616263"),
    ],
)
def test_words_survive_a_wrong_label(data: bytes, label: str, words: str) -> None:
    decoded = charsets.decode(data, label)
    assert decoded == words or (data == b"abc\xff" and decoded.startswith("abc"))


def test_a_body_in_an_old_charset_is_read() -> None:
    raw = mail("Слишком медленно".encode("cp1251"), "Content-Type: text/plain; charset=windows-1251")
    assert wrote(raw).text == "Слишком медленно"


def test_lines_that_flow_are_joined() -> None:
    assert wrote(mail("This goes \non here.\nNot this.", "Content-Type: text/plain; format=flowed")).text == (
        "This goes on here.\nNot this."
    )


def test_files_come_along_as_data() -> None:
    png = base64.b64encode(b"\x89PNG picture").decode()
    image = (
        "Content-Type: image/png; name*=utf-8''r%C3%B6uter.png\nContent-Transfer-Encoding: base64\n"
        f"Content-Disposition: attachment\n\n{png}"
    )
    path = 'Content-Type: text/plain\nContent-Disposition: attachment; filename="../../etc/passwd"\n\nroot'
    forwarded = "Content-Type: message/rfc822\n\nSubject: inner\n\nbody"
    heard = wrote(multipart("mixed", "\nsee below", image, path, forwarded))
    assert heard.text == "see below"
    assert [(one.name, one.media_type, one.data) for one in heard.files] == [
        ("röuter.png", "image/png", b"\x89PNG picture"),
        ("passwd", "text/plain", b"root"),
        ("3.eml", "message/rfc822", b"Subject: inner\r\n\r\nbody"),
    ]
    assert heard.files[0] == File("röuter.png", "image/png", size=12, data=b"\x89PNG picture")


def test_a_file_that_was_cut_off_is_not_taken_for_whole() -> None:
    raw = multipart("mixed", "\nsee below", "Content-Type: image/png\n\npicture").replace(b"--b--", b"")
    (file,) = wrote(raw).files
    assert (file.data, file.size > 0) == (b"", True)


# ---------------------------------------------------------------- robots


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "Precedence: auto_reply",
        "Return-Path: <>",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "List-Id: <all.example.net>",
        "List-Unsubscribe: <https://example.net/u>",
    ],
)
def test_what_a_robot_sends_is_nobodys_answer(line: str) -> None:
    assert READER.read(mail("4", line)) == []


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: How was it?",
        "Auto-Reply",
        "Out of office: Ann",
        "Re: Out of the office",
        "自动回复：您的邮件已收到",
        "=?utf-8?B?6Ieq5Yqo5Zue5aSN?=",
        "Автоответ: нет на месте",
        "Abwesenheitsnotiz",
        "Automatische Antwort: x",
        "Réponse automatique : x",
        "不在です",
        "Re: 山田は不在です",
        "Vacation: Ann until Monday",
        "Re: How did we do? (自动回复)",
        "您好（自动回复）",
        "How was it? [Auto-Reply]",
        "Re: Ticket received [#123]",
        "Your request has been received (ticket 4711)",
        "[Ticket #88] We have received your e-mail",
        "[#88] 我们已收到您的邮件",
    ],
)
def test_a_holiday_note_is_nobodys_answer(subject: str) -> None:
    assert READER.read(mail("4", Subject=subject)) == []


@pytest.mark.parametrize(
    "subject",
    [
        "Vacation rental: no hot water",
        "Ticket received, but no answer",
        "Re: We have received your request CS202611280001",
        "Re: We have received your message",
        "Your request 4711 was never received",
        "Re: Ticket received [CS202611280001]",
        "Where is the auto-reply?",
    ],
)
def test_a_person_who_writes_about_such_things_is_heard(subject: str) -> None:
    assert wrote(mail("4", Subject=subject)).text == "4"


@pytest.mark.parametrize("line", ["Auto-Submitted: no", "Precedence: first-class", "Return-Path: <ann@example.net>"])
def test_a_person_is_not_taken_for_a_robot(line: str) -> None:
    assert wrote(mail("4", line)).text == "4"
    assert wrote(mail("4", line, Subject="My automatic door is broken")).text == "4"


@pytest.mark.parametrize(
    "sender",
    ["support@example.org", "Support@Example.org", f"support+{TOKEN}@example.org", "MAILER-DAEMON@example.net"],
)
def test_our_own_mail_coming_back_makes_no_loop(sender: str) -> None:
    assert READER.read(mail(From=sender)) == []


# ---------------------------------------------------------------- mail that came back


def report(
    action: str, status: str, diagnosis: str = "smtp; 550 no", *, to: str = f"support+b.{TOKEN}@example.org"
) -> bytes:
    what = (
        f"Final-Recipient: rfc822; ann@elsewhere.net\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {diagnosis}"
    )
    ours = (
        f"From: support@example.org\nTo: ann@example.net\nMessage-ID: {OUR_ID}\nReply-To: <support+{TOKEN}@example.org>"
    )
    parts = (
        "Content-Type: text/plain\n\nIt did not work.",
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{what}",
        f"Content-Type: message/rfc822\n\n{ours}\n\nHow was it?",
    )
    raw = multipart("report", *parts, more="; report-type=delivery-status")
    return f"Delivered-To: {to}\r\nReturn-Path: <>\r\nAuto-Submitted: auto-replied\r\n".encode() + raw


@pytest.mark.parametrize(
    ("action", "status", "diagnosis", "kind"),
    [
        ("failed", "5.1.1", "smtp; 550 5.1.1 No such user", BounceKind.HARD),
        ("failed", "5.1.10", "smtp; 550 5.1.10 null mx", BounceKind.HARD),
        ("Failed", "5.2.1", "smtp; 550 5.2.1 disabled", BounceKind.HARD),
        ("failed", "5.2.2", "smtp; 552 5.2.2 Mailbox full", BounceKind.SOFT),
        ("failed", "4.7.1", "smtp; 450 4.7.1 greylisted", BounceKind.SOFT),
        ("failed", "5.4.0", "X-Postfix; loops", BounceKind.SOFT),
        ("failed", "5.7.1", "smtp; 550 5.7.1 not from you", BounceKind.POLICY),
        ("failed", "5.7.515", "smtp; 550 5.7.515 needs DMARC", BounceKind.POLICY),
        ("failed", "5.1.8", "smtp; 550 5.1.8 bad sender", BounceKind.POLICY),
        ("failed", "5.3.4", "smtp; 552 5.3.4 too big", BounceKind.POLICY),
        ("failed", "5.0.0", "smtp; 550 User unknown in table", BounceKind.HARD),
        ("failed", "5.0.0", "smtp; 550 5.7.1 blocked", BounceKind.POLICY),
        ("failed", "5.0.0", "smtp; 550 nonsense", BounceKind.SOFT),
        ("failed", "nonsense", "", BounceKind.SOFT),
    ],
)
def test_a_bounce_says_who_is_to_blame(action: str, status: str, diagnosis: str, kind: BounceKind) -> None:
    (heard,) = READER.read(report(action, status, diagnosis))
    assert isinstance(heard, Bounced)
    assert (heard.kind, heard.reply_token, heard.receipt) == (kind, TOKEN, OUR_ID)
    assert heard.person.address == "ann@example.net"


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_a_report_of_no_failure_is_no_bounce(action: str) -> None:
    assert READER.read(report(action, "4.7.1")) == []


def test_a_bounce_to_the_bare_address_proves_itself_by_what_it_sent_back() -> None:
    (heard,) = READER.read(report("failed", "5.1.1", to="support@example.org"))
    assert isinstance(heard, Bounced)
    assert heard.reply_token == TOKEN


def test_a_holiday_note_to_the_address_for_bounces_is_no_bounce() -> None:
    note = mail("I am away.", "Auto-Submitted: auto-replied (vacation)", "Return-Path: <>", In_Reply_To=OUR_ID)
    assert READER.read(f"Delivered-To: support+b.{TOKEN}@example.org\r\n".encode() + note) == []


def test_a_report_without_its_report_is_not_understood() -> None:
    with pytest.raises(ValueError, match="what happened"):
        READER.read(multipart("report", "\nx", more="; report-type=delivery-status"))


@pytest.mark.parametrize(("status", "diagnosis"), [("5.1.1", ""), ("", "smtp; 550 5.1.1 x"), ("5.0.0", "550-5.1.1 x")])
def test_the_status_may_stand_in_the_other_servers_words(status: str, diagnosis: str) -> None:
    assert bounces.kind_of(status, diagnosis) == BounceKind.HARD


# ---------------------------------------------------------------- mail that is called unwanted


OURS = f"From: support@example.org\nTo: ann@example.net\nMessage-ID: {OUR_ID}"
OUR_ANSWERS = f"Reply-To: <support+{TOKEN}@example.org>"


def arf(fields: str, original: str, *, kind: str = "message/rfc822", sender: str = "feedback@example.net") -> bytes:
    """As in RFC 5965, sent to the bare address: that is what one registers with a provider."""
    parts = (
        "Content-Type: text/plain\n\nThis is an email abuse report.",
        f"Content-Type: message/feedback-report\nContent-Disposition: inline\n\n{fields}",
        f"Content-Type: {kind}\n\n{original}\n\nHow was it?",
    )
    raw = multipart("report", *parts, more="; report-type=feedback-report")
    return raw.replace(b"Ann <3 <ann@example.net>", f"Feedback <{sender}>".encode())


def jmrp(original: str, *, sender: str = "staff@hotmail.com") -> bytes:
    """Outlook.com's own form: no report, but the mail under a header that only it writes."""
    raw = multipart("mixed", f"Content-Type: message/rfc822\nContent-Disposition: attachment\n\n{original}\n\nHi")
    return raw.replace(b"Ann <3 <ann@example.net>", sender.encode())


YAHOO = (
    f"Feedback-Type: abuse\nUser-Agent: Yahoo!-Mail-Feedback/2.0\nVersion: 0.1\n"
    f"Original-Mail-From: <support+b.{TOKEN}@example.org>\nOriginal-Rcpt-To: ann@example.net\n"
    "Received-Date: Mon, 2 Mar 2026 09:00:00 +0000\nReported-Domain: example.org"
)
GENERIC = "Feedback-Type: Abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1"
OUTLOOK = f"X-HmXmrOriginalRecipient: <ann@example.net>\n{OURS}\n{OUR_ANSWERS}"


@pytest.mark.parametrize(
    "raw",
    [
        arf(YAHOO, OURS, sender="feedback@arf.mail.yahoo.com"),
        arf(GENERIC, f"{OURS}\n{OUR_ANSWERS}"),
        arf(GENERIC, f"Return-Path: <support+b.{TOKEN}@example.org>\n{OURS}", kind="text/rfc822-headers"),
        jmrp(OUTLOOK),
    ],
    ids=["yahoo", "generic", "headers only", "outlook"],
)
def test_a_complaint_says_who_calls_which_mail_unwanted(raw: bytes) -> None:
    (heard,) = READER.read(raw)
    assert isinstance(heard, Bounced)
    assert (heard.kind, heard.reply_token, heard.receipt) == (BounceKind.COMPLAINT, TOKEN, OUR_ID)
    assert heard.person.address == "ann@example.net"


def test_a_complaint_that_sends_nothing_of_ours_back_proves_nothing() -> None:
    (heard,) = READER.read(arf(YAHOO.replace("example.org", "example.com"), OURS))
    assert isinstance(heard, Bounced)
    assert heard.reply_token == ""


@pytest.mark.parametrize("kind", ["not-spam", "fraud", "virus", "auth-failure", "other", ""])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    assert READER.read(arf(YAHOO.replace("abuse", kind, 1), OURS)) == []


def test_who_forwards_our_mail_does_not_complain() -> None:
    assert isinstance(wrote(jmrp(OUTLOOK, sender="ann@example.net")), Wrote)
    assert isinstance(wrote(jmrp(f"{OURS}\n{OUR_ANSWERS}")), Wrote)


def test_a_complaint_without_its_report_is_not_understood() -> None:
    with pytest.raises(ValueError, match="about what"):
        READER.read(multipart("report", "\nx", more="; report-type=feedback-report"))


# ---------------------------------------------------------------- mail that was made to hurt


def filled(piece: bytes, size: int = MEGABYTE) -> bytes:
    return piece * (size // len(piece))


def nested(depth: int, inside: bytes = b"\r\nx") -> bytes:
    levels = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return levels + inside


HEAD = mail("")[:-2]
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
HOSTILE = {
    "line ends": HEAD + b"\r\n" + filled(b"\n"),
    "on": HEAD + b"\r\n" + filled(b"On "),
    "on … wrote": HEAD + b"\r\n" + filled(b"On a\nb wrote:\n"),
    "quotes": HEAD + b"\r\n" + filled(b"> "),
    "dashes": HEAD + b"\r\n" + filled(b"-"),
    "rules": HEAD + b"\r\n" + filled(b"-----\n") + b"From: <support@example.org>",
    "headers in the text": HEAD + b"\r\n" + filled(b"From: a\n\nx\n"),
    "our address": HEAD + b"\r\n" + filled(b"From: <support@example.org>\n\n"),
    "attributions": HEAD + b"\r\n" + filled(b"On 2026-03-02 09:00 x wrote:\n>\n"),
    "attributions in Chinese": HEAD + b"\r\n" + filled("2026年3月2日 09:00 写道：\n".encode()),
    "headers in Chinese": HEAD + b"\r\n" + filled("发件人：a\n".encode()),
    "almost headers": HEAD + b"\r\n" + filled("发件人：a\n发送时间：2026\n\n".encode()),
    "closings": HEAD + b"\r\n" + filled(b"Kind regards,\n"),
    "names": HEAD + b"\r\n" + filled(b"Kind regards, Bob A. ") + b"\nKind regards, " + b"Bob " * 5000,
    "signatures": HEAD + b"\r\n" + filled(b"--\n"),
    "programs": HEAD + b"\r\n" + filled(b"Sent from my "),
    "programs in Chinese": HEAD + b"\r\n" + filled("发自我的\n".encode()),
    "tables": HEAD + b"\r\n" + filled(b"| |\n|\n"),
    "markers": HEAD + b"\r\n" + filled(b"##- a -##"),
    "almost rules": HEAD + b"\r\n" + filled("------原始邮件\n".encode()),
    "marks": HEAD + b"\r\n" + filled("a\u0301\u0302".encode()),
    "brackets": HTML + filled(b"<"),
    "comments": HTML + filled(b"<!--"),
    "tags": HTML + filled(b"<b>"),
    "entities": HTML + filled(b"&amp;&#"),
    "scripts": HTML + filled(b"<script>"),
    "quoted attributes": HTML + b"<a " + filled(b'a="'),
    "html parts": MIXED + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<" * 5300 + b"\r\n") * 190,
    "alternatives": MIXED.replace(b"mixed", b"alternative")
    + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<b>" * 1800 + b"\r\n") * 190,
    "parts": MIXED + filled(b"--b\r\n\r\nx\r\n"),
    "almost boundaries": MIXED + filled(b"\n--bx"),
    "deep": HEAD + nested(20_000),
    "as deep as is allowed": HEAD + nested(11, b"\r\n" + filled(b"\n--c")),
    "many headers": HEAD + filled(b"X: y\r\n") + b"\r\nhi",
    "a giant header": HEAD + b"X: " + filled(b"y") + b"\r\n\r\nhi",
    "folds": HEAD + filled(b"X: a\r\n ", 250_000) + b"\r\n\r\nhi",
    "encoded words": HEAD + b"Subject: " + filled(b"=?utf-8?q?a?= ", 250_000) + b"\r\n\r\nhi",
    "a list of senders": b"From: " + filled(b"a@b,", 250_000) + b"\r\n\r\nhi",
    "parameters": HEAD + b"Content-Type: text/plain; " + filled(b'a="', 250_000) + b"\r\n\r\nhi",
    "quoted-printable": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + filled(b"=41=\n"),
    "base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + filled(b"QUFB\n="),
    "flowing": HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + filled(b"a \n"),
    "no charset": HEAD + b"\r\n" + filled(b"\xc4\xe3 \xff"),
    "reports": HEAD
    + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
    + b"Content-Type: message/delivery-status\r\n\r\n"
    + filled(b"Action: failed\n\n"),
    "complaints": HEAD
    + b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n"
    + b"Content-Type: message/feedback-report\r\n\r\n"
    + filled(b"Feedback-Type: abuse\n"),
    "Outlook's complaints": MIXED.replace(b"Ann <3 <ann@example.net>", b"staff@hotmail.com")
    + filled(b"--b\r\nContent-Type: message/rfc822\r\n\r\nX: y\r\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(10)  # a part of a second for a megabyte, unless the time grows faster than the mail
def test_no_mail_takes_long(name: str) -> None:
    _heard(HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_no_mail_takes_much_memory(name: str) -> None:
    tracemalloc.start()
    _heard(HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * MEGABYTE


@pytest.mark.parametrize("name", ["parts", "almost boundaries", "deep", "many headers", "a giant header"])
def test_what_no_honest_mail_looks_like_is_not_understood(name: str) -> None:
    with pytest.raises(ValueError):
        READER.read(HOSTILE[name])


def _heard(raw: bytes) -> list[Heard] | None:
    try:
        return READER.read(raw)
    except ValueError:
        return None


# ---------------------------------------------------------------- one name for each


def test_a_mail_has_one_name_whichever_way_it_comes() -> None:
    raw = mail(Date="Mon, 2 Mar 2026 09:00:00 +0000")
    other_way = b"Received: from x\r\n\tby y\r\n" + raw.replace(b"\r\n", b"\n")
    assert arriving.external_id(raw) == arriving.external_id(other_way)
    assert arriving.external_id(raw) != arriving.external_id(raw.replace(b"a1@", b"a2@"))
    nameless = mail(Message_ID="")
    assert arriving.external_id(nameless) != arriving.external_id(nameless + b"x")


def test_what_the_envelope_said_stands_on_top() -> None:
    arrived: Any = arriving.arrival(mail("4"), recipients=(f"support+{TOKEN}@example.org",), sender="ann@example.net")
    assert wrote(arrived.body).reply_token == TOKEN
    bounced = arriving.arrival(mail("4"), recipients=("support@example.org",), sender="")
    assert READER.read(bounced.body) == []

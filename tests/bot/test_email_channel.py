"""E-mail: what arrives, what must never arrive, and what a relay's answers mean."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.channels import build
from bot.channels.email import html_text, quoting
from bot.channels.email.addresses import Mailbox, parse_address, parse_mailbox
from bot.channels.email.channel import EmailChannel
from bot.channels.email.composing import Account, compose
from bot.channels.email.connections import Connections
from bot.channels.email.errors import TABLE, Step, explain, row_for
from bot.channels.email.headers import HeaderLeakError, assert_only, clean_header
from bot.channels.email.reply_addresses import ReplyAddress
from bot.channels.email.settings import EmailSettings
from core.ports import Button, Enclosure, Fact, Finding, Message, Receipt, Refused, Tone, TryLater, Undeliverable
from tests.rigs.smtp import DROP, HANG, Certificate, Mail, SmtpRig, make_certificate
from tools import mail_layout

SITE = "https://feedback.example.org"
ANN = "ann@example.org"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = "k3x9w2m7qd" * 9
ACCOUNT = Account(Mailbox("support", "example.org", "Support"), None, SITE)
HOSTILE_HEADERS = [
    "=?utf-8?Q?a=0D=0ABcc=3A_evil=40x?=",
    "=?utf-8?B?YQ0KQmNjOiBldmlsQHg=?=",
    "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3D0D=3D0ABcc=3A=5Fevil=40x=3F=3D?=",
    "=?utf-8?Q?a?= =?utf-8?Q?=0D=0ABcc:_evil@x?=",
    "=?utf-7?Q?a+AA0ACg-Bcc:_evil@x?=",
    "=?no-such-charset?Q?a=0ABcc:_evil@x?=",
    "=?utf-8?B?not base64!?=",
    "a\r\nBcc: evil@x",
    "a\nBcc: evil@x\n\n<b>body</b>",
    "a\r\n Bcc: folded",
    "a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029Bcc: evil@x",
    "a\x00b\ud800c",
    "Ann <3 " * 200,
    "ж" * 400,
    "x" * 1500,
    "",
    " \t ",
]


def score(number: int, **given: Any) -> Button:
    url = f"{SITE}/r/{TOKEN}?v={number}"
    return Button(str(number), url=url, hint=f"{number} of 5", tone=Tone.GOOD if number > 3 else Tone.BAD, **given)


def message(**given: Any) -> Message:
    usual: dict[str, Any] = {
        "key": "invite:17",
        "kind": "invite",
        "subject": "How was “Router & cable”, Ann <3?",
        "text": "Hello Ann &lt;3,\n\nhow was it with <b>Router &amp; cable</b>?\nOne tap is enough.",
        "plain": "Hello Ann <3,\n\nhow was it with Router & cable?\nOne tap is enough.",
        "rows": (tuple(map(score, range(1, 6))), (Button("Not now", url=f"{SITE}/r/later"),)),
        "footer": f"You wrote to us.\nStop these mails: {SITE}/u/{TOKEN}",
        "preheader": "Ten seconds & done",
        "unsubscribe_url": f"{SITE}/u/{TOKEN}",
        "topic": "ticket:17",
    }
    return Message(**usual | given)


def drawn(**given: Any) -> Mail:
    """The mail as it would leave, without a relay."""
    mail = compose(message(**given), ACCOUNT, parse_address(ANN), now=NOW)
    return Mail(mail.sender.address, (ANN,), mail.raw, encrypted=False)


def settings_for(rig: SmtpRig, **given: Any) -> EmailSettings:
    usual = {"kind": "email", "from": "Support <support@example.org>", "smtp_timeout_seconds": 5}
    return EmailSettings.model_validate(
        usual | {"smtp_host": rig.host, "smtp_port": rig.port, "smtp_tls": rig.tls} | given
    )


def channel_to(rig: SmtpRig, **given: Any) -> EmailChannel:
    return EmailChannel("mail", settings_for(rig, **given), base_url=SITE)


async def failure(channel: EmailChannel, target: str = ANN, **given: Any) -> TryLater | Undeliverable:
    with pytest.raises((TryLater, Undeliverable)) as caught:
        await channel.send(target, message(**given))
    assert isinstance(caught.value, TryLater | Undeliverable)
    return caught.value


@pytest.fixture
async def rig() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as rig:
        yield rig


@pytest.fixture
async def mail_channel(rig: SmtpRig) -> AsyncIterator[EmailChannel]:
    channel = channel_to(rig)
    await channel.open()
    yield channel
    await channel.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("relay"))


# ---------------------------------------------------------------- what arrives


async def test_ann_gets_one_mail_that_no_robot_answers(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    receipt = await mail_channel.send(ANN, message())
    mail = await rig.mail_to(ANN)
    assert (mail.sender, mail.recipients) == ("support@example.org", (ANN,))
    assert mail.header("From") == "Support <support@example.org>"
    assert mail.header("To") == ANN
    assert mail.header("Subject") == "How was “Router & cable”, Ann <3?"
    assert mail.header("Message-ID") == receipt.ref
    assert mail.header("Auto-Submitted") == "auto-generated"
    assert mail.header("X-Auto-Response-Suppress") == "All"
    assert mail.message["Date"].datetime.tzinfo is not None


def test_a_mail_is_text_first_and_then_html_both_in_utf8() -> None:
    parts = list(drawn(plain="Здравствуйте", text="Здравствуйте").message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in parts} == {"utf-8"}


def test_a_second_try_has_the_same_message_id_and_another_mail_has_not() -> None:
    assert drawn().header("Message-ID") == drawn(subject="again").header("Message-ID")
    assert drawn().header("Message-ID") != drawn(key="invite:18").header("Message-ID")


def test_mails_about_one_ticket_share_a_thread() -> None:
    first, second, other = drawn(key="a"), drawn(key="b"), drawn(key="c", topic="ticket:18")
    assert first.header("References") == second.header("References") == first.header("In-Reply-To") != ""
    assert other.header("References") != first.header("References")
    assert drawn(topic="").header("References") == ""


def test_a_mail_answers_under_the_receipt_it_was_given() -> None:
    above = drawn(key="a").header("Message-ID")
    mail = drawn(key="b", thread=above)
    assert mail.header("In-Reply-To") == above
    assert mail.header("References").split() == [drawn(key="a").header("References"), above]
    assert drawn(topic="", thread="C0ALERTS:17.3 \r\nBcc: x").header("References") == ""


def test_one_click_stops_the_mails_and_the_long_link_stays_whole() -> None:
    raw = drawn().raw.decode()
    assert f"List-Unsubscribe: <{SITE}/u/{TOKEN}>\r\n" in raw
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert "List-Unsubscribe" not in drawn(unsubscribe_url="").raw.decode()
    assert "List-Unsubscribe" not in drawn(unsubscribe_url=f"{SITE}/u/x>\r\nBcc: evil@x").raw.decode()


def test_text_and_html_lead_to_the_same_places() -> None:
    mail = drawn(
        text=f'See <a href="{SITE}/t/1?a=1&amp;b=2">the ticket</a>.', plain=f"See the ticket: {SITE}/t/1?a=1&b=2."
    )
    assert len(mail.links) == 8
    assert [url for _, url in mail.links if url not in mail.text] == []
    assert f"4 of 5: {SITE}/r/{TOKEN}?v=4\n" in mail.text


def test_a_link_that_the_plain_words_forgot_is_added() -> None:
    mail = drawn(text=f'See <a href="{SITE}/t/1">the ticket</a>.', plain="See the ticket.")
    assert f"the ticket: {SITE}/t/1\n" in mail.text


def test_the_scores_are_five_links_of_digits_that_say_what_they_mean() -> None:
    mail = drawn(rows=((*map(score, range(1, 5)), score(5, chosen=True)),))
    assert [words for words, _ in mail.links[:5]] == ["1", "2", "3", "4", "5"]
    assert mail.html.count('class="score') == 5
    assert 'aria-label="4 of 5"' in mail.html
    assert 'class="score good chosen"' in mail.html


def test_a_star_is_spoken_with_its_hint() -> None:
    mail = drawn(rows=((Button("★★", url=f"{SITE}/r/2", hint="2 of 5"),),))
    assert 'aria-label="★★ – 2 of 5"' in mail.html
    assert f"★★ – 2 of 5: {SITE}/r/2" in mail.text


def test_buttons_that_open_nothing_are_not_drawn() -> None:
    rows = ((Button("Take", action="a:k:take"),), (Button("Bad", url="javascript:alert(1)"), Button("Open", url=SITE)))
    mail = drawn(rows=rows, footer="")
    assert mail.links == [("Open", SITE)]
    assert "Take" not in mail.html + mail.text
    assert "javascript" not in mail.html + mail.text


def test_a_customers_words_are_shown_as_they_were_typed() -> None:
    mail = drawn(quote="<b>Late</b> & rude\n<script>alert(1)</script>", facts=(Fact("Ticket <1>", "Router & cable"),))
    assert "&lt;b&gt;Late&lt;/b&gt; &amp; rude<br>&lt;script&gt;" in mail.html
    assert "Ticket &lt;1&gt;" in mail.html
    assert "> <b>Late</b> & rude\n> <script>alert(1)</script>\n" in mail.text
    assert "Ticket <1>: Router & cable\n" in mail.text


def test_a_chinese_mail_has_wide_colons() -> None:
    rows = ((Button("修改", url=f"{SITE}/r/2"),),)
    mail = drawn(rows=rows, facts=(Fact("状态", "等待接手"),), footer=f"不再邀请评价：{SITE}/u/1", locale="zh-Hans")
    for line in (f"修改：{SITE}/r/2", "状态：等待接手", f"不再邀请评价：{SITE}/u/1"):
        assert line in mail.text.splitlines()
    assert ("不再邀请评价", f"{SITE}/u/1") in mail.links


def test_the_footer_links_to_us_and_to_nobody_else() -> None:
    mail = drawn(rows=(), footer=f"Ann https://evil.example/x\nStop: {SITE}/u/1\nFake: {SITE}.evil.example/u/1")
    assert mail.links == [("Stop", f"{SITE}/u/1")]
    assert f"Stop: {SITE}/u/1" in mail.text


def test_paragraphs_and_line_breaks_survive() -> None:
    html = drawn(text="One\ntwo\n\n<i>three\n\nfour</i>").html
    assert ">One<br>two</p>" in html
    assert "<i>three<br><br>four</i></p>" in html


@pytest.mark.parametrize(
    ("locale", "marks"),
    [
        ("pt_BR", 'lang="pt-BR" dir="ltr"'),
        ("ar", 'lang="ar" dir="rtl"'),
        ('en"><script>', 'lang="en" dir="ltr"'),
    ],
)
def test_the_mail_says_which_language_it_speaks(locale: str, marks: str) -> None:
    assert f"<html {marks}>" in drawn(locale=locale).html


def test_a_preview_line_is_there_but_not_to_be_seen() -> None:
    assert '<div style="display:none' in drawn().html
    assert "Ten seconds &amp; done" in drawn().html
    assert "mso-hide:all" not in drawn(preheader="").html


def test_a_mail_loads_nothing_and_knows_the_dark() -> None:
    html = drawn().html
    assert "prefers-color-scheme: dark" in html
    assert not any(word in html for word in ("<img", "<link", "<script", "url(", "@import", "src="))


def test_files_go_along_as_attachments_that_nothing_opens() -> None:
    files = (
        Enclosure("röuter\r\nBcc: x.png", "image/png", b"\x89PNG"),
        Enclosure("page.html", "text/html", b"<script>"),
        Enclosure("a.bin", "message/rfc822", b"x"),
    )
    attached = list(drawn(files=files).message.iter_attachments())
    assert [(one.get_filename(), one.get_content_type(), one.get_content()) for one in attached] == [
        ("röuter Bcc: x.png", "image/png", b"\x89PNG"),
        ("page.html", "application/octet-stream", b"<script>"),
        ("a.bin", "application/octet-stream", b"x"),
    ]
    assert drawn(files=files).html


def test_answers_and_bounces_come_back_with_their_token() -> None:
    desk = Mailbox("desk", "example.org", "Desk")
    account = Account(
        Mailbox("support", "example.org"), desk, SITE, ReplyAddress(Mailbox("support", "example.org", "Us"))
    )
    token = "i3k9x2m7qdabc.abcdefghij234567abcd"
    mail = compose(message(reply_token=token), account, parse_address(ANN), now=NOW)
    assert mail.sender.address == f"support+b.{token}@example.org"
    assert f"Reply-To: Us <support+{token}@example.org>\r\n".encode() in mail.raw
    assert len(mail.sender.local) <= 64
    plain = compose(message(), account, parse_address(ANN), now=NOW)
    assert (plain.sender.address, b"Reply-To: Desk <desk@example.org>" in plain.raw) == ("support@example.org", True)


def test_where_answers_come_back_both_parts_begin_with_a_line_to_write_above() -> None:
    account = Account(ACCOUNT.sender, None, SITE, ReplyAddress(ACCOUNT.sender))
    words = {"marker": "Above <this> & line", "reply_token": "i3k9x2m7qdabc.abcdefghij234567abcd"}
    raw = compose(message(**words), account, parse_address(ANN), now=NOW).raw
    mail = Mail("", (ANN,), raw, encrypted=False)
    line = "##- Above <this> & line -##"
    assert mail.text.startswith(f"{line}\n\nHello Ann")
    shown = html_text.to_text(html_text.body_of(mail.html))
    assert shown.index(line) < shown.index("Hello Ann")
    for written, quoted in (
        (f"> {mail.text}", "Too slow"),
        (f"2. maalisk. 2026 Support kirjoitti:\n\n{shown}", "Too slow\nBye"),
    ):
        assert quoting.own_words(f"{quoted}\n{written}", lambda line: False) == quoted
    assert "##-" not in drawn(**words).text + drawn(**words).html
    assert "##-" not in drawn(marker="").text


def test_what_a_person_wrote_is_not_called_automatic() -> None:
    assert drawn(kind="reply").header("Auto-Submitted") == ""
    assert drawn(kind="received").header("Auto-Submitted") == "auto-replied"
    assert drawn().header("Auto-Submitted") == "auto-generated"


def test_the_frame_is_made_from_its_mjml() -> None:
    assert mail_layout.COMPILED.read_text(encoding="utf-8") == mail_layout.compiled(), "run python -m tools.mail_layout"


def test_outlook_gets_a_column_of_a_fixed_width() -> None:
    assert "<!--[if mso | IE]><table" in drawn().html
    assert 'width="560"' in drawn().html


# ---------------------------------------------------------------- what must never arrive


class Shape(HTMLParser):
    """Which tags there are, with the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[tuple[str, tuple[str, ...]]] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, tuple(name for name, _ in attrs)))


def everything(words: str) -> dict[str, Any]:
    """A message that has these words wherever somebody's words can stand."""
    return {
        "subject": words,
        "preheader": f"p{words}",
        "text": f'<b>x</b> <i>y</i> <code>z</code> <a href="{SITE}/t">t</a><br>{words}',
        "plain": words,
        "quote": f"{words}\nq{words}",
        "facts": (Fact(words, words),),
        "rows": (tuple(map(score, range(1, 6))), (Button(f"b{words}", url=f"{SITE}/b", hint=f"h{words}"),)),
        "footer": f"{words}\nf{words}\nStop: {SITE}/u/1",
        "thread": words,
        "topic": words,
        "locale": words,
        "unsubscribe_url": words,
    }


MARKUP = st.text(alphabet="<>\"'&;=/ abis\n:scriptonlad", max_size=60) | st.text(max_size=60)


@settings(max_examples=250, deadline=None)
@given(MARKUP)
@example("<script>alert(1)</script>")
@example("<img src=x onerror=alert(1)>")
@example('"><svg onload=alert(1)>')
@example('<a href="javascript:alert(1)" onclick="x">x</a>')
@example('<b style="background:url(//evil)">x</b></td></table><style>*{}</style>')
@example("<!--")
@example("<![CDATA[")
@example("</p></b></i><plaintext>")
def test_no_words_make_a_tag_that_the_layout_does_not_have(words: str) -> None:
    known = Shape(drawn(**everything("plain\nwords")).html).tags
    assert Shape(drawn(**everything(words)).html).tags <= known


@settings(max_examples=400, deadline=None)
@given(
    st.text(max_size=120)
    | st.text(alphabet="=?utf-8QBq_0DdAa \r\nBcc:@x", max_size=80)
    | st.builds(
        "=?{}?{}?{}?=".format, st.sampled_from(["utf-8", "utf-7", "latin-1"]), st.sampled_from("QBqb"), st.text()
    )
)
def test_no_subject_adds_a_header(words: str) -> None:
    mail = compose(message(subject=words, topic="t"), ACCOUNT, parse_address(ANN), now=NOW)
    names = [name.lower() for name in message_from_bytes(mail.raw).keys()]  # noqa: SIM118 - duplicates count
    assert names == [
        *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
        *("x-auto-response-suppress", "list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"),
    ]


@pytest.mark.parametrize("words", HOSTILE_HEADERS)
def test_hostile_subjects_arrive_as_words(words: str) -> None:
    cleaned = clean_header(words)
    assert cleaned.isprintable()
    assert "=?" not in cleaned
    assert len(cleaned) <= 200
    subject = str(message_from_bytes(drawn(subject=words).raw, policy=default)["Subject"])
    assert subject.replace(" ", "") == (cleaned or "Hello Ann <3,").replace(" ", "")


def test_an_encoded_subject_is_read_as_it_was_meant() -> None:
    assert clean_header("=?koi8-r?B?8NLJ18XU?= =?utf-8?Q?_=E2=98=85?=") == "Привет ★"


def test_a_mail_with_a_header_too_many_never_leaves() -> None:
    with pytest.raises(HeaderLeakError, match="bcc"):
        assert_only(b"To: a@x\r\nBcc: b@x\r\n\r\n", ["To"])
    with pytest.raises(HeaderLeakError):
        assert_only(b"To: a@x\r\nTo: b@x\r\n\r\n", ["To"])


def test_half_a_character_does_not_stop_a_mail() -> None:
    mail = drawn(plain="a\ud800b", text="a\ud800b", quote="\udfff", preheader="\ud800")
    assert "a?b" in mail.text
    assert "a?b" in mail.html


HOSTILE_ADDRESSES = [
    "",
    "ann",
    "@example.org",
    "ann@",
    " ann@example.org",
    "ann@example.org ",
    "ann@example.org\r\nRCPT TO:<evil@x.org>",
    "ann@example.org>\r\nRCPT TO:<evil@x.org",
    "ann@example.org> NOTIFY=SUCCESS",
    "ann@example.org,evil@x.org",
    "ann@example.org;evil@x.org",
    "ann@example.org evil@x.org",
    "Ann <ann@example.org>",
    "<ann@example.org>",
    "@relay.org,@relay2.org:ann@example.org",
    "@relay.org:ann@example.org",
    "ann%example.org@relay.org",
    "example.org!ann@relay.org",
    "ann@example.org@relay.org",
    '"ann evil"@example.org',
    '"ann@evil.org"@example.org',
    '"a\r\nDATA"@example.org',
    "ann(comment)@example.org",
    "a..b@example.org",
    ".ann@example.org",
    "ann.@example.org",
    "ann@-example.org",
    "ann@example..org",
    "ann@.example.org",
    "ann@example.org.",
    "ann@[127.0.0.1]",
    "ann@127.0.0.1",
    "ann@exa_mple.org",
    "ann\x00@example.org",
    "ann@example.org\x00",
    "ann\u200b@example.org",
    "ann@exam\u202eple.org",
    "ann＠example.org",
    "ann@example。org",
    "ann@exam＠ple.org",
    "ann@пример\r\n.рф",
    "ann@\ud800.org",
    "\ud800@example.org",
    "ann@xn--é.org",
    "a" * 65 + "@example.org",
    "ann@" + "a" * 64 + ".org",
    "ann@" + ".".join(["a" * 60] * 5),
    "é" * 33 + "@example.org",
]


async def test_nobody_else_is_ever_written_to(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    for address in HOSTILE_ADDRESSES:
        refused = await failure(mail_channel, address)
        assert isinstance(refused, Undeliverable), address
        assert refused.dead_address
    assert rig.recipients == []
    assert rig.mails == []
    assert rig.connections == 0


@pytest.mark.parametrize(
    ("address", "asked_for"),
    [
        ("Ann.O'Hara+tag=1@Example.org", "Ann.O'Hara+tag=1@Example.org"),
        ("ann@localhost", "ann@localhost"),
        ("ann@xn--e1afmkfd.xn--p1ai", "ann@xn--e1afmkfd.xn--p1ai"),
        ("ann@Пример.рф", "ann@xn--e1afmkfd.xn--p1ai"),
        ("ann@straße.de", "ann@xn--strae-oqa.de"),
        ("иван@пример.рф", "иван@xn--e1afmkfd.xn--p1ai"),
    ],
)
async def test_ordinary_and_international_addresses_are_reached(
    rig: SmtpRig, mail_channel: EmailChannel, address: str, asked_for: str
) -> None:
    await mail_channel.send(address, message())
    assert rig.recipients == [asked_for]
    assert rig.mails[0].header("To") == asked_for


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[^@]{1,10}@[^@]{1,12}", fullmatch=True))
def test_what_passes_as_an_address_is_the_address_itself(text: str) -> None:
    try:
        address = parse_address(text).address
    except ValueError:
        return
    assert not set(address) & set('<>"(),:;[]\\ \r\n\t\x00')
    assert address.count("@") == 1
    assert address == text or not text.isascii()


async def test_a_relay_without_smtputf8_is_not_the_persons_fault() -> None:
    async with SmtpRig(utf8=False) as rig:
        channel = channel_to(rig)
        refused = await failure(channel, "иван@example.org")
        assert isinstance(refused, Undeliverable)
        assert not refused.dead_address
        await channel.send(ANN, message())
        await channel.close()
        assert rig.recipients == [ANN]


# ---------------------------------------------------------------- what a relay's answers mean

DOWN = TryLater("", whole_channel=True)
LATER = TryLater("", timedelta(minutes=5))
FULL = TryLater("", timedelta(hours=4))
GONE = Undeliverable("")
NOT_TAKEN = Undeliverable("", dead_address=False)


def meaning(error: TryLater | Undeliverable) -> tuple[object, ...]:
    if isinstance(error, TryLater):
        return TryLater, error.after, error.whole_channel
    return Undeliverable, error.dead_address


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("BANNER", "421 4.3.2 Too busy", DOWN),
        ("BANNER", "554 No mail here", DOWN),
        ("BANNER", DROP, DOWN),
        ("EHLO", DROP, DOWN),
        ("MAIL", "451 4.7.1 Too many mails from you", DOWN),
        ("MAIL", "452 4.3.1 Disk full", DOWN),
        ("MAIL", "550 5.7.1 You may not send as support@example.org", NOT_TAKEN),
        ("MAIL", DROP, DOWN),
        ("RCPT", "450 4.2.0 Greylisted", LATER),
        ("RCPT", "451 4.7.1 Greylisted", LATER),
        ("RCPT", "452 4.5.3 Too many recipients", LATER),
        ("RCPT", "421 4.7.0 Shutting down", DOWN),
        ("RCPT", "550 5.1.1 No such user", GONE),
        ("RCPT", "550 5.7.1 Policy", NOT_TAKEN),
        ("RCPT", "552 5.2.2 Mailbox full", FULL),
        ("RCPT", DROP, LATER),
        ("DATA", "451 4.3.0 Try again", LATER),
        ("DATA", "554 5.7.1 Spam", NOT_TAKEN),
        ("DATA", "552 5.3.4 Too big", NOT_TAKEN),
        ("DATA", "550 5.1.1 Unknown, it says of a text", NOT_TAKEN),
        ("DATA", DROP, LATER),
    ],
)
async def test_every_answer_says_whether_and_when_to_try_again(
    rig: SmtpRig, mail_channel: EmailChannel, step: str, answer: str, expected: TryLater | Undeliverable
) -> None:
    rig.answers[step].append(answer)
    refused = await failure(mail_channel)
    assert meaning(refused) == meaning(expected)
    if answer != DROP:
        assert answer in refused.reason
    await mail_channel.send(ANN, message())  # the next try finds a relay that works again
    assert rig.mails[-1].header("Message-ID") == rig.mails[0].header("Message-ID")
    assert len(rig.mails) == (2 if (step, answer) == ("DATA", DROP) else 1)


REPLIES: list[tuple[type[SMTPResponseException], Step, int, str, TryLater | Undeliverable]] = [
    (SMTPHeloError, Step.CONNECT, 504, "5.5.2 Helo rejected", DOWN),
    (SMTPResponseException, Step.CONNECT, 454, "4.7.0 TLS not available", DOWN),
    (SMTPAuthenticationError, Step.CONNECT, 421, "4.7.0 Too many log-ins", DOWN),
    (SMTPAuthenticationError, Step.CONNECT, 454, "4.7.0 Temporary failure", DOWN),
    (SMTPAuthenticationError, Step.CONNECT, 535, "5.7.8 Bad credentials", NOT_TAKEN),
    (SMTPSenderRefused, Step.SENDER, 530, "5.7.0 Log in first", NOT_TAKEN),
    (SMTPSenderRefused, Step.SENDER, 553, "5.1.8 Sender address rejected", NOT_TAKEN),
    (SMTPRecipientRefused, Step.RECIPIENT, 421, "4.3.2 Shutting down", DOWN),
    (SMTPRecipientRefused, Step.RECIPIENT, 550, "5.1.10 Domain takes no mail", GONE),
    (SMTPRecipientRefused, Step.RECIPIENT, 550, "5.2.1 Mailbox disabled", GONE),
    (SMTPRecipientRefused, Step.RECIPIENT, 556, "Domain does not accept mail", GONE),
    (SMTPRecipientRefused, Step.RECIPIENT, 550, "User unknown", GONE),
    (SMTPRecipientRefused, Step.RECIPIENT, 550, "<ann@example.org>: no such user", GONE),
    (SMTPRecipientRefused, Step.RECIPIENT, 551, "Mailbox does not exist\nsorry", GONE),
    (SMTPRecipientRefused, Step.RECIPIENT, 550, "Relaying denied", NOT_TAKEN),
    (SMTPRecipientRefused, Step.RECIPIENT, 550, "5.1.8 Sender rejected", NOT_TAKEN),
    (SMTPRecipientRefused, Step.RECIPIENT, 550, "5.4.1 Access denied, user unknown or not", NOT_TAKEN),
    (SMTPRecipientRefused, Step.RECIPIENT, 552, "Quota exceeded", FULL),
    (SMTPRecipientRefused, Step.RECIPIENT, 552, "5.3.4 Too big", NOT_TAKEN),
    (SMTPRecipientRefused, Step.RECIPIENT, 450, "4.1.1 Not now", LATER),
    (SMTPRecipientRefused, Step.RECIPIENT, 250, "what", LATER),
    (SMTPDataError, Step.CONTENT, 552, "5.2.2 Over quota", FULL),
    (SMTPDataError, Step.CONTENT, 550, "5.1.1 No such user", NOT_TAKEN),
    (SMTPDataError, Step.CONTENT, -1, "Malformed SMTP response line", LATER),
]


def answer_of(kind: type[SMTPResponseException], code: int, text: str) -> SMTPResponseException:
    return kind(code, text, ANN) if kind in (SMTPSenderRefused, SMTPRecipientRefused) else kind(code, text)


@pytest.mark.parametrize(("kind", "step", "code", "text", "expected"), REPLIES)
def test_the_table_blames_the_right_one(
    kind: type[SMTPResponseException], step: Step, code: int, text: str, expected: TryLater | Undeliverable
) -> None:
    assert meaning(explain(answer_of(kind, code, text), step)) == meaning(expected)


def test_every_row_of_the_table_decides_something() -> None:
    logins: dict[type[SMTPResponseException], Step] = {SMTPAuthenticationError: Step.LOGIN}
    assert {row_for(f"{code} {text}", logins.get(kind, step)) for kind, step, code, text, _ in REPLIES} == set(TABLE)


async def test_a_mail_that_was_taken_but_not_confirmed_goes_again_as_the_same_mail(
    rig: SmtpRig, mail_channel: EmailChannel
) -> None:
    rig.mood = "broken"
    assert isinstance(await failure(mail_channel), TryLater)
    rig.mood = "fine"
    receipt = await mail_channel.send(ANN, message())
    assert [mail.header("Message-ID") for mail in rig.mailbox(ANN)] == [receipt.ref] * 2


@pytest.mark.parametrize(("step", "expected"), [("BANNER", DOWN), ("MAIL", DOWN), ("RCPT", LATER), ("DATA", LATER)])
async def test_a_silent_relay_is_given_up_in_time(rig: SmtpRig, step: str, expected: TryLater) -> None:
    channel = channel_to(rig, smtp_timeout_seconds=0.3)
    rig.answers[step].append(HANG)
    refused = await failure(channel)
    assert meaning(refused) == meaning(expected)
    await channel.send(ANN, message())
    await channel.close()


async def test_a_relay_that_is_not_there_stops_the_whole_channel(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    await rig.stop()
    refused = await failure(mail_channel)
    assert meaning(refused) == meaning(DOWN)
    assert str(rig.port) in refused.reason
    await rig.start()
    await mail_channel.send(ANN, message())


# ---------------------------------------------------------------- encryption


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mails_and_passwords_travel_encrypted(certificate: Certificate, tls: Any) -> None:
    async with SmtpRig(tls=tls, certificate=certificate, user="us", password="s3cret") as rig:
        login = {"smtp_user": "us", "smtp_password": "s3cret", "smtp_tls_ca": str(certificate.cert)}
        channel = channel_to(rig, **login)
        await channel.send(ANN, message())
        await channel.close()
        assert rig.mails[0].encrypted
        assert rig.commands.count("AUTH") == 1


async def test_nothing_is_said_to_a_relay_whose_starttls_was_stripped() -> None:
    async with SmtpRig(user="us", password="s3cret") as rig:  # offers AUTH, in clear
        channel = channel_to(rig, smtp_tls="starttls", smtp_user="us", smtp_password="s3cret")
        refused = await failure(channel)
        await channel.close()
        assert meaning(refused) == meaning(DOWN)
        assert "STARTTLS" in refused.reason
        assert set(rig.commands) <= {"EHLO", "QUIT"}


async def test_a_starttls_that_is_refused_is_not_done_without(certificate: Certificate) -> None:
    async with SmtpRig(tls="starttls", certificate=certificate) as rig:
        rig.answers["STARTTLS"].append("454 4.7.0 TLS not available")
        channel = channel_to(rig, smtp_tls_ca=str(certificate.cert))
        assert meaning(await failure(channel)) == meaning(DOWN)
        await channel.close()
        assert rig.mails == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["unknown CA", "other name"])
async def test_nothing_is_said_to_a_relay_with_a_wrong_certificate(
    certificate: Certificate, tmp_path: Path, tls: Any, fault: str
) -> None:
    other = make_certificate(tmp_path, host="other.test", ip="127.0.0.9")
    trusted = certificate if fault == "unknown CA" else other
    async with SmtpRig(tls=tls, certificate=other, user="us", password="s3cret") as rig:
        channel = channel_to(rig, smtp_user="us", smtp_password="s3cret", smtp_tls_ca=str(trusted.cert))
        refused = await failure(channel)
        findings = await channel.check()
        await channel.close()
        assert meaning(refused) == meaning(DOWN)
        assert "certificate" in refused.reason.lower()
        assert "smtp_tls_ca" in findings[0].remedy
        assert set(rig.commands) <= {"EHLO", "STARTTLS"}
        assert rig.mails == []


async def test_a_wrong_password_is_our_fault_and_told_to_nobody(
    certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with SmtpRig(tls="starttls", certificate=certificate, user="us", password="right") as rig:
        login = {"smtp_user": "us", "smtp_password": "hunter2-wrong", "smtp_tls_ca": str(certificate.cert)}
        channel = channel_to(rig, **login)
        refused = await failure(channel)
        findings = await channel.check()
        await channel.close()
    assert meaning(refused) == meaning(NOT_TAKEN)
    assert not findings[0].ok
    assert "smtp_password" in findings[0].remedy
    assert "hunter2" not in f"{refused!r} {findings!r} {channel._settings!r}"
    assert not [r for r in caplog.records if "hunter2" in r.getMessage() and r.name != "mail.log"]


# ---------------------------------------------------------------- connections


async def test_many_mails_share_four_connections(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    await asyncio.gather(*(mail_channel.send(f"ann{n}@example.org", message(key=f"k{n}")) for n in range(40)))
    assert len(rig.mails) == 40
    assert 1 <= rig.connections <= 4 == mail_channel.limits.concurrency


async def test_a_connection_is_not_used_for_ever(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    for number in range(51):
        await mail_channel.send(ANN, message(key=f"k{number}"))
    assert rig.connections == 2
    await rig.until(lambda: "QUIT" in rig.commands)


async def test_a_refused_mail_leaves_nothing_behind_for_the_next(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    rig.answers["DATA"].append("554 5.7.1 Spam")
    await failure(mail_channel, "bob@example.org")
    await mail_channel.send(ANN, message())
    assert rig.connections == 1
    assert [mail.recipients for mail in rig.mails] == [(ANN,)]


async def test_a_connection_that_the_relay_cut_in_between_costs_nobody_a_mail(
    rig: SmtpRig, mail_channel: EmailChannel
) -> None:
    for ending in (DROP, "421 4.4.2 Idle too long"):
        await mail_channel.send(ANN, message())
        rig.answers["RSET"].append(ending)
        await mail_channel.send(ANN, message())
    assert len(rig.mails) == 4


async def test_an_idle_connection_is_closed_with_a_goodbye(rig: SmtpRig) -> None:
    connections = Connections(settings_for(rig), idle_seconds=0.05)
    async with connections.borrowed() as smtp:
        await smtp.noop()
    await rig.until(lambda: rig.commands[-1:] == ["QUIT"] and not rig.open_connections)
    await connections.close()


async def test_a_send_that_is_cancelled_does_not_harm_the_next(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    rig.answers["RCPT"].append(HANG)
    task = asyncio.create_task(mail_channel.send("bob@example.org", message()))
    await rig.until(lambda: rig.recipients == ["bob@example.org"])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await mail_channel.send(ANN, message())
    assert [mail.recipients for mail in rig.mails] == [(ANN,)]


# ---------------------------------------------------------------- set-up


async def test_check_finds_a_good_relay_and_sends_nothing(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    findings = await mail_channel.check()
    assert [finding.verdict for finding in findings] == ["ok", "ok", "warning", "not looked at"]
    assert "support@example.org" in findings[1].what
    assert rig.mails == []


async def test_check_says_what_to_do_about_a_bad_one(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    rig.answers["MAIL"].append("550 5.7.1 Not your address")
    assert [finding.ok for finding in await mail_channel.check()][:2] == [True, False]
    await rig.stop()
    finding = (await mail_channel.check())[0]
    assert finding == Finding.problem(f"127.0.0.1:{rig.port}: cannot be reached (while connecting)", finding.remedy)
    assert "smtp_host" in finding.remedy
    await rig.start()
    finding = (await channel_to(rig, smtp_tls="starttls").check())[0]
    assert "STARTTLS" in finding.remedy


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"from": "a@x.org, b@x.org"}, "from"),
        ({"from": "A <a@x.org> <b@x.org>"}, "from"),
        ({"from": "A <a@x.org>\r\nBcc: b@x.org"}, "from"),
        ({"from": ""}, "from"),
        ({"reply_to": "nobody"}, "reply_to"),
        ({"smtp_hots": "x"}, "smtp_hots"),
        ({"smtp_host": "x.org\r\n"}, "smtp_host"),
        ({"smtp_tls_ca": "/no/such/file.pem"}, "smtp_tls_ca"),
        ({"smtp_user": "us"}, "smtp_password"),
        ({"smtp_user": "us", "smtp_password": "p", "smtp_tls": "none"}, "in clear"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, Any], complaint: str) -> None:
    usual = {"kind": "email", "from": "support@example.org", "smtp_host": "relay.example.org"}
    with pytest.raises(ValidationError, match=complaint):
        EmailSettings.model_validate(usual | given)


def test_settings_know_the_usual_ports_and_keep_the_secret() -> None:
    usual = {"kind": "email", "from": '"Support, Berlin" <support@example.org>', "smtp_host": "relay.example.org"}
    assert EmailSettings.model_validate(usual).port == 587
    assert EmailSettings.model_validate(usual | {"smtp_tls": "tls"}).port == 465
    assert EmailSettings.model_validate(usual | {"smtp_tls": "none"}).port == 25
    assert EmailSettings.model_validate(usual | {"smtp_port": 2525}).port == 2525
    secret = EmailSettings.model_validate(usual | {"smtp_user": "us", "smtp_password": "s3cret"})
    assert "s3cret" not in repr(secret)
    assert secret.sender.name == "Support, Berlin"


@pytest.mark.parametrize(
    "name", ["Söphie, Inc.", 'Ann "the desk" O\\Hara', "Support", "Служба " * 15, "a" * 118, "x <y@z>,"]
)
def test_a_sender_may_have_any_name(name: str) -> None:
    account = Account(Mailbox("support", "example.org", name), parse_mailbox("Desk <desk@example.org>"), SITE)
    raw = compose(message(), account, parse_address(ANN), now=NOW).raw
    (sender,) = message_from_bytes(raw, policy=default)["From"].addresses
    assert sender.addr_spec == "support@example.org"
    assert sender.display_name.replace(" ", "") == name.replace(" ", "")  # Python's reader adds blanks of its own
    assert b"Reply-To: Desk <desk@example.org>\r\n" in raw
    assert parse_mailbox("Desk <support@пример.рф>").address == "support@xn--e1afmkfd.xn--p1ai"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=150) | st.sampled_from(HOSTILE_HEADERS))
def test_no_sender_name_adds_a_header(name: str) -> None:
    raw = compose(message(), Account(Mailbox("support", "x.org", name), None, SITE), parse_address(ANN), now=NOW).raw
    (sender,) = message_from_bytes(raw, policy=default)["From"].addresses
    assert sender.addr_spec == "support@x.org"


async def test_without_a_way_in_mail_only_goes_out(rig: SmtpRig, mail_channel: EmailChannel) -> None:
    with pytest.raises(Refused) as refused:
        mail_channel.accept({}, b"", NOW)
    assert refused.value.status == 404
    with pytest.raises(ValueError):
        await mail_channel.read(b"")
    with pytest.raises(TypeError, match="has_edits"):
        await mail_channel.edit(ANN, Receipt("<a@x>"), message())
    await mail_channel.listen(_take_nothing)
    assert (mail_channel.has_buttons, mail_channel.has_edits, mail_channel.has_forms) == (False, False, False)


async def test_the_pace_can_be_set(rig: SmtpRig) -> None:
    make: Callable[..., Any] = build
    assert make("mail", settings_for(rig), base_url=SITE).limits.per_second == 5
    assert make("mail", settings_for(rig, messages_per_second=50), base_url=SITE).limits.per_second == 50


async def _take_nothing(arrivals: object) -> None:
    raise AssertionError

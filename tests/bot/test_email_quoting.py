"""What is left of a mail when quotation and signature are cut: `mails/*.eml`, made as the programs make theirs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.channels.email import mime, quoting
from bot.channels.email.addresses import Mailbox
from bot.channels.email.reading import Reader, _Body
from bot.channels.email.reply_addresses import ReplyAddress
from core.ports import Wrote

MAILS = Path(__file__).parent / "mails"
US = Mailbox("support", "example.org", "Support")
READER = Reader(US, ReplyAddress(US), "https://feedback.example.org")
"""Nearly all samples quote another address than ours, or none: an alias, or what is left of a display name."""

OWN_WORDS = {
    "aliyun": "还行吧，三颗星",
    "between-the-lines": "Friendly.\n\n\nThree days.",
    "foxmail": "太慢了，等了三天才有人回复。\n希望下次快一点。\n\n\n\nwangwei@example.net",
    "foxmail-html": "4分，还可以，就是有点慢。\n王伟\n技术部",
    "gmail-zh": "1分，完全没用",
    "iphone-zh": "速度可以再快一点",
    "kind-regards": "2 - the technician came two days late.",
    "kind-regards-line": "Too slow, but friendly.",
    "marker": "Too slow",
    "netease": "2/5，没有解决问题。\n请尽快给我打电话。",
    "netease-app": "谢谢，但是还是太慢了",
    "outlook-en": "Not solved. Please call me.",
    "outlook-zh": "态度很好，问题也解决了。5分",
    "outlook-zh-mobile": "挺好的",
    "qq": "还没有修好，路由器又坏了！",
    "qq-html": "3分。电话里说不清楚，态度还行。",
    "thunderbird": "Four. It took a long time, but the people on the phone knew what they were talking about.",
    "yahoo": "It broke again on the same day.",
}


def words_of(raw: bytes) -> str:
    (heard,) = READER.read(raw)
    assert isinstance(heard, Wrote)
    return heard.text


def test_every_sample_is_tried() -> None:
    assert {path.stem for path in MAILS.glob("*.eml")} == OWN_WORDS.keys()


@pytest.mark.parametrize("name", OWN_WORDS)
def test_only_the_persons_own_words_are_left(name: str) -> None:
    assert words_of((MAILS / f"{name}.eml").read_bytes()) == OWN_WORDS[name]


@pytest.mark.parametrize(
    "text",
    [
        "You sign with\nKind regards,\nand then nobody calls me back for three days. That is not kind.",
        "Kind regards,\nBob\n\nPS: the second router is broken, too.",
        "Kind regards,\nBob\n\nStill broken",
        "Kind regards are not what I wanted.\nI wanted a router.",
        "It was\nBest Buy",
        "Kind regards, Bob Miller",
        "From: Berlin\nTo: Hamburg\nDate: 3 May, 10:00\nThat is the journey that I mean.",
        "On Monday you wrote:\nit will be mended. It is not.",
        "你们上次写道：\n已经解决了。其实没有。",
        "发自我的内心，谢谢你们",
        "寄自北京的包裹还没到",
        "发件人：我\n主题：路由器坏了\n请尽快处理",
        "First\n--\nA rule and then much more that I have to say about it.\nIt goes on and on.",
        "----\nthe light is red\n----\nthen it is off",
        "Sent from Berlin",
        "Отправлено с ошибкой",
        "I need:\n-- a cable\n-- a router",
        "I said > 5 days\n\n\nand it was 6",
    ],
)
def test_in_doubt_the_words_stay(text: str) -> None:
    raw = f"From: a@example.net\nContent-Type: text/plain; charset=utf-8\n\n{text}\n".encode()
    assert words_of(raw) == text


def test_what_somebody_sends_on_is_what_they_want_us_to_read() -> None:
    text = (
        "Please see below\n\n---------- Forwarded message ---------\nFrom: Bob <bob@example.net>\n"
        "Date: Mon, 2 Mar 2026 at 09:00\nSubject: Broken\nTo: <ann@example.net>\n\nThe router is dead."
    )
    assert words_of(f"From: a@example.net\nSubject: Fwd: Broken\n\n{text}\n".encode()) == text


@pytest.mark.parametrize("name", sorted(OWN_WORDS.keys() - {"between-the-lines"}))
def test_an_answer_without_a_word_is_not_our_own_question(name: str) -> None:
    """Somebody presses *Reply* and *Send*: what we asked must not become their comment."""
    text = _Body().text(mime.parse((MAILS / f"{name}.eml").read_bytes()))
    assert OWN_WORDS[name] in text
    left = quoting.own_words(text.replace(OWN_WORDS[name], ""), lambda line: False)
    assert not re.search("satisfied|满意|Support|发件人", left)

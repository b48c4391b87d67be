"""What a typed answer is taken for."""

from __future__ import annotations

import time

import pytest

from bot.surveys import answers


@pytest.mark.parametrize(
    ("text", "score", "comment"),
    [
        ("4", 4, ""),
        (" 4 \n", 4, ""),
        ("4.", 4, ""),
        ("５", 5, ""),
        ("4️⃣", 4, ""),
        ("4/5", 4, ""),
        ("4/5 too slow", 4, "too slow"),
        ("4 / 5, too slow", 4, "too slow"),
        ("4 out of 5", 4, ""),
        ("4 stars", 4, ""),
        ("1 star. Never again.", 1, "Never again."),
        ("four stars", 4, ""),
        ("Five", 5, ""),
        ("★★★★", 4, ""),
        ("★★★★☆ nice", 4, "nice"),
        ("⭐⭐⭐", 3, ""),
        ("⭐️⭐️", 2, ""),
        ("****", 4, ""),
        ("四星", 4, ""),
        ("五星好评", 5, "好评"),
        ("4星", 4, ""),
        ("3分，太慢了", 3, "太慢了"),
        ("两颗星", 2, ""),
        ("评分：5", 5, ""),
        ("Score: 2, nobody called back", 2, "nobody called back"),
        ("2 - nobody called back", 2, "nobody called back"),
        ("2, nobody called back", 2, "nobody called back"),
        ("5!", 5, ""),
        ("5\nYou were great.\nReally.", 5, "You were great.\nReally."),
        ("Hi Li,\n\n4\n", 4, ""),
        ("你好\n4", 4, ""),
        ("4\n\nBest regards\nAnn", 4, ""),
        ("5 звёзд", 5, ""),
        ("4 из 5", 4, ""),
    ],
)
def test_a_score_stands_first(text: str, score: int | None, comment: str) -> None:
    assert answers.read(text) == answers.Answer(score, comment)


@pytest.mark.parametrize(
    "text",
    [
        "4 days and still no answer",
        "I waited 5 hours",
        "My order is 4/5 complete, where is the rest?",
        "4/10",
        "4/5/2026 is too late",
        "4/5 of the parts are missing",
        "24",
        "45 minutes",
        "0",
        "6",
        "3,5",
        "4-5 times",
        "4.5",
        "5分钟才回答",
        "四分之一的东西不见了",
        "1. The router is dead\n2. Nobody calls",
        "1) first",
        "* one\n* two",
        "** important **",
        "★★★★★★",
        "one of you should call me",
        "Two things went wrong",
        "The rating is missing",
        "",
        "thanks",
        "四川来的",
    ],
)
def test_a_number_in_a_sentence_is_no_score(text: str) -> None:
    assert answers.read(text) == answers.Answer(None, text.strip())


@pytest.mark.parametrize(
    "text", ["ok, thanks", "Thank you very much!", "谢谢", "好的，谢谢！", "спасибо", "Great, thanks :)"]
)
def test_thanks_ask_for_nothing(text: str) -> None:
    assert answers.is_only_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "thanks, but it is still broken",
        "ok?",
        "it works now? no",
        "谢谢，但是还没好",
        "",
        "thanks " * 30,
        "Is it the router?",
    ],
)
def test_a_question_is_more_than_thanks(text: str) -> None:
    assert not answers.is_only_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe", "Unsubscribe me please", "no more mails", "No more surveys, thanks.", "stop these emails",
        "Please stop sending me surveys", "stop mailing me", "Don't mail me again", "opt out", "退订", "不要再发",
        "请不要再发邮件了", "别再发了", "取消订阅", "TD", "退订。谢谢", "отпишите меня",
    ],
)  # fmt: skip
def test_some_words_say_everywhere_that_no_more_mails_are_wanted(text: str) -> None:
    assert answers.wants_no_mails(text)
    assert answers.wants_to_stop(text)


@pytest.mark.parametrize("text", ["STOP", "stop.", "Stop!!", "please stop", "Hi,\nplease stop", "停止", "ＳＴＯＰ"])
def test_stop_says_it_only_in_answer_to_a_question(text: str) -> None:
    assert answers.wants_to_stop(text)
    assert not answers.wants_no_mails(text)


@pytest.mark.parametrize(
    "text",
    [
        "stop it please, it beeps", "stop it", "It does not stop", "no more problems",
        "no more mails arrive since Monday",
        "how do I unsubscribe from the newsletter?", "不要再发错货了", "停止工作了",
        "I want to cancel my order", "4", "",
        "stop the router", "don't send the router again", "please stop the technician",
    ],
)  # fmt: skip
def test_who_says_more_than_stop_does_not_stop(text: str) -> None:
    assert not answers.wants_to_stop(text)


@pytest.mark.parametrize(
    "piece", ["4 ", "★", "ok ", "4/", "\n", "hi ", "- ", "*", "score ", "please ", "stop ", "不要再发", "! "]
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    begun = time.process_time()
    answers.read(text)
    answers.is_only_thanks(text)
    answers.wants_to_stop(text)
    answers.wants_to_stop((piece * 60)[:60])
    answers.is_only_thanks((piece * 60)[:60])
    assert time.process_time() - begun < 0.1

"""What a typed answer is taken for."""

from __future__ import annotations

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
    ("text", "score", "comment"),
    [
        ("5 great!", 5, "great!"),
        ("4 fine", 4, "fine"),
        ("5 great service!", 5, "great service!"),
        ("5. Great", 5, "Great"),
        ("4 out of 5 too slow", 4, "too slow"),
        ("3 ok I guess", 3, "ok I guess"),
        ("我觉得4分", 4, ""),
        ("满意，5分", 5, "满意，"),
        ("4 ok", 4, "ok"),
        ("4 OK, but slow", 4, "OK, but slow"),
        ("2 too slow", 2, "too slow"),
        ("1 far too slow", 1, "far too slow"),
        ("2 nobody answered me", 2, "nobody answered me"),
        ("1 never got an answer", 1, "never got an answer"),
        ("2 没人回复我", 2, "没人回复我"),
        ("5 very good and fast, thank you", 5, "very good and fast, thank you"),
        ("3 it was okay", 3, "it was okay"),
        ("1 terrible. Nobody called me for 3 days.", 1, "terrible. Nobody called me for 3 days."),
        ("4 (good)", 4, "(good)"),
        ("4 but slow", 4, "but slow"),
        ("3 because nobody called", 3, "because nobody called"),
        ("5 thanks!", 5, "thanks!"),
        ("5 👍", 5, "👍"),
        ("3 so-so", 3, "so-so"),
        ("1 - very bad", 1, "very bad"),
        ("4... too slow", 4, "too slow"),
        ("I'd give it a 4", 4, ""),
        ("I give you 5 stars", 5, ""),
        ("My rating is 2, nobody called", 2, "nobody called"),
        ("Very bad! 1 star", 1, "Very bad!"),
        ("Great service, 5 stars!", 5, "Great service,"),
        ("The technician came late. 2 stars", 2, "The technician came late."),
        ("**4**", 4, ""),
        ("*4*", 4, ""),
        ("**4** too slow", 4, "too slow"),
        ("__5__", 5, ""),
        ('"4"', 4, ""),
        ("3 还可以吧", 3, "还可以吧"),
        ("3还可以", 3, "还可以"),
        ("4 不错，就是有点慢", 4, "不错，就是有点慢"),
        ("5 非常好！", 5, "非常好！"),
        ("2 太慢了", 2, "太慢了"),
        ("1 很差", 1, "很差"),
        ("4 但是太慢", 4, "但是太慢"),
        ("5 谢谢", 5, "谢谢"),
        ("4。太慢了", 4, "太慢了"),
        ("给五星", 5, ""),
        ("我给4分", 4, ""),
        ("给你们打5分，很好", 5, "很好"),
        ("很差！一星", 1, "很差！"),
        ("服务不错，4分", 4, "服务不错，"),
        ("太慢了，给2星", 2, "太慢了，"),
        ("态度很好，问题也解决了。5分", 5, "态度很好，问题也解决了。"),
    ],
)
def test_a_score_may_have_a_feeling_beside_it(text: str, score: int, comment: str) -> None:
    assert answers.read(text) == answers.Answer(score, comment)


@pytest.mark.parametrize(
    "text",
    [
        "3 weeks ago I wrote to you",
        "2 of the 3 parcels arrived",
        "5 days",
        "5 great people helped me",
        "5 great services",
        "2 good buttons",
        "3 nice forks",
        "4 out of 5 routers are broken",
        "4 of five parcels came",
        "4 good service people",
        "1. terrible",
        "4 可以退货吗？",
        "3 非常多的问题",
        "2 差点没气死",
        "3 good reasons to leave",
        "2 bad routers in a row",
        "2 very slow replies",
        "2 good and 3 bad parcels",
        "2 ok, 1 broken",
        "4 fine-tuning tasks are open",
        "2 parcels, great",
        "3 since Monday",
        "5 more to come",
        "1 broken",
        "2 far away shops",
        "2 way too late trains",
        "2 not solved",
        "1 new router please",
        "4th floor, great",
        "5 minutes! great",
        "I give you 2 days",
        "I waited 4 days. Great.",
        "They have 5 stars",
        "My order is incomplete, 4/5",
        "I booked the Adlon, 5 stars",
        "The 5 is great",
        "*4* parcels are missing",
        "great 5",
        "☆☆☆☆☆",
        "3 天没有人回复",
        "2 个包裹不见了",
        "5 行代码有问题",
        "3 好朋友推荐的",
        "2 快递没到",
        "5 次了还没解决",
        "4 楼，很好",
        "给5个人发了邮件",
        "打5折",
        "我等了3天，太慢",
        "我订的酒店，5星",
        "一般来说",
    ],
)
def test_a_number_that_may_count_something_is_no_score(text: str) -> None:
    assert answers.read(text) == answers.Answer(None, text)


SCALE = {"very satisfied": 5, "satisfied": 4, "very dissatisfied": 1, "非常满意": 5, "一般": 3, "😀": 5}


@pytest.mark.parametrize(
    ("text", "score", "comment"),
    [
        ("very satisfied", 5, ""),
        ("Very satisfied!", 5, ""),
        ("Satisfied, but slow", 4, "but slow"),
        ("Very dissatisfied.\nNobody called.", 1, "Nobody called."),
        ("Hi,\n非常满意。", 5, ""),
        ("一般，有点慢", 3, "有点慢"),
        ("😀", 5, ""),
        ("**very satisfied**", 5, ""),
        ("satisfied customers look different", None, "satisfied customers look different"),
        ("not satisfied", None, "not satisfied"),
        ("一般来说还行", None, "一般来说还行"),
        ("不满意", None, "不满意"),
    ],
)
def test_the_words_of_the_scale_are_scores(text: str, score: int | None, comment: str) -> None:
    assert answers.read(text, SCALE) == answers.Answer(score, comment)


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
    "piece",
    [
        "4 ",
        "★",
        "ok ",
        "4/",
        "\n",
        "hi ",
        "- ",
        "*",
        "score ",
        "very ",
        "good, ",
        "4 good, ",
        "很好",
        "!",
        "**4",
        "please ",
        "stop ",
        "不要再发",
        "! ",
    ],
)
@pytest.mark.timeout(30)  # less than a second, unless the time grows faster than the text: then it is minutes
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    answers.read(text, SCALE)
    answers.read(f"4 {text}")
    answers.is_only_thanks(text)
    answers.wants_to_stop(text)
    answers.wants_to_stop((piece * 60)[:60])
    answers.is_only_thanks((piece * 60)[:60])

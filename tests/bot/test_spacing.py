"""In Chinese a blank stands beside Latin letters and digits, not between Chinese characters or beside a wide sign."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.placeholders import KINDS
from bot.rendering import Templates
from bot.template_context import samples
from core.ports import Dialect

LATIN, CHINESE = "Kim", "李娜"


@pytest.fixture
async def templates() -> AsyncIterator[Templates]:
    loaded = Templates.load()
    yield loaded
    await loaded.close()


@pytest.mark.parametrize(
    ("label", "values", "said"),
    [
        ("mail.footer", {"site": "示例公司"}, "您收到此邮件，是因为您联系过示例公司。"),
        ("mail.footer", {"site": "Example"}, "您收到此邮件，是因为您联系过 Example。"),
        ("demo.chat_as", {"name": CHINESE}, "李娜的网页聊天"),
        ("demo.chat_as", {"name": LATIN}, "Kim 的网页聊天"),
        ("time.zoned", {"when": "14:30", "zone": "UTC+8"}, "14:30（UTC+8）"),
        ("alert.by_another", {"address": "eve@example.com", "name": CHINESE}, "eve@example.com（不是李娜的地址）"),
    ],
)
def test_the_blanks_of_a_label_depend_on_its_values(
    templates: Templates, label: str, values: dict[str, str], said: str
) -> None:
    assert templates.label(label, "zh-Hans", **values) == said


@pytest.mark.parametrize(
    ("dialect", "name", "said"),
    [
        (Dialect.PLAIN, CHINESE, "李娜对服务不满意：CS1“路由器”"),
        (Dialect.PLAIN, LATIN, "Kim 对服务不满意：CS1“路由器”"),
        (Dialect.HTML, CHINESE, "<b>李娜</b>对服务不满意：<b>CS1</b>“路由器”"),
        (Dialect.HTML, LATIN, "<b>Kim</b> 对服务不满意：<b>CS1</b>“路由器”"),
        (Dialect.MRKDWN, CHINESE, "*李娜*对服务不满意：*CS1*“路由器”"),
        (Dialect.MRKDWN, LATIN, "*Kim* 对服务不满意：*CS1*“路由器”"),
    ],
)
async def test_the_blanks_of_a_message_depend_on_its_values(
    templates: Templates, dialect: Dialect, name: str, said: str
) -> None:
    context = {"contact": {"name": name}, "ticket": {"number": "CS1", "subject": "路由器"}}
    assert (await templates.render("alert", "zh-Hans", dialect, context)).text == said


async def test_own_words_get_the_same_blanks_and_what_people_wrote_keeps_its_own(templates: Templates) -> None:
    words = "{{ contact.name }} 写道：\n{{ text }}"
    context = {"contact": {"name": CHINESE}, "event": "wrote", "text": "你 好 ，世界"}
    drawn = await templates.render_given("request_line", words, "zh-Hans", Dialect.PLAIN, context)
    assert drawn.text == "李娜写道：\n你 好 ，世界"


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_no_message_has_a_blank_too_many(templates: Templates, kind: str) -> None:
    context = samples(kind)
    for name in ("contact", "agent", "owner", "actor", "team", "site"):
        if name in context:
            context[name] = {"name": CHINESE}
    for subject in ("", "路由器"):
        if "ticket" in context:
            context["ticket"] = {"number": "CS1", "subject": subject, "url": ""}
        drawn = await templates.render(kind, "zh-Hans", Dialect.PLAIN, context)
        for words in (drawn.text, drawn.subject):
            assert "李娜 " not in words.replace("李娜 · ", ""), words
            assert " 李娜" not in words.replace("CS202611220001 李娜", ""), words
            assert " “" not in words
            assert not {"\ufdd0", "\ufdd1"} & set(words)


async def test_english_keeps_its_blanks(templates: Templates) -> None:
    context = {"contact": {"name": CHINESE}, "ticket": {"number": "CS1", "subject": "路由器"}}
    drawn = await templates.render("alert", "en", Dialect.PLAIN, context)
    assert drawn.text == "李娜 is unhappy with CS1 “路由器”"


def test_staff_read_of_tickets_and_not_of_requests_in_chinese(templates: Templates) -> None:
    words = templates.labels("demo", "zh-Hans") | templates.labels("demo_sent", "zh-Hans")
    assert [key for key, text in words.items() if "请求" in text] == []

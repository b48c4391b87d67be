"""An admin who reads Chinese is told in Chinese what is wrong, on every form."""

from __future__ import annotations

import html
import re

from bot.web.admin import survey_fields
from core.models.accounts import Role
from core.models.setup import Staff, Team
from tests.web.admin.desk import Browser, at, hours, span
from tests.web.admin.test_languages import hand_in
from tests.web.front import Front


async def reader(front: Front) -> Browser:
    browser = await at(front, Role.ADMIN)
    browser.client.headers["accept-language"] = "zh-CN"
    return browser


def told(browser: Browser) -> list[str]:
    """What stands beside the fields and above the form; each a sentence in Chinese, without an English one in it."""
    assert browser.status in (200, 422), browser.status
    found = re.findall(r'class="problem[^"]*"[^>]*>(.*?)</(?:p|span|li)>', browser.html, re.DOTALL)
    found += re.findall(
        r"<li[^>]*>(.*?)</li>", "".join(re.findall(r'<ul class="wrong">.*?</ul>', browser.html, re.DOTALL))
    )
    words = [html.unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]
    assert words, browser.html
    for one in words:
        assert re.search(r"[\u4e00-\u9fff].*[。：]", one), one
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", one), one
    return words


async def test_a_survey_that_cannot_be_used(front: Front) -> None:
    browser = await reader(front)
    await browser.open("/admin/surveys/new")
    wrong = {
        "key": " ",
        "sample": "1000",
        "reminders": "x",
        **span("delay", "soon", "m"),
        **hours("window", "09:00", ""),
    }
    wrong |= {"budget-0.invites": "many", **span("budget-0", "7", "d")}
    wrong |= {"dim-0-key": "Overall Score", "reason-0-key": "slow", "reason-0-dimensions": "sped", "do": "publish"}
    await browser.post("/admin/surveys/new", **wrong)
    words = told(browser)
    assert "请填写整数（例如 30）并选择单位。" in words
    assert "请填写开始和结束两个时间。" in words
    assert "每项上限都要填写两处：次数（1 到 1000），以及天数或小时数（整数）。" in words
    assert "不能大于 100。" in words
    assert "只能使用小写字母、数字和下划线，以字母开头，最多 24 个字符。" in words
    dims = {"dim-0-key": "overall", "dim-1-key": "speed", "reason-0-key": "slow", "reason-0-dimensions": "sped"}
    usual = {"sample": "1", "reminders": "1", "scale": "stars"}
    for name in survey_fields.SPANS:
        usual |= span(name, "1", "d")
    usual |= {"over_budget": "skip", "comment": "off", "layout": "one_by_one"}
    usual |= {"reasons_up_to": "3", "comment_required_up_to": "0", "negative_up_to": "2", "positive_from": "2"}
    await browser.post("/admin/surveys/new", key="x", max_reopenings="2", do="publish", **usual, **dims)
    assert told(browser)[1:-1] == ["没有名为“sped”的维度。您是否想填“speed”？", "必须高于判为差评的最高分。"]


async def test_a_team_and_a_person_that_cannot_be_used(front: Front) -> None:
    team = await Team.create(key="support", name="Support")
    person = await Staff.create(key="li@example.org", email="li@example.org", name="Li", team=team)
    browser = await reader(front)
    page = f"/admin/teams/{team.id}"
    await browser.open(page)
    wrong = {"ladder.0.to": "duty", "timezone": "Moon/Base", **span("ladder.0.after", "soon", "m")}
    wrong |= hours("quiet_hours", "22:00", "22:00")
    wrong |= {"stand_ins.0.who": "li@example.org", "stand_ins.0.since": "2026-12-02", "stand_ins.0.until": "2026-12-01"}
    await browser.send(page, name="Support", **wrong)
    assert "没有这个时区。请按 Asia/Shanghai 的格式填写。" in told(browser)
    assert "最后一天不能早于第一天。" in told(browser)
    assert "请填写两个不同的时间：开始和结束。" in told(browser)
    await browser.send(
        page, name="Support", **{"alert.channel": "slak", "alert.to": "C1", "duty.0.who": "lo", "duty.0.days": "mon"}
    )
    assert any("没有名为“slak”的渠道" in one for one in told(browser))
    assert any("员工中没有“lo”" in one for one in told(browser))
    page = f"/admin/staff/{person.id}"
    await browser.open(page)
    await browser.send(page, name="x" * 200, email="li@example.org", team="nobody", locale="Klingon!")
    assert "最多 120 个字符。" in told(browser)


async def test_a_rule_a_webhook_and_a_short_word_that_cannot_be_used(front: Front) -> None:
    browser = await reader(front)
    await browser.open("/admin/rules/new")
    rule = {"key": "again", "event": "response.settled", "if": ["repeat"], "repeat.times": "x"}
    rule |= span("repeat", "30", "d")
    await browser.post("/admin/rules/new", **rule, then=["assign"], **{"then.0.staff": "nobody"})
    assert "请填写次数和时间范围：两个不小于 1 的整数。" in told(browser)
    await browser.open("/admin/webhooks/new")
    await browser.post("/admin/webhooks/new", key="crm", url="https://user@hooks.example.org/")
    assert told(browser)
    await browser.open("/admin/languages/en/words?q=button.done")
    await browser.post("/admin/languages/en/words", **{"own:button.done": "Done {nmae}"})
    assert told(browser) == ["这里不能填入 {nmae}。这里没有可填入的值。"]


async def test_words_and_a_file_that_cannot_be_used(front: Front) -> None:
    browser = await reader(front)
    await browser.open("/admin/templates/edit?kind=invite&locale=en")
    for body in ("{{ cntact.name }}", "{% if contact.name %}x", "{{ }}", "{% set x = 1 %}", "{{ contact.nam }}", ""):
        await browser.send("/admin/templates/edit", body=body, subject="", preheader="", do="keep")
        assert told(browser), body
    await hand_in(browser, b"nonsense {")
    assert "不是 PO 文件" in browser.html
    entry = 'msgid ""\nmsgstr "Language: de\\n"\n\nmsgctxt "template:invite"\nmsgid "x"\nmsgstr "{{ nobody }}"\n'
    await hand_in(browser, entry.encode())
    assert "正文第 1 行：这种消息里没有“nobody”。" in browser.html

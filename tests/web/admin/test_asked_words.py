"""What is scored, and why a score was low, is called the same wherever it is read, and as its contacts read it."""

from __future__ import annotations

import pytest

from bot.staff import digests
from core.accounts.roles import Role
from core.models.deliveries import Delivery
from core.models.setup import Rule, Survey
from core.surveys import invites, responses
from core.surveys.settings import SurveySettings
from tests.web.admin.desk import Browser, at
from tests.web.front import Front

TASTE, COLD = "Taste <3", "It was cold"
IN_CHINESE = "口味"
RULE = {
    "when": {"scores": {"taste": "<=2"}, "reasons": ["cold"]},
    "then": [{"do": "tag", "tag": "kitchen"}],
}


@pytest.fixture
async def front(front: Front) -> Front:
    """The first survey has its own words in English only; one that comes later has them in Chinese, another by no word
    at all.
    """
    first = await Survey.get(current=True)
    settings = {
        "dimensions": [{"key": "overall"}, {"key": "taste", "label": {"en": TASTE}}, {"key": "wait_time"}],
        "reasons": [{"key": "cold", "label": {"en": COLD}}],
    }
    await Survey.filter(id=first.id).update(settings=first.settings | settings)
    later = SurveySettings.model_validate(
        {
            "dimensions": [{"key": "overall"}, {"key": "taste", "label": {"zh-Hans": IN_CHINESE}}],
            "reasons": [{"key": "cold", "label": {"zh-Hans": "菜凉了"}}],
        }
    ).model_dump(mode="json")
    await Survey.create(key="later", version=1, position=9, settings=later, created_at=front.clock.now, current=True)
    return front


async def rated(front: Front, times: int) -> None:
    for _ in range(times):
        asked = await front.invite(locale="zh-Hans")
        invite = await invites.by_id(asked.invite_id)
        assert invite is not None
        scores = {"overall": 4, "taste": 1, "wait_time": 5}
        given = await responses.answer(invite, scores, ["cold"], "", finished=True, now=front.clock.now)
        await responses.settle(given.id, now=front.clock.now)


async def in_chinese(front: Front) -> Browser:
    browser = await at(front, Role.ADMIN)
    browser.client.headers["accept-language"] = "zh-CN"
    return browser


async def digest(front: Front, locale: str) -> str:
    day = front.clock.now.date().isoformat()
    said = {"name": "Daily", "team": 0, "first": day, "last": day, "zone": "UTC", "locale": locale}
    delivery = Delivery(key="digest:1:x:0", payload=said)
    channel = front.site.channels["support-bot"]
    return (await digests.draw(delivery, channel, front.site.place(), now=front.clock.now)).plain


async def test_a_name_that_chinese_lacks_is_the_same_to_everybody(front: Front) -> None:
    await Rule.create(key="kitchen", position=1, settings=RULE)
    asked = await front.invite(locale="zh-Hans")
    contact = front.client(**{"accept-language": "zh-CN"})
    assert TASTE.replace("<", "&lt;") in (await contact.get(asked.link)).text
    await rated(front, 5)

    browser = await in_chinese(front)
    seen = {
        "rule": (await browser.open("/admin/rules")).text,
        "rule's log": (await browser.open("/admin/rules/kitchen/log")).text,
        "board": (await browser.open("/admin/board/details")).text,
        "tickets behind it": (await browser.open("/admin/tickets?dimension=taste&score=1")).text,
        "digest": await digest(front, "zh-Hans"),
    }
    for place, text in seen.items():
        assert TASTE in text, place
        assert IN_CHINESE not in text, place
    for place in ("rule", "rule's log", "digest"):
        assert COLD in seen[place], place
        assert "菜凉了" not in seen[place], place


async def test_what_no_survey_has_words_for_is_called_by_its_key_by_all(front: Front) -> None:
    await Rule.create(key="slow", position=1, settings=RULE | {"when": {"scores": {"wait_time": ">=4", "gone": "<=2"}}})
    await rated(front, 1)
    browser = await at(front)
    text = (await browser.open("/admin/rules")).text
    assert "Wait time" in text
    assert "Gone" in text
    assert "Wait time" in (await browser.open("/admin/board/details")).text


async def test_what_a_rule_asks_is_called_so_in_the_audit_too(front: Front) -> None:
    browser = await in_chinese(front)
    await browser.open("/admin/rules/new")
    fields = {
        "key": "kitchen",
        "event": "response.settled",
        "if": ["scores", "reasons"],
        "then": "tag",
        "then.0.tag": "x",
    }
    conditions = {"score.taste.sign": "<=", "score.taste.value": "2", "if.reasons": "cold"}
    kept = {name: value for name, value in browser.page.hidden().items() if name in ("csrf", "seen")}
    await browser.post("/admin/rules/new", **{**kept, "do": "save", **fields, **conditions})
    text = (await browser.open("/admin/audit")).text
    assert TASTE in text
    assert COLD in text

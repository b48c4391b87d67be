"""What the survey editor says of settings that can hardly be meant, and how it says what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from core.models.setup import Survey
from tests.web.admin.desk import Browser, at, span
from tests.web.admin.test_surveys import DEFAULT, filled
from tests.web.front import Front


@pytest.fixture
def front(sqlite_front: Front) -> Front:
    return sqlite_front


async def publishing(front: Front, **changed: Any) -> Browser:
    """The page that asks before a survey is published with these changes."""
    browser = await at(front)
    await browser.open(DEFAULT)
    await browser.post(DEFAULT, **{**filled(browser), **changed, "do": "publish"})
    return browser


async def test_a_comment_that_is_off_and_required_is_pointed_at(front: Front) -> None:
    browser = await publishing(front, comment="off", comment_required_up_to="2")
    assert "Publish default?" in browser.page.text
    assert "No comment is asked for, and yet one is required at low scores" in browser.page.text
    assert "yet one is required" not in (await publishing(front, comment="off")).page.text
    assert "yet one is required" not in (await publishing(front, comment_required_up_to="2")).page.text


async def test_conditions_that_name_what_there_is_not_are_pointed_at(front: Front) -> None:
    strange: Mapping[str, Any] = {f"conditions-{name}.others": "nosuch" for name in ("teams", "channels", "types")}
    text = (await publishing(front, **strange)).page.text
    assert "Teams: there is no nosuch, so no ticket can fit that." in text
    assert "Channels: there is no nosuch, so no ticket can fit that." in text
    assert "no ticket lately had nosuch" in text
    there = {"conditions-types": "incident", "conditions-channels": "support-bot"}
    assert "nosuch" not in (await publishing(front, **there)).page.text
    assert "there is no" not in (await publishing(front, **there)).page.text


async def test_what_changes_is_said_as_the_form_says_it(front: Front) -> None:
    survey = await Survey.get(key="default", current=True)
    survey.settings = {**survey.settings, "comment_required_up_to": 2}
    await survey.save()
    changed = {"comment_required_up_to": "0", "reasons_up_to": "0", "conditions-types": "incident"}
    browser = await publishing(front, **changed)
    inserted = browser.html.split("<ins>")[1:]
    told = [one.partition("</ins>")[0] for one in inserted]
    assert told.count("Never") == 2
    assert "At least so many replies" not in browser.page.text
    browser = await publishing(front, **{"conditions-min_replies": "3"})
    assert "At least so many replies: 3" in browser.page.text


async def test_a_delay_has_a_limit_of_its_own_however_long_it_is(front: Front) -> None:
    for days in ("31", "9999"):
        browser = await publishing(front, **span("delay", days, "d"))
        assert browser.status == 422
        assert "It must be at most 30 days." in browser.page.text
        assert "3650" not in browser.page.text


async def test_what_i_published_in_another_window_was_not_somebody_else(front: Front) -> None:
    one, other = await at(front), await at(front)
    for browser, sample in ((one, "50"), (other, "60")):
        await browser.open(DEFAULT)
        await browser.post(DEFAULT, **{**filled(browser), "sample": sample, "do": "publish"})
    await one.post(DEFAULT, do="publish")
    page = await other.post(DEFAULT, do="publish")
    assert other.status == 409
    assert "You changed it yourself in another window" in page.text
    assert "Somebody else has" not in page.text

"""What somebody gets who asks for what is not there: a page in a browser, and JSON in a program."""

from __future__ import annotations

import pytest

from tests.web.front import Front

A_BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(("language", "title"), [("en", "There is nothing here"), ("zh-CN", "这里什么也没有")])
async def test_a_browser_gets_a_page_in_its_language(sqlite_front: Front, language: str, title: str) -> None:
    async with sqlite_front.client() as stranger:
        answer = await stranger.get("/nothing", headers={**A_BROWSER, "Accept-Language": language})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert title in answer.text


@pytest.mark.parametrize(("path", "accept"), [("/nothing", "*/*"), ("/api/v1/nothing", A_BROWSER["Accept"])])
async def test_a_program_gets_json(sqlite_front: Front, path: str, accept: str) -> None:
    async with sqlite_front.client() as stranger:
        answer = await stranger.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


async def test_a_page_of_the_admin_that_is_not_there_leads_back(sqlite_front: Front) -> None:
    async with sqlite_front.client() as stranger:
        lost = await stranger.get("/admin/nothing", headers=A_BROWSER)
        survey = await stranger.get("/r/nothing", headers=A_BROWSER)
    assert lost.status_code == survey.status_code == 404
    assert '<a href="/admin">To the overview</a>' in lost.text
    assert "<a " not in survey.text

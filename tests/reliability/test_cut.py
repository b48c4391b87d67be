"""A power cut between keeping an anonymous answer and letting go of its contact leaves the one or the other."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from core import failpoints
from core import store as stores
from core.models.responses import Response, Score
from core.surveys import responses
from tests.core.builders import asked, at, company

SETTLES = """
import asyncio, sys
from datetime import datetime
from core import store as stores
from core.surveys import responses, tokens
from tests.core.builders import SECRET

async def main(url, response, now):
    tokens.use(SECRET)
    opened = await stores.open_store(url)
    await responses.settle(int(response), now=datetime.fromisoformat(now))
    await opened.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def settles(url: str, response_id: int, *, dying: bool) -> int:
    """In a process of its own; its exit code."""
    armed = {failpoints.VARIABLE: "answer.kept"} if dying else {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SETTLES, url, str(response_id), at(minutes=11).isoformat()),
        env={**os.environ, "PYTHONPATH": os.getcwd(), **armed},
    )
    return await process.wait()


@pytest.mark.parametrize("dying", [True, False])
async def test_a_kill_in_the_middle_of_the_cut_leaves_the_answer_whole(store_url: str, dying: bool) -> None:
    opened = await stores.open_store(store_url)
    await company(anonymous=True)
    response = await responses.answer(await asked(), {"overall": 2}, [], "Ugh", finished=True, now=at(seconds=1))
    await opened.close()

    died = await settles(store_url, response.id, dying=dying)
    assert died == (-signal.SIGKILL if dying else 0)

    opened = await stores.open_store(store_url)
    try:
        if dying:
            [whole] = await Response.all()
            assert (whole.id, whole.comment, await Score.all().count()) == (response.id, "Ugh", 1)
            await responses.settle(response.id, now=at(minutes=12))
        [kept] = await Response.all()
        assert (kept.invite_id, kept.comment, await Score.all().count()) == (None, "Ugh", 0)
    finally:
        await opened.close()

"""Two browsers, one question: what a person has answered is not written over."""

from __future__ import annotations

import asyncio

from core import errors
from core.models.responses import Response
from core.store import Store
from core.surveys import responses, visits
from core.surveys.visits import Answer
from tests.core.builders import asked, at, company, whole


async def test_of_two_browsers_that_send_at_the_same_moment_one_counts(store: Store) -> None:
    await company()
    for number in range(8):
        invite = await asked(f"T-{number}", contact=f"c-{number}", addresses=(("mail", f"{number}@example.org"),))
        sent = [
            visits.count(await whole(invite), Answer({"overall": score}), nonce=str(score), changes=False, now=at())
            for score in (5, 1)
        ]
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        counted = [one for one in outcomes if isinstance(one, Response)]
        refused = [one for one in outcomes if isinstance(one, errors.Conflict)]
        assert (len(counted), len(refused)) == (1, 1)
        first = {"overall": 5} if isinstance(outcomes[0], Response) else {"overall": 1}
        assert await responses.scores_of(counted[0]) == first

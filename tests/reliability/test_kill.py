"""SIGKILL at every step of the walk: what was acknowledged is counted once, and every alert arrives."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.reliability import books
from tests.reliability.company import Company, founded
from tests.reliability.process import KILLED

STEPS = (
    # a ticket is resolved
    "delivery.planned.invite",  # in the transaction of the event
    "delivery.committed.invite",  # the answer to the event is not sent yet
    "job.done.delivery",  # the lane was woken, the job is not off the queue
    # the invite
    "lane.taking.support-bot",
    "delivery.taken.invite",
    "delivery.sent.invite",
    "delivery.marked.invite",
    # the tap
    "arrival.received",
    "arrival.storing",
    "arrival.stored",  # committed, but Telegram has no 200
    "arrival.begun",  # Telegram has its 200
    "arrival.acted",  # in the transaction of its effects
    "arrival.handled",  # the next screen is not sent yet
    "delivery.sent.question",
    # the answer has settled
    "settle.begun",
    "delivery.planned.alert",  # in the transaction of the rules
    "settle.done",
    # the alert
    "lane.taking.slack",
    "delivery.taken.alert",
    "delivery.sent.alert",
    "delivery.marked.alert",
)
HALF_TOLD, ANY_TIME = "half an event", "any time"
ON_SQLITE, ON_POSTGRES = 42, 8
CONCURRENCY = 8  # how many messages a channel has under way
_IN_HAND = "SELECT id, taken_by FROM deliveries WHERE state = 'sending'"


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_no_kill_loses_an_answer_or_an_alert_or_counts_one_twice(
    sqlite_url: str, tmp_path: Path, dice: random.Random
) -> None:
    async with founded(sqlite_url, tmp_path) as company:
        await _survives(company, _plan(dice, ON_SQLITE, always=STEPS), dice, patience=60)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_nor_does_it_on_postgresql_where_others_must_wait_for_the_lease_of_the_dead(
    postgres_url: str, tmp_path: Path, dice: random.Random
) -> None:
    async with founded(postgres_url, tmp_path) as company:
        await _survives(company, _plan(dice, ON_POSTGRES, always=()), dice, patience=120)


def _plan(dice: random.Random, kills: int, *, always: tuple[str, ...]) -> list[str]:
    """Which step each kill is at: `always` those, twice each where there is room for it, the rest by chance."""
    others = [HALF_TOLD, ANY_TIME]
    plan = [*always, *others]
    plan += dice.choices([*STEPS, *others, ANY_TIME, ANY_TIME], k=kills - len(plan))
    dice.shuffle(plan)
    return plan


async def _survives(company: Company, plan: list[str], dice: random.Random, *, patience: float) -> None:
    in_hand: set[object] = set()
    company.priority = "urgent"
    for step in plan:
        await _one_kill(company, step, dice, patience)
        in_hand |= set(await books.ask(company.store, _IN_HAND))
    company.product.start()
    assert await company.began(), company.product.said()
    try:
        await company.all_is_told(seconds=patience)
        await books.at_rest(company.store, seconds=patience)
    except TimeoutError:
        pytest.fail(f"{company.missing()}\n{plan}\n{company.product.said()}")
    assert await company.product.stop() == 0
    assert await books.problems(company) == []
    repeats = company.repeated_messages() + company.repeated_alerts()
    print(f"{len(plan)} kills, {len(company.people)} people, {len(in_hand)} messages in hand, {repeats} sent twice")  # noqa: T201
    assert repeats <= len(in_hand), "only what was under way when the process was killed may be sent twice"
    assert repeats <= len(plan) * CONCURRENCY


async def _one_kill(company: Company, step: str, dice: random.Random, patience: float) -> None:
    armed = step in STEPS
    company.product.start(failpoint=f"{step}:{dice.randint(1, 2)}" if armed else "")
    scores = [1, 2, 3, 5]
    dice.shuffle(scores)
    company.welcome(scores, patience=patience * 3)
    ready = await company.began()
    if not armed:
        assert ready, company.product.said()
        if step == HALF_TOLD:
            await _tell_half(company)
        else:
            await asyncio.sleep(dice.uniform(0, 0.8))  # the moment is what is tried here
        company.product.kill()
    try:
        code = await company.ended(seconds=20)
    except TimeoutError:
        pytest.fail(f"the process never came to {step!r}\n{company.missing()}\n{company.product.said()}")
    assert code == KILLED, company.product.said()


async def _tell_half(company: Company) -> None:
    """An event of which only a part has arrived."""
    where = urlsplit(company.product.address)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {company.client.headers['Authorization']}\r\n"
    writer.write(f'{head}Content-Length: 500\r\n\r\n{{"type": "ticket.re'.encode())
    await writer.drain()
    await company.client.get("/healthz")  # what came before has been read by then
    writer.close()

"""SIGKILL while rules look and webhooks are called: each rule fires once for each occasion, and each call arrives."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from bot import config as configs
from bot.postman import AT_ONCE
from core import store as stores
from core.reactions import webhooks
from tests.reliability import books
from tests.reliability.company import Company, Person, founded
from tests.reliability.process import KILLED
from tests.rigs.receiver import Receiver, receiving

STEPS = (
    # something happens that rules look at
    "occasion.planned",  # in the transaction of what happened
    "occasion.begun",
    "call.planned",  # in the transaction of the rule
    "occasion.done",  # committed, but the job is not off the queue
    "job.done.occasion",
    # its webhook
    "call.taken",
    "call.sent",  # answered, and not written down
    "call.marked",
    "job.done.webhook",
)
REOPENED = ("came-back", "came-back-too")
SETTLED = "negative"
_CONFIG = """
[webhooks]
internal = ["127.0.0.0/8"]
"""
_SETUP = """
[[webhooks]]
key = "crm"
url = "{url}"
[[rules]]
key = "negative"
when = {{ bands = ["negative"] }}
then = ["reopen", "recover", "alert", "apologise", {{ do = "webhook", webhook = "crm" }}]
[[rules]]
key = "came-back"
event = "ticket.reopened"
then = [{{ do = "tag", tag = "again" }}, {{ do = "webhook", webhook = "crm" }}]
[[rules]]
key = "came-back-too"
event = "ticket.reopened"
then = [{{ do = "webhook", webhook = "crm" }}, {{ do = "alert", channel = "slack", to = "C0ALERTS0" }}]
"""
_FIRED = """
SELECT t.ref, e."values" FROM ticket_entries e JOIN tickets t ON t.id = e.ticket_id WHERE e.label = 'history.rule'
"""
_OPEN_CALLS = "SELECT key, state, problem FROM webhook_calls WHERE state <> 'sent'"
_TOLD = "SELECT t.ref FROM deliveries d JOIN tickets t ON t.id = d.ticket_id WHERE d.kind = 'rule_alert'"
Seen = tuple[str, str]
"""A ticket's ref and a rule's key."""


class Scene:
    """People who are unhappy, others whose tickets come back, and an endpoint that hears of both."""

    def __init__(self, company: Company, receiver: Receiver, verifier: Verifier) -> None:
        self.company, self.receiver, self.verifier = company, receiver, verifier
        self.returned: list[str] = []

    def welcome(self, *, patience: float) -> None:
        self.company.welcome([1, 5], patience=patience)
        for _ in range(2):
            ref = f"R-{len(self.returned)}"
            self.returned.append(ref)
            self.company.lives.add(asyncio.create_task(self._comes_back(ref)))

    async def _comes_back(self, ref: str) -> None:
        resolved = {"type": "ticket.resolved", "ticket": {"ref": ref, "subject": f"Back {ref}", "team": "team-0"}}
        await self.company.post(resolved | {"contact": {"ref": f"c-{ref}", "name": "Bo & <co>"}}, f"resolved-{ref}")
        await self.company.post({"type": "ticket.reopened", "ticket": {"ref": ref}}, f"reopened-{ref}")

    @property
    def expected(self) -> Counter[Seen]:
        unhappy: Iterable[Person] = (one for one in self.company.people if one.is_unhappy)
        return Counter(
            [(ref, rule) for ref in self.returned for rule in REOPENED] + [(p.ref, SETTLED) for p in unhappy]
        )

    @property
    def calls(self) -> dict[str, Seen]:
        """What each call that arrived was about, by its id. Who sends two bodies under one id is found out."""
        found: dict[str, Seen] = {}
        for headers, body in self.receiver.got:
            said = self.verifier.verify(body, headers)["data"]
            seen = (said["ticket"]["ref"], said["rule"])
            assert found.setdefault(headers["webhook-id"], seen) == seen
        return found

    async def all_is_told(self, *, seconds: float) -> None:
        await self.company.all_is_told(seconds=seconds)
        async with asyncio.timeout(seconds):
            while set(self.calls.values()) != set(self.expected) or await books.ask(self.company.store, _OPEN_CALLS):
                await asyncio.sleep(0.1)
        await books.at_rest(self.company.store, seconds=seconds)

    async def problems(self) -> list[str]:
        """What is not once, in the store and at the endpoint; and what the answers themselves owe."""
        store = self.company.store
        fired = Counter((ref, json.loads(values)["rule"]) for ref, values in await books.ask(store, _FIRED))
        heard = Counter(self.calls.values())
        told = Counter(ref for (ref,) in await books.ask(store, _TOLD))
        asked = {"fired": fired, "calls at the endpoint": heard}
        found = [f"{name}: {seen}" for name, seen in asked.items() if seen != self.expected]
        found += [f"alerts of rules: {told}"] if told != Counter(self.returned) else []
        return found + [one for one in await books.problems(self.company) if "nobody told" not in one]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_kill_makes_a_rule_fire_twice_or_never_or_loses_a_call(
    sqlite_url: str, tmp_path: Path, dice: random.Random
) -> None:
    plan = [*STEPS, *dice.choices(STEPS, k=3)]
    await _survives(sqlite_url, tmp_path, plan, dice, patience=90)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nor_does_it_on_postgresql(postgres_url: str, tmp_path: Path, dice: random.Random) -> None:
    plan = ["occasion.begun", "occasion.done", "call.taken", "call.sent", *dice.choices(STEPS, k=2)]
    await _survives(postgres_url, tmp_path, plan, dice, patience=120)


async def _survives(store: str, home: Path, plan: list[str], dice: random.Random, *, patience: float) -> None:
    dice.shuffle(plan)
    async with (
        receiving() as receiver,
        founded(store, home, config_too=_CONFIG, setup_too=_SETUP.format(url=receiver.url)) as company,
    ):
        company.priority = "urgent"
        scene = Scene(company, receiver, Verifier(await _secret(company)))
        for step in plan:
            await _one_kill(scene, step, dice, patience)
        company.product.start()
        assert await company.began(), company.product.said()
        try:
            await scene.all_is_told(seconds=patience)
        except TimeoutError:
            pytest.fail(f"{scene.expected - Counter(scene.calls.values())}\n{plan}\n{company.product.said()}")
        assert await company.product.stop() == 0
        assert await scene.problems() == []
        repeats = len(receiver.got) - len(scene.calls)
        print(f"{len(plan)} kills, {len(scene.calls)} calls, {repeats} made twice")  # noqa: T201
        assert repeats <= len(plan) * AT_ONCE, "only what was under way when the process was killed is called again"


async def _one_kill(scene: Scene, step: str, dice: random.Random, patience: float) -> None:
    company = scene.company
    company.product.start(failpoint=f"{step}:{dice.randint(1, 2)}")
    scene.welcome(patience=patience * 3)
    await company.began()
    try:
        code = await company.ended(seconds=20)
    except TimeoutError:
        pytest.fail(f"the process never came to {step!r}\n{company.missing()}\n{company.product.said()}")
    assert code == KILLED, company.product.said()


async def _secret(company: Company) -> str:
    """The endpoint's, made before the product is started: it is made in the browser alone otherwise."""
    config = configs.load(company.product.config, {})
    opened = await stores.open_store(company.store)
    try:
        vault = webhooks.Vault(configs.link_secret(config))
        return await webhooks.new_secret("crm", vault, by="lee", now=datetime.now(UTC))
    finally:
        await opened.close()

"""A company whose Afterword dies again and again: networks that repeat what was not acknowledged, lasting people."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port
from tests.reliability.process import Product, command
from tests.rigs.slack import SlackRig
from tests.rigs.telegram import TelegramRig
from tests.world import HOOK_SECRET

TEAMS = 6  # each with a Slack channel of its own, because one channel takes one message a second
BAD = 2
_CONFIG = """
[site]
listen = "127.0.0.1:{port}"
base_url = "http://127.0.0.1:{port}"
secret_key = "a secret of this installation, long enough for anybody"
[store]
url = "{store}"
[channels.support-bot]
kind = "telegram"
token = "{telegram.token}"
mode = "webhook"
webhook_secret = "{secret}"
api_base = "{telegram.url}"
[channels.slack]
kind = "slack"
mode = "http"
bot_token = "{slack.bot_token}"
signing_secret = "{slack.signing_secret}"
api_base = "{slack.url}"
"""
_SURVEY = """
[[surveys]]
key = "default"
delay = "0s"
window = "always"
settle_after = "{settle_after}"
budget = "none"
negative_up_to = 2
"""


@dataclass(frozen=True)
class Person:
    """Somebody whose ticket is resolved, and who answers once."""

    number: int
    score: int
    priority: str = "medium"

    @property
    def chat(self) -> int:
        return 10_000 + self.number

    @property
    def ref(self) -> str:
        return f"T-{self.number}"

    @property
    def subject(self) -> str:
        return f"Case {self.number:05} & more"

    @property
    def alerts(self) -> str:
        """The Slack channel that hears of it."""
        return f"C0ALERTS{self.number % TEAMS}"

    @property
    def is_unhappy(self) -> bool:
        return self.score <= BAD

    @property
    def event(self) -> dict[str, Any]:
        return {
            "type": "ticket.resolved",
            "ticket": {
                "ref": self.ref,
                "subject": self.subject,
                "team": f"team-{self.number % TEAMS}",
                "priority": self.priority,
            },
            "contact": {
                "ref": f"c-{self.number}",
                "name": f"Ann <{self.number}>",
                "locale": "en",
                "addresses": [{"channel": "support-bot", "address": str(self.chat)}],
            },
        }


class Company:
    """`up` says whether somebody answers at the address; people and networks wait for it and then try again."""

    def __init__(self, product: Product, telegram: TelegramRig, slack: SlackRig, token: str, store: str) -> None:
        self.product, self.telegram, self.slack, self.store = product, telegram, slack, store
        self.others: list[str] = []  # more addresses that take events
        self.priority = "medium"  # "urgent": every alert is a message of its own, however many there are
        self.people: list[Person] = []
        self.up = asyncio.Event()
        self.lives: set[asyncio.Task[None]] = set()
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.AsyncClient(base_url=product.address, headers=headers, trust_env=False, timeout=30)

    def welcome(self, scores: Sequence[int], *, patience: float) -> list[Person]:
        """New people with their tickets; their lives begin now and go on whatever happens to the product."""
        newcomers = [Person(len(self.people) + number, score, self.priority) for number, score in enumerate(scores)]
        self.people += newcomers
        self.lives |= {asyncio.create_task(self._live(person, patience)) for person in newcomers}
        return newcomers

    async def _live(self, person: Person, patience: float) -> None:
        await self.tell(person)
        await self.telegram.until(lambda: f"{person.score}★" in self.telegram.buttons(person.chat), patience)
        await self.telegram.tap(person.chat, f"{person.score}★")

    async def tell(self, person: Person) -> None:
        await self.post(person.event, f"resolved-{person.number}", turn=person.number)

    async def post(self, event: dict[str, Any], key: str, *, turn: int = 0) -> None:
        """As a careful client does: with the same Idempotency-Key until it is acknowledged, by whoever is there."""
        while True:
            await self.up.wait()
            with contextlib.suppress(httpx.TransportError):
                addresses = [self.product.address, *self.others]
                where = f"{addresses[turn % len(addresses)]}/api/v1/events"
                answer = await self.client.post(where, json=event, headers={"Idempotency-Key": key})
                if answer.status_code == httpx.codes.ACCEPTED:
                    return
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            await asyncio.sleep(0.05)

    async def repeat(self) -> None:
        """As Telegram does: what the hook did not take is posted again."""
        while True:
            await self.up.wait()
            if self.telegram.pending:
                await self.telegram.redeliver()
            await asyncio.sleep(0.1)

    async def began(self) -> bool:
        """Waits until the product is ready; False when it died before."""
        if await self.product.is_ready():
            self.up.set()
        return self.up.is_set()

    async def ended(self, *, seconds: float) -> int:
        code = await self.product.end(seconds=seconds)
        self.up.clear()
        return code

    def has_screen(self, person: Person) -> bool:
        """What the rating was is on the screen that was answered."""
        stars = "★" * person.score + "☆" * (5 - person.score)
        return any(stars in message.text for message in self.telegram.shown(person.chat))

    def alerts_for(self, person: Person) -> int:
        posted = self.slack.messages.values()
        return sum(not one.thread and one.channel == person.alerts and person.subject in one.seen for one in posted)

    def repeated_messages(self) -> int:
        """How many messages to people were sent once more than once."""
        first_drawn = [(one.chat, (one.edits or [one.text])[0]) for one in self.telegram.messages]
        return len(first_drawn) - len(set(first_drawn))

    def repeated_alerts(self) -> int:
        return sum(max(0, self.alerts_for(person) - 1) for person in self.people)

    async def all_is_told(self, *, seconds: float) -> None:
        """Everybody has answered and sees it, and the staff know of every bad answer."""
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self.lives)
            waiting = list(self.people)
            while waiting := [one for one in waiting if not self._is_told(one)]:
                await asyncio.sleep(0.1)

    def missing(self) -> str:
        unanswered = [one.number for one in self.people if not self.has_screen(one)]
        unheard = [one.number for one in self.people if one.is_unhappy and not self.alerts_for(one)]
        return f"without their screen: {unanswered}; without an alert: {unheard}"

    def _is_told(self, person: Person) -> bool:
        return self.has_screen(person) and (not person.is_unhappy or self.alerts_for(person) > 0)


@contextlib.asynccontextmanager
async def founded(
    store: str, home: Path, *, settle_after: str = "0s", config_too: str = "", setup_too: str = ""
) -> AsyncIterator[Company]:
    """Set up through the command line, on a store that has its tables; nothing is started yet."""
    port = free_port()
    async with TelegramRig() as telegram, SlackRig() as slack:
        slack.channels |= {f"C0ALERTS{number}": f"alerts-{number}" for number in range(TEAMS)}
        config = home / "config.toml"
        written = _CONFIG.format(port=port, store=store, telegram=telegram, slack=slack, secret=HOOK_SECRET)
        config.write_text(written + config_too)
        (home / "setup.toml").write_text(_setup(settle_after) + setup_too)
        await command("apply", str(home / "setup.toml"), "--config", str(config), log=home / "apply.log")
        create = ("token", "create", "--name", "helpdesk", "--scope", "admin", "--config", str(config))
        said = await command(*create, log=home / "token.log")
        token = next(line for line in said.splitlines() if line.startswith("aw_"))
        company = Company(Product(config, port), telegram, slack, token, store)
        repeating = asyncio.create_task(company.repeat())
        try:
            yield company
        finally:
            company.product.kill()
            for task in (repeating, *company.lives):
                task.cancel()
            await asyncio.gather(repeating, *company.lives, return_exceptions=True)
            await company.client.aclose()


def second(company: Company, home: Path) -> Product:
    """Another process on the same store, at an address of its own."""
    port = free_port()
    old = company.product.address.rpartition(":")[2]
    config = home / "second.toml"
    config.write_text(
        company.product.config.read_text().replace(f'listen = "127.0.0.1:{old}"', f'listen = "127.0.0.1:{port}"')
    )
    return Product(config, port)


def _setup(settle_after: str) -> str:
    teams = (
        f'[[teams]]\nkey = "team-{number}"\nname = "Team {number}"\n'
        f'alert = {{ channel = "slack", to = "C0ALERTS{number}" }}\n'
        for number in range(TEAMS)
    )
    return "\n".join(itertools.chain(teams, [_SURVEY.format(settle_after=settle_after)]))

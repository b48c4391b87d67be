"""Kestrel Coffee in the middle of a working day, and Lee, its admin, at the browser: something stands on every page.

The demonstration's company with all that goes wrong in a real one: somebody unhappy whom nobody has helped in time,
an answer that a robot may have sent, a message that nobody understood, one that did not arrive, half-written words.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext

from bot import app as product
from bot.app import App
from bot.demo import company, stage
from bot.demo.chronicle import Chronicle
from bot.demo.company import Answer, Customer, Request
from bot.demo.stage import Stage
from bot.web.identity_provider import IdentityProvider, ProviderSettings
from core import setup as setups
from core.accounts import accounts, invitations, sessions
from core.desk import attachments, tickets
from core.models.accounts import Account, Role
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Priority, Ticket, TicketStatus
from core.models.invites import Invite, InviteState
from core.models.setup import Staff
from core.models.webhooks import CallState, WebhookCall
from core.plumbing import arrivals
from core.ports import File, RawArrival
from core.reactions import alerts, recoveries, webhooks
from core.reactions.webhooks import Vault
from core.surveys import invites, visits
from core.wordings import ab_tests, drafts, publishing
from core.wordings.ab_tests import Plan
from core.wordings.drafts import Words
from core.wordings.scopes import Scope
from tests.ports import free_port
from tests.rigs.demo_browser import ZONE, running_from

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday; in Berlin it is ten o'clock."""
LEE, KIM = "lee@kestrel.example", "kim@kestrel.example"
"""An admin, and an agent."""
_OWN = Path(__file__).with_suffix(".toml")
_MEI = Customer(key="mei", name="Mei Tanaka", locale="en", tier="gold")
_OTTO = Customer(key="otto", name="Otto Brandt", locale="en")
_CHEN = Customer(key="chenyu", name="陈宇", locale="zh-Hans")
_IDA = Customer(key="ida", name="Ida Nowak", locale="en")
_ROSA = Customer(key="rosa", name="Rosa Almeida", locale="en")
_LATELY = {
    "overdue": (_MEI, Request(
        days=1, hour=9.0, customer="mei", team="orders", agent="kim", type="complaint", subject="Two boxes never came",
        words="I paid for two boxes and neither of them has come. I wrote to you twice.", result="Asked the carrier.",
        answer=Answer(scores=(1, 2, 1, 1), comment="Nobody answers. I want a refund.", reasons=("slow", "not_solved")),
    )),
    "taken": (_CHEN, Request(
        days=0, hour=7.2, customer="chenyu", team="machines", agent="liwei", type="technical_support",
        subject="水泵有噪音", words="开机后水泵噪音很大，邻居都听得到。", result="建议重新加水排气。",
        answer=Answer(scores=(2, 4, 3, 2), comment="试过了，还是很吵。", reasons=("not_solved",)),
    )),
    "open": (_OTTO, Request(
        days=0, hour=8.3, customer="otto", team="billing", agent="jing", type="complaint",
        subject="Charged after I had cancelled", words="I cancelled in October, and you charged me again.",
        result="Explained the notice period.",
        answer=Answer(scores=(2, 3, 4, 1), comment="That is not what your page says.", reasons=("unfriendly",)),
    )),
    "glad": (_ROSA, Request(
        days=0, hour=8.0, customer="rosa", team="orders", agent="tom", type="inquiry",
        subject="A grinder for travelling", words="Is there a grinder that fits into hand luggage?",
        result="Recommended the small hand grinder.",
        answer=Answer(scores=(5, 5, 5, 5), comment="Exactly what I was looking for. Thank you, Tom!"),
    )),
    "asked": (_IDA, Request(
        days=0, hour=8.6, customer="ida", team="machines", agent="sofia", type="inquiry", subject="Which descaler?",
        words="May I use vinegar?", result="Better not: it eats the seals.",
    )),
}  # fmt: skip

_ACCOUNTS = (
    ("kim", "Kim Berger", Role.AGENT),
    ("sofia", "Sofia Marino", Role.SUPERVISOR),
    ("lena", "Lena Vogt", Role.AUDITOR),
)


@dataclass(frozen=True, slots=True)
class Kestrel:
    """The company, served on a port of its own."""

    stage: Stage
    web: FastAPI
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.stage.app.config.site.base_url

    @property
    def store(self) -> Path:
        path = self.stage.app.config.store.path
        assert path is not None
        return path

    @property
    def now(self) -> datetime:
        return self.stage.clock()

    async def signed_in(self, email: str = LEE) -> str:
        """What the browser of somebody shows who is signed in."""
        if email not in self._tokens:
            account = await Account.get(email=email)
            self._tokens[email] = await sessions.begin(account, browser=_BROWSER, how="password", now=self.now)
        return self._tokens[email]

    async def context(self, browser: Browser, who: str = LEE, **options: Any) -> BrowserContext:
        """A browser window of somebody; `who` is "" for somebody who is not signed in."""
        context = await browser.new_context(timezone_id=ZONE, **{"locale": "en-GB", **options})
        if who:
            token = await self.signed_in(who)
            await context.add_cookies([{"name": "afterword-admin", "value": token, "url": self.address}])
        return context

    async def until(self, happened: Callable[[], Awaitable[object]], *, seconds: float = 30) -> None:
        """Ask again and again until it has."""
        async with asyncio.timeout(seconds):
            while not await happened():
                await asyncio.sleep(0.02)

    def trusts(self, *providers: ProviderSettings) -> None:
        """From now on one may come in by these, too."""
        by_name = {one.name: IdentityProvider(one) for one in providers}
        self.web.state.site = dataclasses.replace(self.web.state.site, providers=by_name)

    async def invitation(self) -> str:
        """A page on which somebody who was invited makes an account."""
        code = await invitations.to("new@kestrel.example", Role.AGENT, name="Nia", by=LEE, now=self.now)
        return f"/setup/{code}"


_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def filled(folder: Path) -> Path:
    """A folder with a store in which all of that has happened."""

    async def fill() -> None:
        async with stage.raised(free_port(), folder, clock=running_from(MORNING), zone=ZONE) as raised:
            await _Lately(raised.app, ZONE).write_on()

    asyncio.run(fill())
    return folder


@contextlib.asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Kestrel]:
    """The product behind its real web server, over a store that is `filled`."""
    async with stage.raised(free_port(), folder, clock=running_from(MORNING), zone=ZONE) as raised:
        listening, web = asyncio.Event(), product.web_app(raised.app)
        serving = asyncio.create_task(product.run(raised.app, web, ready=listening.set))
        await listening.wait()
        try:
            yield Kestrel(raised, web)
        finally:
            raised.leave()
            await serving


class _Lately(Chronicle):
    """What the demonstration does not tell."""

    def __init__(self, app: App, zone: str) -> None:
        super().__init__(app, zone)
        self._end = MORNING
        self._secret = app.secret

    async def write_on(self) -> None:
        await self._people()
        await setups.apply(
            setups.parse(_OWN.read_text("utf-8")), actor=LEE, now=self._before(days=1), channels=set(self._app.channels)
        )
        await accounts.change((await Account.get(email=LEE)).id, staff=LEE, by=LEE, now=self._before(days=1))
        for customer, request in _LATELY.values():
            self._contacts[customer.key] = await company.welcome(customer, self._zone, now=self._before(days=31))
            await self._live_through(request)
        await self._desk()
        await self._robot()
        await self._lost()
        await self._words()
        await self._calls()

    def _before(self, **span: float) -> datetime:
        return self._end - timedelta(**span)

    async def _people(self) -> None:
        now = self._before(days=20)
        await accounts.create(LEE, Role.ADMIN, name="Lee Castellano", by="command line", now=now)
        for key, name, role in _ACCOUNTS:
            made = await accounts.create(company.staff_key(key), role, name=name, by=LEE, now=now)
            if await Staff.exists(key=made.email):
                await accounts.change(made.id, staff=made.email, by=LEE, now=now)
        await invitations.to("new.agent@kestrel.example", Role.AGENT, name="Nia Osei", by=LEE, now=self._end)

    async def _desk(self) -> None:
        """Tickets in all states, one with a file and notes, and somebody unhappy whom Li Wei looks after."""
        now = self._before(minutes=50)
        unhappy = await Ticket.get(subject=_LATELY["taken"][1].subject)
        alert = await alerts.by_id((await unhappy.alerts.all().first()).id)  # type: ignore[union-attr]
        assert alert is not None
        await recoveries.take(alert, await Staff.get(key=company.staff_key("liwei")), now=now)
        ticket = await Ticket.get(subject="Wrong beans in my box")
        tom = await Staff.get(key=company.staff_key("tom"))
        await tickets.take(ticket, tom, now=now)
        entry = await tickets.message(
            ticket, "Here is a photo of the bag.", by="James Carter", from_contact=True, now=now
        )
        await attachments.keep(
            ticket, entry, company.CHAT, [File("bag.jpg", "image/jpeg", data=b"\xff\xd8\xff" * 9)], now=now
        )
        await tickets.note(ticket, "The packing list says light roast: our mistake.", by=tom.name, now=now)
        await tickets.set_priority(ticket, Priority.URGENT, by=tom.name, now=now)
        await Ticket.filter(subject="Charged twice this month").update(status=TicketStatus.WAITING)
        await Ticket.filter(created_at__lt=self._before(days=20)).update(status=TicketStatus.CLOSED)
        await tickets.open_ticket(
            contact=self._contacts["ida"], subject="Do you ship to Iceland?", channel=company.CHAT,
            text="We are moving in spring.", now=now,
        )  # fmt: skip

    async def _robot(self) -> None:
        row = await Invite.filter(state=InviteState.DELIVERED, contact__ref="ida").first()
        invite = await invites.by_id(row.id) if row else None
        assert invite is not None
        seen = {"doubts": ["too_quick", "all_links_opened"], "agent": _BROWSER, "open_for": 0.4, "links_at_once": 5}
        answer = visits.Answer({"overall": 1}, ("slow",), "")
        await visits.hold(invite, answer, {**seen, "since_delivery": 9}, confirm="", now=self._before(minutes=12))

    async def _lost(self) -> None:
        """A message that did not arrive, and two that nobody understood."""
        sent = await Delivery.filter(kind="invite", state=DeliveryState.SENT).order_by("-id").first()
        assert sent is not None
        await Delivery.filter(id=sent.id).update(
            state=DeliveryState.DEAD, attempts=9, problem="the chat was closed on the other side (HTTP 410)"
        )
        for number, body in enumerate((b'{"type": "tap", "action": "score:7"}', b"\x00\x9f\x92\x96 not JSON")):
            odd = RawArrival(f"odd-{number}", body)
            await arrivals.store(company.CHAT, [odd], now=self._before(hours=2 + number))
            await arrivals.quarantine(arrivals.key_of(company.CHAT, odd), "ValidationError: action: no such score")

    async def _words(self) -> None:
        then, now = self._before(days=6), self._before(hours=1)
        received = Scope("received", "en")
        for text in (
            "We have it: {{ ticket.number }}.",
            "Thank you, {{ contact.name }}! We have it: {{ ticket.number }}.",
        ):
            standing = await drafts.standing(received)
            await publishing.publish(received, Words("", text), seen=standing.mark, actor=LEE, now=then, note="Warmer")
        invite = Scope("invite", "en", "orders")
        words = Words(
            "How was it, {{ contact.name }}?", "Dear {{ contact.name }},\n\n{{ ticket.subject }}: {{ question }}"
        )
        standing = await drafts.standing(invite)
        drafted = await drafts.save(invite, words, seen=standing.mark, author=LEE, now=now)
        before = Words("How did it go?", "Hello {{ contact.name }},\n\n{{ ticket.subject }}: {{ question }}")
        plan = Plan(share=50, base=40, difference=10, days=30)
        both = {"a": {"invite": before}, "b": {"invite": words}}
        await ab_tests.start(invite, plan, **both, seen=drafted.mark, actor=LEE, now=now)

    async def _calls(self) -> None:
        """One call that arrived, and one that was given up."""
        now = self._before(hours=3)
        await webhooks.new_secret("crm", Vault(self._secret), by=LEE, now=now)
        ticket = await Ticket.get(subject=_LATELY["overdue"][1].subject)
        for once in ("first", "second"):
            await webhooks.call("crm", once, "response.settled", {"ticket": ticket.number}, ticket=ticket, now=now)
        await WebhookCall.filter(key__startswith="first").update(
            state=CallState.SENT, status=204, sent_at=now, attempts=1
        )
        await WebhookCall.exclude(key__startswith="first").update(
            state=CallState.DEAD, status=503, attempts=9, problem="given up after 9 tries: HTTP 503"
        )

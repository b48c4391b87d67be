"""Lets the sample company live through its last month, by the product's own use cases and with its own courier.

So every history, decision, score and message of the past is one that the product made, only at other times.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.app import App
from bot.channels.webchat import reading
from bot.courier import Courier
from bot.demo import company
from bot.demo.company import Answer, Request
from bot.surveys import actions
from bot.surveys.conversation import Conversation
from core import transactions
from core.desk import tickets
from core.models.contacts import Contact
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.reactions import Alert
from core.models.setup import Staff, Team
from core.plumbing import arrivals, deliveries
from core.ports import Person, Tapped
from core.reactions import alerts, recoveries
from core.surveys import invites, responses
from core.surveys.settings import SurveySettings

_DIMENSIONS = ("overall", "attitude", "speed", "resolution")
_MINUTE = timedelta(minutes=1)


class Chronicle:
    """Time is where the last thing happened: `_now` moves on from event to event."""

    def __init__(self, app: App, zone: str) -> None:
        self._app = app
        self._zone = zone
        self._now = self._end = app.clock()
        self._courier = Courier(app.site, app.channels, lambda: self._now)
        self._conversation = Conversation(app.site, app.worker.name)
        self._contacts: dict[str, Contact] = {}

    async def write(self) -> None:
        """Everything until now."""
        sample = company.sample()
        await company.set_up(now=self._end)
        for customer in sample.customers:
            a_month_ago = self._end - timedelta(days=31)
            self._contacts[customer.key] = await company.welcome(customer, self._zone, now=a_month_ago)
        for request in sample.past:
            await self._live_through(request)
        for request in sample.open:
            self._now = self._end - timedelta(hours=request.hour)
            await self._come_in(request)

    async def _live_through(self, request: Request) -> None:
        self._now = self._moment(request)
        ticket = await self._come_in(request)
        self._now += 38 * _MINUTE
        walk = await tickets.resolve(ticket, result=request.result, by=await self._name(request), now=self._now)
        await self._carry()
        if walk.invite is None:
            return
        self._now = walk.invite.due_at
        await self._carry()
        if request.answer is None:
            await self._stay_silent(walk.invite)
        else:
            self._now += 12 * _MINUTE
            await self._answer(walk.invite, request.answer, request)

    async def _come_in(self, request: Request) -> Ticket:
        """A customer writes, the team is told, and somebody of it takes the ticket."""
        contact = self._contacts[request.customer]
        await self._type(request)
        opened = await tickets.open_ticket(
            contact=contact,
            subject=request.subject,
            type=request.type,
            team=await Team.get(key=request.team),
            channel=company.CHAT,
            text=request.words,
            now=self._now,
        )
        await self._confirm(opened)
        agent = await Staff.get(key=company.staff_key(request.agent))
        self._now += 2 * _MINUTE
        await tickets.assign(opened, agent, now=self._now)
        await self._carry()
        return opened

    async def _type(self, request: Request) -> None:
        """What was typed stands in the chat, for a transcript is made of what arrived."""
        person = Person(request.customer)
        typed = reading.text_arrival(person, f"past{self._now:%Y%m%d%H%M%S}", request.words)
        await arrivals.store(company.CHAT, [typed], now=self._now)
        await arrivals.claim(arrivals.key_of(company.CHAT, typed))

    async def _confirm(self, ticket: Ticket) -> None:
        draft = deliveries.Draft(
            key=f"received:{ticket.id}",
            kind="received",
            channel=company.CHAT,
            target=ticket.contact.ref or "",
            contact_id=ticket.contact_id,
            ticket_id=ticket.id,
            subject_id=ticket.id,
        )
        now = self._now
        await transactions.run(lambda: deliveries.schedule(draft, due=now, now=now))
        await self._carry()

    async def _answer(self, invite: Invite, answer: Answer, request: Request) -> None:
        fresh = await invites.by_id(invite.id)
        if fresh is None:
            return
        wanted = zip(_DIMENSIONS, answer.scores, strict=True)
        scores = {dimension: score for dimension, score in wanted if score}
        if fresh.purpose == "recovery":
            scores = {"overall": answer.again}
        comment = answer.comment if fresh.purpose != "recovery" else ""
        given = await responses.answer(fresh, scores, answer.reasons, comment, finished=True, now=self._now)
        await responses.settle(given.id, now=self._now)
        await self._redraw(fresh)
        alert = await alerts.of_response(given.id)
        if alert is not None and answer.ended:
            await self._recover(alert, answer, request)

    async def _recover(self, alert: Alert, answer: Answer, request: Request) -> None:
        """Somebody takes it, mends it, and the customer is asked once more."""
        staff = await Staff.get(key=company.staff_key(request.agent))
        self._now += 6 * _MINUTE
        await recoveries.take(alert, staff, now=self._now)
        await self._carry()
        self._now += 95 * _MINUTE
        again = await alerts.by_id(alert.id)
        if again is None:
            return
        await recoveries.resolve(again, answer.ended, "", by=staff, now=self._now)
        await self._carry()
        asked = await Invite.filter(ticket_id=alert.ticket_id, purpose="recovery").order_by("-id").first()
        if asked is not None and answer.again:
            self._now += 30 * _MINUTE
            await self._answer(asked, answer, request)

    async def _stay_silent(self, invite: Invite) -> None:
        """Nobody answers: one reminder, and after a week it is over."""
        settings = SurveySettings()
        delivered = self._now
        for wait in (settings.remind_after, settings.expire_after):
            if delivered + wait < self._end:
                self._now = delivered + wait
                await invites.look(invite.id, now=self._now)
                await self._carry()

    async def _redraw(self, invite: Invite) -> None:
        """The question in the chat becomes the thanks, as after a tap on "Done"."""
        tap = Tapped(
            Person(invite.contact.ref or ""),
            invite.contact.ref or "",
            action=actions.write(invite.key, actions.ASK, "thanks"),
        )
        channel = self._app.channels[company.CHAT]
        turn = await self._conversation.heard(channel, tap, now=self._now)
        for delivery in turn.handed_over:
            await self._courier.deliver(delivery)
        await self._carry()

    async def _carry(self) -> None:
        """Send what is due by now, in its order."""
        while True:
            due = Delivery.filter(state=DeliveryState.WAITING, due_at__lte=self._now).order_by(
                "priority", "due_at", "id"
            )
            rows = await due
            if not rows:
                return
            for row in rows:
                await Delivery.filter(id=row.id).update(state=DeliveryState.SENDING)
                await self._courier.deliver(row)

    async def _name(self, request: Request) -> str:
        return (await Staff.get(key=company.staff_key(request.agent))).name

    def _moment(self, request: Request) -> datetime:
        """That hour of that day, in the company's own zone."""
        local = self._end.astimezone(ZoneInfo(self._zone)) - timedelta(days=request.days)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + timedelta(hours=request.hour)).astimezone(self._end.tzinfo)

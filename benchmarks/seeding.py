"""Stores with people in them: those who were asked and can tap, and those whose invites still wait."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import first_start
from bot.config import Config, link_secret
from core import access, transactions
from core import setup as setups
from core import store as stores
from core.models.contacts import Address, Contact
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Ticket, TicketStatus
from core.models.invites import Invite, InviteState
from core.models.responses import Response, Score
from core.models.setup import Survey, Team
from core.plumbing import deliveries, jobs
from core.surveys import invites, tokens

CHANNEL = "support-bot"
DIMENSIONS = ("overall", "attitude", "speed", "resolution")
_FIRST_CHAT, _FIRST_MESSAGE = 1_000_000, 5_000
_AT_ONCE = 5_000
_IN_SLACK = '{ channel = "slack", to = "C0ALERTS" }'

SETUP = """
[[teams]]
key = "support"
name = "Support"
alert = {alert}

[[surveys]]
key = "default"
delay = "{delay}"
window = "always"
budget = "none"
reminders = 0
settle_after = "{settle_after}"
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a question on the screen, who has answered the first `answered` dimensions of it."""

    number: int
    key: str
    answered: int = 0
    channel: str = CHANNEL

    @property
    def chat(self) -> int:
        return _FIRST_CHAT + self.number

    @property
    def address(self) -> str:
        """As the channel writes one; in Slack of direct messages that are open."""
        match self.channel:
            case "slack":
                return f"D{self.chat}"
            case "mail":
                return f"ann{self.number}@example.org"
            case "webchat":
                return f"w_{self.number}"
        return str(self.chat)

    @property
    def message(self) -> int:
        return _FIRST_MESSAGE + self.number


async def prepare(config: Config, *, settle_after: str, delay: str = "0s", alert: str = _IN_SLACK) -> str:
    """Make the store; answers with an API token."""
    now = datetime.now(UTC)
    await first_start.make_store(config)
    store = await stores.open_store(config.store.url)
    try:
        await first_start.fill_in(now=now)
        await setups.apply(setups.parse(SETUP.format(alert=alert, settle_after=settle_after, delay=delay)), now=now)
        return await access.create("benchmark", ["admin"], now=now)
    finally:
        await store.close()


async def asked(config: Config, count: int, *, begin: int = 0, spread: bool = False) -> list[Person]:
    """`count` people with an open question; with `spread` they stand at the first to the fourth of its dimensions."""
    people = [
        Person(number, tokens.new_key(), number % len(DIMENSIONS) if spread else 0)
        for number in range(begin, begin + count)
    ]
    await _filled(config, people, due=datetime.now(UTC) - timedelta(minutes=5), state=InviteState.DELIVERED)
    return people


async def scheduled(config: Config, count: int, *, due: datetime, channel: str = CHANNEL) -> None:
    """`count` invites that leave at `due`."""
    people = [Person(number, tokens.new_key(), channel=channel) for number in range(count)]
    await _filled(config, people, due=due, state=InviteState.SCHEDULED)


async def _filled(config: Config, people: Sequence[Person], *, due: datetime, state: InviteState) -> None:
    tokens.use(link_secret(config))
    store = await stores.open_store(config.store.url)
    try:
        for some in _in_parts(people):
            await transactions.run(lambda some=some: _write(some, due, state))  # type: ignore[misc]  # binds the loop's value
    finally:
        await store.close()


async def _write(people: Sequence[Person], due: datetime, state: InviteState) -> None:
    now = datetime.now(UTC)
    survey = await Survey.get(key="default", current=True)
    team = await Team.get(key="support")
    ids = [one.number + 1 for one in people]
    await Contact.bulk_create(
        Contact(id=id_, ref=f"c-{id_}", name=f"Ann {id_} <3", locale="en", timezone="Europe/Berlin", created_at=now)
        for id_ in ids
    )
    await Address.bulk_create(
        Address(id=one.number + 1, contact_id=one.number + 1, channel=one.channel, address=one.address, created_at=now)
        for one in people
    )
    await Ticket.bulk_create(_ticket(id_, team, now) for id_ in ids)
    await Invite.bulk_create(_invite(one, survey, due, state, now) for one in people)
    await Delivery.bulk_create(_delivery(one, due, state, now) for one in people)
    if state == InviteState.SCHEDULED:
        for id_ in ids:
            await jobs.enqueue(deliveries.JOB, id_, due=due, now=now, priority=10 - deliveries.INVITE)
    else:
        begun = [one for one in people if one.answered]
        await Response.bulk_create(_response(one, now) for one in begun)
        await Score.bulk_create(itertools.chain.from_iterable(_scores(one, now) for one in begun))


def _ticket(id_: int, team: Team, now: datetime) -> Ticket:
    return Ticket(
        id=id_,
        number=f"B{id_:08d}",
        ref=f"T-{id_}",
        subject=f"Parcel {id_}",
        status=TicketStatus.RESOLVED,
        contact_id=id_,
        team_id=team.id,
        created_at=now,
        resolved_at=now,
    )


def _invite(one: Person, survey: Survey, due: datetime, state: InviteState, now: datetime) -> Invite:
    return Invite(
        id=one.number + 1,
        key=one.key,
        token_hash=tokens.hash_of(tokens.token_for(one.key)),
        ticket_id=one.number + 1,
        cycle=1,
        survey_id=survey.id,
        survey_key=survey.key,
        contact_id=one.number + 1,
        address_id=one.number + 1,
        state=InviteState.ANSWERED if one.answered else state,
        due_at=due,
        delivered_at=due if state == InviteState.DELIVERED else None,
        expires_at=due + timedelta(days=7),
        created_at=now,
    )


def _delivery(one: Person, due: datetime, state: InviteState, now: datetime) -> Delivery:
    id_, sent = one.number + 1, state == InviteState.DELIVERED
    how: dict[str, Any] = {"state": DeliveryState.SENT, "sent_at": due, "receipt": str(one.message)} if sent else {}
    return Delivery(
        id=id_,
        key=f"invite:{id_}:{id_}",
        kind="invite",
        channel=one.channel,
        target=one.address,
        contact_id=id_,
        address_id=id_,
        ticket_id=id_,
        subject_id=id_,
        screen=invites.screen_of(id_),
        priority=deliveries.INVITE,
        due_at=due,
        created_at=now,
        **how,
    )


def _response(one: Person, now: datetime) -> Response:
    return Response(id=one.number + 1, invite_id=one.number + 1, version=one.answered, created_at=now, changed_at=now)


def _scores(one: Person, now: datetime) -> Iterator[Score]:
    for dimension in DIMENSIONS[: one.answered]:
        yield Score(response_id=one.number + 1, dimension=dimension, value=4, given_at=now)


def _in_parts(people: Sequence[Person]) -> Iterator[Sequence[Person]]:
    for at in range(0, len(people), _AT_ONCE):
        yield people[at : at + _AT_ONCE]

"""A ticket, a contact and a survey for tests of the domain; what a test does not care about is nasty by default."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.contacts import AddressFacts, ContactFacts
from core.desk import intake
from core.desk.tickets import Walk
from core.models.invites import Invite
from core.models.setup import Staff, StaffAddress, Survey, Team
from core.reactions import rules
from core.surveys import invites, tokens
from core.surveys.settings import SurveySettings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Addresses = tuple[tuple[str, str], ...]
TELEGRAM: Addresses = (("support-bot", "777"),)
SECRET = b"a secret of the tests, 32 bytes or more"


def at(**later: float) -> datetime:
    return NOON + timedelta(**later)


async def company(**settings: Any) -> Survey:
    """A team with an alert route, Kim who leads it, the shipped rules, and a survey that asks at once."""
    tokens.use(SECRET)
    team = await Team.create(key="support", name="Support", alert_channel="slack", alert_to="C0ALERTS")
    kim = await Staff.create(key="kim@example.org", name="Kim", team=team, leads=True)
    await StaffAddress.create(staff=kim, channel="slack", address="U0KIM")
    await rules.ensure_default()
    wanted = SurveySettings.model_validate({"delay": "0s", "window": "always", "budget": "none", **settings})
    return await Survey.create(
        key="default", version=1, settings=wanted.model_dump(mode="json"), created_at=NOON, current=True
    )


async def resolved(
    ref: str = "T-1",
    *,
    contact: str = "c-1",
    addresses: Addresses = TELEGRAM,
    now: datetime = NOON,
    **facts: Any,
) -> Walk:
    """An outside system says that a ticket is resolved."""
    ticket = intake.TicketFacts(
        ref=ref, subject="Router & <cable>", team="support", agent=intake.AgentFacts("Li", "li@example.org"), **facts
    )
    person = ContactFacts(
        ref=contact,
        name="Ann <3",
        locale="en",
        timezone="Europe/Berlin",
        addresses=tuple(AddressFacts(channel, address) for channel, address in addresses),
    )
    return await intake.ticket_resolved(ticket, person, now=now)


async def asked(ref: str = "T-1", *, now: datetime = NOON, **facts: Any) -> Invite:
    """A ticket is resolved and its question is with the contact."""
    walk = await resolved(ref, now=now, **facts)
    assert walk.invite is not None
    await invites.delivered(walk.invite.id, now=now)
    return await whole(walk.invite)


async def whole(invite: Invite) -> Invite:
    """The invite as it is now, with everything that use cases need."""
    found = await invites.by_id(invite.id)
    assert found is not None
    return found

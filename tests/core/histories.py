"""Random histories of questions and answers, put straight into the store: what figures are counted of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from core.insight.figures import Filters
from core.models.contacts import Address, Contact
from core.models.desk import Ticket
from core.models.invites import Decision, Invite, InvitePurpose, Slice
from core.models.reactions import Recovery
from core.models.responses import Response
from core.models.setup import Survey
from core.surveys import slices

NOW = datetime(2026, 11, 5, 12, 30, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Beirut", "America/Havana", "Pacific/Apia")
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    NOW,
)


@dataclass(frozen=True)
class Told:
    """One question and what came of it."""

    team: int
    type: str
    channel: str
    agent: int
    locale: str
    purpose: InvitePurpose
    state: str
    delivered: bool
    asked_at: datetime
    answered_at: datetime
    scores: dict[str, int] | None
    band: str
    commented: bool
    recovery: str
    took: tuple[int, int]
    late: bool
    unasked: str


moments = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes, microseconds=minutes * 7919 % 1_000_000),
    st.sampled_from(CHANGES),
    st.integers(-3 * 1440, 1440),
)
told = st.builds(
    Told,
    team=st.integers(0, 2),
    type=st.sampled_from(("inquiry", "complaint")),
    channel=st.sampled_from(("mail", "support-bot")),
    agent=st.integers(0, 2),
    locale=st.sampled_from(("", "en")),
    purpose=st.sampled_from(InvitePurpose),
    state=st.sampled_from(
        (
            "scheduled",
            "delivered",
            "answered",
            "finished",
            "expired",
            "cancelled",
            "undeliverable",
            "answered",
            "finished",
        )
    ),
    delivered=st.booleans(),
    asked_at=moments,
    answered_at=moments,
    scores=st.none() | st.dictionaries(st.sampled_from(("overall", "speed", "kind")), st.integers(1, 5), min_size=1),
    band=st.sampled_from(("negative", "neutral", "positive")),
    commented=st.booleans(),
    recovery=st.sampled_from(("", "open", "taken", "resolved", "dismissed")),
    took=st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    late=st.booleans(),
    unasked=st.sampled_from(("", "", "opted_out", "no_address")),
)
chosen = st.builds(
    Filters,
    team=st.sampled_from((None, None, 0, 1)),
    type=st.sampled_from((None, None, "complaint")),
    channel=st.sampled_from((None, None, "mail")),
    agent=st.sampled_from((None, None, 0, 2)),
    locale=st.sampled_from((None, None, "")),
)
ends = st.tuples(st.integers(0, 330), st.integers(0, 330)).map(sorted)


def is_meant(one: Told, filters: Filters) -> bool:
    names = ("team", "type", "channel", "agent", "locale")
    return all(getattr(filters, name) in (None, getattr(one, name)) for name in names)


def has_response(one: Told) -> bool:
    return one.state in ("answered", "finished")


def is_rated(one: Told) -> bool:
    return has_response(one) and one.scores is not None


async def forget() -> None:
    for model in (Recovery, Response, Invite, Decision, Ticket, Address, Contact, Slice):
        await model.all().delete()


async def put_in(one: Told, number: int) -> Invite:
    contact = await Contact.create(ref=f"c{number}", locale=one.locale, created_at=NOW)
    address = await Address.create(contact=contact, channel=one.channel, address=str(number), created_at=NOW)
    ticket = await Ticket.create(number=f"CS{number}", contact=contact, type=one.type, created_at=NOW)
    ticket_like: Any = SimpleNamespace(team_id=one.team, type=one.type, assignee_id=one.agent)
    slice_id = await slices.of(ticket_like, contact, channel=one.channel, survey="default", purpose=one.purpose)
    survey = await Survey.get(key="default")
    invite = await Invite.create(
        key=f"k{number}", token_hash=f"{number:064}", ticket=ticket, cycle=1, purpose=one.purpose, survey=survey,
        survey_key="default", contact=contact, address=address, slice_id=slice_id, state=one.state, due_at=one.asked_at,
        asked_at=one.asked_at, delivered_at=one.asked_at if one.delivered else None, expires_at=NOW, created_at=NOW,
    )  # fmt: skip
    if one.unasked and one.purpose == "service":
        await Decision.create(
            ticket=ticket, cycle=2, sent=False, reason=one.unasked, slice_id=slice_id, at=one.asked_at
        )
    if not has_response(one):
        return invite
    judged: dict[str, Any] = {} if one.scores is None else {
        "judged": dict(sorted(one.scores.items())), "overall": one.scores.get("overall"), "band": one.band
    }  # fmt: skip
    response = await Response.create(
        invite=invite, slice_id=slice_id, commented=one.commented, created_at=one.answered_at, changed_at=NOW, **judged
    )
    if one.recovery:
        taken = one.answered_at + timedelta(seconds=one.took[0])
        await Recovery.create(
            ticket=ticket, response=response, state=one.recovery, due_at=NOW + timedelta(hours=-1 if one.late else 1),
            opened_at=one.answered_at, taken_at=None if one.recovery == "open" else taken,
            closed_at=taken + timedelta(seconds=one.took[1]) if one.recovery in ("resolved", "dismissed") else None,
        )  # fmt: skip
    return invite

"""A survey that a person sends, with a reason: asked at once, whatever the budget, the sample and the hours say."""

from __future__ import annotations

from datetime import datetime

from core import contacts, errors, history, transactions
from core.desk import tickets
from core.models.contacts import Contact
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket
from core.models.invites import Decision, Invite, InvitePurpose, InviteState
from core.models.setup import Survey
from core.surveys import catalogue, eligibility, invites
from core.text import NAME_LIMIT, clean_line

REASON_LIMIT = 500
_NEVER_ASKED = (InviteState.CANCELLED, InviteState.UNDELIVERABLE)


@transactions.atomic
async def send(ticket: Ticket, *, reason: str, by: str, now: datetime) -> tuple[Decision, Invite | None]:
    """Ask about the ticket's present cycle now; the decision says "by_hand", or what even a person cannot overrule.

    The decision is kept where the cycle has none yet; else the ticket's history alone tells of it. Raises
    errors.Invalid without a reason, and errors.Conflict when this cycle has been asked about already.
    """
    reason, by = clean_line(reason, limit=REASON_LIMIT), clean_line(by, limit=NAME_LIMIT)
    if not reason:
        raise errors.Invalid("say why the survey is sent by hand", field="reason", label="note.say_why")
    ticket = await _locked(ticket)
    await _must_be_unasked(ticket)
    survey = await _survey_for(ticket)
    against = await _against(ticket.contact, survey)
    decision = Decision(
        ticket_id=ticket.id,
        cycle=ticket.cycle,
        survey_key=survey.key if survey else "",
        sent=not against,
        reason=against or "by_hand",
        values={"by": by},
        at=now,
    )
    await _write_down(ticket, decision, reason=reason, by=by, now=now)
    if survey is None or against:
        return decision, None
    await _make_room(ticket, survey)
    return decision, await invites.create(ticket, ticket.contact, survey, InvitePurpose.MANUAL, due=now, now=now)


async def _locked(ticket: Ticket) -> Ticket:
    """Nobody resolves it, or sends another by hand, before this one is stored."""
    await Ticket.filter(id=ticket.id).select_for_update().first()
    return await Ticket.get(id=ticket.id).select_related("contact", "team")


async def _must_be_unasked(ticket: Ticket) -> None:
    asked = Invite.filter(ticket_id=ticket.id, cycle=ticket.cycle, state__not_in=_NEVER_ASKED)
    if await asked.exists():
        raise errors.Conflict(
            f"{ticket.number} is asked about already; once it was reopened, it can be asked about again",
            field="ticket",
            label="decision.already_asked",
        )


async def _survey_for(ticket: Ticket) -> Survey | None:
    """The survey that would ask by itself. If none fits, a person thinks that it should be asked all the same."""
    surveys = await catalogue.current()
    traits, tier = tickets.traits_of(ticket), ticket.contact.tier
    for survey in surveys:
        if eligibility.unmet_condition(catalogue.settings_of(survey).conditions, traits, tier) is None:
            return survey
    return surveys[0] if surveys else None


async def _against(contact: Contact, survey: Survey | None) -> str:
    """What even a person cannot overrule: "opted_out" and the like; "" when nothing speaks against it."""
    if survey is None:
        return "no_survey"
    if await contacts.is_staff_or_test(contact):
        return "staff_or_test"
    if contact.opted_out_at is not None:
        return "opted_out"
    return "" if await contacts.reachable(contact) else "no_address"


async def _write_down(ticket: Ticket, decision: Decision, *, reason: str, by: str, now: datetime) -> None:
    label = "history.sent_by_hand" if decision.sent else f"decision.{decision.reason}"
    values: dict[str, object] = {"name": by, "reason": reason}
    await history.write(ticket, EntryKind.DECISION, actor=by, label=label, values=values, now=now)
    # An attempt in vain on an open ticket must not stand in the way of what is decided when it is resolved.
    in_vain = not decision.sent and ticket.status in OPEN_STATUSES
    known = Decision.filter(ticket_id=ticket.id, cycle=ticket.cycle, survey_key=decision.survey_key)
    if not in_vain and not await known.exists():
        await decision.save()


async def _make_room(ticket: Ticket, survey: Survey) -> None:
    """One sent by hand that never reached anybody gives its place to this one; the history still tells of it."""
    dead = Invite.filter(ticket_id=ticket.id, cycle=ticket.cycle, survey_key=survey.key, purpose=InvitePurpose.MANUAL)
    await dead.filter(state__in=_NEVER_ASKED).delete()

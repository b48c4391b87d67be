"""One question to one contact about one cycle: planned, sent, reminded of, expired, or never sent and why."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.queryset import QuerySet

from core import contacts, errors, history, occasions, places, transactions
from core.models.contacts import Address, Contact
from core.models.deliveries import Delivery
from core.models.desk import EntryKind, Ticket
from core.models.invites import UNANSWERED, Decision, Invite, InvitePurpose, InviteState
from core.models.responses import HeldAnswer, PageVisit
from core.models.setup import Survey
from core.plumbing import deliveries, jobs
from core.store.prepared import Prepared, insert
from core.surveys import catalogue, eligibility, slices, tokens
from core.surveys.settings import SurveySettings

JOB = "invite"


def screen_of(invite_id: int) -> str:
    """The name of the one message that an invite's conversation redraws."""
    return f"invite:{invite_id}"


async def by_token(token: str) -> Invite | None:
    """The invite behind a link, with everything that a page needs; None for what is not exactly one of our tokens."""
    hashed = tokens.hash_of(token)
    return await _BY_TOKEN.first(hashed) if hashed else None


async def by_key(key: str) -> Invite | None:
    """The invite behind a button, with contact, address, survey and ticket."""
    return await _BY_KEY.first(key)


async def by_id(invite_id: int) -> Invite | None:
    return await _BY_ID.first(invite_id)


def _whole() -> QuerySet[Invite]:
    return Invite.all().select_related("contact", "address", "survey", "ticket", "ticket__team", "agent")


def _asked(contact_id: int) -> QuerySet[Invite]:
    """What counts against the contact's budget."""
    return Invite.filter(
        contact_id=contact_id,
        purpose__in=(InvitePurpose.SERVICE, InvitePurpose.MANUAL),
        state__not_in=(InviteState.CANCELLED, InviteState.UNDELIVERABLE),
    ).select_related("address")


def _decided(ticket_id: int, cycle: int) -> QuerySet[Decision]:
    return Decision.filter(ticket_id=ticket_id, cycle=cycle).order_by("-sent", "id")


_ASKED = Prepared(Invite, _asked, int)
_DECIDED = Prepared(Decision, _decided, int, int)
_BY_TOKEN = Prepared(Invite, lambda hashed: _whole().filter(token_hash=hashed), str)
_BY_KEY = Prepared(Invite, lambda key: _whole().filter(key=key), str)
_BY_ID = Prepared(Invite, lambda id_: _whole().filter(id=id_), int)


@transactions.atomic
async def plan(
    ticket: Ticket, contact: Contact, traits: eligibility.TicketTraits, *, now: datetime
) -> tuple[Decision, Invite | None]:
    """Decide whether this cycle is asked about and write it down, sent or not. Repeating it changes nothing."""
    await contacts.lock(contact)  # two tickets that are resolved at once share one budget
    known = await _DECIDED.first(ticket.id, ticket.cycle)
    if known is not None:
        return known, await _asked_by(ticket)
    survey, verdict = await _verdict(contact, traits, now=now)
    decision = await insert(
        Decision,
        ticket_id=ticket.id,
        cycle=ticket.cycle,
        survey_key=survey.key if survey else "",
        sent=verdict.send,
        reason=verdict.reason,
        values=verdict.values,
        slice_id=None if verdict.send else await _slice_unsent(ticket, contact, survey),
        at=now,
    )
    values: dict[str, object] = {**verdict.values, "when": (verdict.due_at or now).isoformat()}
    label = "decision.planned" if verdict.send else f"decision.{verdict.reason}"
    invite = None
    if verdict.send and survey is not None and verdict.due_at is not None:
        invite = await create(ticket, contact, survey, InvitePurpose.SERVICE, due=verdict.due_at, now=now)
        values["channel"] = invite.address.channel
    await history.write(ticket, EntryKind.DECISION, label=label, values=values, now=now)
    return decision, invite


@transactions.atomic
async def ask_again(ticket: Ticket, contact: Contact, *, now: datetime) -> Invite | None:
    """After a recovery: is it right now? Asked at once, outside the budget; None without address or after /stop."""
    if contact.opted_out_at is not None or await contacts.is_staff_or_test(contact):
        return None
    first = await Invite.filter(ticket_id=ticket.id).order_by("-id").select_related("survey").first()
    survey = first.survey if first else None
    if survey is None or not await contacts.reachable(contact):
        return None
    known = await Invite.get_or_none(
        ticket_id=ticket.id, cycle=ticket.cycle, survey_key=survey.key, purpose=InvitePurpose.RECOVERY
    )
    return known or await create(ticket, contact, survey, InvitePurpose.RECOVERY, due=now, now=now)


@transactions.atomic
async def delivered(invite_id: int, *, now: datetime) -> None:
    """The question is with the contact: the time until it expires runs from now, and so does the reminder's."""
    invite = await by_id(invite_id)
    if invite is None or invite.delivered_at is not None:
        return
    settings = catalogue.settings_for(invite)
    expires = now + settings.expire_after
    remind = now + settings.remind_after if settings.reminders and invite.purpose != InvitePurpose.RECOVERY else None
    # A quick thumb answers before this is written down: then only the moment is noted.
    await Invite.filter(id=invite_id).update(delivered_at=now, asked_at=now, expires_at=expires, remind_at=remind)
    await Invite.filter(id=invite_id, state=InviteState.SCHEDULED).update(state=InviteState.DELIVERED)
    await jobs.enqueue(JOB, invite_id, due=min(remind or expires, expires), now=now)
    channel: dict[str, object] = {"channel": invite.address.channel}
    await history.write(invite.ticket, EntryKind.INVITED, label="history.invite_sent", values=channel, now=now)


@transactions.atomic
async def look(invite_id: int, *, now: datetime) -> None:
    """The job's "look at invite 17": remind when it is time, expire when it is over, come again for what is left."""
    invite = await by_id(invite_id)
    if invite is None or invite.state not in UNANSWERED or invite.contact.opted_out_at is not None:
        return
    if now >= invite.expires_at:
        await _expire(invite, now=now)
        return
    next_look = invite.expires_at
    if invite.remind_at is not None:
        if now >= invite.remind_at:
            invite.remind_at = await _remind(invite, now=now)
        next_look = min(invite.remind_at or next_look, next_look)
    await jobs.enqueue(JOB, invite.id, due=next_look, now=now, once=f"invite:{invite.id}:{next_look.timestamp()}")


@transactions.atomic
async def undeliverable(invite_id: int, address_id: int, reason: str, *, dead: bool = True, now: datetime) -> None:
    """That address does not take it: try the contact's next one, and if there is none, say so on the ticket.

    `dead`: and never will. Otherwise it was given up, and the address is not to blame.
    """
    invite = await by_id(invite_id)
    place = places.of(invite.ticket) if invite else None
    if dead and place is None:  # who is served in a group may never have opened a chat of their own
        await contacts.mark_unreachable(address_id, reason)
    if invite is None or invite.state != InviteState.SCHEDULED or invite.address_id != address_id:
        return
    values: dict[str, object] = {"channel": invite.address.channel, "reason": reason[:300]}
    label = "history.invite_failed"
    entry = await history.write(invite.ticket, EntryKind.UNDELIVERABLE, label=label, values=values, now=now)
    tried = set(await Delivery.filter(screen=screen_of(invite.id)).values_list("address_id", flat=True))
    others = [one for one in await contacts.reachable(invite.contact) if one.id not in tried]
    if not others and place is not None and now < invite.expires_at and not await _went_to(invite, place):
        await _send(invite, _first_kind(invite.purpose), due=now, now=now, place=place)
        return
    if not others or now >= invite.expires_at:
        given_up = Invite.filter(id=invite.id, state=InviteState.SCHEDULED)
        if await given_up.update(state=InviteState.UNDELIVERABLE):
            name = str(entry.id)
            await occasions.happened("invite.undeliverable", name, invite.ticket, invite_id=invite.id, now=now)
        return
    invite.address, invite.address_id = others[0], others[0].id
    await Invite.filter(id=invite.id).update(address_id=others[0].id, slice_id=await _slice_at(invite, others[0]))
    await _send(invite, _first_kind(invite.purpose), due=now, now=now)


@transactions.atomic
async def revive(invite_id: int, address_id: int | None, *, now: datetime) -> None:
    """Its dead letter to that address is sent again: it counts once more as on its way, as long as it always had."""
    invite = await by_id(invite_id)
    if invite is not None and invite.state == InviteState.UNDELIVERABLE:
        there = await Address.get_or_none(id=address_id) or invite.address
        expires = now + catalogue.settings_for(invite).expire_after
        slice_id = await _slice_at(invite, there)
        values = {"state": InviteState.SCHEDULED, "address_id": there.id, "slice_id": slice_id, "expires_at": expires}
        await Invite.filter(id=invite_id).update(**values)


async def opening(invite_id: int, *, now: datetime) -> datetime:
    """When the contact may be asked: now, or when the delivery window opens next."""
    invite = await by_id(invite_id)
    if invite is None or invite.purpose != InvitePurpose.SERVICE:
        return now
    window = catalogue.settings_for(invite).window
    return eligibility.into_window(now, window, contacts.zone_of(invite.contact))


@transactions.atomic
async def cancel_unsent(ticket: Ticket) -> None:
    """The ticket is open again: what has not been asked is not asked, and nobody is reminded."""
    for invite in await Invite.filter(ticket_id=ticket.id, state=InviteState.SCHEDULED):
        await Invite.filter(id=invite.id, state=InviteState.SCHEDULED).update(state=InviteState.CANCELLED)
        await deliveries.cancel(screen=screen_of(invite.id))
    for invite in await Invite.filter(ticket_id=ticket.id, state=InviteState.DELIVERED):
        await Invite.filter(id=invite.id).update(remind_at=None)
        await deliveries.cancel(screen=screen_of(invite.id), kind="reminder")


@transactions.atomic
async def stop_asking(contact: Contact, *, now: datetime) -> None:
    """The contact wants no more surveys: those under way are cancelled too."""
    await contacts.opt_out(contact, now=now)
    for invite in await Invite.filter(contact_id=contact.id, state__in=UNANSWERED):
        await Invite.filter(id=invite.id, state__in=UNANSWERED).update(state=InviteState.CANCELLED, remind_at=None)
        await deliveries.cancel(screen=screen_of(invite.id))


async def latest_open(contact: Contact, *, channel: str, now: datetime) -> Invite | None:
    """The invite that a contact's words in a channel most probably mean: the last one that reached them there."""
    states = (InviteState.DELIVERED, InviteState.ANSWERED, InviteState.FINISHED)
    row = (
        await _whole()
        .filter(contact_id=contact.id, address__channel=channel, state__in=states)
        .order_by("-delivered_at", "-id")
        .first()
    )
    return row if row is None or now < row.expires_at else None


async def _verdict(
    contact: Contact, traits: eligibility.TicketTraits, *, now: datetime
) -> tuple[Survey | None, eligibility.Verdict]:
    surveys = {survey.key: survey for survey in await catalogue.current()}
    settings = {key: catalogue.settings_of(survey) for key, survey in surveys.items()}
    person = await traits_of(contact, list(settings.values()), now=now)
    key, verdict = eligibility.judge(settings.items(), traits, person, now=now)
    return surveys.get(key), verdict


async def traits_of(contact: Contact, settings: list[SurveySettings], *, now: datetime) -> eligibility.ContactTraits:
    """What decides about asking this contact now, by any of these surveys."""
    since = now - eligibility.longest_span(settings) - timedelta(days=1)
    asked = [one for one in await _ASKED.all(contact.id) if one.due_at > since]
    return eligibility.ContactTraits(
        zone=contacts.zone_of(contact),
        tier=contact.tier,
        internal=await contacts.is_staff_or_test(contact),
        opted_out=contact.opted_out_at is not None,
        addresses=len(await contacts.reachable(contact)),
        asked=tuple(eligibility.Asked(one.delivered_at or one.due_at, one.address.channel) for one in asked),
    )


async def create(
    ticket: Ticket, contact: Contact, survey: Survey, purpose: InvitePurpose, *, due: datetime, now: datetime
) -> Invite:
    """The invite and its message, due at `due`. That it may be asked, and can be reached, was found out before."""
    ways = await contacts.reachable(contact, first=ticket.channel)
    if not ways:  # its last address went to another contact at this very moment
        raise errors.Conflict("this contact has no usable address any more", field="contact")
    key = tokens.new_key()
    invite = await insert(
        Invite,
        key=key,
        token_hash=tokens.hash_of(tokens.token_for(key)),
        ticket=ticket,
        cycle=ticket.cycle,
        purpose=purpose,
        survey=survey,
        survey_key=survey.key,
        anonymous=catalogue.settings_of(survey).anonymous and purpose != InvitePurpose.RECOVERY,
        contact=contact,
        agent_id=ticket.assignee_id,
        address=ways[0],
        slice_id=await slices.of(ticket, contact, channel=ways[0].channel, survey=survey.key, purpose=purpose),
        due_at=due,
        asked_at=due,
        expires_at=due + catalogue.settings_of(survey).expire_after,
        created_at=now,
    )
    await _send(invite, _first_kind(purpose), due=due, now=now)
    return invite


def _first_kind(purpose: InvitePurpose) -> str:
    return "recovered" if purpose == InvitePurpose.RECOVERY else "invite"


async def _went_to(invite: Invite, place: places.Place) -> bool:
    return await Delivery.filter(screen=screen_of(invite.id), channel=place.channel, target=place.target).exists()


async def _send(invite: Invite, kind: str, *, due: datetime, now: datetime, place: places.Place | None = None) -> None:
    """To the contact alone; to the group where they asked, as an answer to them, only if it has to be there."""
    address: Address = invite.address
    known = places.of(invite.ticket)
    if known is not None and await _went_to(invite, known):
        place = known
    draft = deliveries.Draft(
        key=":".join(
            [f"{kind}:{invite.id}:{address.id}"]
            + (["group"] if place else [])
            + ([str(invite.reminders)] if kind == "reminder" else [])
        ),
        kind=kind,
        channel=place.channel if place else address.channel,
        target=place.target if place else address.address,
        payload={"thread": place.message} if place else {},
        priority=deliveries.INVITE,
        contact_id=invite.contact_id,
        address_id=address.id,
        ticket_id=invite.ticket_id,
        subject_id=invite.id,
        screen=screen_of(invite.id),
        expires_at=None if kind == "expired" else invite.expires_at,
    )
    await deliveries.schedule(draft, due=due, now=now)


async def _remind(invite: Invite, *, now: datetime) -> datetime | None:
    """Send one more reminder; answers when the next is due. A window that is closed now moves it to the opening."""
    settings = catalogue.settings_for(invite)
    opening = eligibility.into_window(now, settings.window, contacts.zone_of(invite.contact))
    if opening > now:
        await Invite.filter(id=invite.id).update(remind_at=opening)
        return opening
    invite.reminders += 1
    again = now + settings.remind_after if invite.reminders < settings.reminders else None
    await Invite.filter(id=invite.id).update(reminders=invite.reminders, remind_at=again)
    await _send(invite, "reminder", due=now, now=now)
    values: dict[str, object] = {"channel": invite.address.channel}
    await history.write(invite.ticket, EntryKind.INVITED, label="history.reminded", values=values, now=now)
    return again


async def _expire(invite: Invite, *, now: datetime) -> None:
    expired = await Invite.filter(id=invite.id, state__in=UNANSWERED).update(state=InviteState.EXPIRED)
    if not expired:
        return
    await deliveries.cancel(screen=screen_of(invite.id))
    if invite.anonymous:  # what was held, or only looked at, is nobody's business when no answer comes of it
        await HeldAnswer.filter(invite_id=invite.id).delete()
        await PageVisit.filter(invite_id=invite.id).delete()
    await history.write(invite.ticket, EntryKind.INVITED, label="history.expired", now=now)
    await occasions.happened("invite.expired", str(invite.id), invite.ticket, invite_id=invite.id, now=now)
    if invite.state == InviteState.DELIVERED:
        await _send(invite, "expired", due=now, now=now)


async def _slice_unsent(ticket: Ticket, contact: Contact, survey: Survey | None) -> int:
    key = survey.key if survey else ""
    return await slices.of(ticket, contact, channel=ticket.channel, survey=key, purpose=InvitePurpose.SERVICE)


async def _slice_at(invite: Invite, address: Address) -> int | None:
    """It is asked in another channel now."""
    return await slices.moved(invite.slice_id, channel=address.channel) if invite.slice_id is not None else None


async def _asked_by(ticket: Ticket) -> Invite | None:
    """What asks about this cycle, by itself or sent by hand."""
    purposes = (InvitePurpose.SERVICE, InvitePurpose.MANUAL)
    return await Invite.filter(ticket_id=ticket.id, cycle=ticket.cycle, purpose__in=purposes).order_by("-id").first()

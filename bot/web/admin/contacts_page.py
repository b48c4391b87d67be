"""`/admin/contacts`: the people served, found by name, reference, address or request, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from bot.staff import called
from bot.web import chat_links
from bot.web.admin import addresses, asking
from bot.web.admin.door import Member, Visit
from bot.wording import wording_of
from core import contact_links, directory, unread
from core.accounts.roles import Right
from core.contacts import AddressFacts
from core.errors import Invalid, NotFound, Refusal
from core.models.contacts import Contact
from core.models.invites import Invite
from core.models.responses import Score
from core.text import NAME_LIMIT, colon

router = APIRouter(include_in_schema=False)
PATH = "/admin/contacts"
PAGE = 50
LATEST = 20
_MOST = 2**63 - 1
TIER_LIMIT = 60
Seeing = Annotated[Visit, Depends(Member(Right.SEE_CONTACTS))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_CONTACTS))]
Before = Annotated[int, Query(ge=1, le=_MOST)]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, q: Annotated[str, Query(max_length=320)] = "", before: Before | None = None) -> Response:
    found = await directory.search(q, PAGE + 1, before=before)
    following = found[PAGE - 1].id if len(found) > PAGE else None
    who = await called.names(found[:PAGE], visit.site.place(), visit.locale)
    return visit.draw("contacts", contacts=found[:PAGE], who=who, following=following, q=q, in_use=directory.in_use)


@router.api_route(f"{PATH}/{{contact_id}}", methods=["GET", "HEAD"])
async def look_at(
    visit: Seeing, contact_id: int, tickets: Before | None = None, asked: Before | None = None
) -> Response:
    return await _draw(visit, await directory.one(contact_id), tickets=tickets, asked=asked)


@router.post(f"{PATH}/{{contact_id}}")
async def change(visit: Changing, contact_id: int) -> Response:
    form = await visit.form()
    if refusal := _too_long(form):
        return await _draw(visit, await directory.one(contact_id), form=form, refusal=refusal, status=422)
    try:
        await directory.change(
            contact_id,
            name=form.get("name", ""),
            locale=form.get("locale", ""),
            tier=form.get("tier", ""),
            timezone=form.get("timezone", "").strip(),
            seen=form.get("seen", ""),
            by=visit.account.email,
            now=visit.now,
        )
    except directory.Stale as stale:
        return await _draw(visit, await directory.one(contact_id), form=form, theirs=stale.theirs, status=409)
    except Invalid as refusal:
        return await _draw(visit, await directory.one(contact_id), form=form, refusal=refusal, status=422)
    return visit.back(f"{PATH}/{contact_id}", said="saved")


@router.post(f"{PATH}/{{contact_id}}/surveys")
async def set_surveys(visit: Changing, contact_id: int) -> Response:
    """`asked=yes`: the contact is asked for ratings from now on; anything else: no more."""
    form = await visit.form()
    wanted, how = form.get("asked") == "yes", form.get("how", "")
    await directory.set_surveys(contact_id, wanted=wanted, how=how, by=visit.account.email, now=visit.now)
    return visit.back(f"{PATH}/{contact_id}", said="saved")


@router.post(f"{PATH}/{{contact_id}}/addresses")
async def add_address(visit: Changing, contact_id: int) -> Response:
    contact, form = await directory.one(contact_id), await visit.form()
    channel, address = form.get("channel", ""), form.get("address", "").strip()
    try:
        where = AddressFacts(channel, addresses.checked(visit.site.channels, channel, address))
        await directory.add_address(contact.id, where, by=visit.account.email, now=visit.now)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _draw(visit, contact, new=form, refusal=refusal, status=422)
    return visit.back(f"{PATH}/{contact_id}", said="address_added")


@router.post(f"{PATH}/{{contact_id}}/addresses/{{address_id}}/remove")
async def remove_address(visit: Changing, contact_id: int, address_id: int) -> Response:
    contact = await directory.one(contact_id)
    named = next(
        (
            visit.channel(one.channel) + colon(visit.locale) + one.address
            for one in directory.in_use(contact)
            if one.id == address_id
        ),
        "",
    )
    question = await asking.first(
        visit,
        title=visit.say("contacts.remove_title"),
        about=visit.say("contacts.remove_about", address=named),
        button=visit.say("contacts.remove"),
        back=f"{PATH}/{contact_id}",
    )
    if named and question is not None:
        return question
    await directory.remove_address(contact_id, address_id, by=visit.account.email, now=visit.now)
    return visit.back(f"{PATH}/{contact_id}", said="address_removed")


@router.post(f"{PATH}/{{contact_id}}/addresses/{{address_id}}/free")
async def free_address(visit: Changing, contact_id: int, address_id: int) -> Response:
    """Taken off the list of addresses that get nothing."""
    await directory.free_address(contact_id, address_id, by=visit.account.email, now=visit.now)
    return visit.back(f"{PATH}/{contact_id}", said="address_freed")


@router.post(f"{PATH}/{{contact_id}}/links")
async def make_link(visit: Changing, contact_id: int) -> Response:
    """A link into a chat, shown once."""
    contact, form = await directory.one(contact_id), await visit.form()
    channel = form.get("channel", "")
    try:
        door = await chat_links.door(visit.site, channel)
        made = await contact_links.make(contact, channel, by=visit.account.email, now=visit.now)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _draw(visit, contact, link_refused=visit.why(refusal), status=422)
    return await _draw(visit, contact, link=door.start_link(made.token), link_until=visit.when(made.expires_at))


def _too_long(form: Mapping[str, str]) -> Refusal | None:
    """What would be cut off is told instead."""
    for name, most in (("name", NAME_LIMIT), ("tier", TIER_LIMIT)):
        if len(form.get(name, "").strip()) > most:
            return Invalid("too long", field=name, label="note.too_long", limit=most)
    return None


async def _draw(
    visit: Visit,
    contact: Contact,
    *,
    tickets: int | None = None,
    asked: int | None = None,
    form: dict[str, str] | None = None,
    new: dict[str, str] | None = None,
    theirs: Contact | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
    **link: str,
) -> Response:
    requests = await directory.tickets_of(contact.id, LATEST + 1, before=tickets)
    questions = await directory.asked(contact.id, LATEST + 1, before=asked)
    kept: dict[str, Any] = {name: getattr(contact, name) for name in ("name", "locale", "tier", "timezone")}
    return visit.draw(
        "contact",
        status=status,
        contact=contact,
        who=await called.name(contact, visit.site.place(), visit.locale),
        addresses=directory.in_use(contact),
        nobody_reads=unread.nobody_reads,
        tickets=requests[:LATEST],
        older_tickets=requests[LATEST - 1].id if len(requests) > LATEST else None,
        asked=questions[:LATEST],
        older_asked=questions[LATEST - 1].invite.id if len(questions) > LATEST else None,
        not_asked=await directory.not_asked(contact.id, LATEST),
        why=lambda decision: visit.named("contacts.why", decision.reason),
        told=lambda invite, score: _told(visit, invite, score),
        line=await directory.how_known(contact),
        hows=directory.HOWS,
        channels=sorted(visit.site.channels),
        form={**kept, **(form or {})},
        zones=sorted(available_timezones()),
        doors=chat_links.doors(visit.site),
        **{"link": "", "link_until": "", "link_refused": "", **link},
        new={"channel": "", "address": "", **(new or {})},
        seen=directory.mark(contact),
        theirs=theirs,
        changing=visit.may(Right.CHANGE_CONTACTS) and contact.erased_at is None,
        handing_out=visit.may(Right.HAND_OUT_CONTACTS) and contact.erased_at is None,
        **visit.wrong(refusal),
    )


def _told(visit: Visit, invite: Invite, score: Score) -> str:
    """A score in words, its dimension called as the survey calls it."""
    words = wording_of(invite, visit.site.templates, visit.locale)
    return words.told({score.dimension: score.value})

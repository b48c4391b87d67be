"""`/u/{token}`: no more surveys. Looking never does it; a mail program's click (RFC 8058) or a person's press does."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from bot.trials import samples
from bot.web import pages, policies, reading, robots, sessions, survey_form, visitors
from bot.web.site import Here, Site
from core import contacts
from core.models.contacts import Contact
from core.surveys import invites, tokens

router = APIRouter(dependencies=[policies.public], include_in_schema=False)

_ONE_CLICK = b"List-Unsubscribe=One-Click"
_LONGEST = 24 * 3600.0
_FIRST, _AGAIN = "first", "again"


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
async def look(request: Request, site: Here, token: str) -> Response:
    if token == samples.LINK:
        return pages.trial(request)
    contact = await _contact(request, site, token)
    screen = "unsubscribed" if contact.opted_out_at is not None else "unsubscribe"
    return _page(request, site, contact, screen, token)


@router.post("/u/{token}")
async def act(request: Request, site: Here, token: str) -> Response:
    """One click from a mail program carries no cookie and sees no page. A form shows that a browser drew it."""
    if token == samples.LINK:
        return pages.trial(request)
    contact = await _contact(request, site, token, sends=True)
    if await _is_one_click(request):
        await invites.stop_asking(contact, now=site.clock())
        return PlainTextResponse("Unsubscribed.\n")
    fields = await reading.form(request)
    if not _is_pressed(request, site, token, survey_form.first(fields, "stamp")):
        screen = "unsubscribed" if contact.opted_out_at is not None else "unsubscribe"
        return _page(request, site, contact, screen, token, again=True)
    if survey_form.first(fields, "undo"):
        await contacts.opt_in(contact)
        return _page(request, site, contact, "resubscribed", token)
    await invites.stop_asking(contact, now=site.clock())
    return _page(request, site, contact, "unsubscribed", token)


async def _contact(request: Request, site: Site, token: str, *, sends: bool = False) -> Contact:
    """Raises a 404 that is the same whatever is wrong with the token."""
    visitors.slow_down(request, site, token, sends=sends)
    contact_id = tokens.contact_of(token)
    contact = await Contact.get_or_none(id=contact_id) if contact_id is not None else None
    if contact is None:
        raise HTTPException(404)
    return contact


async def _is_one_click(request: Request) -> bool:
    """RFC 8058: the body is the one field, as a form or as multipart/form-data."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        head, blank, value = body.partition(b"\r\n\r\n")
        return bool(blank) and b'name="List-Unsubscribe"' in head and value.startswith(b"One-Click\r\n")
    return body.strip() == _ONE_CLICK


def _is_pressed(request: Request, site: Site, token: str, stamp: str) -> bool:
    """The form was drawn a second ago or more, in this browser; or it has asked for one more press already."""
    session = sessions.read(request, site)
    now = site.clock()
    first = sessions.age(site, stamp, _FIRST, token, session, now=now) if session else None
    again = sessions.age(site, stamp, _AGAIN, token, now=now)
    least = robots.OPEN_AT_LEAST.total_seconds()
    return any(age is not None and least <= age < _LONGEST for age in (first, again))


def _page(request: Request, site: Site, contact: Contact, screen: str, token: str, *, again: bool = False) -> Response:
    asked = request.query_params.get("lang", "")
    templates = site.templates
    header = request.headers.get("accept-language", "")
    locale = asked if asked in templates.locales() else templates.best_locale(contact.locale or header)
    session = sessions.read(request, site) or sessions.new_secret()
    words = (_AGAIN, token) if again else (_FIRST, token, session)
    languages = [
        {
            "tag": tag,
            "name": templates.label("language.name", tag),
            "url": f"/u/{token}?lang={tag}",
            "current": tag == locale,
        }
        for tag in templates.locales()
    ]
    values = {
        "screen": screen,
        "again": again,
        "site_name": site.name,
        "languages": languages,
        "stamp": sessions.stamp(site, *words),
        "action": f"/u/{token}" + (f"?lang={asked}" if asked == locale else ""),
    }
    response = pages.of(request).draw("unsubscribe", locale, values)
    sessions.keep(response, site, session)
    return response

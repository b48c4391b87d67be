"""Thanks and endings in an admin's own words, on the survey's page: whoever comes from a mail gets no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from bot.channels.email.dialect import Reader
from bot.placeholders import KINDS
from bot.rendering import RenderError, TemplateError
from bot.surveys import screens
from bot.web.site import Site
from bot.wording import Wording
from core.models.invites import Invite
from core.models.responses import Response
from core.ports import Dialect


def paragraphs(text: str) -> Sequence[Markup]:
    """Of a message in HTML's dialect: its words, bold and links, and nothing else."""
    return Reader(text).paragraphs


async def own(invite: Invite, response: Response | None, site: Site, locale: str) -> Sequence[Markup]:
    """Those that hold for this contact, in the language of the page; nothing where the shipped ones do, or where they
    cannot be drawn. The page itself shows the answer and how to change it.
    """
    place = site.place()
    stands = await _standing(invite, response, site, locale)
    kind, context = screens.thanks_beside(stands, place, now=site.clock())
    return await _drawn(invite, site, locale, kind, context)


_ENDS_AS = {"cut": "thanks_anonymous"}
"""The kind of message that says what a page says, where it is called otherwise."""


async def ending(invite: Invite, response: Response | None, site: Site, locale: str, page: str) -> Sequence[Markup]:
    """Own words for a page that says why nothing can be answered here, found as `own` finds them. They do not
    name the customer: a link that was passed on leads here, too.
    """
    kind = _ENDS_AS.get(page, page)
    if kind not in KINDS:
        return ()
    stands = await _standing(invite, response, site, locale)
    return await _drawn(invite, site, locale, kind, screens.ended(stands, site.place()))


async def _standing(invite: Invite, response: Response | None, site: Site, locale: str) -> screens.Standing:
    stands = await screens.standing(invite, site.place(), response=response)
    return replace(stands, words=Wording(site.templates, stands.settings, locale))


async def _drawn(invite: Invite, site: Site, locale: str, kind: str, context: Mapping[str, object]) -> Sequence[Markup]:
    team = invite.ticket.team.key if invite.ticket.team else ""
    source = site.templates.own(kind, locale, team, site.place().channels.get(invite.address.channel, ""))
    if not source:
        return ()
    try:
        said = await site.templates.render_given(kind, source, locale, Dialect.HTML, context)
    except (RenderError, TemplateError):
        return ()
    return paragraphs(said.text)

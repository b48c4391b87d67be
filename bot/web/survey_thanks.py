"""Thanks in an admin's own words, on the survey's last page: whoever answers behind a mail's link gets no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup

from bot.channels.email.dialect import Reader
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
    stands = await screens.standing(invite, place, response=response)
    stands = replace(stands, words=Wording(site.templates, stands.settings, locale))
    kind, context = screens.thanks_beside(stands, place, now=site.clock())
    team = invite.ticket.team.key if invite.ticket.team else ""
    source = site.templates.own(kind, locale, team, place.channels.get(invite.address.channel, ""))
    if not source:
        return ()
    try:
        said = await site.templates.render_given(kind, source, locale, Dialect.HTML, context)
    except (RenderError, TemplateError):
        return ()
    return paragraphs(said.text)

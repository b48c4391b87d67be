"""The words of a running A/B test, for the invites that are asked with B."""

from __future__ import annotations

import logging
from datetime import datetime

from bot.rendering import Rendered, RenderError, TemplateError
from bot.site import Site
from bot.surveys.screens import Screen
from bot.template_source import join
from core.models.invites import Invite
from core.ports import Channel
from core.wordings import asking
from core.wordings.scopes import Scope

_TRIES = 2
"""A machine that is busy at this moment is no reason to end a test of weeks."""
logger = logging.getLogger(__name__)


async def rendered(
    screen: Screen, invite: Invite, locale: str, channel: Channel, site: Site, *, now: datetime
) -> Rendered | None:
    """B's words, or None for the words in force. B that cannot be written ends the test, and nobody gets it."""
    if screen.kind not in asking.KINDS:
        return None
    team = invite.ticket.team.key if invite.ticket.team else ""
    scope = Scope(screen.kind, site.templates.locale_of_templates(locale), team, channel.kind)
    found = await asking.given(invite, scope, now=now)
    if found is None or found.own is None:
        return None
    source, why = join(*found.own), ""
    for _ in range(_TRIES):
        try:
            return await site.templates.render_given(screen.kind, source, locale, channel.dialect, screen.context)
        except (TemplateError, RenderError) as error:
            why = str(error)
    logger.error("A/B test %s has ended, for B cannot be sent: %s", found.test.id, why)
    await asking.failed(found, invite, why, now=now)
    return None

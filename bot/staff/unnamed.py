"""What staff read of anonymous answers: scores and words, team, type and survey; nobody's name, and no request."""

from __future__ import annotations

from bot.site import Site
from bot.wording import Wording
from core.models.deliveries import Delivery
from core.models.responses import Response
from core.models.setup import Survey, Team
from core.ports import Channel, Message
from core.reactions import unnamed
from core.surveys import catalogue
from core.surveys.settings import SurveySettings
from core.text import shorten

KINDS = frozenset({unnamed.KIND})
_WORDS = 600
"""So many characters of each comment: five fit into one message of any channel."""


async def draw(delivery: Delivery, channel: Channel, site: Site) -> Message | None:
    """None when nothing is left of what it was about."""
    wanted = delivery.payload.get("answers")
    rows = await Response.filter(id__in=wanted).order_by("id").select_related("slice") if wanted else []
    if not rows:
        return None
    locale = site.templates.best_locale("")
    context: dict[str, object] = {
        "count": len(rows),
        "more": delivery.payload.get("more", 0),
        "answers": [await _answer(row, site, locale) for row in rows],
    }
    rendered = await site.templates.render(delivery.kind, locale, channel.dialect, context, channel=channel.kind)
    return Message(
        key=delivery.key,
        kind=delivery.kind,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        topic=delivery.key,
        locale=locale,
    )


async def _answer(row: Response, site: Site, locale: str) -> dict[str, object]:
    asked = row.slice
    survey = await Survey.filter(key=asked.survey_key).order_by("-version").first() if asked is not None else None
    settings = catalogue.settings_of(survey) if survey is not None else SurveySettings()
    words = Wording(site.templates, settings, locale)
    team = await Team.get_or_none(id=asked.team_id) if asked is not None else None
    return {
        "band": words.label(f"band.{row.band.value}") if row.band else "",
        "scores": words.told(row.judged or {}),
        "comment": shorten(row.comment, _WORDS),
        "team": (team.name or team.key) if team is not None else "",
        "type": site.templates.named("ticket_type", asked.type if asked is not None else "", locale),
        "survey": words.title(),
    }

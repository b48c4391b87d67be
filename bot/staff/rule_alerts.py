"""What a rule tells a place or a person of the staff: what happened, and which rule says so."""

from __future__ import annotations

from datetime import datetime

from bot.site import Site
from bot.staff import called
from bot.staff.cards import status_of
from bot.staff.states import moments_of, when_of
from bot.wording import Wording, wording_of
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.responses import Response
from core.ports import Channel, Fact, Message
from core.reactions import alerts
from core.surveys import invites, responses
from core.surveys.settings import SurveySettings

KINDS = frozenset({alerts.RULE_ALERT})


async def draw(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    """None when the request is gone."""
    ticket = await Ticket.get_or_none(id=delivery.subject_id or 0).select_related("contact", "team", "assignee")
    if ticket is None:
        return None
    locale = site.templates.best_locale("")
    response = await Response.get_or_none(id=delivery.payload.get("response") or 0)
    words = await _wording(response, site, locale)
    scores = await responses.scores_of(response) if response is not None else {}
    due = _due(delivery)
    context: dict[str, object] = {
        "contact": {"name": await called.name(ticket.contact, site, locale)},
        "ticket": {"number": ticket.number, "subject": ticket.subject},
        "team": {"name": ticket.team.name if ticket.team else ""},
        "agent": {"name": ticket.assignee.name if ticket.assignee else ""},
        "rule": str(delivery.payload.get("rule", "")),
        "event": words.label(f"rule.told.{delivery.payload.get('event')}"),
        "band": words.label(f"band.{response.band.value}") if response and response.band else "",
        "scores": words.scores(scores),
        "reasons": [words.reason(one) for one in response.reasons] if response else [],
        "comment": response.comment if response else "",
        "due": when_of(due, words, site, now) if due else "",
        "urgent": ticket.priority == "urgent",
    }
    rendered = await site.templates.render(delivery.kind, locale, channel.dialect, context, channel=channel.kind)
    return Message(
        key=delivery.key,
        kind=delivery.kind,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        facts=_facts(ticket, scores, words, site, locale),
        quote=response.comment if response else "",
        topic=f"ticket:{ticket.id}",
        locale=locale,
        urgent=ticket.priority == "urgent",
        moments=moments_of([due], words, site, now),
    )


async def _wording(response: Response | None, site: Site, locale: str) -> Wording:
    invite = await invites.by_id(response.invite_id or 0) if response is not None else None
    return wording_of(invite, site.templates, locale) if invite else Wording(site.templates, SurveySettings(), locale)


def _due(delivery: Delivery) -> datetime | None:
    told = delivery.payload.get("due")
    return datetime.fromisoformat(told) if isinstance(told, str) else None


def _facts(ticket: Ticket, scores: dict[str, int], words: Wording, site: Site, locale: str) -> tuple[Fact, ...]:
    facts = [
        ("scores", words.told(scores)),
        ("owner", ticket.assignee.name if ticket.assignee else words.label("alert.nobody")),
        ("state", status_of(ticket, site, locale)),
    ]
    return tuple(Fact(words.label(f"alert.{name}"), value) for name, value in facts if value)

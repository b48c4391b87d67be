"""Alerts as staff read them: what happened, what is known, how it stands, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot import markup
from bot.site import Site
from bot.staff import actions, called, cards, digests, floods, home, retracted, rule_alerts, unnamed
from bot.staff.answerable import answerable
from bot.staff.leading import leading
from bot.staff.states import agent_of, moments_of, named_by_state, state_of, when_of
from bot.wording import Wording, wording_of
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.reactions import Alert, AlertState, Recovery
from core.models.responses import Band, Response
from core.models.setup import Team
from core.plumbing import deliveries
from core.ports import Button, Channel, Fact, Message, Tone
from core.reactions import alerts, trials
from core.reactions import floods as flooding
from core.surveys import responses
from core.text import colon

MUST_BE_SEEN = frozenset(
    {
        "alert",
        "alert_taken",
        "alert_update",
        "alert_overdue",
        *cards.KINDS,
        *floods.KINDS,
        *rule_alerts.KINDS,
        *unnamed.KINDS,
    }
)
"""For the staff, and not lost because their place does not take it for a while."""
KINDS = MUST_BE_SEEN | home.KINDS | digests.KINDS | retracted.KINDS | {trials.KIND}
Context = dict[str, object]
_TOLD = ("until", "due")


async def draw(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    """The alert in its present state, or a line for its thread, or what else staff read; None when it is gone."""
    if delivery.kind in digests.KINDS:
        return await digests.draw(delivery, channel, site, now=now)
    message = await _drawn(delivery, channel, site, now=now)
    if message is None:
        return None
    return await leading(answerable(message, delivery.ticket_id, channel, site), delivery.ticket_id, channel, site)


async def _drawn(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    if delivery.kind in cards.KINDS:
        return await cards.draw(delivery, channel, site, now=now)
    if delivery.kind in home.KINDS:
        return await home.draw(delivery, channel, site, now=now)
    if delivery.kind in floods.KINDS:
        return await floods.draw(delivery, channel, site, now=now)
    if delivery.kind in rule_alerts.KINDS:
        return await rule_alerts.draw(delivery, channel, site, now=now)
    if delivery.kind in unnamed.KINDS:
        return await unnamed.draw(delivery, channel, site)
    if delivery.kind in retracted.KINDS:
        return retracted.draw(delivery, channel, site)
    if delivery.kind == trials.KIND:
        return await _trial(delivery, channel, site)
    return await _of_alert(delivery, channel, site, now=now)


async def _of_alert(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    alert = await alerts.by_id(delivery.subject_id or 0)
    if alert is None:
        return None
    locale = site.templates.best_locale("")
    words = await wording(alert, site, locale)
    scores = await responses.scores_of(alert.response)
    who = await called.name(alert.ticket.contact, site, locale)
    context = {"contact": {"name": who}, **_context(alert, words, scores, site, now=now)}
    if delivery.kind != "alert":
        context |= _line(delivery, words, site, now=now)
    rendered = await site.templates.render(delivery.kind, locale, channel.dialect, context, channel=channel.kind)
    message = Message(
        key=delivery.key,
        kind=delivery.kind,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        topic=f"alert:{alert.id}",
        locale=locale,
        urgent=alert.ticket.priority == "urgent",
        moments=moments_of(_moments(delivery, alert), words, site, now),
    )
    if delivery.kind != "alert":
        return await _under(message, alert, channel, locale)
    return await _whole(
        message,
        alert,
        words,
        scores,
        site,
        forms=channel.has_forms,
        perhaps_sent=bool(delivery.payload.get(deliveries.PERHAPS_SENT)),
        told=str(delivery.payload.get("told", "")),
        now=now,
    )


async def _trial(delivery: Delivery, channel: Channel, site: Site) -> Message:
    """Marked as what it is, and about nobody."""
    team = await Team.get_or_none(id=delivery.subject_id)
    locale = site.templates.best_locale("")
    context: Context = {
        "team": {"name": (team.name or team.key) if team else ""},
        "actor": {"name": delivery.payload.get("by", "")},
    }
    rendered = await site.templates.render(trials.KIND, locale, channel.dialect, context, channel=channel.kind)
    return Message(
        key=delivery.key,
        kind=trials.KIND,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        topic=delivery.key,
        locale=locale,
    )


def _moments(delivery: Delivery, alert: Alert) -> list[datetime | None]:
    """Whatever moments it may speak of."""
    told = [delivery.payload.get(name) for name in _TOLD]
    due = alert.recovery.due_at if alert.recovery else None
    return [due, alert.snoozed_until, *(datetime.fromisoformat(one) for one in told if isinstance(one, str) and one)]


async def wording(alert: Alert, site: Site, locale: str) -> Wording:
    invite = await Invite.get(id=alert.response.invite_id).select_related("survey")
    return wording_of(invite, site.templates, locale)


def _context(alert: Alert, words: Wording, scores: dict[str, int], site: Site, *, now: datetime) -> Context:
    ticket: Ticket = alert.ticket
    recovery: Recovery | None = alert.recovery
    response: Response = alert.response
    band = response.band.value if response.band else "negative"
    return {
        "ticket": {"number": ticket.number, "subject": ticket.subject},
        "agent": {"name": agent_of(alert)},
        "team": {"name": alert.team.name if alert.team else ""},
        "owner": {"name": recovery.owner.name if recovery and recovery.owner else ""},
        "survey": {"title": words.title()},
        "scores": words.scores(scores),
        "reasons": [words.reason(one) for one in response.reasons],
        "comment": response.comment,
        "due": when_of(recovery.due_at, words, site, now) if recovery else "",
        "band": words.label(f"band.{band}"),
        "state": state_of(alert, words, site, now=now),
        "urgent": ticket.priority == "urgent",
        "content": response.band is not None and response.band != Band.NEGATIVE,
        "late": words.templates.span(now - recovery.due_at, words.locale) if recovery and now > recovery.due_at else "",
    }


def _line(delivery: Delivery, words: Wording, site: Site, *, now: datetime) -> Context:
    """A thread line's own values: codes become words, moments become clock times."""
    told: Context = dict(delivery.payload)
    for name in _TOLD:
        if isinstance(told.get(name), str) and told[name]:
            told[name] = when_of(datetime.fromisoformat(str(told[name])), words, site, now)
    if told.get("outcome"):
        told["outcome"] = words.label(f"outcome.{told['outcome']}")
    if told.get("reason"):
        told["reason"] = words.label(f"dismissal.{told['reason']}")
    changes = told.get("changes")
    if isinstance(changes, list):
        told["changes"] = [{**one, "label": words.dimension(str(one["label"]))} for one in changes]
    return told


async def _whole(
    message: Message,
    alert: Alert,
    words: Wording,
    scores: dict[str, int],
    site: Site,
    *,
    forms: bool,
    perhaps_sent: bool,
    told: str,
    now: datetime,
) -> Message:
    repeated = (Fact(words.label("alert.repeat"), words.label("alert.perhaps_repeated")),) if perhaps_sent else ()
    is_open = alert.state == AlertState.OPEN
    why = (Fact(words.label("alert.raised"), words.label(f"alert.told_{told}")),) if told and is_open else ()
    return replace(
        message,
        facts=(*why, *await _facts(alert, words, scores, site, now=now), *repeated),
        quote=alert.response.comment,
        rows=_buttons(alert, words, forms=forms),
    )


async def _under(message: Message, alert: Alert, channel: Channel, locale: str) -> Message:
    """A line stands under the alert's own message, or under the list that it is in, and names its ticket there.

    Without either (not sent yet), and where nothing shows what it belongs to, it stands alone and names it, too.
    """
    own = await deliveries.shown(alerts.screen_of(alert.id))
    if own is not None and channel.has_threads:
        return replace(message, thread=own.receipt)
    screen = await flooding.screen_listing(alert.id)
    shown = await deliveries.shown(screen) if screen else None
    number = alert.ticket.number
    text = f"{markup.writer(channel.dialect).bold(number)}{colon(locale)}{message.text}"
    named = replace(message, text=text, plain=f"{number}{colon(locale)}{message.plain}")
    return replace(named, thread=shown.receipt) if shown is not None else named


async def _facts(
    alert: Alert, words: Wording, scores: dict[str, int], site: Site, *, now: datetime
) -> tuple[Fact, ...]:
    recovery = alert.recovery
    ahead = recovery is not None and now < recovery.due_at and alert.state != AlertState.CLOSED
    facts = [
        ("scores", words.told(scores)),
        ("reasons", words.listed(words.reason(one) for one in alert.response.reasons)),
        ("history", await _history(alert, words)),
        *_people(alert, words, now=now),
        (
            "due",
            when_of(recovery.due_at, words, site, now) if recovery and ahead else "",
        ),
        ("state", state_of(alert, words, site, now=now)),
    ]
    return tuple(Fact(words.label(f"alert.{name}"), value) for name, value in facts if value)


def _people(alert: Alert, words: Wording, *, now: datetime) -> Iterator[tuple[str, str]]:
    """Who worked on it, and who answers for it now; nobody is named twice, nor whom the state names."""
    recovery = alert.recovery
    owner = recovery.owner.name or recovery.owner.key if recovery and recovery.owner else words.label("alert.nobody")
    named = named_by_state(alert, now=now)
    if agent_of(alert) not in ("", owner, named):
        yield "agent", agent_of(alert)
    if owner != named:
        yield "owner", owner


async def _history(alert: Alert, words: Wording) -> str:
    """What is known of the contact from before."""
    earlier = await Ticket.filter(contact_id=alert.ticket.contact_id, id__lt=alert.ticket_id).count()
    if not earlier:
        return words.label("alert.first_time")
    rated = await Response.filter(
        invite__contact_id=alert.ticket.contact_id, id__not=alert.response_id, revision__gt=0
    ).prefetch_related("scores")
    overall = [score.value for one in rated for score in one.scores if score.dimension == "overall"]
    if not overall:
        return words.label("alert.history_unrated", count=earlier)
    return words.label("alert.history_line", count=earlier, average=f"{sum(overall) / len(overall):.1f}")


def _buttons(alert: Alert, words: Wording, *, forms: bool) -> tuple[tuple[Button, ...], ...]:
    """Where the channel has no forms, only what needs none."""
    if alert.state == AlertState.CLOSED:
        return ()

    def button(verb: str, tone: Tone = Tone.NEUTRAL) -> Button:
        return Button(words.label(f"button.{verb}"), actions.write(alert.key, verb), tone=tone)

    first = (button("take", Tone.PRIMARY),) if alert.state == AlertState.OPEN else ()
    if not forms:
        return (first,) if first else ()
    later = (button("snooze"),) if alert.state == AlertState.OPEN else ()
    return ((*first, button("assign"), button("reply")), (*later, button("resolve"), button("dismiss", Tone.BAD)))

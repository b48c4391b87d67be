"""A message with sample values, as it would be handed to a channel: for previews, tests to oneself, and the gallery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot import digest_words
from bot.digest_words import Counted
from bot.placeholders import KINDS
from bot.rendering import Rendered, Templates
from bot.template_context import samples
from bot.trials.surfaces import Surface
from bot.wording import SurveysWording, Wording, language_rows
from bot.words import Choice
from core.desk import numbering
from core.insight import spans
from core.insight.figures import Board, Details, Recoveries
from core.insight.tallies import Distribution, Steps, Tally
from core.ports import Button, Fact, Message, Tone
from core.surveys.settings import SurveySettings
from core.text import colon

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
BASE_URL = "https://survey.example.org"
GROUPS: dict[str, tuple[str, ...]] = {
    "asking": ("invite", "reminder", "question", "recovered"),
    "after": (
        "thanks_negative",
        "thanks_neutral",
        "thanks_positive",
        "thanks_anonymous",
        "answered",
        "sorry",
        "follow_up",
        "expired",
        "closed",
    ),
    "requests": ("received", "assigned", "resolved", "reopened", "transcript"),
    "commands": ("started", "help", "language", "privacy", "stopped"),
}
STAFF = (
    "alert",
    "alert_taken",
    "alert_update",
    "alert_overdue",
    "alert_flood",
    "alert_unnamed",
    "alert_test",
    "rule_alert",
    "request",
    "request_line",
    "home",
    "digest",
)
ONLY_MAIL = ("transcript",)
ACTION = "trial"
"""What the buttons of a sample carry: nobody's answer."""
LINK = "trial"
"""Stands in the links of a test where others have a token."""

_LEADING = ("alert", "alert_taken", "alert_update", "alert_overdue", "request", "request_line", "rule_alert")
_CHANGED_BY_LINK = ("thanks_negative", "thanks_neutral", "thanks_positive", "sorry")
_NUMBERS = ("CS202611220001", "CS202611220002")
Render = Callable[[Mapping[str, object]], Awaitable[Rendered]]


async def message(
    kind: str,
    surface: Surface,
    templates: Templates,
    locale: str,
    render: Render,
    *,
    key: str = "sample",
    base_url: str = BASE_URL,
    shop: str = "",
    real: Mapping[str, object] | None = None,
) -> Message:
    """As it would be handed to the channel. `render` makes the words; `real` are values that replace the samples."""
    context = context_of(kind, templates, locale, surface.prefix) | dict(real or {})
    shop = shop or _said(templates, locale)["shop"]
    if "site" in context:
        context["site"] = {"name": shop}
    if kind == "sorry" and surface.has_edits:  # a chat shows the rating above it
        context |= {"scores": [], "reasons": [], "comment": "", "until": ""}
    if kind == "question" and not surface.has_buttons:  # it only ever asks for the number that words came without
        comment = _said(templates, locale)["comment"]
        context |= {"question": templates.label("question.unscored", locale), "scores": [], "comment": comment}
    rendered = await render(context)
    made = Message(
        key=key,
        kind=kind,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        preheader=rendered.preheader,
        footer=_footer(kind, templates, locale, base_url, shop) if surface.kind == "email" else "",
        rows=_rows(kind, surface, templates, locale, base_url),
        locale=locale,
    )
    if kind == "alert":
        return replace(made, facts=_facts(templates, locale), quote=_said(templates, locale)["comment"])
    if kind == "request":
        return replace(made, facts=_request_facts(templates, locale), quote=_said(templates, locale)["asked"])
    return made


def _said(templates: Templates, locale: str) -> dict[str, str]:
    return templates.labels("sample", locale)


def _footer(kind: str, templates: Templates, locale: str, base_url: str, shop: str) -> str:
    if kind in STAFF:
        return ""
    label = "mail.footer_transcript" if kind in ONLY_MAIL else "mail.footer"
    lines = [templates.label(label, locale, site=shop)]
    if kind in (*GROUPS["asking"], *GROUPS["after"]) and kind != "sorry":
        lines.append(f"{templates.label('button.unsubscribe', locale)}{colon(locale)}{base_url}/u/{LINK}")
    return "\n".join(lines)


def _asked(kind: str, templates: Templates, locale: str) -> Wording:
    return Wording(templates, SurveySettings(), locale, again=kind == "recovered")


def context_of(kind: str, templates: Templates, locale: str, prefix: str) -> dict[str, object]:
    """The samples of the kind, in that language."""
    said, label = _said(templates, locale), templates.label
    asked = _asked(kind, templates, locale)
    due = templates.when(NOW + timedelta(hours=2), locale, "UTC", now=NOW, lasting=True, zoned=kind in STAFF)
    later = templates.when(NOW + timedelta(days=6), locale, "UTC", now=NOW, lasting=True)
    dated = templates.when(NOW, locale, "UTC", now=NOW + timedelta(days=400))
    score = {"thanks_positive": 5, "thanks_neutral": 3}.get(kind, 2)
    dimensions = ("overall", "attitude", "speed", "resolution")
    values = (score, min(5, score + 1), score, max(1, score - 1) if score < 5 else 5)
    ours: dict[str, object] = {
        "contact": {"name": said["name"]},
        "ticket": {"number": "CS202611220001", "subject": said["subject"], "url": ""},
        "site": {"name": said["shop"]},
        "team": {"name": said["team"]},
        "question": asked.question("overall"),
        "scale": asked.scale_hint(),
        "scores": [
            {"label": label(f"dimension.{key}", locale), "value": one, "text": templates.score("stars", one, locale)}
            for key, one in zip(dimensions, values, strict=True)
        ],
        "reasons": [label("reason.slow", locale)] if score < 3 else [],
        "comment": said["comment"] if score < 3 else "",
        "due": due,
        "until": later,
        "result": said["result"],
        "reason": said["reason"],
        "event": label("rule.told.invite.undeliverable", locale) if kind == "rule_alert" else "changed",
        "note": "",
        "text": "",
        "changes": [{"label": label("dimension.overall", locale), "old": 2, "new": 5}],
        "language": label("language.name", locale),
        "languages": [{"name": label("language.name", one)} for one in templates.locales()],
        "prefix": prefix,
        "commands": [
            {"name": f"{prefix}{one}", "about": label(f"command.{one}", locale)} for one in ("new", "rate", "help")
        ],
        **dict.fromkeys(("messages_kept", "files_kept", "comments_kept"), label("duration.year", locale, count=3)),
        "state": label("state.open", locale),
        "band": label("band.negative", locale),
        "late": templates.span(timedelta(minutes=20), locale),
        "shortened": False,
        "lines": [
            {"who": label("chat.you", locale), "at": dated, "text": said["asked"]},
            {"who": label("chat.team", locale), "at": dated, "text": said["answered"]},
        ],
    }
    if kind in ("alert_flood", "home"):
        ours |= _lists(kind, templates, locale)
    if kind == "alert_unnamed":
        ours |= _unnamed(templates, locale)
    if kind == "digest":
        ours |= _digest(templates, locale)
    if kind == "language":
        ours["buttons"] = bool(prefix)  # who types commands there has buttons, too
    if kind == "request_line":
        ours |= {"event": "wrote", "text": said["asked"], "files": ""}
    if kind == "request":
        ours |= {"channel": "Telegram", "ticket": {"number": "CS202611220001", "subject": "", "url": ""}}
    if kind == "question":
        ours |= {"question": label("question.attitude", locale), "step": "score"}
        ours["scores"] = [ours["scores"][0]]  # type: ignore[index]
        ours |= {"reasons": [], "comment": ""}
    known = {one.name for one in KINDS[kind].placeholders}
    return samples(kind) | {name: value for name, value in ours.items() if name in known}


def _rows(
    kind: str, channel: Surface, templates: Templates, locale: str, base_url: str
) -> tuple[tuple[Button, ...], ...]:
    def button(name: str, tone: Tone = Tone.NEUTRAL) -> Button:
        return Button(templates.label(f"button.{name}", locale), f"{ACTION}:{name}", tone=tone)

    scale = tuple(_score(one, channel, base_url) for one in _asked(kind, templates, locale).scale())
    if kind == "digest":
        address = f"{base_url}/admin/board"
        return ((Button(templates.label("button.open_board", locale), url=address, tone=Tone.PRIMARY),),)
    if kind in ("invite", "reminder", "recovered"):
        page = Button(templates.label("button.rate_on_page", locale), url=f"{base_url}/r/{LINK}")
        return (scale, (page,)) if channel.kind == "telegram" else (scale,)
    if not channel.has_buttons:
        return (scale,) if kind == "question" else _link_rows(kind, templates, locale, base_url)
    match kind:
        case "question":
            return scale, (button("skip"), button("done", Tone.PRIMARY))
        case "thanks_negative" | "thanks_neutral" | "thanks_positive" | "answered":
            return ((button("more"),) if channel.has_forms else (button("change"), button("comment")),)
        case "language":
            return language_rows(templates, locale, carries=f"{ACTION}:")
        case "alert_flood" | "home":
            named = numbering.endings(_NUMBERS)
            names = [templates.label("button.take_one", locale, number=named[one]) for one in _NUMBERS]
            return (tuple(Button(name, f"{ACTION}:{name[-4:]}", tone=Tone.PRIMARY) for name in names),)
        case "alert" | "request":
            return _card_rows(kind, channel, button)
    return ()


def _link_rows(kind: str, templates: Templates, locale: str, base_url: str) -> tuple[tuple[Button, ...], ...]:
    def link(name: str, path: str, tone: Tone = Tone.NEUTRAL) -> tuple[tuple[Button, ...], ...]:
        return ((Button(templates.label(f"button.{name}", locale), url=f"{base_url}/{path}", tone=tone),),)

    if kind in _CHANGED_BY_LINK:
        return link("change", f"r/{LINK}?change={LINK}")
    if kind in _LEADING:
        return link("open_ticket", f"admin/tickets/{_NUMBERS[0]}", Tone.PRIMARY)
    return link("open_inbox", "admin/inbox", Tone.PRIMARY) if kind == "alert_flood" else ()


def _card_rows(kind: str, channel: Surface, button: Callable[..., Button]) -> tuple[tuple[Button, ...], ...]:
    """Where the channel has no forms, only what needs none."""
    take = button("take", Tone.PRIMARY)
    if not channel.has_forms:
        return ((take,),)
    if kind == "request":
        return ((take, button("assign"), button("reply"), button("resolve")),)
    later = (button("snooze"), button("resolve"), button("dismiss", Tone.BAD))
    return (take, button("assign"), button("reply")), later


def _unnamed(templates: Templates, locale: str) -> dict[str, object]:
    said, label = _said(templates, locale), templates.label
    answer = {
        "band": label("band.negative", locale),
        "scores": label("alert.score", locale, dimension=label("dimension.overall", locale), value=2),
        "comment": said["comment"],
        "team": said["team"],
        "type": label("ticket_type.inquiry", locale),
        "survey": label("survey.title", locale),
    }
    return {"count": 1, "more": 0, "answers": [answer]}


def _digest(templates: Templates, locale: str) -> dict[str, object]:
    """A week of somebody who is doing well."""
    span = spans.between(date(2026, 11, 16), date(2026, 11, 22), zone=ZoneInfo("UTC"), now=NOW + timedelta(days=1))
    total = Tally(delivered=79, answered=48, rated=47, total=198, squares=874, negative=6, neutral=7, positive=35)
    before = Tally(delivered=80, answered=46, rated=46, total=188, squares=812, negative=7, neutral=8, positive=31)
    recoveries = Recoveries(3, 1, 6, 4, 0, None, None, Tally())
    scores = {"speed": Distribution(Counter({5: 14, 4: 14, 3: 9, 2: 5, 1: 2}))}
    board = Board(span, total, before, (), recoveries, (), 0)
    counted = Counted(board, Details(scores, Steps(), {}), {"slow": 4, "not_solved": 2})
    name = {"digest": {"name": templates.label("sample.digest", locale)}, "url": f"{BASE_URL}/admin/board?span=own"}
    return {**digest_words.context(counted, SurveysWording(templates, locale)), **name}


def _lists(kind: str, templates: Templates, locale: str) -> dict[str, object]:
    """Two of each, in the language of the picture."""
    said, label = _said(templates, locale), templates.label
    about = [{"number": one, "subject": said["subject"], "contact": said["name"]} for one in _NUMBERS]
    if kind == "alert_flood":
        return {
            "count": 2,
            "waiting": 2,
            "alerts": [
                one | {"worst": worst, "state": label("state.open", locale)}
                for one, worst in zip(about, (1, 2), strict=True)
            ],
        }
    left = label("home.left", locale, span=templates.span(timedelta(hours=1, minutes=30), locale))
    late = label("home.late", locale, span=templates.span(timedelta(minutes=20), locale))
    timed = [
        one | {"left": words, "late": is_late}
        for one, words, is_late in zip(about, (left, late), (False, True), strict=True)
    ]
    return {
        "known": True,
        "alerts": timed,
        "recoveries": timed[:1],
        "tickets": [about[1] | {"status": label("ticket_status.in_progress", locale)}],
        "more_alerts": 0,
        "more_recoveries": 3,
        "more_tickets": 0,
    }


def _request_facts(templates: Templates, locale: str) -> tuple[Fact, ...]:
    label = templates.label
    facts = {
        "owner": label("alert.nobody", locale),
        "state": label("ticket_status.new", locale),
    }
    return tuple(Fact(label(f"alert.{name}", locale), value) for name, value in facts.items())


def _score(one: Choice, channel: Surface, base_url: str) -> Button:
    tone = Tone.BAD if one.value < 3 else Tone.GOOD if one.value > 3 else Tone.NEUTRAL
    if channel.has_buttons:
        return Button(one.label, f"{ACTION}:score:{one.value}", tone=tone, hint=one.hint)
    return Button(one.label, url=f"{base_url}/r/{LINK}?overall={one.value}", tone=tone, hint=one.hint)


def _facts(templates: Templates, locale: str) -> tuple[Fact, ...]:
    label = templates.label
    facts = {
        "scores": label("alert.score", locale, dimension=label("dimension.overall", locale), value=2),
        "reasons": label("reason.slow", locale),
        "history": label("alert.history_line", locale, count=3, average="4.3"),
        "agent": "Li",
        "owner": label("alert.nobody", locale),
        "due": templates.when(NOW + timedelta(hours=2), locale, "UTC", now=NOW, lasting=True, zoned=True),
        "state": label("state.open", locale),
    }
    return tuple(Fact(label(f"alert.{name}", locale), value) for name, value in facts.items())

"""The one message of a survey's conversation, drawn from what is stored; it has no state of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.site import Site, start_link
from bot.surveys import actions
from bot.wording import Wording, locale_of, wording_of
from core.models.invites import UNANSWERED, Invite, InviteState
from core.models.reactions import Recovery
from core.models.responses import Band, Response
from core.ports import Button, Channel, FieldKind, Form, FormField, Option, Tone
from core.reactions import recoveries
from core.surveys import anonymity, catalogue, responses, scoring, tokens
from core.surveys.scoring import Step
from core.surveys.settings import SCORES, SurveySettings
from core.text import colon, gap

Rows = tuple[tuple[Button, ...], ...]
Context = dict[str, object]
NAMED = "may_contact"
"""The field of a form that says that the contact wants to be known."""
_SHORT = 8  # characters on each of five buttons in a row


@dataclass(slots=True)
class Standing:
    """Everything that the drawing of an invite depends on."""

    invite: Invite
    response: Response | None
    scores: dict[str, int]
    settings: SurveySettings
    words: Wording
    recovery: Recovery | None = None
    is_promised: bool = False  # another message tells who comes back, and by when
    asking: str = ""  # a dimension to ask again, or "change" for the choice of what to change
    ended: Recovery | None = None  # the recovery that this question is about

    @property
    def finished(self) -> bool:
        return self.response is not None and self.response.finished_at is not None

    @property
    def reasons(self) -> Sequence[str]:
        return self.response.reasons if self.response else ()

    @property
    def comment(self) -> str:
        return self.response.comment if self.response else ""

    def question(self) -> scoring.Question:
        if self.asking in self.settings.dimension_keys:
            return scoring.Question(Step.SCORE, self.asking)
        return scoring.next_question(
            self.settings,
            scores=self.scores,
            reasons=self.reasons,
            comment=self.comment,
            skipped=self.response.skipped if self.response else (),
            finished=self.finished,
        )


@dataclass(frozen=True, slots=True)
class Screen:
    """What to render, and the buttons under it."""

    kind: str
    context: Context
    rows: Rows = ()
    asks_text: bool = False
    quote: str = field(default="")
    notice: str = ""  # what is promised, in addition to the words


async def standing(invite: Invite, site: Site, *, response: Response | None = None, asking: str = "") -> Standing:
    """Read what is stored about an invite (contact, survey and ticket fetched), unless its `response` was just read."""
    response = response or await responses.of(invite)
    settings = catalogue.settings_for(invite)
    words = wording_of(invite, site.templates, locale_of(invite.contact, site.templates))
    scores = await responses.scores_of(response) if response else {}
    judged = response is not None and response.revision > 0  # nobody recovers what has not been judged
    recovery = await Recovery.filter(response=response).select_related("owner").first() if judged else None
    is_promised = recovery is not None and await recoveries.is_promised(recovery)
    ended = await recoveries.ended(invite.ticket_id) if words.again and not scores else None
    return Standing(invite, response, scores, settings, words, recovery, is_promised, asking, ended)


@runtime_checkable
class LosesTaps(Protocol):
    """A channel whose network drops a tap when we are away for minutes (Telegram): the page is offered beside it."""

    loses_taps: bool


def draw(
    now_stands: Standing,
    channel: Channel,
    site: Site,
    *,
    first: str,
    alone: bool = True,
    onlookers: bool = False,
    now: datetime,
) -> Screen:
    """The screen of the moment. `first` is the kind of the opening message: invite, reminder or recovered.

    `alone`: nobody but the contact reads it. The link to the page lets anybody answer, so it stands nowhere else.
    `onlookers`: with a form, the answer is given in it, and the message shows none of it to the others.
    """
    if now_stands.invite.state in (InviteState.EXPIRED, InviteState.CANCELLED):
        return Screen("expired", _common(now_stands, site))
    if anonymity.is_cut(now_stands.invite, now_stands.response):
        return Screen("thanks_anonymous", _common(now_stands, site))
    screen = _screen(now_stands, channel, site, first=first, alone=alone, onlookers=onlookers, now=now)
    return _promising(screen, now_stands, channel, site, now=now)


def _screen(
    now_stands: Standing,
    channel: Channel,
    site: Site,
    *,
    first: str,
    alone: bool,
    onlookers: bool,
    now: datetime,
) -> Screen:
    unrated_letter = not channel.has_buttons and not now_stands.scores  # only the first message has links for scores
    if unrated_letter and now_stands.comment:
        return _unscored(now_stands, site)
    if now_stands.response is None or unrated_letter or not (now_stands.scores or now_stands.comment):
        return _opening(now_stands, channel, site, first, alone=alone, now=now)
    if channel.has_forms:
        thanks = _thanks(now_stands, channel, site, now=now)
        return _unsaid(now_stands, site, thanks) if onlookers else thanks
    if now_stands.asking == "change":
        return _choice(now_stands, site)
    question = now_stands.question()
    if question.step == Step.THANKS:
        return _thanks(now_stands, channel, site, now=now)
    if question.step == Step.SCORE and not now_stands.asking and _fits_at_once(now_stands):
        return _all_at_once(now_stands, site)
    return _question(now_stands, site, question)


def _promising(screen: Screen, now_stands: Standing, channel: Channel, site: Site, *, now: datetime) -> Screen:
    """What an anonymous question promises, how long that can still be changed, and the button that does."""
    invite, response, words = now_stands.invite, now_stands.response, now_stands.words
    if not invite.anonymous:
        return screen
    if response is None or not (now_stands.scores or now_stands.comment):
        return replace(screen, notice=words.label("anonymous.promise"))
    if not anonymity.is_open(invite, response):
        return replace(screen, notice=words.label("anonymous.told"))
    if screen.kind == "question":
        notice = words.label("anonymous.words") if screen.asks_text else ""
        rows = screen.rows if not _is_unhappy(now_stands) else (*screen.rows, (_toggle(now_stands),))
        return replace(screen, notice=notice, rows=rows)
    until = site.when(response.settle_at or now, invite.contact, words.locale, now=now)
    notice = words.label("anonymous.named" if response.may_contact else "anonymous.open", until=until)
    rows = (*screen.rows, (_toggle(now_stands),)) if channel.has_buttons else screen.rows
    return replace(screen, notice=notice, rows=rows, context=screen.context | {"until": ""})


def _is_unhappy(now_stands: Standing) -> bool:
    return scoring.band_of(now_stands.scores, now_stands.settings) == Band.NEGATIVE if now_stands.scores else False


def _toggle(now_stands: Standing) -> Button:
    chosen = now_stands.response is not None and now_stands.response.may_contact
    label = now_stands.words.label("button.may_contact")
    return Button(label, actions.write(now_stands.invite.key, actions.NAMED), chosen=chosen)


@runtime_checkable
class ShortForms(Protocol):
    """A channel whose forms take less text than a comment may have (Slack); its messages take more."""

    form_text_limit: int


def fills_its_field(channel: Channel, comment: str | None) -> bool:
    """Whether no more fitted into the form: what is written next goes on with it."""
    return isinstance(channel, ShortForms) and len(comment or "") >= channel.form_text_limit


def form(now_stands: Standing, channel: Channel) -> Form:
    """The whole survey in one form, filled in with what is known."""
    words, settings = now_stands.words, now_stands.settings
    choices = tuple(Option(str(one.value), one.said) for one in words.scale())
    fields = [
        FormField(
            f"score_{key}",
            words.dimension(key),
            FieldKind.CHOICE,
            choices,
            (str(now_stands.scores[key]),) if key in now_stands.scores else (),
        )
        for key in settings.dimension_keys
    ]
    if settings.reasons and not settings.anonymous:
        options = tuple(Option(one.key, words.reason(one.key)) for one in settings.reasons)
        label = words.label("form.reasons")
        fields.append(FormField("reasons", label, FieldKind.MANY, options, tuple(now_stands.reasons)))
    if settings.comment != "off":
        text = (now_stands.comment,) if now_stands.comment else ()
        required = scoring.needs_comment(now_stands.scores, settings)
        hint = words.label("form.comment_hint_needed" if required else "form.comment_hint")
        if now_stands.invite.anonymous:
            hint += gap(words.locale) + words.label("anonymous.words")
        if isinstance(channel, ShortForms):
            hint += gap(words.locale) + words.label("form.comment_longer", limit=channel.form_text_limit)
        fields.append(
            FormField("comment", words.label("form.comment"), FieldKind.TEXT, (), text, required=required, hint=hint)
        )
    if anonymity.is_open(now_stands.invite, now_stands.response):
        fields.append(_named_field(now_stands))
    key = now_stands.invite.key
    return Form(
        action=actions.write(key, actions.FORM),
        title=words.label("form.rate_title"),
        submit=words.label("button.send"),
        cancel=words.label("button.cancel"),
        fields=tuple(fields),
    )


def _named_field(now_stands: Standing) -> FormField:
    words = now_stands.words
    chosen = now_stands.response is not None and now_stands.response.may_contact
    option = Option("yes", words.label("button.may_contact"))
    hint = words.label("anonymous.named_hint")
    label = words.label("anonymous.field")
    return FormField(NAMED, label, FieldKind.MANY, (option,), ("yes",) if chosen else (), hint=hint)


def survey_url(invite: Invite, site: Site, score: int = 0) -> str:
    page = f"{site.base_url}/r/{tokens.token_for(invite.key)}"
    return f"{page}?overall={score}" if score else page


def change_url(invite: Invite, site: Site) -> str:
    """The same page, filled in with what was answered: for the contact alone, in the thanks."""
    return f"{survey_url(invite, site)}?change={tokens.change_token_for(invite.key)}"


def _opening(now_stands: Standing, channel: Channel, site: Site, first: str, *, alone: bool, now: datetime) -> Screen:
    words, invite = now_stands.words, now_stands.invite
    context = _common(now_stands, site) | {
        "question": words.question("overall"),
        "scale": words.scale_hint(),
        "until": site.when(invite.expires_at, invite.contact, words.locale, now=now),
    }
    if now_stands.ended is not None:
        context["owner"] = {"name": recoveries.mended_by(now_stands.ended)}
        context["outcome"] = words.label(f"outcome.{now_stands.ended.outcome}")
    rows: Rows = (_score_row(now_stands, "overall", site, taps=channel.has_buttons),)
    if alone and isinstance(channel, LosesTaps):
        rows += ((Button(words.label("button.rate_on_page"), url=survey_url(invite, site)),),)
    if not channel.has_buttons and invite.state in UNANSWERED:
        link = start_link(tokens.token_for(invite.key), site.chats.values(), asked_in=invite.address.channel)
        rows += ((Button(words.label("button.rate_in_telegram"), url=link),),) if link else ()
    return Screen(first, context, rows)


def _unscored(now_stands: Standing, site: Site) -> Screen:
    """They wrote words without a score. They have read the question: a note says what is missing, with its links."""
    words = now_stands.words
    asked = {"step": Step.SCORE.value, "scale": words.scale_hint(), "question": words.label("question.unscored")}
    row = _score_row(now_stands, "overall", site, taps=False)
    return Screen("question", _common(now_stands, site) | _answered(now_stands) | asked, (row,))


def _question(now_stands: Standing, site: Site, question: scoring.Question) -> Screen:
    words, key = now_stands.words, now_stands.invite.key
    context = _common(now_stands, site) | _answered(now_stands) | {"step": question.step.value, "scale": ""}
    skip = Button(words.label("button.skip"), actions.write(key, actions.SKIP, question.dimension or question.step))
    done = Button(words.label("button.done"), actions.write(key, actions.DONE), tone=Tone.PRIMARY)
    if question.step == Step.SCORE:
        context |= {"question": words.question(question.dimension), "scale": words.scale_hint()}
        row = _score_row(now_stands, question.dimension, site, taps=True)
        return Screen("question", context, (row, (skip, done)) if now_stands.scores else (row,))
    if question.step == Step.REASONS:
        offered = scoring.offered_reasons(now_stands.scores, now_stands.settings)
        chips = tuple(_chip(now_stands, one.key) for one in offered)
        ready = Button(words.label("button.done"), skip.action, tone=Tone.PRIMARY)
        context |= {"question": words.label("question.reasons")}
        return Screen("question", context, (*_pairs(chips), (ready if now_stands.reasons else skip,)))
    needed = scoring.needs_comment(now_stands.scores, now_stands.settings)
    context |= {"question": words.label("question.comment_needed" if needed else "question.comment")}
    return Screen("question", context, () if needed else ((skip,),), asks_text=True)


def _fits_at_once(now_stands: Standing) -> bool:
    """Whether all dimensions go into one message: words would make it longer than a phone's screen."""
    short = all(len(one.label) <= _SHORT for one in now_stands.words.scale())
    return now_stands.settings.layout == "all_at_once" and "overall" in now_stands.scores and short


def _all_at_once(now_stands: Standing, site: Site) -> Screen:
    """Each other dimension with its name above its row; the name alone asks about that one again."""
    words, key = now_stands.words, now_stands.invite.key
    rows: list[tuple[Button, ...]] = []
    for one in now_stands.settings.dimension_keys[1:]:
        rows.append((Button(_labelled(now_stands, one), actions.write(key, actions.ASK, one)),))
        row = _score_row(now_stands, one, site, taps=True)
        rows.append(tuple(replace(it, hint=f"{words.dimension(one)}{colon(words.locale)}{it.hint}") for it in row))
    skip = Button(words.label("button.skip"), actions.write(key, actions.SKIP, "scores"))
    done = Button(words.label("button.done"), actions.write(key, actions.DONE), tone=Tone.PRIMARY)
    asked = {"step": Step.SCORE.value, "scale": words.scale_hint(), "question": words.label("question.at_once")}
    return Screen("question", _common(now_stands, site) | _answered(now_stands) | asked, (*rows, (skip, done)))


def _choice(now_stands: Standing, site: Site) -> Screen:
    """What do you want to change? One button per dimension, with its present score."""
    words, key = now_stands.words, now_stands.invite.key
    buttons = tuple(
        Button(_labelled(now_stands, one), actions.write(key, actions.ASK, one))
        for one in now_stands.settings.dimension_keys
    )
    last = [Button(words.label("button.done"), actions.write(key, actions.DONE), tone=Tone.PRIMARY)]
    if now_stands.settings.comment != "off":
        label = words.label("button.edit_comment" if now_stands.comment else "button.comment")
        last.insert(0, Button(label, actions.write(key, actions.COMMENT)))
    context = (
        _common(now_stands, site) | _answered(now_stands) | {"step": "change", "question": words.label("button.change")}
    )
    return Screen("question", context, (*_pairs(buttons), tuple(last)))


def _thanks(now_stands: Standing, channel: Channel, site: Site, *, now: datetime) -> Screen:
    words, key = now_stands.words, now_stands.invite.key
    band = _band(now_stands)
    contact = now_stands.invite.contact
    response = now_stands.response
    context = _common(now_stands, site) | _answered(now_stands)
    buttons: list[Button] = []
    if response is not None and responses.can_change(response, now_stands.settings, now=now):
        until = response.created_at + now_stands.settings.edit_for
        context["until"] = site.when(until, contact, words.locale, now=now)
        verb, label = (
            (actions.FORM, "button.more")
            if channel.has_forms and not now_stands.finished
            else (actions.CHANGE, "button.change")
        )
        page = "" if channel.has_buttons else change_url(now_stands.invite, site)
        buttons.append(Button(words.label(label), "" if page else actions.write(key, verb), page))
        if not channel.has_forms and not now_stands.comment and now_stands.settings.comment != "off":
            buttons.append(Button(words.label("button.comment"), actions.write(key, actions.COMMENT)))
    context |= _due(now_stands, site, band, now=now)
    return Screen(f"thanks_{band.value}", context, (tuple(buttons),) if buttons else ())


def ended(now_stands: Standing, site: Site) -> Context:
    """What is said on a page that anybody with its link sees: nothing of the answer, and not the customer's name."""
    return _common(now_stands, site) | {"contact": {"name": ""}, "until": ""}


def thanks_beside(now_stands: Standing, site: Site, *, now: datetime) -> tuple[str, Context]:
    """The kind of the thanks and what is said in them, for a page that shows the answer itself."""
    band = _band(now_stands)
    unsaid: Context = {"scores": [], "reasons": [], "comment": ""}
    return f"thanks_{band.value}", _common(now_stands, site) | unsaid | _due(now_stands, site, band, now=now)


def _band(now_stands: Standing) -> Band:
    return scoring.band_of(now_stands.scores, now_stands.settings) if now_stands.scores else Band.NEUTRAL


def _due(now_stands: Standing, site: Site, band: Band, *, now: datetime) -> Context:
    """Who comes back, and by when, unless another message tells it."""
    recovery = now_stands.recovery
    if band != Band.NEGATIVE or recovery is None or now_stands.is_promised:
        return {}
    due = site.when(recovery.due_at, now_stands.invite.contact, now_stands.words.locale, now=now)
    return {"owner": {"name": _owner(now_stands)}, "due": due}


def _unsaid(now_stands: Standing, site: Site, thanks: Screen) -> Screen:
    """That it was answered, and nothing of the answer; the buttons open a form that only the contact sees."""
    return Screen("answered", _common(now_stands, site) | {"until": thanks.context.get("until", "")}, thanks.rows)


def _score_row(now_stands: Standing, dimension: str, site: Site, *, taps: bool) -> tuple[Button, ...]:
    words, invite = now_stands.words, now_stands.invite
    chosen = now_stands.scores.get(dimension)
    return tuple(
        Button(
            label=choice.label,
            action=actions.write(invite.key, actions.SCORE, dimension, choice.value) if taps else "",
            url="" if taps else survey_url(invite, site, choice.value),
            tone=_tone(choice.value, now_stands.settings),
            hint=choice.hint,
            chosen=choice.value == chosen,
        )
        for choice in words.scale()
        if choice.value in SCORES
    )


def _tone(value: int, settings: SurveySettings) -> Tone:
    if value <= settings.negative_up_to:
        return Tone.BAD
    return Tone.GOOD if value >= settings.positive_from else Tone.NEUTRAL


def _chip(now_stands: Standing, reason: str) -> Button:
    action = actions.write(now_stands.invite.key, actions.REASON, reason)
    return Button(now_stands.words.reason(reason), action, chosen=reason in now_stands.reasons)


def _labelled(now_stands: Standing, dimension: str) -> str:
    label, score = now_stands.words.dimension(dimension), now_stands.scores.get(dimension)
    return f"{label}{colon(now_stands.words.locale)}{score}" if score else label


def _pairs(buttons: Sequence[Button]) -> Rows:
    return tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2))


def _owner(now_stands: Standing) -> str:
    owner = now_stands.recovery.owner if now_stands.recovery else None
    return owner.name if owner else ""


def _answered(now_stands: Standing) -> Context:
    return {
        "scores": now_stands.words.scores(now_stands.scores),
        "reasons": [now_stands.words.reason(one) for one in now_stands.reasons],
        "comment": now_stands.comment,
    }


def _common(now_stands: Standing, site: Site) -> Context:
    invite = now_stands.invite
    ticket: Mapping[str, object] = {"number": invite.ticket.number, "subject": invite.ticket.subject}
    return {
        "contact": {"name": invite.contact.name},
        "agent": {"name": invite.agent.name if invite.agent else ""},
        "ticket": ticket,
        "site": {"name": site.name},
        "survey": {"title": now_stands.words.title(), "url": survey_url(invite, site)},
    }

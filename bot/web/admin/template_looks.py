"""How words would look, drawn by what draws them for each channel; and what is wrong with them, at its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup, escape

from bot import template_rules
from bot.channels.email import layout
from bot.channels.email.headers import clean_header
from bot.channels.slack import drawing as slack
from bot.channels.telegram import drawing as telegram
from bot.placeholders import KINDS
from bot.render_process import in_words
from bot.rendering import RenderError, TemplateError
from bot.template_source import join, split, with_preheader
from bot.trials import drawing, samples
from bot.trials.drawing import Trial
from bot.trials.surfaces import SURFACES
from bot.web.admin import marked
from bot.web.admin.door import Visit
from core.models.setup import Wording
from core.ports import Button, Message
from core.wordings.drafts import Words

PAGE = "page"
"""What stands where a channel stands: the survey's own page, behind the links of a mail."""
_ON_PAGE = frozenset({"thanks_negative", "thanks_neutral", "thanks_positive"})
_SUBJECT = 300
_LEADS = re.compile(r"(<a\b[^>]*?)\shref=\"[^\"]*\"")
_NEEDED_APART = frozenset({"step", "event", "actor.name"})  # they choose the words; nobody has to read them


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    subject: str
    preheader: str
    body: str

    @classmethod
    def of_form(cls, form: dict[str, str]) -> Typed:
        body = form.get("body", "").replace("\r\n", "\n").rstrip()
        return cls(_line(form.get("subject", "")), _line(form.get("preheader", "")), body)

    @classmethod
    def of_words(cls, words: Words) -> Typed:
        parts = split(join(words.subject, words.source))
        return cls(parts.subject, parts.preheader, parts.body.rstrip("\n"))

    @property
    def words(self) -> Words:
        return Words(self.subject, with_preheader(self.preheader, self.body))

    @property
    def source(self) -> str:
        return join(self.words.subject, self.words.source)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, and where: in a field, and in the text at a line. `grave`: it cannot be published so."""

    text: str
    field: str = "body"
    line: int = 0
    grave: bool = True


@dataclass(slots=True)
class Look:
    """One preview. What is in it depends on the kind of channel."""

    channel: str
    is_set_up: bool
    text: Markup = Markup("")  # noqa: RUF009 - it cannot be changed
    subject: str = ""
    preheader: str = ""
    plain: str = ""
    problem: str = ""
    rows: list[list[tuple[str, str]]] = field(default_factory=list)  # each button's label and colour
    blocks: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)


def wrong_with(kind: str, typed: Typed, visit: Visit) -> list[Wrong]:
    """What cannot be published at first, and then what only seems forgotten."""
    whole = typed.source
    above = split(whole).first_line - 1
    found = [_placed(visit, error, above, bool(typed.subject)) for error in template_rules.problems(kind, whole)]
    if len(typed.subject) > _SUBJECT:
        found.append(Wrong(visit.say("template.subject_too_long", most=_SUBJECT), "subject"))
    found = list(dict.fromkeys(found))  # the same mistake twice in a line is told once
    return found if found else [Wrong(one, grave=False) for one in _forgotten(kind, whole, visit)]


async def looks(trial: Trial, visit: Visit, channel: str = "") -> tuple[list[Look], list[Wrong]]:
    """What it looks like in each channel that may get it, those that are set up first; or why it does not work."""
    set_up = list(dict.fromkeys(one.kind for one in visit.site.channels.values()))
    drawn: list[Look] = []
    for kind in sorted(
        channels_of(trial.kind, channel), key=lambda one: set_up.index(one) if one in set_up else len(set_up)
    ):
        try:
            made = await _message(trial, kind, visit)
        except TemplateError as error:
            return [], [Wrong(visit.tell(error.said), line=error.line)]
        except RenderError as error:
            return [], [Wrong(visit.tell(error.said))]
        except (ValueError, TypeError):
            return [], [Wrong(visit.say("problem.template.lacks_value"))]
        drawn.append(_look(made, kind, visit, is_set_up=kind in set_up))
        if kind == "email" and trial.kind in _ON_PAGE and (page := await _page(trial, visit)):
            drawn.append(page)
            page.is_set_up = kind in set_up
    return drawn, []


def told(visit: Visit, source: str) -> str:
    """A whole source as people read it: what mails have beside their text is called as in the editor."""
    parts = split(source)
    above = [
        visit.say("template.called", name=visit.say(f"template.{name}"), words=words)
        for name, words in (("subject", parts.subject), ("preheader", parts.preheader))
        if words
    ]
    return "\n".join([*above, "", parts.body] if above else [parts.body])


def cut_off(drawn: Sequence[Look]) -> list[Wrong]:
    """Where the end would be missing, of the channels that are set up; of all where none is."""
    here = [one for one in drawn if one.is_set_up] or drawn
    return [Wrong(one.problem, grave=False) for one in here if one.problem]


def differing(visit: Visit, before: str, after: str) -> list[tuple[str, str]]:
    """Line by line: "+" for what came, "-" for what went, " " for what stayed."""
    old, new = (told(visit, one).rstrip().splitlines() for one in (before, after))
    lines = difflib.ndiff(old, new)
    return [(line[0], line[2:]) for line in lines if line[0] in "+- "]


async def mail(trial: Trial, visit: Visit, *, dark: bool) -> str:
    """The HTML of the mail, by day or by night whatever the reader's system says. Raises as `drawing.message`."""
    made = await _message(trial, "email", visit)
    page = layout.lay_out(made, subject=_subject(made), base_url=visit.site.base_url)
    shown = "all" if dark else "not all"
    html = _LEADS.sub(r"\1", layout.as_html(page))  # in its frame a link could lead nowhere, and would stop the Tab key
    html = html.replace("@media (prefers-color-scheme: dark)", f"@media {shown}")
    return html.replace("color-scheme: light dark", f"color-scheme: {'dark' if dark else 'light'}")


def channels_of(kind: str, only: str = "") -> list[str]:
    """The kinds of channel in which a message of this kind can appear."""
    if only:
        return [only]
    if kind in samples.ONLY_MAIL:
        return ["email"]
    unseen = {"webchat"} if KINDS[kind].staff else {"email"} if kind in samples.GROUPS["commands"] else set()
    return [one for one in SURFACES if one not in unseen]


async def _message(trial: Trial, channel: str, visit: Visit) -> Message:
    return await drawing.message(trial, SURFACES[channel], visit.site.templates, base_url=visit.site.base_url)


async def _page(trial: Trial, visit: Visit) -> Look | None:
    """The last page of the survey, which shows the answer itself; None where it has shipped words."""
    unsaid: dict[str, object] = {"scores": [], "reasons": [], "comment": "", "until": ""}
    try:
        made = await _message(replace(trial, real={**trial.real, **unsaid}), "email", visit)
    except (TemplateError, RenderError, ValueError, TypeError):
        return None
    templates = visit.site.templates
    shown = samples.context_of(trial.kind, templates, templates.best_locale(trial.locale), "/")["scores"]
    return Look(PAGE, is_set_up=True, text=marked.of_html(made.text), scores=list(shown))  # type: ignore[call-overload]


def _look(made: Message, kind: str, visit: Visit, *, is_set_up: bool) -> Look:
    look = Look(kind, is_set_up)
    if kind == "telegram":
        drawn = telegram.draw(made)
        look.text = marked.of_html(drawn.text) if drawn.parse_mode else escape(drawn.text)
        look.rows = [[(key.text, key.style or "") for key in row] for row in drawn.buttons()]
        look.problem = _too_long(visit, kind, telegram.length(made), telegram.TEXT_LIMIT)
    elif kind == "slack":
        look.blocks = [_block(block) for block in slack.blocks(made)]
        look.problem = _too_long(visit, kind, len(made.text), slack.TEXT_LIMIT)
    elif kind == "email":
        look.subject, look.preheader = _subject(made), made.preheader
        page = layout.lay_out(made, subject=look.subject, base_url=visit.site.base_url)
        look.plain = layout.as_text(page)
    else:
        look.text = marked.of_html(made.text)
        look.rows = [[(_label(one), one.tone.value) for one in row] for row in made.rows]
    return look


def _block(block: dict[str, Any]) -> dict[str, Any]:
    """A block of Slack's with its texts as a page may show them."""
    if block["type"] == "actions":
        buttons = [(one["text"]["text"], one.get("style", "")) for one in block["elements"]]
        return {"type": "actions", "buttons": buttons}
    texts = block.get("fields") or block.get("elements") or [block["text"]]
    return {
        "type": "fields" if "fields" in block else block["type"],
        "texts": [marked.of_mrkdwn(one["text"]) if one["type"] == "mrkdwn" else escape(one["text"]) for one in texts],
    }


def trouble(visit: Visit, row: Wording) -> str:
    """Why published words could not be sent, as far as it was written down."""
    if not row.problem:
        return ""
    found = template_rules.problems(row.kind, join(row.subject, row.source), most=1)
    return visit.tell(found[0].said if found else in_words(row.problem))


def _placed(visit: Visit, error: TemplateError, above: int, has_subject: bool) -> Wrong:
    words = visit.tell(error.said)
    if error.line > above or not error.line:
        return Wrong(words, "body", max(error.line - above, 0))
    return Wrong(words, "subject" if has_subject and error.line == 1 else "preheader")


def _forgotten(kind: str, whole: str, visit: Visit) -> Iterator[str]:
    """What a message of this kind makes no sense without."""
    said = template_rules.said(whole)
    for name in _needed(kind):
        if name not in said:
            yield visit.say("template.forgotten", name=f"{{{{ {name} }}}}")


def _needed(kind: str) -> Sequence[str]:
    found = []
    for one in KINDS[kind].placeholders:
        found += [one.name] if one.needed else []
        found += [f"{one.name}.{each.name}" for each in one.fields if each.needed]
    return [name for name in found if name not in _NEEDED_APART]


def _too_long(visit: Visit, kind: str, length: int, most: int) -> str:
    if length <= most:
        return ""
    return visit.say("template.too_long_there", channel=visit.say(f"channel.{kind}"), length=length, most=most)


def _subject(made: Message) -> str:
    return clean_header(made.subject) or clean_header(made.plain.strip().partition("\n")[0])


def _label(button: Button) -> str:
    return f"✓ {button.label}" if button.chosen else button.label


def _line(text: str) -> str:
    return " ".join(text.split())

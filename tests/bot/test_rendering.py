"""Every word that anybody reads, in each language and dialect."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot import markup, wording_time
from bot.labels import best_match
from bot.placeholders import KINDS
from bot.rendering import Override, Problem, TemplateError, Templates
from bot.template_context import project, samples
from core.ports import Dialect

NASTY = {
    "heart": "Ann <3",
    "ampersand": "Router & cable",
    "template": "{{7*7}} ${7*7} <%=7*7%> #{7*7} {% for %}",
    "stars": "*x* _y_ ~z~ `q` ```p```",
    "everyone": "<!channel> <@U123> <https://evil.example|bank>",
    "html": "<b>b</b><script>alert(1)</script>\" onclick='x'",
    "quote": "> said\n>>> more\n&gt; most",
    "emoji": "👩‍👩‍👧 ★",
    "hebrew": "שלום (1)",
    "lines": "one\ntwo",
    "entity": "&lt;b&gt; &#60;",
}


@pytest.fixture
async def templates() -> AsyncIterator[Templates]:
    loaded = Templates.load()
    yield loaded
    await loaded.close()


def every_message() -> list[tuple[str, str]]:
    return [(kind, locale) for kind in KINDS for locale in ("en", "zh-Hans")]


def filled_with(kind: str, words: str) -> dict[str, object]:
    """Every text that a template of the kind may say is `words`."""

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: fill(item) for name, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        return words if type(value) is str else value

    context = {name: fill(value) for name, value in samples(kind).items()}
    return context | {name: samples(kind)[name] for name in ("step", "event") if name in context}


class Tags(HTMLParser):
    """What a reader's program sees in HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)
        assert {name for name, _ in attrs} <= {"href"}
        self.links += [value or "" for _, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def seen_in(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    return tags


# ---------------------------------------------------------------- the words


@pytest.mark.parametrize(("kind", "locale"), every_message())
async def test_every_message_can_be_said_in_every_language_and_dialect(
    templates: Templates, kind: str, locale: str
) -> None:
    for dialect in Dialect:
        rendered = await templates.render(kind, locale, dialect, samples(kind))
        assert rendered.text
        assert rendered.plain
        assert rendered.subject
        assert "\n" not in rendered.subject
        assert "{{" not in rendered.text + rendered.plain + rendered.subject
        assert len(rendered.plain) < 1000


@pytest.mark.parametrize(("kind", "locale"), every_message())
async def test_every_message_still_reads_well_when_little_is_known(
    templates: Templates, kind: str, locale: str
) -> None:
    needed: dict[str, object] = {}
    for placeholder in KINDS[kind].placeholders:
        fields = {field.name: field.sample for field in placeholder.fields if field.needed}
        if fields or placeholder.needed:
            needed[placeholder.name] = fields or placeholder.sample
    rendered = await templates.render(kind, locale, Dialect.PLAIN, needed)
    for text in (rendered.plain, rendered.subject):
        assert text
        assert not re.search(r"[ (“（] *[,.”)）。，]| {2}|\n{3}|None", text), text


@pytest.mark.parametrize("words", NASTY.values(), ids=NASTY.keys())
async def test_nobodys_words_become_mark_up(templates: Templates, words: str) -> None:
    for kind, locale in every_message():
        context = filled_with(kind, words)
        html = seen_in((await templates.render(kind, locale, Dialect.HTML, context)).text)
        assert html.seen <= {"b", "i", "code", "a"}
        slack = (await templates.render(kind, locale, Dialect.MRKDWN, context)).text
        if kind == "resolved":  # what the staff did: an address in it leads to where it says
            assert html.links == re.findall(r"https://evil\.example", words)
            slack = slack.replace("<https://evil.example|https://evil.example>", "")
        else:
            assert html.links == []  # what is no address is not linked to
        assert "<" not in slack
        assert not re.search(r"^\s*(>|&gt;)", slack, re.MULTILINE)
        assert "`" not in slack


@pytest.mark.parametrize("words", NASTY.values(), ids=NASTY.keys())
async def test_people_read_exactly_what_was_written(templates: Templates, words: str) -> None:
    context = {**samples("resolved"), "result": words}
    rendered = await templates.render("resolved", "en", Dialect.HTML, context)
    assert words in rendered.plain
    assert words in seen_in(rendered.text).text


async def test_formatting_signs_inside_slack_bold_do_not_end_it(templates: Templates) -> None:
    slack = markup.writer(Dialect.MRKDWN)
    assert slack.bold("2*3*4 *x*") == "*2∗3∗4 ∗x∗*"
    assert slack.bold("two\nlines ") == "*two lines*"
    assert slack.bold(" \n ") == ""
    assert slack.escape("snake_case stays, _this_ does not") == "snake_case stays, ˍthisˍ does not"
    assert slack.link("a|b>c", "https://example.org/?a=1&b=|>") == "<https://example.org/?a=1&amp;b=%7C%3E|a¦b&gt;c>"


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_link_leads_nowhere_dangerous(dialect: Dialect) -> None:
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://a b",
        "https://a\nb",
        "",
        "JaVaScRiPt:x",
    ):
        assert str(markup.writer(dialect).link("bank", url)) == "bank"
    quoted = seen_in(markup.writer(Dialect.HTML).link("x", 'https://e.org/"onclick="x'))
    assert quoted.links == ['https://e.org/"onclick="x']


def test_a_name_from_right_to_left_does_not_turn_what_stands_around_it() -> None:
    assert markup.value(markup.writer(Dialect.PLAIN), "שלום") == "\u2068שלום\u2069"
    assert markup.value(markup.writer(Dialect.PLAIN), "Ann") == "Ann"


# ---------------------------------------------------------------- two languages, one meaning


def test_both_languages_have_the_same_labels_with_the_same_values(templates: Templates) -> None:
    english, *others = (templates._labels[locale] for locale in templates.locales())
    for other in others:
        assert set(other) == set(english)
        for key in english:
            assert other.values_of(key) == english.values_of(key), key


@pytest.mark.parametrize("kind", list(KINDS))
def test_both_languages_say_the_same_things(templates: Templates, kind: str) -> None:
    def spoken_of(locale: str) -> set[str]:
        parts = templates._shipped[kind, locale].parts
        return set(
            re.findall(r"\b[a-z]+\.[a-z]+\b", re.sub("[“”「」].*?[“”]", "", f"{parts.subject} {parts.body}"))
        ) - {"loop.last"}

    assert spoken_of("zh-Hans") == spoken_of("en")


def test_every_label_can_be_said(templates: Templates) -> None:
    for locale in templates.locales():
        words = templates._labels[locale]
        for key in words:
            said = templates.label(key, locale, **{**dict.fromkeys(words.values_of(key), "X"), "count": 2})
            assert not re.findall(r"\{\w*\}", said)
            assert said.strip() or key == "time.between_units"


@pytest.mark.parametrize(("code", "words"), [("inquiry", "咨询"), ("warranty", "warranty"), ("", "")])
def test_a_code_that_only_an_outside_system_knows_stays_as_it_is(templates: Templates, code: str, words: str) -> None:
    assert templates.named("ticket_type", code, "zh-Hans") == words


def test_every_label_that_the_program_says_exists(templates: Templates) -> None:
    said: set[str] = set()
    for package in ("bot", "core"):
        for file in Path(package_of(package)).rglob("*"):
            if file.suffix in (".py", ".j2") and file.is_file():
                found = re.findall(r"""\b(?:label|say)(?:=|\()\s*"(\w+\.[\w.]+)\"(?!\s*~)""", file.read_text("utf-8"))
                said.update(key for key in found if not key.endswith("."))
    assert said
    assert {key for key in said if not templates.has_label(key)} == set()


def package_of(name: str) -> str:
    return next(iter(import_module(name).__path__))


def test_short_words_fit_where_they_are_drawn(templates: Templates) -> None:
    for locale in templates.locales():
        for name, text in templates.labels("form", locale).items():
            assert not name.endswith("_title") or len(text) <= 24, (locale, name)  # Slack
        for name, text in templates.labels("note", locale).items():
            assert len(text) <= 150, (locale, name)  # Telegram: 200 with the values
        assert list(templates.labels("reason", locale)) == ["slow", "not_solved", "unfriendly"]
        assert [choice.value for choice in templates.scale("stars", locale)] == [1, 2, 3, 4, 5]
        assert all(choice.hint for choice in templates.scale("words", locale))


def test_the_shipped_words_are_those_of_the_survey(templates: Templates) -> None:
    assert templates.label("dimension.attitude", "zh-CN") == "服务态度"
    assert templates.label("dimension.resolution", "en-GB") == "Problem resolution"
    assert templates.label("note.saved", "en", value=4) == "Saved: 4 of 5"
    assert templates.label("decision.asked_recently", "en", count=1, channel="Telegram") == (
        "Not sent: asked 1 day ago on Telegram"
    )
    assert templates.label("decision.asked_recently", "en", count=3, channel="Telegram").endswith(
        "3 days ago on Telegram"
    )
    assert templates.label("decision.asked_recently", "zh", count=1, channel="Telegram") == (
        "未发送：1 天前已通过 Telegram 邀请过"
    )
    assert templates.score("stars", 4, "en") == "★★★★☆\u00a04/5"
    assert templates.score("faces", 1, "en") == "😠\u00a01/5"
    assert next(one.said for one in templates.scale("stars", "en")) == "1★  very dissatisfied"
    assert next(one.said for one in templates.scale("stars", "zh-Hans")) == "1★  非常不满意"
    assert [one.said for one in templates.scale("faces", "en")][4] == "😀  5, very satisfied"
    with pytest.raises(KeyError):
        templates.label("button.sikp", "en")
    with pytest.raises(KeyError):
        templates.label("note.saved", "en")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("zh-CN", "zh-Hans"),
        ("zh_CN", "zh-Hans"),
        ("zh-TW", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("ZH-hans-cn", "zh-Hans"),
        ("en-GB", "en"),
        ("de", "en"),
        ("", "en"),
        ("*", "en"),
        ("de-DE,de;q=0.9,zh;q=0.8,en;q=0.7", "zh-Hans"),
        ("zh;q=0, en", "en"),
        ("\x00;;,,--,q=", "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_people_get_the_language_they_read_best(templates: Templates, wanted: str, given: str) -> None:
    assert templates.best_locale(wanted) == given


@pytest.mark.parametrize(
    ("tag", "reader", "said"),
    [
        ("zh-Hans", "en", "简体中文"),
        ("de-AT", "en", "German (Austria)"),
        ("de-AT", "zh-Hans", "德语 (奥地利)"),
        ("tlh", "en", "tlh"),
        ("../../etc", "en", "../../etc"),
        ("", "en", ""),
    ],
)
def test_a_language_is_called_as_its_speakers_or_its_reader_call_it(
    templates: Templates, tag: str, reader: str, said: str
) -> None:
    assert templates.language(tag, reader) == said


def test_the_script_counts_before_the_region() -> None:
    assert best_match("zh-HK", ["zh-Hans", "zh-Hant"]) == "zh-Hant"
    assert best_match("zh-SG", ["zh-Hant", "zh-Hans"]) == "zh-Hans"


def test_moments_are_said_as_people_say_them(templates: Templates) -> None:
    now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)

    def said(delta: timedelta, locale: str = "en", tz: str = "UTC", *, zoned: bool = False) -> str:
        return templates.when(now + delta, locale, tz, now=now, zoned=zoned)

    assert said(timedelta(minutes=15)) == "today 22:45"
    assert said(timedelta(hours=2)) == "tomorrow 00:30"
    assert said(timedelta(hours=2), tz="Asia/Shanghai") == "today 08:30"  # it is past midnight there
    assert said(timedelta(days=3)) == "25 Nov 22:30"
    assert said(timedelta(days=60)) == "21 Jan 2027 22:30"
    assert said(-timedelta(days=1)) == "yesterday 22:30"
    assert said(timedelta(days=3), "zh-CN") == "11月25日 22:30"
    assert said(timedelta(minutes=15), "zh-CN", "Asia/Shanghai") == "今天 06:45"
    assert said(timedelta(minutes=15), tz="Atlantis/Nowhere") == "today 22:45"


def test_moments_for_people_who_may_be_anywhere_name_their_zone(templates: Templates) -> None:
    now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)

    def said(locale: str, tz: str) -> str:
        return templates.when(now, locale, tz, now=now, lasting=True, zoned=True)

    assert said("en", "UTC") == "Sun 22 Nov 22:30 (UTC)"
    assert said("en", "Europe/Berlin") == "Sun 22 Nov 23:30 (UTC+1)"
    assert said("en", "America/St_Johns") == "Sun 22 Nov 19:00 (UTC-3:30)"
    assert said("en", "Asia/Kolkata") == "Mon 23 Nov 04:00 (UTC+5:30)"
    assert said("zh-CN", "Asia/Shanghai") == "11月23日周一 06:30（UTC+8）"


def test_a_moment_without_a_zone_is_refused(templates: Templates) -> None:
    now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        templates.when(datetime(2026, 1, 1), "en", now=now)  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize(
    ("length", "english", "chinese"),
    [
        (timedelta(hours=2), "2 hours", "2 小时"),
        (timedelta(hours=1, minutes=30), "1 hour 30 minutes", "1 小时 30 分钟"),
        (timedelta(minutes=59, seconds=40), "1 hour", "1 小时"),
        (timedelta(days=1, hours=23, minutes=59), "2 days", "2 天"),
        (timedelta(minutes=-20), "20 minutes", "20 分钟"),
        (timedelta(seconds=90), "2 minutes", "2 分钟"),
        (timedelta(), "0 seconds", "0 秒"),
    ],
)
def test_lengths_of_time_are_said_in_two_units_at_most(
    templates: Templates, length: timedelta, english: str, chinese: str
) -> None:
    assert templates.span(length, "en") == english
    assert templates.span(length, "zh-Hans") == chinese


# ---------------------------------------------------------------- what templates are given


def test_a_template_gets_nothing_but_plain_values() -> None:
    class Contact(str):
        def __str__(self) -> str:
            return "secret"

    given = project(
        "invite", samples("invite") | {"contact": {"name": Contact("Ann"), "password": "x"}, "settings": object()}
    )
    assert given["contact"] == {"name": "Ann"}
    assert "settings" not in given
    assert {type(value) for value in _leaves(given)} <= {str, int, bool, float}


def _leaves(value: object) -> Iterator[object]:
    if type(value) is dict:
        for item in value.values():
            yield from _leaves(item)
    elif type(value) is list:
        for item in value:
            yield from _leaves(item)
    else:
        yield value


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"contact": object()}, "invite: contact is a mapping"),
        ({"until": datetime(2026, 1, 1, tzinfo=UTC)}, "invite: until is a text"),
        ({"contact": {"name": object()}}, "invite: contact.name is a text"),
    ],
)
def test_an_object_is_refused_by_name(change: dict[str, object], what: str) -> None:
    with pytest.raises(TypeError, match=what):
        project("invite", samples("invite") | change)


def test_what_a_message_makes_no_sense_without_is_asked_for() -> None:
    with pytest.raises(ValueError, match=r"invite: ticket\.number is needed"):
        project("invite", {"question": "How was it?"})
    with pytest.raises(ValueError, match="question is needed"):
        project("invite", {"ticket": {"number": "CS-1"}})


# ---------------------------------------------------------------- what admins write


async def test_the_closest_wording_wins(templates: Templates) -> None:
    templates.use(
        [
            Override("closed", "any"),
            Override("closed", "english", locale="en"),
            Override("closed", "team", locale="en", team="vip"),
            Override("closed", "channel", locale="en", channel="sms"),
            Override("closed", "both", locale="en", team="vip", channel="sms"),
            Override("closed", "français", locale="fr"),
        ]
    )

    async def said(locale: str, team: str = "", channel: str = "") -> str:
        return (await templates.render("closed", locale, Dialect.PLAIN, {}, team, channel)).text

    assert await said("en", "vip", "sms") == "both"
    assert await said("en", "vip", "mail") == "team"
    assert await said("en", "sales", "sms") == "channel"
    assert await said("en-GB", "sales") == "english"
    assert await said("zh-CN") == "any"
    assert await said("fr-CA", "vip") == "français"
    templates.use([])
    assert "closed" in await said("en")
    assert templates.problems == []


async def test_an_admins_wording_has_the_same_powers_as_the_shipped_one(templates: Templates) -> None:
    source = (
        "Subject: About {{ ticket.number }}\r\n\r\n"
        "Q&A <b> for {{ bold(contact.name|upper) }}\r\n"
        "{% for score in scores %}\n{{ loop.index }}. {{ score.label }}: {{ stars(score.value) }}\n{% endfor %}\n"
        "{% if reasons|length > 1 and not (band == 'positive' or urgent and comment == '') %}\n"
        "{{ reasons|join(' + ') }}\n{% endif %}\n{{ link('here', 'https://example.org') }}"
    )
    templates.use([Override("alert", source)])
    context = {**samples("alert"), "contact": {"name": "Ann <3"}}
    html = await templates.render("alert", "en", Dialect.HTML, context)
    assert html.subject == "About CS202611220001"
    assert html.text == (
        "Q&amp;A &lt;b&gt; for <b>ANN &lt;3</b>\n1. Overall: ★★☆☆☆\n2. Response speed: ★★★★☆\n"
        'Too slow + Not solved\n<a href="https://example.org">here</a>'
    )
    slack = await templates.render("alert", "en", Dialect.MRKDWN, context)
    assert slack.text.startswith("Q&amp;A &lt;b&gt; for *ANN &lt;3*")
    assert templates.problems == []


async def test_without_a_subject_of_its_own_the_shipped_one_is_taken(templates: Templates) -> None:
    templates.use([Override("resolved", "Done: {{ ticket.number }}")])
    rendered = await templates.render("resolved", "en", Dialect.PLAIN, samples("resolved"))
    assert (rendered.text, rendered.subject) == ("Done: CS202611220001", "Your request CS202611220001 is resolved")


async def test_a_wording_that_is_refused_is_told_and_the_shipped_one_sent() -> None:
    told: list[Problem] = []
    templates = Templates.load(
        [Override("closed", "Hi {{ contact.nmae }}", locale="en", team="vip")], on_problem=told.append
    )
    assert "closed" in (await templates.render("closed", "en", Dialect.PLAIN, {}, "vip")).text
    assert told == templates.problems
    assert told[0].template == "closed en vip"
    assert "line 1: 'contact' has no 'nmae'; did you mean 'name'?" in told[0].what
    await templates.close()


def test_a_default_language_that_does_not_ship_stops_the_start() -> None:
    with pytest.raises(TemplateError, match="no words in 'tlh'"):
        Templates.load(default="tlh")


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("Hi\n\n{{ tiket.number }}", 3, "unknown name 'tiket'; did you mean 'ticket'?"),
        ("Subject: {{ x }}\n\nHi", 1, "unknown name 'x'"),
        ("Subject: a\nPreheader: {{ x }}\n\nHi", 2, "unknown name 'x'"),
        ("Subject: a\n\nHi\n{{ x }}", 4, "unknown name 'x'"),
        ("{{ ticket }}", 1, "'ticket' is not a value; say ticket.number, ticket.subject, ticket.url"),
        ("Hi\n{% if contact.name %}", 2, "Unexpected end of template"),
        ("{% set x = 1 %}", 1, "set cannot be used"),
        ("{{ scores }}", 1, "'scores' is a list"),
        ("{% if comment > 3 %}x{% endif %}", 1, "only numbers can be more or less"),
        ("{{ comment|uper }}", 1, "unknown filter 'uper'; did you mean 'upper'?"),
        ("{{ link('x', 'javascript:x') }}", 1, "a link leads to"),
        ("", 1, "the text is empty"),
        ("x" * 10_001, 0, "longer than 10 kB"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(templates: Templates, source: str, line: int, problem: str) -> None:
    with pytest.raises(TemplateError) as refused:
        templates.check("alert", source)
    assert refused.value.line == line
    assert problem in refused.value.problem
    assert str(refused.value).startswith("alert")


def test_a_row_of_a_page_ends_only_between_the_day_and_the_clock() -> None:
    english, chinese = wording_time.unbroken("Sun 22 Nov 12:00"), wording_time.unbroken("11月22日周日 12:00")
    assert english.split(" ") == ["Sun\N{NO-BREAK SPACE}22\N{NO-BREAK SPACE}Nov", "12:00"]
    assert chinese.split(" ") == ["11\u2060月\u206022\u2060日\u2060周\u2060日", "12:00"]

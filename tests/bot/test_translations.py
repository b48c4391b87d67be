"""A language as one file: what translators get, what comes back, and what is refused."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

from bot import own_words
from bot.placeholders import KINDS
from bot.rendering import Override, Templates
from bot.translations import counting, importing, po, survey_entries
from bot.translations.counting import Own
from bot.wording import Wording
from core import audit
from core import setup as setups
from core.models.setup import Survey
from core.ports import Dialect
from core.setup import Setup, SurveySetup
from core.store import Store
from core.surveys import catalogue

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def templates() -> Templates:
    return Templates.load()


def catalog(body: bytes) -> Catalog:
    return read_po(io.BytesIO(body))


def entry(file: Catalog, context: str) -> Message:
    return next(one for one in file if one.context == context)


def translated(templates: Templates, locale: str, words: dict[str, str | tuple[str, ...]]) -> bytes:
    """What a translator sends back: the file, with these entries filled in."""
    file = catalog(po.write(templates, Own(), locale))
    for context, text in words.items():
        entry(file, context).string = text
    written = io.BytesIO()
    write_po(written, file, width=0)
    return written.getvalue()


GERMAN: dict[str, str | tuple[str, ...]] = {
    "language.name": "Deutsch",
    "button.done": "Fertig",
    "duration.hour": ("{count} Stunde", "{count} Stunden"),
    "template:stopped": "Subject: Gut\n\nWir fragen nicht mehr. {{ prefix }}help",
}


async def in_use(templates: Templates) -> None:
    templates.use(await own_words.read())
    templates.use_labels(await own_words.read_labels())


# ---------------------------------------------------------------- what translators get


def test_a_new_language_is_a_file_of_everything_with_nothing_translated(templates: Templates) -> None:
    file = catalog(po.write(templates, Own(), "de"))

    assert str(file.locale) == "de"
    assert {f"template:{kind}" for kind in KINDS} <= {one.context for one in file}
    assert not any(any(one.string) if isinstance(one.string, tuple) else one.string for one in file if one.id)
    assert entry(file, "button.done").id == templates.label("button.done", "en")
    assert not [one for one in file if str(one.context).startswith("demo.")]


def test_a_language_that_ships_is_a_file_with_everything_translated(templates: Templates) -> None:
    file = catalog(po.write(templates, Own(), "zh-Hans"))

    assert entry(file, "button.done").string == templates.label("button.done", "zh-Hans")
    assert [one.context for one in file if one.id and not one.string and one.context != "time.between_units"] == []


def test_own_words_are_what_translators_see(templates: Templates) -> None:
    own = Own({"en": {"button.done": "Finish"}}, [Override("stopped", "No more. Bye.", "en")])
    templates.use_labels(own.labels)
    file = catalog(po.write(templates, own, "de"))

    assert (entry(file, "button.done").id, entry(file, "template:stopped").id) == ("Finish", "No more. Bye.")


def test_tools_are_told_no_rules_that_texts_do_not_follow(templates: Templates) -> None:
    body = po.write(templates, Own(), "zh-Hans")
    flags = {flag for line in body.decode().splitlines() if line.startswith("#,") for flag in line[2:].split(",")}
    assert flags == {" jinja2-format"}
    done = b'msgctxt "button.done"'
    found = po.read(body.replace(done, b"#, python-format, python-brace-format\n" + done), templates)
    assert (found.labels, found.wrong) == ({}, [])


def test_a_file_that_comes_back_as_it_went_out_says_nothing_new(templates: Templates) -> None:
    found = po.read(po.write(templates, Own(), "zh-Hans"), templates)

    assert (found.labels, found.templates, found.wrong) == ({}, {}, [])


@pytest.mark.parametrize(("locale", "forms"), [("de", 2), ("pl", 3), ("ar", 6), ("ja", 1)])
async def test_plural_forms_go_there_and_back(store: Store, templates: Templates, locale: str, forms: int) -> None:
    texts = tuple(f"{{count}} h{index}" for index in range(forms))
    body = translated(templates, locale, {"duration.hour": texts, "language.name": "x"})
    found = po.read(body, templates)
    await importing.publish(found, actor="ann", now=NOW)
    await in_use(templates)

    assert not found.wrong
    own = Own(await own_words.read_labels(), [])
    assert entry(catalog(po.write(templates, own, locale)), "duration.hour").string in (texts, texts[0])


# ---------------------------------------------------------------- what comes back


async def test_a_new_language_is_in_use_once_it_was_published(store: Store, templates: Templates) -> None:
    found = po.read(translated(templates, "de", GERMAN), templates)
    changes = [str(one) for one in await importing.publish(found, actor="ann@example.org", now=NOW)]
    await in_use(templates)

    assert [one.split(":")[0] for one in changes] == ["+ template stopped locale=de", "+ labels de"]
    assert templates.best_locale("de-AT") == "de"
    assert templates.label("button.done", "de") == "Fertig"
    assert [templates.label("duration.hour", "de", count=count) for count in (1, 3)] == ["1 Stunde", "3 Stunden"]
    assert templates.label("button.skip", "de") == templates.label("button.skip", "en")
    rendered = await templates.render("stopped", "de", Dialect.PLAIN, {"prefix": "/", "site": {"name": "S"}})
    assert (rendered.subject, rendered.text) == ("Gut", "Wir fragen nicht mehr. /help")
    subjects = [line.subject for line in await audit.latest(5)]
    assert subjects == ["language:de", "labels:de", "template:stopped locale=de"]
    await templates.close()


async def test_publishing_the_same_file_again_changes_nothing_and_a_part_leaves_the_rest(
    store: Store, templates: Templates
) -> None:
    body = translated(templates, "de", GERMAN)
    await importing.publish(po.read(body, templates), actor="ann", now=NOW)

    assert await importing.publish(po.read(body, templates), actor="ann", now=NOW) == []
    more = po.read(translated(templates, "de", {"button.skip": "Weiter"}), templates)
    await importing.publish(more, actor="ann", now=NOW)
    labels = (await own_words.read_labels())["de"]
    assert (labels["button.skip"], labels["button.done"]) == ("Weiter", "Fertig")


async def test_the_setup_file_carries_own_labels_and_comes_back_without_a_difference(
    store: Store, templates: Templates
) -> None:
    await importing.publish(po.read(translated(templates, "de", GERMAN), templates), actor="ann", now=NOW)
    text = setups.to_toml(await setups.export())

    assert "[[labels]]" in text
    assert await setups.plan(setups.parse(text)) == []


def test_a_language_without_a_name_is_not_offered(templates: Templates) -> None:
    templates.use_labels({"de": {"button.done": "Fertig"}, "xx-nonsense-yy": {"language.name": "?"}})

    assert templates.locales() == ("en", "zh-Hans")


def test_what_is_missing_is_counted(templates: Templates) -> None:
    full = counting.count(templates, Own(), "zh-Hans")
    some = counting.count(templates, Own({"de": {"button.done": "Fertig"}}, [Override("invite", "x", "de")]), "de")

    assert [one.missing for one in full] == [0, 0, 0]
    assert [(one.group, one.said) for one in some] == [("customers", 2), ("staff", 0), ("admin", 0)]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("context", "text", "said"),
    [
        ("template:invite", "Hallo {{ kontakt.name }}", "kontakt"),
        ("template:invite", "{% set x = 1 %}", "set cannot be used"),
        ("button.done", "\u202eFertig", "cannot be shown"),
        ("template:stopped", f"Subject: {'x' * 301}\n\nGut", "the subject is longer than 300 characters"),
        ("template:stopped", "Subject: \x00\n\nGut", "cannot be shown"),
        ("template:stopped", "Subject: Gut\n\n", "the text is empty"),
        ("time.today", "heute {uhr}", "does not know {uhr}"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(templates: Templates, context: str, text: str, said: str) -> None:
    found = po.read(translated(templates, "de", {context: text}), templates)

    [wrong] = found.wrong
    assert (wrong.entry, wrong.line > 0) == (context, True)
    assert said in wrong.what
    assert (found.labels, found.templates) == ({}, {})


def head(*, locale: str = "de", charset: str = "utf-8", forms: int = 2) -> bytes:
    """The first entry of a file."""
    lines = (f"Language: {locale}", f"Content-Type: text/plain; charset={charset}", f"Plural-Forms: nplurals={forms};")
    return ('msgid ""\nmsgstr ""\n' + "".join(f'"{one}\\n"\n' for one in lines) + "\n").encode()


DONE = 'msgctxt "button.done"\nmsgid "Done"\nmsgstr "Für dich"\n\n'


@pytest.mark.parametrize(
    "body",
    [
        head() + DONE.encode(),
        b"\xef\xbb\xbf" + head() + DONE.encode(),
        head(charset="iso-8859-1") + DONE.encode("latin-1"),
        head(charset="iso-8859-1") + DONE.encode(),
        (head() + DONE.encode()).replace(b"\n", b"\r\n"),
    ],
    ids=["utf-8", "with a mark", "as its head says", "made utf-8 by a browser", "from Windows"],
)
def test_letters_come_back_as_they_were_written_whatever_wrote_the_file(templates: Templates, body: bytes) -> None:
    found = po.read(body, templates)

    assert (found.labels, found.wrong) == ({"button.done": "Für dich"}, [])


def test_of_two_entries_about_the_same_none_is_lost_unseen(templates: Templates) -> None:
    again = DONE.replace("Für dich", "Fertig")
    for second in (again, again.replace('"Done"', '"Another text"')):
        [wrong] = po.read(head() + (DONE + second).encode(), templates).wrong
        assert str(wrong) == "line 12, button.done: stands twice"


@pytest.mark.parametrize("context", ["template:nonsense", "button.nonsense", "demo.title"])
def test_an_entry_that_does_not_exist_is_named(templates: Templates, context: str) -> None:
    body = b'msgid ""\nmsgstr "Language: de\\n"\n\nmsgctxt "%s"\nmsgid "x"\nmsgstr "y"\n' % context.encode()
    found = po.read(body, templates)

    assert next(str(one) for one in found.wrong).startswith(f"line 5, {context}: there is no such")
    assert found.labels == {}


def test_fuzzy_and_empty_entries_are_left_as_they_are(templates: Templates) -> None:
    body = (
        b'msgid ""\nmsgstr "Language: de\\n"\n\n#, fuzzy\nmsgctxt "button.done"\nmsgid "x"\nmsgstr "y"\n\n'
        b'msgctxt "button.skip"\nmsgid "x"\nmsgstr ""\n'
    )
    found = po.read(body, templates)

    assert (found.unclear, found.empty, found.labels) == (1, 1, {})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"<html>",
        b'msgid "a',
        b'msgid ""\nmsgstr "Language: klingon-xx\\n"\n\nmsgctxt "button.done"\nmsgid "a"\nmsgstr "b"\n',
        b'msgctxt "button.done"\nmsgid "a"\nmsgstr "b"\n',
        b"x" * 1_000_001,
        b"\xde\x12\x04\x95" + b"\x00" * 40,
        head(forms=99_999_999) + b'msgctxt "duration.hour"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n',
        head(forms=2) + b'msgctxt "duration.hour"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[7] "c"\n',
        head() + 'msgctxt "button.done"\nmsgid "a"\nmsgstr "für"\n'.encode("latin-1"),
        head(charset="klingon-7") + 'msgctxt "button.done"\nmsgid "a"\nmsgstr "für"\n'.encode("latin-1"),
        head() + 'msgctxt "button.done"\nmsgid "a"\nmsgstr "f\ufffdr"\n'.encode(),
        head(locale="root"),
        head(locale="und"),
        head(locale="de_DE@euro"),
    ],
)
def test_what_is_no_file_of_a_language_is_said_so(templates: Templates, body: bytes) -> None:
    with pytest.raises(po.NotAFile):
        po.read(body, templates)


# ---------------------------------------------------------------- what surveys say

ODD = 'a.b "c" \\ 100% é'
FACES = [":-((", ":-(", "•.•", "👍🏽", "👨‍👩‍👧"]


async def a_survey(key: str = ODD, **more: object) -> None:
    """One with words of its own in every part."""
    values = {
        "key": key,
        "title": {"en": "Well?", "zh-Hans": "好吗？"},
        "dimensions": [{"key": "overall"}, {"key": "price", "label": {"en": "Price"}, "question": {"en": "Fair?"}}],
        "reasons": [{"key": "fees", "label": {"en": "Fees"}, "dimensions": ["price"]}, {"key": "slow"}],
        "scale": "own",
        "symbols": [{"symbol": one, "word": {"en": f"Word {at}"}} for at, one in enumerate(FACES)],
        **more,
    }
    await setups.apply(Setup(surveys=(SurveySetup.model_validate(values),)), now=NOW)


async def filled(templates: Templates, **instead: str) -> bytes:
    """The file in German with each word of a survey said as "de: <source>"."""
    file = catalog(po.write(templates, Own(surveys=await survey_entries.current()), "de"))
    for one in file:
        if str(one.context).startswith("survey:"):
            one.string = instead.get(str(one.id), f"de: {one.id}")
    written = io.BytesIO()
    write_po(written, file, width=0)
    return written.getvalue()


async def test_words_of_surveys_go_to_translators_and_come_back_as_a_new_version(
    store: Store, templates: Templates
) -> None:
    await a_survey()
    before = await setups.find("surveys", ODD)
    assert before is not None
    surveys = await survey_entries.current()
    file = catalog(po.write(templates, Own(surveys=surveys), "de"))
    odd = 'survey:a%2Eb "c" \\ 100%25 é'
    price = entry(file, f"{odd}.dimensions.price.label")
    assert (price.id, price.string) == ("Price", "")
    assert price.auto_comments == [f"The survey {ODD}, dimension price: its label"]
    assert entry(catalog(po.write(templates, Own(surveys=surveys), "zh-Hans")), f"{odd}.title").string == "好吗？"

    found = po.read(await filled(templates), templates, own=Own(surveys=surveys))
    assert (found.wrong, found.unclear, len(found.surveys[ODD])) == ([], 0, 9)
    assert {one.kind for one in await importing.plan(found)} == {"survey"}
    await importing.publish(found, actor="ann", now=NOW, seen=await importing.mark(found))
    now = await setups.find("surveys", ODD)
    assert now is not None
    assert now.values["title"] == {"en": "Well?", "zh-Hans": "好吗？", "de": "de: Well?"}
    assert now.values["dimensions"][1]["question"] == {"en": "Fair?", "de": "de: Fair?"}
    assert now.values["reasons"][0]["label"] == {"en": "Fees", "de": "de: Fees"}
    assert [one["word"]["de"] for one in now.values["symbols"]] == [f"de: Word {at}" for at in range(5)]
    asks = await Survey.get(key=ODD, current=True)
    assert (asks.version, Wording(templates, catalogue.settings_of(asks), "de").reason("fees")) == (2, "de: Fees")
    _, line = await audit.latest(2)
    assert (line.actor, line.action, line.subject) == ("ann", "survey.changed", f"survey:{ODD}")

    again = po.read(await filled(templates), templates, own=Own(surveys=await survey_entries.current()))
    assert again.surveys == {}
    assert await importing.publish(again, actor="ann", now=NOW) == []


async def test_an_older_file_and_what_is_gone_change_no_survey(store: Store, templates: Templates) -> None:
    await a_survey()
    surveys = await survey_entries.current()
    older = po.read(translated(templates, "de", GERMAN), templates, own=Own(surveys=surveys))
    assert (older.wrong, older.unclear, older.surveys) == ([], 0, {})

    body = await filled(templates)
    await a_survey(reasons=[{"key": "slow"}])
    found = po.read(body, templates, own=Own(surveys=await survey_entries.current()))
    assert (found.wrong, found.unclear, len(found.surveys[ODD])) == ([], 1, 8)
    gone = po.read(body, templates, own=Own(surveys={}))
    assert (gone.wrong, gone.unclear, gone.surveys) == ([], 9, {})


async def test_a_survey_that_was_changed_in_the_meantime_is_not_overwritten(store: Store, templates: Templates) -> None:
    await a_survey()
    found = po.read(await filled(templates), templates, own=Own(surveys=await survey_entries.current()))
    found.labels["button.done"] = "Fertig"
    seen = await importing.mark(found)
    await a_survey(title={"en": "Theirs"})

    with pytest.raises(setups.Stale):
        await importing.publish(found, actor="ann", now=NOW, seen=seen)
    now = await setups.find("surveys", ODD)
    assert now is not None
    assert now.values["title"] == {"en": "Theirs"}
    assert await own_words.read_labels() == {}


@pytest.mark.parametrize(("text", "said"), [("x" * 201, "at most 200"), ("\u202eevil", "cannot be shown")])
async def test_a_word_of_a_survey_that_cannot_be_said_is_named(
    store: Store, templates: Templates, text: str, said: str
) -> None:
    await a_survey("default")
    [wrong] = po.read(
        await filled(templates, Fees=text), templates, own=Own(surveys=await survey_entries.current())
    ).wrong
    assert (wrong.entry, wrong.line > 0) == ("survey:default.reasons.fees.label", True)
    assert said in wrong.what


async def test_no_two_places_of_surveys_have_one_name(store: Store, templates: Templates) -> None:
    for key in ("a", "a.symbols.b", "a%2Esymbols", "title"):
        await a_survey(
            key, symbols=[{"symbol": one, "word": {"en": one}} for one in ("b.symbols.c", ".", "%2E", "c", "title")]
        )
    surveys = await survey_entries.current()
    names = [one.context for one in survey_entries.entries(surveys, templates)]
    assert len(names) == len(set(names))
    found = po.read(await filled(templates), templates, own=Own(surveys=surveys))
    assert (found.wrong, found.unclear, sum(map(len, found.surveys.values()))) == ([], 0, len(names))

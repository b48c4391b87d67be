"""A language as a PO file: what every translation tool and service reads and writes."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from types import MappingProxyType

from babel import Locale
from babel.core import UnknownLocaleError
from babel.messages import Catalog, Message
from babel.messages.pofile import PoFileError, PoFileParser, write_po

from bot.labels import PLURAL_FORMS, Labels
from bot.placeholders import KINDS
from bot.rendering import TemplateError, Templates
from bot.template_source import take_subject
from bot.translations import counting, label_rules, survey_entries
from bot.translations.counting import Own
from bot.translations.of_surveys import Spot
from bot.translations.survey_entries import Entry, Surveys
from core.phrases import Phrase, phrase
from core.setting_problems import Problem
from core.text import shorten

LARGEST = 1_000_000
"""Bytes of a file that is read."""
LONGEST_SUBJECT = 300
_MOST_FORMS = 9
"""Plural forms; no language has more than six."""
_TAG = re.compile(r"(?!und\b)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LONGEST_TAG = 20
_CHARSET = re.compile(rb"charset=([\w.:-]{1,40})")
_LOST = "\ufffd"
"""What programs write for a letter that they could not read."""
_TEMPLATE = "template:"
_NAMED = 80
_CLDR_SAMPLES = (*range(201), 1000, 1_000_000)


class NotAFile(Exception):
    """It is no PO file of a language that we could use. The text says why, and `said` for who sits before a page."""

    def __init__(self, why: str, said: Phrase) -> None:
        super().__init__(why)
        self.said = said


@dataclass(frozen=True, slots=True)
class Wrong:
    """One entry that cannot be used: which, at which line of the file, and what is wrong."""

    entry: str
    line: int
    what: str
    said: Phrase

    def __str__(self) -> str:
        return f"line {self.line}, {self.entry}: {self.what}" if self.line else f"{self.entry}: {self.what}"


class _File(Catalog):
    """Entries as they were read. babel keeps the first of two that are about the same, and forgets the other."""

    def __init__(self) -> None:
        super().__init__()
        self.twice: list[Message] = []
        self._contexts: set[str] = set()

    def __setitem__(self, names: str | list[str] | tuple[str, ...], message: Message) -> None:
        if message.id and message.context in self._contexts:
            self.twice.append(message)
            return
        if message.id and message.context:
            self._contexts.add(message.context)
        super().__setitem__(names, message)
        if self.num_plurals > _MOST_FORMS:
            raise NotAFile(f"no language has {self.num_plurals} plural forms", phrase("problem.po.no_po"))


@dataclass(slots=True)
class Translation:
    """What a file says otherwise than what ships, and of surveys otherwise than they do. `unclear` entries are left
    out: marked as fuzzy, or about a survey or a part of it that is gone.
    """

    locale: str
    labels: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    surveys: dict[str, dict[Spot, str]] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    empty: int = 0
    unclear: int = 0


def locale_named(text: str) -> str:
    """A language tag as we write it: "zh_Hans" → "zh-Hans". Raises NotAFile for one that nobody knows."""
    unknown = NotAFile(f"there is no language {text[:30]!r}", phrase("languages.unknown"))
    try:
        tag = str(Locale.parse(text.strip().replace("-", "_"))).replace("_", "-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise unknown from None
    if not _TAG.fullmatch(tag) or not _TAG.match(text.strip()) or len(tag) > _LONGEST_TAG:
        raise unknown
    return tag


def write(templates: Templates, own: Own, locale: str, *, project: str = "Afterword") -> bytes:
    """The file for one language: everything that is said, in the default language, and as it is said there now."""
    catalog = Catalog(
        locale=Locale.parse(locale, sep="-"),
        project="Afterword",
        version=_version(),
        header_comment=f"# What Afterword says for {' '.join(project.split())}.",
        last_translator="",
        language_team="",
        fuzzy=False,
        charset="utf-8",
    )
    default = templates.default_locale
    source = templates.labels_of(default) or templates.default_labels
    target = templates.labels_of(locale)
    for kind in KINDS:
        text = own.template(kind, default) or own.template(kind, "") or templates.shipped(kind, default)
        said = own.template(kind, locale) or (templates.shipped(kind, locale) if _ships(templates, locale) else "")
        about = [f"A message to {counting.group_of(kind)}: {KINDS[kind].about}"]
        catalog.add(text, said, context=f"{_TEMPLATE}{kind}", auto_comments=about, flags=["jinja2-format"])
    for key, group in counting.labels(templates):
        _add_label(catalog, key, group, source, _said_here(templates, own, target, key, locale))
    for entry in survey_entries.entries(own.surveys, templates):
        said = entry.words.get(locale, "")
        catalog.add(entry.source(default), said, context=entry.context, auto_comments=[entry.about])
    file = io.BytesIO()
    write_po(file, catalog, width=0, sort_output=False)
    return file.getvalue()


def _version() -> str:
    try:
        return metadata.version("afterword")
    except metadata.PackageNotFoundError:
        return ""


def read(
    body: bytes, templates: Templates, *, locale: str = "", surveys: Surveys = MappingProxyType({})
) -> Translation:
    """What a file says, of these `surveys` too. `locale` where the file does not name its language. Raises NotAFile."""
    if len(body) > LARGEST:
        most = LARGEST // 1000
        raise NotAFile(f"a file has at most {most} kB", phrase("problem.po.too_large", most=most))
    catalog, text = _File(), text_of(body)
    try:
        PoFileParser(catalog, abort_invalid=True).parse(io.StringIO(text))
    except (PoFileError, ValueError, LookupError) as error:
        raise NotAFile(f"it is not a PO file: {error}", phrase("problem.po.no_po")) from None
    named = str(catalog.locale_identifier or locale)
    if not named:
        told = 'it does not name its language: a line "Language: de" belongs into its head'
        raise NotAFile(told, phrase("problem.po.no_language"))
    found = Translation(locale_named(named))
    asked = {one.context: one for one in survey_entries.entries(surveys, templates)}
    for message in catalog:
        if message.id:
            _read_one(message, found, templates, asked)
    found.wrong += [_wrong(one, Problem((), "stands twice", phrase("problem.po.twice"))) for one in catalog.twice]
    return found


def text_of(body: bytes) -> str:
    """UTF-8, whatever the head says: what made it that often left its head as it was. Else as the head says.

    Raises NotAFile, also for what has lost letters already.
    """
    found = _CHARSET.search(body)
    named = found[1].decode("ascii", "replace") if found else "utf-8"
    for charset in ("utf-8-sig", named):
        try:
            text = body.decode(charset)
        except (UnicodeError, LookupError):
            continue
        if _LOST not in text:
            return text
        line = text[: text.index(_LOST)].count("\n") + 1
        told = f"letters were lost in it, as in line {line}: it was saved in another encoding than it was written in"
        raise NotAFile(told, phrase("problem.po.lost", line=line))
    raise NotAFile("it is not written in UTF-8", phrase("problem.po.no_utf8"))


def _add_label(catalog: Catalog, key: str, group: str, source: Labels, said: Labels | None) -> None:
    about = [f"Short words for {group}"]
    forms = source.forms(key)
    if not source.is_plural(key):
        catalog.add(forms["other"], said.forms(key)["other"] if said else "", context=key, auto_comments=about)
        return
    one = forms.get("one", forms["other"])
    there = said.forms(key) if said else {}
    texts = tuple(there.get(form) or there.get("other", "") for form in _forms_of(catalog))
    catalog.add((one, forms["other"]), texts, context=key, auto_comments=about)


def _said_here(templates: Templates, own: Own, target: Labels | None, key: str, locale: str) -> Labels | None:
    """The labels to take the translation from; None where this one is not translated."""
    ships = templates.shipped_labels_of(locale)
    mine = own.labels.get(locale, {})
    is_own = key in mine or any(f"{key}.{form}" in mine for form in PLURAL_FORMS)
    if is_own and target is None:  # the language has no name yet, so it is in use nowhere
        return templates.default_labels.with_own(locale, mine)
    return target if is_own or (ships is not None and key in ships) else None


def _forms_of(catalog: Catalog) -> list[str]:
    """For each of gettext's plural forms the CLDR category of the numbers in it."""
    rule = gettext.c2py(catalog.plural_expr)
    plural = catalog.locale.plural_form if catalog.locale else (lambda _: "other")
    found = ["other"] * catalog.num_plurals
    for number in reversed(_CLDR_SAMPLES):
        index = rule(number)
        if index < len(found):
            found[index] = plural(number)
    return found


def _ships(templates: Templates, locale: str) -> bool:
    return templates.shipped_labels_of(locale) is not None


def _read_one(message: Message, found: Translation, templates: Templates, asked: Mapping[str, Entry]) -> None:
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    if not any(texts):
        found.empty += 1
    elif message.fuzzy:
        found.unclear += 1
    elif (message.context or "").startswith(survey_entries.PREFIX):
        found.wrong += [_wrong(message, one) for one in _read_survey(message, str(texts[0]), found, asked)]
    else:
        context = message.context or ""
        problems = (
            _read_template(context.removeprefix(_TEMPLATE), str(texts[0]), found, templates)
            if context.startswith(_TEMPLATE)
            else _read_label(context, message, [str(text) for text in texts], found, templates)
        )
        found.wrong += [_wrong(message, one) for one in problems]


def _wrong(message: Message, problem: Problem) -> Wrong:
    named = str(message.context or message.id)
    return Wrong(shorten(named, _NAMED), message.lineno or 0, problem.what, problem.said)


def _read_template(kind: str, text: str, found: Translation, templates: Templates) -> Iterator[Problem]:
    if kind not in KINDS:
        yield Problem((), "there is no such message", phrase("problem.po.no_message"))
        return
    try:
        templates.check(kind, text)
    except TemplateError as error:
        told = f"line {error.line} of the text: {error.problem}" if error.line else error.problem
        yield Problem(
            (), told, phrase("problem.po.at_line", line=error.line, what=error.said) if error.line else error.said
        )
        return
    if len(take_subject(text)[0]) > LONGEST_SUBJECT:
        told = f"the subject is longer than {LONGEST_SUBJECT} characters"
        yield Problem((), told, phrase("problem.po.subject", limit=LONGEST_SUBJECT))
        return
    if not (_ships(templates, found.locale) and text == templates.shipped(kind, found.locale)):
        found.templates[kind] = text


def _read_survey(message: Message, text: str, found: Translation, asked: Mapping[str, Entry]) -> Iterator[Problem]:
    entry, text = asked.get(message.context or ""), text.strip()
    if entry is None:
        found.unclear += 1
    elif not text:
        found.empty += 1
    elif text == entry.words.get(found.locale, "").strip():
        return
    elif what := survey_entries.problem(text):
        yield what
    else:
        found.surveys.setdefault(entry.survey, {})[entry.spot] = text


def _read_label(
    key: str, message: Message, texts: list[str], found: Translation, templates: Templates
) -> Iterator[Problem]:
    shipped, here = templates.default_labels, templates.shipped_labels_of(found.locale)
    if key not in {known for known, _ in counting.labels(templates)}:
        yield Problem((), "there is no such label", phrase("problem.po.no_label"))
        return
    names = _names(key, texts, shipped, found.locale)
    for name, text in names.items():
        if what := label_rules.problem(name, text, shipped):
            yield what
            return
    forms = here.forms(key) if here is not None and key in here else {}
    same = all(
        forms.get(name.removeprefix(f"{key}.") if name != key else "other") == text for name, text in names.items()
    )
    if not (forms and same):
        found.labels |= names


def _names(key: str, texts: list[str], shipped: Labels, locale: str) -> dict[str, str]:
    """By the name under which an own label is kept."""
    if not shipped.is_plural(key):
        return {key: texts[0]}
    catalog = Catalog(locale=Locale.parse(locale, sep="-"))
    given = {f"{key}.{form}": text for form, text in zip(_forms_of(catalog), texts, strict=False) if text}
    return {f"{key}.other": texts[-1] or next(text for text in reversed(texts) if text), **given}

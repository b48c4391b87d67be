"""A language as a PO file: what every translation tool and service reads and writes."""

from __future__ import annotations

import gettext
import io
import re
from dataclasses import dataclass, field
from importlib import metadata

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
from bot.translations.standing import Standing
from bot.translations.survey_entries import Entry
from core.phrases import Phrase, phrase
from core.setting_problems import Problem
from core.text import shorten

LARGEST = 1_000_000
"""Bytes of a file that is read."""
LONGEST_SUBJECT = 300
_MOST_FORMS = 9
"""Plural forms; no language has more than six."""
_NOTHING = Own()
_TAG = re.compile(r"(?!und\b)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LONGEST_TAG = 20
_CHARSET = re.compile(rb"charset=([\w.:-]{1,40})")
_GUESSED = {"python-format", "python-brace-format"}
"""Flags that babel gives to what holds a "%" or a brace: tools would check it by rules that it does not follow."""
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr)")
_STRING = re.compile(r'(?:(?:msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s*)?(?:"(?:[^"\\]|\\.)*"\s*)+')
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
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
    """What a file says otherwise than it is said already. `unclear` entries are left out: marked as fuzzy, or about a
    survey or a part of it that is gone. It `holds` so many of `all` entries that there are.

    `stood` is what was said before of each thing of which the file says something, changed or not, by the own words
    with which it was read.
    """

    locale: str
    own: Own = _NOTHING
    labels: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    surveys: dict[str, dict[Spot, str]] = field(default_factory=dict)
    stood: dict[str, str] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    holds: int = 0
    all: int = 0
    empty: int = 0
    unclear: int = 0


def locale_named(text: str) -> str:
    """A language tag as we write it: "zh_Hans" → "zh-Hans". Raises NotAFile for one that nobody knows."""
    unknown = NotAFile(f"there is no language {text[:30]!r}", phrase("problem.po.no_such_language", name=text[:30]))
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
    for message in catalog:
        message.flags -= _GUESSED
    file = io.BytesIO()
    write_po(file, catalog, width=0, sort_output=False)
    return file.getvalue()


def _version() -> str:
    try:
        return metadata.version("afterword")
    except metadata.PackageNotFoundError:
        return ""


def read(body: bytes, templates: Templates, *, locale: str = "", own: Own = _NOTHING) -> Translation:
    """What a file says otherwise than these `own` words and what ships; what it does not is not looked at further.

    `locale` where the file does not name its language. Raises NotAFile. May run in a thread of its own.
    """
    if len(body) > LARGEST:
        most = LARGEST // 1000
        raise NotAFile(f"a file has at most {most} kB", phrase("problem.po.too_large", most=most))
    if body.startswith(_PACKED):
        raise NotAFile("it is a packed file: unpack it, and take the .po in it", phrase("problem.po.packed"))
    catalog, text = _File(), text_of(body)
    _check_whole(text)
    try:
        PoFileParser(catalog, abort_invalid=True).parse(io.StringIO(text))
    except (PoFileError, ValueError, LookupError) as error:
        raise NotAFile(f"it is not a PO file: {error}", phrase("problem.po.no_po")) from None
    named = str(catalog.locale_identifier or locale)
    if not named:
        told = 'it does not name its language: a line "Language: de" belongs into its head'
        raise NotAFile(told, phrase("problem.po.no_language"))
    found = Translation(locale_named(named), own)
    reader = _Reader(found, templates, own)
    for message in catalog:
        if message.id:
            reader.read(message)
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


def _check_whole(text: str) -> None:
    """Raises NotAFile for one that ends inside a string, or before the translation of its last entry."""
    lines = [one for line in reversed(text.splitlines()) if (one := line.strip()) and not one.startswith("#")]
    last = next((found[1] for line in lines if (found := _KEYWORD.match(line))), "")
    if last and not (_STRING.fullmatch(lines[0]) and last == "msgstr"):
        raise NotAFile("it is cut off: its last entry is not complete", phrase("problem.po.cut"))


class _Reader:
    """Sorts the entries of a file into what is found."""

    def __init__(self, found: Translation, templates: Templates, own: Own) -> None:
        self._found = found
        self._templates = templates
        self._standing = Standing(templates, own, found.locale)
        self._labels = frozenset(key for key, _ in counting.labels(templates))
        self._asked = {one.context: one for one in survey_entries.entries(own.surveys, templates)}
        self._known = {*(f"{_TEMPLATE}{kind}" for kind in KINDS), *self._labels, *self._asked}
        found.all = len(self._known)

    def read(self, message: Message) -> None:
        given = message.string
        texts = [str(one) for one in given] if isinstance(given, tuple | list) else [str(given or "")]
        context = message.context or ""
        self._found.holds += context in self._known
        if not any(texts):
            self._found.empty += 1
        elif message.fuzzy:
            self._found.unclear += 1
        elif context.startswith(survey_entries.PREFIX):
            self._note(message, self._survey(context, texts[0].strip()))
        elif context.startswith(_TEMPLATE):
            self._note(message, self._message(context.removeprefix(_TEMPLATE), texts[0]))
        else:
            self._note(message, self._label(context, texts))

    def _note(self, message: Message, problem: Problem | None) -> None:
        if problem is not None:
            self._found.wrong.append(_wrong(message, problem))

    def _message(self, kind: str, text: str) -> Problem | None:
        if kind not in KINDS:
            return Problem((), "there is no such message", phrase("problem.po.no_message"))
        stood = self._found.stood[f"{_TEMPLATE}{kind}"] = self._standing.message(kind)
        if text == stood:
            return None
        try:
            self._templates.check(kind, text)
        except TemplateError as error:
            if not error.line:
                return Problem((), error.problem, error.said)
            said = phrase("problem.po.at_line", line=error.line, what=error.said)
            return Problem((), f"line {error.line} of the text: {error.problem}", said)
        if len(take_subject(text)[0]) > LONGEST_SUBJECT:
            told = f"the subject is longer than {LONGEST_SUBJECT} characters"
            return Problem((), told, phrase("problem.po.subject", limit=LONGEST_SUBJECT))
        self._found.templates[kind] = text
        return None

    def _survey(self, context: str, text: str) -> Problem | None:
        entry = self._asked.get(context)
        if entry is None:
            self._found.unclear += 1
        elif not text:
            self._found.empty += 1
        elif text != self._stood(entry):
            if what := survey_entries.problem(text):
                return what
            self._found.surveys.setdefault(entry.survey, {})[entry.spot] = text
        return None

    def _stood(self, entry: Entry) -> str:
        return self._found.stood.setdefault(entry.context, entry.words.get(self._found.locale, "").strip())

    def _label(self, key: str, texts: list[str]) -> Problem | None:
        shipped = self._templates.default_labels
        if key not in self._labels:
            return Problem((), "there is no such label", phrase("problem.po.no_label"))
        names = _names(key, texts, shipped, self._found.locale)
        stood = {name: self._standing.word(name) for name in names}
        self._found.stood |= stood
        changed = {name: text for name, text in names.items() if text != stood[name]}
        for name, text in changed.items():
            if what := label_rules.problem(name, text, shipped):
                return what
        self._found.labels |= changed
        return None


def _wrong(message: Message, problem: Problem) -> Wrong:
    named = str(message.context or message.id)
    return Wrong(shorten(named, _NAMED), message.lineno or 0, problem.what, problem.said)


def _names(key: str, texts: list[str], shipped: Labels, locale: str) -> dict[str, str]:
    """By the name under which an own label is kept."""
    if not shipped.is_plural(key):
        return {key: texts[0]}
    catalog = Catalog(locale=Locale.parse(locale, sep="-"))
    given = {f"{key}.{form}": text for form, text in zip(_forms_of(catalog), texts, strict=False) if text}
    return {f"{key}.other": texts[-1] or next(text for text in reversed(texts) if text), **given}

"""A language as a PO file: what every translation tool and service reads and writes."""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from babel import Locale
from babel.core import UnknownLocaleError
from babel.messages import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from bot.labels import PLURAL_FORMS, Labels
from bot.placeholders import KINDS
from bot.rendering import TemplateError, Templates
from bot.translations import counting, label_rules
from bot.translations.counting import Own
from core.phrases import Phrase, phrase
from core.setting_problems import Problem

LARGEST = 1_000_000
"""Bytes of a file that is read."""
_TEMPLATE = "template:"
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


@dataclass(slots=True)
class Translation:
    """What a file says otherwise than what ships. `unclear` entries are marked as fuzzy, and left out."""

    locale: str
    labels: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    empty: int = 0
    unclear: int = 0


def locale_named(text: str) -> str:
    """A language tag as we write it: "zh_Hans" → "zh-Hans". Raises NotAFile for one that nobody knows."""
    try:
        return str(Locale.parse(text.strip().replace("-", "_"))).replace("_", "-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise NotAFile(f"there is no language {text[:30]!r}", phrase("languages.unknown")) from None


def write(templates: Templates, own: Own, locale: str, *, project: str = "Afterword") -> bytes:
    """The file for one language: everything that is said, in the default language, and as it is said there now."""
    catalog = Catalog(locale=Locale.parse(locale, sep="-"), project=project, fuzzy=False, charset="utf-8")
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
    file = io.BytesIO()
    write_po(file, catalog, width=0, sort_output=False)
    return file.getvalue()


def read(body: bytes, templates: Templates, *, locale: str = "") -> Translation:
    """What a file says. `locale` where the file does not name its language. Raises NotAFile."""
    if len(body) > LARGEST:
        most = LARGEST // 1000
        raise NotAFile(f"a file has at most {most} kB", phrase("problem.po.too_large", most=most))
    try:
        catalog = read_po(io.BytesIO(body), abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError, LookupError) as error:
        raise NotAFile(f"it is not a PO file: {error}", phrase("problem.po.no_po")) from None
    named = str(catalog.locale_identifier or locale)
    if not named:
        told = 'it does not name its language: a line "Language: de" belongs into its head'
        raise NotAFile(told, phrase("problem.po.no_language"))
    found = Translation(locale_named(named))
    for message in catalog:
        if message.id:
            _read_one(message, found, templates)
    return found


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


def _read_one(message: Message, found: Translation, templates: Templates) -> None:
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    if not any(texts):
        found.empty += 1
    elif message.fuzzy:
        found.unclear += 1
    else:
        context = message.context or ""
        problems = (
            _read_template(context.removeprefix(_TEMPLATE), str(texts[0]), found, templates)
            if context.startswith(_TEMPLATE)
            else _read_label(context, message, [str(text) for text in texts], found, templates)
        )
        found.wrong += [
            Wrong(context or str(message.id)[:40], message.lineno or 0, one.what, one.said) for one in problems
        ]


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
    if not (_ships(templates, found.locale) and text == templates.shipped(kind, found.locale)):
        found.templates[kind] = text


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

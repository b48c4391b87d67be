"""The short words of each language, from `templates/messages/<locale>/*.toml`, and which language somebody gets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable

from babel import Locale
from babel.core import get_global

from bot import spacing

PLURAL_FORMS = ("zero", "one", "two", "few", "many", "other")
_VALUE = re.compile(r"\{(\w+)\}")

Label = str | Mapping[str, str]  # a table has one text for each plural form


class Labels:
    """The labels of one language. Keys are `section.name`."""

    def __init__(self, locale: str, labels: Mapping[str, Label], files: Mapping[str, str] | None = None) -> None:
        self.locale = locale
        self.files = files or {}
        """The file that each label comes from, without its ending: "web"."""
        self._labels = labels
        self._plural = Locale.parse(locale, sep="-").plural_form

    def __contains__(self, key: str) -> bool:
        return key in self._labels

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def say(self, key: str, values: Mapping[str, object]) -> str:
        """The label with its values filled in, a list as people list things.

        Raises KeyError for an unknown label or a value that is missing.
        """
        label = self._labels[key]
        if not isinstance(label, str):
            count = values["count"]
            form = self._plural(count) if isinstance(count, int | float) else "other"
            label = label.get(form, label["other"])
        if not spacing.matters(self.locale):
            return _VALUE.sub(lambda found: self._filled(values[found.group(1)]), label)
        filled = _VALUE.sub(lambda found: spacing.value(self._filled(values[found.group(1)])), label)
        return spacing.set_right(filled)

    def listed(self, parts: Iterable[object], *, long: bool = False) -> str:
        """Several things in one sentence: "slow, not solved". `long` ones may have commas in them."""
        return self.say("list.between_long" if long else "list.between", {}).join(str(one) for one in parts)

    def _filled(self, value: object) -> str:
        return self.listed(value) if isinstance(value, tuple | list) else str(value)

    def with_own(self, locale: str, own: Mapping[str, str]) -> Labels:
        """These labels, in an admin's words where there are some. A plural form is `key.form`: "duration.hour.one".

        Raises babel's UnknownLocaleError for a language that nobody knows.
        """
        labels = dict(self._labels)
        for key, label in self._labels.items():
            if isinstance(label, str):
                labels[key] = own.get(key, label)
            elif forms := {form: own[f"{key}.{form}"] for form in PLURAL_FORMS if f"{key}.{form}" in own}:
                labels[key] = {**(label if locale == self.locale else {"other": label["other"]}), **forms}
        return Labels(locale, labels, self.files)

    def forms(self, key: str) -> Mapping[str, str]:
        """The texts of a label by their plural form; one that has none is its "other"."""
        label = self._labels[key]
        return {"other": label} if isinstance(label, str) else label

    def is_plural(self, key: str) -> bool:
        return not isinstance(self._labels[key], str)

    def section(self, prefix: str) -> dict[str, str]:
        start = prefix + "."
        return {
            key.removeprefix(start): text
            for key, text in self._labels.items()
            if key.startswith(start) and isinstance(text, str) and "." not in key.removeprefix(start)
        }

    def values_of(self, key: str) -> frozenset[str]:
        """The names that a label fills in."""
        label = self._labels[key]
        return frozenset(_VALUE.findall(label if isinstance(label, str) else " ".join(label.values())))


def read(locale: str, folder: Traversable) -> Labels:
    """Read every `.toml` file of a language; raises ValueError when two say the same key, or one cannot be read."""
    labels: dict[str, Label] = {}
    files: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        try:
            found = _flat(tomllib.loads(file.read_text("utf-8")))
        except ValueError as error:
            raise ValueError(f"{locale}/{file.name}: {error}") from error
        twice = labels.keys() & found.keys()
        if twice:
            raise ValueError(f"{locale}/{file.name}: {min(twice)} is already said in another file")
        labels.update(found)
        files.update(dict.fromkeys(found, file.name.removesuffix(".toml")))
    return Labels(locale, labels, files)


def _flat(table: Mapping[str, object], above: str = "") -> dict[str, Label]:
    labels: dict[str, Label] = {}
    for name, item in table.items():
        if isinstance(item, str):
            labels[above + name] = item
        elif isinstance(item, dict) and above and "other" in item and item.keys() <= set(PLURAL_FORMS):
            labels[above + name] = {form: str(text) for form, text in item.items()}
        elif isinstance(item, dict):
            labels.update(_flat(item, f"{above}{name}."))
        else:
            raise ValueError(f"{above}{name} is not a text")
    return labels


def best_match(wanted: str, available: Iterable[str]) -> str | None:
    """The language of `available` that somebody who wants `wanted` reads best; None if there is none.

    `wanted` is a language tag ("zh-CN", "en_GB") or a whole Accept-Language header. The script counts before the
    region; another script of the same language is better than another language.
    """
    tags = {tag: _parts(tag) for tag in available}
    for preference in _preferences(wanted):
        language, script = _parts(preference)
        same = [tag for tag, parts in tags.items() if parts[0] == language]
        if same:
            return next((tag for tag in same if tags[tag][1] == script), same[0])
    return None


def _preferences(header: str) -> list[str]:
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:1000].split(",")):
        tag, _, quality = part.partition(";")
        weight = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{1,3})?)\s*", quality)
        score = float(weight.group(1)) if weight else 1.0
        if tag.strip() and score > 0:
            weighted.append((-score, place, tag.strip()))
    return [tag for _, _, tag in sorted(weighted)]


def _parts(tag: str) -> tuple[str, str]:
    """Language and script, the script guessed where it is not said: zh-CN is written in Hans."""
    subtags = tag.replace("_", "-").split("-")
    language = subtags[0].lower()
    script = next((subtag.title() for subtag in subtags[1:] if len(subtag) == 4 and subtag.isalpha()), "")
    region = next((subtag.upper() for subtag in subtags[1:] if len(subtag) == 2), "")
    if not script:
        script = _likely_script(language, region)
    return language, script


def _likely_script(language: str, region: str) -> str:
    likely = get_global("likely_subtags")
    guess = likely.get(f"{language}_{region}") or likely.get(language) or ""
    return next((part for part in guess.split("_")[1:] if len(part) == 4), "")

"""Whether a rule's conditions hold, and with what; if not, which one does not. Plain functions: no database."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.reactions.settings import When


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at. `negatives` is how often the contact was unhappy within the span that `repeat` names."""

    band: str = ""
    scores: Mapping[str, int] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    comment: str = ""
    survey: str = ""
    purpose: str = ""
    type: str = ""
    team: str = ""
    priority: str = ""
    tags: Sequence[str] = ()
    channel: str = ""
    tier: str = ""
    locale: str = ""
    negatives: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A condition as it was found: its name ("band", "score"), what there is and what was wanted."""

    name: str
    has: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    holds: bool = False

    @property
    def values(self) -> dict[str, object]:
        return {"has": list(self.has), "wanted": list(self.wanted)}


def unmet(when: When, facts: Facts) -> Found | None:
    """The first condition that does not hold, or None when all do."""
    return next((one for one in look(when, facts) if not one.holds), None)


def look(when: When, facts: Facts) -> Iterator[Found]:
    """Every condition that there is, with what was found. No comment is in it: people may erase those."""
    checks: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("band", when.bands, (facts.band,) if facts.band else ()),
        ("survey", when.surveys, (facts.survey,)),
        ("type", when.types, (facts.type,)),
        ("team", when.teams, (facts.team,)),
        ("reasons", when.reasons, facts.reasons),
        ("purpose", when.purposes, (facts.purpose,)),
        ("priority", when.priorities, (facts.priority,)),
        ("tags", when.tags, facts.tags),
        ("channel", when.channels, (facts.channel,)),
        ("tier", when.tiers, (facts.tier,)),
    )
    for name, wanted, has in checks:
        if wanted:
            yield Found(name, tuple(has), tuple(str(one) for one in wanted), bool(set(wanted) & set(has)))
    for dimension, wanted_score in when.scores.items():
        score = facts.scores.get(dimension)
        has = (dimension, str(score)) if score is not None else (dimension,)
        yield Found("score", has, (str(wanted_score),), score is not None and wanted_score.holds(score))
    if when.locales:
        speaks = any(_speaks(facts.locale, one) for one in when.locales)
        yield Found("locale", (facts.locale,), when.locales, speaks)
    if when.words:
        yield Found("words", (), when.words, says_one_of(facts.comment, when.words))
    if when.repeat is not None:
        enough = facts.negatives >= when.repeat.times
        yield Found("repeat", (str(facts.negatives),), (str(when.repeat),), enough)


def says_one_of(text: str, words: Collection[str]) -> bool:
    """Whether one of the words stands in the text, as a whole word, whatever its case and width.

    Scripts that write without spaces between words (Chinese) have no whole words: there it need only be in it.
    """
    read = _plain(text)
    return any(_says(read, _plain(word).strip()) for word in words)


def _says(text: str, word: str) -> bool:
    start = text.find(word)
    while word and start >= 0:
        end = start + len(word)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (_goes_on(before, word[0]) or _goes_on(word[-1], after)):
            return True
        start = text.find(word, start + 1)
    return False


def _goes_on(one: str, other: str) -> bool:
    """Whether the two letters belong to one word. "Lo" are letters without case: Chinese, Japanese, Thai, …"""
    return all(letter.isalnum() and unicodedata.category(letter) != "Lo" for letter in (one, other))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _speaks(locale: str, wanted: str) -> bool:
    """Whether "zh-Hans" is wanted by "zh"; it is, while "zh" alone is not wanted by "zh-Hans"."""
    has, want = (_plain(one).replace("_", "-") for one in (locale, wanted))
    return has == want or has.startswith(f"{want}-")

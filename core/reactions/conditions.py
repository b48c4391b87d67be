"""Whether a rule's conditions hold, and if not, which one does not. Plain functions: they reach no database."""

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
class Unmet:
    """A condition that does not hold: its name ("band", "score"), what there is and what was wanted."""

    name: str
    has: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, object]:
        return {"has": list(self.has), "wanted": list(self.wanted)}


def unmet(when: When, facts: Facts) -> Unmet | None:
    """The first condition that does not hold, or None when all do."""
    return next(_unmet(when, facts), None)


def _unmet(when: When, facts: Facts) -> Iterator[Unmet]:
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
        if wanted and not set(wanted) & set(has):
            yield Unmet(name, tuple(has), tuple(str(one) for one in wanted))
    for dimension, wanted_score in when.scores.items():
        score = facts.scores.get(dimension)
        if score is None or not wanted_score.holds(score):
            has = (dimension, str(score)) if score is not None else (dimension,)
            yield Unmet("score", has, (str(wanted_score),))
    if when.locales and not any(_speaks(facts.locale, one) for one in when.locales):
        yield Unmet("locale", (facts.locale,), when.locales)
    if when.words and not says_one_of(facts.comment, when.words):
        yield Unmet("words", (), when.words)
    if when.repeat is not None and facts.negatives < when.repeat.times:
        yield Unmet("repeat", (str(facts.negatives),), (str(when.repeat),))


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

"""Words that are still to be said: which of the product's labels, and what it fills in. The reader's page says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """A label of `bot/templates/messages` with its values. A value may be a phrase again, or a tuple of names."""

    label: str
    values: Mapping[str, object]


def phrase(label: str, **values: object) -> Phrase:
    return Phrase(label, values)


OTHER = phrase("problem.other")
"""What is said of a mistake that has no words of its own."""


class Unusable(ValueError):
    """A value that cannot be used, for a validator to raise: `what` for who edits a file, `said` for who fills in a
    form."""

    def __init__(self, what: str, said: Phrase) -> None:
        super().__init__(what)
        self.said = said

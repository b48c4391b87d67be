"""Whether a password is among those that are tried first (NIST SP 800-63B-4, 3.1.1.2), by what zxcvbn knows of them.

zxcvbn has 30,000 passwords that many people had, names and words, and sees them also written backwards, with signs for
letters, in rows of keys, in sequences, dates and repetitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

ENOUGH = 3
"""Of 0 to 4: more than 10^8 guesses. zxcvbn calls what has less guessable."""
LOOKED_AT = 48
"""Of a password's characters: its time grows with the square of them."""
_SIGNS = "@([{<!|$+%"
_SIGNS_AT_ONCE = 3
"""zxcvbn tries each sign as each letter that it may stand for, all with all: ten of them take it half a minute."""
_WORDS = 20


def is_easy(password: str, about: Iterable[str]) -> bool:
    """Whether it is guessed soon by somebody who knows what it is `about`: the person, the company. Takes at most
    tenths of a second, whatever is given."""
    from zxcvbn import zxcvbn  # here, for it reads its lists, which takes a tenth of a second

    return zxcvbn(_looked_at(password), user_inputs=list(_words(about)))["score"] < ENOUGH


def _looked_at(password: str) -> str:
    start = password[:LOOKED_AT]
    if len(set(start) & set(_SIGNS)) <= _SIGNS_AT_ONCE:
        return start
    return start.translate(dict.fromkeys(map(ord, _SIGNS), "_"))


def _words(about: Iterable[str]) -> Iterator[str]:
    """What is known as a whole, and each of its words."""
    for known in about:
        start = known[: 10 * LOOKED_AT]
        yield start
        yield from start.split()[:_WORDS]

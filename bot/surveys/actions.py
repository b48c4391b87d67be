"""What the buttons of a survey carry: "r:k3x9w2m7qdab:s:overall:4". Opaque to channels, checked when it comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "r:"
SCORE, SKIP, REASON, COMMENT, DONE, CHANGE, ASK, FORM = "s", "k", "t", "c", "d", "e", "a", "f"
NAMED = "n"
"""You may contact me about this, or no more."""

_ACTION = re.compile(r"r:([a-z0-9]{10,16}):([a-z])(?::([a-z][a-z0-9_]{0,23}))?(?::([1-5]))?")


@dataclass(frozen=True, slots=True)
class Action:
    """Which invite, what to do, on what (a dimension, a reason, "reasons", "comment"), and the score."""

    invite_key: str
    verb: str
    what: str = ""
    score: int = 0


def write(invite_key: str, verb: str, what: str = "", score: int = 0) -> str:
    parts = [PREFIX[:-1], invite_key, verb, what, str(score) if score else ""]
    return ":".join(part for part in parts if part)


def read(action: str) -> Action | None:
    """None for what is not one of ours: buttons can be forged, and old ones are pressed years later."""
    match = _ACTION.fullmatch(action)
    return Action(match[1], match[2], match[3] or "", int(match[4] or 0)) if match else None

"""The kinds of channel as far as the look of a message depends on them, whether or not one is set up."""

from __future__ import annotations

from dataclasses import dataclass

from core.ports import Dialect


@dataclass(frozen=True, slots=True)
class Surface:
    """What a channel of this kind says of itself (`core.ports.Channel`), and what its commands begin with."""

    kind: str
    dialect: Dialect
    prefix: str = ""
    has_buttons: bool = True
    has_edits: bool = True
    has_forms: bool = False


SURFACES = {
    one.kind: one
    for one in (
        Surface("telegram", Dialect.HTML, "/"),
        Surface("slack", Dialect.MRKDWN, "/afterword ", has_forms=True),
        Surface("email", Dialect.HTML, has_buttons=False, has_edits=False),
        Surface("webchat", Dialect.HTML, "/"),
    )
}

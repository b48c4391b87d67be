"""The kinds of channel as far as the look of a message depends on them, whether or not one is set up."""

from __future__ import annotations

from dataclasses import dataclass

from core.ports import Channel, Dialect


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


def of(channel: Channel) -> Surface:
    """Also of a kind that only one process knows, such as the demonstration's inbox."""
    known = SURFACES.get(channel.kind)
    return known or Surface(
        channel.kind,
        channel.dialect,
        has_buttons=channel.has_buttons,
        has_edits=channel.has_edits,
        has_forms=channel.has_forms,
    )

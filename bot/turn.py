"""What came of something heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.models.deliveries import Delivery
from core.ports import Acknowledgement, Message

Draw = Callable[[], Awaitable[Message | None]]


@dataclass(slots=True)
class Turn:
    """The immediate answer, and messages that this process sends right away.

    `drawings`, by the deliveries' ids, draw some of them from what the unit of work has read, without reading it again.
    """

    answer: Acknowledgement = field(default_factory=Acknowledgement)
    handed_over: list[Delivery] = field(default_factory=list)
    drawings: dict[int, Draw] = field(default_factory=dict)
    forgets: bool = False
    """What came in is an anonymous answer, or wanted to be: its raw bytes are not kept."""

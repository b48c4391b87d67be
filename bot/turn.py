"""What came of something heard."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.models.deliveries import Delivery
from core.ports import Acknowledgement


@dataclass(slots=True)
class Turn:
    """The immediate answer, and messages that this process sends right away."""

    answer: Acknowledgement = field(default_factory=Acknowledgement)
    handed_over: list[Delivery] = field(default_factory=list)

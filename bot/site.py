"""What every drawing needs to know of the place that it is drawn for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.rendering import Templates


@dataclass(frozen=True, slots=True)
class Site:
    """The organisation's name, the public address of this service (no trailing slash), and its words."""

    name: str
    base_url: str
    templates: Templates
    timezone: str = "UTC"
    privacy_url: str = ""
    channels: Mapping[str, str] = field(default_factory=dict)
    """What kind each configured channel is, by its name."""

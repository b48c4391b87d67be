"""What every drawing needs to know of the place that it is drawn for."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rendering import Templates


@dataclass(frozen=True, slots=True)
class Site:
    """The organisation's name, the public address of this service (no trailing slash), and its words."""

    name: str
    base_url: str
    templates: Templates
    timezone: str = "UTC"
    privacy_url: str = ""

"""What a browser that is signed in calls itself, as people call it."""

from __future__ import annotations

from collections.abc import Sequence

_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
             ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip
"""In the order in which they are looked for: Edge says that it is Chrome, and Chrome that it is Safari."""


def known(agent: str) -> tuple[str, str] | None:
    """Browser and system: ("Firefox", "Linux"); None for what is none of the usual ones."""
    browser, system = _first(agent, _BROWSERS), _first(agent, _SYSTEMS)
    return (browser, system) if agent.startswith("Mozilla/") and browser and system else None


def _first(agent: str, names: Sequence[tuple[str, str]]) -> str:
    return next((name for sign, name in names if sign in agent), "")

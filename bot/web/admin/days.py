"""Days as a form's date fields send them."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo


def midnight(text: str, zone: str) -> datetime | None:
    """The beginning of that day there; None of what is no day."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), ZoneInfo(zone)) if 1970 < day.year < 9000 else None
    except ValueError:
        return None

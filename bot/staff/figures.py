"""The day's figures in words."""

from __future__ import annotations

from bot.site import Site
from core.insight.today import Today


def lines(today: Today, site: Site, locale: str) -> list[tuple[str, str]]:
    """Label and value of each; "–" for what there is not."""
    say = site.templates.label
    share, average = today.participation, today.average
    values = {
        "asked": str(today.asked),
        "answered": str(today.answered),
        "participation": say("number.percent", locale, number=f"{share * 100:.0f}") if share is not None else "–",
        "average": say("today.of_five", locale, value=f"{average:.1f}") if average is not None else "–",
        "negative": str(today.negative),
    }
    return [(say(f"today.{name}", locale), value) for name, value in values.items()]

"""What one person sees of the demonstration: whom they play, in which language, at what time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot import channel_names, troubles
from bot.demo.stage import Stage
from core.models.contacts import Contact
from core.models.setup import Staff, Team


@dataclass(frozen=True, slots=True)
class Sight:
    stage: Stage
    locale: str
    customer: Contact
    staff: Staff
    now: datetime

    def say(self, key: str, **values: object) -> str:
        return self.stage.app.site.templates.label(key, self.locale, **values)

    def knows(self, key: str) -> bool:
        return self.stage.app.site.templates.has_label(key)

    def named(self, section: str, code: str) -> str:
        return self.stage.app.site.templates.named(section, code, self.locale)

    def team(self, team: Team | None) -> str:
        """A company has its own names for its teams, and one language; whoever looks at the demonstration has two."""
        if team is None:
            return ""
        return self.say(f"demo_team.{team.key}") if self.knows(f"demo_team.{team.key}") else team.name

    def channel(self, name: str) -> str:
        return channel_names.called(name, self.stage.app.site, self.locale)

    def when(self, moment: datetime) -> str:
        """ "today 14:30"."""
        return self.stage.app.site.templates.when(moment, self.locale, self.stage.zone, now=self.now)

    def trouble(self, sentence: str) -> str:
        return troubles.in_words(sentence, self.stage.app.site.templates, self.locale)

    def clock(self, moment: datetime) -> str:
        """ "14:30" for today, else with its day."""
        local = moment.astimezone(ZoneInfo(self.stage.zone))
        today = local.date() == self.now.astimezone(ZoneInfo(self.stage.zone)).date()
        return f"{local:%H:%M}" if today else self.when(moment)

    def span(self, length: timedelta) -> str:
        return self.stage.app.site.templates.span(length, self.locale)

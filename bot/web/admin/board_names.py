"""How teams, people, types, channels, surveys and languages are called on the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.web.admin.board_choice import PARTS, value_of
from bot.web.admin.door import Visit
from bot.wording import SurveysWording
from core.insight import figures
from core.models.invites import Slice
from core.models.setup import Staff, Team

_COLUMNS = {"team": "team_id", "agent": "agent_id", "survey": "survey_key"}


@dataclass(frozen=True, slots=True)
class Names:
    visit: Visit
    teams: Mapping[int, Team]
    staff: Mapping[int, Staff]
    asked: SurveysWording
    options: Mapping[str, Sequence[tuple[str, str]]]

    @classmethod
    async def of_asked(cls, visit: Visit) -> Names:
        """For who says nothing else."""
        return cls(visit, {}, {}, await SurveysWording.now(visit.site.templates, visit.locale), {})

    @classmethod
    async def read(cls, visit: Visit, known: Sequence[Slice]) -> Names:
        names = cls(
            visit,
            {team.id: team for team in await Team.all()},
            {one.id: one for one in await Staff.all()},
            await SurveysWording.now(visit.site.templates, visit.locale),
            options := {},
        )
        for part in PARTS:
            values = {getattr(one, _COLUMNS.get(part, part)) for one in known if figures.has(one, part)}
            options[part] = sorted(((value_of(one), names.of(part, one)) for one in values), key=lambda one: one[1])
        return names

    def of(self, part: str, value: int | str) -> str:
        if not value:
            return self.visit.say("board.none")
        match part:
            case "team":
                team = self.teams.get(int(value))
                return (team.name or team.key) if team else self.visit.say("board.gone")
            case "agent":
                one = self.staff.get(int(value))
                return (one.name or one.key) if one else self.visit.say("board.gone")
            case "type":
                return self.visit.named("ticket_type", str(value))
            case "channel":
                return self.visit.channel(str(value))
            case "locale":
                return self.visit.language(str(value))
        return str(value)

    def dimension(self, key: str) -> str:
        return self.asked.dimension(key)

    def reason(self, key: str) -> str:
        return self.visit.named("board.reason", key)

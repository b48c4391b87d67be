"""The templates that admins have changed: read from the store, and read again when somebody changed one."""

from __future__ import annotations

import logging

from bot.rendering import Override, Problem, Templates
from bot.template_source import join
from core.models.setup import Wording

logger = logging.getLogger(__name__)


async def read() -> list[Override]:
    """What the store holds, in the order in which it was written."""
    return [_override(row) for row in await Wording.all().order_by("id")]


class OwnWords:
    """Keeps the templates of a running process in step with the store."""

    def __init__(self, templates: Templates, known: list[Override]) -> None:
        self._templates = templates
        self._known = known

    async def refresh(self) -> None:
        """Take over what was published since, and write beside a template why it could not be used."""
        found = await read()
        if found != self._known:
            self._known = found
            self._templates.use(found)
            await Wording.exclude(problem="").update(problem="")
            logger.info("%s own templates are in use", len(found))
        for problem in self._templates.problems:
            await _note(problem)


async def _note(problem: Problem) -> None:
    for row in await Wording.filter(problem=""):
        if _override(row).name == problem.template:
            await Wording.filter(id=row.id).update(problem=problem.what[:300])


def tell_problem(problem: Problem) -> None:
    """A template that does not work is replaced by the shipped one; the admin must hear of it."""
    logger.error("Template %s cannot be used, the shipped one is: %s", problem.template, problem.what)


def _override(row: Wording) -> Override:
    return Override(
        kind=row.kind, source=join(row.subject, row.source), locale=row.locale, team=row.team, channel=row.channel
    )

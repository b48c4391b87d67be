"""Which survey asks about a ticket."""

from __future__ import annotations

from datetime import datetime

from core import transactions
from core.models.invites import Invite, InvitePurpose
from core.models.setup import Survey
from core.store.prepared import Prepared
from core.surveys.settings import SurveySettings

DEFAULT_KEY = "default"
_CURRENT = Prepared(Survey, lambda: Survey.filter(current=True).order_by("position", "key"))
_read: dict[int, tuple[dict[str, object], SurveySettings]] = {}


def settings_of(survey: Survey) -> SurveySettings:
    """What is set for this version of the survey. Read once, for it is asked for at every tap."""
    known = _read.get(survey.id)
    if known is None or known[0] != survey.settings:
        known = _read[survey.id] = (survey.settings, SurveySettings.model_validate(survey.settings))
    return known[1]


def settings_for(invite: Invite) -> SurveySettings:
    """What is set for this invite (its survey fetched). After a recovery only `overall` is asked: is it right now?
    There is no recovery of an anonymous answer, so that question is none.
    """
    settings = settings_of(invite.survey)
    if invite.purpose != InvitePurpose.RECOVERY:
        return settings
    overall = tuple(one for one in settings.dimensions if one.key == "overall")
    return settings.model_copy(update={"dimensions": overall, "anonymous": False})


async def current() -> list[Survey]:
    """The surveys that are asked now, in the order in which they are looked at."""
    return await _CURRENT.all()


@transactions.atomic
async def ensure_default(*, now: datetime) -> None:
    """A store without any survey gets the shipped one."""
    if not await Survey.exists():
        settings = SurveySettings().model_dump(mode="json")
        await Survey.get_or_create(
            key=DEFAULT_KEY, version=1, defaults={"settings": settings, "created_at": now, "current": True}
        )

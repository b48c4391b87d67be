"""The day's figures: how many were asked, how many answered, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tortoise.expressions import Q, Subquery

from core.contacts import is_zone
from core.models.invites import UNNAMED, Invite, InvitePurpose, InviteState
from core.models.responses import Band, Response, Score
from core.surveys import anonymity

_ASKED = (InvitePurpose.SERVICE, InvitePurpose.MANUAL)


@dataclass(frozen=True, slots=True)
class Today:
    """Of the questions that reached somebody today (`asked`), how many were answered; and what was answered today.

    Anonymous answers are among what was answered from the moment on that there are enough of them.

    The second question after a recovery counts nowhere: it would judge the mending, not the service.
    """

    asked: int = 0
    answered: int = 0  # of those asked today
    average: float | None = None  # of `overall`, in the answers that came in today
    negative: int = 0  # answers of today that were judged negative

    @property
    def participation(self) -> float | None:
        """The share that answered, from 0 to 1; None where nobody was asked."""
        return self.answered / self.asked if self.asked else None


def midnight(now: datetime, zone: str) -> datetime:
    """When the present day began in that time zone; an unknown one counts as UTC."""
    here = now.astimezone(ZoneInfo(zone if is_zone(zone) else "UTC"))
    return here.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)


async def figures(*, zone: str, now: datetime) -> Today:
    """Of the day that it is in `zone`, until `now`."""
    since = midnight(now, zone)
    until = now + timedelta(microseconds=1)
    asked = Invite.filter(purpose__in=_ASKED, delivered_at__gte=since, delivered_at__lt=until)
    given = Response.filter(created_at__gte=since, created_at__lt=until)
    named = given.filter(anonymity.SHOWN, invite__purpose__in=_ASKED)
    unnamed = given.filter(slice__purpose=UNNAMED)
    overall = Score.filter(dimension="overall", response_id__in=Subquery(named.values("id")))
    values = [one.value for one in await overall]
    values += [one.overall for one in await unnamed if one.overall is not None]
    unhappy = [await rows.filter(band=Band.NEGATIVE).count() for rows in (named, unnamed)]
    answered = Q(response__id__isnull=False) | Q(anonymous=True, state=InviteState.FINISHED)
    return Today(
        asked=await asked.count(),
        answered=await asked.filter(answered).count(),
        average=sum(values) / len(values) if values else None,
        negative=sum(unhappy),
    )

"""The day's figures: how many were asked, how many answered, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.contacts import is_zone
from core.models.invites import Invite, InvitePurpose
from core.models.responses import Band, Response, Score

_ASKED = (InvitePurpose.SERVICE, InvitePurpose.MANUAL)


@dataclass(frozen=True, slots=True)
class Today:
    """Of the questions that reached somebody today (`asked`), how many were answered; and what was answered today.

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
    given = Response.filter(invite__purpose__in=_ASKED, created_at__gte=since, created_at__lt=until)
    overall = Score.filter(
        dimension="overall",
        response__invite__purpose__in=_ASKED,
        response__created_at__gte=since,
        response__created_at__lt=until,
    )
    values = [one.value for one in await overall]
    return Today(
        asked=await asked.count(),
        answered=await asked.filter(response__id__isnull=False).count(),
        average=sum(values) / len(values) if values else None,
        negative=await given.filter(band=Band.NEGATIVE).count(),
    )

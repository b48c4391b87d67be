"""What is kept only for a while: deleted when nobody can ask for it any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.accounts import sessions
from core.models.access import IdempotentAnswer
from core.models.responses import PageVisit
from core.plumbing import arrivals
from core.reactions import webhooks

EVERY = timedelta(hours=6)
ANSWERS_FOR = timedelta(days=1)
VISITS_FOR = timedelta(days=30)


async def tidy(*, now: datetime) -> None:
    """Answers for an `Idempotency-Key` go after a day, raw arrivals and openings of survey pages after a month.

    Sessions go when they have ended, calls of webhooks a month after they were made.
    """
    await arrivals.forget(now=now)
    await IdempotentAnswer.filter(created_at__lt=now - ANSWERS_FOR).delete()
    await sessions.forget_old(now=now)
    await webhooks.forget(now=now)
    await PageVisit.filter(opened_at__lt=now - VISITS_FOR).delete()

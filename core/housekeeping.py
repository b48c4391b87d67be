"""What is kept only for a while: let go when nobody can ask for it any more, or when the company says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import contact_links
from core.accounts import sessions
from core.desk import openings
from core.models.access import IdempotentAnswer
from core.privacy import retention
from core.reactions import webhooks
from core.store import scrubbing

EVERY = timedelta(hours=6)
ANSWERS_FOR = timedelta(days=1)


async def tidy(*, now: datetime) -> None:
    """Answers for an `Idempotency-Key` go after a day, sessions when they have ended, all else by `core.privacy`.

    Calls of webhooks go a month after they were made. What is gone, also by a command beside this process, leaves no
    copy in SQLite's log.
    """
    await IdempotentAnswer.filter(created_at__lt=now - ANSWERS_FOR).delete()
    await sessions.forget_old(now=now)
    await webhooks.forget(now=now)
    await openings.forget(before=now - ANSWERS_FOR)
    await contact_links.forget(before=now)
    await retention.let_go(now=now)
    await scrubbing.scrub()

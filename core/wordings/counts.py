"""What is counted of an A/B test, for both variants alike.

An invite counts from the moment at which its time to answer is over, answered or not. Were answers counted as they
come, a variant would look better the more of its invites are fresh, for who answers does so sooner than others let
it expire. Who says /stop, or is erased, without an answer has been asked and has not answered.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from tortoise.functions import Count

from core.models.invites import InviteState
from core.models.responses import Response
from core.models.wordings import ABInvite, Variant

Counts = dict[str, dict[str, Any]]
"""By variant: `asked` (delivered), `waiting` (of them those whose time is not over), `due` (those whose time is over),
`answered` (of those), and `scores`: by dimension count, total and sum of squares, of those too.
"""
_ANSWERED = (InviteState.ANSWERED, InviteState.FINISHED)
_BATCH = 500


async def asked(test_id: int) -> dict[str, int]:
    """How many have got each variant."""
    rows = (
        await ABInvite.filter(test_id=test_id, invite__delivered_at__isnull=False)
        .annotate(n=Count("id"))
        .group_by("variant")
        .values_list("variant", "n")
    )
    found = {str(variant): int(count) for variant, count in rows}
    return {one.value: found.get(one.value, 0) for one in Variant}


async def take(test_id: int, *, now: datetime) -> Counts:
    """How it stands at this moment."""
    found: Counts = {one.value: {"waiting": 0, "due": 0, "answered": 0, "scores": {}} for one in Variant}
    mine = ABInvite.filter(test_id=test_id)
    delivered = mine.filter(invite__delivered_at__isnull=False)
    over = delivered.filter(invite__expires_at__lte=now)
    on_the_way = mine.filter(invite__delivered_at__isnull=True, invite__state=InviteState.SCHEDULED)
    for name, rows in (
        ("waiting", delivered.filter(invite__expires_at__gt=now)),
        ("waiting", on_the_way.filter(invite__expires_at__gt=now)),
        ("due", over),
        ("answered", over.filter(invite__state__in=_ANSWERED)),
    ):
        for variant, count in await rows.annotate(n=Count("id")).group_by("variant").values_list("variant", "n"):
            found[str(variant)][name] += int(count)
    for variant, count in (await asked(test_id)).items():
        found[variant]["asked"] = count
        found[variant]["scores"] = await _scores(test_id, variant, now=now)
    return found


async def _scores(test_id: int, variant: str, *, now: datetime) -> dict[str, list[int]]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    rows = Response.filter(
        invite__ab_invites__test_id=test_id, invite__ab_invites__variant=variant, invite__expires_at__lte=now
    ).exclude(judged__isnull=True)
    last = 0
    while page := await rows.filter(id__gt=last).order_by("id").limit(_BATCH).values_list("id", "judged"):
        last = page[-1][0]
        for _, judged in page:
            for dimension, value in judged.items():
                for at, more in enumerate((1, value, value * value)):
                    sums[dimension][at] += more
    return dict(sums)

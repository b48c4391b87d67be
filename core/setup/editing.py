"""One part of the set-up as somebody edits it in the browser: read, changed, taken away, never overwritten unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core import audit, transactions
from core.errors import Conflict
from core.models.accounts import AuditLine
from core.setup import rows
from core.setup.changes import Change, Values
from core.setup.document import known_as
from core.setup.models import (
    DigestSetup,
    LabelsSetup,
    Part,
    RetentionSetup,
    RuleSetup,
    Setup,
    StaffSetup,
    SurveySetup,
    TeamSetup,
    TemplateSetup,
    WebhookSetup,
)
from core.setup.storing import KINDS, apply, plan

_TABLES: dict[type[Part], str] = {
    TeamSetup: "teams",
    StaffSetup: "staff",
    SurveySetup: "surveys",
    RuleSetup: "rules",
    DigestSetup: "digests",
    WebhookSetup: "webhooks",
    TemplateSetup: "templates",
    RetentionSetup: "retention",
    LabelsSetup: "labels",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A part as it was read: its values as the file says them, and a mark that another state would not have.

    `mark` goes into the form and comes back with it. "" is the mark of what does not exist.
    """

    key: str
    values: Values
    mark: str


class Stale(Conflict):
    """Somebody else changed it, or took it away, since it was read. `theirs` is how it is now; nothing was written."""

    code = "stale"

    def __init__(self, theirs: Seen | None) -> None:
        super().__init__("somebody else has changed this in the meantime", label="admin.stale")
        self.theirs = theirs


async def read(table: str) -> list[Seen]:
    """All parts of one table of `setup.toml` ("teams", "surveys", …), in the order of the file."""
    present = await rows.read()
    return [Seen(key, values, _mark(values)) for key, values in present[table].items()]


async def find(table: str, key: str) -> Seen | None:
    """One part by what people call it; None where there is none."""
    return next((one for one in await read(table) if one.key == key), None)


@transactions.atomic
async def save(
    part: Part, *, seen: str, actor: str, now: datetime, channels: Collection[str] | None = None, note: str = ""
) -> list[Change]:
    """Write one part whole, as `apply` would write it from a file, if it still is as it was `seen` ("": not there yet).

    Returns what changed; nothing and no audit line when it is the same. Raises Stale, and SetupError with the wrong
    places: `problem.place` begins with the table and 0, such as ("surveys", 0, "delay").
    """
    table = _TABLES[type(part)]
    await _check_seen(table, known_as(part), seen)
    return await apply(_whole(part), actor=actor, now=now, channels=channels, note=note)


async def check(part: Part, *, seen: str, channels: Collection[str] | None = None) -> list[Change]:
    """What `save` would change. Raises what it would raise, and writes nothing."""
    await _check_seen(_TABLES[type(part)], known_as(part), seen)
    return await plan(_whole(part), channels=channels)


@transactions.atomic
async def remove(table: str, key: str, *, seen: str, actor: str, now: datetime) -> None:
    """Take one part away. What was sent, asked or answered with it stays as it is. Raises Stale."""
    old = await _check_seen(table, key, seen)
    if old is None:
        raise Stale(None)
    await rows.remove(table, key, old.values, actor=actor, now=now)
    await audit.record(actor, f"{KINDS[table]}.removed", f"{KINDS[table]}:{key}"[:254], before=old.values, now=now)


async def changed(table: str, key: str) -> AuditLine | None:
    """The line of the audit that says who did something to it last; None where it does not know."""
    return next(iter(await audit.latest(1, about=f"{KINDS[table]}:{key}"[:254])), None)


async def removed(table: str, key: str) -> AuditLine | None:
    """The line of the audit that says who took it, or its draft, away last; None where it does not know."""
    kind = KINDS[table]
    ends = (f"{kind}.removed", f"{kind}.draft_discarded")
    lines = AuditLine.filter(action__in=ends, subject=f"{kind}:{key}"[:254])
    return await lines.order_by("-id").first()


def _whole(part: Part) -> Setup:
    """Every field is meant, also those that the form left at their defaults."""
    whole = part.model_copy(update={})
    whole.__pydantic_fields_set__.update(type(part).model_fields)
    return Setup.model_validate({_TABLES[type(part)]: (whole,)})


async def _check_seen(table: str, key: str, seen: str) -> Seen | None:
    theirs = await find(table, key)
    if (theirs.mark if theirs else "") != seen:
        raise Stale(theirs)
    return theirs


def _mark(values: Values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]

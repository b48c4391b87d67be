"""`/admin/arrivals`: what came in and could not be understood; it is tried once more, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from bot.web.admin import arrival_senders, asking, audit_words
from bot.web.admin.arrival_senders import Sender
from bot.web.admin.door import Member, Visit
from core import quarantine
from core.accounts.roles import Right
from core.models.accounts import AuditLine
from core.models.deliveries import Arrival
from core.text import clean_line

router = APIRouter(include_in_schema=False)
PATH = "/admin/arrivals"
PAGE, SHOWN = 30, 4000
Seeing = Annotated[Visit, Depends(Member(Right.SEE_DELIVERIES))]
Changing = Annotated[Visit, Depends(Member(Right.REPLAY_DELIVERIES))]


@dataclass(frozen=True, slots=True)
class Raw:
    """`text` is what came, as far as it is shown; of `size` bytes in all. `tried`: that it was retried in vain."""

    key: str
    heading: str
    tried: str
    channel: str
    problem: str
    when: str
    text: str
    size: int
    cut: bool


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, before: Annotated[str, Query(max_length=255)] = "") -> Response:
    rows = await quarantine.latest(PAGE + 1, before=before)
    retried = await quarantine.retried(rows[:PAGE])
    senders = await arrival_senders.of(rows[:PAGE], visit)
    return visit.draw(
        "arrivals",
        rows=[_raw(one, senders[one.key], retried[one.key], visit) for one in rows[:PAGE]],
        following=rows[PAGE - 1].key if len(rows) > PAGE else "",
        changing=visit.may(Right.REPLAY_DELIVERIES),
    )


@router.post(f"{PATH}/retry")
async def retry(visit: Changing) -> Response:
    return await _decided(visit, "retry")


@router.post(f"{PATH}/discard")
async def discard(visit: Changing) -> Response:
    row = await quarantine.find((await visit.form()).get("arrival", ""))
    heading = _heading(row, (await arrival_senders.of([row], visit))[row.key], visit)
    question = await asking.first(
        visit,
        title=visit.say("admin.arrivals.discard_title"),
        about=f"{heading}\n{visit.say('admin.arrivals.discard_about')}",
        button=visit.say("admin.arrivals.discard"),
        back=PATH,
    )
    return question or await _decided(visit, "discard")


async def _decided(visit: Visit, verb: str) -> Response:
    """The name of an arrival is its network's, and may hold anything: it comes in the form, not in the address."""
    decide = quarantine.retry if verb == "retry" else quarantine.discard
    key = (await visit.form()).get("arrival", "")
    await decide(key, by=visit.account.email, now=visit.now)
    return visit.back(PATH, said=f"arrival_{verb}")


def _heading(row: Arrival, sender: Sender, visit: Visit) -> str:
    """ "Mail from Ann <ann@…> about “It blinks”, Sun 22 Nov 12:00"."""
    who, subject = sender.called, sender.subject
    said = {"channel": visit.channel(row.channel), "when": visit.when(row.received_at)}
    said |= {"who": clean_line(who, limit=100), "subject": clean_line(subject, limit=100)}
    what = "from_about" if who and subject else "from" if who else "about" if subject else "plain"
    return visit.say(f"admin.arrivals.heading.{what}", **said)


def _tried(lines: Sequence[AuditLine], visit: Visit) -> str:
    if not lines:
        return ""
    who, when = audit_words.actor(visit, lines[-1].actor), visit.when(lines[-1].at)
    return visit.say("admin.arrivals.retried", count=len(lines), who=who, when=when)


def _raw(row: Arrival, sender: Sender, retried: Sequence[AuditLine], visit: Visit) -> Raw:
    body = bytes(row.body)
    text = readable(body[:SHOWN])
    return Raw(
        row.key,
        _heading(row, sender, visit),
        _tried(retried, visit),
        row.channel,
        visit.trouble(row.problem),
        visit.when(row.received_at),
        text,
        len(body),
        len(body) > SHOWN,
    )


def readable(body: bytes) -> str:
    """As text, whatever it is: what cannot be shown, or would change how the rest is read, stands as its number."""
    return "".join(
        one if one in "\n\t" or one.isprintable() else _number(one) for one in body.decode("utf-8", "backslashreplace")
    )


def _number(one: str) -> str:
    return f"\\x{ord(one):02x}" if ord(one) < 256 else f"\\u{ord(one):04x}"

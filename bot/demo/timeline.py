"""Each step of the walk as it happens, newest first, and above it what is still to come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from bot import telling
from bot.demo import company
from bot.demo.sight import Sight
from bot.surveys import actions
from core.desk import notices
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.desk import EntryKind, TicketEntry
from core.models.invites import Invite, InviteState
from core.models.reactions import Alert, AlertState
from core.models.responses import Response
from core.models.setup import Staff
from core.text import shorten

MOST = 60
_TOLD = ("sorry", "alert", "received", *sorted(notices.KINDS))
_BY_ITSELF = frozenset({EntryKind.MESSAGE})
"""Said already by the arrival or the delivery that it came with."""


@dataclass(frozen=True, slots=True)
class Step:
    """`kind` is the word for its sign; `about` says whose ticket it was, if not of whom one plays; `why` explains."""

    id: str
    at: datetime
    kind: str
    title: str
    about: str = ""
    order: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Coming:
    id: str
    at: datetime
    title: str


async def happened(sight: Sight) -> list[Step]:
    """What has happened since the curtain rose."""
    steps = [*await _written(sight), *await _carried(sight), *await _arrived(sight)]
    return _explained(sorted(steps, key=lambda step: (step.at, step.order)), sight)[::-1][:MOST]


def _explained(steps: Sequence[Step], sight: Sight) -> list[Step]:
    """Each kind is explained where it happens for the first time."""
    known: set[str] = set()
    told = []
    for step in steps:
        why = f"demo_why.{step.kind}"
        told.append(replace(step, why=sight.say(why)) if step.kind not in known and sight.knows(why) else step)
        known.add(step.kind)
    return told


async def coming(sight: Sight) -> list[Coming]:
    """What will happen if nobody does anything, soonest first."""
    found = [*await _messages(sight), *await _judgements(sight), *await _looks(sight), *await _ladders(sight)]
    return sorted((one for one in found if one.at > sight.now), key=lambda one: one.at)[:3]


async def _written(sight: Sight) -> list[Step]:
    written = TicketEntry.filter(at__gt=sight.stage.began).select_related("ticket__contact")
    rows = await written.order_by("-id").limit(MOST)
    asked = await telling.asked_about(rows)
    return [
        Step(f"e{row.id}", row.at, row.kind.value, telling.words_of(row, sight, asked), _about(row, sight), row.id)
        for row in rows
        if row.kind not in _BY_ITSELF and not _taken_too(row)
    ]


def _taken_too(row: TicketEntry) -> bool:
    """Who takes a recovery is assigned the ticket with it: one line is enough."""
    return row.kind == EntryKind.ASSIGNED and bool(row.actor) and row.values.get("name") == row.actor


async def _carried(sight: Sight) -> list[Step]:
    rows = Delivery.filter(sent_at__gt=sight.stage.began, kind__in=_TOLD, state=DeliveryState.SENT)
    names = {one.key: one.name for one in company.sample().customers}
    return [
        Step(f"d{row.id}", row.sent_at, "sent", _sent(row, names, sight), order=row.id)
        for row in await rows.order_by("-id").limit(MOST)
        if row.sent_at and (row.kind != "alert" or row.key.endswith(":v1"))
    ]


def _sent(row: Delivery, names: dict[str, str], sight: Sight) -> str:
    return sight.say(f"demo_sent.{row.kind}", name=names.get(row.target, row.target))


async def _arrived(sight: Sight) -> list[Step]:
    rows = Arrival.filter(received_at__gt=sight.stage.began, state=ArrivalState.HANDLED)
    staff = {one.key: one.name for one in await Staff.all()}
    names = staff | {one.key: one.name for one in company.sample().customers}
    heard = [(row, json.loads(bytes(row.body))) for row in await rows.order_by("-received_at").limit(MOST)]
    shown = await _shown(said.get("receipt", "") for _, said in heard)
    steps = []
    for row, said in heard:
        name = names.get(said.get("visitor") or said.get("staff"), "")
        if title := _did(said, name, _pressed(said, row.received_at, shown), sight):
            steps.append(Step(f"a{row.key}", row.received_at, "tapped", title))
    return steps


async def _shown(receipts: Iterable[str]) -> list[Delivery]:
    """Every drawing of these messages, the newest first."""
    rows = Delivery.filter(receipt__in=sorted({one for one in receipts if one}), sent_at__isnull=False)
    return await rows.order_by("-sent_at", "-id")


def _pressed(said: dict[str, object], at: datetime, shown: Iterable[Delivery]) -> str:
    """What stood on the button when it was pressed: the same action has another name on another screen."""
    for drawing in shown:
        if drawing.receipt != said.get("receipt") or drawing.sent_at is None or drawing.sent_at > at:
            continue
        rows: list[list[dict[str, object]]] = (drawing.drawn or {}).get("rows", [])  # type: ignore[assignment]
        for button in chain.from_iterable(rows):
            if button["action"] == said.get("action"):
                return str(button["label"])
    return ""


def _did(said: dict[str, object], name: str, label: str, sight: Sight) -> str:
    """ "Ann taps 2 of 5: Overall", "Kim presses Take"; a form that is only opened is not worth a line. `label` stood on
    the button.
    """
    if "text" in said:
        return sight.say("demo_did.wrote", name=name, text=shorten(str(said["text"]), 80))
    pressed = str(said.get("action", ""))
    action = actions.read(pressed)
    if action is None:
        verb = pressed.rpartition(":")[2]
        is_done = verb == "take" or "values" in said
        return sight.say("demo_did.pressed", name=name, button=_button(verb, sight)) if is_done else ""
    if action.verb == actions.SCORE:
        return sight.say(
            "demo_did.rated", name=name, value=action.score, dimension=sight.say(f"dimension.{action.what}")
        )
    return sight.say("demo_did.pressed", name=name, button=label) if label else ""


def _button(verb: str, sight: Sight) -> str:
    return sight.named("button", verb).rstrip("…")


async def _messages(sight: Sight) -> list[Coming]:
    rows = await Delivery.filter(state=DeliveryState.WAITING, due_at__gt=sight.now, kind__in=("invite", "recovered"))
    invites = {one.id: one for one in await _invites([row.subject_id for row in rows])}
    return [
        Coming(f"d{row.id}", row.due_at, sight.say("demo_next.invite", name=invites[row.subject_id].contact.name))
        for row in rows
        if row.subject_id in invites
    ]


async def _judgements(sight: Sight) -> list[Coming]:
    rows = await Response.filter(settle_at__gt=sight.now, invite_id__isnull=False).select_related("invite__contact")
    return [
        Coming(f"r{row.id}", row.settle_at, sight.say("demo_next.settle", name=row.invite.contact.name))
        for row in rows
        if row.settle_at
    ]


async def _looks(sight: Sight) -> list[Coming]:
    """Reminders and expiries of what was asked since the curtain rose."""
    rows = Invite.filter(state=InviteState.DELIVERED, created_at__gt=sight.stage.began).select_related("contact")
    found = []
    for row in await rows:
        kind, at = ("remind", row.remind_at) if row.remind_at else ("expire", row.expires_at)
        found.append(Coming(f"i{row.id}", at, sight.say(f"demo_next.{kind}", name=row.contact.name)))
    return found


async def _ladders(sight: Sight) -> list[Coming]:
    rows = Alert.filter(next_step_at__gt=sight.now).exclude(state=AlertState.CLOSED)
    found = []
    for row in await rows.select_related("ticket__contact"):
        kind = "raise" if row.state == AlertState.OPEN and row.step == 0 else "overdue"
        title = sight.say(f"demo_next.{kind}", name=row.ticket.contact.name)
        if row.next_step_at:
            found.append(Coming(f"l{row.id}", row.next_step_at, title))
    return found


async def _invites(ids: Sequence[int | None]) -> list[Invite]:
    return await Invite.filter(id__in=[one for one in ids if one]).select_related("contact") if ids else []


def _about(row: TicketEntry, sight: Sight) -> str:
    return "" if row.ticket.contact_id == sight.customer.id else row.ticket.contact.name

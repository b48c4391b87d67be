"""A desk that has worked for a year: tickets, questions, answers and recoveries, put in row by row and quickly."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from tortoise.models import Model

from core.models import MODULES

_AT_ONCE = 5_000
_YEAR = timedelta(days=365)
_TYPES = ("inquiry", "inquiry", "technical_support", "complaint", "suggestion")
_CHANNELS = ("support-bot", "support-bot", "mail", "webchat")
_LOCALES = ("en", "en", "zh-Hans")
_DIMENSIONS = ("overall", "attitude", "speed", "resolution")
_MOODS = ((1, 1, 2, 3), (3, 4, 4, 5), (4, 5, 5, 5))
_TEAMS = ("Support", "Billing", "Field service", "Returns", "=SUM(A1) & <Co>")
_AGENTS_EACH = 4
_STATES = ("resolved",) * 3 + ("closed",) * 16 + ("in_progress",)

Values = dict[str, Any]


@dataclass
class Desk:
    """Makes rows, table by table; `chance` decides all of them, and so two runs are alike."""

    now: datetime
    chance: random.Random
    slices: dict[tuple[Any, ...], int] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ticket(self, number: int, of: int) -> Iterator[tuple[str, Values]]:
        """One ticket with all that hangs on it."""
        pick = self.chance
        created = self.now - _YEAR * (1 - number / of) - timedelta(seconds=pick.randrange(3600))
        team = pick.randrange(len(_TEAMS)) + 1
        agent = (team - 1) * _AGENTS_EACH + pick.randrange(_AGENTS_EACH) + 1
        ticket: Values = {
            "id": number, "number": f"CS{created:%Y%m%d}{number:06d}", "ref": f"T-{number}",
            "subject": f"Parcel {number} & <b>more</b>", "type": pick.choice(_TYPES), "priority": "medium",
            "status": pick.choice(_STATES), "channel": _CHANNELS[number % len(_CHANNELS)], "thread": "", "tags": "[]",
            "cycle": 1,
            "reopened_by_rating": 0, "close_reason": "solved", "result": "A new one is on its way.",
            "contact_id": number, "team_id": team, "assignee_id": agent, "created_at": created,
            "resolved_at": created + timedelta(hours=2),
        }  # fmt: skip
        locale = pick.choice(_LOCALES)
        yield "contacts", _contact(number, locale, created)
        yield "addresses", _address(number, ticket["channel"], created)
        yield "tickets", ticket
        yield from self._entries(ticket)
        if pick.random() < 0.9:
            yield from self._question(ticket, locale)
        else:
            slice_id = yield from self._slice(ticket, locale, channel=ticket["channel"], purpose="service")
            yield "decisions", _decision(ticket, slice_id, sent=False, reason=pick.choice(("opted_out", "no_address")))

    def _entries(self, ticket: Values) -> Iterator[tuple[str, Values]]:
        for kind, label in (("opened", "history.opened"), ("assigned", "history.assigned"), ("message", "")):
            yield "ticket_entries", {
                "ticket_id": ticket["id"], "cycle": 1, "kind": kind, "actor": "Kim", "internal": kind != "message",
                "text": "Three weeks and nothing came." if kind == "message" else "", "label": label, "values": _TOLD,
                "at": ticket["created_at"],
            }  # fmt: skip

    def _slice(self, ticket: Values, locale: str, *, channel: str, purpose: str) -> Iterator[tuple[str, Values]]:
        key = (ticket["team_id"], ticket["type"], channel, ticket["assignee_id"], "default", locale, purpose)
        if key not in self.slices:
            self.slices[key] = len(self.slices) + 1
            names = ("team_id", "type", "channel", "agent_id", "survey_key", "locale", "purpose")
            yield "slices", {"id": self.slices[key], **dict(zip(names, key, strict=True))}
        return self.slices[key]

    def _question(self, ticket: Values, locale: str, *, purpose: str = "service") -> Iterator[tuple[str, Values]]:
        pick, at = self.chance, ticket["resolved_at"] + timedelta(minutes=5)
        slice_id = yield from self._slice(ticket, locale, channel=ticket["channel"], purpose=purpose)
        if purpose == "service":
            yield "decisions", _decision(ticket, None, sent=True, reason="sent")
        rolled = pick.random()
        state = (
            "finished"
            if rolled < 0.52
            else "answered"
            if rolled < 0.6
            else "expired"
            if rolled < 0.95
            else "undeliverable"
        )
        invite = _invite(next(self.ids), ticket, slice_id, state, at, purpose)
        yield "invites", invite
        yield "deliveries", _delivery(invite, ticket, dead=state == "undeliverable")
        if state in ("finished", "answered"):
            yield from self._answer(invite, ticket, locale)

    def _answer(self, invite: Values, ticket: Values, locale: str) -> Iterator[tuple[str, Values]]:
        pick, at = self.chance, invite["asked_at"] + timedelta(minutes=self.chance.randrange(600))
        begun = len(_DIMENSIONS) if invite["state"] == "finished" else 2
        mood = pick.choices(_MOODS, (0.08, 0.22, 0.7))[0]
        scores = {one: pick.choice(mood) for one in _DIMENSIONS[:begun]}
        bad = min(scores.values()) <= 2
        comment = "Slow, but kind." if pick.random() < 0.3 else ""
        yield "responses", {
            "id": invite["id"], "invite_id": invite["id"], "version": begun, "partial": begun < 4, "comment": comment,
            "reasons": '["slow"]' if bad else "[]", "skipped": "[]", "commented": bool(comment),
            "slice_id": invite["slice_id"],
            "band": "negative" if bad else "positive" if scores["overall"] >= 4 else "neutral",
            "overall": scores["overall"], "judged": json.dumps(dict(sorted(scores.items())), separators=(",", ":")),
            "settled_version": begun, "revision": 1, "created_at": at, "changed_at": at,
        }  # fmt: skip
        for dimension, value in scores.items():
            yield "scores", {"response_id": invite["id"], "dimension": dimension, "value": value, "given_at": at}
        if bad and invite["purpose"] == "service":
            yield from self._recovery(invite, ticket, at)
            if pick.random() < 0.6:
                yield from self._question(ticket, locale, purpose="recovery")

    def _recovery(self, invite: Values, ticket: Values, at: datetime) -> Iterator[tuple[str, Values]]:
        open_ = at > self.now - timedelta(days=2)
        taken = None if open_ and self.chance.random() < 0.5 else at + timedelta(minutes=self.chance.randrange(5, 200))
        yield "recoveries", {
            "id": invite["id"], "ticket_id": ticket["id"], "response_id": invite["id"],
            "owner_id": ticket["assignee_id"], "state": ("taken" if taken else "open") if open_ else "resolved",
            "due_at": at + timedelta(hours=4), "opened_at": at, "taken_at": taken,
            "closed_at": None if open_ else at + timedelta(hours=5), "closed_by": "", "outcome": "", "closing_note": "",
        }  # fmt: skip
        yield "alerts", {
            "id": invite["id"], "key": f"a{invite['id']:015d}", "recovery_id": invite["id"],
            "response_id": invite["id"], "ticket_id": ticket["id"], "team_id": ticket["team_id"],
            "state": ("acknowledged" if taken else "open") if open_ else "closed", "step": 0, "version": 1,
            "raised_at": at,
        }  # fmt: skip


_TOLD = '{"channel": "support-bot", "name": "Kim"}'


def fill(path: Path, count: int, *, now: datetime | None = None, desk: Desk | None = None, begin: int = 1) -> Desk:
    """Put a year of tickets, from `begin` to `count`, into a store that has its tables, no teams, and a survey.

    The desk that it answers with goes on where it ended.
    """
    chance = random.Random(7)  # noqa: S311 - what a random desk says is of no weight to anybody
    working = desk or Desk(now or datetime.now(UTC), chance)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        _write(connection, [] if desk else _company())
        for first in range(begin, count + 1, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, count + 1))
            _write(connection, itertools.chain.from_iterable(working.ticket(number, count) for number in numbers))
    finally:
        connection.close()
    return working


def _write(connection: sqlite3.Connection, rows: Iterable[tuple[str, Values]]) -> None:
    connection.execute("BEGIN")
    for table, given in rows:
        values = {**_defaults(table), **given}
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        stored = [one.isoformat(" ") if isinstance(one, datetime) else one for one in values.values()]
        connection.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', stored)  # noqa: S608 - our own names
    connection.execute("COMMIT")


@cache
def _defaults(table: str) -> Values:
    """What the models fill in: the tables themselves know no defaults."""
    models = (vars(import_module(name)) for name in MODULES)
    model = next(one for all_ in models for one in all_.values() if _is_of(one, table))
    given = {name: one.default for name, one in model._meta.fields_map.items() if one.default is not None}
    return {name: json.dumps(value()) if callable(value) else value for name, value in given.items()}


def _is_of(one: object, table: str) -> bool:
    return isinstance(one, type) and issubclass(one, Model) and one._meta.db_table == table


def _company() -> Iterator[tuple[str, Values]]:
    for number, name in enumerate(_TEAMS, 1):
        yield "teams", {"id": number, "key": f"team-{number}", "name": name, "alert_channel": "", "alert_to": ""}
        for agent in range(_AGENTS_EACH):
            id_ = (number - 1) * _AGENTS_EACH + agent + 1
            yield "staff", {
                "id": id_, "key": f"agent-{id_}@example.org", "name": f"Kim {id_} <3", "email": "", "locale": "",
                "timezone": "", "active": True, "leads": agent == 0, "team_id": number,
            }  # fmt: skip


def _contact(number: int, locale: str, at: datetime) -> Values:
    return {
        "id": number, "ref": f"c-{number}", "name": f"Ann {number} <3", "locale": locale, "timezone": "Europe/Berlin",
        "created_at": at,
    }  # fmt: skip


def _address(number: int, channel: str, at: datetime) -> Values:
    return {"id": number, "contact_id": number, "channel": channel, "address": f"ann{number}", "created_at": at}


def _decision(ticket: Values, slice_id: int | None, *, sent: bool, reason: str) -> Values:
    return {
        "ticket_id": ticket["id"], "cycle": 1, "survey_key": "default", "sent": sent, "reason": reason, "values": "{}",
        "slice_id": slice_id, "at": ticket["resolved_at"],
    }  # fmt: skip


def _invite(id_: int, ticket: Values, slice_id: int, state: str, at: datetime, purpose: str) -> Values:
    return {
        "id": id_, "key": f"k{id_:015d}", "token_hash": f"{id_:064d}", "ticket_id": ticket["id"], "cycle": 1,
        "purpose": purpose, "survey_id": 1, "survey_key": "default", "contact_id": ticket["contact_id"],
        "agent_id": ticket["assignee_id"], "address_id": ticket["contact_id"], "slice_id": slice_id, "state": state,
        "due_at": at, "asked_at": at, "delivered_at": None if state == "undeliverable" else at, "reminders": 0,
        "expires_at": at + timedelta(days=7), "created_at": ticket["resolved_at"],
    }  # fmt: skip


def _delivery(invite: Values, ticket: Values, *, dead: bool) -> Values:
    return {
        "id": invite["id"], "key": f"invite:{invite['id']}", "kind": "invite", "channel": ticket["channel"],
        "target": f"ann{ticket['contact_id']}", "contact_id": ticket["contact_id"],
        "address_id": ticket["contact_id"], "ticket_id": ticket["id"], "subject_id": invite["id"],
        "screen": f"invite:{invite['id']}", "priority": 5, "state": "dead" if dead else "sent", "payload": "{}",
        "due_at": invite["due_at"], "created_at": invite["created_at"],
        "problem": "blocked by the user" if dead else "",
    }  # fmt: skip

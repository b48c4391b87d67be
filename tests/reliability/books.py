"""What the store holds in the end, read past everything of ours, and what must be true of it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.reliability.company import Company, Person
from tests.rigs import postgres

_UNDER_WAY = """
SELECT key FROM deliveries WHERE state IN ('waiting', 'sending') UNION ALL SELECT key FROM arrivals WHERE state = 'new'
"""
_SCORES = """
SELECT t.ref, s.dimension, s.value FROM scores s JOIN responses r ON r.id = s.response_id
JOIN invites i ON i.id = r.invite_id JOIN tickets t ON t.id = i.ticket_id
"""


async def ask(store: str, query: str) -> list[tuple[Any, ...]]:
    if store.startswith("postgres"):
        return [tuple(row.values()) for row in await postgres.fetch(store, query)]
    with contextlib.closing(sqlite3.connect(store.removeprefix("sqlite://"))) as raw:
        return raw.execute(query).fetchall()


async def at_rest(store: str, *, seconds: float) -> None:
    """Waits until nothing is on its way; what a killed process had in hand is, until its lease is over."""
    async with asyncio.timeout(seconds):
        while await ask(store, _UNDER_WAY):
            await asyncio.sleep(0.2)


async def problems(company: Company) -> list[str]:
    """Everything that is not as it must be once all is told; empty when all is well."""
    found = await _damage(company.store)
    found += await _about_people(company)
    found += [
        f"arrival left: {row}"
        for row in await ask(company.store, "SELECT key, state, problem FROM arrivals WHERE state <> 'handled'")
    ]
    unsent = "SELECT key, state, problem FROM deliveries WHERE state NOT IN ('sent', 'superseded', 'cancelled')"
    return found + [f"delivery left: {row}" for row in await ask(company.store, unsent)]


async def _about_people(company: Company) -> list[str]:
    store = company.store
    tickets = {
        ref: rest for ref, *rest in await ask(store, "SELECT ref, cycle, reopened_by_rating, status FROM tickets")
    }
    by_ticket = "SELECT t.ref FROM {} x JOIN tickets t ON t.id = x.ticket_id {}"
    counted = {
        name: Counter(ref for (ref,) in await ask(store, by_ticket.format(table, where)))
        for name, table, where in (
            ("decisions", "decisions", ""),
            ("invites", "invites", ""),
            ("recoveries", "recoveries", ""),
            ("alerts", "alerts", ""),
            ("reopenings", "ticket_entries", "WHERE x.kind = 'reopened'"),
            ("responses", "invites", "JOIN responses r ON r.invite_id = x.id"),
        )
    }
    scores: dict[str, list[tuple[str, int]]] = {}
    for ref, dimension, value in await ask(store, _SCORES):
        scores.setdefault(ref, []).append((dimension, value))
    found = (
        [f"tickets that nobody told: {extra}"] if (extra := set(tickets) - {one.ref for one in company.people}) else []
    )
    for person in company.people:
        has = {name: counter[person.ref] for name, counter in counted.items()}
        found += _about(person, tickets.get(person.ref), has, scores.get(person.ref, []))
    return found


def _about(
    person: Person, ticket: Sequence[Any] | None, has: dict[str, int], scores: list[tuple[str, int]]
) -> list[str]:
    bad = int(person.is_unhappy)
    must = {"decisions": 1, "invites": 1, "responses": 1, "recoveries": bad, "alerts": bad, "reopenings": bad}
    found = [] if has == must else [f"{person}: has {has}, must have {must}"]
    if scores != [("overall", person.score)]:
        found.append(f"{person}: scores are {scores}")
    if ticket is None or ticket[:2] != [1 + bad, bad]:
        found.append(f"{person}: ticket is {ticket}")
    return found


async def _damage(store: str) -> list[str]:
    if store.startswith("postgres"):
        return []
    damage = [text for (text,) in await ask(store, "PRAGMA integrity_check") if text != "ok"]
    return damage + [f"dangling: {row}" for row in await ask(store, "PRAGMA foreign_key_check")]

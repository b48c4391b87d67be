"""What each role may see and do: one table, and whatever does not stand in it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from core.models.accounts import Role


class Right(StrEnum):
    """One kind of thing that somebody may see or do. Its name is stable: it stands in the audit and in the docs."""

    OWN = "account.own"  # one's own name, language and password
    SEE_TICKETS = "tickets.see"
    WORK_TICKETS = "tickets.work"
    SEE_CONTACTS = "contacts.see"
    CHANGE_CONTACTS = "contacts.change"
    HAND_OUT_CONTACTS = "contacts.hand_out"  # export a person's data, erase a person
    SEE_BOARD = "board.see"
    SEE_DELIVERIES = "deliveries.see"
    REPLAY_DELIVERIES = "deliveries.replay"
    SEE_SETUP = "setup.see"  # surveys, templates, rules, teams, staff
    CHANGE_SETUP = "setup.change"
    SEE_ACCOUNTS = "accounts.see"
    CHANGE_ACCOUNTS = "accounts.change"
    SEE_AUDIT = "audit.see"


_SEEING = {right for right in Right if right.value.endswith(".see")}
_INBOX = {Right.SEE_TICKETS, Right.WORK_TICKETS, Right.SEE_CONTACTS}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.SUPERVISOR: frozenset(
        {
            Right.OWN,
            *_INBOX,
            Right.CHANGE_CONTACTS,
            Right.SEE_BOARD,
            Right.SEE_DELIVERIES,
            Right.REPLAY_DELIVERIES,
            Right.SEE_SETUP,
        }
    ),
    Role.AGENT: frozenset({Right.OWN, *_INBOX}),
    Role.AUDITOR: frozenset({Right.OWN, *_SEEING}),
}


def may(role: str, right: Right) -> bool:
    """Whether the role has the right; a role that is not known has none."""
    return role in RIGHTS and right in RIGHTS[Role(role)]

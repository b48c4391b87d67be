"""The sections of the admin's browser, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from core.accounts import roles
from core.accounts.roles import Right

HOME = "/admin/"


@dataclass(frozen=True, slots=True)
class Section:
    """One entry: `admin.section.<key>` names it, `admin.about.<key>` says what for, `admin.group.<group>` its group."""

    group: str
    key: str
    path: str
    right: Right


SECTIONS = (
    Section("desk", "overview", HOME, Right.OWN),
    Section("desk", "inbox", "/admin/inbox", Right.SEE_TICKETS),
    Section("desk", "tickets", "/admin/tickets", Right.SEE_TICKETS),
    Section("desk", "contacts", "/admin/contacts", Right.SEE_CONTACTS),
    Section("desk", "board", "/admin/board", Right.SEE_BOARD),
    Section("trouble", "held", "/admin/held", Right.SEE_DELIVERIES),
    Section("trouble", "deliveries", "/admin/deliveries", Right.SEE_DELIVERIES),
    Section("trouble", "arrivals", "/admin/arrivals", Right.SEE_DELIVERIES),
    Section("words", "surveys", "/admin/surveys", Right.SEE_SETUP),
    Section("words", "templates", "/admin/templates", Right.SEE_SETUP),
    Section("words", "languages", "/admin/languages", Right.SEE_SETUP),
    Section("setup", "rules", "/admin/rules", Right.SEE_SETUP),
    Section("setup", "webhooks", "/admin/webhooks", Right.SEE_SETUP),
    Section("setup", "teams", "/admin/teams", Right.SEE_SETUP),
    Section("setup", "staff", "/admin/staff", Right.SEE_SETUP),
    Section("setup", "digests", "/admin/digests", Right.SEE_SETUP),
    Section("setup", "retention", "/admin/retention", Right.SEE_SETUP),
    Section("who", "accounts", "/admin/accounts", Right.SEE_ACCOUNTS),
    Section("who", "audit", "/admin/audit", Right.SEE_AUDIT),
)


def shown_to(role: str) -> list[Section]:
    return [section for section in SECTIONS if roles.may(role, section.right)]


def grouped(sections: Iterable[Section]) -> list[tuple[str, list[Section]]]:
    """The sections under their groups, in the same order."""
    return [(group, list(members)) for group, members in groupby(sections, lambda one: one.group)]

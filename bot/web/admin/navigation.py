"""The sections of the admin's browser, in the order in which they are shown."""

from __future__ import annotations

from dataclasses import dataclass

from core.accounts import roles
from core.accounts.roles import Right

HOME = "/admin/"


@dataclass(frozen=True, slots=True)
class Section:
    """One entry: `admin.section.<key>` names it, `admin.about.<key>` says what it is for."""

    key: str
    path: str
    right: Right


SECTIONS = (
    Section("overview", HOME, Right.OWN),
    Section("board", "/admin/board", Right.SEE_BOARD),
    Section("contacts", "/admin/contacts", Right.SEE_CONTACTS),
    Section("surveys", "/admin/surveys", Right.SEE_SETUP),
    Section("deliveries", "/admin/deliveries", Right.SEE_DELIVERIES),
    Section("retention", "/admin/retention", Right.SEE_SETUP),
    Section("languages", "/admin/languages", Right.SEE_SETUP),
    Section("inbox", "/admin/inbox", Right.SEE_TICKETS),
    Section("tickets", "/admin/tickets", Right.SEE_TICKETS),
    Section("contacts", "/admin/contacts", Right.SEE_CONTACTS),
    Section("deliveries", "/admin/deliveries", Right.SEE_DELIVERIES),
    Section("held", "/admin/held", Right.SEE_DELIVERIES),
    Section("arrivals", "/admin/arrivals", Right.SEE_DELIVERIES),
    Section("rules", "/admin/rules", Right.SEE_SETUP),
    Section("webhooks", "/admin/webhooks", Right.SEE_SETUP),
    Section("teams", "/admin/teams", Right.SEE_SETUP),
    Section("staff", "/admin/staff", Right.SEE_SETUP),
    Section("accounts", "/admin/accounts", Right.SEE_ACCOUNTS),
    Section("audit", "/admin/audit", Right.SEE_AUDIT),
)


def shown_to(role: str) -> list[Section]:
    return [section for section in SECTIONS if roles.may(role, section.right)]

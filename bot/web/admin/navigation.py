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
    Section("contacts", "/admin/contacts", Right.SEE_CONTACTS),
    Section("deliveries", "/admin/deliveries", Right.SEE_DELIVERIES),
    Section("templates", "/admin/templates", Right.SEE_SETUP),
    Section("accounts", "/admin/accounts", Right.SEE_ACCOUNTS),
    Section("audit", "/admin/audit", Right.SEE_AUDIT),
)


def shown_to(role: str) -> list[Section]:
    return [section for section in SECTIONS if roles.may(role, section.right)]

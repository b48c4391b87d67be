"""What people, teams and addresses are called now, by the ids and keys under which the audit keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.staff import called
from bot.web.admin import template_scope
from bot.web.admin.door import Visit
from bot.wording import SurveysWording
from core import directory
from core.models.accounts import AuditLine
from core.models.contacts import Address, Contact
from core.models.setup import Staff

_KEYS = {"as": "staff", "assignee": "staff", "staff": "staff", "team": "team", "teams": "team", "who": "staff"}
_KEYS |= {"dimensions": "dimension", "reasons": "reason"}
_IDS = {"address": "address", "contact": "contact"}
"""By the name of a field: of what its value is the key, or, where it is a number, the id."""


@dataclass(frozen=True, slots=True)
class Names:
    """By kind. What is not known (any more) keeps its id or its key."""

    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, kind: str, key: str) -> str:
        return self.known.get(kind, {}).get(key) or key

    def in_field(self, name: str, value: object) -> str:
        """The value of a field, called by its name."""
        kinds = _KEYS if isinstance(value, str) else _IDS
        return self.of(kinds.get(name, ""), str(value))

    @property
    def teams(self) -> Mapping[str, str]:
        return self.known.get("team", {})


async def of_setup(visit: Visit) -> Names:
    """Those that the set-up names, and what its surveys ask."""
    staff = {one.key: one.name for one in await Staff.all()}
    asked = await SurveysWording.now(visit.site.templates, visit.locale)
    what = {"dimension": asked.dimensions(), "reason": asked.reasons()}
    return Names({"team": await template_scope.teams(), "staff": staff, **what})


async def of(visit: Visit, lines: Iterable[AuditLine], about: str = "") -> Names:
    """Those that these lines name, and the line of which it is asked."""
    shown = list(lines)
    contacts = set(_contacts([about, *(line.subject for line in shown)]))
    addresses: set[int] = set()
    for line in shown:
        for kept in (line.before or {}, line.after or {}):
            contacts |= _number(kept.get("contact"))
            addresses |= _number(kept.get("address"))
    people = await Contact.filter(id__in=list(contacts)) if contacts else []
    names = await called.names(people, visit.site.place(), visit.locale)
    for one in people:
        if one.erased_at is not None:
            names[one.id] = visit.say("audit.value.erased", name=one.id)
    rows = await Address.filter(id__in=list(addresses)) if addresses else []
    in_use = {str(row.id): row.address for row in rows if not row.address.startswith(directory.NO_MORE)}
    contact_names = {str(number): name for number, name in names.items()}
    return Names({**(await of_setup(visit)).known, "contact": contact_names, "address": in_use})


def _contacts(subjects: Iterable[str]) -> Iterator[int]:
    for subject in subjects:
        kind, _, number = subject.partition(":")
        if kind == "contact" and number.isascii() and number.isdecimal() and int(number) < 2**63:
            yield int(number)


def _number(value: object) -> set[int]:
    return {value} if isinstance(value, int) and not isinstance(value, bool) else set()

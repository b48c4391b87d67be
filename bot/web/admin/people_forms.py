"""What the pages of teams, staff and digests share: rows of a form, what is wrong with each, and saving it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from zoneinfo import available_timezones

from fastapi import HTTPException
from pydantic import ValidationError
from starlette.responses import Response

from bot.web.admin import addresses, audit_names, differences, meanwhile, measures
from bot.web.admin.differences import Difference
from bot.web.admin.door import Visit
from core import setup as setups
from core.accounts.roles import Right
from core.models import lookup
from core.models.setup import Staff, Team
from core.setting_problems import Problem, explain
from core.setup import DigestSetup, Seen, SetupError, StaffSetup, Stale, TeamSetup

M = TypeVar("M", Staff, Team)
Values = dict[str, Any]
Model = type[TeamSetup] | type[StaffSetup] | type[DigestSetup]
_TABLES: Mapping[Model, str] = {TeamSetup: "teams", StaffSetup: "staff", DigestSetup: "digests"}
MOST_ROWS = 120
SPARE: list[Values] = [{}, {}]
"""So many empty rows wait at the end of each table of a form."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a form: nothing is wrong when it was saved. `problems` stand by the field, as "ladder.1.after"."""

    problems: Mapping[str, str] = field(default_factory=dict)
    theirs: Seen | None = None
    stale: bool = False
    differing: Sequence[Difference] = ()
    """What others made of it in the meantime, against what was typed."""
    meanwhile: str = ""
    """Who that was, and when."""

    @property
    def saved(self) -> bool:
        return not (self.problems or self.stale)

    @property
    def is_gone(self) -> bool:
        """Somebody removed it while the form was open."""
        return self.stale and self.theirs is None

    def mark(self, seen: str) -> str:
        """What the form has seen when it is shown again: theirs, now that it stands beside one's own."""
        return self.theirs.mark if self.theirs else seen

    def beside(self, name: str, taken: str) -> dict[str, str]:
        """The problems of something new, whose `name` may be there already."""
        return {**self.problems, **({name: taken} if self.stale else {})}


def rows(
    fields: Mapping[str, Sequence[str]],
    table: str,
    one: Sequence[str],
    *,
    many: Sequence[str] = (),
    spans: Sequence[str] = (),
    hours: Sequence[str] = (),
    needed: str | tuple[str, ...],
) -> list[Values]:
    """The rows of a table in a form (`ladder.0.to`), in their order. A row without its `needed`, or any of them, is
    taken out.
    """
    needed = (needed,) if isinstance(needed, str) else needed
    found: list[Values] = []
    for number in range(MOST_ROWS):
        at = f"{table}.{number}"
        if not any(measures.typed(fields, f"{at}.{name}") for name in needed):
            continue
        row: Values = {name: measures.read_span(fields, f"{at}.{name}") for name in spans}
        row |= {name: measures.typed(fields, f"{at}.{name}") for name in one}
        row |= {name: list(fields.get(f"{at}.{name}", ())) for name in many}
        row |= {name: measures.read_hours(fields, f"{at}.{name}", "always") for name in hours}
        found.append(row)
    return found


async def save(visit: Visit, model: Model, values: Values, seen: str) -> Outcome:
    """Write it whole, if nobody else has changed it since. Addresses are checked as each channel writes them."""
    wrong = dict(_wrong_addresses(visit, values))
    try:
        part = model.model_validate(values)
        if wrong:
            return Outcome(wrong)
        await setups.save(part, seen=seen, actor=visit.account.email, now=visit.now, channels=list(visit.site.channels))
    except ValidationError as error:
        return Outcome({**wrong, **_by_field(visit, explain(error, model))})
    except SetupError as error:
        return Outcome(_by_field(visit, [replace(one, place=one.place[2:]) for one in error.problems]))
    except Stale as stale:
        who = await meanwhile.changed(visit, _TABLES[model], stale.theirs.key) if stale.theirs else ""
        differing = await _differing(visit, values, stale.theirs)
        return Outcome(theirs=stale.theirs, stale=True, differing=differing, meanwhile=who)
    return Outcome()


def _wrong_addresses(visit: Visit, values: Values) -> Iterator[tuple[str, str]]:
    """Of the places and people in a form those to which nothing could be sent, by field."""
    rows: list[tuple[str, str, str]] = []
    if "alert" in values:
        rows.append(("alert.to", values["alert"]["channel"], values["alert"]["to"]))
    for table in ("ladder", "addresses", "recipients"):
        named = enumerate(values.get(table, ()))
        rows += [(f"{table}.{at}.address", row["channel"], row["address"]) for at, row in named]
    channels = visit.site.channels
    for name, channel, address in rows:
        if address and channel in channels and (why := addresses.wrong(channels, channel, address)):
            yield name, visit.why(why)
    if values.get("email") and (why := addresses.wrong_mail(values["email"], field="email")):
        yield "email", visit.why(why)


async def _differing(visit: Visit, values: Values, theirs: Seen | None) -> list[Difference]:
    mine = {name: value for name, value in values.items() if theirs and name in theirs.values}
    return list(differences.between(visit, mine, theirs.values, await audit_names.of_setup(visit))) if theirs else []


def _by_field(visit: Visit, problems: Sequence[Problem]) -> dict[str, str]:
    return {".".join(str(part) for part in one.place): visit.tell(one.said) for one in problems}


async def found(model: type[M], table: str, number: int) -> tuple[M, Seen]:
    """A row by its number, and what the set-up says of it. Raises HTTPException 404."""
    row = await model.get_or_none(id=number) if number < 2**63 else None
    seen = await setups.find(table, row.key) if row else None
    if row is None or seen is None:
        raise HTTPException(404)
    return row, seen


async def edited(model: type[M], number: int, fields: Mapping[str, Sequence[str]]) -> tuple[M, bool]:
    """The row that a form is about, and whether it is there: where somebody removed it, what the form says of it.

    Raises HTTPException 404 for what is no form of something that was there.
    """
    row = await model.get_or_none(id=number) if number < 2**63 else None
    if row is not None:
        return row, True
    key = fields.get("key", [""])[-1]
    if not key or "seen" not in fields:
        raise HTTPException(404)
    again = await lookup.by_key(model, key)
    return (again, True) if again else (model(id=number, key=key, name=fields.get("name", [""])[-1]), False)


def draw_list(visit: Visit, page: str, form: Mapping[str, str], problems: Mapping[str, str], **shown: Any) -> Response:
    """All of them, and the form for one more, as it was typed."""
    status = 422 if problems else 200
    return visit.draw(page, status=status, form=form, problems=problems, changing=_may_change(visit), **shown)


async def draw_one(
    visit: Visit,
    page: str,
    values: Values,
    mark: str,
    *,
    removed: tuple[str, str] | None = None,
    outcome: Outcome | None = None,
    status: int = 422,
    **shown: Any,
) -> Response:
    """One of them in its form; with what was wrong, when it was sent and not saved (then with `status`). `removed`: its
    table and key.
    """
    shown["gone"] = await meanwhile.removed(visit, *removed) if removed else ""
    shown |= {"values": values, "mark": "" if removed else mark, "outcome": outcome or Outcome(), "spare": SPARE}
    shown |= {"zones": sorted(available_timezones()), "channels": sorted(visit.site.channels)}
    status = 200 if outcome is None else 409 if outcome.stale else status
    return visit.draw(page, status=status, changing=_may_change(visit), **shown)


def _may_change(visit: Visit) -> bool:
    return visit.may(Right.CHANGE_SETUP)


async def people(visit: Visit) -> list[tuple[str, str]]:
    """Everybody, for a choice: key and name; who is not active is marked so."""
    return [
        (one.key, (one.name or one.key) if one.active else visit.say("people.left", name=one.name or one.key))
        for one in await Staff.all().order_by("name", "key")
    ]

"""Every page of the admin's browser, read from the route table: one that is added tomorrow is among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from fastapi.routing import APIRoute

from benchmarks import admin as benchmark
from bot.web import admin
from core.models.contacts import Contact
from core.models.desk import Priority, Ticket
from core.models.reactions import AlertState
from core.models.setup import Staff, Team

NO_PAGES = {
    "/admin": "leads on to the overview",
    "/admin/board.csv": "a file",
    "/admin/languages/file": "a file",
    "/admin/session": "what the script of a page asks for",
    "/admin/tickets/{number}/files/{file_id}": "a file",
    "/admin/templates/mail": "a mail, which stands in a frame of the editor",
    "/admin/sign-in/{provider}": "sends the browser on",
    "/admin/sign-in/{provider}/back": "sends the browser on",
}
FOR_STRANGERS = {
    "/admin/login": ["/admin/login"],
    "/setup/{code}": [],  # with a code of today
    "/setup/{code}/with/{provider}": [],  # sends the browser on
}


class Forgotten(Exception):
    """A route whose page nothing leads to: say in `pages` what may stand in its address."""


async def pages(store: Path) -> list[str]:
    """The addresses: each route's with what the benchmark finds for it, and those that are worth another look."""
    found = dict.fromkeys([*benchmark.addresses(store), *await _more()])
    _check_all_are_reached(found)
    skipped = [_shape(pattern) for pattern in NO_PAGES]
    return [
        one for one in found if not one.startswith(_ALIKE) and not any(shape.fullmatch(_path(one)) for shape in skipped)
    ]


_ALIKE = tuple(
    f"/admin/board{part}?span={span}" for part in ("", "/groups") for span in ("today", "90d", "year&", "30d")
)
"""The board has the same parts for each span."""


async def _more() -> list[str]:
    """What looks otherwise than the row that the benchmark takes from the middle."""
    found = ["/admin/inbox?whose=mine", "/admin/tickets?q=zzz", "/admin/surveys?ticket=CS202611230001"]
    found += ["/admin/templates/edit?kind=alert&locale=zh-Hans", "/admin/templates/history?kind=received&locale=en"]
    found += ["/admin/templates/publish?kind=invite&locale=en&team=orders", "/admin/languages/de/words?q=button"]
    found += ["/admin/templates/ab-tests/new?kind=invite&locale=en&team=orders"]
    found += [
        "/admin/?said=saved",
        "/admin/rules/new",
        "/admin/rules/refunds",
        "/admin/webhooks/crm",
        "/admin/digests/new",
    ]
    found += ["/admin/digests/orders-daily", "/admin/digests/month"]
    for asked in ({"assignee_id": None}, {"priority": Priority.URGENT}, {"alerts__state": AlertState.OPEN}):
        ticket = await Ticket.filter(**asked).order_by("-id").first()
        found += [f"/admin/tickets/{ticket.number}"] if ticket else []
    found.append(f"/admin/contacts/{(await Contact.get(ref='mei')).id}")
    found.append(f"/admin/teams/{(await Team.get(key='orders')).id}")
    found.append(f"/admin/staff/{(await Staff.get(key='mara@kestrel.example')).id}")
    return found


def _check_all_are_reached(addresses: Iterable[str]) -> None:
    paths = [_path(one) for one in addresses]
    for route in admin.routes():
        if not isinstance(route, APIRoute) or "GET" not in route.methods:
            continue
        if route.path in NO_PAGES or route.path in FOR_STRANGERS:
            continue
        if not any(_shape(route.path).fullmatch(path) for path in paths):
            raise Forgotten(route.path)


def _shape(pattern: str) -> re.Pattern[str]:
    """A path may have slashes in it; whatever else stands for something has none."""
    names = re.sub(r"\{\w+:(?!path)\w+\}", "{other}", pattern)
    return re.compile(re.sub(r"\\\{\w+(:path)?\\\}", lambda found: ".+" if found[1] else "[^/]+", re.escape(names)))


def _path(address: str) -> str:
    return urlsplit(address).path

"""What no store can keep, NUL and half a surrogate pair, sent to every route: never an error of ours, on either store.

The routes and their parameters come from the route table: one that is added tomorrow is asked, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from core.models.accounts import Account
from core.models.desk import Ticket
from core.models.invites import Invite
from tests.web.admin.desk import at
from tests.web.front import Front
from tests.web.test_api import RESOLVED, changed

LEFT_ALONE = {"/admin/logout"}
HALF = "\ud800"
ASKED_IN_CODE = ("q", "ticket", "overall", "lang", "v", "said", "next", "kind", "locale", "team", "channel", "state")
"""Of pages that look into the address themselves."""


def asked(front: Front) -> Iterator[tuple[str, str, list[str]]]:
    """Method, pattern and the names that each route takes in the query of its address."""
    for route in front.app.routes:
        if isinstance(route, APIRoute) and route.path not in LEFT_ALONE:
            for method in sorted(route.methods - {"HEAD"}):
                yield method, route.path, list(parameters(route.dependant))


def parameters(dependant: Dependant) -> Iterator[str]:
    for one in dependant.query_params:
        yield from getattr(one.field_info.annotation, "model_fields", None) or [one.alias]
    for inner in dependant.dependencies:
        yield from parameters(inner)


def filled(pattern: str, value: str) -> str:
    return re.sub(r"\{\w+(:\w+)?\}", value, pattern)


async def test_no_nul_in_any_address_is_an_error_of_ours(front: Front) -> None:
    browser = await at(front)
    form = {"csrf": browser.page.hidden()["csrf"]}
    seen = 0
    for method, pattern, named in asked(front):
        sent = {"headers": {"authorization": f"Bearer {front.reading}"}} if pattern.startswith("/api/") else {}
        tried = [filled(pattern, value) for value in ("%00", "1%00", "T-1%00x") if "{" in pattern]
        tried += [f"{filled(pattern, '1')}?{name}={value}" for name in named for value in ("%00", "a%00b")]
        if method == "GET" and not pattern.startswith("/api/"):
            tried += [f"{filled(pattern, '1')}?{name}=a%00b" for name in ASKED_IN_CODE]
        for path in tried:
            data = form if method == "POST" and pattern.startswith("/admin") else None
            answer = await browser.client.request(method, path, data=data, **sent)  # type: ignore[arg-type]
            assert answer.status_code < 500 or pattern == "/readyz", f"{method} {path}: {answer.text[:200]}"
            seen += 1
    assert seen > 300
    assert await Account.all().count() == 1


async def test_the_api_names_the_parameter_with_a_nul_and_answers_nothing_else(front: Front) -> None:
    seen = 0
    async with front.caller(front.reading) as reader:
        for method, pattern, named in asked(front):
            if method != "GET" or not pattern.startswith("/api/"):
                continue
            for name in named:
                answer = await reader.get(f"{filled(pattern, '1')}?{name}=a%00b")
                assert answer.status_code == 422, f"{pattern} {name}"
                error = answer.json()["error"]
                assert (error["code"], error["field"]) == ("invalid", name)
                assert error["message"] == "Has a character that cannot be kept: NUL, or half of a surrogate pair."
                seen += 1
    assert seen > 15


async def test_nothing_has_an_address_with_a_nul_in_it(front: Front) -> None:
    asked_for = await front.invite()
    ticket = await Ticket.get()
    browser = await at(front)
    for path in (f"/admin/tickets/{ticket.number}", asked_for.link):
        assert (await browser.client.get(path)).status_code == 200
        lost = await browser.client.get(f"{path}%00")
        assert (lost.status_code, lost.headers["content-type"]) == (404, "text/html; charset=utf-8")
    async with front.caller(front.reading) as reader:
        lost = await reader.get(f"/api/v1/tickets/{ticket.number}%00")
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "not_found")


async def test_a_page_leaves_a_nul_out_of_what_was_typed(front: Front) -> None:
    await front.invite()
    number = (await Ticket.get()).number
    browser = await at(front)
    page = await browser.open("/admin/tickets?q=%%0000%2500&said=x%00")
    assert (browser.status, page.all("input", name="q")[0]["value"]) == (200, "%00%00")  # as it is read, only once
    page = await browser.open(f"/admin/tickets?q=%00{number[:4]}%00{number[4:]}")
    assert (number in page.text, browser.path) == (True, f"/admin/tickets/{number}")


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "raw_unicode_escape", "utf-16", "nonsense"])
async def test_a_form_in_an_odd_charset_smuggles_in_nothing(front: Front, charset: str) -> None:
    """Some of Python's ways to read bytes make halves of surrogate pairs that no store keeps."""
    browser = await at(front)
    page = await browser.open("/admin/account")
    parts = {"csrf": page.hidden()["csrf"].encode(), "name": b"Le+2AA-e \\ud800 \\x00 \x00", "locale": b"en"}
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in parts.items()
    )
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    answer = await browser.client.post("/admin/account", content=body + b"--x--\r\n", headers=headers)
    assert answer.status_code in (303, 403)
    assert (await Account.get()).name.encode()


NAMES = [
    ("ticket.ref", "ticket.ref"),
    ("ticket.type", "ticket.type"),
    ("ticket.team", "ticket.team"),
    ("ticket.agent.email", "ticket.agent.email"),
    ("contact.ref", "contact.ref"),
    ("contact.locale", "contact.locale"),
    ("contact.timezone", "contact.timezone"),
    ("contact.addresses.0.channel", "contact.addresses.0.channel"),
    ("contact.addresses.0.address", "contact.addresses.0.address"),
]


@pytest.mark.parametrize("bad", ["\x00", HALF])
@pytest.mark.parametrize(("path", "field"), NAMES)
async def test_a_name_that_cannot_be_kept_is_refused_and_not_made_another(
    front: Front, path: str, field: str, bad: str
) -> None:
    """Without its NUL it would be the name of something else."""
    async with front.caller() as desk:
        answer = await desk.post("/api/v1/events", content=json.dumps(changed(path, f"T{bad}-1")).encode())
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert answer.json()["error"]["message"].startswith("Has a character that cannot be kept")
    assert not await Ticket.exists()


@pytest.mark.parametrize("bad", ["\x00", HALF])
async def test_what_is_wrong_is_said_even_where_it_cannot_be_written(front: Front, bad: str) -> None:
    async with front.caller() as desk:
        for body in (
            {**RESOLVED, f"more{bad}": 1},
            {"type": f"ticket.{bad}"},
            {"type": "ticket.resolved", "ticket": {"ref": "T", f"x{bad}": 1}},
        ):
            answer = await desk.post("/api/v1/events", content=json.dumps(body).encode())
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid"), answer.text
            assert answer.json()["error"]["field"]
    assert not await Ticket.exists()


async def test_asking_by_hand_for_a_ticket_with_a_nul_asks_nobody(front: Front) -> None:
    await front.invite()
    before = await Invite.all().count()
    async with front.caller() as desk:
        answer = await desk.post("/api/v1/invites", json={"ticket": "T-1\x00", "reason": "pilot"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "ticket")
    assert await Invite.all().count() == before

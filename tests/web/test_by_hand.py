"""Sending a survey by hand through the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.web.api import reference
from core import contacts
from core import store as stores
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry
from core.models.invites import Decision, Invite, InvitePurpose
from tests.web import front as fronts
from tests.web.front import Front
from tests.web.test_api import RESOLVED

ASK = {"ticket": "T-1", "reason": "A pilot customer"}


@pytest.fixture
async def front(store: stores.Store) -> AsyncIterator[Front]:
    """A survey that asks nobody by itself."""
    async with fronts.opened(sample=0) as opened:
        yield opened


@pytest.fixture
async def desk(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    """A help desk that has told of one resolved ticket."""
    async with front.caller() as client:
        assert (await client.post("/api/v1/events", json=RESOLVED)).json()["invite"] is None
        yield client


async def test_a_survey_is_sent_by_hand_and_answered_like_an_event(desk: httpx.AsyncClient) -> None:
    answer = await desk.post("/api/v1/invites", json=ASK)
    assert answer.status_code == 202
    ticket = await Ticket.get()
    invite = await Invite.get()
    assert answer.json() == {
        "ticket": {"id": f"tkt_{ticket.id}", "number": ticket.number, "ref": "T-1", "status": "resolved"},
        "decision": {"sent": True, "reason": "by_hand"},
        "invite": {"id": f"inv_{invite.id}", "state": "scheduled"},
    }
    assert invite.purpose == InvitePurpose.MANUAL
    assert await Delivery.filter(subject_id=invite.id, kind="invite").count() == 1


async def test_the_ticket_tells_whose_token_sent_it_and_why(front: Front, desk: httpx.AsyncClient) -> None:
    await desk.post("/api/v1/invites", json=ASK)
    async with front.caller(front.reading) as reader:
        lines = (await reader.get("/api/v1/tickets/T-1/history")).json()["items"]
        invites = (await reader.get("/api/v1/invites", params={"purpose": "manual"})).json()["items"]
    assert (lines[0]["label"], lines[0]["actor"]) == ("history.sent_by_hand", "desk")
    assert lines[0]["values"] == {"name": "desk", "reason": "A pilot customer"}
    assert [one["ticket"]["ref"] for one in invites] == ["T-1"]


async def test_a_ticket_is_named_by_id_number_or_ref(desk: httpx.AsyncClient) -> None:
    ticket = await Ticket.get()
    for name in (f"tkt_{ticket.id}", ticket.number, "T-1"):
        assert (await desk.post("/api/v1/invites", json={**ASK, "ticket": name})).status_code == 202
        await Invite.all().delete()
    assert (await desk.post("/api/v1/invites", json={**ASK, "ticket": "T-2"})).status_code == 404


async def test_the_same_cycle_is_not_asked_about_twice(desk: httpx.AsyncClient) -> None:
    await desk.post("/api/v1/invites", json=ASK)
    again = await desk.post("/api/v1/invites", json=ASK)
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "conflict"
    assert "is asked about already" in again.json()["error"]["message"]
    assert await Invite.all().count() == 1


async def test_the_same_request_with_a_key_gets_the_same_answer(desk: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(desk.post("/api/v1/invites", json=ASK, headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert (await Invite.all().count(), await Delivery.all().count()) == (1, 1)
    other = await desk.post("/api/v1/invites", json={**ASK, "reason": "Another"}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_key_reused")
    wrong = await desk.post("/api/v1/invites", json=ASK, headers={"Idempotency-Key": "k 1"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "Idempotency-Key")


async def test_of_copies_at_once_without_a_key_one_is_sent(desk: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(desk.post("/api/v1/invites", json=ASK) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
    assert await Invite.all().count() == 1


async def test_who_wants_no_surveys_is_not_asked_and_the_answer_says_so(desk: httpx.AsyncClient) -> None:
    contact = await Contact.get()
    await contacts.opt_out(contact, now=fronts.NOON)
    answer = await desk.post("/api/v1/invites", json=ASK)
    assert answer.status_code == 202
    assert (answer.json()["decision"], answer.json()["invite"]) == ({"sent": False, "reason": "opted_out"}, None)
    assert await Delivery.all().count() == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ticket": "T-1"}, "reason"),
        ({"reason": "x"}, "ticket"),
        ({**ASK, "reason": ""}, "reason"),
        ({**ASK, "reason": " \u202e\n"}, "reason"),
        ({**ASK, "reason": "x" * 501}, "reason"),
        ({**ASK, "reason": 5}, "reason"),
        ({**ASK, "reason": None}, "reason"),
        ({**ASK, "ticket": 17}, "ticket"),
        ({**ASK, "ticket": "  "}, "ticket"),
        ({**ASK, "survey": "default"}, "survey"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_sent(
    desk: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await desk.post("/api/v1/invites", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert (await Invite.all().count(), await Decision.filter(sent=True).count()) == (0, 0)
    assert await TicketEntry.filter(label="history.sent_by_hand").count() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"ticket": "T-1", "ticket": "T-2", "reason": "x"}', b"\xff"])
async def test_a_body_that_two_readers_could_read_differently_is_refused(desk: httpx.AsyncClient, body: bytes) -> None:
    assert (await desk.post("/api/v1/invites", content=body)).status_code == 400


async def test_only_a_token_that_may_write_sends_one(front: Front, desk: httpx.AsyncClient) -> None:
    async with front.caller(front.reading) as reader, front.client() as stranger:
        assert (await reader.post("/api/v1/invites", json=ASK)).status_code == 403
        assert (await stranger.post("/api/v1/invites", json=ASK)).status_code == 401
        assert (await desk.get("/api/v1/invites")).status_code == 403
    assert await Invite.all().count() == 0


async def test_the_description_tells_how_and_its_example_is_taken(desk: httpx.AsyncClient) -> None:
    route = reference.description()["paths"]["/api/v1/invites"]["post"]
    schema = route["requestBody"]["content"]["application/json"]["schema"]
    assert (set(schema["required"]), schema["additionalProperties"]) == ({"ticket", "reason"}, False)
    assert {"202", "400", "401", "403", "404", "409", "422"} <= set(route["responses"])
    assert "Idempotency-Key" in {one["name"].title() for one in route["parameters"]}
    assert (await desk.post("/api/v1/invites", json=schema["examples"][0])).status_code == 202

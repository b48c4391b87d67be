"""The API, as another system uses it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.web.api import reference
from core import access, housekeeping
from core.models.access import IdempotentAnswer
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.models.invites import Invite
from core.surveys import invites, responses
from tests.web.front import Front

RESOLVED = {
    "type": "ticket.resolved",
    "ticket": {
        "ref": "T-1",
        "subject": "Parcel late",
        "type": "inquiry",
        "team": "support",
        "agent": {"name": "Li", "email": "li@example.org"},
    },
    "contact": {
        "ref": "c-1",
        "name": "Ann",
        "locale": "en",
        "timezone": "Europe/Berlin",
        "addresses": [{"channel": "support-bot", "address": "777"}],
    },
}


@pytest.fixture
async def desk(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.caller() as client:
        yield client


@pytest.fixture
async def reader(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.caller(front.reading) as client:
        yield client


def changed(path: str, value: object) -> dict[str, Any]:
    """The event with one value replaced: changed("ticket.ref", 5)."""
    event = json.loads(json.dumps(RESOLVED))
    place = event
    *above, last = path.split(".")
    for name in above:
        place = place[int(name)] if name.isdigit() else place[name]
    place[last] = value
    return event


# ---------------------------------------------------------------- events


async def test_a_resolved_ticket_is_taken_and_its_contact_asked(desk: httpx.AsyncClient) -> None:
    answer = await desk.post("/api/v1/events", json=RESOLVED)
    assert answer.status_code == 202
    ticket = await Ticket.get()
    invite = await Invite.get()
    assert answer.json() == {
        "ticket": {"id": f"tkt_{ticket.id}", "number": ticket.number, "ref": "T-1", "status": "resolved"},
        "decision": {"sent": True, "reason": "sent"},
        "invite": {"id": f"inv_{invite.id}", "state": "scheduled"},
    }


async def test_the_same_event_twice_is_answered_alike_and_asks_once(desk: httpx.AsyncClient) -> None:
    first = await desk.post("/api/v1/events", json=RESOLVED)
    second = await desk.post("/api/v1/events", json=RESOLVED)
    assert second.status_code == 202
    assert second.json() == first.json()
    assert await Invite.all().count() == 1


async def test_fifty_copies_at_once_have_one_effect_and_one_answer(desk: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(desk.post("/api/v1/events", json=RESOLVED, headers=headers) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert (await Ticket.all().count(), await Invite.all().count(), await Contact.all().count()) == (1, 1, 1)


async def test_twenty_copies_at_once_without_a_key_have_one_effect(desk: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(desk.post("/api/v1/events", json=RESOLVED) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert (await Ticket.all().count(), await Invite.all().count()) == (1, 1)


async def test_a_key_gets_its_answer_even_when_things_have_moved_on(front: Front, desk: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await desk.post("/api/v1/events", json=RESOLVED, headers=headers)
    await desk.post("/api/v1/events", json={"type": "ticket.reopened", "ticket": {"ref": "T-1"}})
    again = await desk.post("/api/v1/events", json=RESOLVED, headers=headers)
    assert again.json() == first.json()
    assert (await Ticket.get()).status == "assigned"


async def test_a_key_is_not_taken_for_another_request(desk: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    await desk.post("/api/v1/events", json=RESOLVED, headers=headers)
    answer = await desk.post("/api/v1/events", json=changed("ticket.ref", "T-2"), headers=headers)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "idempotency_key_reused"
    assert await Ticket.all().count() == 1


async def test_a_key_of_another_token_is_another_key(front: Front, desk: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    await desk.post("/api/v1/events", json=RESOLVED, headers=headers)
    other = await access.create("other", ["events:write"], now=front.clock.now)
    async with front.caller(other) as client:
        answer = await client.post("/api/v1/events", json=changed("ticket.ref", "T-2"), headers=headers)
    assert answer.status_code == 202


async def test_a_refused_request_does_not_use_up_its_key(desk: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    refused = await desk.post("/api/v1/events", json=changed("ticket.ref", ""), headers=headers)
    assert refused.status_code == 422
    assert (await desk.post("/api/v1/events", json=RESOLVED, headers=headers)).status_code == 202


async def test_a_key_is_forgotten_after_a_day(front: Front, desk: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    await desk.post("/api/v1/events", json=RESOLVED, headers=headers)
    front.clock.pass_(hours=24, seconds=1)
    answer = await desk.post("/api/v1/events", json=changed("ticket.ref", "T-2"), headers=headers)
    assert answer.status_code == 202
    await housekeeping.tidy(now=front.clock.now + timedelta(days=2))
    assert await IdempotentAnswer.all().count() == 0


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a b"])
async def test_a_strange_key_is_refused_by_name(desk: httpx.AsyncClient, key: str) -> None:
    answer = await desk.post("/api/v1/events", json=RESOLVED, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "Idempotency-Key"


async def test_reopening_before_the_send_cancels_the_question(desk: httpx.AsyncClient) -> None:
    await desk.post("/api/v1/events", json=RESOLVED)
    event = {"type": "ticket.reopened", "ticket": {"ref": "T-1"}, "reason": "broke again"}
    answer = await desk.post("/api/v1/events", json=event)
    assert answer.status_code == 202
    assert answer.json()["ticket"]["status"] == "assigned"
    assert answer.json()["decision"] is None
    assert (await Invite.get()).state == "cancelled"


async def test_reopening_an_unknown_ticket_is_not_found(desk: httpx.AsyncClient) -> None:
    answer = await desk.post("/api/v1/events", json={"type": "ticket.reopened", "ticket": {"ref": "none"}})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("type", "ticket.exploded", "type"),
        ("type", None, "type"),
        ("ticket", None, "ticket"),
        ("ticket.ref", "", "ticket.ref"),
        ("ticket.ref", 17, "ticket.ref"),
        ("ticket.ref", "x" * 201, "ticket.ref"),
        ("ticket.subject", ["a"], "ticket.subject"),
        ("ticket.priority", "whenever", "ticket.priority"),
        ("ticket.refs", "T-1", "ticket.refs"),
        ("ticket.replies", -1, "ticket.replies"),
        ("ticket.replies", "3", "ticket.replies"),
        ("ticket.tags", "vip", "ticket.tags"),
        ("ticket.agent.emails", "x", "ticket.agent.emails"),
        ("contact.timezone", "Mars/Olympus", "contact.timezone"),
        ("contact.internal", "yes", "contact.internal"),
        ("contact.addresses", {}, "contact.addresses"),
        ("contact.addresses.0.channel", "telegrm", "contact.addresses.0.channel"),
        ("contact.addresses.0.address", "", "contact.addresses.0.address"),
        ("contact", None, "contact"),
        ("surprise", 1, "surprise"),
    ],
)
async def test_a_malformed_event_names_the_field(desk: httpx.AsyncClient, path: str, value: object, field: str) -> None:
    answer = await desk.post("/api/v1/events", json=changed(path, value))
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert answer.json()["error"]["message"]
    assert (await Ticket.all().count(), await Contact.all().count()) == (0, 0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"type": "ticket.reslved"}, "'ticket.reslved' is not one of 'ticket.resolved', 'ticket.reopened'"),
        ({}, "Field required"),
    ],
)
async def test_an_unknown_kind_of_event_is_told_in_plain_words(
    desk: httpx.AsyncClient, body: dict[str, object], message: str
) -> None:
    answer = await desk.post("/api/v1/events", json=body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["field"], error["message"]) == ("type", message)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"type": NaN}',
        b'{"type": 1e400}',
        b'{"type": ' + b"9" * 5000 + b"}",
        b'{"type": "a", "type": "b"}',
        b"[" * 20_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a":' + b"[" * 30 + b"]" * 30 + b"}",
        b"\xff\xfe{",
        b"\x00",
    ],
)
async def test_a_body_that_is_not_json_is_a_bad_request(desk: httpx.AsyncClient, body: bytes) -> None:
    answer = await desk.post("/api/v1/events", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed"


async def test_words_from_outside_are_cleaned_before_they_are_kept(desk: httpx.AsyncClient) -> None:
    body = json.dumps(changed("ticket.subject", "a\ud800b\x00c\u202ed\ne")).encode()
    assert (await desk.post("/api/v1/events", content=body)).status_code == 202
    assert (await Ticket.get()).subject == "a\ufffdbcd e"


# ---------------------------------------------------------------- reading


async def test_a_ticket_is_found_by_id_number_and_ref(desk: httpx.AsyncClient, reader: httpx.AsyncClient) -> None:
    ticket = (await desk.post("/api/v1/events", json=RESOLVED)).json()["ticket"]
    found = [(await reader.get(f"/api/v1/tickets/{ticket[name]}")).json() for name in ("id", "number", "ref")]
    assert found[0] == found[1] == found[2]
    assert found[0]["team"] == "support"
    assert found[0]["assignee"] == {"name": "Li", "email": "li@example.org"}
    assert found[0]["contact"]["ref"] == "c-1"
    assert found[0]["cycle"] == 1
    assert [(one["sent"], one["reason"], one["survey"]) for one in found[0]["decisions"]] == [(True, "sent", "default")]
    assert re.fullmatch(r"2026-11-22T12:00:00\.000Z", found[0]["resolved_at"])


async def test_a_tickets_history_can_be_read(desk: httpx.AsyncClient, reader: httpx.AsyncClient) -> None:
    await desk.post("/api/v1/events", json=RESOLVED)
    lines = (await reader.get("/api/v1/tickets/T-1/history")).json()["items"]
    assert [line["kind"] for line in lines][::-1] == ["opened", "assigned", "resolved", "decision"]


async def test_an_answer_is_read_with_scores_comment_and_band(
    front: Front, desk: httpx.AsyncClient, reader: httpx.AsyncClient
) -> None:
    await desk.post("/api/v1/events", json=RESOLVED)
    invite = await invites.by_id((await Invite.get()).id)
    assert invite is not None
    await responses.give_score(invite, "overall", 2, now=front.clock.now)
    partial = (await reader.get("/api/v1/responses", params={"ticket": "T-1"})).json()["items"][0]
    assert (partial["scores"], partial["partial"], partial["settled"], partial["band"]) == (
        {"overall": 2},
        True,
        False,
        None,
    )
    done = await responses.answer(invite, {"speed": 1}, ["slow"], "Late!", finished=True, now=front.clock.now)
    await responses.settle(done.id, now=front.clock.now)
    found = (await reader.get("/api/v1/responses", params={"ticket": "T-1", "band": "negative"})).json()["items"][0]
    assert found["scores"] == {"overall": 2, "speed": 1}
    assert (found["comment"], found["reasons"], found["band"]) == ("Late!", ["slow"], "negative")
    assert (found["partial"], found["settled"], found["revision"]) == (False, True, 1)
    assert found["ticket"]["ref"] == "T-1"
    assert (await reader.get("/api/v1/responses", params={"band": "positive"})).json()["items"] == []


async def test_lists_are_paged_without_gaps_while_rows_are_added(
    desk: httpx.AsyncClient, reader: httpx.AsyncClient
) -> None:
    async def tell(number: int) -> None:
        event = changed("ticket.ref", f"T-{number}")
        event["contact"] = {"ref": f"c-{number}", "addresses": [{"channel": "support-bot", "address": str(number)}]}
        assert (await desk.post("/api/v1/events", json=event)).status_code == 202

    for number in range(7):
        await tell(number)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (
            await reader.get("/api/v1/tickets", params={"limit": 3, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [item["ref"] for item in page["items"]]
        await tell(100 + len(seen))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"T-{number}" for number in range(6, -1, -1)]


@pytest.mark.parametrize("noun", ["tickets", "invites", "responses", "deliveries"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=%00", "cursor"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "cursor"),
        ("statsu=open", "statsu"),
        ("sort=id;drop", "sort"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(
    reader: httpx.AsyncClient, noun: str, query: str, field: str
) -> None:
    answer = await reader.get(f"/api/v1/{noun}?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field


async def test_invites_and_deliveries_of_a_ticket_are_listed(
    desk: httpx.AsyncClient, reader: httpx.AsyncClient
) -> None:
    await desk.post("/api/v1/events", json=RESOLVED)
    invite = (await reader.get("/api/v1/invites?ticket=T-1&state=scheduled&purpose=service")).json()["items"][0]
    assert (invite["channel"], invite["survey"], invite["cycle"]) == ("support-bot", "default", 1)
    delivery = (await reader.get("/api/v1/deliveries?ticket=T-1&kind=invite")).json()["items"][0]
    assert (delivery["target"], delivery["state"]) == ("777", "waiting")
    assert (await reader.get("/api/v1/invites?state=expired")).json() == {"items": [], "next_cursor": None}
    assert (await reader.get("/api/v1/invites?ticket=T-9")).status_code == 404


# ---------------------------------------------------------------- tokens


async def test_without_a_token_nothing_is_told_and_nothing_read(front: Front) -> None:
    async with front.client() as stranger:
        for response in [
            await stranger.post("/api/v1/events", json=RESOLVED),
            await stranger.post("/api/v1/events", content=b"{garbage"),
            await stranger.get("/api/v1/tickets"),
            await stranger.get("/api/v1/tickets?limit=0"),
        ]:
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Bearer")
    assert await Ticket.all().count() == 0


async def test_each_token_opens_what_its_scope_says(
    front: Front, desk: httpx.AsyncClient, reader: httpx.AsyncClient
) -> None:
    assert (await desk.get("/api/v1/tickets")).status_code == 403
    assert (await reader.post("/api/v1/events", json=RESOLVED)).status_code == 403
    admin = await access.create("admin", ["admin"], now=front.clock.now)
    async with front.caller(admin) as client:
        assert (await client.post("/api/v1/events", json=RESOLVED)).status_code == 202
        assert (await client.get("/api/v1/tickets")).status_code == 200
    await access.revoke("admin", now=front.clock.now)
    async with front.caller(admin) as client:
        assert (await client.get("/api/v1/tickets")).status_code == 401


async def test_guessing_tokens_is_slowed_down(front: Front) -> None:
    async with front.caller("aw_" + "x" * 43) as stranger:
        statuses = [(await stranger.get("/api/v1/tickets")).status_code for _ in range(40)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


# ---------------------------------------------------------------- the description


async def test_the_description_names_every_route_and_how_to_sign_in(front: Front) -> None:
    async with front.client() as stranger:
        whole = (await stranger.get("/api/v1/openapi.json")).json()
    assert set(whole["paths"]) == {
        "/api/v1/events",
        "/api/v1/links",
        "/api/v1/tickets",
        "/api/v1/tickets/{ticket}",
        "/api/v1/tickets/{ticket}/history",
        "/api/v1/invites",
        "/api/v1/responses",
        "/api/v1/deliveries",
        "/api/v1/deliveries/{delivery}/replay",
    }
    assert whole["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert all(one["security"] for path in whole["paths"].values() for one in path.values())


def test_every_reference_in_the_description_leads_somewhere() -> None:
    whole = reference.description()
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(whole)))
    assert wanted <= set(whole["components"]["schemas"])


async def test_the_examples_in_the_description_are_taken(desk: httpx.AsyncClient) -> None:
    body = reference.description()["paths"]["/api/v1/events"]["post"]["requestBody"]
    for example in body["content"]["application/json"]["examples"].values():
        assert (await desk.post("/api/v1/events", json=example["value"])).status_code == 202

"""Who may do what in the admin's browser: each route and each role, forged requests, and the audit (SEC-21 and on)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from asyncpg.exceptions import RaiseError
from fastapi.routing import APIRoute
from tortoise.exceptions import BaseORMException

from bot.web import policies
from bot.web.admin import login_page
from core import audit
from core import store as stores
from core.accounts import roles
from core.accounts.roles import Right
from core.models import MODULES
from core.models.accounts import Account, AuditLine, Role
from tests.web import front as fronts
from tests.web.admin.desk import Browser, account, at
from tests.web.front import Front

FORBIDDEN = "That is not yours to see"


@pytest.fixture
def front(sqlite_front: Front) -> Front:
    return sqlite_front


@pytest.fixture
async def on_both(store: stores.Store) -> AsyncIterator[tuple[Front, stores.Store]]:
    async with fronts.opened() as opened:
        yield opened, store


def doors(front: Front) -> list[tuple[str, str, Right]]:
    """Method, path and right of every page that needs somebody signed in."""
    found = []
    for route in front.app.routes:
        policy = policies.policy_of(route)
        if isinstance(route, APIRoute) and policy and policy.right:
            path = re.sub(r"\{(\w+)(:\w+)?\}", "987654", route.path)
            found.extend((method, path, policy.right) for method in sorted(route.methods - {"HEAD"}))
    return found


# ---------------------------------------------------------------- every route, every role


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_gets_what_the_table_says_and_nothing_else(front: Front, role: Role) -> None:
    browser = await at(front, role)
    csrf = browser.page.hidden()["csrf"]
    seen = 0
    for method, path, right in doors(front):
        if path == "/admin/logout":
            continue
        sent = {"data": {"csrf": csrf}} if method == "POST" else {}
        answer = await browser.client.request(method, path, **sent)  # type: ignore[arg-type]
        allowed = roles.may(role, right)
        assert (FORBIDDEN not in answer.text) is allowed, f"{role} {method} {path}: {answer.status_code}"
        assert answer.status_code in ({200, 204, 303, 404, 409, 422} if allowed else {403}), f"{role} {method} {path}"
        seen += 1
        if path == "/admin/account/sign-out-others" or "password" in path:
            browser = await at(front, role)
            csrf = browser.page.hidden()["csrf"]
    assert seen > 8


async def test_without_a_session_nothing_opens(front: Front) -> None:
    stranger = Browser(front)
    for method, path, _ in doors(front):
        answer = await stranger.client.request(method, path)
        assert answer.status_code == 401, f"{method} {path}"
        assert "csrf" not in answer.text or 'action="/admin/login"' in answer.text


def test_an_auditor_changes_nothing_and_every_right_is_somebodys() -> None:
    assert {right for right in roles.RIGHTS[Role.AUDITOR] if not right.value.endswith(".see")} == {Right.OWN}
    assert set(Right) == roles.RIGHTS[Role.ADMIN]
    assert not roles.may("root", Right.OWN)


async def test_a_right_decides_what_the_sections_show(front: Front) -> None:
    agent = await at(front, Role.AGENT)
    assert not agent.page.all("a", href="/admin/accounts")
    assert not agent.page.all("a", href="/admin/audit")
    admin = await at(front)
    assert admin.page.all("a", href="/admin/accounts")


async def test_numbers_that_no_store_takes_are_not_found_and_never_an_error(
    on_both: tuple[Front, stores.Store],
) -> None:
    front, _ = on_both
    browser = await at(front)
    for _, path, _ in doors(front):
        if "987654" not in path:
            continue
        for number in ("0", "-1", str(2**63), str(10**30), "x", "1e3", "%00", "١"):
            for method in ("GET", "POST"):
                data = {"csrf": browser.page.hidden()["csrf"]} if method == "POST" else None
                answer = await browser.client.request(method, path.replace("987654", number), data=data)
                assert answer.status_code in {404, 405, 422}, f"{method} {path} {number}"
    for query in ("before=0", f"before={2**63}", f"before={10**40}", "before=x", "about=%00", "q=%00"):
        for page in ("/admin/audit", "/admin/contacts", "/admin/deliveries"):
            assert (await browser.client.get(f"{page}?{query}")).status_code in {200, 422}, f"{page}?{query}"


# ---------------------------------------------------------------- forged requests (SEC-47)


async def test_what_one_of_our_pages_did_not_send_is_refused(front: Front) -> None:
    browser = await at(front)
    csrf = browser.page.hidden()["csrf"]
    tried = 0
    for method, path, _ in doors(front):
        if method == "GET":
            continue
        for headers, data in (
            ({}, {}),
            ({}, {"csrf": "x" * 22}),
            ({"origin": "https://evil.example"}, {"csrf": csrf}),
            ({"sec-fetch-site": "cross-site"}, {"csrf": csrf}),
            ({"sec-fetch-site": "same-site"}, {"csrf": csrf}),
        ):
            answer = await browser.client.request(method, path, headers=headers, data=data)  # type: ignore[arg-type]
            assert answer.status_code == 403, f"{method} {path} {headers} {data}"
            tried += 1
    assert tried >= 25


async def test_one_browsers_token_is_no_use_in_another(front: Front) -> None:
    one, other = await at(front), await at(front)
    stolen = one.page.hidden()["csrf"]
    answer = await other.client.post("/admin/account", data={"csrf": stolen, "name": "Eve"})
    assert answer.status_code == 403


async def test_nobody_is_signed_in_from_a_strangers_page(front: Front) -> None:
    await account(front)
    browser = Browser(front)
    await browser.open("/admin/login")
    token = browser.page.hidden()["csrf"]
    victim = Browser(front)
    answer = await victim.client.post(
        "/admin/login", data={"csrf": token, "email": "admin@kestrel.example", "password": "whatever it is"}
    )
    assert answer.status_code == 403


async def test_looking_changes_nothing(front: Front) -> None:
    """No GET writes: every table is the same before and after."""
    browser = await at(front)
    before = await _everything()
    for method, path, _ in doors(front):
        if method == "GET":
            await browser.client.get(path)
    assert await _everything() == before


async def _everything() -> dict[str, list[object]]:
    from tortoise import Tortoise

    models = Tortoise.apps["models"].values()  # type: ignore[index]
    assert len(MODULES) > 5
    return {model.__name__: [sorted(row.items(), key=str) for row in await model.all().values()] for model in models}


async def test_an_open_page_learns_the_token_that_holds_now(front: Front) -> None:
    """What its script needs after somebody has signed in again elsewhere; a stranger and another site learn nothing."""
    browser = await at(front)
    old = browser.page.hidden()["csrf"]
    assert (await Browser(front).client.get("/admin/session")).status_code == 401
    again = await at(front)
    answer = await again.client.get("/admin/session")
    told = answer.json()
    person = await Account.get(email="admin@kestrel.example")
    assert told == {"account": str(person.id), "csrf": again.page.hidden()["csrf"]}
    assert told["csrf"] != old
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert again.page.all("body")[0]["data-account"] == str(person.id)


async def test_a_page_that_is_older_than_the_session_is_told_to_be_that(front: Front) -> None:
    browser = await at(front)
    browser.client.headers["accept-language"] = "en"
    page = await browser.post("/admin/account", csrf="x" * 22, name="Typed")
    assert browser.status == 403
    assert "This page is too old" in page.text
    assert FORBIDDEN not in page.text
    assert "Typed" not in browser.html, "what another site may have sent is never shown as one's own"
    browser.client.headers["accept-language"] = "zh-CN"
    assert "这个页面已经过期" in (await browser.post("/admin/account", csrf="x" * 22)).text


async def test_what_is_sent_without_a_session_is_not_kept_and_its_page_is_left_alone(front: Front) -> None:
    browser = Browser(front)
    page = await browser.post("/admin/surveys/new", key="typed")
    assert (browser.status, "what you sent was not saved" in page.text) == (401, True)
    assert "typed" not in browser.html
    answer = await browser.client.post("/admin/templates/check", headers={"hx-request": "true"})
    assert (answer.status_code, "hx-refresh" in answer.headers, answer.text) == (401, False, "")


# ---------------------------------------------------------------- nobody is sent elsewhere (SEC-48)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/admin//evil.example",
        "/admin/../../evil", "/admin/\r\nLocation: https://evil.example", "javascript:alert(1)", "/r/abc", "/admin",
        "admin/", "/admin/@evil.example\x00", "/admin/?x=//evil.example", " /admin/", "/admin/ ", "/administrator/",
        "/%2f/evil.example", "https:/admin/", "/admin/..", "/admin/./", "/admin/%2e%2e/evil",
        "/admin/x/%2E./../../r/abc", "/admin/..%2f../evil", "/admin/..%5C..%5Cevil",
        "///admin/", "/admin/" + "a" * 600,
    ],
)  # fmt: skip
def test_after_signing_in_one_stays_here(target: str) -> None:
    assert login_page.own_path(target) == ""


def test_one_comes_back_to_where_one_was() -> None:
    for path in ("/admin/", "/admin/audit?about=account:a@b.example&before=12", "/admin/accounts/12", "/admin/?q=a..b"):
        assert login_page.own_path(path) == path


async def test_pages_carry_the_safe_headers_and_come_from_here_alone(front: Front) -> None:
    browser = await at(front)
    for method, path, _ in doors(front):
        if method != "GET":
            continue
        answer = await browser.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        for found in re.findall(r'(?:src|href|action)="([^"]+)"', answer.text):
            assert found.startswith(("/", "#", "?", "data:image/svg+xml")), f"{path}: {found}"
        assert "<script>" not in answer.text
        assert " style=" not in answer.text


# ---------------------------------------------------------------- the audit (SEC-53)


async def three_lines(front: Front) -> list[AuditLine]:
    return [
        await audit.record("lee", "test.done", f"thing:{number}", after={"n": number, "ü": "<b>"}, now=front.clock.now)
        for number in range(3)
    ]


async def test_the_store_itself_refuses_to_change_or_delete_a_line(on_both: tuple[Front, stores.Store]) -> None:
    front, _ = on_both
    [_, line, _] = await three_lines(front)
    with pytest.raises((BaseORMException, RaiseError), match="only ever written to"):
        await AuditLine.filter(id=line.id).update(actor="eve")
    with pytest.raises((BaseORMException, RaiseError), match="only ever written to"):
        await AuditLine.filter(id=line.id).delete()
    assert await audit.verify() == audit.Verdict(3, (await AuditLine.get(id=line.id + 1)).hash)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "eve"), ("action", "test.undone"), ("subject", "thing:9"), ("after", '{"n": 7}'), ("before", "{}"),
        ("at", "2020-01-01 00:00:00+00:00"), ("hash", "0" * 63 + "1"), ("previous_hash", "0" * 63 + "2"),
    ],
)  # fmt: skip
async def test_a_line_that_was_changed_is_named(on_both: tuple[Front, stores.Store], field: str, value: str) -> None:
    front, store = on_both
    [_, line, _] = await three_lines(front)
    await _open(store)
    await store.client.execute_query(f"UPDATE audit_lines SET {field} = '{value}' WHERE id = {line.id}")  # noqa: S608
    assert (await audit.verify()).broken == line.id


async def test_a_line_that_was_taken_out_is_noticed(on_both: tuple[Front, stores.Store]) -> None:
    front, store = on_both
    [first, line, last] = await three_lines(front)
    await _open(store)
    await store.client.execute_query(f"DELETE FROM audit_lines WHERE id = {line.id}")  # noqa: S608
    assert (await audit.verify()).broken == last.id
    await store.client.execute_query(f"DELETE FROM audit_lines WHERE id = {last.id}")  # noqa: S608
    verdict = await audit.verify()
    assert (verdict.broken, verdict.head) == (None, first.hash), "cut off at the end: the head of before tells it"


async def _open(store: stores.Store) -> None:
    """As somebody who owns the database can: the refusals are taken away."""
    postgres = store.client.capabilities.dialect == "postgres"
    where = " ON audit_lines" if postgres else ""
    names = ["audit_lines_append_only"] if postgres else ["audit_lines_no_update", "audit_lines_no_delete"]
    for name in names:
        await store.client.execute_query(f"DROP TRIGGER {name}{where}")


async def test_many_at_once_make_one_chain(on_both: tuple[Front, stores.Store]) -> None:
    import asyncio

    front, _ = on_both
    await asyncio.gather(
        *(audit.record("lee", "test.done", f"thing:{number}", now=front.clock.now) for number in range(12))
    )
    assert (await audit.verify()).lines == 12

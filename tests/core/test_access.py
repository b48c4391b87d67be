"""Tokens for the API: shown once, kept as hashes, good for what they were made for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from core import access, errors
from core.models.access import ApiToken
from core.store import Store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_a_token_opens_what_it_was_made_for_and_nothing_else(store: Store) -> None:
    token = await access.create("shop", ["events:write", "read", "read"], now=NOW)

    found = await access.verify(token, now=NOW)

    assert found is not None
    assert (found.name, found.scopes) == ("shop", ["events:write", "read"])
    assert access.allows(found, "read")
    assert not access.allows(found, "admin")


async def test_an_admin_may_do_everything(store: Store) -> None:
    found = await access.verify(await access.create("root", ["admin"], now=NOW), now=NOW)

    assert found is not None
    assert all(access.allows(found, scope) for scope in access.SCOPES)


async def test_the_token_itself_is_not_kept(store: Store) -> None:
    token = await access.create("shop", ["read"], now=NOW)

    assert re.fullmatch(r"aw_[A-Za-z0-9_-]{43}", token)
    [row] = await ApiToken.all().values()
    assert token not in repr(row)
    assert token.removeprefix("aw_") not in repr(row)


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda token: token + " ", lambda token: token[:-1], lambda token: "", lambda token: token + "\n"],
)
async def test_what_is_only_like_a_token_opens_nothing(store: Store, change: Callable[[str], str]) -> None:
    token = await access.create("shop", ["read"], now=NOW)

    assert await access.verify(change(token), now=NOW) is None


async def test_a_revoked_token_opens_nothing_from_then_on(store: Store) -> None:
    token = await access.create("shop", ["read"], now=NOW)
    await access.revoke("shop", now=NOW)

    assert await access.verify(token, now=NOW) is None
    with pytest.raises(errors.Conflict, match="revoked already"):
        await access.revoke("shop", now=NOW)
    with pytest.raises(errors.Conflict, match="choose another name"):
        await access.create("shop", ["read"], now=NOW)


async def test_when_a_token_was_last_used_is_known_to_ten_minutes(store: Store) -> None:
    token = await access.create("shop", ["read"], now=NOW)

    for minutes in (1, 2, 20):
        await access.verify(token, now=NOW + timedelta(minutes=minutes))
        [row] = await access.every()
        assert row.last_used_at == NOW + timedelta(minutes={1: 1, 2: 1, 20: 20}[minutes])


@pytest.mark.parametrize(
    ("name", "scopes", "said"),
    [
        ("shop", ["event:write"], "event:write: unknown scope; did you mean events:write?"),
        ("shop", [], "a token needs a scope: events:write, read, admin"),
        (" \n", ["read"], "a token needs a name"),
    ],
)
async def test_a_wrong_token_is_refused_with_what_would_be_right(
    store: Store, name: str, scopes: list[str], said: str
) -> None:
    with pytest.raises(errors.Invalid) as caught:
        await access.create(name, scopes, now=NOW)

    assert str(caught.value).startswith(said)
    assert not await ApiToken.exists()


async def test_a_token_that_does_not_exist_cannot_be_revoked(store: Store) -> None:
    await access.create("shop", ["read"], now=NOW)

    with pytest.raises(errors.NotFound, match=re.escape("shp: unknown token; did you mean shop?")):
        await access.revoke("shp", now=NOW)

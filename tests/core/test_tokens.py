"""Tokens in links: nobody guesses them, nobody bends them, and the store does not know them."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.invites import Invite
from core.store import Store
from core.surveys import invites, tokens
from tests.core import builders

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SECRET = b"one secret of the tests, 32 bytes or more"
OTHER = b"the secret of somebody else, 32 bytes or so"
DEGENERATE = [
    "",
    "A" * 42,
    "A" * 44,
    "A" * 43 + "\n",
    "\n" + "A" * 43,
    " " * 43,
    "A" * 42 + "=",
    "A" * 42 + "+",
    "A" * 42 + "/",
    "A" * 42 + "٣",
    "A" * 42 + "é",
    "A" * 42 + "\x00",
    "A" * 42 + "%",
    "\ud800" * 43,
    "A" * 100_000,
]


@pytest.fixture(autouse=True)
def _secret() -> None:
    tokens.use(SECRET)


def bent(token: str, place: int, letter: str) -> str:
    return token[:place] + letter + token[place + 1 :]


# ---------------------------------------------------------------- survey links


@given(st.text(max_size=40))
def test_a_token_has_43_letters_that_need_no_quoting_in_a_link(key: str) -> None:
    token = tokens.token_for(key)

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert tokens.token_for(key) == token, "a reminder carries the same link"


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_invites_never_share_a_token(one: str, other: str) -> None:
    assert (tokens.token_for(one) == tokens.token_for(other)) == (one == other)


def test_another_secret_makes_other_tokens() -> None:
    mine = tokens.token_for("k3x9w2m7qd4r")
    tokens.use(OTHER)

    assert tokens.token_for("k3x9w2m7qd4r") != mine


@pytest.mark.parametrize("secret", [b"", b"x" * 31])
def test_a_secret_that_could_be_guessed_is_refused_and_the_old_one_stays(secret: bytes) -> None:
    before = tokens.token_for("a")

    with pytest.raises(ValueError, match="at least 32 bytes"):
        tokens.use(secret)

    assert tokens.token_for("a") == before


def test_the_store_keeps_a_hash_from_which_nobody_gets_back() -> None:
    token = tokens.token_for("k3x9w2m7qd4r")

    assert tokens.hash_of(token) == hashlib.sha256(token.encode()).hexdigest()


@pytest.mark.parametrize("token", DEGENERATE, ids=range(len(DEGENERATE)))
def test_what_cannot_be_a_token_is_not_even_looked_up(token: str) -> None:
    assert tokens.hash_of(token) is None


def test_a_key_is_short_and_has_no_letters_that_look_alike() -> None:
    keys = {tokens.new_key() for _ in range(1000)}

    assert len(keys) == 1000
    assert all(re.fullmatch(r"[2-9a-hjkmnp-z]{12}", key) for key in keys)


async def test_only_the_exact_token_opens_an_invite(store: Store) -> None:
    await builders.company()
    invite = await builders.asked()
    token = tokens.token_for(invite.key)

    found = await invites.by_token(token)

    assert found is not None
    assert found.id == invite.id
    for wrong in (
        *DEGENERATE,
        token + "\n",
        token[:-1],
        token.swapcase(),
        bent(token, 0, "-" if token[0] != "-" else "_"),
    ):
        assert await invites.by_token(wrong) is None
    assert await Invite.filter(token_hash=token).count() == 0, "the token itself is not kept"


# ---------------------------------------------------------------- unsubscribe links


@given(st.integers(0, 10**18 - 1))
def test_an_unsubscribe_link_says_whose_it_is(contact: int) -> None:
    assert tokens.contact_of(tokens.unsubscribe_token_for(contact)) == contact


@given(st.integers(1, 10**6), st.integers(0, 42), st.sampled_from(LETTERS))
def test_a_bent_unsubscribe_link_is_nobodys(contact: int, place: int, letter: str) -> None:
    number, _, mac = tokens.unsubscribe_token_for(contact).partition(".")

    opened = tokens.contact_of(f"{number}.{bent(mac, place, letter)}")

    assert opened == (contact if letter == mac[place] else None)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_nobody_unsubscribes_somebody_else(mine: int, other: int) -> None:
    mac = tokens.unsubscribe_token_for(mine).partition(".")[2]

    assert tokens.contact_of(f"{other}.{mac}") == (mine if mine == other else None)


def test_an_unsubscribe_link_of_another_site_is_nobodys() -> None:
    tokens.use(OTHER)
    foreign = tokens.unsubscribe_token_for(7)
    tokens.use(SECRET)

    assert tokens.contact_of(foreign) is None


def test_a_survey_link_unsubscribes_nobody_and_an_unsubscribe_link_opens_no_survey() -> None:
    assert tokens.contact_of(f"7.{tokens.token_for('7')}") is None
    assert tokens.hash_of(tokens.unsubscribe_token_for(7)) is None
    assert tokens.unsubscribe_token_for(7).partition(".")[2] != tokens.token_for("7")


def test_what_only_looks_like_an_unsubscribe_link_is_nobodys() -> None:
    mac = tokens.unsubscribe_token_for(7).partition(".")[2]
    wrong = ["", ".", "7", "7.", f".{mac}", f"07.{mac}", f"+7.{mac}", f" 7.{mac}", f"7 .{mac}", f"-7.{mac}", f"٧.{mac}"]
    wrong += [
        f"7.{mac}\n",
        f"7.{mac}.",
        f"7.{mac}=",
        f"7..{mac}",
        f"7,{mac}",
        f"{'9' * 19}.{mac}",
        "7." + "\ud800" * 43,
    ]

    assert tokens.contact_of(f"7.{mac}") == 7
    assert [token for token in wrong if tokens.contact_of(token) is not None] == []


@given(st.text(max_size=80))
def test_any_text_is_looked_at_without_harm(text: str) -> None:
    assert tokens.contact_of(text) is None
    assert tokens.hash_of(text) is None or len(text) == 43


@given(st.sampled_from(["i", "t"]), st.from_regex(r"[a-z0-9]{1,18}", fullmatch=True))
def test_a_reply_address_tells_what_it_is_about_whatever_became_of_its_case(kind: str, name: str) -> None:
    wanted: Literal["invite", "ticket"] = "invite" if kind == "i" else "ticket"
    token = tokens.reply_token_for(wanted, name)
    assert len(token) <= 40
    assert tokens.subject_of(token.upper()) == tokens.Subject(wanted, name)


def test_no_shortened_changed_or_borrowed_reply_address_is_believed() -> None:
    token = tokens.reply_token_for("ticket", "17")
    mac = token.partition(".")[2]
    changed = [
        token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :] for place in range(len(token))
    ]
    wrong = [
        *(token[:end] for end in range(len(token))),
        *changed,
        f"i17.{mac}",
        f"t18.{mac}",
        f"{token}a",
        f" {token}",
    ]
    assert [one for one in wrong if tokens.subject_of(one) is not None] == []
    tokens.use(OTHER)
    foreign = tokens.reply_token_for("ticket", "17")
    tokens.use(SECRET)
    assert tokens.subject_of(foreign) is None

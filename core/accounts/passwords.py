"""Passwords: argon2id with the parameters that argon2-cffi recommends, and what a password must at least be."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TypeVar
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.accounts import guessing
from core.errors import Invalid

T = TypeVar("T")

SHORTEST = 12
LONGEST = 200
_AT_ONCE = 2  # each takes 64 MiB and a core for about 50 ms


async def hashed(password: str) -> str:
    """The hash to keep."""
    return await _apart(_hasher().hash, normal(password))


async def fits(password: str, kept: str) -> bool:
    """Whether this is the password. It takes as long when there is none to compare with (SEC-45)."""
    return await _apart(_verify, normal(password)[:LONGEST], kept or _decoy()) and bool(kept)


def must_be_renewed(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than those of today."""
    return _hasher().check_needs_rehash(kept)


def check(password: str, *, email: str, name: str, site: str) -> None:
    """Raises Invalid, naming what is wrong. A stranger would try the person's address and name, the company's, and
    what others have as a password.

    Length counts, not a mixture of kinds of characters (NIST SP 800-63B-4, 3.1.1.2).
    """
    plain = normal(password)
    if len(plain) < SHORTEST:
        raise _weak(f"a password has at least {SHORTEST} characters", "too_short", least=SHORTEST)
    if len(plain) > LONGEST:
        raise _weak(f"a password has at most {LONGEST} characters", "too_long", most=LONGEST)
    if len(set(plain)) < 5:
        raise _weak("a password of so few different characters is guessed at once", "too_plain")
    for word in (email, email.partition("@")[0], name, site):
        if len(word) > 3 and len(plain.casefold().replace(word.casefold(), "")) < SHORTEST // 2:
            raise _weak("a password must be more than your name or address", "too_near")
    if guessing.is_easy(plain, (email, *email.partition("@")[::2], name, site)):
        told = "a password like this one is among the first that are tried"
        raise _weak(f"{told}; take a few words that only you would put together", "too_easy")


def normal(password: str) -> str:
    """The same characters give the same password on every keyboard (RFC 8265: NFC)."""
    return unicodedata.normalize("NFC", password)


def _weak(message: str, why: str, **values: object) -> Invalid:
    return Invalid(message, field="password", label=f"account.password_{why}", **values)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    return _hasher().hash("nobody has this password")


def _verify(password: str, kept: str) -> bool:
    try:
        return _hasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


async def _apart(work: Callable[..., T], *given: str) -> T:
    """In a thread, and never more than a few at once: hashing is made to be slow."""
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(work, *given)


def _turns(loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    if loop not in _semaphores:
        _semaphores[loop] = asyncio.Semaphore(_AT_ONCE)
    return _semaphores[loop]


_semaphores: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

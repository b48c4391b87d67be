"""The ledger of erasures, as the commands meet it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Config
    from core.ports import Finding
    from core.privacy.again import Seen
    from core.privacy.ledger import Contents, Ledger

_GOOD_COPY = "Put a good copy of it in its place; who stands there is not erased again after a restore"
_APART = "Back it up apart from the store, and never put an older one in its place"


def ledger(config: Config) -> Ledger | None:
    """None where there is no secret yet: nothing can stand in it that we could read."""
    from bot.config import erasures_path, link_secret, secret_path
    from core.privacy.ledger import Ledger
    from core.surveys import tokens

    if config.site.secret_key is None and not secret_path(config).exists():
        return None
    secret = link_secret(config)
    tokens.use(secret)
    return Ledger(erasures_path(config), secret)


async def catch_up(config: Config) -> int:
    """Erase again who stands in it and is in the store again; how many."""
    from core import store as stores
    from core.privacy import again

    found = ledger(config)
    if found is None or not found.path.exists():
        return 0
    store = await stores.open_store(config.store.url)
    try:
        return len((await again.catch_up(found, now=datetime.now(UTC))).back)
    finally:
        await store.close()


async def check(config: Config) -> Sequence[Finding]:
    """Whether it can be read, and what it says of the store; the store is open."""
    from core.ports import Finding
    from core.privacy import again
    from core.privacy.ledger import LedgerUnavailable

    found = ledger(config)
    if found is None:
        return []
    try:
        seen = await again.look(found)
    except LedgerUnavailable as error:
        return [Finding.problem(str(error), "Without it nobody can be erased, and afterword serve does not start")]
    return [*_told(found, seen.contents), *_compared(seen)]


def _told(ledger: Ledger, contents: Contents) -> Sequence[Finding]:
    from core.ports import Finding

    if not ledger.path.exists():
        return [Finding.good(f"nobody was erased yet; who is will stand in {ledger.path}")]
    wrong = [
        Finding.problem(f"{ledger.path}: {what}: {', '.join(map(str, lines))}", _GOOD_COPY)
        for what, lines in (
            ("damaged lines", contents.damaged),
            ("lines of another site.secret_key", contents.foreign),
        )
        if lines
    ]
    if ledger.path.stat().st_mode & 0o077:
        wrong.append(
            Finding.warning(f"others can read {ledger.path}", f"Keep it to its own user: chmod 600 {ledger.path}")
        )
    return wrong or [Finding.good(f"{len(contents.entries)} stand in the ledger {ledger.path}", _APART)]


def _compared(seen: Seen) -> Sequence[Finding]:
    from core.ports import Finding

    said = []
    if seen.back:
        what = f"{len(seen.back)} contacts were erased and are in the store again"
        said.append(Finding.warning(what, "Start afterword serve again: it erases them before anybody is served"))
    if seen.alike:
        numbers = ", ".join(map(str, seen.alike))
        what = f"contacts {numbers} have an address of somebody who was erased, and may be others"
        said.append(Finding.warning(what, "Look, and erase them if they are the same: afterword contact erase NUMBER"))
    return said

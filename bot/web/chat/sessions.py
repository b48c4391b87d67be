"""Who is writing: a signed token that the page keeps in its own storage and sends in a header.

No cookie, so browsers that refuse those of third parties change nothing, and no other site can make a browser send it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from core.ports import Person

KEPT = timedelta(days=180)
KEPT_IDENTIFIED = timedelta(days=7)
"""A visitor whom the host vouched for is vouched for again with the next page."""

_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Session:
    """`identified`: the host site said who it is. Nobody becomes that person again without the host saying so.

    `before` is the stranger that the visitor was until then, on this browser: what was said is still theirs to see.
    """

    visitor: Person
    identified: bool
    before: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Whose messages are shown."""
        return (self.visitor.address, self.before) if self.before else (self.visitor.address,)


class Sessions:
    """Writes and reads the tokens of one chat."""

    def __init__(self, secret: bytes, chat: str) -> None:
        self._signer = URLSafeSerializer(
            secret, salt=f"chat:{chat}", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def token(self, session: Session, now: datetime) -> str:
        visitor = session.visitor
        fields = [
            visitor.address,
            visitor.name,
            visitor.locale,
            int(session.identified),
            int(now.timestamp()),
            session.before,
        ]
        return str(self._signer.dumps(fields))

    def read(self, token: str, now: datetime) -> Session | None:
        """None when it is not ours or too old."""
        if len(token) > _LONGEST or not token.isascii():
            return None
        try:
            address, name, locale, identified, since, *rest = self._signer.loads(token)
        except BadData:
            return None
        age = now - datetime.fromtimestamp(since, UTC)
        if age > (KEPT_IDENTIFIED if identified else KEPT):
            return None
        return Session(Person(address, name, locale), bool(identified), rest[0] if rest else "")


def stranger(locale: str) -> Session:
    """Somebody new, by an id that nobody can guess."""
    return Session(Person(f"w_{secrets.token_hex(16)}", locale=locale), identified=False)

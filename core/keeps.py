"""What a channel remembers over a restart, sealed with the site's secret before it reaches the store (SEC-52)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core import transactions
from core.models.keeps import Kept

logger = logging.getLogger(__name__)

_PURPOSE = b"afterword:keep"


def seal_of(secret: bytes, purpose: bytes) -> Fernet:
    """What is sealed for one purpose cannot be opened for another."""
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))


class Keeps:
    """`core.ports.Keep` for each channel. What another secret sealed counts as forgotten, and the log says so."""

    def __init__(self, secret: bytes, clock: Callable[[], datetime]) -> None:
        self._seal = seal_of(secret, _PURPOSE)
        self._clock = clock

    def of(self, channel: str) -> ChannelKeep:
        return ChannelKeep(channel, self._seal, self._clock)


class ChannelKeep:
    """One channel's."""

    def __init__(self, channel: str, seal: Fernet, clock: Callable[[], datetime]) -> None:
        self._channel = channel
        self._seal = seal
        self._clock = clock

    async def get(self, key: str) -> str | None:
        row = await Kept.get_or_none(channel=self._channel, key=key)
        return self._opened(row) if row is not None else None

    async def put(self, key: str, value: str) -> None:
        sealed, now = self._seal.encrypt(value.encode()).decode(), self._clock()

        async def write() -> None:
            if not await Kept.filter(channel=self._channel, key=key).update(sealed=sealed, changed_at=now):
                await Kept.create(channel=self._channel, key=key, sealed=sealed, changed_at=now)

        await transactions.run(write)

    async def delete(self, key: str) -> None:
        await transactions.run(lambda: Kept.filter(channel=self._channel, key=key).delete())

    async def all(self, prefix: str) -> Mapping[str, str]:
        rows = await Kept.filter(channel=self._channel, key__startswith=prefix)
        opened = {row.key: self._opened(row) for row in rows}
        return {key: value for key, value in opened.items() if value is not None}

    def _opened(self, row: Kept) -> str | None:
        try:
            return self._seal.decrypt(row.sealed.encode()).decode()
        except InvalidToken:
            logger.error("%s: what was kept as %r was sealed with another site.secret_key", row.channel, row.key)  # noqa: TRY400
            return None

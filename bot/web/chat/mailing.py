"""A visitor's own conversation by e-mail, to one address that they type: asked for here, sent like everything else."""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta

from starlette.exceptions import HTTPException

from bot import chat_log
from bot.channels.email.addresses import parse_address
from bot.web.chat.sessions import Session
from bot.web.rates import Bucket
from bot.web.site import Site
from core import transactions
from core.models.deliveries import Delivery
from core.plumbing import deliveries
from core.plumbing.deliveries import Draft

KIND = "transcript"
TO_ONE_ADDRESS = 3
"""Mails a day, over all visitors: whoever types a stranger's address bothers them no more often than this."""

_DAY = timedelta(days=1)


def channel_of(site: Site) -> str:
    """The e-mail channel that conversations leave by, the first one; "" when there is none."""
    return next((name for name, channel in site.channels.items() if channel.kind == "email"), "")


class Mailing:
    """How often somebody may ask, and what happens then."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._visitors = Bucket(3 / 60, 3)
        self._callers = Bucket(10 / 60, 10)

    async def ask(self, chat: str, session: Session, caller: str, *, id_: str, address: str) -> str:
        """Have it sent; answers the address as it is written to. The same `id_` is the same mail.

        Raises HTTPException: 403 without an e-mail channel, 409 without a conversation, 422 for what is no address,
        429 for too often.
        """
        mail = channel_of(self._site)
        if not mail:
            raise HTTPException(403, "This chat sends no e-mail.")
        target = _address(address)
        if not await chat_log.read(chat, session.ids):
            raise HTTPException(409, "Nothing has been said yet.")
        self._slow_down(self._visitors, f"{chat}:{session.visitor.address}")
        self._slow_down(self._callers, caller)
        await transactions.run(lambda: self._schedule(mail, chat, session, id_, target))
        return target

    async def _schedule(self, mail: str, chat: str, session: Session, id_: str, target: str) -> None:
        now = self._site.clock()
        today = Delivery.filter(kind=KIND, channel=mail, target=target, created_at__gt=now - _DAY)
        visitor = session.visitor
        key = _key(chat, visitor.address, id_)
        if await today.exclude(key=key).count() >= TO_ONE_ADDRESS:
            raise _too_often(_DAY.total_seconds())
        payload = {"chat": chat, "visitors": list(session.ids), "name": visitor.name, "locale": visitor.locale}
        draft = Draft(
            key=key,
            kind=KIND,
            channel=mail,
            target=target,
            payload={**payload, "until": now.isoformat()},
            expires_at=now + _DAY,
        )
        await deliveries.schedule(draft, due=now, now=now)

    def _slow_down(self, bucket: Bucket, key: str) -> None:
        if wait := bucket.wait(key) if key else 0.0:
            raise _too_often(wait)


def _address(text: str) -> str:
    try:
        return parse_address(text.strip()).address
    except ValueError as error:
        raise HTTPException(422, f"address: {error}") from None


def _key(chat: str, visitor: str, id_: str) -> str:
    said = "\n".join((chat, visitor, id_))
    return f"transcript:{hashlib.sha256(said.encode()).hexdigest()[:40]}"


def _too_often(wait: float) -> HTTPException:
    return HTTPException(429, "That was asked for a few times already.", {"Retry-After": str(math.ceil(wait))})

"""Fetches what people sent along, from the channel that they sent it by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.site import Site
from bot.surveys import drafts
from core import transactions
from core.desk import attachments
from core.models.contacts import Address
from core.models.desk import Attachment
from core.plumbing import deliveries
from core.ports import Channel, File, TryLater, Undeliverable
from core.text import shorten

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""So many are in memory at a time; each may have ten megabytes."""


class Fetcher:
    """One per process. An attachment that two processes fetch is stored by the first that has it."""

    def __init__(self, site: Site, channels: Mapping[str, Channel], clock: Callable[[], datetime]) -> None:
        self._site = site
        self._channels = channels
        self._clock = clock
        self._room = asyncio.Semaphore(AT_ONCE)

    async def look(self, attachment_id: int) -> None:
        """Fetch it, if it is still wanted; a job woke us."""
        async with self._room:
            row = await attachments.waiting(attachment_id)
            if row is not None:
                await self._fetch(row)

    async def _fetch(self, row: Attachment) -> None:
        channel = self._channels.get(row.channel)
        if channel is None:
            await transactions.run(lambda: self._refuse(row, "its channel is not configured any more"))
            return
        try:
            body = await channel.fetch(File(row.name, row.media_type, row.size, row.ref), most=attachments.MOST_BYTES)
        except TryLater as later:
            await self._again(row, later.reason, later.after)
        except Undeliverable as gone:
            await self._gone(row, gone)
        except Exception:
            logger.exception("A bug kept attachment %s from being fetched", row.id)
            await self._again(row, "a bug of ours; the log tells which")
        else:
            await transactions.run(lambda: attachments.fetched(row, body))

    async def _gone(self, row: Attachment, gone: Undeliverable) -> None:
        """What is wrong with our own set-up can be mended, so it is tried again."""
        if gone.dead_address:
            await transactions.run(lambda: self._refuse(row, gone.reason))
        else:
            logger.error("Channel %s cannot fetch attachment %s: %s", row.channel, row.id, gone.reason)
            await self._again(row, gone.reason)

    async def _again(self, row: Attachment, reason: str, after: timedelta | None = None) -> None:
        async def write() -> None:
            if not await attachments.postpone(row, reason, after=after, now=self._clock()):
                await self._tell(row)

        await transactions.run(write)

    async def _refuse(self, row: Attachment, reason: str) -> None:
        if await attachments.refuse(row, reason):
            await self._tell(row)

    async def _tell(self, row: Attachment) -> None:
        """Whoever sent it thinks that we have it."""
        contact = row.ticket.contact
        address = await Address.filter(contact_id=contact.id, channel=row.channel).order_by("rank", "id").first()
        channel = self._channels.get(row.channel)
        if address is None or channel is None:
            return
        words = self._site.templates.label("note.file_lost", contact.locale, name=shorten(row.name, 60))
        now = self._clock()
        draft = drafts.note(words, channel, address.address, locale=contact.locale)
        await deliveries.schedule(draft, due=now, now=now)

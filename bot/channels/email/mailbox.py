"""A mailbox read by IMAP: what is new is stored, then marked as read, and the server tells when more comes (IDLE)."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from imaplib import IMAP4
from time import monotonic
from typing import Any, TypeVar

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import MailboxLoginError

from bot.channels.email import imap_errors
from bot.channels.email.arriving import arrival
from bot.channels.email.oauth import AccessTokens
from bot.channels.email.settings import EmailSettings
from bot.channels.hearing import Hearing
from core.ports import Keep, RawArrival, Take
from core.text import clean_line

logger = logging.getLogger(__name__)

T = TypeVar("T")

_IDLE_SECONDS = 5 * 60.0  # servers may hang up after 29 minutes (RFC 2177); looking more often costs nothing
_SLICE_SECONDS = 5.0  # a thread that waits can only be told to stop in between
_POLL_SECONDS = 60.0  # for a server without IDLE
_AT_ONCE = 20
_WAY = "reading mail"
_SEEN = r"(\Seen)"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the folder was read. `validity` changes when the server numbers its mails anew."""

    validity: str
    uid: int

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        validity, _, uid = text.partition(":")
        return cls(validity, int(uid)) if uid.isdigit() else None

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}"


class Mailbox:
    """One folder. The library blocks, so its calls are made in threads, one after another."""

    def __init__(
        self, hearing: Hearing, settings: EmailSettings, keep: Callable[[], Keep], tokens: AccessTokens | None = None
    ) -> None:
        self._hearing = hearing
        self._settings = settings
        self._keep = keep
        self._tokens = tokens if settings.imap_by_token else None
        self._key = f"imap:{settings.imap_user}@{settings.imap_host}/{settings.imap_folder}"[:200]
        self._box: BaseMailBox | None = None

    async def listen(self, take: Take) -> None:
        """Until cancelled: neither the server nor the store can end it. What was not stored is read again."""
        failures = 0
        while True:
            try:
                await self._connect()
                while True:
                    await self._read_new(take)
                    failures = 0
                    self._hearing.works(_WAY)
                    await self._wait()
            except Exception as error:  # whatever it was, the next mail must still be read
                failures += 1
                trouble = imap_errors.explain(error, self._settings.imap_folder)
                rest = max(trouble.after or timedelta(0), timedelta(seconds=min(2.0**failures, 300.0)))
                level = logging.ERROR if trouble.after else logging.WARNING
                self._hearing.failed(_WAY, trouble.reason, rest=rest.total_seconds(), level=level)
                self._hang_up()
                await asyncio.sleep(rest.total_seconds())
            finally:
                self._hang_up()

    async def look(self) -> int:
        """Log in and open the folder, read nothing; how many mails are in it. For `afterword check`."""
        try:
            await self._connect()
            status = await self._call(lambda box: box.folder.status(self._settings.imap_folder, ["MESSAGES"]))
            return int(status["MESSAGES"])
        finally:
            self._hang_up()

    async def _connect(self) -> None:
        """A token that the server does not take is replaced once."""
        if self._tokens is None:
            return await self._connect_with("")
        token = await self._tokens.get()
        try:
            return await self._connect_with(token)
        except MailboxLoginError:
            if not self._tokens.forget(token):
                raise
        return await self._connect_with(await self._tokens.get())

    async def _connect_with(self, token: str) -> None:
        connecting = asyncio.ensure_future(asyncio.to_thread(self._connected, token))
        try:
            self._box = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_late)
            raise

    def _connected(self, token: str = "") -> BaseMailBox:
        settings = self._settings
        host, port, patience = settings.imap_host, settings.mailbox_port, settings.imap_timeout_seconds
        trust = ssl.create_default_context(cafile=settings.imap_tls_ca)
        box: BaseMailBox
        if settings.imap_tls == "tls":
            greeted: Callable[[], BaseMailBox] = partial(MailBox, host, port, timeout=patience, ssl_context=trust)
        else:
            greeted = partial(MailBoxUnencrypted, host, port, timeout=patience)
        with imap_errors.greeting():
            box = greeted()
        try:
            if settings.imap_tls == "starttls":  # the library's own way leaves the connection open when it is refused
                box.client.starttls(trust)
            if token:
                _log_in_with(box, settings.imap_user, token)
            else:
                box.login(settings.imap_user, settings.imap_password.get_secret_value(), initial_folder=None)
            box.folder.set(settings.imap_folder)
        except BaseException:
            _close(box)
            raise
        return box

    async def _read_new(self, take: Take) -> None:
        """Store what came since the cursor, a few at a time, and only then move it and mark them as read."""
        cursor = await self._cursor()
        if cursor is None:
            return
        uids = await self._call(lambda box: _since(box, cursor.uid))
        while batch := uids[:_AT_ONCE]:
            uids = uids[_AT_ONCE:]
            mails = await self._call(partial(self._fetched, uids=batch))
            if mails:
                await take(mails)
            await self._keep().put(self._key, str(Cursor(cursor.validity, batch[-1])))
            await self._call(partial(_mark_read, uids=batch))

    async def _cursor(self) -> Cursor | None:
        """Where to go on. In a folder that is new to us it begins with what comes from now on: old mail was answered.

        When the server has numbered the mails anew, what is unread is read; what was stored before is known again.
        """
        kept = Cursor.parse(await self._keep().get(self._key) or "")
        validity, next_uid = await self._call(self._state)
        if kept is not None and kept.validity == validity:
            return kept
        if kept is None:
            cursor = Cursor(validity, next_uid - 1)
            logger.info("%s: %s is read from now on", self._hearing.channel, self._settings.imap_folder)
        else:
            unread = await self._call(lambda box: [int(uid) for uid in box.uids("UNSEEN")])
            cursor = Cursor(validity, min(unread, default=next_uid) - 1)
            folder = self._settings.imap_folder
            logger.warning("%s: the server numbered the mails of %s anew", self._hearing.channel, folder)
        await self._keep().put(self._key, str(cursor))
        return cursor

    def _state(self, box: BaseMailBox) -> tuple[str, int]:
        """UIDVALIDITY and UIDNEXT, asked for now: those of the time when the folder was opened are old."""
        status = box.folder.status(self._settings.imap_folder, ["UIDVALIDITY", "UIDNEXT"])
        return str(status["UIDVALIDITY"]), int(status["UIDNEXT"])

    def _fetched(self, box: BaseMailBox, uids: Sequence[int]) -> list[RawArrival]:
        """Without marking them as read (BODY.PEEK). Of a mail that is too large, the beginning."""
        most = self._settings.largest_mail
        return [arrival(raw) for uid in uids if (raw := _fetch(box, uid, most)) is not None]

    async def _wait(self) -> None:
        """Until the server says that something changed, or it is time to show that we are there."""
        if not await self._call(lambda box: "IDLE" in box.client.capabilities):
            await asyncio.sleep(_POLL_SECONDS)
            await self._call(lambda box: box.client.noop())
            return
        if await self._call(_start_idling):
            await self._call(_stop_idling)
            return
        end = monotonic() + _IDLE_SECONDS
        while monotonic() < end:
            begun = monotonic()
            told = await self._call(lambda box: box.idle.poll(timeout=_SLICE_SECONDS))
            if any(line.upper().startswith(b"* BYE") for line in told):
                raise IMAP4.abort("it said goodbye")
            if not told and monotonic() - begun < _SLICE_SECONDS / 2:
                raise IMAP4.abort("the connection broke")  # then polling returns at once and without a word
            if any(b"EXISTS" in line or b"RECENT" in line for line in told):
                break
        await self._call(_stop_idling)

    async def _call(self, ask: Callable[[BaseMailBox], T]) -> T:
        if self._box is None:
            raise IMAP4.abort("not connected")
        return await asyncio.to_thread(ask, self._box)

    def _hang_up(self) -> None:
        """Also ends a call that is going on in a thread."""
        box, self._box = self._box, None
        if box is not None:
            _close(box)


def _log_in_with(box: BaseMailBox, user: str, token: str) -> None:
    """Raises MailboxLoginError. After a refusal the server wants an empty line, where imap_tools repeats the token."""
    answers = iter([f"user={user}\1auth=Bearer {token}\1\1".encode()])
    try:
        box.client.authenticate("XOAUTH2", lambda challenge: next(answers, b""))
    except IMAP4.abort:
        raise
    except IMAP4.error as error:
        raise MailboxLoginError(("NO", [clean_line(str(error), limit=200)]), "OK") from error


def _since(box: BaseMailBox, uid: int) -> list[int]:
    """The new ones in their order; "5:*" names the last one even when that is 3."""
    box.client.untagged_responses.pop("EXISTS", None)  # from here on it means that there is more
    return sorted(number for number in map(int, box.uids(f"UID {uid + 1}:*")) if number > uid)


def _fetch(box: BaseMailBox, uid: int, most: int) -> bytes | None:
    """None: it was deleted meanwhile."""
    kind, answer = box.client.uid("fetch", str(uid), f"(BODY.PEEK[]<0.{most}>)")
    if kind != "OK":
        raise IMAP4.error(f"FETCH was answered with {kind}")
    return next((bytes(one[1]) for one in answer if isinstance(one, tuple) and re.search(rb"BODY\[\]", one[0])), None)


def _mark_read(box: BaseMailBox, uids: Sequence[int]) -> None:
    kind, _ = box.client.uid("store", ",".join(map(str, uids)), "+FLAGS.SILENT", _SEEN)
    if kind != "OK":
        logger.warning("The mails that were stored could not be marked as read; they are not read twice")


def _start_idling(box: BaseMailBox) -> bool:
    """Whether a mail came after the last look and before this: of that the server does not tell again.

    What came along with its answer is in the library's buffer, where polling the socket would not see it.
    """
    box.idle.start()  # type: ignore[no-untyped-call]
    client = box.client
    buffer: Any = getattr(client, "_file", None) or client.file
    patience = client.sock.gettimeout()
    client.sock.settimeout(0)
    try:
        return "EXISTS" in client.untagged_responses or bool(buffer.peek(1))
    except OSError:  # nothing there: an encrypted connection says it so
        return False
    finally:
        client.sock.settimeout(patience)


def _stop_idling(box: BaseMailBox) -> None:
    box.idle.stop()  # type: ignore[no-untyped-call]


def _close_late(connecting: asyncio.Future[BaseMailBox]) -> None:
    """Nobody waits for this connection any more."""
    if not connecting.cancelled() and connecting.exception() is None:
        _close(connecting.result())


def _close(box: BaseMailBox) -> None:
    with suppress(OSError, IMAP4.error):
        box.client.shutdown()

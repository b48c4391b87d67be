"""A person's data handed out or erased, from their page; only for those who may hand out contacts."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from bot import privacy_letter
from bot.staff import called
from bot.web.admin.contacts_page import PATH
from bot.web.admin.door import Member, Visit
from core import directory
from core.accounts.roles import Right
from core.errors import Conflict
from core.models.contacts import Contact
from core.privacy import erase as erasing
from core.privacy import export as exporting
from core.privacy.ledger import LedgerUnavailable

logger = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
HandingOut = Annotated[Visit, Depends(Member(Right.HAND_OUT_CONTACTS))]
_CHUNK = 64 * 1024
_SHOWN = ("addresses", "tickets", "open", "messages", "responses", "attachments", "deliveries", "arrivals")


@router.post(f"{PATH}/{{contact_id}}/export")
async def export(visit: HandingOut, contact_id: int) -> Response:
    """The zip, put together in a file without a name, and read from there piece by piece."""
    contact = await directory.one(contact_id)
    letter = privacy_letter.letter(
        visit.site.templates, contact.locale or visit.locale, site=visit.site.name, now=visit.now
    )
    to: IO[bytes] = await run_in_threadpool(tempfile.TemporaryFile)
    try:
        await exporting.write(contact, to, letter=letter, by=visit.account.email, now=visit.now)
    except Conflict as error:
        to.close()
        raise HTTPException(404) from error
    except BaseException:
        to.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="contact-{contact.id}-{visit.now:%Y%m%d}.zip"',
        "Content-Length": str(to.tell()),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_pieces(to), media_type="application/zip", headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_CHUNK):
            yield piece


@router.post(f"{PATH}/{{contact_id}}/erase")
async def erase(visit: HandingOut, contact_id: int) -> Response:
    """First without `typed`: what would go. Then with it: it goes."""
    contact, form = await directory.one(contact_id), await visit.form()
    typed = form.get("typed")
    if contact.erased_at is not None:
        return visit.back(f"{PATH}/{contact.id}")
    if typed is None or typed.strip() != _word(contact):
        return await _ask(visit, contact, typed)
    try:
        await erasing.erase(contact, ledger=visit.site.erasures, by=visit.account.email, now=visit.now)
    except Conflict:  # somebody else was faster, and it is done
        return visit.back(f"{PATH}/{contact.id}")
    except LedgerUnavailable as error:
        logger.error("Nobody was erased: %s", error)  # noqa: TRY400 - a folder's rights, not a bug
        return await _ask(visit, contact, typed, refused=visit.why(error))
    return visit.back(f"{PATH}/{contact.id}", said="person_erased")


def _word(contact: Contact) -> str:
    """What has to be typed: what stands on the page, so that nobody erases the wrong person by a habit."""
    return contact.ref or str(contact.id)


async def _ask(visit: Visit, contact: Contact, typed: str | None, *, refused: str = "") -> Response:
    summary = await erasing.summary(contact)
    counts = {**summary.rows, "messages": summary.messages, "open": summary.open_tickets}
    return visit.draw(
        "erase",
        status=503 if refused else 200 if typed is None else 422,
        contact=contact,
        who=await called.name(contact, visit.site.place(), visit.locale),
        word=_word(contact),
        counts=[(name, counts[name]) for name in _SHOWN if counts[name]],
        typed=typed or "",
        wrong="typed" if typed is not None and not refused else "",
        refused=refused,
    )

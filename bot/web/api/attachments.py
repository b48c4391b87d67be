"""`GET /api/v1/attachments/{id}`: one file, as it came, and never as anything but a download."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import APIRouter, Response

from bot.web.api.answers import REFUSALS
from bot.web.policies import Reader
from core.desk import attachments
from core.models.desk import Attachment

router = APIRouter(prefix="/api/v1", tags=["Tickets"])

_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")


@router.get(
    "/attachments/{attachment}",
    response_class=Response,
    responses={**REFUSALS, 200: {"content": {"application/octet-stream": {}}, "description": "The bytes."}},
    summary="Download an attachment",
)
async def one(attachment: str, _: Reader) -> Response:
    """By id (`att_8`). Whatever the sender called it, no browser shows or runs it: look at it with care."""
    return download(await attachments.stored(attachment))


def download(row: Attachment) -> Response:
    """Its bytes, to be kept in a file whatever the browser thinks that they are."""
    headers = {"Content-Disposition": disposition(row.name), "Content-Security-Policy": _POLICY}
    return Response(bytes(row.body or b""), media_type="application/octet-stream", headers=headers)


def disposition(name: str) -> str:
    """RFC 6266: the name in ASCII for old programs, and as it is (RFC 8187) for all others."""
    return f"attachment; filename=\"{_NOT_PLAIN.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"

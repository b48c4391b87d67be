"""The files that pages are dressed with, from memory; any other name is not found."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response

from bot.web import pages, policies

router = APIRouter(dependencies=[policies.public])


@router.api_route("/static/{name:path}", methods=["GET", "HEAD"], include_in_schema=False)
async def static(request: Request, name: str) -> Response:
    content = pages.of(request).content(name)
    if content is None:
        raise HTTPException(404)
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=pages.ASSETS[name], headers=kept)

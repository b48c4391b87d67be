"""`/`: whoever shortens a link to its host reads whose address this is, and nothing else."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.web import pages, policies
from bot.web.site import Here

router = APIRouter(dependencies=[policies.public], include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def look(request: Request, site: Here) -> Response:
    locale = site.templates.best_locale(request.headers.get("accept-language", "")[:200])
    return pages.of(request).draw("home", locale, {"site_name": site.name})

"""Is it alive (`/healthz`), and can it do its work (`/readyz`)?"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import JSONResponse

from bot.web import policies
from bot.web.site import Here, Site
from core.models.lanes import Lane

router = APIRouter(dependencies=[policies.public], include_in_schema=False)
log = logging.getLogger(__name__)

_STORE_SECONDS = 3.0


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz() -> JSONResponse:
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(site: Here) -> JSONResponse:
    """503 when nothing works (the store, its schema, the engine). A channel that is down delays only its own messages:
    then it is `degraded`, and still 200, so that no load balancer takes the other channels away too.
    """
    lanes = await _lanes(site)
    components = {"store": "ok" if lanes is not None else "down"}
    components["schema"] = await _schema(site) if lanes is not None else "unknown"
    components["engine"] = "ok" if site.is_working() else "down"
    for name in sorted(site.channels):
        components[f"channel:{name}"] = _channel((lanes or {}).get(name), site.clock())
    works = all(components[part] == "ok" for part in ("store", "schema", "engine"))
    status = "down" if not works else "degraded" if "down" in components.values() else "ok"
    return JSONResponse({"status": status, "components": components}, 200 if works else 503)


async def _lanes(site: Site) -> dict[str, Lane] | None:
    """Every channel's lane; None when the store does not answer, whatever the reason."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            return {lane.channel: lane for lane in await Lane.all()}
    except Exception:
        log.warning("the store does not answer", exc_info=True)
        return None


async def _schema(site: Site) -> str:
    try:
        return "ok" if await site.schema_is_current() else "outdated"
    except Exception:
        log.warning("the schema cannot be read", exc_info=True)
        return "down"


def _channel(lane: Lane | None, now: datetime) -> str:
    """Down from the first failure of the whole channel until a message gets through again."""
    if lane is None:
        return "ok"
    blocked = lane.blocked_until is not None and lane.blocked_until > now
    return "down" if blocked or lane.failures else "ok"

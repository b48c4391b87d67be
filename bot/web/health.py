"""Is it alive (`/healthz`), and can it do its work (`/readyz`)?"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import JSONResponse

from bot.web import policies
from bot.web.site import Here, Site
from core import transactions
from core.models.deliveries import Delivery, DeliveryState
from core.models.lanes import Lane
from core.plumbing import arrivals

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
    ailing = await _ailing(site)
    components = {"store": "ok" if ailing is not None and await _takes(site.clock()) else "down"}
    components["schema"] = await _schema(site) if ailing is not None else "unknown"
    components["engine"] = "ok" if site.is_working() else "down"
    for name in sorted(site.channels):
        components[f"channel:{name}"] = "down" if name in (ailing or ()) else "ok"
    works = all(components[part] == "ok" for part in ("store", "schema", "engine"))
    status = "down" if not works else "degraded" if "down" in components.values() else "ok"
    return JSONResponse({"status": status, "components": components}, 200 if works else 503)


async def _ailing(site: Site) -> set[str] | None:
    """The channels that do not work; None when the store does not answer, whatever the reason."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            return await _resting(site.clock()) | await _failing()
    except Exception:
        log.warning("the store does not answer", exc_info=True)
        return None


async def _takes(now: datetime) -> bool:
    """Whether it takes what is written. Only tried out while it did not: this is asked every few seconds."""
    try:
        if transactions.refusal():
            await arrivals.probe(now=now)
    except transactions.StoreUnavailable as error:
        log.warning("%s", error)
        return False
    return True


async def _resting(now: datetime) -> set[str]:
    """Those that are down as a whole, from the first failure until a message gets through again."""
    return {
        lane.channel for lane in await Lane.all() if lane.failures or (lane.blocked_until and lane.blocked_until > now)
    }


async def _failing() -> set[str]:
    """Those on which a message failed and waits for its next try: a right is missing, a token was revoked."""
    waiting = Delivery.filter(state=DeliveryState.WAITING, attempts__gt=0)
    return set(await waiting.distinct().values_list("channel", flat=True))  # type: ignore[arg-type]


async def _schema(site: Site) -> str:
    try:
        return "ok" if await site.schema_is_current() else "outdated"
    except Exception:
        log.warning("the schema cannot be read", exc_info=True)
        return "down"

"""Is it alive (`/healthz`), and can it do its work (`/readyz`)?"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse
from tortoise.functions import Max

from bot import troubles
from bot.web import metrics, policies
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
async def readyz(request: Request, site: Here) -> JSONResponse:
    """503 when nothing works (the store, its schema, the engine). A channel that is down delays only its own messages:
    then it is `degraded`, and still 200, so that no load balancer takes the other channels away too.

    Why a channel does not work is told to whoever may read the metrics: it may name machines that strangers need not
    know.
    """
    mute, deaf = await _mute(site), await site.deaf()
    components = {"store": "ok" if mute is not None and await _takes(site.clock()) else "down"}
    components["schema"] = await _schema(site) if mute is not None else "unknown"
    components["engine"] = "ok" if site.is_working() else "down"
    why = {name: _why(site, (mute or {}).get(name), deaf.get(name)) for name in sorted(site.channels)}
    components |= {f"channel:{name}": "down" if reason else "ok" for name, reason in why.items()}
    works = all(components[part] == "ok" for part in ("store", "schema", "engine"))
    status = "down" if not works else "degraded" if "down" in components.values() else "ok"
    answer: dict[str, Any] = {"status": status, "components": components}
    if any(why.values()) and mute is not None and await metrics.may_read(request, site):
        answer["why"] = {f"channel:{name}": reason for name, reason in why.items() if reason}
    return JSONResponse(answer, 200 if works else 503)


def _why(site: Site, sending: str | None, hearing: str | None) -> str:
    """In English, and with what another server's words mean."""
    said = {} if sending is None else {"sending": sending or "a message could not be sent"}
    said |= {"nothing comes in": hearing} if hearing else {}
    return "; ".join(f"{what}: {troubles.in_words(one, site.templates, 'en')}" for what, one in said.items())


async def _mute(site: Site) -> dict[str, str] | None:
    """The channels that do not send, with why; None when the store does not answer, whatever the reason."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            return {**await _failing(), **await _resting(site.clock())}
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


async def _resting(now: datetime) -> dict[str, str]:
    """Those that are down as a whole, from the first failure until a message gets through again."""
    return {
        lane.channel: lane.reason
        for lane in await Lane.all()
        if lane.failures or (lane.blocked_until and lane.blocked_until > now)
    }


async def _failing() -> dict[str, str]:
    """Those on which a message failed and waits for its next try: a right is missing, a token was revoked."""
    waiting = Delivery.filter(state=DeliveryState.WAITING, attempts__gt=0).annotate(why=Max("problem"))
    return dict(await waiting.group_by("channel").values_list("channel", "why"))


async def _schema(site: Site) -> str:
    try:
        return "ok" if await site.schema_is_current() else "outdated"
    except Exception:
        log.warning("the schema cannot be read", exc_info=True)
        return "down"

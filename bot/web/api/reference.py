"""`GET /api/v1/openapi.json`: the description of the API."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Response
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from bot.web import policies
from bot.web.api import deliveries, event_shapes, events, invites, links, responses, tickets

TITLE = "Afterword"
_ABOUT = """Tell Afterword when a ticket is resolved, and read what its contact answered.

Every call carries a token: `Authorization: Bearer aw_…`, made with `afterword token create --scope events:write`
(or `--scope read`). What goes wrong is answered as `{"error": {"code", "message", "field"}}`.
Lists answer `{"items": […], "next_cursor": …}`, newest first. Times are ISO 8601 in UTC. Ids are strings
(`tkt_17`, `inv_12`, `rsp_9`, `dlv_31`); where a ticket is asked for, its id, number or your own ref will do."""
router = APIRouter(prefix="/api/v1", dependencies=[policies.public])


@router.get("/openapi.json", include_in_schema=False)
async def openapi() -> Response:
    return JSONResponse(description())


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The same in every installation: it names no host, no version and no channel."""
    modules = (events, tickets, invites, links, responses, deliveries)
    routes = [route for module in modules for route in module.router.routes]
    whole = get_openapi(title=TITLE, version="1", description=_ABOUT, routes=routes)
    schemas = whole["components"]["schemas"]
    event = event_shapes.EVENT.json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(event.pop("$defs"))
    schemas["Event"] = event
    link = event_shapes.LinkWanted.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(link.pop("$defs"))
    schemas["LinkWanted"] = link
    return whole

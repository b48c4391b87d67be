"""`POST /hooks/{channel name}`: what a network says is verified, committed, and only then acknowledged."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.web import errors, policies
from bot.web.site import Site
from core.ports import Refused

log = logging.getLogger(__name__)


class Hooks:
    """A plain ASGI endpoint, for a tap on a button must not wait for a framework."""

    policy = policies.OPEN

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        channel = self._site.channels.get(request.path_params["channel"])
        if channel is None:
            return errors.plain(request.scope, 404, "not_found", "There is nothing here.")
        body = await request.body()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
        try:
            accepted = channel.accept(headers, body, self._site.clock())
        except Refused as refused:
            log.info("a call to a hook was refused: %s", refused.reason, extra={"channel": channel.name})
            return errors.plain(request.scope, refused.status, "refused", refused.reason)
        if accepted.arrivals:
            await self._site.take(channel.name, accepted.arrivals)
        return Response(accepted.body, accepted.status, media_type=accepted.content_type)


def route(site: Site) -> Route:
    return Route("/hooks/{channel}", Hooks(site), methods=["POST"])

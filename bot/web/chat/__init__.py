"""The pages of the web chat: the script that a site embeds, the frame it opens, and what the frame talks to.

The conversation lives in an iframe of our own origin. So the host page's styles and scripts cannot reach into it, the
host's CSP needs two entries (`script-src` and `frame-src` of our address) and no inline anything, and what the visitor
is known by stays in our own storage, without a cookie.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter

from bot.web import policies
from bot.web.chat import conversation, pages, port
from bot.web.site import Site
from core.ports import Channel

PUBLIC = {
    "/chat/{name}.js": "the script that any site embeds, the same for everybody",
    "/chat/{name}/": "the frame of the chat, the same for everybody; who may show it is set for each chat",
    "/chat/{name}/theme.css": "the colours of the chat",
    "/chat/{name}/assets/{version}/{file}": "a few fixed files that hold nothing of anybody",
    "/chat/{name}/session": "gives a stranger a new name, or a visitor the one that the host site signed",
    "/chat/{name}/messages": "asks for the visitor's token",
    "/chat/{name}/stream": "asks for the visitor's token",
    "/chat/{name}/text": "asks for the visitor's token",
    "/chat/{name}/tap": "asks for the visitor's token",
    "/chat/{name}/transcript": "asks for the visitor's token; sends that visitor's conversation and no other",
}
"""Every route of the chat, and why it needs no API token."""


def build(site: Site) -> APIRouter:
    """Everything under /chat; for `app.build(site, more=chat.build(site).routes, public=chat.PUBLIC)`."""
    router = APIRouter(prefix="/chat", include_in_schema=False, dependencies=[policies.public])
    pages.add(router, site)
    conversation.add(router, site)
    return router


def let_go(channels: Mapping[str, Channel]) -> None:
    """End every live stream: to be called when the server is told to stop, for it waits for what is open."""
    for chat in port.every(channels):
        chat.hub.close()

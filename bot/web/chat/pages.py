"""The script that a site embeds, the frame that it opens, and the frame's own files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.web.chat import mailing, port
from bot.web.chat.port import Chat
from bot.web.site import Site
from core.text import colon

_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
_FOR_EVER = "public, max-age=31536000, immutable"
_FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; frame-ancestors {ancestors}"
)


_PAGES = Environment(loader=PackageLoader("bot", "templates/web"), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True, slots=True)
class _Files:
    """The shipped files, read once. `version` changes with any of them, so that they can be cached for ever."""

    loader: bytes
    assets: dict[str, bytes]
    version: str


def add(router: APIRouter, site: Site) -> None:
    files = _load()
    page = _PAGES.get_template("chat.html.j2")

    @router.get("/{name}.js")
    async def loader(name: str) -> Response:
        port.find(site, name)
        headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(files.loader, media_type=_TYPES["js"], headers=headers)

    @router.get("/{name}/")
    async def frame(name: str, request: Request, lang: str = "") -> Response:
        chat = port.find(site, name)
        locale = site.templates.best_locale(lang[:20] or request.headers.get("accept-language", "")[:200])
        words = {**site.templates.labels("chat", locale), "colon": colon(locale)}
        title = chat.title or words["title"]
        mails = bool(mailing.channel_of(site))
        html = page.render(chat=chat, title=title, locale=locale, words=words, version=files.version, mails=mails)
        headers = {"Content-Security-Policy": _policy(chat), "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(html, media_type="text/html", headers=headers)

    @router.get("/{name}/theme.css")
    async def theme(name: str) -> Response:
        chat = port.find(site, name)
        css = f":root {{ --accent: {chat.accent}; --accent-ink: {ink_on(chat.accent)}; }}\n"
        return Response(css, media_type=_TYPES["css"], headers={"Cache-Control": "no-cache"})

    @router.get("/{name}/assets/{version}/{file}")
    async def asset(name: str, version: str, file: str) -> Response:
        port.find(site, name)
        if file not in files.assets:
            raise HTTPException(404, "There is no such file.")
        # A page from before an upgrade may ask for files from before it: it gets today's, and keeps them for no time.
        caching = _FOR_EVER if version == files.version else "no-store"
        kind = _TYPES[file.rpartition(".")[2]]
        return Response(files.assets[file], media_type=kind, headers={"Cache-Control": caching})


def ink_on(colour: str) -> str:
    """White or nearly black, whichever can be read better on a colour (contrast as in WCAG 2.2)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (light + 0.05) >= 4.5 else "#111318"


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def _policy(chat: Chat) -> str:
    """Who may show the frame. Any site when none is named: browsers keep its storage apart for each site, so a page
    that is not the host's shows a stranger's empty chat."""
    return _FRAME_POLICY.format(ancestors=" ".join(("'self'", *chat.allowed_origins)) if chat.allowed_origins else "*")


def _load() -> _Files:
    names = ("chat.css", "frame.js", "mail.js", "markup.js", "storage.js", "talk.js", "view.js")
    assets = {name: _text(f"web/static/chat/{name}").encode() for name in names}
    version = hashlib.sha256(b"\0".join(assets.values())).hexdigest()[:12]
    return _Files(_text("web/static/chat/chat.js").encode(), assets, version)


def _text(path: str) -> str:
    return resources.files("bot").joinpath(path).read_text(encoding="utf-8")

"""The pages that people open from a link: shipped templates, words from the labels, every value escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Scope

from bot.rendering import Templates
from bot.web.policy_headers import PAGE_HEADERS

ASSETS = {"survey.css": "text/css; charset=utf-8", "survey.js": "text/javascript; charset=utf-8"}
_TITLES = {
    404: ("not_found_title", "not_found"),
    405: ("not_found_title", "not_found"),
    429: ("error_title", "too_many"),
}


class Pages:
    """Draws `templates/web/*.html.j2`. `asset(name)` is the address of a static file, with its content's hash."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._contents = {name: (files("bot") / "web" / "static" / name).read_bytes() for name in ASSETS}
        self._environment = Environment(
            loader=PackageLoader("bot", "templates/web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = self.asset

    def asset(self, name: str) -> str:
        return f"/static/{name}?v={hashlib.sha256(self._contents[name]).hexdigest()[:12]}"

    def content(self, name: str) -> bytes | None:
        return self._contents.get(name)

    def draw(
        self,
        name: str,
        locale: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """`locale` is one that ships. In the template, `say(key, **values)` is a label."""

        def say(key: str, **filled: object) -> str:
            return self._templates.label(key, locale, **filled)

        page = self._environment.get_template(f"{name}.html.j2")
        html = page.render(say=say, locale=locale, **values)
        return HTMLResponse(html, status, {**PAGE_HEADERS, **(headers or {})})


def of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def error(scope: Scope, status: int, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """The page for what went wrong. A 404 is the same byte for byte whatever was asked for (SEC-20)."""
    request = Request(scope)
    locale = request.app.state.site.templates.best_locale(request.headers.get("accept-language", ""))
    title, text = _TITLES.get(status, ("error_title", "error"))
    words = {"title": f"page.{title}", "text": f"page.{text}", "mood": "lost" if status in (404, 405) else "stuck"}
    return of(request).draw("notice", locale, words, status=status, headers=headers)

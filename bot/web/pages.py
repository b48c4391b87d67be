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
from core.text import colon, comma, gap

_CSS, _JS = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
ASSETS = {
    "survey.css": _CSS,
    "survey.js": _JS,
    "admin/admin.css": _CSS,
    "admin/admin.js": _JS,
    "admin/unsaved.js": _JS,
    "admin/sending.js": _JS,
    "admin/board.css": _CSS,
    "admin/board.js": _JS,
    "admin/desk.css": _CSS,
    "admin/desk.js": _JS,
    "admin/surveys.css": _CSS,
    "admin/rules.css": _CSS,
    "admin/people.css": _CSS,
    "admin/templates.css": _CSS,
    "admin/templates.js": _JS,
    "admin/ab.css": _CSS,
    "vendor/htmx/htmx.min.js": _JS,
    "vendor/uplot/uPlot.min.css": _CSS,
    "vendor/uplot/uPlot.iife.min.js": _JS,
}
ADMIN = "/admin"
_WAYS_IN = (f"{ADMIN}/login", f"{ADMIN}/sign-in/")
_WORDS = {
    "/r/": {
        404: ("page.not_found_title", "page.not_found"),
        405: ("page.error_title", "page.wrong_way"),
        413: ("page.error_title", "page.too_large"),
        429: ("page.error_title", "page.too_many"),
        0: ("page.error_title", "page.error"),
    },
    ADMIN: {
        403: ("admin.forbidden_title", "admin.forbidden"),
        404: ("admin.not_found_title", "admin.not_found"),
        405: ("page.error_title", "page.wrong_way"),
        413: ("page.error_title", "admin.too_large"),
        429: ("page.error_title", "page.too_many"),
        0: ("page.error_title", "admin.error"),
    },
    "/setup/": {
        404: ("admin.setup_gone_title", "admin.setup_gone"),
        405: ("page.error_title", "page.wrong_way"),
        429: ("page.error_title", "page.too_many"),
        0: ("page.error_title", "admin.error"),
    },
    "/u/": {
        404: ("unsubscribe.not_found_title", "unsubscribe.not_found_text"),
        405: ("page.error_title", "page.wrong_way"),
        429: ("page.error_title", "page.too_many"),
        0: ("page.error_title", "unsubscribe.error"),
    },
}
"""Title and text by where it went wrong and how; 0 is for everything else."""
_ELSEWHERE = _WORDS["/r/"] | {404: ("admin.not_found_title", "admin.not_found")}
_TOLD = {"admin.not_genuine": "admin.not_genuine_title"}
"""The title that belongs to a text that knows more."""


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
        signs = {"colon": colon(locale), "comma": comma(locale), "gap": gap(locale)}
        html = page.render(say=say, locale=locale, **signs, **values)
        return HTMLResponse(html, status, {**PAGE_HEADERS, **(headers or {})})


def _onward(path: str) -> dict[str, str] | None:
    """Where somebody goes on whom an error stopped there: who is about to sign in has no overview yet."""
    if path.startswith(_WAYS_IN):
        return {"url": f"{ADMIN}/login", "label": "admin.provider.again"}
    return {"url": ADMIN, "label": "admin.home"} if path.startswith(f"{ADMIN}/") else None


def of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def trial(request: Request) -> HTMLResponse:
    """Where the buttons of a test to oneself lead."""
    locale = request.app.state.site.templates.best_locale(request.headers.get("accept-language", "")[:200])
    words = {"title": "page.trial_title", "text": "page.trial", "mood": "done"}
    return of(request).draw("notice", locale, words)


def error(scope: Scope, status: int, headers: Mapping[str, str] | None = None, *, text: str = "") -> HTMLResponse:
    """The page for what went wrong; `text` is a label that knows more about it than the status.

    A 404 is the same byte for byte whatever is wrong with the link (SEC-20).
    """
    request = Request(scope)
    locale = request.app.state.site.templates.best_locale(request.headers.get("accept-language", ""))
    known = next((words for start, words in _WORDS.items() if str(scope["path"]).startswith(start)), _ELSEWHERE)
    title, usual = known.get(status, known[0])
    told = _TOLD.get(text)
    words = {
        "title": told or title,
        "text": text if text.startswith("admin.") else usual,
        "mood": "lost" if status == 404 else "stuck",
        "onward": _onward(str(scope["path"])),
    }
    return of(request).draw("notice", locale, words, status=status, headers=headers)

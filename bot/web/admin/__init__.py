"""The admin's browser: everything under `/admin/`, drawn on the server, for people whose role allows it."""

from __future__ import annotations

from starlette.routing import BaseRoute

from bot.web.admin import (
    accounts_page,
    audit_page,
    contacts_page,
    deliveries_page,
    door,
    login_page,
    overview_page,
    own_page,
    setup_page,
    template_editor,
    templates_page,
)
from bot.web.errors import Handler

_PAGES = (
    login_page,
    setup_page,
    overview_page,
    own_page,
    contacts_page,
    deliveries_page,
    template_editor,  # before the page of each kind, for `edit` is no kind
    templates_page,
    accounts_page,
    audit_page,
)


def routes() -> list[BaseRoute]:
    return [route for page in _PAGES for route in page.router.routes]


def handlers() -> dict[int | type[Exception], Handler]:
    """For FastAPI, beside those of `bot.web.errors`."""
    return {door.SignInFirst: login_page.sign_in_first}

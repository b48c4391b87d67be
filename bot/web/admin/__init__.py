"""The admin's browser: everything under `/admin/`, drawn on the server, for people whose role allows it."""

from __future__ import annotations

from starlette.routing import BaseRoute

from bot.web.admin import (
    accounts_page,
    arrivals_page,
    audit_page,
    board_page,
    contacts_page,
    deliveries_page,
    door,
    held_page,
    identity_page,
    inbox_page,
    labels_page,
    languages_page,
    login_page,
    overview_page,
    own_page,
    privacy_page,
    retention_page,
    setup_page,
    tickets_page,
    surveys_page,
)
from bot.web.errors import Handler

_PAGES = (
    login_page,
    identity_page,
    setup_page,
    overview_page,
    own_page,
    contacts_page,
    privacy_page,
    deliveries_page,
    retention_page,
    setup_page,
    overview_page,
    own_page,
    board_page,
    contacts_page,
    deliveries_page,
    languages_page,
    labels_page,
    accounts_page,
    audit_page,
)
_DESK = (inbox_page, tickets_page, held_page, arrivals_page)
_PAGES = (login_page, setup_page, overview_page, own_page, contacts_page, deliveries_page, accounts_page, audit_page)
    surveys_page,
    deliveries_page,
    accounts_page,
    audit_page,
)


def routes() -> list[BaseRoute]:
    return [route for page in (*_PAGES, *_DESK) for route in page.router.routes]


def handlers() -> dict[int | type[Exception], Handler]:
    """For FastAPI, beside those of `bot.web.errors`."""
    return {door.SignInFirst: login_page.sign_in_first}

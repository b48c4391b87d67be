"""The admin's browser: everything under `/admin/`, drawn on the server, for people whose role allows it."""

from __future__ import annotations

from starlette.routing import BaseRoute

from bot.web.admin import (
    ab_page,
    ab_start,
    accounts_page,
    arrivals_page,
    audit_page,
    board_page,
    contacts_page,
    deliveries_page,
    digests_page,
    door,
    held_page,
    identity_page,
    inbox_page,
    labels_page,
    language_imports,
    languages_page,
    login_page,
    opening_page,
    overview_page,
    own_page,
    privacy_page,
    retention_page,
    rules_page,
    setup_page,
    staff_page,
    survey_editor,
    survey_history,
    surveys_page,
    teams_page,
    template_editor,
    template_versions,
    templates_page,
    tickets_page,
    webhooks_page,
)
from bot.web.errors import Handler

_DOOR = (login_page, identity_page, setup_page, own_page)
_DESK = (
    overview_page,
    inbox_page,
    opening_page,  # before the page of each ticket, for `new` is no number
    tickets_page,
    contacts_page,
    privacy_page,
    board_page,
)
_TROUBLE = (held_page, deliveries_page, arrivals_page)
_WORDS = (
    surveys_page,
    survey_history,
    survey_editor,  # after the others, for every other address below theirs is the name of a survey
    ab_start,
    ab_page,
    template_editor,  # before the page of each kind, for `edit` is no kind
    template_versions,
    templates_page,
    language_imports,
    languages_page,
    labels_page,
)
_SETUP = (rules_page, webhooks_page, teams_page, staff_page, digests_page, retention_page)
_WHO = (accounts_page, audit_page)


def routes() -> list[BaseRoute]:
    pages = (*_DOOR, *_DESK, *_TROUBLE, *_WORDS, *_SETUP, *_WHO)
    return [route for page in pages for route in page.router.routes]


def handlers() -> dict[int | type[Exception], Handler]:
    """For FastAPI, beside those of `bot.web.errors`."""
    return {door.SignInFirst: login_page.sign_in_first}

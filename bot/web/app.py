"""The web application: every route in one list, each with its policy, behind the same guards."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from bot.web import (
    admin,
    chat,
    errors,
    health,
    home_page,
    hooks,
    install_page,
    metrics,
    policies,
    static,
    survey_page,
    unsubscribe_page,
)
from bot.web.api import attachments, deliveries, events, invites, links, reference, responses, tickets
from bot.web.characters import Characters
from bot.web.limits import BodyLimit
from bot.web.pages import Pages
from bot.web.security import Shield
from bot.web.site import Site


def build(site: Site, *, more: Sequence[BaseRoute] = (), public: Collection[str] = ()) -> FastAPI:
    """Make the application. `more` are routes of others (the web chat, the demo); `public` names open ones.

    Raises policies.Undeclared for a route that does not say who may call it.
    """
    routes: list[BaseRoute] = [hooks.route(site)]
    for module in (events, tickets, attachments, invites, links, responses, deliveries, reference):
        routes.extend(module.router.routes)
    for pages in (survey_page, unsubscribe_page, install_page, static, health, metrics):
        routes.extend(pages.router.routes)
    routes.extend(admin.routes())
    routes.extend(more)
    routes.extend(home_page.router.routes)  # last, for the demo has a page of its own there
    policies.check(routes, {*chat.PUBLIC, *public})
    counters = metrics.Counters()
    app = FastAPI(
        title=reference.TITLE,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(Shield, secure=site.secure, seen=counters.seen),
            Middleware(BodyLimit),
            Middleware(Characters),
        ],
        exception_handlers={**errors.handlers(), **admin.handlers()},
    )
    app.router.redirect_slashes = False
    app.state.site = site
    app.state.pages = Pages(site.templates)
    app.state.counters = counters
    app.router.routes.extend(routes)
    return app

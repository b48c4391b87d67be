"""Where everything is wired: it knows everybody, and nobody but the command line knows it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from fastapi import FastAPI
from starlette.routing import BaseRoute

from bot import channels as channel_kinds
from bot import first_start, own_words
from bot.config import Config, erasures_path, link_secret
from bot.own_words import OwnWords
from bot.postman import Guard, Postman
from bot.rendering import Templates
from bot.site import Site
from bot.surveys import messages
from bot.web import app as web
from bot.web import chat
from bot.web.identity_provider import IdentityProvider, ProviderSettings
from bot.web.server import Server, assert_free
from bot.web.site import Site as WebSite
from bot.web.site import networks
from bot.worker import Worker
from core import contacts
from core import store as stores
from core.accounts import invitations
from core.keeps import Keeps
from core.ports import Channel, Keep
from core.privacy import again
from core.privacy.ledger import Ledger
from core.reactions.webhooks import Vault
from core.store import Store
from core.surveys import tokens

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def real_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """One running installation."""

    config: Config
    store: Store
    site: Site
    channels: dict[str, Channel]
    worker: Worker
    clock: Clock
    secret: bytes
    erasures: Ledger


@runtime_checkable
class HasMenu(Protocol):
    """A channel that shows its commands in a menu (Telegram)."""

    commands: Mapping[str, Sequence[tuple[str, str]]]


@runtime_checkable
class HasKeep(Protocol):
    """A channel that remembers something over a restart (e-mail, Slack)."""

    keep: Keep


@runtime_checkable
class HasGroupMenu(Protocol):
    """A channel that shows another menu in groups (Telegram)."""

    group_commands: Mapping[str, Sequence[tuple[str, str]]]


@runtime_checkable
class HasNameless(Protocol):
    """A channel in whose words people and channels stand by ids, and not each id has a name (Slack)."""

    nameless: Mapping[str, str]


@runtime_checkable
class HasClock(Protocol):
    """A channel that keeps a pace of its own, by Unix time (Slack)."""

    clock: Callable[[], float]


def menu(templates: Templates, shown: Sequence[str] = messages.COMMANDS) -> dict[str, list[tuple[str, str]]]:
    """The commands and what they are for, in every language that ships."""
    return {
        locale: [(command, templates.label(f"command.{command}", locale)) for command in shown]
        for locale in templates.locales()
    }


@contextlib.asynccontextmanager
async def opened(config: Config, clock: Clock = real_clock) -> AsyncIterator[App]:
    """Open the store and the channels; close them in the end. Who stands in the ledger of erasures is erased first.

    Raises what `core.store.open_store` raises, and LedgerUnavailable.
    """
    secret = link_secret(config)
    tokens.use(secret)
    contacts.use_zone(config.site.timezone)
    store = await stores.open_store(config.store.url)
    erasures = Ledger(erasures_path(config), secret)
    try:
        await again.catch_up(erasures, now=clock())
        await first_start.fill_in(now=clock())
        known = await own_words.read()
        labels = await own_words.read_labels()
        templates = Templates.load(known, default=config.site.locale, on_problem=own_words.tell_problem)
        templates.use_labels(labels)
        keeps = Keeps(secret, clock)
        kinds = {name: settings.kind for name, settings in config.channels.items()}
        about = config.site
        channels = {
            name: channel_kinds.build(name, settings, base_url=config.site.base_url)
            for name, settings in config.channels.items()
        }
        site = Site(about.name, about.base_url, templates, about.timezone, about.privacy_url, kinds, channels)
        for channel in channels.values():
            if isinstance(channel, HasMenu):
                channel.commands = menu(templates)
            if isinstance(channel, HasGroupMenu):
                channel.group_commands = menu(templates, messages.GROUP_COMMANDS)
            if isinstance(channel, HasNameless):
                channel.nameless = templates.labels("nameless", config.site.locale)
            if isinstance(channel, HasKeep):
                channel.keep = keeps.of(channel.name)
            if isinstance(channel, HasClock):
                channel.clock = lambda: clock().timestamp()
            await channel.open()
        try:
            postman = Postman(Vault(secret), Guard(config.webhooks.internal), clock)
            refresh = OwnWords(templates, known, labels).refresh
            worker = Worker(store, site, channels, clock, refresh=refresh, postman=postman)
            yield App(config, store, site, channels, worker, clock, secret, erasures)
        finally:
            for channel in channels.values():
                await channel.close()
            await templates.close()
    finally:
        contacts.use_zone("UTC")
        await store.close()


def web_app(app: App, *, more: Sequence[BaseRoute] = (), public: Collection[str] = ()) -> FastAPI:
    """The web application of an opened installation; `more` are routes beside its own (the demo's)."""
    config = app.config
    site = WebSite(
        base_url=config.site.base_url,
        clock=app.clock,
        channels=app.channels,
        take=app.worker.take,
        templates=app.site.templates,
        secret=app.secret,
        erasures=app.erasures,
        is_working=lambda: app.worker.is_working,
        deaf=app.worker.deaf,
        schema_is_current=lambda: stores.is_current(app.store),
        name=config.site.name,
        timezone=config.site.timezone,
        trusted_proxies=networks(config.site.trusted_proxies),
        providers=identity_providers(config),
        check_webhook=Guard(config.webhooks.internal).problem,
        metrics_token=config.site.metrics_token.get_secret_value() if config.site.metrics_token else "",
    )
    return web.build(site, more=[*chat.build(site).routes, *more], public=[*chat.PUBLIC, *public])


def identity_providers(config: Config) -> dict[str, IdentityProvider]:
    """By whom people may be let into the admin's browser, by the names in `[sign_in]`."""
    return {
        name: IdentityProvider(
            ProviderSettings(
                name=name,
                label=one.label or ("Slack" if one.kind == "slack" else name.replace("-", " ").capitalize()),
                issuer=one.issuer,
                client_id=one.client_id,
                client_secret=one.client_secret.get_secret_value(),
                scope=one.scope,
                teams=one.teams,
            )
        )
        for name, one in config.sign_in.items()
    }


async def run(app: App, web_application: FastAPI, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT; then stop accepting, finish what is in hand, and return."""
    site = app.config.site
    server = Server(web_application, site.host, site.port, app.channels, ready=ready)

    def leave() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave)
    working = asyncio.create_task(app.worker.run())
    working.add_done_callback(lambda _: leave())
    try:
        await server.serve()
    finally:
        app.worker.stop()
        await working


async def serve(config: Config) -> None:
    """The whole product in one process. Raises OSError when its port is taken, and what `opened` raises."""
    assert_free(config.site.host, config.site.port, "stop what has it, or choose another one in site.listen")
    async with opened(config) as app:
        web_application = web_app(app)
        await _offer_setup(app)
        gc.collect()
        gc.freeze()  # half a million objects that stay: looking at them again and again took a seventh of all time
        await run(app, web_application, ready=lambda: logger.info("Afterword is ready at %s", config.site.base_url))


async def _offer_setup(app: App) -> None:
    """While there is no admin, every start prints the way in: to the terminal, since a log is kept and sent around."""
    if await invitations.is_needed():
        code = await invitations.for_setup(now=app.clock())
        address = f"{app.config.site.base_url}/setup/{code}"
        sys.stdout.write(f"\n  Nobody can sign in yet. Make the first account within an hour:\n  {address}\n\n")
        sys.stdout.flush()

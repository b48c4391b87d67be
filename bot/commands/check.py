"""`afterword check`: is everything as it must be, and if not, what would mend it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from bot.commands.report import Report
from bot.commands.shared import DEFAULT_CONFIG, ConfigPath, configuration, run

if TYPE_CHECKING:
    from bot.channels.settings import ChannelSettings
    from bot.config import Config
    from core.keeps import Keeps
    from core.ports import Finding

app = typer.Typer()

PATIENCE_SECONDS = 30.0
_TRY_HERE = "Enough to try it. For customers, set site.base_url to the address that they reach"


@app.command()
def check(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say whether all is well: settings, store, links, channels.

    What is wrong comes with what would mend it, what could not be looked at with the way to look yourself. The end is 1
    if there is a problem. Changes nothing and sends no message.
    """
    from core.ports import Finding

    settings = configuration(config)
    report = Report()
    report.tell("configuration", [Finding.good(f"{config} can be read, and every setting in it is known")])
    run(_report(settings, report))
    report.end()


async def _report(config: Config, report: Report) -> None:
    """Tell each part as soon as it is known."""
    from rich.console import Console

    with Console(stderr=True).status("Checking …") as status:
        async for part, findings in _parts(config):
            report.tell(part, findings)
            status.update("Checking …")


async def _parts(config: Config) -> AsyncIterator[tuple[str, Sequence[Finding]]]:
    yield "store", await _store(config)
    yield "links", _links(config)
    yield "templates", [_templates()]
    for name in config.sign_in:
        yield f"{name} (sign-in)", [await _sign_in(config, name)]
    async with _keeps(config) as keeps:
        checks = [
            (f"{name} ({one.kind})", asyncio.create_task(_channel(config, name, one, keeps)))
            for name, one in config.channels.items()
        ]
        for part, findings in checks:
            yield part, await findings
    if not config.channels:
        from core.ports import Finding

        yield "channels", [Finding.problem("none is set up", "Add one to the configuration; docs/README.md lists them")]


@contextlib.asynccontextmanager
async def _keeps(config: Config) -> AsyncIterator[Keeps | None]:
    """What channels have kept in the store; None where there is none yet, or it cannot be opened."""
    from bot.config import link_secret, secret_path
    from core import store as stores
    from core.errors import SchemaOutdated, StoreInUse, StoreUnsafe
    from core.keeps import Keeps
    from core.transactions import StoreUnavailable

    if config.site.secret_key is None and not secret_path(config).exists():
        yield None
        return
    try:
        store = await stores.open_store(config.store.url, visiting=True)
    except (StoreInUse, SchemaOutdated, StoreUnsafe, StoreUnavailable, OSError):
        yield None
        return
    try:
        yield Keeps(link_secret(config), lambda: datetime.now(UTC))
    finally:
        await store.close()


async def _store(config: Config) -> Sequence[Finding]:
    from bot.commands import erasures
    from core import store as stores
    from core.errors import SchemaOutdated, StoreInUse, StoreUnsafe
    from core.ports import Finding
    from core.transactions import StoreUnavailable

    shown = config.store.shown
    if config.store.path is not None and not config.store.path.exists():
        return [Finding.unseen(f"there is none at {shown} yet", "Make it: afterword db upgrade, or afterword serve")]
    try:
        store = await stores.open_store(config.store.url, visiting=True)
    except StoreInUse:
        return [Finding.unseen(f"{shown} is in use by another program", "Look again when that has ended")]
    except SchemaOutdated as error:
        return [Finding.problem(str(error), "Stop Afterword, make a backup, then: afterword db upgrade")]
    except StoreUnsafe as error:
        return [Finding.problem(str(error), "See docs/howto/operate.md")]
    except (StoreUnavailable, OSError) as error:
        return [Finding.problem(str(error), "Is the database running, and is store.url right?")]
    try:
        good = Finding.good(f"{shown} can be used, its tables are up to date")
        return [good, await _alerts(), *await erasures.check(config)]
    finally:
        await store.close()


async def _sign_in(config: Config, name: str) -> Finding:
    """Whether the identity provider says what it must; whether it knows us, only a person can try."""
    from bot.app import identity_providers
    from bot.web.identity_provider import ProviderUnavailable
    from core.ports import Finding

    provider = identity_providers(config)[name]
    back = f"{config.site.base_url}/admin/sign-in/{name}/back"
    try:
        await provider.metadata()
    except ProviderUnavailable as error:
        return Finding.problem(str(error), f"Is sign_in.{name}.issuer right, and can this machine reach it?")
    return Finding.good(f"{provider.settings.issuer} answers", f"It must know this redirect address: {back}")


async def _alerts() -> Finding:
    """Whether an alert has anywhere to go, as far as the open store tells."""
    from core.models.setup import Team
    from core.ports import Finding

    if await Team.exclude(alert_channel="").exists():
        return Finding.good("a bad rating has somewhere to go: a team has a place for its alerts")
    remedy = "Give a team `alert = { channel = …, to = … }` in setup.toml; then: afterword apply setup.toml"
    return Finding.warning("a bad rating alerts nobody: no team has a place for its alerts", remedy)


def _links(config: Config) -> Sequence[Finding]:
    return [_secret(config), _address(config)]


def _secret(config: Config) -> Finding:
    """Looks only: `link_secret` would make the file."""
    from bot.config import ConfigError, link_secret, secret_path
    from core.ports import Finding

    if config.site.secret_key is not None:
        return Finding.good("they are made with site.secret_key")
    path = secret_path(config)
    if not path.exists():
        remedy = "`afterword serve` makes it; if links were sent before, restore it from a backup, or they are dead"
        return Finding.unseen(f"they are made with {path}, which is not there yet", remedy)
    try:
        link_secret(config)
    except ConfigError as error:
        return Finding.problem(str(error), "Restore it from a backup: without it, links that were sent are dead")
    alone = "" if config.store.is_sqlite else ". Set site.secret_key when several machines share the store"
    return Finding.good(f"they are made with {path}", f"Keep it in your backups{alone}")


def _address(config: Config) -> Finding:
    """What customers' browsers ask for, which this machine cannot try for them."""
    from core.ports import Finding

    base = config.site.base_url
    address = urlsplit(base)
    if address.hostname in ("127.0.0.1", "::1", "localhost"):
        return Finding.warning(f"they begin with {base}, which only this machine can open", _TRY_HERE)
    if address.scheme != "https":
        what = f"they begin with {base}, which is not encrypted; and mailboxes offer no unsubscribing with one click"
        return Finding.warning(what, "Put a proxy with a certificate in front, and set site.base_url to its address")
    return Finding.unseen(f"whether customers reach {base}", f"Open {base}/healthz with a phone outside your network")


def _templates() -> Finding:
    from bot.rendering import TemplateError, Templates
    from core.ports import Finding

    try:
        locales = Templates.load().locales()
    except TemplateError as error:
        return Finding.problem(str(error), "The installation is damaged: install Afterword again")
    return Finding.good(f"the shipped ones are complete in {', '.join(locales)}")


async def _channel(config: Config, name: str, settings: ChannelSettings, keeps: Keeps | None) -> Sequence[Finding]:
    from bot import channels
    from core.ports import Finding, Unread

    channel = channels.build(name, settings, base_url=config.site.base_url)
    if hasattr(channel, "keep"):
        channel.keep = Unread() if keeps is None else keeps.of(name)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await channel.open()
            try:
                return await channel.check()
            finally:
                await channel.close()
    except TimeoutError:
        return [Finding.problem(f"no answer within {PATIENCE_SECONDS:.0f} seconds", "Can this machine reach it?")]

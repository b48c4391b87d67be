"""`afterword check`: is everything as it must be, and if not, what would mend it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from bot.commands.shared import DEFAULT_CONFIG, FAILED, ConfigPath, configuration, run, say

if TYPE_CHECKING:
    from bot.channels.settings import ChannelSettings
    from bot.config import Config
    from core.keeps import Keeps
    from core.ports import Finding

app = typer.Typer()

PATIENCE_SECONDS = 30.0


@app.command()
def check(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say whether all is well: configuration, store, channels.

    Each thing that is wrong comes with what would mend it, and the end is 1. Changes nothing and sends no message.
    """
    settings = configuration(config)
    say(f"✓ configuration: {config}")
    if not run(_report(settings)):
        raise typer.Exit(FAILED)


async def _report(config: Config) -> bool:
    """Print each finding as it comes; True when all is well."""
    from rich.console import Console

    well = True
    with Console(stderr=True).status("Checking …") as status:
        async for about, findings in _findings(config):
            for finding in findings:
                say(f"{_mark(finding)} {about}: {finding.what}")
                if finding.remedy:
                    say(f"    {finding.remedy}")
                well = well and finding.ok
            status.update("Checking …")
    return well


def _mark(finding: Finding) -> str:
    """What works but for something that somebody should see to has a remedy too."""
    if not finding.ok:
        return "✗"
    return "!" if finding.remedy else "✓"


async def _findings(config: Config) -> AsyncIterator[tuple[str, Sequence[Finding]]]:
    yield "store", [await _store(config)]
    yield "links", [_links(config)]
    yield "templates", [_templates()]
    async with _keeps(config) as keeps:
        checks = [asyncio.create_task(_channel(config, name, one, keeps)) for name, one in config.channels.items()]
        for done in asyncio.as_completed(checks):
            yield await done
    if not config.channels:
        from core.ports import Finding

        yield "channels", [Finding(ok=False, what="none is set up", remedy="Add one to the configuration.")]


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


async def _store(config: Config) -> Finding:
    from core import store as stores
    from core.errors import SchemaOutdated, StoreInUse, StoreUnsafe
    from core.ports import Finding
    from core.transactions import StoreUnavailable

    try:
        store = await stores.open_store(config.store.url, visiting=True)
    except StoreInUse:
        return Finding(ok=True, what=f"{config.store.shown} is in use by a running Afterword")
    except SchemaOutdated as error:
        if config.store.path is not None and not config.store.path.exists():
            return Finding(ok=True, what=f"there is none at {config.store.shown} yet; `afterword serve` makes it")
        return Finding(ok=False, what=str(error))
    except (StoreUnsafe, StoreUnavailable, OSError) as error:
        return Finding(ok=False, what=str(error), remedy=_store_remedy(error))
    try:
        return await _routes(config)
    finally:
        await store.close()


async def _routes(config: Config) -> Finding:
    """Whether an alert has anywhere to go, as far as the open store tells."""
    from core.models.setup import Team
    from core.ports import Finding

    if not await Team.exclude(alert_channel="").exists():
        what = f"{config.store.shown} can be used, but a bad rating alerts nobody: no team has a place for its alerts"
        remedy = "Give a team `alert = { channel = …, to = … }` in setup.toml; then: afterword apply setup.toml"
        return Finding(ok=True, what=what, remedy=remedy)
    return Finding(ok=True, what=f"{config.store.shown} can be used, its tables are up to date")


def _store_remedy(error: Exception) -> str:
    from core.errors import SchemaOutdated, StoreUnsafe

    return (
        "" if isinstance(error, (SchemaOutdated, StoreUnsafe)) else "Is the database running, and is store.url right?"
    )


def _links(config: Config) -> Finding:
    from bot.config import secret_path
    from core.ports import Finding

    if config.site.secret_key is not None:
        return Finding(ok=True, what="made with site.secret_key")
    alone = "" if config.store.is_sqlite else "; set site.secret_key when several machines share the store"
    return Finding(ok=True, what=f"made with {secret_path(config)}, which belongs into your backups{alone}")


def _templates() -> Finding:
    from bot.rendering import TemplateError, Templates
    from core.ports import Finding

    try:
        locales = Templates.load().locales()
    except TemplateError as error:
        return Finding(ok=False, what=str(error), remedy="The installation is damaged: install Afterword again.")
    return Finding(ok=True, what=f"complete in {', '.join(locales)}")


async def _channel(
    config: Config, name: str, settings: ChannelSettings, keeps: Keeps | None
) -> tuple[str, Sequence[Finding]]:
    from bot import channels
    from core.ports import Finding

    about = f"{name} ({settings.kind})"
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            channel = channels.build(name, settings, base_url=config.site.base_url)
            if keeps is not None and hasattr(channel, "keep"):
                channel.keep = keeps.of(name)
            await channel.open()
            try:
                return about, await channel.check()
            finally:
                await channel.close()
    except TimeoutError:
        what = f"gave no answer within {PATIENCE_SECONDS:.0f} seconds"
        return about, [Finding(ok=False, what=what, remedy="Can this machine reach it?")]

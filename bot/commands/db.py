"""`afterword db`: the store's tables."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import typer

from bot.commands.shared import DEFAULT_CONFIG, FAILED, ConfigPath, configuration, note, run, say

app = typer.Typer(no_args_is_help=True)


@app.command()
def upgrade(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Make the store, or bring its tables to this version. Doing it twice does no harm.

    Stop `afterword serve` first on SQLite, and make a backup. Who stands in the ledger of erasures and is in the store
    again, because an older one was put back, is erased again.
    """
    settings = configuration(config)
    from bot.commands import erasures
    from bot.config import erasures_path
    from core import store as stores

    with _shown(f"Bringing {settings.store.shown} up to date"):
        run(stores.upgrade(settings.store.url))
        erased = run(erasures.catch_up(settings))
    say(f"{settings.store.shown} is up to date.")
    if erased:
        say(f"{erased} of those in {erasures_path(settings)} were in it again; they are erased again.")


@app.command()
def status(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say whether the tables fit this version; ends with 1 when they do not."""
    settings = configuration(config)
    if run(_is_current(settings.store.url)):
        say(f"{settings.store.shown} is up to date.")
        return
    say(f"{settings.store.shown} has older tables. Run: afterword db upgrade")
    raise typer.Exit(FAILED)


async def _is_current(url: str) -> bool:
    from core import store as stores
    from core.store.opening import open_unchecked

    store = await open_unchecked(url)
    try:
        return await stores.is_current(store)
    finally:
        await store.close()


@contextlib.contextmanager
def _shown(what: str) -> Iterator[None]:
    """A spinner at a terminal, and a line for each migration everywhere."""
    from rich.console import Console

    migrations = logging.getLogger("core.store.migrating")
    with Console(stderr=True).status(f"{what} …"):
        lines = _Lines()
        migrations.addHandler(lines)
        migrations.setLevel(logging.INFO)
        try:
            yield
        finally:
            migrations.removeHandler(lines)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        note(f"  {record.getMessage()}")

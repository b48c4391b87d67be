"""What all commands have in common: `--config`, one line for what went wrong, and an open store."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from bot.config import Config
    from core.store import Store

T = TypeVar("T")

USAGE = 2
FAILED = 1
INTERRUPTED = 130

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", show_default=True)]
DEFAULT_CONFIG = Path("config.toml")


def say(text: str = "") -> None:
    """For the person at the terminal, on standard output."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """What is not the result: on standard error, so that the result can be piped."""
    sys.stderr.write(text + "\n")


def fail(text: object, code: int = FAILED) -> NoReturn:
    note(f"afterword: {text}")
    raise typer.Exit(code)


def configuration(path: Path) -> Config:
    """The configuration, or an end with everything that is wrong in it."""
    from bot import config

    with told():
        return config.load(path)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; what goes wrong in a way that we know is told in one line."""
    with told():
        return asyncio.run(work)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Tell the known ways to fail without a traceback. What is unknown is a bug, and flies."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        fail(str(error) or type(error).__name__, code)


@contextlib.asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Store]:
    """The store, made first if this is the first start; also while `serve` has it open."""
    from bot import first_start
    from core import contacts
    from core import store as stores

    contacts.use_zone(config.site.timezone)
    await first_start.make_store(config)
    store = await stores.open_store(config.store.url, visiting=True)
    try:
        yield store
    finally:
        await store.close()


def _exit_code(error: Exception) -> int | None:
    """By name, because importing every module that could have failed takes longer than most commands do."""
    names = (f"{one.__module__}.{one.__name__}" for one in type(error).__mro__)
    return next((_KNOWN[name] for name in names if name in _KNOWN), None)


_KNOWN = {
    "bot.config.ConfigError": USAGE,
    "core.setup.models.SetupError": USAGE,
    "core.errors.Invalid": USAGE,
    "core.errors.Refusal": FAILED,
    "core.errors.SchemaOutdated": FAILED,
    "core.errors.StoreInUse": FAILED,
    "core.errors.StoreUnsafe": FAILED,
    "core.transactions.StoreUnavailable": FAILED,
    "builtins.OSError": FAILED,
}

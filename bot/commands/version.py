"""`afterword version`"""

from __future__ import annotations

import platform

import typer

from bot.commands.shared import say

app = typer.Typer()


@app.command()
def version() -> None:
    """Say which version this is."""
    from importlib import metadata

    try:
        installed = metadata.version("afterword")
    except metadata.PackageNotFoundError:
        installed = "(not installed: run from its source)"
    say(f"afterword {installed}, Python {platform.python_version()}")


def and_leave(wanted: bool) -> None:
    """For `afterword --version`."""
    if wanted:
        version()
        raise typer.Exit

"""`afterword audit`: whether the audit is as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bot.commands.shared import DEFAULT_CONFIG, ConfigPath, configuration, fail, note, opened, run, say

if TYPE_CHECKING:
    from bot.config import Config
    from core.audit import Verdict

app = typer.Typer(no_args_is_help=True)


@app.command()
def verify(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Go through all lines and see whether each is as it was written and follows the one before.

    Prints the number of lines and the hash of the last one. Keep that elsewhere: it also shows lines that are cut off.
    """
    verdict = run(_verify(configuration(config)))
    if verdict.broken is not None:
        fail(
            f"line {verdict.broken} of the audit was changed, or one before it was taken out. "
            f"The {verdict.lines} lines before it are as they were written; the last of them has {verdict.head}"
        )
    note("Every line is as it was written, and follows the one before.")
    say(f"{verdict.lines} {verdict.head}")


async def _verify(config: Config) -> Verdict:
    from core import audit

    async with opened(config):
        return await audit.verify()

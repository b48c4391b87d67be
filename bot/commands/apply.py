"""`afterword apply` and `afterword export`: the set-up as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, USAGE, ConfigPath, configuration, fail, note, opened, run, say, told

if TYPE_CHECKING:
    from bot.config import Config
    from core.setup import Change, Setup

app = typer.Typer()

SetupPath = Annotated[Path, typer.Argument(help="The file to apply.", exists=True, dir_okay=False, readable=True)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
Target = Annotated[Path, typer.Argument(help="The file to write; - is standard output.", allow_dash=True)]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]


@app.command()
def apply(file: SetupPath, dry_run: DryRun = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Set up teams, staff, surveys, rules and templates from a file.

    What the file does not mention stays as it is. All of it is written, or nothing. Doing it twice changes nothing.
    """
    settings = configuration(config)
    setup = _read(file)
    changes = run(_apply(settings, setup, dry_run=dry_run))
    for change in changes:
        say(str(change))
    if not changes:
        say("Nothing to change.")
    elif dry_run:
        note("This was a dry run: nothing was changed.")


@app.command()
def export(file: Target = Path("-"), force: Force = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Write what is set up into a file that apply reads."""
    settings = configuration(config)
    if file != Path("-") and file.exists() and not force:
        fail(f"{file} is there already. Name another file, or say --force", USAGE)
    text = run(_export(settings))
    if file == Path("-"):
        say(text.rstrip("\n"))
    else:
        with told():
            file.write_text(text, encoding="utf-8")
        note(f"Written to {file}.")


def _read(file: Path) -> Setup:
    from core import setup as setups

    try:
        setup = setups.parse(file.read_text(encoding="utf-8"))
        _check_templates(setup)
    except UnicodeDecodeError:
        fail(f"{file}: is not UTF-8 text", USAGE)
    except setups.SetupError as error:
        fail("\n  ".join([f"{file} cannot be applied", *str(error).split("\n")]), USAGE)
    return setup


def _check_templates(setup: Setup) -> None:
    """Raises SetupError for words that could not be shown to anybody."""
    from core.setting_problems import Problem, unknown
    from core.setup import SetupError

    if not (setup.templates or setup.labels):
        return
    from bot.channels import KINDS
    from bot.rendering import TemplateError, Templates
    from bot.translations import label_rules

    templates = Templates.load()
    problems = []
    for at, one in enumerate(setup.templates):
        try:
            templates.check(one.kind, one.source)
        except TemplateError as error:
            problems.append(Problem(("templates", at, "source"), f"line {error.line}: {error.problem}"))
        if one.channel and one.channel not in KINDS:
            problems.append(Problem(("templates", at, "channel"), unknown(one.channel, KINDS, "kind of channel")))
    for at, labels in enumerate(setup.labels):
        for name, text in labels.words.items():
            if what := label_rules.problem(name, text, templates.default_labels):
                problems.append(Problem(("labels", at, "words", name), what.what))
    if problems:
        raise SetupError(problems)


async def _apply(config: Config, setup: Setup, *, dry_run: bool) -> list[Change]:
    from bot import first_start
    from core import setup as setups

    now = datetime.now(UTC)
    async with opened(config):
        await first_start.fill_in(now=now)
        if dry_run:
            return await setups.plan(setup, channels=config.channels.keys())
        return await setups.apply(setup, now=now, channels=config.channels.keys())


async def _export(config: Config) -> str:
    from bot import first_start
    from core import setup as setups

    async with opened(config):
        await first_start.fill_in(now=datetime.now(UTC))
        return setups.to_toml(await setups.export())

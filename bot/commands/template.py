"""`afterword template`: the words of messages, checked, and a language as one file for translators."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import (
    DEFAULT_CONFIG,
    FAILED,
    USAGE,
    ConfigPath,
    configuration,
    fail,
    note,
    opened,
    run,
    say,
    told,
)

if TYPE_CHECKING:
    from bot.config import Config
    from bot.rendering import Templates
    from bot.translations.counting import Own
    from core.setup import Change

app = typer.Typer(no_args_is_help=True)

Locale = Annotated[str, typer.Argument(help="The language, such as de or zh-Hans.")]
Target = Annotated[Path, typer.Argument(help="The file to write; - is standard output.", allow_dash=True)]
Source = Annotated[Path, typer.Argument(help="The PO file.", exists=True, dir_okay=False, readable=True)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]
Setup = Annotated[
    Path | None,
    typer.Argument(help="A setup.toml to check; none: what is in the store.", exists=True, dir_okay=False),
]


@app.command()
def check(file: Setup = None, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say of all own words whether they can be shown to anybody: each with its line and what is wrong.

    Checks as the editor does, and tries each out with sample values. The end is 1 if any is wrong.
    """
    problems, checked = run(_check(configuration(config), file))
    for problem in problems:
        say(problem)
    if problems:
        note(f"{len(problems)} of {checked} own words cannot be used.")
        raise typer.Exit(FAILED)
    all_of_them = "The one own wording" if checked == 1 else f"All {checked} own words"
    note(f"{all_of_them} can be used." if checked else "There are no own words; those that ship are in use.")


@app.command()
def missing(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Count, for each language, what is not translated, also of what surveys say in words of their own."""
    from bot.translations import counting

    templates, own = run(_own(configuration(config)))
    for locale in counting.locales(templates, own):
        surveys = counting.count_surveys(templates, own, locale)
        counts = [*counting.count(templates, own, locale), *([surveys] if surveys.all else [])]
        told_of = ", ".join(f"{one.group} {one.said} of {one.all}" for one in counts)
        say(f"{locale}: {sum(one.missing for one in counts)} missing ({told_of})")


@app.command()
def export(locale: Locale, file: Target = Path("-"), force: Force = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Write a language as one PO file, for translators and their tools."""
    from bot.translations import po

    if file != Path("-") and file.exists() and not force:
        fail(f"{file} is there already. Name another file, or say --force", USAGE)
    try:
        tag = po.locale_named(locale)
    except po.NotAFile as error:
        fail(str(error), USAGE)
    templates, own = run(_own(configuration(config)))
    body = po.write(templates, own, tag)
    if file == Path("-"):
        say(body.decode().rstrip("\n"))
    else:
        with told():
            file.write_bytes(body)
        note(f"Written to {file}.")


@app.command("import")
def import_(
    file: Source,
    dry_run: DryRun = False,
    locale: Annotated[str, typer.Option("--locale", help="The language, if the file does not say it.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Take a translated PO file back and publish what differs: all of it, or nothing.

    Entries that are empty, marked as fuzzy, or about a survey that is gone, are left as they are.
    """
    with told():
        body = file.read_bytes()
    changes, skipped, (holds, every) = run(_import(configuration(config), file, body, locale, dry_run=dry_run))
    for change in changes:
        say(str(change))
    if not changes:
        say("Nothing to change.")
    elif dry_run:
        note("This was a dry run: nothing was changed.")
    if holds < every:
        note(f"The file holds {holds} of {every} entries; the others were left as they are.")
    if skipped:
        note(f"{skipped} entries are empty, fuzzy or about what is gone, and were left as they are.")


async def _own(config: Config) -> tuple[Templates, Own]:
    """The templates with own words in use, and the own words themselves."""
    from bot import own_words
    from bot.rendering import Templates
    from bot.translations import survey_entries
    from bot.translations.counting import Own

    async with opened(config):
        overrides, labels = await own_words.read(), await own_words.read_labels()
        surveys = await survey_entries.current()
    templates = Templates.load(overrides, default=config.site.locale)
    templates.use_labels(labels)
    return templates, Own(labels, overrides, surveys)


async def _check(config: Config, file: Path | None) -> tuple[list[str], int]:
    from bot.rendering import Templates
    from bot.translations import checking

    if file is None:
        templates, own = await _own(config)
    else:
        templates, own = Templates.load(default=config.site.locale), _own_in(file)
    try:
        return await checking.problems(templates, own)
    finally:
        await templates.close()


def _own_in(file: Path) -> Own:
    from bot.rendering import Override
    from bot.template_source import join
    from bot.translations.counting import Own
    from core import setup as setups

    try:
        setup = setups.parse(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        fail(f"{file}: is not UTF-8 text", USAGE)
    except setups.SetupError as error:
        fail("\n  ".join([f"{file} cannot be read", *str(error).split("\n")]), USAGE)
    overrides = [
        Override(one.kind, join(one.subject, one.source), one.locale, one.team, one.channel) for one in setup.templates
    ]
    return Own({one.locale: one.words for one in setup.labels}, overrides)


async def _import(
    config: Config, file: Path, body: bytes, locale: str, *, dry_run: bool
) -> tuple[list[Change], int, tuple[int, int]]:
    from bot import own_words
    from bot.rendering import Templates
    from bot.translations import importing, po, survey_entries
    from bot.translations.counting import Own
    from core import audit

    templates = Templates.load(default=config.site.locale)
    async with opened(config):
        own = Own(await own_words.read_labels(), await own_words.read(), await survey_entries.current())
    try:
        found = po.read(body, templates, locale=locale, own=own)
    except po.NotAFile as error:
        fail(f"{file}: {error}", USAGE)
    if found.wrong:
        fail("\n  ".join([f"{file} cannot be used, and nothing was changed", *map(str, found.wrong)]), USAGE)
    async with opened(config):
        if dry_run:
            changes = await importing.plan(found)
        else:
            changes = await importing.publish(found, actor=audit.COMMAND_LINE, now=datetime.now(UTC))
    return changes, found.empty + found.unclear, (found.holds, found.all)

"""`afterword contact`: hand out what is held about a person, or erase it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, USAGE, ConfigPath, configuration, fail, note, opened, run, say, told

if TYPE_CHECKING:
    from bot.config import Config
    from core.privacy.erase import Summary

app = typer.Typer(no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="The contact: your reference, an address, or the number in Afterword.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The zip to write. One that is there is not overwritten.")]
Language = Annotated[str, typer.Option(help="Of the letter in the zip; the contact's own, if nothing is said.")]
Yes = Annotated[bool, typer.Option("--yes", help="Erase without asking. Otherwise the number has to be typed.")]


@app.command()
def export(who: Who, out: Out, language: Language = "", config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Write everything that is held about one person into a zip: a JSON, the files, and a letter that explains it.

    Leaves a line in the audit.
    """
    settings = configuration(config)
    with told(), open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
        try:
            number = run(_export(settings, who, to, language))
        except BaseException:
            out.unlink()
            raise
    say(f"{out} has everything that is held about contact {number}. It is personal: send it in a way that you trust.")


@app.command()
def erase(who: Who, yes: Yes = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Erase one person: names, addresses, words, files and raw messages go, scores stay without a name.

    Says first how much there is. It cannot be undone. Leaves a line in the audit.
    """
    settings = configuration(config)
    number, summary = run(_look(settings, who))
    note(f"Contact {number}: {counted(summary)}.")
    if not yes and typer.prompt(f"This cannot be undone. Type {number} to erase them", err=True) != str(number):
        fail("nothing was erased", USAGE)
    run(_erase(settings, number))
    say(f"Contact {number} is erased, and stands in the ledger: restored from a backup, they are erased again.")


def counted(summary: Summary) -> str:
    """The numbers that say how much it is."""
    rows = summary.rows
    numbers = {
        "tickets": rows["tickets"],
        "of them open": summary.open_tickets,
        "responses": rows["responses"],
        "attachments": rows["attachments"],
        "messages": summary.messages,
        "deliveries": rows["deliveries"],
        "raw messages": rows["arrivals"],
    }
    return ", ".join(f"{name}: {count}" for name, count in numbers.items())


async def _export(config: Config, who: str, to: IO[bytes], language: str) -> int:
    from bot.privacy_letter import letter
    from bot.rendering import Templates
    from core import audit
    from core.privacy import export, person

    now = datetime.now(UTC)
    async with opened(config):
        contact = await person.find(who)
        words = letter(Templates.load(), language or contact.locale, site=config.site.name, now=now)
        await export.write(contact, to, letter=words, by=audit.COMMAND_LINE, now=now)
        return int(contact.id)


async def _look(config: Config, who: str) -> tuple[int, Summary]:
    from core.privacy import erase, person

    async with opened(config):
        contact = await person.find(who)
        return contact.id, await erase.summary(contact)


async def _erase(config: Config, number: int) -> None:
    from bot.commands import erasures
    from bot.config import secret_path
    from core import audit, directory
    from core.privacy import erase

    async with opened(config):
        ledger = erasures.ledger(config)
        if ledger is None:
            fail(f"{secret_path(config)} is not there. Run this where afterword serve runs, or set site.secret_key")
        contact = await directory.one(number)
        await erase.erase(contact, ledger=ledger, by=audit.COMMAND_LINE, now=datetime.now(UTC))

"""`afterword admin`: who may come in by the browser."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, USAGE, ConfigPath, configuration, fail, note, opened, run, say

if TYPE_CHECKING:
    from bot.config import Config

app = typer.Typer(no_args_is_help=True)

Email = Annotated[str, typer.Option(help="The address with which the person signs in.")]
Role = Annotated[str, typer.Option(help="admin, supervisor, agent or auditor.")]
Name = Annotated[str, typer.Option(help="How the person is called.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of making an address.")
]


@app.command()
def create(
    email: Email, role: Role, name: Name = "", password_stdin: FromInput = False, config: ConfigPath = DEFAULT_CONFIG
) -> None:
    """Make an account. Prints a one-time address, behind which the person chooses a password.

    At a terminal one may type the password instead.
    """
    settings = configuration(config)
    password = _password(password_stdin)
    code = run(_create(settings, email, role, name, password))
    if code:
        note(f"{email} chooses a password here. It works once, within seven days:")
        say(f"{settings.site.base_url}/setup/{code}")
    else:
        say(f"{email} can sign in: {settings.site.base_url}/admin/login")


@app.command("setup-code")
def setup_code(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Print a one-time address that makes an admin. It works for an hour; earlier ones open nothing any more."""
    settings = configuration(config)
    code = run(_setup_code(settings))
    note("Whoever opens this within an hour makes an admin's account. It works once:")
    say(f"{settings.site.base_url}/setup/{code}")


def _password(from_input: bool) -> str:
    if from_input:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            fail("there is no password on standard input", USAGE)
        return password
    if not sys.stdin.isatty():
        return ""
    hint = "Password (empty: make a one-time address)"
    return str(typer.prompt(hint, default="", hide_input=True, confirmation_prompt=True, show_default=False))


async def _create(config: Config, email: str, role: str, name: str, password: str) -> str:
    from core import audit
    from core.accounts import accounts, invitations, passwords

    now = datetime.now(UTC)
    if password:
        passwords.check(password, email=email, name=name, site=config.site.name)
    async with opened(config):
        if not password:
            return await invitations.to(email, role, name=name, by=audit.COMMAND_LINE, now=now)
        hashed = await passwords.hashed(password)
        await accounts.create(email, role, name=name, password_hash=hashed, by=audit.COMMAND_LINE, now=now)
        return ""


async def _setup_code(config: Config) -> str:
    from core.accounts import invitations

    async with opened(config):
        return await invitations.for_setup(now=datetime.now(UTC))

"""`afterword token`: who may call the API."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, ConfigPath, configuration, note, opened, run, say

if TYPE_CHECKING:
    from bot.config import Config
    from core.models.access import ApiToken

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Option(help="What it is for: you will know it by this name. Left out, one is made up.")]
Scope = Annotated[list[str], typer.Option(help="events:write, read or admin; may be given several times.")]


@app.command()
def create(scope: Scope, name: Name = "", config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Make a token and print it. It is shown this once and cannot be seen again."""
    settings = configuration(config)
    scopes = [one.strip() for given in scope for one in given.split(",") if one.strip()]
    made = run(_create(settings, name or f"{'+'.join(scopes)}-{secrets.token_hex(3)}", scopes))
    note("Keep it safe: it is not shown again. Use it as `Authorization: Bearer <token>`.")
    say(made)


@app.command("list")
def show(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """List the tokens: name, scopes, since when, last used. The tokens themselves are not kept."""
    tokens = run(_all(configuration(config)))
    if not tokens:
        note("There is no token yet. Make one: afterword token create --name NAME --scope SCOPE")
    width = max((len(token.name) for token in tokens), default=0)
    for token in tokens:
        say(f"{token.name:<{width}}  {_state(token):<10}  {', '.join(token.scopes)}")


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The token's name.")], config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Close a token for good, at once."""
    run(_revoke(configuration(config), name))
    say(f"{name} opens nothing any more.")


async def _create(config: Config, name: str, scopes: list[str]) -> str:
    from core import access

    async with opened(config):
        return await access.create(name, scopes, now=datetime.now(UTC))


async def _all(config: Config) -> list[ApiToken]:
    from core import access

    async with opened(config):
        return await access.every()


async def _revoke(config: Config, name: str) -> None:
    from core import access

    async with opened(config):
        await access.revoke(name, now=datetime.now(UTC))


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return "revoked"
    return f"{token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"

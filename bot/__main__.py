"""The command line: `afterword`, or `python -m bot`."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands import admin, apply, audit, check, contact, db, mail, serve, slack, survey, template, token, version

app = typer.Typer(
    name="afterword",
    help="Ask customers how it went, in the chat they already use; give every bad answer an owner and a deadline.",
    epilog="Try it: afterword demo. Run it: copy config.example.toml to config.toml, then afterword check and serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def about(
    version_only: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=version.and_leave, help="Say which version this is.")
    ] = False,
) -> None:
    """What may stand before the command."""


for commands in (serve, check, apply):
    app.add_typer(commands.app)
app.add_typer(admin.app, name="admin", help="Who may come in by the browser: create, setup-code.")
app.add_typer(audit.app, name="audit", help="The audit: verify.")
app.add_typer(contact.app, name="contact", help="One person's data: export, erase.")
app.add_typer(db.app, name="db", help="The store's tables: upgrade, status.")
app.add_typer(mail.app, name="mail", help="Mail: hand one in, addresses that get nothing more.")
app.add_typer(slack.app, name="slack", help="Slack: print the app manifest.")
app.add_typer(survey.app, name="survey", help="Surveys: send one by hand, try them on past tickets.")
app.add_typer(template.app, name="template", help="Own words: check them, have them translated.")
app.add_typer(token.app, name="token", help="Who may call the API: create, list, revoke.")
app.add_typer(version.app)


def main() -> None:
    """What the `afterword` command runs."""
    app(prog_name="afterword")


if __name__ == "__main__":
    main()

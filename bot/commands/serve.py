"""`afterword serve` and `afterword demo`: the whole product."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, ConfigPath, configuration, run, told

app = typer.Typer()


@app.command()
def serve(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Run everything: channels, survey pages, API and the work behind.

    Makes the store at the first start. SIGTERM and Ctrl-C finish what is in hand, then stop.
    """
    settings = configuration(config)
    from bot import first_start, logs
    from bot.app import serve as serve_until_stopped

    logs.set_up(settings.logs.format, settings.logs.level, settings.secrets())

    async def start() -> None:
        await first_start.make_store(settings)
        await serve_until_stopped(settings)

    run(start())


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1.")] = 8080,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew; what was played before is gone.")] = False,
) -> None:
    """Try it in the browser, with a small company to play in.

    You are the customer, the agent and the staff; no account and no network is needed.
    """
    from bot import demo as demonstration

    with told():
        demonstration.run(port, fresh=fresh)

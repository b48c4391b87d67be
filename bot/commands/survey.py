"""`afterword survey`: send one by hand, and see what the surveys would have done."""

from __future__ import annotations

import contextlib
import getpass
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, FAILED, ConfigPath, configuration, fail, note, opened, run, say

if TYPE_CHECKING:
    from bot.config import Config
    from core.models.invites import Decision, Invite
    from core.surveys.dry_run import DryRun

app = typer.Typer(no_args_is_help=True)

PATIENCE_SECONDS = 1.0
_WORDS = {
    "asked_today": "asked the same day",
    "asked_recently": "asked recently",
    "opted_out": "opted out",
    "no_address": "no usable address",
    "sampled_out": "outside the sample",
    "staff_or_test": "staff or test contact",
    "no_survey": "no survey is set up",
    "reopened": "reopened before it was due",
    "undeliverable": "undeliverable: it reached nobody",
    "condition.close_reason": "other close reason",
    "condition.closed_by": "closed by somebody else",
    "condition.replies": "too few replies",
    "condition.tier": "other customer tier",
    "sent": "asked",
    "postponed": "asked later",
}

TicketName = Annotated[str, typer.Argument(metavar="TICKET", help="Its number, id (tkt_17) or your own ref.")]
Reason = Annotated[str, typer.Option(help="Why it is sent; kept with the ticket.")]
By = Annotated[str, typer.Option(help="Who sends it; left out, it is your login name.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")]


@app.command()
def send(ticket: TicketName, reason: Reason, by: By = "", config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Ask a ticket's contact now, because somebody wants to know.

    Outside the budget, the sample and the delivery hours; but who wants no surveys is not asked. Ends with 1 then.
    """
    settings = configuration(config)
    number, decision, invite = run(_send(settings, ticket, reason, by or _login()))
    if invite is None:
        say(f"{number}: not sent: {_words(decision.reason)}")
        raise typer.Exit(FAILED)
    say(f"{number}: asked on {invite.address.channel}")
    note("It leaves at once if afterword serve runs, else when it starts.")


@app.command("dry-run")
def dry_run(days: Days = 30, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say what the surveys as they are now would have done.

    Decides again about every ticket resolved in the last days, in their order. Writes nothing and asks nobody.
    """
    settings = configuration(config)
    with _progress() as told:
        found = run(_replay(settings, timedelta(days=days), told))
    for line in _report(found, days):
        say(line)


async def _send(config: Config, name: str, reason: str, by: str) -> tuple[str, Decision, Invite | None]:
    from bot.config import link_secret, secret_path
    from core.desk import tickets
    from core.surveys import by_hand, tokens

    async with opened(config):
        ticket = await tickets.find(name)
        if config.site.secret_key is None and not secret_path(config).exists():
            # Made here, it would not be the one that serve makes its links with.
            fail(f"{secret_path(config)} is not there. Run this where afterword serve runs, or set site.secret_key")
        tokens.use(link_secret(config))
        decision, invite = await by_hand.send(ticket, reason=reason, by=by, now=datetime.now(UTC))
        return ticket.number, decision, invite


async def _replay(config: Config, span: timedelta, told: Callable[[int, int], None]) -> DryRun:
    from core.surveys import dry_run

    now = datetime.now(UTC)
    async with opened(config):
        return await dry_run.replay(now - span, now, told=told)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "afterword"


# ---------------------------------------------------------------- what is shown


def _report(found: DryRun, days: int) -> Iterator[str]:
    from core.surveys.dry_run import asked

    reasons = found.reasons
    yield f"Resolved in the last {_days(days)}: {_tickets(reasons.total())}."
    if not reasons:
        return
    yield _headline(found)
    yield ""
    surveys = [(key or "(none)", asked(one), one.total() - asked(one)) for key, one in found.surveys.items()]
    yield from _table(("survey", "asked", "not asked"), surveys)
    against = _against(reasons)
    if against:
        yield ""
        rows = [(_words(reason), count, ", ".join(found.examples[reason])) for reason, count in against]
        yield from _table(("why not", "tickets", "such as"), rows)


def _headline(found: DryRun) -> str:
    """412 would have been asked, 88 not: asked recently 60, opted out 10."""
    why = ", ".join(f"{_words(reason)} {count}" for reason, count in _against(found.reasons))
    later = found.reasons["postponed"]
    asked = f"{found.asked} would have been asked" + (f" ({later} of them later)" if later else "")
    return f"{asked}, {found.not_asked} not" + (f": {why}." if why else ".")


def _against(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    """Why some would not have been asked, the most frequent first."""
    found = [(reason, count) for reason, count in reasons.items() if reason not in ("sent", "postponed")]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> Iterator[str]:
    """Numbers stand to the right."""
    lines = [head, *rows]
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(head))]
    numbers = [isinstance(rows[0][column], int) for column in range(len(head))]
    for line in lines:
        cells = zip(line, widths, numbers, strict=True)
        yield "  ".join(f"{cell!s:{'>' if right else '<'}{width}}" for cell, width, right in cells).rstrip()


def _words(reason: str) -> str:
    kind, _, condition = reason.partition(".")
    return _WORDS.get(reason) or (f"other {condition}" if condition else kind.replace("_", " "))


def _days(count: int) -> str:
    return "day" if count == 1 else f"{count} days"


def _tickets(count: int) -> str:
    return "1 ticket" if count == 1 else f"{count} tickets"


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, at a terminal, once it takes longer than a moment."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    begun = time.monotonic()
    bar = Progress(console=console, transient=True)
    task = bar.add_task("Looking at the tickets", total=None)

    def told(done: int, of: int) -> None:
        if console.is_terminal and time.monotonic() - begun > PATIENCE_SECONDS:
            bar.start()  # again and again does no harm
        bar.update(task, completed=done, total=of)

    try:
        yield told
    finally:
        if bar.live.is_started:
            bar.stop()

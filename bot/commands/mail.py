"""`afterword mail`: hand in a mail, and the addresses that get nothing more."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.shared import DEFAULT_CONFIG, USAGE, ConfigPath, configuration, fail, note, opened, run, say

if TYPE_CHECKING:
    from bot.channels.email.settings import EmailSettings
    from bot.config import Config
    from core.models.contacts import Suppression
    from core.ports import Heard, RawArrival

app = typer.Typer(no_args_is_help=True)

NOT_TAKEN = 65
"""EX_DATAERR: a mail server sends it back."""
LATER = 75
"""EX_TEMPFAIL: a mail server keeps it and tries again."""

ChannelName = Annotated[str, typer.Option(help="The e-mail channel. Left out, the only one that is set up.")]
Recipient = Annotated[str, typer.Option(help="Whom it was sent to, if the mail itself does not say.")]
ForServer = Annotated[
    bool,
    typer.Option("--pipe", help="For a mail server's pipe: what is not the mail's own fault is tried again later."),
]
MailAddress = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mail address.")]


@app.command()
def receive(
    channel: ChannelName = "", to: Recipient = "", pipe: ForServer = False, config: ConfigPath = DEFAULT_CONFIG
) -> None:
    """Hand in one mail from standard input, as the listener would: afterword mail receive < message.eml.

    It is stored, and handled by the Afterword that runs, or at the next start. A mail that is known changes nothing.
    The end tells a mail server what to do, as sysexits.h has it: 0 it is ours now, 65 send it back, 75 try again later.
    """
    with _end(for_server=pipe):
        settings = configuration(config)
        name = _channel(settings, channel)
        account: EmailSettings = settings.channels[name]  # type: ignore[assignment]
        raw = sys.stdin.buffer.read(account.largest_mail + 1)
        if len(raw) > account.largest_mail:
            fail(f"the mail is larger than {account.largest_mail_mb} MB (largest_mail_mb)", NOT_TAKEN)
        if not raw.strip():
            fail("there is no mail on standard input", NOT_TAKEN)
        problem = run(_receive(settings, name, raw, to))
        if problem and not pipe:
            raise typer.Exit(NOT_TAKEN)


@app.command()
def suppressed(channel: ChannelName = "", config: ConfigPath = DEFAULT_CONFIG) -> None:
    """List the addresses that get nothing more: since when, why, and the other server's words."""
    rows = run(_listed(configuration(config), channel))
    if not rows:
        note("No address is suppressed.")
    width = max((len(row.address) for row in rows), default=0)
    for row in rows:
        why = f"{row.channel}  {row.reason.value}  {row.evidence}"
        say(f"{row.address:<{width}}  {row.created_at:%Y-%m-%d}  {why}".rstrip())


@app.command()
def suppress(address: MailAddress, channel: ChannelName = "", config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Send nothing more to an address, whoever's it is."""
    settings = configuration(config)
    name = _channel(settings, channel)
    run(_suppress(settings, name, _checked(address)))
    say(f"{address} gets nothing more from {name}.")


@app.command()
def unsuppress(address: MailAddress, channel: ChannelName = "", config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Send to an address again."""
    settings = configuration(config)
    name = _channel(settings, channel)
    if not run(_unsuppress(settings, name, address)):
        fail(f"{address} is neither suppressed nor unreachable on {name}")
    say(f"{address} can be reached on {name} again.")


def _channel(config: Config, wanted: str) -> str:
    names = [name for name, settings in config.channels.items() if settings.kind == "email"]
    if wanted in names:
        return wanted
    if wanted or not names:
        fail(f"there is no e-mail channel {wanted!r}" if wanted else "no e-mail channel is set up", USAGE)
    if len(names) > 1:
        fail(f"say which with --channel: {', '.join(names)}", USAGE)
    return names[0]


def _checked(address: str) -> str:
    from bot.channels.email.addresses import parse_address

    try:
        return parse_address(address).address
    except ValueError as error:
        fail(f"{address}: {error}", USAGE)


@contextlib.contextmanager
def _end(*, for_server: bool) -> Iterator[None]:
    """A mail server sends a mail back at any end but 0 and 75; only what is wrong with the mail is worth that."""
    try:
        yield
    except typer.Exit as end:
        if for_server and end.exit_code not in (0, NOT_TAKEN):
            raise typer.Exit(LATER) from None
        raise
    except Exception as error:
        if not for_server:
            raise
        fail(f"{type(error).__name__}: {error}", LATER)


async def _receive(config: Config, channel: str, raw: bytes, to: str) -> str:
    """Store it and say what becomes of it. Returns why it cannot be understood, and "" when it can."""
    from bot import channels
    from bot.channels.email.arriving import arrival
    from core.errors import SchemaOutdated, StoreInUse, StoreUnsafe
    from core.transactions import StoreUnavailable

    came = arrival(raw, recipients=(to,) if to else ())
    events: Sequence[Heard] = ()
    problem = ""
    try:
        reader = channels.build(channel, config.channels[channel], base_url=config.site.base_url)
        events = await reader.read(came.body)
    except ValueError as error:
        problem = str(error)
    try:
        is_new = await _stored(config, channel, came, problem)
    except (SchemaOutdated, StoreInUse, StoreUnsafe, StoreUnavailable, OSError) as error:
        fail(f"the mail is not stored: {error}", LATER)
    say(_became(events, problem, is_new=is_new))
    return problem


async def _stored(config: Config, channel: str, came: RawArrival, problem: str) -> bool:
    """False: it is known, and nothing changed."""
    from core import transactions
    from core.models.deliveries import Arrival
    from core.plumbing import arrivals

    key = arrivals.key_of(channel, came)
    async with opened(config):
        if await Arrival.exists(key=key):
            return False
        await transactions.run(lambda: arrivals.store(channel, [came], now=datetime.now(UTC)))
        if problem:
            await transactions.run(lambda: arrivals.quarantine(key, problem))
    return True


def _became(events: Sequence[Heard], problem: str, *, is_new: bool) -> str:
    if not is_new:
        return "Known already; nothing changes."
    if problem:
        return f"In quarantine: {problem}."
    if not events:
        return "Stored. No person wrote it, and it reports no failure, so nothing follows."
    return f"Stored. It is from {events[0].person.address}."


async def _listed(config: Config, channel: str) -> list[Suppression]:
    from core import suppressions

    async with opened(config):
        return await suppressions.listed(channel=channel)


async def _suppress(config: Config, channel: str, address: str) -> None:
    from core import suppressions
    from core.models.contacts import SuppressionReason

    async with opened(config):
        await suppressions.suppress(channel, address, reason=SuppressionReason.MANUAL, now=datetime.now(UTC))


async def _unsuppress(config: Config, channel: str, address: str) -> bool:
    from core import suppressions

    async with opened(config):
        return await suppressions.unsuppress(channel, address)

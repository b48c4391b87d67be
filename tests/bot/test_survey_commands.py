"""`afterword survey`, run as people run it, on a store in which something has happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from core import contacts
from core import store as stores
from core.desk import intake, tickets
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import TicketEntry
from core.models.invites import Invite
from core.surveys import tokens
from tests.bot.test_command_line import CONFIG, Terminal

T = TypeVar("T")
SETUP = """
[[surveys]]
key = "default"
delay = "0s"
window = "always"
conditions = { types = ["inquiry", "complaint"] }
[[surveys]]
key = "ideas"
sample = 0
conditions = { types = ["suggestion"] }
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An installation that has run: a store, a secret, two surveys."""
    terminal = Terminal(tmp_path)
    terminal.write("config.toml", CONFIG)
    terminal.write("setup.toml", SETUP)
    terminal.afterword("apply", "setup.toml")
    terminal.write("data/secret.key", "k" * 40)
    return terminal


def within(terminal: Terminal, work: Callable[[], Awaitable[T]]) -> T:
    """What another process does with the store in between."""

    async def run() -> T:
        tokens.use(b"k" * 40)
        store = await stores.open_store(f"sqlite://{terminal.directory}/data/afterword.db")
        try:
            return await work()
        finally:
            await store.close()

    return asyncio.run(run())


async def resolved(ref: str, contact: str, *, days_ago: float, kind: str = "inquiry", reached: bool = True) -> str:
    ticket = intake.TicketFacts(ref=ref, subject="Router & <cable>", type=kind)
    addresses = (intake.AddressFacts("webchat", contact),) if reached else ()
    person = intake.ContactFacts(ref=contact, name="Ann <3", timezone="Europe/Berlin", addresses=addresses)
    walk = await intake.ticket_resolved(ticket, person, now=datetime.now(UTC) - timedelta(days=days_ago))
    return walk.ticket.number


# ---------------------------------------------------------------- dry-run


def test_a_dry_run_says_in_one_line_and_in_two_tables_what_would_have_been(terminal: Terminal) -> None:
    async def month() -> list[str]:
        numbers = [await resolved("T-1", "c-1", days_ago=20), await resolved("T-2", "c-2", days_ago=19)]
        await contacts.opt_out(await Contact.get(ref="c-2"), now=datetime.now(UTC) - timedelta(days=18))
        numbers += [await resolved("T-3", "c-1", days_ago=17), await resolved("T-4", "c-1", days_ago=16)]
        numbers += [await resolved("T-5", "c-2", days_ago=15), await resolved("T-6", "c-3", days_ago=14, reached=False)]
        numbers += [await resolved("T-7", "c-4", days_ago=13, kind="suggestion")]
        numbers += [await resolved("T-8", "c-4", days_ago=12, kind="complaint")]
        return [*numbers, await resolved("T-9", "c-5", days_ago=11, kind="technical_support")]

    n = dict(enumerate(within(terminal, month), 1))

    said = terminal.afterword("survey", "dry-run")

    assert said.stdout.splitlines() == [
        "Resolved in the last 30 days: 9 tickets.",
        (
            "3 would have been asked, 6 not: asked recently 2, other type 1, no usable address 1, opted out 1, "
            "outside the sample 1."
        ),
        "",
        "survey   asked  not asked",
        "default      3          4",
        "ideas        0          2",
        "",
        "why not             tickets  such as",
        f"asked recently            2  {n[3]}, {n[4]}",
        f"other type                1  {n[9]}",
        f"no usable address         1  {n[6]}",
        f"opted out                 1  {n[5]}",
        f"outside the sample        1  {n[7]}",
    ]
    assert said.stderr == ""  # no bar where nobody looks
    assert "\x1b" not in said.stdout


def test_a_dry_run_follows_the_surveys_as_they_are_now_and_writes_nothing(terminal: Terminal) -> None:
    async def both() -> None:
        await resolved("T-1", "c-1", days_ago=3)
        await resolved("T-2", "c-1", days_ago=2)

    within(terminal, both)
    assert "1 would have been asked, 1 not: asked recently 1." in terminal.afterword("survey", "dry-run").stdout
    terminal.write("setup.toml", SETUP.replace('"0s"', '"0s"\nbudget = "none"'))
    terminal.afterword("apply", "setup.toml")

    assert "2 would have been asked, 0 not.\n" in terminal.afterword("survey", "dry-run", "--days", "7").stdout
    assert "Resolved in the last day: 0 tickets." in terminal.afterword("survey", "dry-run", "--days", "1").stdout
    assert within(terminal, lambda: Invite.all().count()) == 1


def test_a_dry_run_of_no_days_is_refused(terminal: Terminal) -> None:
    assert "--days" in terminal.afterword("survey", "dry-run", "--days", "0", expect=2).stderr


# ---------------------------------------------------------------- send


def test_a_survey_is_sent_by_hand_and_the_history_tells_who_and_why(terminal: Terminal) -> None:
    number = within(terminal, lambda: resolved("T-1", "c-1", days_ago=2, kind="technical_support"))

    said = terminal.afterword("survey", "send", "T-1", "--reason", "A pilot customer", "--by", "Kim")

    assert said.stdout == f"{number}: asked on webchat\n"
    assert "serve" in said.stderr
    invite, delivery, line = within(terminal, found)
    assert (invite.purpose, delivery.kind, delivery.channel) == ("manual", "invite", "webchat")
    assert (line.actor, line.values) == ("Kim", {"name": "Kim", "reason": "A pilot customer"})
    assert invite.token_hash == tokens.hash_of(tokens.token_for(invite.key))  # serve's own links open it
    again = terminal.afterword("survey", "send", number, "--reason", "Once more", expect=1)
    assert again.stderr == (
        f"afterword: {number} is asked about already; once it was reopened, it can be asked about again\n"
    )


def test_who_cannot_be_asked_is_not_asked_and_it_says_why(terminal: Terminal) -> None:
    number = within(terminal, lambda: resolved("T-1", "c-1", days_ago=2, reached=False))
    said = terminal.afterword("survey", "send", "T-1", "--reason", "A pilot customer", expect=1)
    assert said.stdout == f"{number}: not sent: no usable address\n"


def test_what_is_missing_to_send_one_is_told(terminal: Terminal) -> None:
    within(terminal, lambda: resolved("T-1", "c-1", days_ago=2, kind="technical_support"))

    assert "there is no ticket 'T-2'" in terminal.afterword("survey", "send", "T-2", "--reason", "x", expect=1).stderr
    assert "--reason" in terminal.afterword("survey", "send", "T-1", expect=2).stderr
    assert "say why" in terminal.afterword("survey", "send", "T-1", "--reason", " ", expect=2).stderr
    (terminal.directory / "data" / "secret.key").unlink()
    lost = terminal.afterword("survey", "send", "T-1", "--reason", "x", expect=1).stderr
    assert lost.startswith("afterword: data/secret.key is not there. Run this where afterword serve runs")
    assert within(terminal, lambda: Invite.all().count()) == 0


@pytest.mark.parametrize("command", ["send", "dry-run"])
def test_each_command_explains_itself(terminal: Terminal, command: str) -> None:
    said = terminal.afterword("survey", command, "--help").stdout
    assert said.startswith(f"Usage: afterword survey {command} [OPTIONS]")
    assert "--config" in said


async def found() -> tuple[Invite, Delivery, TicketEntry]:
    ticket = await tickets.find("T-1")
    invite = await Invite.get(ticket_id=ticket.id)
    delivery = await Delivery.get(subject_id=invite.id)
    return invite, delivery, await TicketEntry.filter(label="history.sent_by_hand").get()

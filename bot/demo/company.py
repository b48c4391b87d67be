"""The sample company: its set-up, its customers, and what they wanted. Data that ships, read and checked."""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from core import contacts, setup
from core.contacts import AddressFacts, ContactFacts
from core.models.contacts import Contact

NAME = "Kestrel Coffee"
CHAT, INBOX = "webchat", "inbox"
PLAYED = {"ann": "kim", "lina": "liwei"}
"""The customers whom one can play, and who works their tickets."""

DOMAIN = "kestrel.example"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Customer(_Data):
    key: str
    name: str
    locale: str
    tier: str = ""
    wants_no_surveys: bool = False


class Answer(_Data):
    scores: tuple[int, int, int, int]
    comment: str = ""
    reasons: tuple[str, ...] = ()
    ended: str = ""
    again: int = 0


class Request(_Data):
    days: int
    hour: float
    customer: str
    team: str
    agent: str
    type: str
    subject: str
    words: str
    result: str = ""
    answer: Answer | None = None


class Sample(_Data):
    customers: tuple[Customer, ...]
    past: tuple[Request, ...]
    open: tuple[Request, ...]


@cache
def sample() -> Sample:
    return Sample.model_validate(tomllib.loads(_text("requests.toml")))


async def set_up(*, now: datetime) -> None:
    """Teams, staff and survey, by the same door as `afterword apply`."""
    await setup.apply(setup.parse(_text("company.toml")), now=now, channels={CHAT, INBOX})


async def welcome(customer: Customer, zone: str, *, now: datetime) -> Contact:
    """Make the customer a contact who is known in the web chat.

    A machine that runs in UTC, as servers and containers do, says nothing of where whoever looks at it is.
    """
    facts = ContactFacts(
        ref=customer.key,
        name=customer.name,
        locale=customer.locale,
        timezone="" if zone == "UTC" else zone,
        tier=customer.tier,
        addresses=(AddressFacts(CHAT, customer.key),),
    )
    contact = await contacts.learn(facts, now=now)
    if customer.wants_no_surveys:
        await contacts.opt_out(contact, now=now)
    return contact


def staff_key(name: str) -> str:
    return f"{name}@{DOMAIN}"


def _text(name: str) -> str:
    return (files("bot.demo") / name).read_text("utf-8")

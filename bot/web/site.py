"""What the web needs of the product around it; `bot/app.py` fills it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from fastapi import Depends, Request

from bot.rendering import Templates
from bot.site import Site as Place
from bot.web.identity_provider import IdentityProvider
from bot.web.rates import Rates
from core.plumbing.grouping import Together
from core.ports import Channel, RawArrival
from core.privacy.ledger import Ledger

Network = IPv4Network | IPv6Network
Take = Callable[[str, Sequence[RawArrival]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Site:
    """One installation, seen from its web pages.

    `take` returns when the arrivals of a channel are committed. `secret` signs what we hand out and read back (at least
    32 bytes). `is_working` says whether the job engine runs, `deaf` by which channels nothing comes in and why,
    `schema_is_current` whether the store fits this program.
    `check_webhook` says, as a label, why an address may not be called; "" when it may.
    Only peers in `trusted_proxies` may say on whose behalf they call.
    """

    base_url: str
    clock: Callable[[], datetime]
    channels: Mapping[str, Channel]
    take: Take
    templates: Templates
    secret: bytes = field(repr=False)
    erasures: Ledger
    is_working: Callable[[], bool]
    deaf: Callable[[], Awaitable[Mapping[str, str]]]
    schema_is_current: Callable[[], Awaitable[bool]]
    name: str = "Afterword"
    timezone: str = "UTC"
    trusted_proxies: tuple[Network, ...] = ()
    metrics_token: str = field(default="", repr=False)
    check_webhook: Callable[[str], str] = lambda url: ""
    rates: Rates = field(default_factory=Rates)
    providers: Mapping[str, IdentityProvider] = field(default_factory=dict)
    together: Together = field(default_factory=Together)

    def place(self, timezone: str = "") -> Place:
        """What the drawings of messages need to know, with a reader's own time zone where it is known."""
        kinds = {name: channel.kind for name, channel in self.channels.items()}
        return Place(self.name, self.base_url, self.templates, timezone=timezone or self.timezone, channels=kinds)

    @property
    def secure(self) -> bool:
        """Whether people come by https: as the address that we hand out says, not a header."""
        return self.base_url.startswith("https://")


def networks(ranges: Sequence[str]) -> tuple[Network, ...]:
    """Read `site.trusted_proxies`; raises ValueError for what is not an address or a range."""
    return tuple(ip_network(one, strict=False) for one in ranges)


async def of(request: Request) -> Site:
    """Asynchronous although it waits for nothing: FastAPI would call a plain function in a thread."""
    site: Site = request.app.state.site
    return site


Here = Annotated[Site, Depends(of)]

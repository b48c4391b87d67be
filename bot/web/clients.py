"""Who is calling: the peer, or whom a trusted proxy speaks for."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import HTTPConnection

from bot.web.errors import TooMany
from bot.web.rates import Bucket
from bot.web.site import Network, Site

Address = IPv4Address | IPv6Address
_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip")


def caller(connection: HTTPConnection, site: Site) -> str:
    """What this caller is counted under: an IPv4 address, or the /64 that one IPv6 household has.

    "" is somebody on this machine who speaks for nobody else; such callers are not counted, for they would all share
    one bucket behind a proxy that forwards no addresses.
    """
    address = _address(connection, site.trusted_proxies)
    if address is None:
        return "unknown"
    if address.is_loopback:
        return ""
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def count_guess(connection: HTTPConnection, site: Site, bucket: Bucket, about: str = "") -> None:
    """One more guess at a secret by this caller, or at what it is `about`; this machine is counted too, for nobody
    guesses for others. Raises TooMany.
    """
    who = caller(connection, site) or "this machine"
    if wait := bucket.wait(f"{who} {about}" if about else who):
        raise TooMany(wait)


def count_password(connection: HTTPConnection, site: Site, email: str) -> None:
    """One more guess at somebody's password, typed anywhere. Raises TooMany: five a minute for one address by one
    caller, twenty by one caller in all.
    """
    count_guess(connection, site, site.rates.sign_in_caller)
    count_guess(connection, site, site.rates.sign_in, email.strip().lower() or "nobody")


def is_this_machine(connection: HTTPConnection) -> bool:
    """A direct call from loopback; one that a proxy passed on is not."""
    peer = _read(connection.client.host) if connection.client else None
    return peer is not None and peer.is_loopback and not any(name in connection.headers for name in _FORWARDING)


def _address(connection: HTTPConnection, trusted: Sequence[Network]) -> Address | None:
    address = _read(connection.client.host) if connection.client else None
    hops = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
    while address is not None and hops and any(address in network for network in trusted):
        before = _read(hops.pop())
        if before is None:
            break
        address = before
    return address


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address

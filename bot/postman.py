"""Calls webhooks: over https, to public addresses alone, without redirects, and never for long (SEC-30 to SEC-33)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver

from core import transactions
from core.failpoints import fp
from core.reactions import webhooks
from core.reactions.webhooks import Request, Vault

logger = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
AT_ONCE = 4
"""So many calls of one endpoint are under way at a time."""
SECONDS = 10
PORTS = frozenset({443, 8443})
MOST_HEADERS = 16 * 1024
LONGEST_WAIT = timedelta(hours=24)

_CLOSED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers, and Alibaba's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo and others of its kind
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)


class NotPublic(OSError):
    """An address that is not out on the internet."""


class Guard:
    """What may be called. `internal` are networks that were opened on purpose: there, any port and http will do."""

    def __init__(self, internal: Sequence[str] = ()) -> None:
        self._internal = tuple(ipaddress.ip_network(one, strict=False) for one in internal)

    def problem(self, url: str) -> str:
        """Why this address cannot be that of a webhook, as a label; "" when it can. Names are looked up when called."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return "admin.webhooks.not_an_address"
        host = parts.hostname or ""
        if parts.scheme not in {"https", "http"} or not host or any(ord(one) <= 32 for one in url):
            return "admin.webhooks.not_an_address"
        if parts.username is not None or parts.password is not None or parts.fragment:
            return "admin.webhooks.no_user"
        literal = _literal(host)
        is_internal = literal is not None and self._is_internal(literal)
        if is_internal or (literal is None and self._internal):
            return ""
        if parts.scheme != "https" or (port or 443) not in PORTS:
            return "admin.webhooks.not_https"
        return "admin.webhooks.not_public" if literal is not None and _is_closed(literal) else ""

    def check(self, url: str, address: str, port: int) -> None:
        """Raises NotPublic unless this very address may be connected to. It is the last thing before the connection."""
        found = ipaddress.ip_address(address.partition("%")[0])
        if self._is_internal(found):
            return
        if _is_closed(found):
            raise NotPublic("not a public address")
        if not url.startswith("https://") or port not in PORTS:
            raise NotPublic("only https on port 443 or 8443 may be called")

    def _is_internal(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._internal if network.version == address.version)


def _is_closed(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in _CLOSED if network.version == address.version) or (
        not address.is_global
    )


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in whatever spelling a resolver understands: "127.1", "0x7f000001", "2130706433"."""
    plain = unicodedata.normalize("NFKC", host)
    for read in (ipaddress.ip_address, lambda one: ipaddress.ip_address(socket.inet_ntoa(socket.inet_aton(one)))):
        try:
            return read(plain.partition("%")[0].rstrip("."))
        except (ValueError, OSError, UnicodeError):
            continue
    return ipaddress.ip_address("127.0.0.1") if plain.rstrip(".").lower().endswith("localhost") else None


class Postman:
    """One per process. Whoever is woken for an endpoint sends all that is due there."""

    def __init__(
        self,
        vault: Vault,
        guard: Guard,
        clock: Callable[[], datetime],
        *,
        seconds: float = SECONDS,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._vault = vault
        self._timeout = ClientTimeout(total=seconds, sock_connect=seconds, sock_read=seconds)
        self._resolver = resolver
        self._guard = guard
        self._clock = clock
        self._running: dict[int, set[asyncio.Task[None]]] = {}
        self._woken: set[int] = set()

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        return {task for tasks in self._running.values() for task in tasks}

    async def look(self, call_id: int) -> None:
        """A job woke us. The call is made in a task of its own: a slow endpoint keeps no other job waiting."""
        endpoint = await webhooks.look(call_id, now=self._clock())
        if endpoint is None:
            return
        self._woken.add(endpoint)
        running = self._running.setdefault(endpoint, set())
        if len(running) < AT_ONCE:
            task = asyncio.create_task(self._run(endpoint))
            running.add(task)
            task.add_done_callback(running.discard)

    async def _run(self, endpoint: int) -> None:
        """Whatever goes wrong here, a job looks at the call again when its lease is over."""
        try:
            while endpoint in self._woken:
                self._woken.discard(endpoint)
                while request := await webhooks.take(endpoint, self._vault, now=self._clock()):
                    fp("call.taken")
                    await self.send(request)
                    fp("call.marked")
        except transactions.StoreUnavailable:
            logger.warning("The store is away; calls of webhooks wait until it is back")
        except Exception:
            logger.exception("A bug kept webhook %s from being called", endpoint)

    async def send(self, request: Request) -> None:
        """One try, and what came of it is written down."""
        row = request.call
        try:
            status, after = await self._post(request)
            fp("call.sent")
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            problem = _told(error)
            logger.warning("Webhook call %s failed: %s", row.message, problem)
            await webhooks.failed(row, problem, now=self._clock())
        else:
            if not 200 <= status < 300:
                logger.warning("Webhook call %s was answered with HTTP %s", row.message, status)
            await webhooks.answered(row, status, after=after, now=self._clock())

    async def _post(self, request: Request) -> tuple[int, timedelta | None]:
        """The status, and how long we are asked to wait. Nothing of the answer's body is read or kept."""
        connector = TCPConnector(socket_factory=self._sockets(request.url), force_close=True, resolver=self._resolver)
        async with (
            ClientSession(
                connector=connector,
                cookie_jar=DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                max_field_size=MOST_HEADERS,
                max_line_size=MOST_HEADERS,
                timeout=self._timeout,
            ) as session,
            session.post(
                request.url, data=request.body, headers=dict(request.headers), allow_redirects=False
            ) as answer,
        ):
            return answer.status, _wait(answer.headers.get("retry-after", ""))

    def _sockets(self, url: str) -> Callable[[AddrInfoType], socket.socket]:
        def make(info: AddrInfoType) -> socket.socket:
            family, kind, protocol, _, address = info
            self._guard.check(url, str(address[0]), int(address[1]))
            made = socket.socket(family, kind, protocol)
            made.setblocking(False)
            return made

        return make


def _wait(told: str) -> timedelta | None:
    return (
        min(timedelta(seconds=int(told)), LONGEST_WAIT) if told.isascii() and told.isdigit() and len(told) < 9 else None
    )


def _told(error: BaseException) -> str:
    """What people need to know of it; never the address, which may hold a secret."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, NotPublic) or "not a public address" in str(chain) or "may be called" in str(chain):
            return "refused: " + (
                "not a public address" if "public" in str(chain) else "only https on port 443 or 8443"
            )
        chain = chain.__cause__ or chain.__context__
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"no proper answer: {type(error).__name__}"

"""A name server on loopback: its `records` are all that the domain has; it can also be silent.

async with Dns({("example.org", "TXT"): ['"v=spf1 -all"']}) as server:
    ...  # dns_server = server.address
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class Dns(asyncio.DatagramProtocol):
    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]] | None = None) -> None:
        self.records = dict(records or {})
        self.silent = False
        self.refuses = False
        self._transport: Any = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._transport.close()

    @property
    def address(self) -> str:
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.silent:
            return
        query = dns.message.from_wire(data)
        [question] = query.question
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        if self.refuses:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)

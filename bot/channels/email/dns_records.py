"""What the DNS says about mail from our domain, for `afterword check`: big mailbox providers want all three."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, NoResolverConfiguration

from bot.channels.email.settings import EmailSettings, host_and_port
from core.ports import Finding

_SECONDS = 4.0
_RESERVED = re.compile(r"(.*\.)?(example(\.(com|net|org))?|test|invalid|localhost|local|internal)", re.IGNORECASE)


class UnknownError(Exception):
    """The DNS gave no answer, so nothing is known."""


async def findings(settings: EmailSettings) -> Sequence[Finding]:
    """Nothing about a domain that is reserved for examples, unless `dns_server` knows it."""
    domain = settings.sender.domain
    bounces = settings.replies.base.domain if settings.replies else domain
    if not settings.dns_server and _RESERVED.fullmatch(domain):
        return ()
    try:
        resolver = _resolver(settings)
        return (
            _spf(bounces, await _texts(resolver, bounces)),
            await _dkim(resolver, domain, settings.dkim_selector),
            await _dmarc(resolver, domain),
            *([await _reachable(resolver, bounces)] if settings.replies else ()),
            Finding(True, "whether the relay signs List-Unsubscribe-Post too, only a mail can tell: look at h= in it"),
        )
    except UnknownError as unknown:
        return (Finding(False, str(unknown), "check this machine's resolver, or name one in dns_server"),)


def _spf(domain: str, texts: Sequence[str]) -> Finding:
    records = [one for one in texts if one.lower().split(" ")[0] == "v=spf1"]
    if not records:
        add = f'add a TXT record to {domain}: "v=spf1 include:<your relay\'s> ~all"; its help says what to include'
        return Finding(False, f"SPF: {domain} does not say which servers may send its mail", add)
    if len(records) > 1:
        return Finding(
            False, f"SPF: {domain} has {len(records)} records, so none counts", "join them into one TXT record"
        )
    ending = next((word for word in records[0].lower().split() if word.endswith("all")), "")
    if ending in ("all", "+all"):
        return Finding(False, f"SPF: {domain} lets everybody send its mail", 'end the record with "~all" or "-all"')
    return Finding(True, f"SPF: {domain} says which servers may send its mail")


async def _dkim(resolver: Resolver, domain: str, selector: str) -> Finding:
    if not selector:
        return Finding(True, "DKIM: set dkim_selector to have the key looked at; the DNS cannot be asked without it")
    name = f"{selector}._domainkey.{domain}"
    record = next((one for one in await _texts(resolver, name) if "p=" in one), "")
    if not record:
        return Finding(
            False, f"DKIM: there is no key at {name}", "your relay shows the record to add; or is dkim_selector wrong?"
        )
    if not re.search(r"(^|;)\s*p=\s*[A-Za-z0-9+/=]", record):
        return Finding(
            False, f"DKIM: the key at {name} was withdrawn (p= is empty)", "publish the present key of your relay"
        )
    return Finding(True, f"DKIM: there is a key at {name}")


async def _dmarc(resolver: Resolver, domain: str) -> Finding:
    """That of the domain itself, or of one above it."""
    labels = domain.split(".")
    for at in range(max(1, len(labels) - 1)):
        name = f"_dmarc.{'.'.join(labels[at:])}"
        records = [one for one in await _texts(resolver, name) if one.lower().replace(" ", "").startswith("v=dmarc1")]
        if len(records) > 1:
            return Finding(False, f"DMARC: {name} has {len(records)} records, so none counts", "keep one of them")
        if records:
            policy = re.search(r";\s*p\s*=\s*(none|quarantine|reject)\b", records[0], re.IGNORECASE)
            if policy is None:
                return Finding(
                    False, f"DMARC: the record at {name} has no policy", "write p=none, p=quarantine or p=reject"
                )
            return Finding(True, f"DMARC: {name} says p={policy[1].lower()}")
    add = f'add a TXT record to _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:<where reports go>"'
    return Finding(False, f"DMARC: {domain} has no record", add)


async def _reachable(resolver: Resolver, domain: str) -> Finding:
    for kind in ("MX", "A", "AAAA"):
        if await _answers(resolver, domain, kind):
            return Finding(True, f"answers and bounces find a mail server for {domain}")
    return Finding(False, f"{domain} has no mail server, so nobody can answer", f"add an MX record to {domain}")


async def _texts(resolver: Resolver, name: str) -> list[str]:
    """Long records come in pieces that belong together."""
    answers = await _answers(resolver, name, "TXT")
    return [b"".join(one.strings).decode("utf-8", "replace") for one in answers]  # type: ignore[attr-defined]


async def _answers(resolver: Resolver, name: str, kind: str) -> list[object]:
    try:
        return list(await resolver.resolve(name, kind))
    except (NXDOMAIN, NoAnswer):
        return []
    except (DNSException, OSError) as error:
        raise UnknownError(f"the DNS gave no answer about {name} ({type(error).__name__})") from error


def _resolver(settings: EmailSettings) -> Resolver:
    try:
        resolver = Resolver(configure=not settings.dns_server)
    except NoResolverConfiguration as error:
        raise UnknownError("this machine knows no name server") from error
    if settings.dns_server:
        host, port = host_and_port(settings.dns_server)
        resolver.nameservers = [host]
        resolver.port = port
    resolver.lifetime = _SECONDS
    return resolver

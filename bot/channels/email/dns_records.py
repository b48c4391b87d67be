"""What the DNS says about mail from our domain, for `afterword check`: big mailbox providers want all three."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, NoNameservers, NoResolverConfiguration

from bot.channels.email.settings import EmailSettings, host_and_port
from core.ports import Finding

_SECONDS = 4.0
INSPECT = "Send yourself a question, save it from your mailbox, then: afterword mail inspect < question.eml"
_RESERVED = re.compile(r"(.*\.)?(example(\.(com|net|org))?|test|invalid|localhost|local|internal)", re.IGNORECASE)


class UnknownError(Exception):
    """The DNS gave no answer, so nothing is known."""


async def findings(settings: EmailSettings) -> Sequence[Finding]:
    """What can be known of the three without a mail; what cannot is said, with the way to look oneself."""
    domain = settings.sender.domain
    bounces = settings.replies.base.domain if settings.replies else domain
    if not settings.dns_server and _RESERVED.fullmatch(domain):
        what = f"SPF, DKIM and DMARC: {domain} is a name for examples, which the DNS does not know"
        return (Finding.unseen(what, "Set `from` to an address of your own domain"),)
    try:
        resolver = resolver_for(settings)
        return (
            _spf(bounces, await _texts(resolver, bounces)),
            await _dkim(resolver, domain, settings.dkim_selector),
            await _dmarc(resolver, domain),
            *([await _reachable(resolver, bounces)] if settings.replies else ()),
            Finding.unseen("what the relay signs: only a mail that arrived shows it", INSPECT),
        )
    except UnknownError as unknown:
        return (Finding.unseen(f"SPF, DKIM and DMARC: {unknown}", _by_hand(settings, bounces)),)


def _by_hand(settings: EmailSettings, bounces: str) -> str:
    domain = settings.sender.domain
    names = [bounces, f"_dmarc.{domain}"]
    if settings.dkim_selector:
        names.insert(1, f"{settings.dkim_selector}._domainkey.{domain}")
    asked = "; ".join(f"dig TXT {name}" for name in names)
    return f"Look yourself: {asked}. Or name a name server that answers in dns_server"


def _spf(domain: str, texts: Sequence[str]) -> Finding:
    records = [one for one in texts if one.lower().split(" ")[0] == "v=spf1"]
    if not records:
        add = f'Add a TXT record to {domain}: "v=spf1 include:<your relay\'s> ~all"; its help says what to include'
        return Finding.problem(f"SPF: {domain} does not say which servers may send its mail", add)
    if len(records) > 1:
        what = f"SPF: {domain} has {len(records)} records, so none counts"
        return Finding.problem(what, "Join them into one TXT record")
    ending = next((word for word in records[0].lower().split() if word.endswith("all")), "")
    if ending in ("all", "+all"):
        return Finding.problem(f"SPF: {domain} lets everybody send its mail", 'End the record with "~all" or "-all"')
    return Finding.good(f"SPF: {domain} says which servers may send its mail")


async def _dkim(resolver: Resolver, domain: str, selector: str) -> Finding:
    if not selector:
        what = "DKIM: the DNS can be asked for a key only by its selector, and dkim_selector is not set"
        return Finding.unseen(
            what, "Set it to what stands after s= in the DKIM-Signature of a mail that your relay sent"
        )
    return await key(resolver, domain, selector)


async def key(resolver: Resolver, domain: str, selector: str) -> Finding:
    """Whether those who get a mail find what its signature is checked with. Raises UnknownError."""
    name = f"{selector}._domainkey.{domain}"
    record = next((one for one in await _texts(resolver, name) if "p=" in one), "")
    if not record:
        what = f"DKIM: there is no key at {name}"
        return Finding.problem(what, "Your relay shows the record to add; or is dkim_selector wrong?")
    if not re.search(r"(^|;)\s*p=\s*[A-Za-z0-9+/=]", record):
        what = f"DKIM: the key at {name} was withdrawn (p= is empty)"
        return Finding.problem(what, "Publish the present key of your relay")
    return Finding.good(f"DKIM: there is a key at {name}")


async def _dmarc(resolver: Resolver, domain: str) -> Finding:
    """That of the domain itself, or of one above it."""
    labels = domain.split(".")
    for at in range(max(1, len(labels) - 1)):
        name = f"_dmarc.{'.'.join(labels[at:])}"
        records = [one for one in await _texts(resolver, name) if one.lower().replace(" ", "").startswith("v=dmarc1")]
        if len(records) > 1:
            return Finding.problem(f"DMARC: {name} has {len(records)} records, so none counts", "Keep one of them")
        if records:
            policy = re.search(r";\s*p\s*=\s*(none|quarantine|reject)\b", records[0], re.IGNORECASE)
            if policy is None:
                what = f"DMARC: the record at {name} has no policy"
                return Finding.problem(what, "Write p=none, p=quarantine or p=reject")
            return Finding.good(f"DMARC: {name} says p={policy[1].lower()}")
    add = f'Add a TXT record to _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:<where reports go>"'
    return Finding.problem(f"DMARC: {domain} has no record", add)


async def _reachable(resolver: Resolver, domain: str) -> Finding:
    for kind in ("MX", "A", "AAAA"):
        if await _answers(resolver, domain, kind):
            return Finding.good(f"answers and bounces find a mail server for {domain}")
    return Finding.problem(f"{domain} has no mail server, so nobody can answer", f"Add an MX record to {domain}")


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
        raise UnknownError(f"{_why(error)} when asked about {name}") from error


def _why(error: Exception) -> str:
    if isinstance(error, LifetimeTimeout):
        return f"the name server gave no answer in {_SECONDS:.0f} seconds"
    if isinstance(error, NoNameservers):
        return "the name server failed"
    return "the name server could not be reached"


def resolver_for(settings: EmailSettings) -> Resolver:
    """The name server of `dns_server`, or else what this machine uses. Raises UnknownError where it has none."""
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

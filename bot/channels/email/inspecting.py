"""What only a mail that arrived can tell: who signed it, and over which headers. For `afterword mail inspect`.

Mailbox providers offer one-click unsubscribing only if DKIM covers both headers of RFC 8058, and most signers' default
lists leave the second one out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.utils import parseaddr

from bot.channels.email import dns_records, mime
from bot.channels.email.addresses import parse_address
from bot.channels.email.mime import Headers
from bot.channels.email.settings import EmailSettings
from core.ports import Finding
from core.text import clean_line

_MUST_BE_SIGNED = ("from", "list-unsubscribe", "list-unsubscribe-post")
_ONE_CLICK = "list-unsubscribe=one-click"
_JUDGED = ("spf", "dkim", "dmarc")
_SIGN = "Have your relay sign (DKIM) for {domain}; its help says how, and which record to add to the DNS"
_COVER = "Add {names} to the headers that your relay signs (OpenDKIM: SignHeaders; Rspamd: sign_headers)"


async def findings(settings: EmailSettings, raw: bytes) -> Sequence[Finding]:
    """Raises ValueError for what is no mail."""
    headers = mime.parse(raw).headers
    domain = _domain(headers)
    if domain != settings.sender.domain:
        what = f"this mail is from {domain or 'nobody'}, not from {settings.sender.address}"
        return (Finding.problem(what, "Take a question that Afterword sent, as it came: “Show original” or “Save as”"),)
    return (_unsubscribing(headers), *await _signatures(settings, headers), _judgement(headers))


def _domain(headers: Headers) -> str:
    try:
        return parse_address(parseaddr(headers.first("from"))[1]).domain.lower()
    except ValueError:
        return ""


def _unsubscribing(headers: Headers) -> Finding:
    link, how = headers.first("list-unsubscribe"), headers.first("list-unsubscribe-post")
    if not link and not how:
        what = "this mail offers no unsubscribing: either it is no question, or the relay took the headers away"
        return Finding.problem(what, "Take a mail that asks for a rating")
    if how.replace(" ", "").lower() != _ONE_CLICK or "<https://" not in link.lower():
        what = "unsubscribing with one click needs a link that begins with https"
        return Finding.problem(what, "Set site.base_url to the https address of this Afterword")
    return Finding.good("it can be unsubscribed with one click")


async def _signatures(settings: EmailSettings, headers: Headers) -> Sequence[Finding]:
    domain = settings.sender.domain
    found = [_tags(value) for value in headers.all("dkim-signature")]
    ours = [tags for tags in found if _is_of(tags.get("d", ""), domain)]
    if not ours:
        others = ", ".join(sorted({tags.get("d", "?") for tags in found}))
        what = f"DKIM: signed by {others} only, not by {domain}" if found else "DKIM: nobody signed it"
        return (Finding.problem(what, _SIGN.format(domain=domain)),)
    return (_covered(ours), await _key(settings, ours[0]))


def _covered(signatures: Sequence[Mapping[str, str]]) -> Finding:
    """One that covers all is enough."""
    missing = min(([name for name in _MUST_BE_SIGNED if name not in _signed(tags)] for tags in signatures), key=len)
    who = signatures[0].get("d", "")
    if missing:
        names = " and ".join("-".join(part.capitalize() for part in name.split("-")) for name in missing)
        return Finding.problem(f"DKIM: the signature of {who} does not cover {names}", _COVER.format(names=names))
    return Finding.good(f"DKIM: the signature of {who} covers From and both headers for unsubscribing")


async def _key(settings: EmailSettings, tags: Mapping[str, str]) -> Finding:
    domain, selector = tags.get("d", ""), tags.get("s", "")
    try:
        return await dns_records.key(dns_records.resolver_for(settings), domain, selector)
    except dns_records.UnknownError as unknown:
        return Finding.unseen(f"DKIM: its key: {unknown}", f"Look yourself: dig TXT {selector}._domainkey.{domain}")


def _judgement(headers: Headers) -> Finding:
    """What the server that took the mail found, which is the only one to see where it came from (RFC 8601)."""
    said = headers.first("authentication-results")
    results = {name: found[1].lower() for name in _JUDGED if (found := re.search(rf"\b{name}\s*=\s*(\w+)", said, re.I))}
    if not results:
        what = "whether SPF, DKIM and DMARC passed: the mail has no Authentication-Results"
        return Finding.unseen(what, "Send a question to a mailbox at a large provider, and inspect it as it came there")
    server = clean_line(said.partition(";")[0].split(" ")[0])
    told = ", ".join(f"{name.upper()} {result}" for name, result in results.items())
    if failed := [name.upper() for name, result in results.items() if result != "pass"]:
        return Finding.problem(
            f"{server} found: {told}", f"See what `afterword check` says about {' and '.join(failed)}"
        )
    return Finding.good(f"{server} found: {told}")


def _tags(value: str) -> dict[str, str]:
    """ "v=1; d=example.org" (RFC 6376, 3.2); white space inside a value means nothing."""
    pairs = (part.partition("=") for part in value.split(";"))
    return {name.strip(): clean_line(re.sub(r"\s", "", rest), limit=1000) for name, _, rest in pairs}


def _signed(tags: Mapping[str, str]) -> set[str]:
    return {name.lower() for name in tags.get("h", "").split(":")}


def _is_of(signer: str, domain: str) -> bool:
    """Relaxed alignment (RFC 7489, 3.1.1), without a list of who sells names: one stands above the other."""
    signer = signer.lower().rstrip(".")
    above = "." in signer
    return signer == domain or (above and domain.endswith(f".{signer}")) or signer.endswith(f".{domain}")

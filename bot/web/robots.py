"""What speaks for a robot: mail gateways open links, run scripts and have even been seen to send forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from core.surveys.visits import Evidence

OPEN_AT_LEAST = timedelta(seconds=1)
READ_AT_LEAST = timedelta(seconds=2)

_AGENTS = re.compile(
    r"bot\b|crawl|spider|scan|preview|prefetch|monitor|headless|phantom|safelinks|barracuda|proofpoint|mimecast|"
    r"urldefense|fireeye|trellix|forcepoint|symantec|messagelabs|sophos|trendmicro|ironport|cisco|zscaler|vade|"
    r"googleimageproxy|yahoomailproxy|outlook-?link|skypeuripreview|facebookexternalhit|"
    r"^(curl|wget|python|java|go-http|okhttp|libwww|ruby|perl|php|axios|node|undici|apache-httpclient)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Request:
    """What came along with the form."""

    agent: str
    fetch_site: str  # Sec-Fetch-Site, "" where the browser does not send it


def doubts(evidence: Evidence, request: Request) -> tuple[str, ...]:
    """Why this may not be a person; nothing: it is one. The names are stable, for admins and for statistics."""
    found = {
        "no_page": evidence.open_for is None,
        "other_session": evidence.open_for is not None and not evidence.same_session,
        "too_quick": evidence.open_for is not None and evidence.open_for < OPEN_AT_LEAST,
        "not_shown": evidence.open_for is not None and not evidence.shown,
        "sent_before": evidence.used,
        "all_links_opened": evidence.links_at_once > 1,
        "just_delivered": evidence.since_delivery is not None and evidence.since_delivery < READ_AT_LEAST,
        "agent": not request.agent or _AGENTS.search(request.agent) is not None,
        "from_elsewhere": request.fetch_site not in ("", "same-origin", "none"),
    }
    return tuple(name for name, holds in found.items() if holds)


def too_quick(evidence: Evidence) -> bool:
    """Nobody reads a question and answers it in less than a second."""
    return evidence.open_for is None or evidence.open_for < OPEN_AT_LEAST

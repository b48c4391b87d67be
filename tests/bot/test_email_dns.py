"""What `afterword check` finds in the DNS, against a name server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.email import dns_records
from bot.channels.email.settings import EmailSettings
from core.ports import Finding
from tests.rigs.dns import Dns

SPF = ("example.org", "TXT")
DKIM = ("s1._domainkey.example.org", "TXT")
DMARC = ("_dmarc.example.org", "TXT")
MX = ("example.org", "MX")
GOOD = {
    SPF: ['"other=1"', '"v=spf1 include:relay.example" " ~all"'],
    DKIM: ['"v=DKIM1; k=rsa; p=MIIB" "IjAN"'],
    DMARC: ['"v=DMARC1; p=quarantine"'],
    MX: ["10 mx.example.org."],
}


@pytest.fixture
async def server() -> AsyncIterator[Dns]:
    async with Dns(GOOD) as server:
        yield server


async def found(server: Dns, **given: str) -> dict[str, Finding]:
    """The findings by their first word."""
    usual = {
        "kind": "email",
        "from": "support@example.org",
        "smtp_host": "127.0.0.1",
        "reply_address": "help@example.org",
    }
    settings = EmailSettings.model_validate(usual | {"dns_server": server.address, "dkim_selector": "s1"} | given)
    return {one.what.split(" ")[0].rstrip(":"): one for one in await dns_records.findings(settings)}


async def test_a_domain_that_is_well_set_up_is_well(server: Dns) -> None:
    findings = await found(server)
    assert [one.what for one in findings.values() if not one.ok] == []
    assert {"SPF", "DKIM", "DMARC", "answers", "whether"} == set(findings)
    assert "p=quarantine" in findings["DMARC"].what


@pytest.mark.parametrize(
    ("record", "values", "about", "what", "remedy"),
    [
        (SPF, ['"other"'], "SPF", "does not say", "v=spf1"),
        (SPF, ['"v=spf1 -all"', '"v=spf1 ~all"'], "SPF", "2 records", "join"),
        (SPF, ['"v=spf1 +all"'], "SPF", "everybody", "~all"),
        (SPF, ['"v=spf10 -all"'], "SPF", "does not say", "v=spf1"),
        (DKIM, [], "DKIM", "no key at s1._domainkey.example.org", "dkim_selector"),
        (DKIM, ['"v=DKIM1; p="'], "DKIM", "withdrawn", "present key"),
        (DMARC, [], "DMARC", "no record", "_dmarc.example.org"),
        (DMARC, ['"v=DMARC1; rua=mailto:a@example.org"'], "DMARC", "no policy", "p=none"),
        (DMARC, ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "DMARC", "2 records", "keep one"),
        (MX, [], "example.org", "nobody can answer", "MX"),
    ],
)
async def test_what_is_missing_is_named_with_what_would_mend_it(
    server: Dns, record: tuple[str, str], values: list[str], about: str, what: str, remedy: str
) -> None:
    server.records[record] = values
    finding = (await found(server))[about]
    assert not finding.ok
    assert what in finding.what
    assert remedy in finding.remedy


async def test_the_policy_of_the_domain_above_counts(server: Dns) -> None:
    server.records[("mail.example.org", "TXT")] = ['"v=spf1 -all"']
    findings = await found(server, **{"from": "support@mail.example.org"})
    assert findings["DMARC"].ok


async def test_without_a_selector_the_key_cannot_be_looked_up_and_that_is_said(server: Dns) -> None:
    finding = (await found(server, dkim_selector=""))["DKIM"]
    assert (finding.ok, "dkim_selector" in finding.what) == (True, True)


async def test_an_address_record_is_a_mail_server_too(server: Dns) -> None:
    del server.records[MX]
    server.records[("example.org", "A")] = ["192.0.2.1"]
    assert (await found(server))["answers"].ok


async def test_a_name_server_that_fails_is_no_missing_record(server: Dns) -> None:
    server.refuses = True
    [finding] = (await found(server)).values()
    assert (finding.ok, "gave no answer" in finding.what) == (False, True)
    assert "dns_server" in finding.remedy


async def test_a_silent_name_server_is_given_up(server: Dns) -> None:
    server.silent = True
    [finding] = (await found(server)).values()
    assert not finding.ok


async def test_a_domain_for_examples_is_not_asked_about() -> None:
    usual = {"kind": "email", "from": "support@example.org", "smtp_host": "127.0.0.1"}
    assert await dns_records.findings(EmailSettings.model_validate(usual)) == ()

"""What `afterword check` finds in the DNS, `afterword mail inspect` in a mail; against a name server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.email import dns_records, inspecting
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
    assert {"SPF", "DKIM", "DMARC", "answers", "what"} == set(findings)
    assert findings["what"].verdict == "not looked at"
    assert "p=quarantine" in findings["DMARC"].what


@pytest.mark.parametrize(
    ("record", "values", "about", "what", "remedy"),
    [
        (SPF, ['"other"'], "SPF", "does not say", "v=spf1"),
        (SPF, ['"v=spf1 -all"', '"v=spf1 ~all"'], "SPF", "2 records", "Join"),
        (SPF, ['"v=spf1 +all"'], "SPF", "everybody", "~all"),
        (SPF, ['"v=spf10 -all"'], "SPF", "does not say", "v=spf1"),
        (DKIM, [], "DKIM", "no key at s1._domainkey.example.org", "dkim_selector"),
        (DKIM, ['"v=DKIM1; p="'], "DKIM", "withdrawn", "present key"),
        (DMARC, [], "DMARC", "no record", "_dmarc.example.org"),
        (DMARC, ['"v=DMARC1; rua=mailto:a@example.org"'], "DMARC", "no policy", "p=none"),
        (DMARC, ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "DMARC", "2 records", "Keep one"),
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


async def test_without_a_selector_the_key_is_not_ticked(server: Dns) -> None:
    finding = (await found(server, dkim_selector=""))["DKIM"]
    assert (finding.verdict, "s=" in finding.remedy) == ("not looked at", True)


async def test_an_address_record_is_a_mail_server_too(server: Dns) -> None:
    del server.records[MX]
    server.records[("example.org", "A")] = ["192.0.2.1"]
    assert (await found(server))["answers"].ok


@pytest.mark.parametrize(("mood", "words"), [("refuses", "failed"), ("silent", "no answer in 4 seconds")])
async def test_a_name_server_that_fails_is_no_missing_record(server: Dns, mood: str, words: str) -> None:
    setattr(server, mood, True)
    [finding] = (await found(server)).values()
    assert (finding.verdict, words in finding.what) == ("not looked at", True)
    assert "dig TXT example.org; dig TXT s1._domainkey.example.org; dig TXT _dmarc.example.org" in finding.remedy


async def test_a_domain_for_examples_is_not_asked_about_and_that_is_said() -> None:
    usual = {"kind": "email", "from": "support@example.org", "smtp_host": "127.0.0.1"}
    [finding] = await dns_records.findings(EmailSettings.model_validate(usual))
    assert (finding.verdict, "example.org" in finding.what) == ("not looked at", True)


# ---------------------------------------------------------------- a mail that arrived

SIGNED = "From:To:Subject:List-Unsubscribe:List-Unsubscribe-Post"
QUESTION = {
    "Authentication-Results": "mx.example.net; spf=pass smtp.mailfrom=x; dkim=pass header.d=example.org; dmarc=pass",
    "DKIM-Signature": f"v=1; a=rsa-sha256; d=example.org; s=s1;\r\n\th={SIGNED};\r\n\tbh=x; b=y",
    "From": '"Müller, Söhne" <support@example.org>',
    "List-Unsubscribe": "<https://survey.example.org/u/x>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


async def inspected(server: Dns, **given: str | None) -> list[Finding]:
    headers = QUESTION | {name.replace("_", "-"): value for name, value in given.items()}
    raw = (
        "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None) + "\r\nHow was it?\r\n"
    )
    usual = {"kind": "email", "from": "support@example.org", "smtp_host": "127.0.0.1", "dns_server": server.address}
    return list(await inspecting.findings(EmailSettings.model_validate(usual), raw.encode()))


async def test_a_mail_that_was_signed_well_is_well(server: Dns) -> None:
    findings = await inspected(server)
    assert [one.verdict for one in findings] == ["ok"] * 4
    assert "mx.example.net found: SPF pass, DKIM pass, DMARC pass" in findings[-1].what


@pytest.mark.parametrize(
    ("given", "what", "remedy"),
    [
        ({"DKIM_Signature": None}, "nobody signed", "example.org"),
        ({"DKIM_Signature": "d=relay.example; s=s1; h=From"}, "relay.example only, not by example.org", "sign (DKIM)"),
        ({"DKIM_Signature": "d=notexample.org; s=s1; h=From"}, "notexample.org only", "sign (DKIM)"),
        (
            {"DKIM_Signature": "d=example.org; s=s1; h=From : List-Unsubscribe"},
            "does not cover List-Unsubscribe-Post",
            "SignHeaders",
        ),
        (
            {"DKIM_Signature": f"d=example.org; s=old; h={SIGNED}"},
            "no key at old._domainkey.example.org",
            "relay shows",
        ),
        ({"List_Unsubscribe": None, "List_Unsubscribe_Post": None}, "offers no unsubscribing", "asks for a rating"),
        ({"List_Unsubscribe": "<http://survey.example.org/u/x>"}, "https", "site.base_url"),
        ({"Authentication_Results": "mx.example.net; spf=fail; dkim=pass"}, "SPF fail", "about SPF"),
        ({"From": "ann@example.net"}, "is from example.net", "that Afterword sent"),
    ],
)
async def test_what_is_wrong_with_a_mail_is_named(
    server: Dns, given: dict[str, str | None], what: str, remedy: str
) -> None:
    [finding] = [one for one in await inspected(server, **given) if not one.ok]
    assert what in finding.what
    assert remedy in finding.remedy


async def test_a_parent_domain_may_sign_and_one_whole_signature_is_enough(server: Dns) -> None:
    two = f"d=example.org; s=s1; h=From\r\nDKIM-Signature: d=mail.example.org; s=s1; h={SIGNED}"
    server.records[("s1._domainkey.mail.example.org", "TXT")] = ['"p=MIIB"']
    assert all(one.ok for one in await inspected(server, DKIM_Signature=two))


async def test_what_cannot_be_known_of_a_mail_is_not_ticked(server: Dns) -> None:
    server.refuses = True
    findings = await inspected(server, Authentication_Results=None)
    assert [one.verdict for one in findings] == ["ok", "ok", "not looked at", "not looked at"]
    assert "dig TXT s1._domainkey.example.org" in findings[2].remedy

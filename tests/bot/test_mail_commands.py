"""`afterword mail`, run as people run it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.models.deliveries import Arrival
from tests.bot.test_command_line import Terminal
from tests.bot.test_survey_commands import within
from tests.ports import free_port
from tests.rigs.dns import Dns
from tests.rigs.smtp import SmtpRig

CONFIG = """
[store]
url = "sqlite://data/afterword.db"
[channels.mail]
kind = "email"
from = "support@example.org"
smtp_host = "127.0.0.1"
smtp_tls = "none"
largest_mail_mb = 1
"""
MAIL = "From: ann@example.net\nTo: support@example.org\nMessage-ID: <a@example.net>\nSubject: Hi\n\nHelp!\n"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path)
    terminal.write("config.toml", CONFIG)
    return terminal


def test_a_mail_is_handed_in_once(terminal: Terminal) -> None:
    for said in ("Stored. It is from ann@example.net.\n", "Known already; nothing changes.\n"):
        assert terminal.afterword("mail", "receive", "--to", "support+x@example.org", typed=MAIL).stdout == said
    terminal.write("data/secret.key", "k" * 40)
    [arrival] = within(terminal, Arrival.all)
    assert arrival.channel == "mail"
    assert bytes(arrival.body).startswith(b"Delivered-To: support+x@example.org\r\nFrom: ann@example.net")


def test_no_mail_and_too_large_a_mail_are_refused(terminal: Terminal) -> None:
    assert "no mail" in terminal.afterword("mail", "receive", typed="", expect=65).stderr
    large = MAIL + "x" * 1024 * 1024
    assert "larger than 1 MB" in terminal.afterword("mail", "receive", typed=large, expect=65).stderr
    assert "larger than 1 MB" in terminal.afterword("mail", "receive", "--pipe", typed=large, expect=65).stderr


def test_what_cannot_be_understood_is_kept_and_said_and_sent_back_to_nobody(terminal: Terminal) -> None:
    garbage = "this is not\na mail\n"
    said = terminal.afterword("mail", "receive", typed=garbage, expect=65).stdout
    assert said == "In quarantine: it does not say who it is from.\n"
    assert "In quarantine" in terminal.afterword("mail", "receive", "--pipe", typed=garbage + "at all").stdout
    terminal.write("data/secret.key", "k" * 40)
    rows = within(terminal, Arrival.all)
    assert [(row.state, row.problem) for row in rows] == [("quarantined", "it does not say who it is from")] * 2


def test_what_no_person_wrote_is_taken_and_it_says_so(terminal: Terminal) -> None:
    robot = f"Auto-Submitted: auto-replied\n{MAIL}"
    assert "No person wrote it" in terminal.afterword("mail", "receive", typed=robot).stdout


@pytest.mark.parametrize("pipe", [(), ("--pipe",)])
def test_while_the_store_is_away_a_mail_server_keeps_the_mail(terminal: Terminal, pipe: tuple[str, ...]) -> None:
    terminal.write(
        "config.toml", CONFIG.replace("sqlite://data/afterword.db", f"postgres://a:b@127.0.0.1:{free_port()}/x")
    )
    assert "not stored" in terminal.afterword("mail", "receive", *pipe, typed=MAIL, expect=75).stderr


def test_a_mistake_in_our_own_set_up_sends_no_mail_back(terminal: Terminal) -> None:
    terminal.write("config.toml", CONFIG.replace("smtp_host", "smtp_hots"))
    assert "smtp_hots" in terminal.afterword("mail", "receive", typed=MAIL, expect=2).stderr
    assert "smtp_hots" in terminal.afterword("mail", "receive", "--pipe", typed=MAIL, expect=75).stderr
    missing = ("--pipe", "--config", "other.toml")
    assert "no such file" in terminal.afterword("mail", "receive", *missing, typed=MAIL, expect=75).stderr


def test_an_address_is_put_on_the_list_and_taken_off(terminal: Terminal) -> None:
    assert "No address" in terminal.afterword("mail", "suppressed").stderr
    terminal.afterword("mail", "suppress", "Ann@example.net")
    assert "ann@example.net" in (said := terminal.afterword("mail", "suppressed").stdout)
    assert "manual" in said
    terminal.afterword("mail", "unsuppress", "ann@EXAMPLE.net")
    assert "No address" in terminal.afterword("mail", "suppressed").stderr
    assert "neither suppressed" in terminal.afterword("mail", "unsuppress", "ann@example.net", expect=1).stderr
    assert "not one mail address" in terminal.afterword("mail", "suppress", "ann", expect=2).stderr


def test_the_channel_must_be_clear(terminal: Terminal) -> None:
    assert "'post'" in terminal.afterword("mail", "suppress", "a@example.net", "--channel", "post", expect=2).stderr
    terminal.write("config.toml", CONFIG + CONFIG.partition("[channels.mail]")[2].join(["[channels.post]", ""]))
    assert "--channel: mail, post" in terminal.afterword("mail", "suppress", "a@example.net", expect=2).stderr
    terminal.write("config.toml", '[store]\nurl = "sqlite://data/afterword.db"\n')
    assert "no e-mail channel" in terminal.afterword("mail", "receive", typed=MAIL, expect=2).stderr


# ---------------------------------------------------------------- check and inspect

CHECKED = """
  ✓ 127.0.0.1:{port} takes our connection, without encryption
  ✓ 127.0.0.1:{port} takes mail from support@example.org
  ! warning: answers and bounces are not read, unless a mail server hands them to `afterword mail receive`
      Set reply_address, and imap_host or listen_smtp (docs/howto/email.md, step 4)
  ✓ SPF: example.org says which servers may send its mail
  ? not looked at: DKIM: the DNS can be asked for a key only by its selector, and dkim_selector is not set
      Set it to what stands after s= in the DKIM-Signature of a mail that your relay sent
  ✗ problem: DMARC: example.org has no record
      Add a TXT record to _dmarc.example.org: "v=DMARC1; p=none; rua=mailto:<where reports go>"
  ? not looked at: what the relay signs: only a mail that arrived shows it
      Send yourself a question, save it from your mailbox, then: afterword mail inspect < question.eml
"""


async def test_a_check_of_a_mail_account_ticks_only_what_it_saw(terminal: Terminal) -> None:
    async with SmtpRig() as rig, Dns({("example.org", "TXT"): ['"v=spf1 -all"']}) as names:
        account = f'smtp_port = {rig.port}\ndns_server = "{names.address}"\n'
        terminal.write("config.toml", CONFIG + account)
        said = (await asyncio.to_thread(terminal.afterword, "check", expect=1)).stdout
        assert f"mail (email){CHECKED.format(port=rig.port)}" in said
        assert rig.mails == []


async def test_a_mail_that_arrived_is_inspected(terminal: Terminal) -> None:
    async with Dns({("s1._domainkey.example.org", "TXT"): ['"p=MIIB"']}) as names:
        terminal.write("config.toml", CONFIG + f'dns_server = "{names.address}"\n')
        mail = (
            "DKIM-Signature: v=1; d=example.org; s=s1; h=From:Subject:List-Unsubscribe; b=x\n"
            "From: support@example.org\nList-Unsubscribe: <https://survey.example.org/u/x>\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n\nHi\n"
        )
        said = (await asyncio.to_thread(terminal.afterword, "mail", "inspect", typed=mail, expect=1)).stdout
    assert "✗ problem: DKIM: the signature of example.org does not cover List-Unsubscribe-Post\n" in said
    assert said.endswith("\n1 problem, 1 not looked at\n")

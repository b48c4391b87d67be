"""`afterword mail`, run as people run it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.models.deliveries import Arrival
from tests.bot.test_command_line import Terminal
from tests.bot.test_survey_commands import within
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
    for _ in range(2):
        assert terminal.afterword("mail", "receive", "--to", "support+x@example.org", typed=MAIL).stdout == "Stored.\n"
    terminal.write("data/secret.key", "k" * 40)
    [arrival] = within(terminal, Arrival.all)
    assert arrival.channel == "mail"
    assert bytes(arrival.body).startswith(b"Delivered-To: support+x@example.org\r\nFrom: ann@example.net")


def test_no_mail_and_too_large_a_mail_are_refused(terminal: Terminal) -> None:
    assert "no mail" in terminal.afterword("mail", "receive", typed="", expect=2).stderr
    assert "larger than 1 MB" in terminal.afterword("mail", "receive", typed=MAIL + "x" * 1024 * 1024, expect=1).stderr


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

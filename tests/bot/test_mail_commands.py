"""`afterword mail`, run as people run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models.deliveries import Arrival
from tests.bot.test_command_line import Terminal
from tests.bot.test_survey_commands import within
from tests.ports import free_port

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

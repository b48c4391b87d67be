"""`afterword mail`, run as people run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models.deliveries import Arrival
from tests.bot.test_command_line import Terminal
from tests.bot.test_survey_commands import within

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

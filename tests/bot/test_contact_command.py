"""`afterword contact`, run as people run it."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import contacts
from core.contacts import AddressFacts, ContactFacts
from core.models.accounts import AuditLine
from core.models.contacts import Address, Contact
from tests.bot.test_command_line import CONFIG, Terminal
from tests.bot.test_survey_commands import within


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A store with a contact in it."""
    terminal = Terminal(tmp_path)
    terminal.write("config.toml", CONFIG)
    terminal.afterword("db", "upgrade")
    terminal.write("data/secret.key", "k" * 40)
    facts = ContactFacts(ref="c-1", name="李娜", locale="zh-Hans", addresses=(AddressFacts("mail", "li@example.net"),))
    within(terminal, lambda: contacts.learn(facts, now=datetime.now(UTC)))
    return terminal


def test_a_person_is_handed_out_in_their_language_and_written_down(terminal: Terminal) -> None:
    said = terminal.afterword("contact", "export", "li@example.net", "--out", "li.zip").stdout
    assert "contact 1" in said
    path = terminal.directory / "li.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    archive = zipfile.ZipFile(path)
    assert "李娜" in json.loads(archive.read("data.json"))["contacts"][0]["name"]
    assert "关于您的信息" in archive.read("README.txt").decode()
    [line] = within(terminal, AuditLine.all)
    assert (line.actor, line.action, line.subject) == ("command line", "contact.exported", "contact:1")
    assert "exists" in terminal.afterword("contact", "export", "c-1", "--out", "li.zip", expect=1).stderr.lower()


def test_nobody_is_nobody_and_leaves_no_file(terminal: Terminal) -> None:
    assert "no contact" in terminal.afterword("contact", "export", "c-9", "--out", "x.zip", expect=1).stderr
    assert not (terminal.directory / "x.zip").exists()


def test_a_person_is_erased_when_their_number_is_typed(terminal: Terminal) -> None:
    refused = terminal.afterword("contact", "erase", "c-1", typed="2\n", expect=2)
    assert "nothing was erased" in refused.stderr
    assert within(terminal, Contact.get).name == "李娜"
    done = terminal.afterword("contact", "erase", "c-1", typed="1\n")
    assert "tickets: 0" in done.stderr
    assert within(terminal, Contact.get).name == ""
    assert within(terminal, Address.get).address == "erased:1"
    for file in (terminal.directory / "data").glob("afterword.db*"):
        assert b"li@example.net" not in file.read_bytes()
    assert "erased already" in terminal.afterword("contact", "erase", "1", "--yes", expect=1).stderr

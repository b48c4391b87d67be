"""`afterword contact`, run as people run it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import contacts, failpoints
from core.contacts import AddressFacts, ContactFacts
from core.models.accounts import AuditLine
from core.models.contacts import Address, Contact
from tests.bot.test_command_line import CONFIG, Terminal
from tests.bot.test_survey_commands import within
from tests.reliability.process import KILLED


@pytest.fixture
def terminal(tmp_path: Path, sqlite_template: Path) -> Terminal:
    """A store with a contact in it."""
    terminal = Terminal(tmp_path)
    terminal.write("config.toml", CONFIG)
    (tmp_path / "data").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "data/afterword.db")
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
    data, told = json.loads(archive.read("data.json")), archive.read("README.txt").decode()
    assert "李娜" in data["contacts"][0]["name"]
    assert "关于您的信息" in told
    for table in data.keys() - {"format", "exported_at"}:
        assert f"- {table}：" in told, "each table is explained"
    assert archive.namelist() == ["data.json", "README.txt"]
    for folder in ("attachments/", "raw/"):
        assert folder not in told, "what is not in it is not spoken of"
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


# ---------------------------------------------------------------- the ledger


def name_of(terminal: Terminal) -> str:
    return within(terminal, Contact.get).name


def restored(terminal: Terminal) -> None:
    """The store as it was while 李娜 was in it, put back by hand."""
    for file in (terminal.directory / "data").glob("afterword.db*"):
        file.unlink()
    shutil.copyfile(terminal.directory / "backup.db", terminal.directory / "data/afterword.db")


@pytest.fixture
def erased(terminal: Terminal) -> Terminal:
    """A terminal whose contact was erased after a backup was made."""
    store, backup = terminal.directory / "data/afterword.db", terminal.directory / "backup.db"
    with closing(sqlite3.connect(store)) as old, closing(sqlite3.connect(backup)) as new:
        old.backup(new)
    assert "stands in the ledger" in terminal.afterword("contact", "erase", "c-1", "--yes").stdout
    return terminal


@pytest.mark.parametrize("step", ["erase.written", "erase.raw", "erase.erased"])
def test_whom_a_kill_left_half_erased_is_erased_in_the_end(terminal: Terminal, step: str) -> None:
    terminal.afterword("contact", "erase", "c-1", "--yes", expect=KILLED, **{failpoints.VARIABLE: step})
    assert name_of(terminal) == ("" if step == "erase.erased" else "李娜")
    said = terminal.afterword("db", "upgrade").stdout
    assert ("erased again" in said) == (step != "erase.erased")
    assert name_of(terminal) == ""


def test_after_a_restore_check_says_who_is_back_and_the_upgrade_erases_them(erased: Terminal) -> None:
    assert "1 stand in the ledger data/erasures.ledger" in " ".join(erased.afterword("check").stdout.split())
    restored(erased)
    assert name_of(erased) == "李娜"
    assert "1 contacts were erased and are in the store again" in " ".join(erased.afterword("check").stdout.split())
    assert "erased again" in erased.afterword("db", "upgrade").stdout
    assert name_of(erased) == ""


def test_check_names_what_is_wrong_with_the_ledger(erased: Terminal) -> None:
    ledger = erased.directory / "data/erasures.ledger"
    ledger.chmod(0o644)
    with ledger.open("a") as file:
        file.write("nonsense\n")
    said = " ".join(erased.afterword("check", expect=1).stdout.split())
    assert "damaged lines: 2" in said
    assert "chmod 600" in said
    ledger.unlink()
    ledger.mkdir()
    restored(erased)
    assert "cannot be read" in " ".join(erased.afterword("check", expect=1).stdout.split())
    assert "cannot be written" in erased.afterword("contact", "erase", "1", "--yes", expect=1).stderr


def test_the_ledger_stands_where_the_settings_say(terminal: Terminal) -> None:
    elsewhere = terminal.directory / "other/disk/forgotten"
    terminal.afterword("contact", "erase", "c-1", "--yes", AFTERWORD_STORE__ERASURES=str(elsewhere))
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert not (terminal.directory / "data/erasures.ledger").exists()

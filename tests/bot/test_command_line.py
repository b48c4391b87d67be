"""The `afterword` command, run as people run it: in a process of its own, in a directory of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.store.files import FileLock

ROOT = Path(__file__).parents[2]
CONFIG = '[store]\nurl = "sqlite://data/afterword.db"\n[channels.webchat]\nkind = "webchat"\n'
SETUP = '[[teams]]\nkey = "support"\nalert = { channel = "webchat", to = "staff" }\n'
COMMANDS = (
    ["serve"],
    ["demo"],
    ["check"],
    ["apply"],
    ["export"],
    ["version"],
    ["db", "upgrade"],
    ["db", "status"],
    ["mail", "receive"],
    ["mail", "inspect"],
    ["mail", "suppressed"],
    ["mail", "suppress"],
    ["mail", "unsuppress"],
    ["token", "create"],
    ["token", "list"],
    ["token", "revoke"],
    ["slack", "manifest"],
    ["survey", "send"],
    ["survey", "dry-run"],
)


class Terminal:
    """A person at a terminal, in an empty directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def afterword(
        self, *arguments: str, expect: int = 0, typed: str | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")}
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.directory,
            env={**ours, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTHONUTF8": "1", **environ},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path)
    terminal.write("config.toml", CONFIG)
    return terminal


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(terminal: Terminal, command: list[str]) -> None:
    said = terminal.afterword(*command, "--help").stdout

    assert said.startswith(f"Usage: afterword {' '.join(command)} [OPTIONS]")
    if command not in (["demo"], ["version"]):
        assert "--config" in said


def test_the_list_of_commands_fits_its_lines(terminal: Terminal) -> None:
    said = terminal.afterword("--help", COLUMNS="80").stdout.partition("Commands:")[2]

    assert "..." not in said
    assert all(name in said for name in {command[0] for command in COMMANDS})


def test_help_is_there_at_once() -> None:
    """Nothing that takes long to import is imported for it; how long it takes is measured in benchmarks/."""
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", "--help"], capture_output=True, text=True, check=True
    ).stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in said.splitlines() if "|" in line}
    assert {"typer", "bot"} <= imported
    slow = {
        "aiogram",
        "aiohttp",
        "argon2",
        "asyncpg",
        "babel",
        "email_validator",
        "fastapi",
        "jinja2",
        "pgqueuer",
        "pydantic",
    }
    assert not imported & (slow | {"slack_bolt", "slack_sdk", "starlette", "tortoise", "uvicorn"})


def test_the_version_is_said(terminal: Terminal) -> None:
    assert re.fullmatch(r"afterword \d+\.\d+\.\d+, Python 3\.\d+\.\d+\n", terminal.afterword("version").stdout)


# ---------------------------------------------------------------- what is wrong is told in a line


def test_a_missing_configuration_is_told_with_what_to_do(terminal: Terminal) -> None:
    said = terminal.afterword("serve", "--config", "other.toml", expect=2).stderr

    assert said.startswith("afterword: other.toml: there is no such file. Copy config.example.toml")
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", [["serve"], ["check"], ["db", "status"], ["token", "list"], ["export"]])
def test_a_wrong_setting_stops_every_command_and_is_named(terminal: Terminal, command: list[str]) -> None:
    terminal.write("config.toml", '[channels.telegram]\nkind = "telegram"\ntoken = "1:a"\ntokn = "x"\n')

    said = terminal.afterword(*command, expect=2).stderr

    assert said == "afterword: config.toml: channels.telegram.tokn: unknown setting; did you mean token?\n"


def test_a_demo_that_runs_already_is_told_and_keeps_its_store(terminal: Terminal) -> None:
    played = terminal.directory / "data" / "demo" / "afterword.db"
    played.parent.mkdir(parents=True)
    played.write_bytes(b"what is being played")
    held = FileLock(played)
    held.take()

    said = terminal.afterword("demo", "--fresh", "--port", "0", expect=1).stderr

    held.release()
    assert said.startswith("afterword: The demo is running already.")
    assert "PostgreSQL" not in said
    assert played.read_bytes() == b"what is being played"


def test_an_unknown_command_is_refused(terminal: Terminal) -> None:
    assert "No such command 'serv'" in terminal.afterword("serv", expect=2).stderr


# ---------------------------------------------------------------- the store


def test_the_store_is_made_and_its_state_told(terminal: Terminal) -> None:
    assert "Run: afterword db upgrade" in terminal.afterword("db", "status", expect=1).stderr

    made = terminal.afterword("db", "upgrade")
    again = terminal.afterword("db", "upgrade")

    assert made.stdout == again.stdout == "sqlite://data/afterword.db is up to date.\n"
    assert "the tables of an empty store: done" in made.stderr
    assert terminal.afterword("db", "status").stdout == "sqlite://data/afterword.db is up to date.\n"


def test_a_store_that_is_gone_is_not_replaced_by_an_empty_one(terminal: Terminal) -> None:
    terminal.afterword("db", "upgrade")
    (terminal.directory / "data" / "afterword.db").unlink()
    terminal.write("data/secret.key", "k" * 40)

    said = terminal.afterword("export", expect=1).stderr

    assert "The store data/afterword.db is gone, but data/secret.key shows that there was one" in said
    assert not (terminal.directory / "data" / "afterword.db").exists()


# ---------------------------------------------------------------- tokens


def test_a_token_is_shown_once_listed_without_it_and_revoked(terminal: Terminal) -> None:
    made = terminal.afterword("token", "create", "--name", "shop", "--scope", "events:write", "--scope", "read")

    assert re.fullmatch(r"aw_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert made.stdout.strip() not in made.stderr
    listed = terminal.afterword("token", "list").stdout
    assert listed == "shop  never used  events:write, read\n"
    assert terminal.afterword("token", "revoke", "shop").stdout == "shop opens nothing any more.\n"
    assert "revoked" in terminal.afterword("token", "list").stdout


def test_a_wrong_scope_is_refused_with_those_that_there_are(terminal: Terminal) -> None:
    said = terminal.afterword("token", "create", "--name", "shop", "--scope", "everything", expect=2).stderr

    assert said.endswith("everything: unknown scope; there are admin, events:write and read\n")


# ---------------------------------------------------------------- the set-up


def test_a_set_up_is_shown_applied_and_exported(terminal: Terminal) -> None:
    terminal.write("setup.toml", SETUP + '[[surveys]]\nkey = "default"\ndelay = "0s"\n')
    expected = "+ team support: alert webchat staff\n~ survey default: delay: 5m → 0s\n"

    dry = terminal.afterword("apply", "setup.toml", "--dry-run")
    done = terminal.afterword("apply", "setup.toml", "--config", "config.toml")
    again = terminal.afterword("apply", "setup.toml")

    assert dry.stdout == done.stdout == expected
    assert "dry run" in dry.stderr
    assert again.stdout == "Nothing to change.\n"

    terminal.afterword("export", "all.toml", "--config", "config.toml")
    assert terminal.afterword("apply", "all.toml").stdout == "Nothing to change.\n"
    assert terminal.afterword("export").stdout == (terminal.directory / "all.toml").read_text(encoding="utf-8")
    assert "is there already" in terminal.afterword("export", "all.toml", expect=2).stderr


def test_a_rule_of_ones_own_does_not_do_away_with_the_shipped_one(terminal: Terminal) -> None:
    terminal.write("setup.toml", '[[rules]]\nkey = "mine"\nthen = ["alert"]\n')
    terminal.afterword("apply", "setup.toml")

    assert 'key = "negative"' in terminal.afterword("export").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[surveys]]\nkey = "default"\ndely = "5m"\n', "surveys[0].dely: unknown setting; did you mean delay?"),
        (SETUP.replace("webchat", "slack"), "teams[0].alert.channel: slack: unknown channel; there is webchat"),
        (
            '[[templates]]\nkind = "invite"\nlocale = "en"\nsource = "Hello\\n{{ contact.nme }}"\n',
            "templates[0].source: line 2: ",
        ),
        ("[[teams]]\nkey =\n", "it is not TOML: "),
    ],
)
def test_a_wrong_set_up_is_refused_and_its_place_named(terminal: Terminal, text: str, said: str) -> None:
    terminal.write("setup.toml", text)

    assert said in terminal.afterword("apply", "setup.toml", expect=2).stderr


# ---------------------------------------------------------------- check


def test_a_sound_installation_checks_well(terminal: Terminal) -> None:
    terminal.afterword("db", "upgrade")

    said = terminal.afterword("check").stdout

    assert "! warning: a bad rating alerts nobody" in said
    assert "? not looked at: they are made with data/secret.key, which is not there yet" in said
    assert not (terminal.directory / "data/secret.key").exists()  # looking makes nothing
    assert said.endswith("\n2 warnings, 1 not looked at\n")
    terminal.write("setup.toml", '[[teams]]\nkey = "support"\nalert = { channel = "webchat", to = "kim" }\n')
    terminal.afterword("apply", "setup.toml")
    public = {"AFTERWORD_SITE__BASE_URL": "https://survey.example.org", "AFTERWORD_SITE__SECRET_KEY": "k" * 40}
    said = terminal.afterword("check", **public).stdout
    assert [line for line in said.splitlines() if line and not line.startswith(" ")] == [
        "configuration",
        "store",
        "links",
        "templates",
        "webchat (webchat)",
        "1 not looked at",
    ]
    assert "whether customers reach https://survey.example.org" in said


def test_a_file_that_cannot_be_written_is_told_in_one_line(terminal: Terminal) -> None:
    terminal.afterword("db", "upgrade")
    said = terminal.afterword("export", "nowhere/setup.toml", expect=1).stderr
    assert "nowhere" in said
    assert "Traceback" not in said


def test_the_version_is_told_in_both_ways(terminal: Terminal) -> None:
    assert terminal.afterword("--version").stdout == terminal.afterword("version").stdout


def test_what_is_wrong_is_marked_with_what_would_mend_it(terminal: Terminal) -> None:
    nobody = "http://127.0.0.1:9"
    terminal.write("config.toml", f'[channels.bot]\nkind = "telegram"\ntoken = "1:a"\napi_base = "{nobody}"\n')

    said = terminal.afterword("check", expect=1).stdout

    assert "store\n  ? not looked at: there is none at sqlite://data/afterword.db yet\n" in said
    assert "bot (telegram)\n  ✗ problem: no answer from the Bot API server (cannot be reached)\n" in said
    assert said.endswith("\n1 problem, 1 warning, 2 not looked at\n")

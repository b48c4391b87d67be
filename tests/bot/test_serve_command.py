"""`afterword serve` as a process: it starts by itself, is alone on its store, and leaves when it is asked to."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = """
[site]
listen = "127.0.0.1:0"
base_url = "http://127.0.0.1"
metrics_token = "canary-0123456789"
[store]
url = "sqlite://data/afterword.db"
[logs]
format = "json"
[channels.webchat]
kind = "webchat"
"""


class Served:
    """A running `afterword serve`, and what it says."""

    def __init__(self, directory: Path) -> None:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"],
            cwd=directory,
            env={**ours, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, words: str) -> str:
        while (line := self._lines.get(timeout=120)) is not None:
            if words in line:
                return line
        raise AssertionError("".join(self.said))

    def leave(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(timeout=120)
        self._reader.join(timeout=10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            self._lines.put(line)
        self._lines.put(None)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def served(directory: Path) -> Iterator[Served]:
    served = Served(directory)
    yield served
    if served.process.poll() is None:
        served.process.kill()
    served.ended()


def test_it_starts_on_nothing_and_leaves_when_asked_to(served: Served, directory: Path) -> None:
    served.wait_for("Afterword is ready")

    assert served.leave() == 0
    assert {path.name for path in (directory / "data").iterdir()} >= {"afterword.db", "secret.key"}
    assert "canary" not in "".join(served.said)


def test_a_second_process_on_the_same_sqlite_store_refuses_to_start(served: Served, directory: Path) -> None:
    served.wait_for("Afterword is ready")

    second = Served(directory)

    assert second.ended() == 1
    [reason] = [line for line in second.said if line.startswith("afterword: ")]
    assert f"Process {served.process.pid} has" in reason
    assert served.leave() == 0


def test_a_port_that_is_taken_is_told_in_one_line(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        config = directory / "config.toml"
        config.write_text(CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{port}"), encoding="utf-8")
        served = Served(directory)
        assert served.ended() == 1
    assert f"port {port} is taken" in served.said[-1]
    assert "site.listen" in served.said[-1]
    assert "Traceback" not in "".join(served.said)


def test_who_is_back_from_a_backup_is_erased_before_anybody_is_served(directory: Path, sqlite_template: Path) -> None:
    """As somebody does it: a backup is made, a person is erased, the backup is put back, and it is started."""
    data = directory / "data"
    data.mkdir()
    (data / "secret.key").write_text("k" * 40)
    backup = shutil.copyfile(sqlite_template, directory / "backup.db")
    with closing(sqlite3.connect(backup)) as raw:
        columns, made = "name, locale, locale_chosen, timezone, tier, internal, created_at", "2026-01-01 00:00:00+00:00"
        raw.execute(f"INSERT INTO contacts ({columns}) VALUES ('Kanarienvogel', '', 0, '', '', 0, '{made}')")  # noqa: S608
        raw.commit()
    shutil.copyfile(backup, data / "afterword.db")
    erasing = [sys.executable, "-m", "bot", "contact", "erase", "1", "--yes"]
    subprocess.run(erasing, cwd=directory, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    for file in data.glob("afterword.db*"):
        file.unlink()
    shutil.copyfile(backup, data / "afterword.db")

    served = Served(directory)
    served.wait_for("Afterword is ready")
    said = "".join(served.said)
    assert said.index("erased again") < said.index("Afterword is ready")
    assert served.leave() == 0
    assert not [file for file in data.glob("afterword.db*") if b"Kanarienvogel" in file.read_bytes()]

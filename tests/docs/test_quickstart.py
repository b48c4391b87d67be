"""The quickstart, done step by step as it is written; Ann and Kim sit in front of their pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.docs import pages
from tests.docs.pages import Block
from tests.ports import free_port
from tests.rigs.webchat import Visitor

PATIENCE = 30.0


@dataclass
class Newcomer:
    """Somebody who does what the page says, in an empty directory and on ports that are free."""

    here: Path
    ports: dict[str, str]
    left_running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    said: str = ""

    def settle_in(self) -> None:
        """What `make install` gives."""
        commands = self.here / ".venv/bin"
        commands.mkdir(parents=True)
        for name, arguments in (("afterword", "-m bot"), ("python", "")):
            script = commands / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', encoding="utf-8")
            script.chmod(0o700)

    def does(self, block: Block) -> None:
        text = self.on_free_ports(block.text)
        if block.language == "toml":
            (self.here / block.name).write_text(text, encoding="utf-8")
        elif block.language == "text":
            assert _fits(text, self.said), f"the page says\n{text}\nand it was\n{self.said}"
        elif block.name in ("serve", "pages"):
            self._leave_running(text)
        elif block.name != "setup":
            self.said = self._run(text)

    def on_free_ports(self, text: str) -> str:
        for port, free in self.ports.items():
            text = re.sub(rf"(?<=[: ]){port}\b", free, text)
        return text

    def _run(self, text: str) -> str:
        done = subprocess.run(
            ["/bin/bash", "-euc", text], cwd=self.here, env=_environment(), capture_output=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def _leave_running(self, text: str) -> None:
        with (self.here / "log").open("ab") as log:
            started = subprocess.Popen(
                ["/bin/bash", "-euc", f"exec {text}"], cwd=self.here, env=_environment(), stdout=log, stderr=log
            )
        self.left_running.append(started)

    def leaves(self) -> None:
        for one in self.left_running:
            one.terminate()
        assert [one.wait(PATIENCE) for one in self.left_running[:1]] == [0], (self.here / "log").read_text("utf-8")
        for one in self.left_running[1:]:
            one.wait(PATIENCE)


@contextmanager
def a_newcomer(here: Path) -> Iterator[Newcomer]:
    newcomer = Newcomer(here, {"8080": str(free_port()), "8000": str(free_port())})
    newcomer.settle_in()
    try:
        yield newcomer
    finally:
        newcomer.leaves()


async def test_the_quickstart_leads_to_a_rating_and_its_alert(tmp_path: Path) -> None:
    steps = _steps(pages.read("docs/quickstart.md"))
    with a_newcomer(tmp_path) as newcomer:
        for title in ("1", "2", "3", "4", "5", "6"):
            _do(newcomer, steps[title])
        here = f"http://127.0.0.1:{newcomer.ports['8080']}"
        _wait_for(f"{here}/readyz")
        async with httpx.AsyncClient(base_url=here, trust_env=False) as client:
            ann, kim = [await _in_front_of(client, newcomer, who) for who in ("ann", "kim")]
            _do(newcomer, steps["7"])
            await ann.until("How satisfied are you overall?")
            await ann.tap("2★")
            await kim.until("Ann is unhappy with CS")
            await ann.until("We are sorry, Ann.")
            await kim.tap("Take")
            await kim.until("Kim took it and answers by")
        _do(newcomer, steps["9"])


def _steps(text: str) -> dict[str, list[Block]]:
    """The blocks under "## 1. …", "## 2. …"."""
    parts = re.split(r"^## (\d+)\. .*$", text, flags=re.MULTILINE)
    return {number: pages.blocks(part) for number, part in zip(parts[1::2], parts[2::2], strict=True)}


def _do(newcomer: Newcomer, blocks: list[Block]) -> None:
    for block in blocks:
        newcomer.does(block)


async def _in_front_of(client: httpx.AsyncClient, newcomer: Newcomer, who: str) -> Visitor:
    """What a browser does with the little page: fetch it, fetch the script, begin as whom the page names."""
    page = (await client.get(_wait_for(f"http://127.0.0.1:{newcomer.ports['8000']}/{who}.html"))).text
    script = re.search(r'<script src="([^"]+)" data-visitor="([^"]+)"', page)
    assert script is not None
    assert (await client.get(script[1])).status_code == 200
    visitor = await Visitor(client, identity=script[2]).arrive()
    assert visitor.id == who
    return visitor


def _fits(told: str, said: str) -> bool:
    """Whether it was said as told; "…" stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in told.strip().split("…"))
    return re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


def _wait_for(url: str) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return url
        except httpx.TransportError:
            pass
        time.sleep(0.05)  # there is nothing to be told by: another process listens, or does not yet
    raise AssertionError(f"{url} never answered")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERWORD_", "PYTEST"))}
    return {**kept, "PYTHONPATH": str(pages.ROOT), "no_proxy": "127.0.0.1"}

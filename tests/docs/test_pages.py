"""Every page: its links lead somewhere, its commands exist, and it says nothing of one machine."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from bot.__main__ import app
from bot.config import load
from core import setup as setups
from tests.docs import pages

NAMES = [path.relative_to(pages.ROOT).as_posix() for path in pages.PAGES]


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    page = pages.ROOT / name
    broken = [to for to in pages.links(page.read_text("utf-8")) if not _leads_somewhere(page, to)]
    assert not broken


def _leads_somewhere(page: Path, to: str) -> bool:
    if re.match(r"https?://|mailto:", to):
        return True
    path, _, anchor = to.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(pages.ROOT):
        return False
    return not anchor or (target.suffix == ".md" and anchor in pages.anchors(target.read_text("utf-8")))


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set[Path](), [pages.ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        linked = {(page.parent / to.partition("#")[0]).resolve() for to in pages.links(page.read_text("utf-8"))}
        waiting += [one for one in linked - seen if one in pages.PAGES]
    assert seen == set(pages.PAGES)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_a_page_shows_exists(name: str) -> None:
    for line in _shell_lines((pages.ROOT / name).read_text("utf-8")):
        words = line.split()
        if words[0] == "make":
            assert words[1] in _targets(), line
        elif words[0].endswith("/afterword") or words[0] == "afterword":
            _assert_command(words[1:], line)


def _shell_lines(text: str) -> Iterator[str]:
    for block in pages.blocks(text):
        if block.language == "sh":
            yield from (line.strip() for line in block.text.splitlines() if line.strip())
    without_blocks = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (
        code for code in re.findall(r"`([^`\n]+)`", without_blocks) if re.match(r"(make|afterword) [a-z]", code)
    )


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*## ", pages.read("Makefile"), re.MULTILINE))


def _assert_command(words: list[str], line: str) -> None:
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        if words[0].startswith("-") or words[0] in ("<command>", "…"):
            return
        assert words[0] in command.commands, line
        command, words = command.commands[words[0]], words[1:]
    known = {option for one in command.params for option in one.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= known, line


def test_every_target_of_the_makefile_is_explained_to_contributors() -> None:
    table = {row[0] for row in pages.rows(pages.section(pages.read("CONTRIBUTING.md"), "Set up"))}
    assert table == {f"`make {target}`" for target in _targets()}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_read_anywhere(name: str) -> None:
    """No emoji as decoration, no paths of somebody's machine, no lines that are too long to edit."""
    text = (pages.ROOT / name).read_text("utf-8")
    assert not re.search(r"/(?:home|root|Users|work|tmp)/", text)
    assert not re.search("[\U0001f300-\U0001faff]", text)
    assert text.endswith("\n")
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_configuration_that_a_page_shows_is_accepted(name: str, tmp_path: Path) -> None:
    for block in pages.blocks((pages.ROOT / name).read_text("utf-8")):
        if block.language != "toml":
            continue
        found = tomllib.loads(block.text)
        sections = {"site", "store", "logs", "channels", "webhooks"}
        if set(found) <= sections and not isinstance(found.get("webhooks"), list):
            load(_configured(block.text, tmp_path), {})
        else:
            setups.parse(block.text)


def _configured(text: str, here: Path) -> Path:
    """The block as a file of its own, with secrets where it says that they are."""
    secret = here / "secret"
    secret.write_text("a secret that has more than enough letters\n", encoding="utf-8")
    text = re.sub(r'(_file = )"[^"]*"', rf'\1"{secret}"', text)
    path = here / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path

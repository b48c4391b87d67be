"""Where a page names a test as its proof, there is such a test."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs import pages

NAMED = sorted(
    {
        (path.relative_to(pages.ROOT).as_posix(), found)
        for path in pages.PAGES
        for found in re.findall(r"`(tests/[\w/]+\.py::\w+)`", path.read_text("utf-8"))
    }
)


@pytest.mark.parametrize(("page", "named"), NAMED)
def test_every_test_that_a_page_names_exists(page: str, named: str) -> None:
    file, _, name = named.partition("::")
    tree = ast.parse(pages.read(file))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("Slack", "docs/howto/slack.md"),
        ("Telegram", "docs/howto/telegram.md"),
        ("e-mail", "docs/howto/email.md"),
        ("a browser", "docs/howto/webchat.md"),
    ],
)
def test_a_networks_rules_have_their_proofs(name: str, page: str) -> None:
    table = pages.section(pages.read(page), f"What {name} demands, and what shows that it is met")
    assert all((page, row[2].strip("`")) in NAMED for row in pages.rows(table))

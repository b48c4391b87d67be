"""The pictures of the admin's browser are there, small, and taken by a tool that still works."""

from __future__ import annotations

import asyncio
import re
import struct
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.rigs import kestrel
from tools import admin_pictures

PAGE = ROOT / "docs" / "admin-pictures.md"
MOST = 3_000_000


def test_each_picture_of_the_admins_browser_is_shown_in_words_too_and_all_are_small() -> None:
    shown = dict(re.findall(r"!\[(.+)\]\(pictures/admin/([\w-]+)\.png\)", PAGE.read_text("utf-8")))
    files = {name: admin_pictures.FOLDER / f"{name}.png" for name in shown.values()}
    assert len(shown) == len(admin_pictures.ALL), "two pictures are described alike"
    assert set(files) == {one.name for one in admin_pictures.ALL}
    assert set(files.values()) == set(admin_pictures.FOLDER.glob("*.png"))
    assert sum(file.stat().st_size for file in files.values()) < MOST
    for one in admin_pictures.ALL:
        width, height = size_of(files[one.name])
        assert width == one.size["width"]
        assert one.size["height"] <= height <= max(one.most, one.size["height"])


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_the_tool_takes_pictures(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    kestrel.filled(store)
    wanted = [one for one in admin_pictures.ALL if one.name in ("overview-phone", "board-desk-dark")]
    asyncio.run(admin_pictures.take(tmp_path, store, wanted))
    for one in wanted:
        width, height = size_of(tmp_path / f"{one.name}.png")
        assert (width, height >= one.size["height"]) == (one.size["width"], True)
        assert (tmp_path / f"{one.name}.png").stat().st_size > 8_000, "it shows next to nothing"


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height, from the head of a PNG."""
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return int(width), int(height)

"""The gallery shows what there is."""

from __future__ import annotations

import re
import struct

from bot.placeholders import KINDS
from tests.docs.pages import ROOT
from tools.gallery_messages import GROUPS, STAFF

DOCS = ROOT / "docs"
MOST = 4_000_000


def test_each_message_kind_is_in_the_gallery() -> None:
    page = (DOCS / "gallery.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(KINDS)
    assert {kind for kinds in GROUPS.values() for kind in kinds} | set(STAFF) == set(KINDS)


def test_each_picture_of_the_gallery_is_there_and_all_are_small() -> None:
    page = (DOCS / "gallery.md").read_text("utf-8")
    shown = re.findall(r"\]\((pictures/gallery/[\w-]+\.png)\)", page)
    files = sorted((DOCS / "pictures" / "gallery").glob("*.png"))
    assert sorted(shown) == [f"pictures/gallery/{file.name}" for file in files]
    assert len(shown) == 20
    assert sum(file.stat().st_size for file in files) < MOST
    for file in files:
        width, height = struct.unpack(">II", file.read_bytes()[16:24])
        assert min(width, height) > 300

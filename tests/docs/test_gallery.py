"""The gallery shows what there is."""

from __future__ import annotations

import re
import struct

import pytest

from bot.channels import build, settings_class
from bot.placeholders import KINDS
from bot.rendering import Templates
from bot.trials.samples import BASE_URL
from core.ports import Message
from core.surveys import tokens
from tests.docs.pages import ROOT
from tools import gallery_messages as messages
from tools.gallery_messages import GROUPS, STAFF

DOCS = ROOT / "docs"
MOST = 4_000_000


def test_each_message_kind_is_in_the_gallery() -> None:
    page = (DOCS / "gallery.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(KINDS)
    assert {kind for kinds in GROUPS.values() for kind in kinds} | set(STAFF) == set(KINDS)


MAIL = {"kind": "email", "from": "support@example.org", "smtp_host": "127.0.0.1", "smtp_tls": "none"}
TELEGRAM = {"kind": "telegram", "token": "1:a"}


@pytest.mark.parametrize("fields", [MAIL, TELEGRAM], ids=["mail", "telegram"])
async def test_what_staff_write_is_in_the_gallery(fields: dict[str, str]) -> None:
    reply = await _sample(messages.REPLY, fields)
    assert "<b>Kim</b>" in reply.text
    assert '<a href="https://survey.example.org/track?parcel=17">' in reply.text
    assert bool(reply.footer) == (fields is MAIL), "why they get a mail; in a chat they know"


async def test_the_way_from_a_mail_to_telegram_is_in_the_gallery() -> None:
    asks = await _sample(messages.IN_TELEGRAM, MAIL)
    assert [len(row) for row in asks.rows] == [5, 1]
    assert asks.rows[-1][0].label == "Rate in Telegram"


async def _sample(kind: str, fields: dict[str, str]) -> Message:
    tokens.use(bytes(32))
    templates = Templates.load()
    settings = settings_class(fields["kind"]).model_validate(fields)
    return await messages.message(kind, build("sample", settings, base_url=BASE_URL), templates, "en")


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

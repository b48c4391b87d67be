"""Where a ticket is talked about: in a group, or with its contact alone."""

from __future__ import annotations

import pytest

from core import places
from core.models.desk import Ticket
from core.places import Place


@pytest.mark.parametrize(
    ("thread", "place"),
    [
        ("-1001 55", Place("support-bot", "-1001", "55")),
        ("-1001 ", Place("support-bot", "-1001", "")),
        ("", None),
        ("1700000000.123456", None),
        ("<abc@example.org>", None),
        ("boss@example.org 55", None),
        ("777 55", None),
        ("-1001 55\nx", None),
        ("-1001 https://example.org", None),
    ],
)
def test_only_a_groups_number_and_a_messages_are_a_place(thread: str, place: Place | None) -> None:
    assert places.of(Ticket(channel="support-bot", thread=thread)) == place

"""What channels are called before the staff."""

from __future__ import annotations

import pytest

from bot import channel_names
from bot.rendering import Templates
from bot.site import Site

ONE = {"support-bot": "telegram", "mail2": "email"}
TWO = {**ONE, "sales-bot": "telegram"}


@pytest.mark.parametrize(
    ("channels", "channel", "en", "zh"),
    [
        (ONE, "support-bot", "Telegram", "Telegram"),
        (ONE, "mail2", "e-mail", "电子邮件"),
        (TWO, "support-bot", "Telegram (support-bot)", "Telegram（support-bot）"),
        (TWO, "mail2", "e-mail", "电子邮件"),
        (ONE, "phone", "phone", "phone"),
        (ONE, "", "", ""),
    ],
)
def test_a_channel_is_called_by_its_kind_and_named_where_there_are_several(
    channels: dict[str, str], channel: str, en: str, zh: str
) -> None:
    site = Site("Example & Sons", "https://survey.example.org", Templates.load(), channels=channels)
    assert [channel_names.called(channel, site, locale) for locale in ("en", "zh-Hans")] == [en, zh]

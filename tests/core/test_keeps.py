"""What a channel remembers over a restart."""

from __future__ import annotations

from core.keeps import Keeps
from core.models.keeps import Kept
from core.store import Store
from tests.core.builders import NOON, SECRET


async def test_what_is_kept_is_there_again_and_each_channel_has_its_own(store: Store) -> None:
    mail, chat = (Keeps(SECRET, lambda: NOON).of(name) for name in ("mail", "chat"))
    await mail.put("read:INBOX", "17:42")
    await mail.put("read:INBOX", "17:43")
    await mail.put("read:Spam", "1:1")
    await chat.put("read:INBOX", "theirs")
    assert await Keeps(SECRET, lambda: NOON).of("mail").get("read:INBOX") == "17:43"
    assert await mail.all("read:") == {"read:INBOX": "17:43", "read:Spam": "1:1"}
    await mail.delete("read:INBOX")
    assert await mail.get("read:INBOX") is None
    assert await chat.get("read:INBOX") == "theirs"


async def test_a_secret_is_not_readable_in_the_store_and_another_key_opens_nothing(store: Store) -> None:
    await Keeps(SECRET, lambda: NOON).of("slack").put("installation:T1", "xoxb-canary")
    assert "canary" not in (await Kept.get()).sealed
    stranger = Keeps(b"another secret of another site, also long", lambda: NOON).of("slack")
    assert await stranger.get("installation:T1") is None
    assert await stranger.all("installation:") == {}

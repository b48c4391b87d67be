"""Files are fetched from the channel that they came by: what a failure means, and who is told."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from bot.fetcher import Fetcher
from bot.rendering import Templates
from bot.site import Site
from core.desk import attachments, tickets
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import Attachment, AttachmentState
from core.ports import Channel, File, TryLater, Undeliverable
from core.store import Store
from tests.core.builders import at


class Cupboard:
    """A network that has files: what it answers to the next calls, and then the file."""

    kind = "telegram"
    name = "support-bot"

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = deque(answers)
        self.asked: list[tuple[str, int]] = []

    async def fetch(self, file: File, *, most: int) -> bytes:
        self.asked.append((file.ref, most))
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
async def plan(store: Store) -> int:
    """Ann has sent a file that is still with the network."""
    await tickets.heard_from(
        "support-bot", "777", "", name="Ann <3", files=[File("plan.pdf", "", size=4, ref="file-17")], now=at()
    )
    await Contact.all().update(locale="zh-CN")
    return (await Attachment.get()).id


def fetcher(cupboard: Cupboard | None) -> Fetcher:
    site = Site("Example & Sons", "https://survey.example.org", Templates.load())
    channels: dict[str, Channel] = {"support-bot": cupboard} if cupboard else {}  # type: ignore[dict-item]
    return Fetcher(site, channels, at)


async def test_a_file_is_fetched_by_its_ref_and_kept(plan: int) -> None:
    cupboard = Cupboard(b"%PDF")
    await fetcher(cupboard).look(plan)
    await fetcher(cupboard).look(plan)  # a job that comes twice
    row = await Attachment.get()
    assert (row.state, row.body) == (AttachmentState.STORED, b"%PDF")
    assert cupboard.asked == [("file-17", attachments.MOST_BYTES)]
    assert await Delivery.all().count() == 0


async def test_a_fetch_that_fails_first_succeeds_later_and_nobody_is_bothered(plan: int) -> None:
    cupboard = Cupboard(TryLater("Bad Gateway"), TryLater("slow down", timedelta(hours=1)), ValueError("?"), b"%PDF")
    for tried in range(1, 4):
        await fetcher(cupboard).look(plan)
        row = await Attachment.get()
        assert (row.state, row.attempts) == (AttachmentState.WAITING, tried)
    assert row.problem == "a bug of ours; the log tells which"
    await fetcher(cupboard).look(plan)
    row = await Attachment.get()
    assert (row.state, row.body, row.problem) == (AttachmentState.STORED, b"%PDF", "")
    assert await Delivery.all().count() == 0


async def test_a_file_that_is_gone_is_refused_and_its_sender_is_told_in_their_language(plan: int) -> None:
    await fetcher(Cupboard(Undeliverable("the file is gone"))).look(plan)
    row = await Attachment.get()
    assert (row.state, row.problem) == (AttachmentState.REFUSED, "the file is gone")
    told = await Delivery.get()
    assert (told.kind, told.channel, told.target) == ("note", "support-bot", "777")
    assert told.payload["text"] == "未能收到 plan.pdf，请重新发送。"


async def test_after_the_last_try_the_sender_is_told(plan: int) -> None:
    await Attachment.all().update(attempts=len(attachments.RETRIES))
    await fetcher(Cupboard(TryLater("Bad Gateway"))).look(plan)
    assert (await Attachment.get()).problem == "given up after 8 tries: Bad Gateway"
    assert await Delivery.filter(kind="note").count() == 1


async def test_our_own_set_up_is_waited_for(plan: int) -> None:
    await fetcher(Cupboard(Undeliverable("Unauthorized", dead_address=False))).look(plan)
    row = await Attachment.get()
    assert (row.state, row.problem) == (AttachmentState.WAITING, "Unauthorized")


async def test_a_channel_that_is_gone_has_no_files_any_more(plan: int) -> None:
    await fetcher(None).look(plan)
    assert (await Attachment.get()).problem == "its channel is not configured any more"

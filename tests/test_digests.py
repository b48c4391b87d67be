"""Digests as they arrive: in Slack and by mail, in each reader's language, with the way to the board."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from core import setup as setups
from core.models.contacts import Contact
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.desk import Ticket
from core.models.invites import Invite, InviteState
from core.models.responses import Response
from core.models.setup import Digest
from core.surveys import invites, responses
from tests import world
from tests.rigs.correspondent import Correspondent
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import Mail, SmtpRig
from tests.world import World

PLACE, LIN = "C0FIGURES", "lin@example.org"
SETUP = f"""{world.SETUP}
[[teams]]
key = "quiet"
name = "Quiet & Co"

[[staff]]
email = "lin@example.org"
name = "Lin"
locale = "zh-Hans"

[[digests]]
key = "daily"
name = "Day by <day>"
every = "day"
at = "09:00"
recipients = [
  {{ channel = "slack", address = "{PLACE}" }},
  {{ staff = "kim@example.org" }},
  {{ staff = "lin@example.org" }},
]

[[digests]]
key = "quiet"
name = "All quiet"
team = "quiet"
every = "day"
at = "09:00"
recipients = [{{ staff = "lin@example.org" }}, {{ channel = "slack", address = "C0GONE" }}]
"""


@pytest.fixture
async def here(store_url: str, slack: SlackRig, mail: SmtpRig) -> AsyncIterator[World]:
    """It is noon, and the digests of the day before have arrived."""
    slack.channels[PLACE] = "figures"
    async with world.between(store_url, slack, mail, setup=SETUP) as running:
        now = datetime.now(UTC)
        noon = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
        await running.move_on(seconds=(noon - now).total_seconds())
        await arrived(slack, mail, 1)
        yield running


async def arrived(slack: SlackRig, mail: SmtpRig, days: int) -> None:
    """So many of each."""
    await slack.until(lambda: len(slack.screen(PLACE)) == len(figures_for_kim(slack)) == days)
    await mail.until(lambda: len(mail.mailbox(LIN)) == 2 * days)


def figures_for_kim(slack: SlackRig) -> list[str]:
    return [one for one in slack.screen("U0KIM") if "Day by <day>" in one]


def letter(mail: SmtpRig, name: str) -> Mail:
    """The last one to Lin of that digest."""
    return next(one for one in reversed(mail.mailbox(LIN)) if name in one.header("Subject"))


async def rated(here: World, ref: str, overall: int, *reasons: str, **scores: int) -> None:
    """Somebody is asked, and answers."""
    await here.resolve(ref, contact=ref, addresses=[("mail", f"{ref}@example.com")])
    found = await here.until(lambda: _delivered(ref))
    whole = await invites.by_id(found.id)
    assert whole is not None
    await responses.answer(whole, {"overall": overall, **scores}, reasons, "", finished=True, now=here.clock())
    await here.until(lambda: Response.exists(invite_id=found.id, band__isnull=False))


async def _delivered(ref: str) -> Invite | None:
    return await Invite.get_or_none(ticket__ref=ref, state=InviteState.DELIVERED)


async def test_a_day_that_is_over_is_told_to_each_in_their_own_words(
    here: World, slack: SlackRig, mail: SmtpRig
) -> None:
    for number in range(5):
        await rated(here, f"T-{number}", 5, attitude=5, speed=4)
    await rated(here, "T-5", 2, "slow", attitude=4, speed=1)
    await here.resolve("T-6", contact="T-6", addresses=[("mail", "t6@example.com")])
    await here.until(lambda: _delivered("T-6"))

    await here.move_on(days=1)
    await arrived(slack, mail, 2)
    posted = slack.screen(PLACE)[-1]
    assert "*Day by <day>*" in posted
    assert "*Overall score*: 4.50 of 5, 6 answers, 95\u00a0% interval" in posted
    assert "_few answers_" in posted
    assert "*Participation*: 85.7\u00a0%, 6 of 7 delivered" in posted
    assert "*Negative answers*: 16.7\u00a0%, 1 of 6" in posted
    assert "*Bands*: Positive 5 · Neutral 0 · Negative 1" in posted
    assert "*Lowest*: Response speed 3.50 of 5, 6 scores" in posted
    assert "*Reasons given most*: Too slow (1)" in posted
    assert "*Recoveries*: 1 opened, 0 of them resolved · 1 open now, *1* of them overdue" in posted
    assert slack.buttons(PLACE) == ["Open the board"]
    assert "4.50 of 5" in figures_for_kim(slack)[-1]

    by_mail = letter(mail, "Day by")
    assert by_mail.header("Subject") == "Day by <day>：4.50 分（满分 5）"
    assert "总体评分：4.50（满分 5），6 份评价" in by_mail.text
    assert "List-Unsubscribe" not in by_mail.message
    board = urlsplit(by_mail.link("打开看板"))
    yesterday = (here.clock() - timedelta(days=1)).date().isoformat()
    assert board.path == "/admin/board"
    assert parse_qs(board.query) == {"span": ["own"], "first": [yesterday], "last": [yesterday]}


async def test_a_team_that_nobody_rated_reads_so_and_no_zeros(here: World, slack: SlackRig, mail: SmtpRig) -> None:
    await rated(here, "T-1", 5)
    await here.move_on(days=1)
    await arrived(slack, mail, 2)
    by_mail = letter(mail, "All quiet")
    assert by_mail.header("Subject") == "All quiet（Quiet & Co）：没有评价"
    assert "这段时间没有收到评价。" in by_mail.text
    assert "也没有送达任何评价邀请。" in by_mail.text
    assert not re.search(r"\b0\b", by_mail.text.partition("http")[0])
    assert "team=" in by_mail.link("打开看板")


async def test_a_place_that_takes_nothing_is_tried_until_the_next_one_and_is_then_a_dead_letter(
    here: World, slack: SlackRig, mail: SmtpRig
) -> None:
    first = await here.until(lambda: Delivery.filter(kind="digest", target="C0GONE", attempts__gt=0).first())
    assert (first.state, first.problem) == (DeliveryState.WAITING, "channel_not_found")
    assert letter(mail, "All quiet"), "others do not wait for it"
    await here.move_on(days=1)
    await here.until(lambda: Delivery.filter(id=first.id, state=DeliveryState.DEAD).exists())
    await here.until(lambda: Delivery.filter(target="C0GONE", state=DeliveryState.WAITING, attempts__gt=0).exists())


async def test_who_wants_it_in_other_words_writes_a_template(here: World, slack: SlackRig, mail: SmtpRig) -> None:
    words = '[[templates]]\nkind = "digest"\nlocale = "en"\nsource = "{{ digest.name }}: {{ answers }} ({{ period }})"'
    await setups.apply(setups.parse(words), now=here.clock())
    await here.move_on(days=1)
    await arrived(slack, mail, 2)
    await here.until(lambda: _read(slack, "Day by <day>: 0 ("), seconds=1)


async def _read(slack: SlackRig, begins: str) -> bool:
    return slack.screen(PLACE)[-1].startswith(begins)


async def test_after_a_long_night_only_the_last_day_is_told(here: World, slack: SlackRig, mail: SmtpRig) -> None:
    await here.move_on(days=9)
    await arrived(slack, mail, 2)
    yesterday = (here.clock() - timedelta(days=1)).date()
    assert {one.told for one in await Digest.all()} == {f"day:{yesterday}"}
    told = Delivery.filter(kind="digest", target=PLACE).order_by("id")
    assert [one.payload["first"] for one in await told][1:] == [yesterday.isoformat()]


async def test_who_answers_a_digest_by_mail_opens_no_request(
    store_url: str, slack: SlackRig, mail: SmtpRig, listening: int
) -> None:
    slack.channels[PLACE] = "figures"
    async with world.between(store_url, slack, mail, listening=listening, setup=SETUP) as here:
        await here.move_on(days=1)
        await mail.until(lambda: any("Day by" in one.header("Subject") for one in mail.mailbox(LIN)))
        await Correspondent(LIN, listening, name="Lin").answers(letter(mail, "Day by"), "Well done, everybody!")
        await here.until(lambda: Arrival.filter(channel="mail").exclude(state=ArrivalState.NEW).exists())
        assert not await Ticket.exists()
        assert not await Contact.exists()

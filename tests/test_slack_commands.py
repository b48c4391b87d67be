"""What customers and staff type after `/afterword`, and how commands are named where they are read."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from core import contacts
from core.contacts import AddressFacts, ContactFacts
from core.desk import conversations, numbering
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.models.setup import Staff
from tests import world
from tests.rigs.slack import SlackRig
from tests.rigs.telegram import TelegramRig
from tests.rigs.webchat import Visitor
from tests.world import World

ANN, EVE, KIM = "U0ANN", "U0EVE", "U0KIM"
ON_TELEGRAM = 777
TYPED = ["help", "new", "rate", "status", "language", "stop", "privacy"]


@pytest.fixture
async def here(sqlite_url: str, slack: SlackRig, telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.between(sqlite_url, slack, telegram, more=world.WEBCHAT) as running:
        yield running


# ---------------------------------------------------------------- named as they are typed


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
async def test_in_slack_every_command_is_named_as_slack_takes_it(here: World, slack: SlackRig, locale: str) -> None:
    await known(here, ANN, locale)
    for typed in ("help", "language", "stop", "start"):
        await slack.command(ANN, "/afterword", typed)
    await slack.until(lambda: len(slack.screen(ANN)) == 4)
    read = "\n".join(slack.screen(ANN))
    assert set(re.findall(r"/afterword (\w+)", read)) >= {*TYPED, "start"}
    assert bare(read) == set()


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
async def test_in_telegram_every_command_is_named_with_its_slash(
    here: World, telegram: TelegramRig, locale: str
) -> None:
    await known(here, str(ON_TELEGRAM), locale, channel="support-bot")
    for typed in ("/help", "/language", "/stop", "/start"):
        await telegram.write(ON_TELEGRAM, typed)
    await telegram.until(lambda: len(telegram.shown(ON_TELEGRAM)) == 4)
    read = "\n".join(one.text for one in telegram.shown(ON_TELEGRAM))
    assert bare(read) >= {*TYPED, "start"}
    assert "/afterword" not in read


async def test_in_slack_a_press_changes_the_language(here: World, slack: SlackRig) -> None:
    await slack.command(ANN, "/afterword", "language")
    await slack.until(lambda: slack.buttons(ANN) == ["✓ English", "简体中文"])
    assert "Please press one." in slack.screen(ANN)[0]
    assert "Write /afterword" not in slack.screen(ANN)[0]
    await slack.press(ANN, ANN, "简体中文")
    await slack.until(lambda: slack.buttons(ANN) == ["English", "✓ 简体中文"])
    assert len(slack.screen(ANN)) == 1
    assert (await Contact.get()).locale == "zh-Hans"


async def test_in_the_web_chat_a_press_changes_the_language(here: World) -> None:
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client:
        ann = await Visitor(client).arrive()
        await ann.write("/language")
        await ann.until(lambda ann: ann.buttons() == ["English", "简体中文"])
        await ann.tap("简体中文")
        await ann.until("您想使用")
        assert "请按下面的按钮选择。" in ann.screen()
        assert "请发送" not in ann.screen()
        assert [one["plain"] for one in await ann.look() if one["from"] == "team"] == [ann.screen()]
        assert (await Contact.get()).locale == "zh-Hans"


async def test_in_the_web_chat_an_address_that_staff_write_is_a_link_and_the_customers_own_is_not(here: World) -> None:
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client:
        ann = await Visitor(client).arrive()
        await ann.write("Is https://example.org/a down?")
        await ann.until("CS2")
        kim = await Staff.get(key="kim@example.org")
        said = "No <b>, see https://example.org/b."
        await conversations.reply(await Ticket.get(), said, by=kim, now=here.clock())
        await ann.until("see https://example.org/b.")
        drawn = {one["plain"]: one.get("text", "") for one in await ann.look()}
        assert drawn[f"Kim:\n{said}"] == (
            '<b>Kim</b>\nNo &lt;b&gt;, see <a href="https://example.org/b">https://example.org/b</a>.'
        )
        assert not drawn["Is https://example.org/a down?"]


async def test_in_the_web_chat_every_command_that_is_named_works(here: World) -> None:
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client:
        ann = await Visitor(client).arrive()
        await ann.write("/help")
        await ann.until("/stop: ")
        await ann.write("/stop")
        await ann.until("/start")
        await ann.write("/start")
        await ann.until("/stop ends that")


def bare(text: str) -> set[str]:
    """Commands that stand there with nothing but their slash."""
    return set(re.findall(r"(?<![\w/])/(?!afterword)(\w+)", text))


async def known(here: World, address: str, locale: str, channel: str = "slack") -> Contact:
    facts = ContactFacts(name="Ann <3", locale=locale, addresses=(AddressFacts(channel, address),))
    return await contacts.learn(facts, now=here.clock())


# ---------------------------------------------------------------- looking a request up


async def test_a_customer_looks_up_a_request_and_opens_none(here: World, slack: SlackRig) -> None:
    await slack.command(ANN, "/afterword", "new My router & cable blink")
    await slack.until(lambda: "CS2" in "\n".join(slack.screen(ANN)))
    number = (await Ticket.get()).number
    for typed in (number, number.lower(), f"#{number}", f"# cs {number[2:10]} {number[10:]} "):
        before = len(slack.screen(ANN))
        await slack.command(ANN, "/afterword", f"ticket {typed}")
        await slack.until(lambda: len(slack.screen(ANN)) > before)  # noqa: B023 - awaited at once
        assert slack.screen(ANN)[-1].strip() == f"{number} · My router & cable blink: new"
    assert await Ticket.all().count() == 1


async def test_nobody_learns_of_somebody_elses_request(here: World, slack: SlackRig) -> None:
    await slack.command(ANN, "/afterword", "new My secret")
    await slack.until(lambda: "CS2" in "\n".join(slack.screen(ANN)))
    number = (await Ticket.get()).number
    for asked in (number, "CS202001010001", "my printer is broken"):
        before = len(slack.screen(EVE))
        await slack.command(EVE, "/afterword", f"ticket {asked}")
        await slack.until(lambda: len(slack.screen(EVE)) > before)  # noqa: B023 - awaited at once
        said = slack.screen(EVE)[-1].strip()
        assert said == f"You have no request {asked}. /afterword status lists those that are open."
    assert await Ticket.all().count() == 1
    assert await Contact.all().count() == 1


@pytest.mark.parametrize("typed", ["refund me now", "tickets", "--help", "私は"])
async def test_what_is_no_command_is_answered_with_the_help_for_their_eyes_only(
    here: World, slack: SlackRig, typed: str
) -> None:
    slack.channels["C0HELP"] = "help"
    await slack.command(EVE, "/afterword", typed, channel="C0HELP")
    await slack.until(lambda: "/afterword privacy" in "\n".join(slack.screen(EVE)))
    assert slack.screen("C0HELP") == []
    assert await Ticket.all().count() == 0


async def test_staff_name_a_ticket_in_any_way_that_people_write_it(here: World, slack: SlackRig) -> None:
    await here.resolve("T-1", addresses=[("slack", ANN)])
    number = (await Ticket.get()).number
    spaced = f"cs {number[2:10]}-{number[10:]}"
    asked = [number.lower(), f"#{number}", f"  #  {spaced}", "T-1", "#T-1"]
    for typed in asked:
        before = len(slack.whispers)
        await slack.command(KIM, "/afterword", f"ticket {typed}", channel="C0ALERTS")
        await slack.until(lambda: len(slack.whispers) > before)  # noqa: B023 - awaited at once
        assert number in slack.whispered(KIM)[-1], typed
    await slack.command(KIM, "/afterword", f"survey {spaced} because she asked", channel="C0ALERTS")
    await slack.until(lambda: len(slack.whispers) == len(asked) + 1)
    assert "no ticket" not in slack.whispered(KIM)[-1]


@pytest.mark.parametrize(
    ("typed", "number", "rest"),
    [
        ("CS202611220001", "CS202611220001", ""),
        ("cs2026112210000 why", "CS2026112210000", "why"),
        ("# cs 2026 1122 0001 9 days late", "CS202611220001", "9 days late"),
        ("CS2026112200", "", "CS2026112200"),
        ("CS" + "1" * 40, "", "CS" + "1" * 40),
        ("T-1 because", "", "T-1 because"),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, number: str, rest: str) -> None:
    assert numbering.read(typed) == (number, rest)

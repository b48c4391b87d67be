"""A conversation in the web chat by e-mail: whose, to whom, how often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.web.chat.mailing import TO_ONE_ADDRESS
from core.models.contacts import Contact
from core.models.deliveries import Delivery, DeliveryState
from tests import world
from tests.rigs.smtp import SmtpRig
from tests.rigs.webchat import Visitor
from tests.world import World

ANN = "ann@example.org"
ASKED = {"id": "abcdefgh", "address": ANN}


@pytest.fixture
async def here(sqlite_url: str, mail: SmtpRig) -> AsyncIterator[World]:
    async with world.between(sqlite_url, mail, more=world.WEBCHAT, setup=SETUP) as running:
        yield running


@pytest.fixture
async def door(here: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client:
        yield client


SETUP = world.SETUP.replace('alert = { channel = "slack", to = "C0ALERTS" }\n', "").replace(
    'addresses = [{ channel = "slack", address = "U0KIM" }]\n', ""
)


async def visitor(door: httpx.AsyncClient, **given: Any) -> Visitor:
    return await Visitor(door, **given).arrive()


async def asks(someone: Visitor, **given: str) -> httpx.Response:
    return await someone.client.post("/chat/webchat/transcript", json=ASKED | given, headers=someone.headers)


async def test_a_visitor_gets_the_conversation_as_a_mail(door: httpx.AsyncClient, mail: SmtpRig) -> None:
    ann = await visitor(door)
    await ann.write("My parcel is <late> & wet")
    await ann.until(lambda page: bool(page.screen()))
    answer = await asks(ann)
    assert (answer.status_code, answer.json()) == (202, {"accepted": True, "address": ANN})
    letter = await mail.mail_to(ANN)
    assert letter.header("Subject") == "Your conversation with Example & Sons"
    for words in ("You · ", "My parcel is <late> & wet", "Our team · ", ann.screen().splitlines()[0]):
        assert words in letter.text
    assert "My parcel is &lt;late&gt; &amp; wet" in letter.html
    assert letter.text.index("My parcel") < letter.text.index("Our team · ")
    assert "If it was not you" in letter.text
    assert not letter.header("List-Unsubscribe")


async def test_it_is_in_the_visitors_language(door: httpx.AsyncClient, mail: SmtpRig) -> None:
    ann = await visitor(door, locale="zh-CN")
    await ann.write("你好")
    await asks(ann)
    assert "您好！以下是您索取的对话记录。" in (await mail.mail_to(ANN)).text


async def test_nobody_gets_anothers_conversation(door: httpx.AsyncClient, mail: SmtpRig) -> None:
    ann, eve = await visitor(door), await visitor(door)
    await ann.write("My secret")
    await eve.write("What did Ann say?")
    await asks(eve, address="eve@example.org")
    letter = await mail.mail_to("eve@example.org")
    assert "What did Ann say?" in letter.text
    assert "My secret" not in letter.text
    without = await eve.client.post("/chat/webchat/transcript", json=ASKED)
    assert without.status_code == 401


async def test_what_is_said_after_it_was_asked_for_is_not_in_it(
    here: World, door: httpx.AsyncClient, mail: SmtpRig
) -> None:
    mail.mood = "busy"
    ann = await visitor(door)
    await ann.write("Before")
    await ann.until(lambda page: bool(page.screen()))
    await asks(ann)
    await here.until(lambda: Delivery.filter(kind="transcript", state=DeliveryState.WAITING).exists())
    await here.move_on(seconds=60)
    await ann.write("Afterwards")
    await ann.until("Afterwards")
    mail.mood = "fine"
    await here.move_on(minutes=10)
    letter = await mail.mail_to(ANN)
    assert "Before" in letter.text
    assert "Afterwards" not in letter.text


async def test_the_same_request_sent_again_is_one_mail(door: httpx.AsyncClient, mail: SmtpRig) -> None:
    ann = await visitor(door)
    await ann.write("Hello")
    assert [(await asks(ann)).status_code for _ in range(2)] == [202, 202]
    await mail.mail_to(ANN)
    assert await Delivery.filter(kind="transcript").count() == 1


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@", "ann@example.org, eve@example.org", "Ann <ann@example.org>", "a\r\nBcc: e@x", "@x.y"]
)
async def test_one_address_and_nothing_else_is_taken(door: httpx.AsyncClient, address: str) -> None:
    ann = await visitor(door)
    await ann.write("Hello")
    assert (await asks(ann, address=address)).status_code == 422
    assert not await Delivery.filter(kind="transcript").exists()


async def test_an_empty_conversation_is_not_sent(door: httpx.AsyncClient) -> None:
    assert (await asks(await visitor(door))).status_code == 409


async def test_a_visitor_who_asks_too_often_is_told_to_wait(door: httpx.AsyncClient) -> None:
    ann = await visitor(door)
    await ann.write("Hello")
    answers = [await asks(ann, id=f"abcdefg{number}", address=f"a{number}@example.org") for number in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert int(answers[-1].headers["Retry-After"]) > 60


async def test_one_address_is_not_flooded_by_many_visitors(here: World, door: httpx.AsyncClient) -> None:
    codes = []
    for _ in range(TO_ONE_ADDRESS + 1):
        someone = await visitor(door)
        await someone.write("Hello")
        codes.append((await asks(someone)).status_code)
    assert codes == [202] * TO_ONE_ADDRESS + [429]
    await here.move_on(days=1, minutes=1)
    someone = await visitor(door)
    await someone.write("Hello")
    assert (await asks(someone)).status_code == 202


@pytest.mark.parametrize("letters", ["x", "&", '"', "慢", "😡"])
async def test_a_long_conversation_is_sent_from_its_end(door: httpx.AsyncClient, mail: SmtpRig, letters: str) -> None:
    ann = await visitor(door)
    for number in range(27):
        await ann.write(f"Line {number}. " + letters * (3980 // len(letters)))
    await ann.until("Line 26.")
    await asks(ann)
    letter = await mail.mail_to(ANN)
    assert "What was said before is left out." in letter.text
    assert "Line 26." in letter.text
    assert "Line 0." not in letter.text
    assert letter.text.count(letters) > 3980


async def test_an_address_that_does_not_exist_marks_no_contact(
    here: World, door: httpx.AsyncClient, mail: SmtpRig
) -> None:
    mail.mood = "gone"
    ann = await visitor(door)
    await ann.write("Hello")
    await asks(ann)
    await here.until(lambda: Delivery.filter(kind="transcript", state=DeliveryState.DEAD).exists())
    await ann.write("Are you there?")
    await ann.until("Are you there?")


async def test_without_an_e_mail_channel_it_is_refused_and_not_offered(sqlite_url: str) -> None:
    async with world.running(sqlite_url, {"webchat": {"kind": "webchat"}}, setup=SETUP) as here:
        ann = await visitor(here.client)
        await ann.write("Hello")
        assert (await asks(ann)).status_code == 403
        assert 'id="mail"' not in (await here.client.get("/chat/webchat/")).text


async def test_with_an_e_mail_channel_it_is_offered(door: httpx.AsyncClient) -> None:
    ann = await visitor(door)
    page = (await ann.client.get("/chat/webchat/?lang=zh")).text
    assert 'id="mail"' in page
    assert "您的邮箱地址" in page


@pytest.mark.parametrize(("zone", "named"), [("Asia/Tokyo", False), ("", True)])
async def test_its_times_are_the_visitors_own_or_name_their_zone(
    zone: str, named: bool, door: httpx.AsyncClient, mail: SmtpRig
) -> None:
    ann = await visitor(door)
    await ann.write("My parcel is late")
    await ann.until(lambda page: bool(page.screen()))
    await Contact.all().update(timezone=zone)
    await asks(ann)
    letter = await mail.mail_to(ANN)
    assert ("(UTC)" in letter.text) is named

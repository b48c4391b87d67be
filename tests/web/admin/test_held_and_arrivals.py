"""What waits for a person's judgement: answers that a robot may have sent, and messages that nobody understood."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from bot import channels
from bot.channels.email.settings import EmailSettings
from bot.channels.slack.settings import SlackSettings
from core.models.accounts import AuditLine, Role
from core.models.contacts import Address, Contact
from core.models.deliveries import Arrival, ArrivalState
from core.models.desk import TicketEntry
from core.models.responses import HeldAnswer, Response, Score
from core.plumbing import arrivals
from core.ports import RawArrival
from core.surveys import invites, visits
from core.surveys.visits import Answer
from tests.web.admin.desk import at
from tests.web.front import Front

DOUBTS = {"doubts": ["too_quick", "all_links_opened"], "agent": "<script>bot", "open_for": 0.3, "links_at_once": 5}


async def held(front: Front, score: int = 1, **evidence: object) -> HeldAnswer:
    invite = await invites.by_id((await front.invite()).invite_id)
    assert invite is not None
    await visits.hold(
        invite, Answer({"overall": score}, (), "Bad <b>"), {**DOUBTS, **evidence}, confirm="", now=front.clock.now
    )
    return await HeldAnswer.filter(invite_id=invite.id).get()


async def test_it_says_in_words_what_speaks_for_a_robot(front: Front) -> None:
    await held(front)
    admin = await at(front, Role.ADMIN)
    page = await admin.open("/admin/held")
    for words in (
        "It came less than a second after the page was opened.",
        "as mail scanners do",
        "5 different scores",
        "<script>bot",
        "Bad <b>",
        "1 of 5",
        "Discarding deletes it, and nothing follows from it.",
    ):
        assert words in page.text, words
    assert "The page had been open" not in page.text, "that it was too quick says so"
    assert "<script>bot" not in admin.html


async def test_a_long_comment_can_be_read_to_its_end(front: Front) -> None:
    row, end = await held(front), "and so it <b>ended</b>"
    await HeldAnswer.filter(id=row.id).update(answer={**row.answer, "comment": "word " * 300 + end})
    admin = await at(front, Role.ADMIN)
    page = await admin.open("/admin/held")
    assert page.all("summary")
    assert "Read the whole comment" in page.text
    assert end in page.text
    await HeldAnswer.filter(id=row.id).update(answer={**row.answer, "comment": "short"})
    page = await admin.open("/admin/held")
    assert "Read the whole comment" not in page.text


async def test_it_counts_once_a_person_says_so(front: Front) -> None:
    row = await held(front)
    one, other = await at(front, Role.SUPERVISOR), await at(front, Role.ADMIN)
    await one.open("/admin/held")
    await other.open("/admin/held")
    await one.send(f"/admin/held/{row.id}/count")
    assert "It counts now." in one.page.text
    assert (await Score.get()).value == 1
    assert (await Response.get()).finished_at == front.clock.now
    await other.send(f"/admin/held/{row.id}/discard")
    assert other.status == 404
    assert await Score.all().count() == 1
    lines = await AuditLine.filter(subject=f"held:hld_{row.id}").values_list("actor", "action")
    assert list(lines) == [("supervisor@kestrel.example", "held.counted")]
    assert await TicketEntry.filter(label="history.held_counted").count() == 1


async def test_what_a_person_has_answered_since_is_not_written_over(front: Front) -> None:
    row = await held(front)
    invite = await invites.by_id(row.invite_id)
    assert invite is not None
    await visits.count(invite, Answer({"overall": 5}), nonce="n", changes=False, now=front.clock.now)
    admin = await at(front, Role.ADMIN)
    page = await admin.open("/admin/held")
    assert "Answered otherwise since: this one can only be discarded" in page.text
    assert not page.all("form", action=f"/admin/held/{row.id}/count")
    await admin.post(f"/admin/held/{row.id}/count")
    assert admin.status == 409
    assert (await Score.get()).value == 5
    assert (await HeldAnswer.get()).confirmed_at is None
    assert not await AuditLine.filter(action="held.counted").exists()


async def test_a_change_that_was_held_back_counts_where_a_person_says_so(front: Front) -> None:
    row = await held(front, 2, change=True)
    invite = await invites.by_id(row.invite_id)
    assert invite is not None
    await visits.count(invite, Answer({"overall": 5}), nonce="n", changes=False, now=front.clock.now)
    admin = await at(front, Role.ADMIN)
    page = await admin.open("/admin/held")
    assert "Would change what another browser had answered" in page.text
    await admin.send(f"/admin/held/{row.id}/count")
    assert (await Score.get()).value == 2


async def test_a_robots_answer_is_thrown_away(front: Front) -> None:
    row = await held(front)
    admin = await at(front, Role.ADMIN)
    await admin.open("/admin/held")
    await admin.send(f"/admin/held/{row.id}/discard")
    assert "Discard the answer of" in admin.page.heading
    assert "it counts nowhere" in admin.page.text
    assert await HeldAnswer.exists(), "it asks first"
    await admin.post(f"/admin/held/{row.id}/discard", sure="yes")
    assert not await HeldAnswer.exists()
    assert not await Score.exists()
    [line] = await AuditLine.filter(action="held.discarded")
    assert line.before
    assert line.before["scores"] == {"overall": 1}
    assert "Nothing is held" in admin.page.text


async def quarantined(
    front: Front, key: str = "1 %2f/ü", body: bytes = b"\xff\x00<script>alert(1)</script>\xe2\x80\xae"
) -> str:
    await arrivals.store("support-bot", [RawArrival(key, body)], now=front.clock.now)
    await arrivals.quarantine(f"support-bot:{key}", "no <JSON>")
    return f"support-bot:{key}"


async def test_bytes_are_shown_as_text_whatever_they_are(front: Front) -> None:
    await quarantined(front)
    await quarantined(front, "2", b"x" * 5000)
    admin = await at(front, Role.ADMIN)
    page = await admin.open("/admin/arrivals")
    assert r"\xff\x00<script>alert(1)</script>\u202e" in page.text
    assert "<script>alert" not in admin.html
    assert "no <JSON>" in page.text
    assert "x" * 4000 in page.text
    assert "x" * 4001 not in page.text
    assert "5000 bytes" in page.text


async def test_why_it_was_not_understood_is_said_in_the_readers_language(front: Front) -> None:
    key = await quarantined(front)
    for problem in ("a bug of ours: KeyError: 'x'", "not an update that can be read: message.chat: missing"):
        await Arrival.filter(key=key).update(problem=problem)
        admin = await at(front, Role.ADMIN)
        await admin.post("/admin/account", name="李雷", locale="en")
        assert problem in (await admin.open("/admin/arrivals")).text
        await admin.post("/admin/account", name="李雷", locale="zh-Hans")
        said, quoted = ("程序出错：“", "KeyError: 'x'”") if "bug" in problem else ("不是可以读取的更新：“", "missing”")
        page = await admin.open("/admin/arrivals")
        assert said in page.text
        assert quoted in page.text
        assert problem not in page.text


async def test_it_is_tried_again_or_given_up_once(front: Front) -> None:
    first, second = await quarantined(front), await quarantined(front, "2")
    one, other = await at(front, Role.SUPERVISOR), await at(front, Role.ADMIN)
    for browser in (one, other):
        await browser.open("/admin/arrivals")
    await one.post("/admin/arrivals/retry", arrival=first)
    assert (await Arrival.get(key=first)).state == ArrivalState.NEW
    await other.post("/admin/arrivals/discard", arrival=first)
    assert other.status == 404
    assert "Somebody was faster" in other.page.text
    await one.post("/admin/arrivals/discard", arrival=second)
    assert "Discard this message?" in one.page.heading
    assert "Message in Telegram, Sun 22 Nov 12:00" in one.page.text
    assert (await Arrival.get(key=second)).state == ArrivalState.QUARANTINED, "it asks first"
    await one.post("/admin/arrivals/discard", sure="yes")
    assert (await Arrival.get(key=second)).state == ArrivalState.HANDLED
    done = await AuditLine.filter(action__startswith="arrival.").order_by("id").values_list("action", "subject")
    assert list(done) == [("arrival.retried", f"arrival:{first}"), ("arrival.discarded", f"arrival:{second}")]


async def test_what_was_tried_again_in_vain_says_so(front: Front) -> None:
    key = await quarantined(front)
    admin = await at(front, Role.ADMIN)
    assert "Tried again" not in (await admin.open("/admin/arrivals")).text
    for problem in ("no <JSON>", "still no <JSON>"):
        await admin.post("/admin/arrivals/retry", arrival=key)
        await arrivals.quarantine(key, problem)
        front.clock.pass_(minutes=10)
    page = await admin.open("/admin/arrivals")
    assert "Tried again 2 times in vain, last by admin@kestrel.example, Sun 22 Nov 12:10" in page.text
    assert "still no <JSON>" in page.text


async def test_its_heading_is_for_people(front: Front) -> None:
    doors, admin = front.site.channels, await at(front, Role.ADMIN)
    assert isinstance(doors, dict)
    settings = EmailSettings.model_validate({"kind": "email", "from": "a@example.org", "smtp_host": "127.0.0.1"})
    doors["mail"] = channels.build("mail", settings, base_url=front.site.base_url)
    await quarantined(front)
    page = await admin.open("/admin/arrivals")
    assert "Message in Telegram, Sun 22 Nov 12:00" in page.heading
    mail = b"From: Ann <ann@x.example>\r\nSubject: =?utf-8?q?Caf=C3=A9?= <b>\r\n\r\n\xff"
    await arrivals.store("mail", [RawArrival("a1b2c3", mail)], now=front.clock.now)
    await arrivals.quarantine("mail:a1b2c3", "odd")
    page = await admin.open("/admin/arrivals")
    assert "from Ann <ann@x.example> about “Café <b>”, Sun 22 Nov 12:00" in page.text
    assert "mail:a1b2c3" in page.text
    zoe = await Contact.create(name="Zoë", created_at=front.clock.now)
    await Address.create(contact=zoe, channel="chat", address="w_17", created_at=front.clock.now)
    await arrivals.store("chat", [RawArrival("w_17:9", b"?", chat="w_17")], now=front.clock.now)
    await arrivals.quarantine("chat:w_17:9", "odd")
    assert "from Zoë, Sun 22 Nov 12:00" in (await admin.open("/admin/arrivals")).text


@pytest.mark.parametrize(
    ("update", "who"),
    [
        ({"message": {"from": {"id": 7, "first_name": "Ann <3", "last_name": "Lee"}, "chat": 5}}, "Ann <3 Lee"),
        ({"callback_query": {"from": {"id": 7, "username": "ann"}, "message": "?"}}, "@ann"),
        ({"message": {"from": {"id": 777, "first_name": 5}}}, "Zoë"),
        ({"message": {"from": {"id": 778}}}, "778"),
        ({"message": {"from": {"id": 7, "first_name": "A\u202en" + "n" * 500}}}, "A" + "n" * 99),
    ],
)
async def test_what_came_by_telegram_says_whom_it_is_from(front: Front, update: dict[str, Any], who: str) -> None:
    zoe = await Contact.create(name="Zoë", created_at=front.clock.now)
    await Address.create(contact=zoe, channel="support-bot", address="777", created_at=front.clock.now)
    await quarantined(front, body=json.dumps({"update_id": 1, **update}).encode())
    page = await (await at(front, Role.ADMIN)).open("/admin/arrivals")
    assert f"Message in Telegram from {who}, Sun 22 Nov 12:00" in page.text


@pytest.mark.parametrize(
    ("body", "who"),
    [
        (json.dumps({"type": "block_actions", "user": {"id": "U7", "name": "Ann <3"}}), "Ann <3"),
        (json.dumps({"type": "event_callback", "event": {"user": "U7", "type": "message"}}), "U7"),
        (json.dumps({"event": {"user": "U7", "user_profile": {"real_name": "Ann"}}}), "Ann"),
        ("command=%2Fafterword&user_id=U7&user_name=ann", "ann"),
        ("payload=" + quote(json.dumps({"type": "view_submission", "user": {"id": "U9"}})), "Zoë"),
    ],
)
async def test_what_came_by_slack_says_whom_it_is_from(sqlite_front: Front, body: str, who: str) -> None:
    doors = sqlite_front.site.channels
    assert isinstance(doors, dict)
    settings = SlackSettings.model_validate(
        {"kind": "slack", "mode": "http", "bot_token": "xoxb-1", "signing_secret": "s"}
    )
    doors["slack"] = channels.build("slack", settings, base_url=sqlite_front.site.base_url)
    zoe = await Contact.create(name="Zoë", created_at=sqlite_front.clock.now)
    await Address.create(contact=zoe, channel="slack", address="U9", created_at=sqlite_front.clock.now)
    await arrivals.store("slack", [RawArrival("1", body.encode())], now=sqlite_front.clock.now)
    await arrivals.quarantine("slack:1", "odd")
    page = await (await at(sqlite_front, Role.ADMIN)).open("/admin/arrivals")
    assert f"Message in Slack from {who}, Sun 22 Nov 12:00" in page.text


@pytest.mark.parametrize("body", [b"[" * 9000, b'{"message": {"from": 5}}', b"\xff", b"[]", b'{"user": {"id": 5}}'])
async def test_what_names_nobody_is_listed_without_a_name(sqlite_front: Front, body: bytes) -> None:
    await quarantined(sqlite_front, body=body)
    page = await (await at(sqlite_front, Role.ADMIN)).open("/admin/arrivals")
    assert "Message in Telegram, Sun 22 Nov 12:00" in page.text


async def test_who_may_only_look_decides_nothing(front: Front) -> None:
    row, key = await held(front), await quarantined(front)
    auditor = await at(front, Role.AUDITOR)
    for path in ("/admin/held", "/admin/arrivals"):
        page = await auditor.open(path)
        assert not [one for one in page.all("form") if one.get("action", "").startswith(path)]
    await auditor.post(f"/admin/held/{row.id}/count")
    assert auditor.status == 403
    await auditor.post("/admin/arrivals/retry", arrival=key)
    assert auditor.status == 403
    agent = await at(front, Role.AGENT)
    await agent.open("/admin/held")
    assert agent.status == 403


async def test_held_answers_are_called_in_chinese_without_a_measure_word(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    browser.client.headers["accept-language"] = "zh-CN"
    page = await browser.open("/admin/held")
    assert "待核实的评价" in page.text
    assert "份待核实的评价" not in page.text
    overview = (await browser.open("/admin/")).heading
    assert overview.count("份待核实的评价") == overview.count("0 份待核实的评价") == 1, "only behind its number"

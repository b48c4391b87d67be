"""Dead letters: seen with their reason, sent again, given up."""

from __future__ import annotations

from core.accounts.roles import Role
from core.models.accounts import AuditLine
from core.models.deliveries import Delivery, DeliveryState
from tests.web.admin.desk import at
from tests.web.front import Front

PATH = "/admin/deliveries"


async def dead(front: Front, key: str = "reply:1", problem: str = "<script>alert(1)</script> blocked") -> Delivery:
    return await Delivery.create(
        key=key,
        kind="reply",
        channel="telegram",
        target="12345678901234567890",
        state=DeliveryState.DEAD,
        due_at=front.clock.now,
        created_at=front.clock.now,
        attempts=11,
        problem=problem,
    )


async def test_a_dead_letter_says_why_and_its_reason_runs_nowhere(front: Front) -> None:
    await dead(front)
    browser = await at(front, Role.SUPERVISOR)
    page = await browser.open(PATH)
    assert "blocked" in page.text
    assert "<script>alert" not in browser.html
    assert "12345678901234567890" not in browser.html


async def test_its_reason_is_said_in_the_readers_language_and_what_others_said_is_quoted(front: Front) -> None:
    refused = "the relay answered 550 5.1.1 <b>no such user</b> (while naming the recipient)"
    await dead(front, problem=f"given up after 12 tries: {refused}")
    await dead(front, "reply:2", problem="what an older Afterword wrote")
    browser = await at(front, Role.ADMIN)
    page = await browser.open(PATH)
    assert f"given up after 12 tries: {refused}" in page.text
    assert "what an older Afterword wrote" in page.text
    await browser.open("/admin/account")
    await browser.post("/admin/account", name="李雷", locale="zh-Hans")
    page = await browser.open(PATH)
    assert (
        "没有这个邮箱：请更正地址（尝试 12 次后放弃：邮件服务器答复：“550 5.1.1 <b>no such user</b>”（报告收件人时）"
        in page.text
    )
    assert "what an older Afterword wrote" in page.text
    assert "given up" not in page.text
    assert "给客户的回复" in page.text


async def test_it_is_sent_again_once(front: Front) -> None:
    row = await dead(front)
    browser, other = await at(front, Role.SUPERVISOR), await at(front, Role.ADMIN)
    await other.open(PATH)
    await browser.open(PATH)
    page = await browser.send(f"{PATH}/{row.id}/replay")
    assert "on its way again" in page.text
    await row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.WAITING, 0)
    await other.post(f"{PATH}/{row.id}/discard", sure="yes")
    page = other.page
    assert other.status == 409
    assert "Somebody was faster" in page.text
    assert await AuditLine.filter(subject=f"delivery:dlv_{row.id}").values_list("action", flat=True) == [
        "delivery.replayed"
    ]


async def test_how_often_it_was_tried_in_all_and_who_sent_it_again_is_shown(front: Front) -> None:
    row = await dead(front)
    browser = await at(front, Role.SUPERVISOR)
    for again in range(2):
        page = await browser.open(PATH)
        assert ("Tried" in page.text) == bool(again)
        await browser.send(f"{PATH}/{row.id}/replay")
        await Delivery.filter(id=row.id).update(state=DeliveryState.DEAD, attempts=again)
        front.clock.pass_(minutes=10)
    page = await (await at(front, Role.AUDITOR)).open(PATH)
    assert "Tried 15 times in all." in page.text, "twelve times, then once, then twice"
    assert "Sent again 2 times, last by supervisor@kestrel.example, Sun 22 Nov 12:10." in page.text


async def test_it_is_given_up(front: Front) -> None:
    row = await dead(front)
    browser = await at(front, Role.ADMIN)
    await browser.open(PATH)
    await browser.send(f"{PATH}/{row.id}/discard")
    assert "Discard “Reply to the customer”?" in browser.page.text
    assert "Telegram · Sun 22 Nov 12:00" in browser.page.text
    assert "dlv_" not in browser.page.text
    assert (await Delivery.get(id=row.id)).state == DeliveryState.DEAD, "it asks first"
    await browser.post(f"{PATH}/{row.id}/discard", sure="yes")
    await row.refresh_from_db()
    assert row.state == DeliveryState.CANCELLED
    assert await AuditLine.filter(action="delivery.discarded").count() == 1


async def test_an_auditor_only_looks(front: Front) -> None:
    row = await dead(front)
    browser = await at(front, Role.AUDITOR)
    await browser.open(PATH)
    assert f"{PATH}/{row.id}/replay" not in browser.html
    await browser.post(f"{PATH}/{row.id}/replay")
    assert browser.status == 403

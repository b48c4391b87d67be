"""The staff inbox in the browser: what waits, whose it is, and what is done about it; the same as in Slack."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.site import Site
from bot.staff import actions
from core import audit
from core.models.accounts import Account, AuditLine, Role
from core.models.deliveries import Delivery
from core.models.desk import TicketEntry, TicketStatus
from core.models.invites import Invite, InvitePurpose
from core.models.reactions import Alert, AlertState, Recovery, RecoveryState
from core.ports import Acknowledgement, Person, Tapped
from core.reactions import recoveries
from core.store import Store
from tests.rigs import statements
from tests.web.admin import unhappy
from tests.web.admin.desk import at
from tests.web.front import Front, Page

PATH = "/admin/inbox"


async def test_a_bad_mark_is_there_with_its_words_its_time_and_nobody_who_has_it(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    page = await kim.open(PATH)
    assert "1/5" in page.text
    assert "Late & <script>" in page.text
    assert "<script>alert" not in kim.html
    assert "waiting for somebody to take it" in page.text
    assert "left" in page.text
    front.clock.pass_(hours=30)
    page = await (await unhappy.browser_of(front)).open(PATH)
    assert "overdue for" in page.text
    assert page.all("a", href=f"/admin/tickets/{raised.ticket.number}")


async def test_each_view_says_how_much_waits_behind_it(front: Front) -> None:
    raised = [await unhappy.alert(front) for _ in range(3)]
    kim = await unhappy.browser_of(front)
    await kim.open(f"{PATH}?whose=all")
    await kim.send(f"{PATH}/{raised[0].key}/take")
    page = await kim.open(PATH)
    assert "Mine (1)" in page.text
    assert "All (3)" in page.text
    await kim.send(f"{PATH}/{raised[0].key}/dismiss", reason="mistake", note="")
    page = await kim.open(f"{PATH}?whose=mine")
    assert "Mine (0)" in page.text
    assert "All (2)" in page.text


async def test_reasons_are_listed_as_the_reader_lists_things(sqlite_front: Front) -> None:
    await unhappy.alert(sqlite_front, reasons=["slow", "unfriendly"])
    kim = await unhappy.browser_of(sqlite_front)
    assert "Too slow, Unfriendly" in (await kim.open(PATH)).text
    await kim.post("/admin/account", name="Kim", locale="zh-Hans")
    assert "太慢、态度不好" in (await kim.open(PATH)).text


async def test_of_two_who_take_it_one_has_it_and_the_other_is_told_who(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim, lee = await unhappy.browser_of(front), await unhappy.browser_of(front, "Lee")
    for one in (kim, lee):
        await one.open(PATH)
    page = await kim.send(f"{PATH}/{raised.key}/take")
    assert "It is yours." in page.text
    page = await lee.send(f"{PATH}/{raised.key}/take")
    assert lee.status == 409
    assert "Already taken by Kim." in page.text
    recovery = await Recovery.get().select_related("owner")
    assert (recovery.state, recovery.owner and recovery.owner.name) == (RecoveryState.TAKEN, "Kim")
    lines = await AuditLine.filter(subject=f"ticket:{raised.ticket.number}").values_list("actor", "action")
    assert list(lines) == [("kim@kestrel.example", "ticket.taken")]


async def test_the_customer_reads_the_reply_and_it_is_kind_of_taken(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    await kim.open(PATH)
    await kim.send(f"{PATH}/{raised.key}/reply", text="We are on it <3")
    delivery = await Delivery.get(kind="reply")
    assert (delivery.channel, delivery.payload["text"]) == ("support-bot", "We are on it <3")
    assert (await Recovery.get()).state == RecoveryState.TAKEN
    assert await Delivery.filter(kind="alert_update", key__contains="replied").exists(), "Slack's thread hears of it"
    [line] = await AuditLine.filter(action="ticket.replied")
    assert "on it" not in str(line.after), "words to customers stand in the ticket's history alone"


async def test_what_was_typed_stays_when_it_is_refused(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    await kim.open(PATH)
    page = await kim.send(f"{PATH}/{raised.key}/resolve", outcome="", note="A new cable <b>")
    assert kim.status == 409
    assert "A new cable <b>" in page.text
    assert page.all("select", name="outcome")[0].get("aria-invalid") == "true"
    assert "Please choose one." in page.text
    assert await AuditLine.filter(action="ticket.resolved").count() == 0
    page = await kim.send(f"{PATH}/{raised.key}/reply", text="x" * 3001)
    assert "3000 characters fit" in page.text
    assert not await Delivery.filter(kind="reply").exists()


async def test_it_is_assigned_snoozed_and_resolved_and_asked_about_again(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim, lee = await unhappy.browser_of(front), await unhappy.person("Lee")
    await kim.open(PATH)
    await kim.send(f"{PATH}/{raised.key}/snooze", minutes="30")
    assert (await Alert.get()).snoozed_until == front.clock.now + timedelta(minutes=30)
    await kim.send(f"{PATH}/{raised.key}/assign", assignee=lee.key)
    assert (await Recovery.get()).owner_id == lee.id
    page = await kim.open(PATH)
    assert "assigned to Lee, who has yet to confirm" in page.text
    assert "taken by" not in page.text
    page = await kim.open(f"/admin/tickets/{raised.ticket.number}")
    assert "Kim assigned it to Lee" in page.text
    assert "Lee took" not in page.text
    await kim.open(f"{PATH}?whose=mine")
    assert raised.ticket.number not in kim.page.text
    await kim.open(PATH)
    await kim.send(f"{PATH}/{raised.key}/resolve", outcome="compensated", note="A voucher")
    recovery = await Recovery.get()
    assert (recovery.state, recovery.outcome, recovery.closed_by) == (RecoveryState.RESOLVED, "compensated", "Kim")
    assert (await unhappy.ticket_of(raised)).status == TicketStatus.RESOLVED
    assert await Invite.filter(purpose=InvitePurpose.RECOVERY).count() == 1
    assert "Nobody waits for you" in (await kim.open(f"{PATH}?whose=all")).text
    done = await AuditLine.exclude(action__startswith="account.").order_by("id").values_list("action", flat=True)
    assert list(done) == ["ticket.snoozed", "ticket.assigned", "ticket.recovery_closed"]
    assert (await audit.verify()).broken is None


async def test_it_is_dismissed_with_a_reason(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    await kim.open(PATH)
    await kim.send(f"{PATH}/{raised.key}/dismiss", reason="test", note="")
    assert (await Alert.get()).state == AlertState.CLOSED
    await kim.post(f"{PATH}/{raised.key}/take")
    assert kim.status == 409
    assert "already finished" in kim.page.text


async def test_what_is_done_in_slack_is_seen_here_and_what_is_done_here_in_slack(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    desk = actions.StaffDesk(Site("Kestrel", "https://x.example", front.site.templates))
    await unhappy.person("Lee")

    class Slack:
        name, kind = "slack", "slack"

    tap = Tapped(person=Person("U0LEE"), target="C0ALERTS", action=actions.write(raised.key, "take"))
    turn = await desk.heard(Slack(), tap, now=front.clock.now)  # type: ignore[arg-type]
    assert isinstance(turn.answer, Acknowledgement)
    page = await kim.open(PATH)
    assert "taken by Lee" in page.text
    await kim.send(f"{PATH}/{raised.key}/resolve", outcome="solved", note="")
    turn = await desk.heard(Slack(), tap, now=front.clock.now)  # type: ignore[arg-type]
    assert "already finished" in turn.answer.note
    assert await Delivery.filter(kind="alert_update", key__endswith=":resolved").count() == 1


async def test_an_account_that_is_nobody_on_the_desk_looks_and_is_told_why_it_cannot_act(front: Front) -> None:
    raised = await unhappy.alert(front)
    admin = await at(front, Role.ADMIN)
    page = await admin.open(PATH)
    assert raised.ticket.number in page.text
    assert "Choose who you are under Accounts" in page.text
    assert not page.all("form", action=f"{PATH}/{raised.key}/take")
    await admin.post(f"{PATH}/{raised.key}/take")
    assert admin.status == 409
    assert (await Recovery.get()).state == RecoveryState.OPEN


async def test_an_auditor_only_looks(front: Front) -> None:
    raised = await unhappy.alert(front)
    auditor = await at(front, Role.AUDITOR)
    page = await auditor.open(PATH)
    assert raised.ticket.number in page.text
    assert "who you are on the desk" not in page.text
    await auditor.post(f"{PATH}/{raised.key}/take")
    assert auditor.status == 403


async def test_what_nobody_has_comes_first_then_what_is_due_first(front: Front) -> None:
    first, second, third = [await unhappy.alert(front) for _ in range(3)]
    kim = await unhappy.browser_of(front)
    await recoveries.take(first, await unhappy.person(), now=front.clock.now)
    await Recovery.filter(id=third.recovery_id).update(due_at=front.clock.now)
    page = await kim.open(PATH)
    shown = [one["id"] for one in page.all("li") if one.get("id", "").startswith("a-")]
    assert shown == [f"a-{one.key}" for one in (third, second, first)]


async def test_another_teams_are_seen_under_all(front: Front) -> None:
    raised = await unhappy.alert(front)
    lee = await unhappy.browser_of(front, "Lee", of="billing")
    assert raised.ticket.number not in (await lee.open(PATH)).text
    assert raised.ticket.number in (await lee.open(f"{PATH}?whose=all")).text


async def test_for_its_own_script_the_answer_is_a_part(front: Front) -> None:
    raised = await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    part = await kim.client.get(f"{PATH}?part=list&whose=all")
    assert "<html" not in part.text
    assert f'id="a-{raised.key}"' in part.text
    csrf = kim.page.hidden()["csrf"]
    headers = {"hx-request": "true", "x-csrf-token": csrf}
    answer = await kim.client.post(f"{PATH}/{raised.key}/take", headers=headers)
    assert answer.status_code == 200
    assert "It is yours." in answer.text
    assert "<html" not in answer.text
    answer = await kim.client.post(f"{PATH}/{raised.key}/take", headers=headers)
    assert answer.status_code == 422
    assert "already yours" in Page(answer.text).text


@pytest.mark.parametrize("path", ["", "/admin/tickets"])
async def test_many_rows_cost_no_more_queries_than_few(sqlite_front: Front, sqlite_store: Store, path: str) -> None:
    costs = []
    for more in (5, 45):
        for _ in range(more):
            await unhappy.alert(sqlite_front)
        kim = await unhappy.browser_of(sqlite_front)  # half an hour goes by with each of them
        with statements.told(sqlite_store) as asked:
            await kim.open(path or f"{PATH}?whose=all")
        costs.append(len(asked))
        assert kim.status == 200
    assert costs[0] == costs[1] > 1, asked


async def test_the_overview_counts_what_waits(front: Front) -> None:
    await unhappy.alert(front)
    kim = await unhappy.browser_of(front)
    page = await kim.open("/admin/")
    assert page.all("a", href=f"{PATH}?whose=all")
    assert not page.all("a", href="/admin/held")
    front.clock.pass_(days=3)
    admin = await at(front, Role.ADMIN)
    await admin.open("/admin/")
    assert "1 recovery that is overdue" in admin.page.heading
    assert await TicketEntry.filter(kind="alert").count() == 1


async def test_an_admin_says_who_somebody_is_on_the_desk(front: Front) -> None:
    raised = await unhappy.alert(front)
    await unhappy.person("Lee")
    agent, admin = await at(front, Role.AGENT, name="Lee"), await at(front, Role.ADMIN)
    path = f"/admin/accounts/{(await Account.get(email='agent@kestrel.example')).id}"
    await admin.open(path)
    page = await admin.post(path, name="Lee", role="agent", active="on", staff="nobody@kestrel.example")
    assert (admin.status, "There is no such member of staff." in page.text) == (422, True)
    await admin.post(path, name="Lee", role="agent", active="on", staff="lee@kestrel.example")
    [line] = await AuditLine.filter(action="account.changed")
    assert line.after == {"staff": "lee@kestrel.example"}
    await agent.open(PATH)
    await agent.send(f"{PATH}/{raised.key}/take")
    assert "It is yours." in agent.page.text
    await admin.open(path)
    await admin.post(path, name="Lee", role="agent", active="on", staff="")
    assert not (await agent.open(PATH)).all("form", action=f"{PATH}/{raised.key}/reply")

"""Recoveries about which nobody is alerted: the inbox lists them among the alerts, and they are ended there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.desk import tickets
from core.models.accounts import AuditLine, Role
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry, TicketStatus
from core.models.invites import Invite, InvitePurpose
from core.models.reactions import Alert, Recovery, RecoveryState
from core.models.setup import Rule, Team
from core.reactions import rules
from core.reactions.settings import RuleSettings
from core.store import Store
from core.surveys import invites, responses
from tests.rigs import statements
from tests.web.admin import unhappy
from tests.web.admin.desk import at
from tests.web.front import Front

PATH = "/admin/inbox"


async def alone(front: Front, *then: str, comment: str = unhappy.LATE) -> Recovery:
    """Ann is unhappy; a rule opens a recovery, and alerts nobody."""
    await unhappy.team()
    settings = RuleSettings.model_validate({"when": {"bands": ["negative"]}, "then": list(then or ("recover",))})
    await Rule.all().delete()
    await Rule.create(key="quiet", position=1, settings=settings.model_dump(mode="json"))
    asked = await front.invite()
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    response = await responses.answer(invite, {"overall": 1}, [], comment, finished=True, now=front.clock.now)
    await responses.settle(response.id, now=front.clock.now)
    assert not await Alert.filter(response_id=response.id).exists()
    return await Recovery.get(response_id=response.id).select_related("ticket")


async def test_it_is_listed_with_its_time_and_can_be_taken_and_resolved(front: Front) -> None:
    recovery = await alone(front, "reopen", "recover")
    kim = await unhappy.browser_of(front)
    page = await kim.open(PATH)
    assert "Late & <script>" in page.text
    assert "waiting for somebody to take it" in page.text
    assert page.all("progress")
    assert not page.all("form", action=f"{PATH}/r-{recovery.id}/snooze"), "there is no alert to put off"
    page = await kim.send(f"{PATH}/r-{recovery.id}/take")
    assert "It is yours." in page.text
    assert "taken by Kim" in page.text
    ticket = await Ticket.get().select_related("assignee")
    assert (ticket.status, ticket.assignee and ticket.assignee.name) == (TicketStatus.IN_PROGRESS, "Kim")
    page = await kim.send(f"{PATH}/r-{recovery.id}/resolve", outcome="", note="A new cable")
    assert (kim.status, "Please choose one." in page.text, "A new cable" in page.text) == (409, True, True)
    await kim.send(f"{PATH}/r-{recovery.id}/resolve", outcome="compensated", note="A new cable")
    recovery = await Recovery.get()
    assert (recovery.state, recovery.outcome, recovery.closed_by) == (RecoveryState.RESOLVED, "compensated", "Kim")
    assert (await Ticket.get()).status == TicketStatus.RESOLVED
    assert await Invite.filter(purpose=InvitePurpose.RECOVERY).count() == 1, "the customer is asked again"
    assert "Nobody waits for you" in (await kim.open(f"{PATH}?whose=all")).text
    done = await AuditLine.filter(action__startswith="ticket.").order_by("id").values_list("action", flat=True)
    assert list(done) == ["ticket.taken", "ticket.recovery_closed"]
    told = await TicketEntry.filter(kind="recovery").order_by("id").values_list("label", flat=True)
    assert list(told) == ["history.recovery_opened", "history.recovery_taken", "history.recovery_closed"]
    assert not await Delivery.filter(kind__startswith="alert").exists(), "nobody was to be alerted"


async def test_of_two_who_take_it_one_has_it_and_what_is_over_is_over(front: Front) -> None:
    recovery = await alone(front, "reopen", "recover")
    kim, lee = await unhappy.browser_of(front), await unhappy.browser_of(front, "Lee")
    for one in (kim, lee):
        await one.open(PATH)
    await kim.send(f"{PATH}/r-{recovery.id}/take")
    page = await lee.send(f"{PATH}/r-{recovery.id}/take")
    assert (lee.status, "Already taken by Kim." in page.text) == (409, True)
    await lee.send(f"{PATH}/r-{recovery.id}/dismiss", reason="test", note="")
    assert (await Recovery.get()).state == RecoveryState.DISMISSED
    for verb in ("take", "resolve", "assign", "dismiss"):
        page = await kim.post(f"{PATH}/r-{recovery.id}/{verb}", outcome="solved", reason="test", assignee="x")
        assert kim.status == 409
    assert "already finished" in page.text


async def test_it_is_assigned_and_answered(front: Front) -> None:
    recovery = await alone(front, "reopen", "recover")
    kim, lee = await unhappy.browser_of(front), await unhappy.person("Lee")
    await kim.open(PATH)
    await kim.send(f"{PATH}/r-{recovery.id}/reply", text="We are on it")
    assert (await Delivery.get(kind="reply")).payload["text"] == "We are on it"
    assert (await Recovery.get().select_related("owner")).owner.name == "Kim"  # type: ignore[union-attr]
    await kim.send(f"{PATH}/r-{recovery.id}/assign", assignee=lee.key)
    assert (await Recovery.get()).owner_id == lee.id
    await kim.post(f"{PATH}/r-{recovery.id}/snooze", minutes="30")
    assert kim.status == 409


async def test_resolving_its_ticket_asks_for_the_outcome_and_ends_both(front: Front) -> None:
    await alone(front, "reopen", "recover")
    kim = await unhappy.browser_of(front)
    number = (await Ticket.get()).number
    page = await kim.open(f"/admin/tickets/{number}")
    assert page.all("select", name="outcome")
    assert "left" in page.text
    await kim.send(f"/admin/tickets/{number}/resolve", outcome="explained", note="")
    assert (await Recovery.get()).outcome == "explained"


async def test_one_whose_request_is_resolved_already_says_that_its_outcome_is_missing(front: Front) -> None:
    recovery = await alone(front)
    kim = await unhappy.browser_of(front)
    page = await kim.open(PATH)
    assert "how it ended is still to be said" in page.text
    await kim.send(f"{PATH}/r-{recovery.id}/resolve", outcome="solved", note="")
    assert (await Recovery.get()).state == RecoveryState.RESOLVED


async def test_alerts_and_recoveries_stand_in_one_order_page_after_page(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = [await unhappy.alert(front) for _ in range(2)]
    others = [await alone(front) for _ in range(2)]
    due = front.clock.now + timedelta(hours=1)
    for number, row in enumerate((others[0], raised[0], others[1], raised[1])):
        which = row.id if isinstance(row, Recovery) else row.recovery_id
        await Recovery.filter(id=which).update(due_at=due + timedelta(minutes=number))
    await Recovery.filter(id=others[0].id).update(state=RecoveryState.TAKEN)
    monkeypatch.setattr("bot.web.admin.inbox_page.PAGE", 2)
    kim = await unhappy.browser_of(front)
    shown = []
    for skip in (0, 2):
        page = await kim.open(f"{PATH}?whose=all&skip={skip}")
        shown.append([one["id"] for one in page.all("li") if one.get("id", "").startswith("a-")])
    assert shown == [
        [f"a-{raised[0].key}", f"a-r-{others[1].id}"],
        [f"a-{raised[1].key}", f"a-r-{others[0].id}"],
    ], "what somebody has comes last"


async def test_those_without_a_team_are_every_teams_and_others_are_theirs(front: Front) -> None:
    recovery = await alone(front)
    lee = await unhappy.browser_of(front, "Lee", of="billing")
    assert recovery.ticket.number not in (await lee.open(PATH)).text
    assert recovery.ticket.number in (await lee.open(f"{PATH}?whose=all")).text
    await Ticket.all().update(team_id=None)
    assert recovery.ticket.number in (await lee.open(PATH)).text
    assert await Team.all().count() == 2


async def test_many_cost_no_more_queries_than_few(sqlite_front: Front, sqlite_store: Store) -> None:
    costs = []
    for more in (4, 20):
        for _ in range(more):
            await alone(sqlite_front)
        kim = await unhappy.browser_of(sqlite_front)
        with statements.told(sqlite_store) as asked:
            await kim.open(f"{PATH}?whose=all")
        costs.append(len(asked))
    assert costs[0] == costs[1] > 1, asked


async def test_the_overview_counts_it_until_somebody_takes_it(front: Front) -> None:
    await unhappy.alert(front)
    recovery = await alone(front)
    kim = await unhappy.browser_of(front)
    page = await kim.open("/admin/")
    assert "2 alerts or recoveries that nobody has taken" in page.heading
    await kim.open(PATH)
    await kim.send(f"{PATH}/r-{recovery.id}/take")
    page = await kim.open("/admin/")
    assert "1 alert or recovery that nobody has taken" in page.heading


async def test_an_auditor_only_looks_and_numbers_that_are_none_are_not_found(front: Front) -> None:
    recovery = await alone(front)
    auditor = await at(front, Role.AUDITOR)
    page = await auditor.open(PATH)
    assert recovery.ticket.number in page.text
    await auditor.post(f"{PATH}/r-{recovery.id}/take")
    assert auditor.status == 403
    kim = await unhappy.browser_of(front)
    for key in ("r-0", "r-999", f"r-{'9' * 30}", "r-١", "r-x"):
        await kim.open(PATH)
        await kim.post(f"{PATH}/{key}/take")
        assert kim.status == 404, key


async def test_overdue_ones_stay_listed_until_somebody_ends_them(front: Front) -> None:
    recovery = await alone(front)
    front.clock.pass_(days=3)
    await rules.look_at_recovery(recovery.id, now=front.clock.now)
    kim = await unhappy.browser_of(front)
    assert "overdue for" in (await kim.open(PATH)).text
    assert await tickets.is_open(recovery.ticket) is False

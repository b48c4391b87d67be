"""Somebody rated a ticket badly, and Kim of the support team sits at the admin's browser."""

from __future__ import annotations

from collections.abc import Sequence

from core.models.accounts import Account, Role
from core.models.desk import Ticket
from core.models.reactions import Alert
from core.models.setup import Staff, StaffAddress, Team
from core.reactions import alerts
from core.surveys import invites, responses
from tests.web.admin.desk import Browser, account, at
from tests.web.front import Front

LATE = "Late & <script>alert(1)</script>"


async def team(key: str = "support") -> Team:
    row, _ = await Team.get_or_create(
        key=key, defaults={"name": key.title(), "alert_channel": "slack", "alert_to": "C0ALERTS"}
    )
    return row


async def person(name: str = "Kim", *, of: str = "support") -> Staff:
    found = await Staff.get_or_none(key=f"{name.lower()}@kestrel.example")
    if found is None:
        found = await Staff.create(key=f"{name.lower()}@kestrel.example", name=name, team=await team(of))
        await StaffAddress.create(staff=found, channel="slack", address=f"U0{name.upper()}")
    return found


async def browser_of(front: Front, name: str = "Kim", *, role: Role = Role.AGENT, of: str = "support") -> Browser:
    """The browser of somebody who is on the desk."""
    staff = await person(name, of=of)
    if not await Account.filter(email=staff.key).exists():
        made = await account(front, role, email=staff.key, name=name)
        await Account.filter(id=made.id).update(staff_id=staff.id)
    return await at(front, role, email=staff.key)


async def alert(
    front: Front, *, comment: str = LATE, score: int = 1, reasons: Sequence[str] = (), **more: int
) -> Alert:
    """Ann was asked, gave a bad mark, and the staff are alerted."""
    await team()
    asked = await front.invite()
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    response = await responses.answer(
        invite, {"overall": score, **more}, list(reasons), comment, finished=True, now=front.clock.now
    )
    await responses.settle(response.id, now=front.clock.now)
    raised = await alerts.of_response(response.id)
    assert raised is not None
    return raised


async def ticket_of(raised: Alert) -> Ticket:
    return await Ticket.get(id=raised.ticket_id)

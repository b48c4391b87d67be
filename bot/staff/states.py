"""How an alert stands, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.site import Site
from bot.wording import Wording
from core.models.desk import OPEN_STATUSES, Ticket
from core.models.reactions import Alert, AlertState, Recovery, RecoveryState
from core.models.setup import Staff
from core.ports import Moment
from core.reactions.recoveries import UNDER_WAY


def state_of(alert: Alert, words: Wording, site: Site, *, now: datetime) -> str:
    """How it stands, in words: waiting, taken by Kim, overdue since 14:30, resolved by Kim: solved.

    A request that was resolved elsewhere leaves its recovery without an outcome, and that is said too.
    """
    state = _state_of(alert, words, site, now=now)
    recovery: Recovery | None = alert.recovery
    is_under_way = alert.state != AlertState.CLOSED and recovery is not None and recovery.state in UNDER_WAY
    return words.label("state.outcome_missing", state=state) if is_under_way and is_over(alert.ticket) else state


def is_over(ticket: Ticket) -> bool:
    """The request is resolved: what is open about it misses its outcome."""
    return ticket.status not in OPEN_STATUSES


def end_of(recovery: Recovery, words: Wording) -> str:
    """How it ended; "" while it is open."""
    if recovery.state == RecoveryState.RESOLVED:
        return words.label(
            "state.resolved", name=recovery.closed_by, outcome=words.label(f"outcome.{recovery.outcome}")
        )
    if recovery.state == RecoveryState.DISMISSED:
        reason = words.label(f"dismissal.{recovery.outcome}")
        return words.label("state.dismissed", name=recovery.closed_by, reason=reason)
    return ""


def _state_of(alert: Alert, words: Wording, site: Site, *, now: datetime) -> str:
    recovery: Recovery | None = alert.recovery
    if alert.ticket.contact.erased_at is not None:
        return words.label("state.erased")
    if recovery is not None and (end := end_of(recovery, words)):
        return end
    if alert.state == AlertState.CLOSED:
        return words.label("state.closed")
    if recovery is not None and now >= recovery.due_at:
        return words.label("state.overdue", due=when_of(recovery.due_at, words, site, now))
    if alert.state == AlertState.OPEN and alert.snoozed_until and alert.snoozed_until > now:
        return words.label("state.snoozed", until=when_of(alert.snoozed_until, words, site, now))
    return of_owner(owner_of(alert), words, is_taken=alert.state == AlertState.ACKNOWLEDGED)


def of_owner(owner: Staff | None, words: Wording, *, is_taken: bool) -> str:
    """Who has it; or who has yet to say that they have, if anybody was named."""
    name = owner.name or owner.key if owner else ""
    if is_taken:
        return words.label("state.taken", name=name or words.label("alert.nobody"))
    return words.label("state.assigned", name=name) if name else words.label("state.open")


def owner_of(alert: Alert) -> Staff | None:
    """Who answers for it, whether they took it or not."""
    recovery: Recovery | None = alert.recovery
    owner: Staff | None = recovery.owner if recovery else alert.ticket.assignee
    return owner


def named_by_state(alert: Alert, *, now: datetime) -> str:
    """Whom `state_of` names; "" when it names nobody."""
    recovery: Recovery | None = alert.recovery
    if recovery is not None and recovery.state in (RecoveryState.RESOLVED, RecoveryState.DISMISSED):
        return recovery.closed_by
    is_overdue = recovery is not None and now >= recovery.due_at
    is_quiet = alert.state == AlertState.OPEN and alert.snoozed_until is not None and alert.snoozed_until > now
    if alert.state == AlertState.CLOSED or is_overdue or is_quiet:
        return ""
    owner = owner_of(alert)
    return owner.name or owner.key if owner else ""


def agent_of(alert: Alert) -> str:
    """Who worked on the ticket when it was rated; whoever has it now is the owner."""
    agent = alert.response.invite.agent
    return agent.name if agent else ""


def when_of(moment: datetime, words: Wording, site: Site, now: datetime) -> str:
    """For everybody in a place of the staff, wherever they are."""
    return words.templates.when(moment, words.locale, site.timezone, now=now, lasting=True, zoned=True)


def moments_of(moments: Iterable[datetime | None], words: Wording, site: Site, now: datetime) -> tuple[Moment, ...]:
    """What `when_of` says, for channels that can say it to each reader in their own time."""
    return tuple(Moment(when_of(one, words, site, now), one) for one in moments if one is not None)

"""What to do next, and what has been done: the walk with one customer in seven steps."""

from __future__ import annotations

from dataclasses import dataclass

from bot.demo.sight import Sight
from bot.staff import actions
from core.models.invites import Invite, InvitePurpose
from core.models.reactions import Alert, Recovery, RecoveryState
from core.models.responses import Band, Response, Score

STEPS = ("resolve", "wait", "rate", "settle", "take", "mend", "again")
_PARTS = {
    "resolve": "agent",
    "wait": "clock",
    "rate": "customer",
    "settle": "clock",
    "take": "staff",
    "mend": "staff",
    "again": "customer",
}
_MINUTES = {"wait": 5, "settle": 2}
_VERBS = {"take": "take", "mend": "resolve"}


@dataclass(frozen=True, slots=True)
class Point:
    """`part` is the column where it is done, `button` which one there; `minutes` how far the clock must go for it."""

    key: str
    done: bool
    now: bool
    title: str
    hint: str
    part: str
    minutes: int = 0
    button: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the walk has come."""

    invite: Invite | None = None
    scores: tuple[int, ...] = ()
    band: Band | None = None
    alert: Alert | None = None
    recovery: Recovery | None = None
    asked_again: Invite | None = None
    answered_again: bool = False

    def done(self) -> tuple[bool, ...]:
        over = self.recovery is not None and self.recovery.state in (RecoveryState.RESOLVED, RecoveryState.DISMISSED)
        taken = over or (self.recovery is not None and self.recovery.state == RecoveryState.TAKEN)
        return (
            self.invite is not None,
            self.invite is not None and self.invite.delivered_at is not None,
            (bool(self.scores) and min(self.scores) <= 2) or self.alert is not None,
            self.alert is not None,
            taken,
            over,
            self.answered_again or (over and self.asked_again is None),
        )


async def points(sight: Sight) -> list[Point]:
    """The steps in their order; the first that is not done is the one to do now."""
    standing = await _standing(sight)
    done = standing.done()
    at = next((index for index, one in enumerate(done) if not one), len(STEPS))
    return [_point(key, index, at, done[index], standing, sight) for index, key in enumerate(STEPS)]


def _point(key: str, index: int, at: int, done: bool, standing: Standing, sight: Sight) -> Point:
    hint, values = key, {"name": sight.customer.name, "when": "", "staff": sight.staff.name}
    if key == "wait" and standing.invite:
        values["when"] = sight.clock(standing.invite.due_at)
    if key == "rate" and standing.scores:
        hint = "rate_kindly"
    if key == "again" and standing.asked_again and not standing.asked_again.delivered_at:
        hint = "again_soon"
    verb = _VERBS.get(key)
    return Point(
        key=key,
        done=done,
        now=index == at,
        title=sight.say(f"demo_step.{key}", **values),
        hint=sight.say(f"demo_hint.{hint}", **values),
        part=_PARTS[key],
        minutes=_MINUTES.get(key, 0),
        button=actions.write(standing.alert.key, verb) if verb and standing.alert else "",
    )


async def _standing(sight: Sight) -> Standing:
    asked = Invite.filter(contact_id=sight.customer.id, created_at__gt=sight.stage.began)
    invite = await asked.filter(purpose=InvitePurpose.SERVICE).order_by("id").first()
    if invite is None:
        return Standing()
    response = await Response.filter(invite_id=invite.id).first()
    if response is None:
        return Standing(invite)
    scores = tuple(one.value for one in await Score.filter(response_id=response.id))
    alert = await Alert.filter(response_id=response.id).select_related("recovery", "ticket").first()
    again = await asked.filter(purpose=InvitePurpose.RECOVERY).order_by("id").first()
    answered = again is not None and await Score.filter(response__invite_id=again.id).exists()
    recovery = alert.recovery if alert else None
    return Standing(invite, scores, response.band, alert, recovery, again, answered)

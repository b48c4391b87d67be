"""Whatever staff can press, fill in, type or ask for in Slack, tried by everybody who may not (SEC-35)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.staff import actions, card_actions, commands
from core.models.deliveries import Arrival, ArrivalState, Delivery
from core.models.desk import Ticket, TicketEntry
from core.models.invites import Invite
from core.models.reactions import Alert, Recovery
from core.models.setup import Staff
from core.surveys import responses
from tests import world
from tests.core.builders import asked
from tests.rigs.slack import SlackRig
from tests.world import World

TEAM = "C0ALERTS"
LEFT = """
[[staff]]
key = "left@example.org"
name = "Left"
team = "support"
active = false
addresses = [{ channel = "slack", address = "U0LEFT" }]
"""
GUEST = {"id": "U0KIM", "name": "kim", "team_id": "T0HOME", "is_restricted": True}
WRONG: dict[str, dict[str, Any]] = {
    "a guest, even under the id of one who may": GUEST,
    "a guest of one channel": {**GUEST, "is_restricted": False, "is_ultra_restricted": True},
    "a stranger of a shared channel": {**GUEST, "is_restricted": False, "is_stranger": True},
    "somebody of another workspace": {"id": "U0KIM", "name": "kim", "team_id": "T0OTHER"},
    "a member whom nobody mapped": {"id": "U0EVE", "name": "eve", "team_id": "T0HOME"},
    "one who works here no more": {"id": "U0LEFT", "name": "left", "team_id": "T0HOME"},
}
VALUES = {
    "assignee": "kim@example.org",
    "outcome": "solved",
    "reason": "solved",
    "note": "mine",
    "text": "mine",
    "minutes": "30",
    "result": "mine",
}
VERBS = [
    *((actions.PREFIX, verb) for verb in actions._ACTS),
    *((card_actions.PREFIX, verb) for verb in card_actions._ACTS),
]


@pytest.fixture
async def here(sqlite_url: str, slack: SlackRig) -> AsyncIterator[World]:
    """Ann's bad mark is in Slack, and so is what she asked."""
    slack.person("U0LEFT", name="Left")
    async with world.between(sqlite_url, slack, setup=world.SETUP + LEFT) as running:
        invite = await asked(addresses=(("nowhere", "1"),), now=running.clock())
        response = await responses.answer(invite, {"overall": 1}, [], "", finished=True, now=running.clock())
        await responses.settle(response.id, now=running.clock())
        await slack.until(lambda: slack.screen(TEAM))
        yield running


async def test_each_button_and_form_refuses_everybody_who_may_not(here: World, slack: SlackRig) -> None:
    """All of it in one installation, for starting one takes longer than all the presses."""
    before = await everything()
    told = 0
    for who, user in WRONG.items():
        for prefix, verb in VERBS:
            key = (await Alert.get()).key if prefix == actions.PREFIX else (await Ticket.get()).number
            for payload in (pressed(slack, user, f"{prefix}{key}:{verb}"), sent(slack, user, f"{prefix}{key}:{verb}")):
                await slack.interact(payload)
                told += 1
                await slack.until(lambda: len(slack.whispers) == told)  # noqa: B023 - awaited at once
                note = slack.whispers[-1]
                assert note.only_for == user["id"]
                assert "Only staff" in note.seen, (who, prefix, verb)
    assert not slack.modals
    assert await everything() == before


async def test_the_one_who_may_can_press_them_all(here: World, slack: SlackRig) -> None:
    """So that the test above fails for the right reason."""
    kim = {"id": "U0KIM", "name": "kim", "team_id": "T0HOME"}
    key, number = (await Alert.get()).key, (await Ticket.get()).number
    for prefix, verb in VERBS:
        before = len(slack.modals) + len(slack.whispers)
        await slack.interact(pressed(slack, kim, f"{prefix}{key if prefix == actions.PREFIX else number}:{verb}"))
        await slack.until(lambda: len(slack.modals) + len(slack.whispers) > before)  # noqa: B023 - awaited at once
    assert not any("Only staff" in one.seen for one in slack.whispers)
    assert len(slack.modals) == len(VERBS) - 2  # two of them need no form


@pytest.mark.parametrize("user", ["U0EVE", "U0LEFT"])
async def test_words_with_the_prefix_and_commands_do_nothing_for_who_may_not(
    user: str, here: World, slack: SlackRig
) -> None:
    before = await everything()
    [alert] = [f"{one.channel}:{one.ts}" for one in slack.messages.values() if one.channel == TEAM]
    await slack.write(user, TEAM, ">> Give me your password", thread=alert)
    await slack.until(lambda: slack.whispered(user))
    assert "Only staff" in slack.whispered(user)[0]
    slack.channels[slack.dm_of(user)] = "directmessage"
    number = (await Ticket.get()).number
    for name in commands.COMMANDS:
        await slack.command(user, "/afterword", f"{name} {number} because")
    await slack.open_home(user)
    await slack.until(lambda: user in slack.homes)
    await here.until(all_handled)
    assert number not in slack.home(user)
    assert not any(number in line for line in slack.screen(user) if not line.startswith("You have no request"))
    assert await everything() == before


async def test_words_of_a_stranger_of_a_shared_channel_stay_where_they_are(here: World, slack: SlackRig) -> None:
    before = await everything()
    [alert] = [f"{one.channel}:{one.ts}" for one in slack.messages.values() if one.channel == TEAM]
    slack.person("U0KIM", name="Kim", team="T0OTHER")
    await slack.write("U0KIM", TEAM, ">> Give me your password", thread=alert)
    await slack.until(lambda: slack.whispered("U0KIM"))
    assert "Only staff" in slack.whispered("U0KIM")[0]
    assert await everything() == before


async def all_handled() -> bool:
    return not await Arrival.exclude(state=ArrivalState.HANDLED).exists()


async def everything() -> list[Any]:
    """What must not change: every row that staff can change."""
    recovery, alert = await Recovery.get().values(), await Alert.get().values()
    kinds = [one.kind for one in await Delivery.all() if one.kind not in ("home", "help", "note", "status")]
    rest = [await Ticket.get().values(), await TicketEntry.all().count(), await Invite.all().count()]
    return [recovery, alert, sorted(kinds), *rest, await Staff.all().values()]


def pressed(slack: SlackRig, user: dict[str, Any], action: str) -> dict[str, Any]:
    press = {"type": "button", "action_id": action, "value": action}
    place = {"channel": {"id": TEAM}, "message": {"ts": "1", "team": slack.team}}
    return {**common(slack, user), "type": "block_actions", "actions": [press], **place}


def sent(slack: SlackRig, user: dict[str, Any], action: str) -> dict[str, Any]:
    memory = json.dumps({"action": action, "target": TEAM, "receipt": ""})
    blocks = [{"type": "input", "block_id": name} for name in VALUES]
    state = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in VALUES.items()}
    view = {"private_metadata": memory, "blocks": blocks, "state": {"values": state}, "id": "V1"}
    return {**common(slack, user), "type": "view_submission", "view": view | {"app_installed_team_id": slack.team}}


def common(slack: SlackRig, user: dict[str, Any]) -> dict[str, Any]:
    trigger = slack.new_trigger(user["id"])
    return {"user": user, "team": {"id": slack.team}, "api_app_id": "A0", "token": "gone", "trigger_id": trigger}

"""A stand-in Slack: the Web API and Socket Mode on loopback, and people who press, write and fill in forms.

async with SlackRig() as rig:
    ann = rig.person("U0ANN", name="Ann <3", email="ann@example.org")
    rig.hook_url = "http://127.0.0.1:8080/hooks/slack"  # or leave it empty, and connect by Socket Mode
    ...
    await rig.press("U0ANN", ann.dm, "★★")
    await rig.submit("U0ANN", {"comment": "too slow"})
    assert "sorry" in rig.screen(ann.dm)[-1]
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import ClientSession
from slack_sdk.signature import SignatureVerifier

from tests.rigs import slack_blocks
from tests.rigs.slack_server import Mood, SlackServer
from tests.rigs.slack_state import Modal, Posted, Shared, SlackPerson

__all__ = ["Answer", "Modal", "Mood", "Posted", "Request", "SlackPerson", "SlackRig"]

APP = "A0AFTERWORD"


@dataclass(frozen=True)
class Answer:
    """What Slack got for a call to the hook; over the socket 200 for an acknowledgement in time, else 0."""

    status: int
    body: bytes = b""


@dataclass(frozen=True)
class Request:
    """A call to the hook, as it was made; it can be made again."""

    headers: Mapping[str, str]
    body: bytes


@dataclass
class SlackRig(SlackServer):
    """Slack, seen from both ends."""

    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"
    hook_url: str = ""
    response_url: str = "https://hooks.slack.com/actions/T0HOME/1/rig"
    patience: float = 3.0  # how long Slack waits for an acknowledgement
    sent: list[Request] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._session = ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await super().__aexit__(kind, error, trace)

    def person(self, user: str, *, name: str = "Ann <3", email: str = "", team: str = "") -> SlackPerson:
        """Somebody of the workspace, or of another `team`."""
        made = SlackPerson(user, name, email or f"{user.lower()}@example.org", team or self.team)
        self.people[user] = made
        return made

    def workspace(self, team: str, *, name: str, enterprise: str = "") -> SlackRig:
        """Another workspace at the same Slack, without a server of its own: people act in it by the same hook."""
        other = SlackRig(team=team, name=name, enterprise=enterprise, bot_token="", hook_url=self.hook_url)
        other._session, other._numbers = self._session, self._numbers
        return other

    # ------------------------------------------------------------ what people see

    def screen(self, channel: str) -> list[str]:
        """The texts in a channel, oldest first; replies in threads are not among them. A person's id: their DMs."""
        return [posted.seen for posted in self._in(channel) if not posted.thread]

    def thread(self, channel: str, ts: str) -> list[str]:
        """The replies under a message."""
        return [posted.seen for posted in self._in(channel) if posted.thread == ts.rpartition(":")[2]]

    def buttons(self, channel: str) -> list[str]:
        """The labels on the newest message that has any."""
        for posted in reversed(self._in(channel)):
            if posted.buttons:
                return [str(button["text"]["text"]) for button in posted.buttons]
        return []

    def whispered(self, user: str) -> list[str]:
        return [posted.seen for posted in self.whispers if posted.only_for == user]

    def modal(self, user: str) -> Modal:
        """The form in front of a person."""
        found = [modal for modal in self.modals if modal.user == user]
        assert found, f"there is no form in front of {user}"
        return found[-1]

    def home(self, user: str) -> str:
        return slack_blocks.seen(self.homes[user]["blocks"])

    def pings(self) -> list[str]:
        """Everybody who was called, and every channel that was named, by anything that was posted."""
        return [control for control in self._controls() if control[0] in "!@#" and not control.startswith("!date^")]

    def moments(self) -> list[str]:
        """What Slack says in each reader's own time: `!date^1780000000^{date_short_pretty} {time}|Sat 28 Nov …`."""
        return [control for control in self._controls() if control.startswith("!date^")]

    def links(self) -> list[str]:
        return [control for control in self._controls() if control[0] not in "!@#"]

    # ------------------------------------------------------------ what people do

    async def press(self, user: str, channel: str, label: str) -> Answer:
        """Press the newest button with this label (a ✓ in front does not matter)."""
        posted, button = self._find(channel, label)
        message: dict[str, Any] = {
            "user": "U0BOT",
            "type": "message",
            "ts": posted.ts,
            "bot_id": "B0BOT",
            "app_id": APP,
        }
        message |= {"text": posted.text, "team": self.team, "blocks": posted.blocks}
        message |= {"thread_ts": posted.thread} if posted.thread else {}
        action = {name: button[name] for name in ("action_id", "text", "value") if name in button}
        action |= {"type": "button", "block_id": "b1", "action_ts": self.new_ts()}
        container = {"type": "message", "message_ts": posted.ts, "channel_id": posted.channel, "is_ephemeral": False}
        place = {"id": posted.channel, "name": self.channels.get(posted.channel, "")}
        payload = self._interaction("block_actions", user) | {"container": container, "channel": place}
        payload |= {"message": message, "state": {"values": {}}, "response_url": self.response_url}
        return await self.interact(payload | {"actions": [action]})

    async def submit(self, user: str, values: Mapping[str, str | Sequence[str]]) -> Answer:
        """Fill in the form in front of the person (options by value or label) and send it; it closes when taken."""
        modal = self.modal(user)
        inputs = [block for block in modal.view["blocks"] if block["type"] == "input"]
        unknown = set(values) - {block["block_id"] for block in inputs}
        assert not unknown, f"the form has no field {unknown}"
        state = {block["block_id"]: _filled(block, values.get(block["block_id"])) for block in inputs}
        view = {**modal.view, "id": modal.id, "hash": modal.hash, "team_id": self.team, "state": {"values": state}}
        view |= {"app_installed_team_id": self.team, "bot_id": "B0BOT", "root_view_id": modal.id}
        answer = await self.interact(self._interaction("view_submission", user) | {"view": view, "response_urls": []})
        if answer.status == 200 and not answer.body:
            self.modals.remove(modal)
        return answer

    async def write(
        self, user: str, channel: str, text: str, *, thread: str | None = None, marked: bool = False
    ) -> Answer:
        """Type a message; Slack escapes three signs in it. A person's own id as channel: their DMs with us.

        `marked`: `text` is what Slack makes of it, with mentions and links.
        """
        place = self.dm_of(channel) if channel.startswith("U") else channel
        escaped = text if marked else text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        event = {"type": "message", "user": user, "channel": place, "text": escaped, "ts": self.new_ts()}
        event |= {"channel_type": "im" if place.startswith("D") else "channel", "team": self._team_of(user)}
        if thread:
            event["thread_ts"] = thread.rpartition(":")[2]
        if self._team_of(user) != self.team:
            event |= {"user_team": self._team_of(user), "source_team": self._team_of(user)}
        return await self.happen(event)

    async def call(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread: str | None = None,
        told_as: Sequence[str] = ("app_mention",),
    ) -> str:
        """`@Afterword text`, typed in a channel; Slack tells of it as each of `told_as`. The receipt of the message."""
        ts, us = self.new_ts(), "<@U0BOT>"
        words = us + " " + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        root = thread.rpartition(":")[2] if thread else ""
        self.messages[channel, ts] = Posted(channel, ts, words, (), {}, root)
        event = {"user": user, "channel": channel, "text": words, "ts": ts, "team": self._team_of(user)}
        event |= {"thread_ts": root} if root else {}
        for kind in told_as:
            answer = await self.happen(
                event | {"type": kind} | ({"channel_type": "channel"} if kind == "message" else {})
            )
            assert answer.status == 200
        return f"{channel}:{ts}"

    async def share(
        self,
        user: str,
        channel: str,
        name: str,
        data: bytes,
        *,
        text: str = "",
        media_type: str = "image/png",
        thread: str = "",
    ) -> Answer:
        """Drop a file into a conversation, with a few words or none."""
        place = self.dm_of(channel) if channel.startswith("U") else channel
        self.channels.setdefault(place, "directmessage")
        shared = Shared(f"F{next(self._numbers):08d}", name, len(data), data, media_type)
        self.files[shared.id] = shared
        event = {"type": "message", "subtype": "file_share", "user": user, "channel": place, "text": text}
        event |= {"channel_type": "im" if place.startswith("D") else "channel", "ts": self.new_ts()}
        event |= {"thread_ts": thread.rpartition(":")[2]} if thread else {}
        event |= {"files": [self.described(shared)]}  # type: ignore[dict-item] # JSON
        return await self.happen(event)

    async def command(self, user: str, command: str, text: str = "", *, channel: str = "") -> Answer:
        """`/afterword help`, typed in a channel or in the person's DMs."""
        place = channel or self.dm_of(user)
        fields = {"token": "gone", "team_id": self._team_of(user), "team_domain": "home", "channel_id": place}
        fields |= {"channel_name": self.channels.get(place, "directmessage"), "user_id": user}
        fields |= {"user_name": self._handle_of(user), "command": command, "text": text, "api_app_id": APP}
        fields |= {"is_enterprise_install": "false", "response_url": self.response_url}
        fields |= {"trigger_id": self.new_trigger(user)}
        return await self._deliver("slash_commands", fields, urlencode(fields))

    async def open_home(self, user: str) -> Answer:
        return await self.happen({"type": "app_home_opened", "user": user, "channel": self.dm_of(user), "tab": "home"})

    # ------------------------------------------------------------ what Slack sends

    async def happen(self, event: Mapping[str, Any], *, event_id: str = "") -> Answer:
        """Any event, in the envelope of the Events API."""
        happened = {"event_ts": self.new_ts(), **event}
        grant = {"enterprise_id": None, "team_id": self.team, "user_id": "U0BOT", "is_bot": True}
        payload: dict[str, Any] = {"token": "gone", "team_id": self.team, "api_app_id": APP, "type": "event_callback"}
        payload |= {"event": happened, "event_id": event_id or f"Ev{self.new_ts()}", "event_time": 1780000000}
        payload |= {"authorizations": [grant], "is_ext_shared_channel": "user_team" in event}
        return await self._deliver("events_api", payload, json.dumps(payload))

    async def interact(self, payload: Mapping[str, Any]) -> Answer:
        return await self._deliver("interactive", payload, urlencode({"payload": json.dumps(payload)}))

    async def again(self) -> Answer:
        """The last call once more, to the byte: a retry, or somebody's replay."""
        return await self._post_hook(self.sent[-1])

    def signed(self, body: bytes, *, at: float | None = None, secret: str = "") -> dict[str, str]:
        """The headers that Slack signs a call with, `at` a Unix time."""
        sent = str(int(time.time() if at is None else at))
        verifier = SignatureVerifier(secret or self.signing_secret)
        signature = verifier.generate_signature(timestamp=sent, body=body) or ""
        return {"x-slack-request-timestamp": sent, "x-slack-signature": signature}

    async def _deliver(self, kind: str, payload: Mapping[str, Any], body: str) -> Answer:
        if not self.hook_url:
            return Answer(200 if await self.push(kind, payload, patience=self.patience) else 0)
        content = "application/json" if kind == "events_api" else "application/x-www-form-urlencoded"
        request = Request({"content-type": content, **self.signed(body.encode())}, body.encode())
        self.sent.append(request)
        return await self._post_hook(request)

    async def _post_hook(self, request: Request) -> Answer:
        async with self._session.post(self.hook_url, data=request.body, headers=request.headers) as answered:
            return Answer(answered.status, await answered.read())

    def _interaction(self, kind: str, user: str) -> dict[str, Any]:
        name, team = self._handle_of(user), self._team_of(user)
        who = {"id": user, "username": name, "name": name, "team_id": team}
        home = {"id": self.team, "domain": "home"}
        payload = {"type": kind, "user": who, "team": home, "api_app_id": APP, "token": "gone", "enterprise": None}
        return payload | {"is_enterprise_install": False, "trigger_id": self.new_trigger(user)}

    # ------------------------------------------------------------ parts

    def _in(self, channel: str) -> list[Posted]:
        place = self.dm_of(channel) if channel.startswith("U") else channel
        return [posted for posted in self.messages.values() if posted.channel == place]

    def _find(self, channel: str, label: str) -> tuple[Posted, Mapping[str, Any]]:
        for posted in reversed(self._in(channel)):
            for button in posted.buttons:
                if str(button["text"]["text"]).removeprefix("✓ ") == label.removeprefix("✓ "):
                    return posted, button
        raise AssertionError(f"no button {label!r} in {channel}, only {self.buttons(channel)}")

    def _controls(self) -> list[str]:
        found: list[str] = []
        views = [modal.view for modal in self.modals] + list(self.homes.values())
        marked = [posted.marked for posted in [*self.messages.values(), *self.whispers]]
        for text in [*marked, *slack_blocks.texts([*views, *(list(p.blocks) for p in self.messages.values())])]:
            if text["type"] == "mrkdwn":
                found += slack_blocks.controls(text["text"], verbatim=text.get("verbatim", False))
        return found

    def _team_of(self, user: str) -> str:
        return self.people[user].team if user in self.people else self.team

    def _handle_of(self, user: str) -> str:
        return self.people[user].name if user in self.people else user.lower()


def _filled(block: Mapping[str, Any], given: str | Sequence[str] | None) -> dict[str, Any]:
    """What Slack reports of one field; None leaves it as it is."""
    element = block["element"]
    kind, action = element["type"], element["action_id"]
    wanted = [given] if isinstance(given, str) else list(given or ())
    if kind == "plain_text_input":
        typed = wanted[0] if wanted else element.get("initial_value")
        assert typed or block.get("optional"), f"{block['block_id']} must be filled in"
        assert len(typed or "") <= element["max_length"], f"{block['block_id']} takes no more to type"
        return {action: {"type": kind, "value": typed}}
    picked = [option for option in element["options"] if {option["value"], option["text"]["text"]} & set(wanted)]
    assert len(picked) == len(wanted), f"{block['block_id']} has no option {wanted}"
    several = kind in ("checkboxes", "multi_static_select")
    before = element.get("initial_options") if several else [element.get("initial_option")]
    picked = picked if given is not None else [option for option in before or () if option]
    assert picked or block.get("optional"), f"{block['block_id']} must be chosen"
    chosen = {"selected_options": picked} if several else {"selected_option": picked[0] if picked else None}
    return {action: {"type": kind, **chosen}}

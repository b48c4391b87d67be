"""What Slack remembers, and what each method of its Web API answers; no network in here."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.rigs import slack_blocks

Arguments = Mapping[str, Any]

TRIGGER_SECONDS = 3.0


@dataclass
class SlackPerson:
    id: str
    name: str
    email: str
    team: str

    @property
    def dm(self) -> str:
        """Their direct messages with us."""
        return "D" + self.id[1:]


@dataclass
class Shared:
    """A file at Slack's."""

    id: str
    name: str
    length: int
    data: bytes = b""
    media_type: str = "application/octet-stream"


@dataclass
class Posted:
    """A message as it stands now."""

    channel: str
    ts: str
    text: str
    blocks: Sequence[Mapping[str, Any]]
    arguments: Arguments
    thread: str = ""
    only_for: str = ""  # ephemeral
    edits: int = 0
    files: tuple[Shared, ...] = ()

    @property
    def seen(self) -> str:
        return slack_blocks.seen(self.blocks) if self.blocks else slack_blocks.as_read(self.marked)

    @property
    def marked(self) -> Mapping[str, Any]:
        verbatim = self.arguments.get("parse") == "none" and not self.arguments.get("link_names")
        return {"type": "mrkdwn", "text": self.text, "verbatim": verbatim}

    @property
    def buttons(self) -> list[Mapping[str, Any]]:
        return list(slack_blocks.interactive(self.blocks))


@dataclass
class Modal:
    id: str
    hash: str
    user: str
    view: Mapping[str, Any]


class RefusedError(Exception):
    """`ok: false`."""

    def __init__(self, error: str, *messages: str) -> None:
        super().__init__(error)
        self.error, self.messages = error, messages


@dataclass
class _Trigger:
    user: str
    until: float
    used: bool = False


@dataclass
class SlackState:
    """One workspace and our app in it."""

    bot_token: str = "xoxb-bot-token-of-the-rig"
    app_token: str = "xapp-app-token-of-the-rig"
    team: str = "T0HOME"
    name: str = "Home & Co"
    enterprise: str = ""
    trigger_seconds: float = TRIGGER_SECONDS
    people: dict[str, SlackPerson] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=lambda: {"C0ALERTS": "alerts"})
    unheard: dict[str, str] = field(default_factory=dict)  # channels that refuse, and what they say
    messages: dict[tuple[str, str], Posted] = field(default_factory=dict)
    whispers: list[Posted] = field(default_factory=list)
    modals: list[Modal] = field(default_factory=list)
    homes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    files: dict[str, Shared] = field(default_factory=dict)
    files_url: str = ""
    socket_url: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    _triggers: dict[str, _Trigger] = field(default_factory=dict, repr=False)

    def answer(self, method: str, arguments: Arguments) -> dict[str, Any]:
        """Slack's answer to somebody with the right token; raises RefusedError."""
        return _METHODS[method](self, arguments)

    def dm_of(self, user: str) -> str:
        return "D" + user[1:]

    def new_trigger(self, user: str) -> str:
        name = f"13345224609.738474920.{next(self._numbers):08x}"
        self._triggers[name] = _Trigger(user, asyncio.get_running_loop().time() + self.trigger_seconds)
        return name

    def new_ts(self) -> str:
        number = next(self._numbers)
        return f"{1780000000 + number}.{number:06d}"

    def _auth_test(self, _arguments: Arguments) -> dict[str, Any]:
        return {"user": "afterword", "team": self.name, "team_id": self.team, "user_id": "U0BOT", "bot_id": "B0BOT"}

    def _connections_open(self, _arguments: Arguments) -> dict[str, Any]:
        return {"url": f"{self.socket_url}?ticket={next(self._numbers)}"}

    def _post(self, arguments: Arguments) -> dict[str, Any]:
        _refuse_bad_message(arguments)
        channel, ts = self._channel(arguments["channel"]), self.new_ts()
        thread = arguments.get("thread_ts", "")
        if thread and thread not in {ts for _, ts in self.messages}:
            raise RefusedError("thread_not_found")
        blocks = arguments.get("blocks", ())
        self.messages[channel, ts] = Posted(channel, ts, arguments["text"], blocks, arguments, thread)
        under = {"thread_ts": thread} if thread else {}
        return {"channel": channel, "ts": ts, "message": {"text": arguments["text"], "ts": ts, **under}}

    def _update(self, arguments: Arguments) -> dict[str, Any]:
        _refuse_bad_message(arguments)
        posted = self.messages.get((arguments["channel"], arguments["ts"]))
        if posted is None:
            raise RefusedError("message_not_found")
        posted.text, posted.blocks, posted.arguments = arguments["text"], arguments.get("blocks", ()), arguments
        posted.edits += 1
        return {"channel": posted.channel, "ts": posted.ts, "text": posted.text}

    def _permalink(self, arguments: Arguments) -> dict[str, Any]:
        posted = self.messages.get((arguments["channel"], arguments["message_ts"]))
        if posted is None:
            raise RefusedError("message_not_found")
        link = f"https://home.slack.com/archives/{posted.channel}/p{posted.ts.replace('.', '')}"
        return {"channel": posted.channel, "permalink": link}

    def _whisper(self, arguments: Arguments) -> dict[str, Any]:
        _refuse_bad_message(arguments)
        channel, ts, user = self._channel(arguments["channel"]), self.new_ts(), arguments["user"]
        blocks = arguments.get("blocks", ())
        self.whispers.append(Posted(channel, ts, arguments["text"], blocks, arguments, only_for=user))
        return {"message_ts": ts}

    def _open_dm(self, arguments: Arguments) -> dict[str, Any]:
        person = self.people.get(arguments["users"])
        if person is None:
            raise RefusedError("user_not_found")
        self.channels[person.dm] = "directmessage"
        return {"channel": {"id": person.dm}}

    def _by_email(self, arguments: Arguments) -> dict[str, Any]:
        for person in self.people.values():
            if person.email.lower() == arguments["email"].lower():
                return {"user": self._shown(person)}
        raise RefusedError("users_not_found")

    def _user(self, arguments: Arguments) -> dict[str, Any]:
        if arguments["user"] not in self.people:
            raise RefusedError("user_not_found")
        return {"user": self._shown(self.people[arguments["user"]])}

    def _open_view(self, arguments: Arguments) -> dict[str, Any]:
        _refuse_bad_view(arguments["view"])
        trigger = self._triggers.get(arguments["trigger_id"])
        if trigger is None:
            raise RefusedError("invalid_trigger_id")
        if trigger.used:
            raise RefusedError("exchanged_trigger_id")
        if asyncio.get_running_loop().time() > trigger.until:
            raise RefusedError("expired_trigger_id")
        trigger.used = True
        number = next(self._numbers)
        self.modals.append(Modal(f"V{number:010d}", f"{number}.hash", trigger.user, arguments["view"]))
        return {"view": {"id": self.modals[-1].id}}

    def _update_view(self, arguments: Arguments) -> dict[str, Any]:
        _refuse_bad_view(arguments["view"])
        for modal in self.modals:
            if modal.id == arguments.get("view_id"):
                modal.view, modal.hash = arguments["view"], f"{next(self._numbers)}.hash"
                return {"view": {"id": modal.id}}
        raise RefusedError("not_found")

    def _publish(self, arguments: Arguments) -> dict[str, Any]:
        _refuse_bad_view(arguments["view"])
        if arguments["user_id"] not in self.people:
            raise RefusedError("user_not_found")
        self.homes[arguments["user_id"]] = arguments["view"]
        return {"view": {"id": "VHOME"}}

    def _begin_upload(self, arguments: Arguments) -> dict[str, Any]:
        if not 0 < int(arguments["length"]) <= 1_000_000_000 or "/" in arguments["filename"]:
            raise RefusedError("invalid_arguments")
        made = Shared(f"F{next(self._numbers):08d}", arguments["filename"], int(arguments["length"]))
        self.files[made.id] = made
        return {"file_id": made.id, "upload_url": f"{self.files_url}upload/{made.id}"}

    def _finish_upload(self, arguments: Arguments) -> dict[str, Any]:
        channel, ts, thread = self._channel(arguments["channel_id"]), self.new_ts(), arguments.get("thread_ts", "")
        if thread and thread not in {ts for _, ts in self.messages}:
            raise RefusedError("thread_not_found")
        taken = [self.files[one["id"]] for one in json.loads(arguments["files"])]
        if not all(len(one.data) == one.length for one in taken):
            raise RefusedError("file_not_found")
        text = " ".join(f"<{one.name}>" for one in taken)
        self.messages[channel, ts] = Posted(channel, ts, text, (), arguments, thread, files=tuple(taken))
        return {"files": [{"id": one.id, "title": one.name} for one in taken]}

    def _file_info(self, arguments: Arguments) -> dict[str, Any]:
        found = self.files.get(arguments["file"])
        if found is None:
            raise RefusedError("file_not_found")
        return {"file": self.described(found)}

    def described(self, shared: Shared) -> dict[str, Any]:
        """A file as events and files.info tell of it."""
        url = f"{self.files_url}files/{shared.id}/{shared.name}"
        about = {"id": shared.id, "name": shared.name, "title": shared.name, "mimetype": shared.media_type}
        return about | {"size": len(shared.data), "mode": "hosted", "url_private": url, "url_private_download": url}

    def _channel(self, channel: str) -> str:
        if channel in self.unheard:
            raise RefusedError(self.unheard[channel])
        if channel not in self.channels:
            raise RefusedError("channel_not_found")
        return channel

    def _shown(self, person: SlackPerson) -> dict[str, Any]:
        profile = {"email": person.email, "real_name": person.name}
        stranger = person.team != self.team
        return {"id": person.id, "team_id": person.team, "real_name": person.name, "profile": profile} | (
            {"is_stranger": True} if stranger else {}
        )


_METHODS: Mapping[str, Callable[[SlackState, Arguments], dict[str, Any]]] = {
    "auth.test": SlackState._auth_test,
    "apps.connections.open": SlackState._connections_open,
    "chat.postMessage": SlackState._post,
    "chat.update": SlackState._update,
    "chat.getPermalink": SlackState._permalink,
    "chat.postEphemeral": SlackState._whisper,
    "conversations.open": SlackState._open_dm,
    "files.getUploadURLExternal": SlackState._begin_upload,
    "files.completeUploadExternal": SlackState._finish_upload,
    "files.info": SlackState._file_info,
    "users.lookupByEmail": SlackState._by_email,
    "users.info": SlackState._user,
    "views.open": SlackState._open_view,
    "views.update": SlackState._update_view,
    "views.publish": SlackState._publish,
}


def _refuse_bad_message(arguments: Arguments) -> None:
    if problems := slack_blocks.message_problems(arguments):
        raise RefusedError(problems[0].partition(":")[0], *problems)


def _refuse_bad_view(view: Mapping[str, Any]) -> None:
    if problems := slack_blocks.view_problems(view):
        raise RefusedError("invalid_arguments", *problems)

"""What Slack sends, in the port's words. Pure: the same arrival always reads the same, and nobody is asked.

Bolt runs the socket (`socket.py`) but does not read arrivals. Its dispatch turns a listener's error into a 500 where
the worker must see it to quarantine the arrival, and wants an acknowledgement that was given long ago. And its parser
takes any form with the word "payload" in it for an interaction: "/afterword payload missing" would arrive empty.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.channels.slack import files, forms, mentions
from bot.channels.slack.drawing import LINK_ID
from bot.channels.slack.mentions import Names
from bot.channels.slack.payloads import Payload, first, must, text, us_in
from core.ports import Commanded, Heard, Person, Submitted, Tapped, Wrote
from core.text import clean_line

log = logging.getLogger(__name__)

# A reply that is also shown in the channel, and words with a file, are words.
_TYPED_BY_A_PERSON = frozenset({"", "file_share", "thread_broadcast"})
_NO_NAMES = Names()


# ---------------------------------------------------------------- meaning


def read(payload: Payload, names: Names = _NO_NAMES) -> Sequence[Heard]:
    """Raises ValueError when what should be there is not; what is of no interest is empty."""
    if "command" in payload:
        return _command(payload, names)
    reader = _READERS.get(text(payload, "type"))
    try:
        return reader(payload, names) if reader else ()
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not the shape of a {text(payload, 'type')}: {type(error).__name__}") from error


def mentioned(payload: Payload) -> Sequence[str]:
    """The ids of whom somebody named in what they typed."""
    view = payload.get("view")
    typed = _strings(view.get("state")) if isinstance(view, Mapping) else ()
    return mentions.people([text(payload, "event", "text"), text(payload, "text"), *typed])


def _strings(found: object) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, Mapping):
        for one in found.values():
            yield from _strings(one)


def handle(packed: str) -> dict[str, str]:
    """`Heard.handle`, unpacked."""
    found = json.loads(packed) if packed else {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def workspace(payload: Payload) -> tuple[str, str]:
    """The workspace whose installation this is about, and its organisation; "" where it does not say."""
    if "command" in payload:
        return text(payload, "team_id"), text(payload, "enterprise_id")
    if text(payload, "type") == "event_callback":
        authorised = first(payload, "authorizations")
        team = text(authorised, "team_id") or text(payload, "team_id")
        return team, text(authorised, "enterprise_id") or text(payload, "enterprise_id")
    return _home(payload), text(payload, "enterprise", "id")


def end_of_installation(payload: Payload) -> float | None:
    """When the app lost its place in that workspace, in Unix seconds; None when this says nothing of the kind."""
    event = payload.get("event")
    kind = text(event, "type")
    gone = kind == "app_uninstalled" or (kind == "tokens_revoked" and bool(_tokens(event).get("bot")))
    when = payload.get("event_time")
    return (float(when) if isinstance(when, int | float) else 0.0) if gone else None


def _tokens(event: object) -> Payload:
    found = event.get("tokens") if isinstance(event, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _home(payload: Payload) -> str:
    """The app's own workspace is named by the view or the message that it made; `team` may be the stranger's."""
    made_by = text(payload, "view", "app_installed_team_id") or text(payload, "message", "team")
    return made_by or text(payload, "team", "id")


def _event(payload: Payload, names: Names) -> Sequence[Heard]:
    event = payload["event"]
    match text(event, "type"):
        case "message" | "app_mention":
            return _message(payload, event, names)
        case "app_home_opened" if event.get("tab", "home") == "home":
            who = _person({"id": event["user"]}, "", "")
            return (Commanded(who, text(event, "channel") or who.address, name="home"),)
        case "app_uninstalled" | "tokens_revoked" as kind:
            log.warning("Slack took away our rights: %s", kind)
    return ()


def _message(payload: Payload, event: Payload, names: Names) -> Sequence[Heard]:
    private, thread = event.get("channel_type") == "im", text(event, "thread_ts")
    by_a_person = not event.get("bot_id") and text(event, "subtype") in _TYPED_BY_A_PERSON and event.get("user")
    us = us_in(payload)
    called = not private and (bool(us) or text(event, "type") == "app_mention")
    said = text(event, "text")
    typed = said.replace(us, " ").strip() if called and us else said
    words = mentions.readable(mentions.unmarked(typed), names)
    sent_along = files.shared(event) if by_a_person else ()
    if not by_a_person or not (words or sent_along or called) or not (private or thread or called):
        return ()
    channel = must(event, "channel")
    authorised = first(payload, "authorizations")
    home = text(authorised, "team_id") or text(payload, "team_id")
    theirs = text(event, "user_team") or text(event, "source_team") or text(event, "team")
    person = _person({**(event.get("user_profile") or {}), "id": event["user"]}, theirs, home)
    root = thread or (text(event, "ts") if called else "")
    receipt = f"{channel}:{root}" if root else ""
    packed = _handle(channel=channel, thread=root)
    return (Wrote(person, channel, packed, receipt, private, words, thread, files=sent_along, called=called),)


def _taps(payload: Payload, _names: Names) -> Sequence[Heard]:
    message, container = payload.get("message") or {}, payload.get("container") or {}
    person = _somebody(payload)
    channel = text(payload, "channel", "id") or text(container, "channel_id")
    ts = "" if container.get("is_ephemeral") else text(container, "message_ts") or text(message, "ts")
    receipt = f"{channel}:{ts}" if channel and ts else ""
    target = channel or person.address
    packed = _handle(
        trigger_id=text(payload, "trigger_id"),
        response_url=text(payload, "response_url"),
        channel=channel,
        thread=text(message, "thread_ts"),
        receipt=receipt,
        view=text(payload, "view", "id"),
    )
    actions = [_action(each) for each in payload["actions"]]
    return [Tapped(person, target, packed, receipt, is_private(target), action) for action in actions if action]


def _action(element: Payload) -> str:
    """A button's action; a select's with what was selected behind it; "" for one that only opens a page."""
    action_id = must(element, "action_id")
    if element.get("type", "button") == "button":
        return text(element, "value") or ("" if action_id.startswith(LINK_ID) else action_id)
    return ":".join((action_id, *forms.chosen(element)))


def _submission(payload: Payload, names: Names) -> Sequence[Heard]:
    view = payload["view"]
    person = _somebody(payload)
    action, origin = forms.remembered(view)
    target = origin.target or person.address
    packed = _handle(trigger_id=text(payload, "trigger_id"), channel=origin.target, receipt=origin.receipt)
    given = {
        name: tuple(mentions.readable_in_a_form(one, names) for one in some)
        for name, some in forms.values(view).items()
    }
    return (Submitted(person, target, packed, origin.receipt, is_private(target), action, given),)


def _command(payload: Payload, names: Names) -> Sequence[Heard]:
    person = _person({"id": must(payload, "user_id"), "name": text(payload, "user_name")}, "", "")
    channel = text(payload, "channel_id")
    name = must(payload, "command").removeprefix("/").lower()
    target = channel or person.address
    packed = _handle(
        trigger_id=text(payload, "trigger_id"), response_url=text(payload, "response_url"), channel=channel
    )
    argument = mentions.readable(text(payload, "text"), names)
    # Never private: a command can be typed in a conversation of two others, and all that we are told is "D…".
    return (Commanded(person, target, packed, "", False, name, argument),)


_READERS: Mapping[str, Callable[[Payload, Names], Sequence[Heard]]] = {
    "event_callback": _event,
    "block_actions": _taps,
    "view_submission": _submission,
}


# ---------------------------------------------------------------- parts


def is_private(target: str) -> bool:
    """A direct message with us, or a person: nobody else reads it."""
    return target.startswith(("D", "U", "W"))


def _somebody(payload: Payload) -> Person:
    user = payload["user"]
    return _person(user, text(user, "team_id"), _home(payload))


def _person(user: Payload, theirs: str, home: str) -> Person:
    flags = ("is_stranger", "is_restricted", "is_ultra_restricted")
    stranger = any(user.get(flag) is True for flag in flags) or bool(theirs and home and theirs != home)
    name = text(user, "real_name") or text(user, "display_name") or text(user, "name") or text(user, "username")
    return Person(must(user, "id"), clean_line(name), stranger=stranger)


def _handle(**parts: str) -> str:
    return json.dumps({name: value for name, value in parts.items() if value})

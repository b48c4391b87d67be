"""What the domain expects of a channel, in words that no chat library owns.

A channel is a translator and nothing more: it carries a `Message` out, turns what its network says into `Heard`, and
knows two kinds of failure. It holds no wording, decides nothing, retries nothing and never touches the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

# ---------------------------------------------------------------- what goes out


class Dialect(StrEnum):
    """The mark-up that a channel's `Message.text` is written in."""

    HTML = "html"  # b, i, code and a; Telegram, e-mail and web chat
    MRKDWN = "mrkdwn"  # Slack
    PLAIN = "plain"


class Tone(StrEnum):
    """What a button means; a channel that has colours may show it, meaning never depends on it."""

    NEUTRAL = "neutral"
    PRIMARY = "primary"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Button:
    """One thing a person can press: it carries an `action` back to us, or opens `url`.

    `action` is at most 60 ASCII bytes, so that every channel can carry it. `hint` is what a screen reader says where
    the label alone (a star, a face) would not do.
    """

    label: str
    action: str = ""
    url: str = ""
    tone: Tone = Tone.NEUTRAL
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled line of an alert: "Due: 14:30". Both are plain text from anywhere; the channel escapes them."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that a message speaks of, and how its `text` and facts say it, time zone and all."""

    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes out with a message. It is data to us: nobody looks into it, runs it or shows it in a page."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to be drawn: every word is final, the channel only gives it its shape.

    `key` is the same on every try of the same delivery: a mail's Message-ID is made from it. `text` is in the channel's
    dialect and already escaped; `plain` says the same without mark-up. `quote` is a customer's own words, plain, to be
    shown verbatim and never as mark-up. `thread` is the receipt of the message to answer under. `subject`, `preheader`,
    `unsubscribe_url` and `unsubscribe_token` (of the address that does the same) are for e-mail. `asks_text` says that
    the next thing typed is wanted. `reply_token` proves, when it comes back, what an answer is about; a channel that
    can hides it in the address for answers. `files` are given only to a channel that `has_files`. `moments` may be
    drawn in each reader's own time zone. `marker` asks to write an answer above it, where answers quote what they
    answer. `stays_gone`: it only takes another one's place, and is not sent where that one is gone.
    """

    key: str
    kind: str
    text: str
    plain: str
    rows: tuple[tuple[Button, ...], ...] = ()
    facts: tuple[Fact, ...] = ()
    quote: str = ""
    subject: str = ""
    preheader: str = ""
    footer: str = ""
    unsubscribe_url: str = ""
    unsubscribe_token: str = ""
    thread: str = ""
    topic: str = ""  # what it is about, "ticket:17": mails about the same topic share a thread
    locale: str = "en"
    asks_text: bool = False
    urgent: bool = False
    reply_token: str = ""
    marker: str = ""
    files: tuple[Enclosure, ...] = ()
    moments: tuple[Moment, ...] = ()
    stays_gone: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the channel calls the message that it accepted; enough to edit it or to answer under it later."""

    ref: str


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


class FieldKind(StrEnum):
    CHOICE = "choice"  # one of `options`; five or fewer are drawn as radio buttons
    MANY = "many"  # any of `options`
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FormField:
    name: str
    label: str
    kind: FieldKind
    options: tuple[Option, ...] = ()
    values: tuple[str, ...] = ()  # what is filled in at the start
    required: bool = False
    max_length: int = 4000
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """Questions asked in one go, on a channel with forms: a Slack modal. Comes back as `Submitted`."""

    action: str
    title: str
    submit: str
    cancel: str
    fields: tuple[FormField, ...]
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The immediate answer to something heard: a short `note` that passes by, or a form. Losing it harms nobody.

    `receipt` is the message that the note speaks of; a channel that can shows the way there.
    """

    note: str = ""
    form: Form | None = None
    alarming: bool = False  # the note refuses something
    receipt: str = ""


# ---------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it, as the channel vouches for it. `address` is what we would send to, to reach them alone."""

    address: str
    name: str = ""
    locale: str = ""  # as the channel gives it; "" when it does not
    stranger: bool = False  # a guest, or somebody of another workspace: never staff


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that one person did in one channel.

    `target` is where it happened (a chat, a Slack channel) and where an answer goes; `handle` is what the channel needs
    to acknowledge it; `receipt` is the message it was done to, or "". `at` is when it came in, which the worker adds:
    what had to wait (the store was away) still counts from then.
    """

    person: Person
    target: str
    handle: str = ""
    receipt: str = ""
    private: bool = True  # nobody else reads what is written to `target`
    at: datetime | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Tapped(Heard):
    action: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """Something sent along: a photo, a document, a voice message.

    It is here already (`data`), or the channel fetches it by its `ref`. `size` is in bytes as the network tells it, 0
    when it does not. Name and media type are the sender's words: they decide nothing.
    """

    name: str
    media_type: str
    size: int = 0
    ref: str = ""
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Wrote(Heard):
    """Typed text, files, or both. `receipt` is the message it answers, if any; `thread` the root of its thread.

    `reply_token` is what stood in the address that it was sent to; whether it is genuine is not the channel's business.
    `called`: where others talk too, we were called by our name; the name is not in `text`.
    """

    text: str = ""
    thread: str = ""
    subject: str = ""
    reply_token: str = ""
    files: tuple[File, ...] = ()
    called: bool = False


@dataclass(frozen=True, slots=True)
class Commanded(Heard):
    """A command such as `/start abc`: `name` without slash, in lower case."""

    name: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Submitted(Heard):
    """A form came back; every field that was asked is in `values`, empty when left open."""

    action: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blocked(Heard):
    """The person does not want to hear from us in this channel any more (blocked the bot, left the chat)."""


@dataclass(frozen=True, slots=True)
class Unblocked(Heard):
    """The person can be reached again."""


@dataclass(frozen=True, slots=True)
class Moved(Heard):
    """A chat has a new address (`person.address` is the old one, `new_address` replaces it)."""

    new_address: str = ""


class BounceKind(StrEnum):
    HARD = "hard"  # there is no such mailbox
    SOFT = "soft"  # full, or given up after trying for long: perhaps another time
    POLICY = "policy"  # they do not take our mail: our fault, not the person's
    COMPLAINT = "complaint"  # it arrived, and the person calls it unwanted


@dataclass(frozen=True, slots=True)
class Bounced(Heard):
    """A message that had been accepted came back. `person.address` is whom it was for, `receipt` the message.

    `reply_token` is that of the message; without a genuine one a bounce is somebody's invention (SEC-39).
    """

    kind: BounceKind = BounceKind.HARD
    reason: str = ""
    reply_token: str = ""


# ---------------------------------------------------------------- how raw input reaches the store


@dataclass(frozen=True, slots=True)
class RawArrival:
    """Bytes from a network, verified but not yet understood. `external_id` is the network's own id: it comes once."""

    external_id: str
    body: bytes
    chat: str = ""  # arrivals with the same chat are handled in order; "" when unknown


@dataclass(frozen=True, slots=True)
class Accepted:
    """A hook call that is genuine: what to store first, and then what to answer."""

    arrivals: tuple[RawArrival, ...] = ()
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""


Take = Callable[[Sequence[RawArrival]], Awaitable[None]]
"""Returns when the arrivals are committed; only then may the channel acknowledge them to its network."""


# ---------------------------------------------------------------- errors


class TryLater(Exception):
    """The channel cannot take it now, and perhaps later. `after` is what the channel asked for, if it did.

    `whole_channel` says that everything on the channel must wait (a rate limit, an outage), not this message alone.
    `perhaps_sent`: it was handed over, but the answer never came, so the person may have it already. `not_yet`: nothing
    failed, only its turn has not come; it is tried again `after` that, and that uses up no try.
    """

    def __init__(
        self,
        reason: str,
        after: timedelta | None = None,
        *,
        whole_channel: bool = False,
        perhaps_sent: bool = False,
        not_yet: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.whole_channel = whole_channel
        self.perhaps_sent = perhaps_sent
        self.not_yet = not_yet


class Undeliverable(Exception):
    """This address will not take our message, however often we try.

    `dead_address` is false when it is our own set-up that is wrong (a missing right, a revoked token): the person is
    not to blame, nobody is marked unreachable, and the staff must be told. `whole_channel`: nothing else can leave
    either (the token was revoked), so the channel rests until somebody mends it.
    """

    def __init__(self, reason: str, *, dead_address: bool = True, whole_channel: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.dead_address = dead_address
        self.whole_channel = whole_channel


class Refused(Exception):
    """A hook call that is not genuine or not readable: answered with `status` (4xx), nothing is written."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


# ---------------------------------------------------------------- the port


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel account takes: messages per second over all, seconds between two to the same target."""

    per_second: float
    per_target_seconds: float
    concurrency: int = 8


class Verdict(StrEnum):
    """How `afterword check` judges one thing."""

    OK = "ok"
    WARNING = "warning"  # it works, but for something that somebody should see to
    PROBLEM = "problem"
    UNSEEN = "not looked at"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, or could not be. `remedy` says what to do; it is empty only where all is well."""

    verdict: Verdict
    what: str
    remedy: str = ""

    @classmethod
    def good(cls, what: str, remedy: str = "") -> Finding:
        return cls(Verdict.OK, what, remedy)

    @classmethod
    def warning(cls, what: str, remedy: str) -> Finding:
        return cls(Verdict.WARNING, what, remedy)

    @classmethod
    def problem(cls, what: str, remedy: str) -> Finding:
        return cls(Verdict.PROBLEM, what, remedy)

    @classmethod
    def unseen(cls, what: str, remedy: str) -> Finding:
        """`what` says why it was not looked at, `remedy` how to look oneself."""
        return cls(Verdict.UNSEEN, what, remedy)

    @property
    def ok(self) -> bool:
        """Whether nothing has to be mended, as far as was seen."""
        return self.verdict is not Verdict.PROBLEM


class Keep(Protocol):
    """A few words that a channel must remember over a restart: how far it has read, who installed it.

    They are sealed with the site's secret on their way into the store. Keys have at most 200 characters.
    """

    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, value: str) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def all(self, prefix: str) -> Mapping[str, str]:
        """Whatever is kept under keys that begin so."""
        ...


class Forgetful:
    """A Keep that remembers until the process ends: for a channel that nobody gave a better one."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self._kept.get(key)

    async def put(self, key: str, value: str) -> None:
        self._kept[key] = value

    async def delete(self, key: str) -> None:
        self._kept.pop(key, None)

    async def all(self, prefix: str) -> Mapping[str, str]:
        return {key: value for key, value in self._kept.items() if key.startswith(prefix)}


class Unread(Forgetful):
    """Stands in where the store could not be opened: that nothing is in it says nothing."""


@runtime_checkable
class OpensByLink(Protocol):
    """A channel that cannot write to anybody first, and whose chat a link opens: the token in it comes back as `/start`
    (Telegram).
    """

    name: str

    def start_link(self, token: str) -> str:
        """For a token of up to 64 letters, digits, "_" and "-"; "" as long as our own name there is not known."""
        ...

    async def username(self) -> str:
        """Our own name there; asks the network for it where it is not known. Raises TryLater or Undeliverable."""
        ...


class Channel(Protocol):
    """A channel account. Made by `build` in `bot/channels`; imports of chat libraries happen only there."""

    name: str  # as configured: "support-bot"
    kind: str  # "telegram", "slack", "email", "webchat"
    dialect: Dialect
    has_buttons: bool  # takes taps; otherwise buttons must carry URLs (e-mail)
    has_edits: bool  # can redraw a message it sent
    has_forms: bool  # can show a Form
    has_files: bool  # carries a Message's `files`
    has_threads: bool  # shows what a message with a `thread` belongs to
    limits: Limits

    async def open(self) -> None:
        """Make clients; no network call that must succeed."""
        ...

    async def close(self) -> None: ...

    async def known_as(self, target: str) -> str:
        """Where what this person does will come from, if not from `target`; "" where that is the same.

        Slack takes an e-mail address, but what the person presses comes from their user id. Raises as `send` does.
        """
        ...

    async def send(self, target: str, message: Message) -> Receipt:
        """Deliver; raises TryLater or Undeliverable. Anything else that it raises is a bug of ours."""
        ...

    async def edit(self, target: str, receipt: Receipt, message: Message) -> Receipt:
        """Redraw a message in place. If that is gone or cannot be edited any more, it is sent anew, or `stays_gone`."""
        ...

    async def fetch(self, file: File, *, most: int) -> bytes:
        """What a person sent along, by its `ref`, up to `most` bytes.

        Raises Undeliverable when it is larger or gone, TryLater when the network cannot give it now.
        """
        ...

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Accepted:
        """Verify a call to `/hooks/{name}` on its raw bytes (headers in lower case); raises Refused."""
        ...

    async def read(self, body: bytes) -> Sequence[Heard]:
        """Translate one stored arrival. Raises ValueError when it cannot be understood: it goes to quarantine.

        What is understood but of no interest is an empty sequence.
        """
        ...

    async def acknowledge(self, heard: Heard, answer: Acknowledgement) -> None:
        """Tell the person at once that it was heard. Best effort: logs and swallows the network's refusals."""
        ...

    async def listen(self, take: Take) -> None:
        """Fetch from the network (polling, a socket) until cancelled; returns at once where only hooks come in.

        What fails is tried again in here, and `deaf` tells it. Whatever it raises is a bug of ours.
        """
        ...

    async def deaf(self) -> str:
        """Why nothing can come in just now, for whoever runs this site; "" while it can, as far as is known."""
        ...

    async def check(self) -> Sequence[Finding]:
        """Are the credentials good, and can people be reached? For `afterword check`; changes nothing, never raises.

        The lines are told under the channel's name, so they do not repeat it.
        """
        ...

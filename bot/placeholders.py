"""What a template may speak of, by message kind: the one truth for the checker, the renderer and the editor.

A placeholder is a value (`{{ due }}`), a thing with fields (`{{ ticket.number }}`), or a list of either
(`{% for score in scores %}`). There is no deeper level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a thing. `needed`: a message of this kind makes no sense without it."""

    name: str
    about: str
    sample: Scalar
    needed: bool = False

    @property
    def blank(self) -> Scalar:
        """What stands there when the caller has nothing to say."""
        return type(self.sample)()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name that templates of a kind may use. Without `fields` it is a value: a text, a number or a yes/no."""

    name: str
    about: str
    sample: Scalar = ""
    needed: bool = False
    fields: tuple[Field, ...] = ()
    many: bool = False
    samples: tuple[object, ...] = ()  # of a list

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Kind:
    """A message kind: `about` is for the editor, `staff` says who reads it."""

    name: str
    about: str
    placeholders: tuple[Placeholder, ...]
    staff: bool = False

    def placeholder(self, name: str) -> Placeholder | None:
        return next((placeholder for placeholder in self.placeholders if placeholder.name == name), None)


CONTACT = Placeholder("contact", "the person served", fields=(Field("name", "their name; empty if unknown", "Ann"),))
AGENT = Placeholder("agent", "who worked on the request", fields=(Field("name", "their name", "Li"),))
TEAM = Placeholder("team", "the team", fields=(Field("name", "its name", "Support"),))
SITE = Placeholder("site", "your organisation", fields=(Field("name", "its name", "Example & Sons"),))
OWNER = Placeholder("owner", "who takes care of it", fields=(Field("name", "their name; empty if nobody yet", "Kim"),))
ACTOR = Placeholder(
    "actor", "who of the staff did it", fields=(Field("name", "their name; empty if nobody", "Kim", needed=True),)
)
SCORES = Placeholder(
    "scores",
    "the scores given so far",
    many=True,
    fields=(
        Field("label", "what was scored", "Overall"),
        Field("value", "1 to 5", 4),
        Field("text", "the score in the survey's own style", "★★★★☆ 4/5"),
    ),
    samples=(
        {"label": "Overall", "value": 2, "text": "★★☆☆☆ 2/5"},
        {"label": "Response speed", "value": 4, "text": "★★★★☆ 4/5"},
    ),
)
REASONS = Placeholder("reasons", "the reasons chosen", many=True, samples=("Too slow", "Not solved"))
COMMENT = Placeholder("comment", "the customer's own words", "The parcel came a week late.")
DUE = Placeholder("due", "by when somebody answers", "Sat 28 Nov 14:30")
OUTCOME = Placeholder("outcome", "how it ended", "Solved")
QUESTION = Placeholder("question", "the question asked", "How satisfied are you overall?", needed=True)
SCALE = Placeholder("scale", "what the ends of the scale mean", "1 = very dissatisfied, 5 = very satisfied")
PREFIX = Placeholder(
    "prefix", 'what commands begin with here, "/" or "/afterword ": {{ prefix }}stop; empty where there are none', "/"
)
UNTIL = Placeholder("until", "until when; empty if there is no end", "Sat 28 Nov 14:30")


def _survey(*, with_url: bool = False) -> Placeholder:
    url = (Field("url", "the survey's own page", "https://example.org/r/k3x9w2m7qd"),) if with_url else ()
    return Placeholder("survey", "the survey", fields=(Field("title", "its title", "How did we do?"), *url))


def _ticket(*, needed: bool = False) -> Placeholder:
    return Placeholder(
        "ticket",
        "the request",
        fields=(
            Field("number", "its number", "CS202611220001", needed=needed),
            Field("subject", "what it is about", "Router & cable"),
            Field("url", "where it can be seen; may be empty", "https://example.org/t/17"),
        ),
    )


def _text(name: str, about: str, sample: Scalar, *, needed: bool = False) -> Placeholder:
    return Placeholder(name, about, sample, needed)


def _list(name: str, about: str, *fields: Field) -> Placeholder:
    return Placeholder(name, about, many=True, fields=fields, samples=({field.name: field.sample for field in fields},))


def _customer(name: str, about: str, *extra: Placeholder, ticket: bool = False) -> Kind:
    return Kind(name, about, (CONTACT, _ticket(needed=ticket), AGENT, TEAM, SITE, PREFIX, *extra))


def _thanks(band: str) -> Kind:
    extra = (SCORES, REASONS, COMMENT, UNTIL, OWNER, DUE)
    return _customer(f"thanks_{band}", f"after a {band} rating", *extra)


_ASKING = (_survey(with_url=True), QUESTION, SCALE, UNTIL)

_CUSTOMER_KINDS = (
    _customer(
        "invite",
        "asks for a rating",
        *_ASKING,
        _text("told", "they have been told before that it is resolved", sample=False),
        ticket=True,
    ),
    _customer("reminder", "asks once more", *_ASKING, ticket=True),
    _customer(
        "question",
        "the running conversation, redrawn after each tap",
        _text("step", "what is asked now: score, reasons, comment or change", "score", needed=True),
        QUESTION,
        SCALE,
        SCORES,
        REASONS,
        COMMENT,
        _survey(),
    ),
    _thanks("negative"),
    _thanks("neutral"),
    _thanks("positive"),
    _customer("thanks_anonymous", "after an anonymous rating that has settled: nothing of the answer"),
    _customer("answered", "after a rating, where others read it: nothing of the answer", UNTIL),
    _customer("expired", "the time to answer is over", _survey()),
    _customer("closed", "it cannot be answered any more", _survey()),
    _customer("received", "a request has arrived", DUE, ticket=True),
    _customer("assigned", "somebody has the request now", ticket=True),
    _customer(
        "resolved",
        "a request is resolved",
        _text("result", "what was done; may be empty", "A new cable."),
        _text("solved", "it is; else it was only closed", sample=True),
        ticket=True,
    ),
    _customer("reopened", "a request is open again", DUE, ticket=True),
    _customer(
        "sorry",
        "after a negative rating: who comes back, and when; by mail also what was understood",
        OWNER,
        DUE,
        SCORES,
        REASONS,
        COMMENT,
        UNTIL,
        ticket=True,
    ),
    _customer("follow_up", "a rule writes to the customer; the words are yours", ticket=True),
    _customer("recovered", "asks again after a recovery", OWNER, OUTCOME, *_ASKING, ticket=True),
    _customer(
        "help",
        "what the bot can do",
        _list(
            "commands",
            "the commands",
            Field("name", "as it is typed", "/help"),
            Field("about", "what it does", "What I do"),
        ),
    ),
    _customer(
        "started",
        "a chat was opened or connected",
        _text("linked", "it was just connected with requests", sample=True),
        _text("resumed", "surveys are on again", sample=True),
    ),
    _customer("stopped", "no more surveys"),
    _customer(
        "privacy",
        "what is stored, and why",
        _text("privacy_url", "your privacy page; may be empty", "https://example.org/privacy"),
        _text("days", "how many days comments are kept; 0: without a limit", 1095),
        _text("comments_kept", "how long comments are kept, in words; empty: without a limit", "3 years"),
        _text("scores_kept", "how long scores are kept, in words; empty: without a limit", ""),
        _text(
            "messages_kept", "how long messages are kept once a request is closed; empty: without a limit", "3 years"
        ),
        _text("files_kept", "the same for files", "3 years"),
    ),
    _customer(
        "language",
        "offers the languages",
        _text("language", "the present one, in its own words", "English"),
        _list("languages", "the languages", Field("name", "in its own words", "English")),
        _text("buttons", "there is a button for each below", sample=True),
    ),
    Kind(
        "transcript",
        "a conversation in the web chat, by e-mail, for whoever asked for it there",
        (
            CONTACT,
            SITE,
            _text("shortened", "it is only the end of a long conversation", sample=True),
            _list(
                "lines",
                "what was said, oldest first",
                Field("who", "You, or Our team", "You"),
                Field("at", "when", "22 Nov 2026 14:30"),
                Field("text", "the words", "My parcel is late."),
            ),
        ),
    ),
)

_STAFF_KINDS = (
    Kind(
        "alert",
        "somebody is unhappy",
        (
            CONTACT,
            _ticket(),
            AGENT,
            TEAM,
            OWNER,
            _survey(),
            SCORES,
            REASONS,
            COMMENT,
            DUE,
            OUTCOME,
            _text("band", "the response judged, in words", "negative"),
            _text("state", "how it stands", "waiting for somebody to take it"),
            _text("urgent", "it is", sample=True),
            _text("content", "the customer has changed the rating and is not unhappy any more", sample=False),
        ),
        staff=True,
    ),
    Kind("alert_taken", "told in the thread: somebody takes it", (ACTOR, OWNER, DUE, _ticket()), staff=True),
    Kind(
        "alert_update",
        "told in the thread: something happened",
        (
            _text(
                "event",
                "assigned, snoozed, replied, customer_replied, resolved, dismissed, changed, rated_more, comment_added,"
                " raised, recovered, reminded or not_told",
                "changed",
                needed=True,
            ),
            Placeholder("actor", "who of the staff did it", fields=(Field("name", "their name", "Kim"),)),
            OWNER,
            _ticket(),
            UNTIL,
            OUTCOME,
            _text("reason", "why it was dismissed", "A test"),
            _text("note", "what they wrote for the team", "Sent a new cable."),
            _text("text", "what was written to or by the customer", "A new one is on its way."),
            _text("dimension", "what was scored anew", "Overall"),
            _text("old", "the score before", 2),
            _text("new", "the score now", 5),
            _list(
                "changes",
                "all scores that changed",
                Field("label", "what was scored", "Overall"),
                Field("old", "before; 0: not scored", 2),
                Field("new", "now", 5),
            ),
        ),
        staff=True,
    ),
    Kind(
        "alert_overdue",
        "told in the thread: nobody came in time",
        (CONTACT, OWNER, DUE, _text("late", "for how long", "20 minutes"), _ticket()),
        staff=True,
    ),
    Kind(
        "rule_alert",
        "a rule tells a place or a person of the staff",
        (
            CONTACT,
            _ticket(needed=True),
            AGENT,
            TEAM,
            _text("rule", "the rule that says so", "two-in-a-month"),
            _text("event", "what happened", "The question reached nobody", needed=True),
            _text("band", "the response judged, in words; empty without one", "negative"),
            SCORES,
            REASONS,
            COMMENT,
            DUE,
            _text("urgent", "it is", sample=True),
        ),
        staff=True,
    ),
    Kind(
        "alert_unnamed",
        "anonymous answers of the last hour, without names",
        (
            _text("count", "how many are listed", 1),
            _text("more", "how many more there are; 0: none", 2),
            _list(
                "answers",
                "the answers, in no order",
                Field("band", "judged, in words", "negative"),
                Field("scores", "the scores", "Overall: 2 of 5"),
                Field("comment", "the customer's own words; may be empty", "The parcel came a week late."),
                Field("team", "whose request it was; may be empty", "Support"),
                Field("type", "what kind of request", "Inquiry"),
                Field("survey", "the survey's title", "How did we do?"),
            ),
        ),
        staff=True,
    ),
    Kind(
        "alert_test",
        "a test alert, sent from a team's page",
        (TEAM, Placeholder("actor", "who sent it", fields=(Field("name", "their address", "kim@example.org"),))),
        staff=True,
    ),
    Kind(
        "request",
        "a customer's request, for the team",
        (
            CONTACT,
            _ticket(needed=True),
            AGENT,
            TEAM,
            _text("channel", "what it came by", "Telegram"),
            _text("state", "how it stands", "new"),
            _text("text", "what the customer wrote", "It blinks red."),
        ),
        staff=True,
    ),
    Kind(
        "request_line",
        "told in the thread of a request: something happened",
        (
            _text("event", "wrote, taken, assigned, replied, not_told, resolved or reopened", "wrote", needed=True),
            CONTACT,
            OWNER,
            Placeholder("actor", "who of the staff did it", fields=(Field("name", "their name; may be empty", "Kim"),)),
            _ticket(),
            _text("text", "what was written by or to the customer", "It blinks again."),
            _text("files", "the names of files that were sent along; may be empty", "router.jpg"),
            _text("reason", "why it was resolved", "Solved"),
            _text("result", "what was done", "A new cable."),
        ),
        staff=True,
    ),
)

_ABOUT = (
    Field("number", "its number", "CS202611220001"),
    Field("subject", "what it is about", "Router & cable"),
    Field("contact", "whose it is; may be empty", "Ann"),
)
_LEFT = (Field("left", "how much time is left; may be empty", "20 minutes left"), Field("late", "there is none", True))
_FLOOD = Kind(
    "alert_flood",
    "many are unhappy at once: a list in place of many alerts",
    (
        _text("count", "how many alerts are listed", 7),
        _text("waiting", "how many of them nobody has taken", 5),
        _list(
            "alerts",
            "the alerts",
            *_ABOUT,
            Field("worst", "the lowest score given; 0: none", 2),
            Field("state", "how it stands", "waiting for somebody to take it"),
        ),
    ),
    staff=True,
)
_HOME = Kind(
    "home",
    "somebody's own page: what waits for them",
    (
        _text("known", "they are of the staff", sample=True),
        Placeholder("actor", "whose page it is", fields=(Field("name", "their name; may be empty", "Kim"),)),
        SITE,
        _list("alerts", "alerts of the team that nobody has taken", *_ABOUT, *_LEFT),
        _text("more_alerts", "how many more there are", 3),
        _list("recoveries", "their own recoveries", *_ABOUT, *_LEFT),
        _text("more_recoveries", "how many more there are", 0),
        _list("tickets", "their own tickets", *_ABOUT, Field("status", "how it stands", "in progress")),
        _text("more_tickets", "how many more there are", 0),
    ),
    staff=True,
)

_NAME = Field("name", "what it is called", "Weekly figures")
_CHANGE = Field("change", "against the time before; empty where one of the two is of too few", "▲ 0.12")
_DIGEST = Kind(
    "digest",
    "the figures of a whole day, week or month, sent when it is over",
    (
        Placeholder("digest", "the digest", fields=(_NAME,)),
        Placeholder(
            "team", "whose figures they are", fields=(Field("name", "its name; empty: everybody's", "Support"),)
        ),
        SITE,
        _text("period", "the days that it is about", "Nov 16, 2026 – Nov 22, 2026", needed=True),
        _text("compared", "the days before, with which it is compared", "Nov 9, 2026 – Nov 15, 2026"),
        _text("answers", "how many answers were judged; 0: there were none", 48),
        Placeholder(
            "overall",
            "the overall score",
            fields=(
                Field("score", "the mean, from 1 to 5", "4.21"),
                Field("interval", "its 95 % interval; empty where nothing shows it", "3.95–4.47"),
                Field("answers", "of how many scores", 47),
                Field("note", "what so few are worth; empty where they are many", "few answers"),
                _CHANGE,
            ),
        ),
        Placeholder(
            "participation",
            "who answered",
            fields=(
                Field("share", "the share of the delivered questions", "61.0 %"),
                Field("answered", "how many were answered", 48),
                Field("delivered", "how many were delivered; 0: nobody was asked", 79),
                Field("change", _CHANGE.about, "▲ 3.5 points"),
            ),
        ),
        Placeholder(
            "negative",
            "negative answers",
            fields=(
                Field("count", "how many", 6),
                Field("share", "the share of the judged answers", "12.5 %"),
                Field("change", _CHANGE.about, "▼ 2.1 points"),
            ),
        ),
        Placeholder(
            "bands",
            "how the answers were judged, the best first",
            many=True,
            fields=(
                Field("name", "the band", "Positive"),
                Field("count", "how many", 35),
                Field("share", "the share", "72.9 %"),
            ),
            samples=(
                {"name": "Positive", "count": 35, "share": "72.9 %"},
                {"name": "Neutral", "count": 7, "share": "14.6 %"},
                {"name": "Negative", "count": 6, "share": "12.5 %"},
            ),
        ),
        Placeholder(
            "recoveries",
            "what is being put right",
            fields=(
                Field("opened", "how many were opened in these days", 6),
                Field("resolved", "how many of these are resolved", 4),
                Field("open", "how many are open now, whenever they were opened", 3),
                Field("overdue", "how many of these are overdue", 1),
            ),
        ),
        Placeholder(
            "reasons",
            "the reasons chosen most often",
            many=True,
            fields=(Field("name", "the reason", "Too slow"), Field("count", "how often", 4)),
            samples=({"name": "Too slow", "count": 4}, {"name": "Not solved", "count": 2}),
        ),
        Placeholder(
            "lowest",
            "what was scored lowest, beside the overall score; empty where there are too few scores",
            fields=(
                Field("name", "what was scored", "Response speed"),
                Field("score", "the mean", "3.70"),
                Field("answers", "of how many scores", 44),
            ),
        ),
        _text("url", "the board of these days, which the button opens too", "https://example.org/admin/board?span=own"),
    ),
    staff=True,
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*_CUSTOMER_KINDS, *_STAFF_KINDS, _FLOOD, _HOME, _DIGEST)}

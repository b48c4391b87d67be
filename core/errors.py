"""What the domain does not allow. The message is what people read; each says what is wrong, and what would be right."""

from __future__ import annotations


class Refusal(Exception):
    """Something was asked that the domain does not allow. Nothing has been written.

    `code` is stable and for machines ("not_found"); the message is for people; `field` names what was wrong. In a chat,
    `label` and `values` say the same in the reader's language.
    """

    code = "refused"

    def __init__(self, message: str, *, field: str = "", label: str = "", **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.label = label
        self.values = values


class NotFound(Refusal):
    """What was named does not exist, or is not yours to see."""

    code = "not_found"


class Invalid(Refusal):
    """A value that cannot be used."""

    code = "invalid"


class Conflict(Refusal):
    """Somebody else was first, or it is too late."""

    code = "conflict"


class NotAllowed(Refusal):
    """This person may not do that."""

    code = "not_allowed"


class SchemaOutdated(Exception):
    """The store's tables are older than this program: run `afterword db upgrade`."""


class StoreInUse(Exception):
    """Another process has this SQLite store open."""


class StoreUnsafe(Exception):
    """The store does not keep what it acknowledges; Afterword refuses to run on it."""

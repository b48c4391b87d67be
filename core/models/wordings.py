"""What admins wrote before, what they are writing, and what they try against each other."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core.models.invites import Invite


class WordingVersion(Model):
    """Own words as they once were published."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=40)
    locale = fields.CharField(max_length=20)
    team = fields.CharField(max_length=60, default="")
    channel = fields.CharField(max_length=60, default="")
    number = fields.IntField()
    subject = fields.CharField(max_length=300, default="")
    source = fields.TextField()  # "": they were taken away
    author = fields.CharField(max_length=254)  # "" where nobody knows
    note = fields.CharField(max_length=200, default="")
    published_at = fields.DatetimeField()

    class Meta:
        table = "wording_versions"
        unique_together = (("kind", "locale", "team", "channel", "number"),)


class WordingDraft(Model):
    """Words that somebody is writing, right or wrong, and that nobody gets yet."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=40)
    locale = fields.CharField(max_length=20)
    team = fields.CharField(max_length=60, default="")
    channel = fields.CharField(max_length=60, default="")
    subject = fields.TextField()
    source = fields.TextField()
    author = fields.CharField(max_length=254)
    revision = fields.IntField(default=1)  # counts how often it was saved
    saved_at = fields.DatetimeField()

    class Meta:
        table = "wording_drafts"
        unique_together = (("kind", "locale", "team", "channel"),)


class LanguageImport(Model):
    """A translator's file that was published: what stood before of exactly what it changed, so that it can go back.

    `changed` holds short words by name, messages by kind and words of surveys by key, each as it was (None: there was
    no own one) and as the file said it.
    """

    id = fields.BigIntField(primary_key=True)
    locale = fields.CharField(max_length=20)
    author = fields.CharField(max_length=254)
    published_at = fields.DatetimeField()
    changed: dict[str, dict[str, list[Any]]] = fields.JSONField()
    taken_back_at: datetime | None = fields.DatetimeField(null=True)
    taken_back_by = fields.CharField(max_length=254, default="")
    left: list[str] = fields.JSONField(default=list)  # entries that somebody had changed since

    class Meta:
        table = "language_imports"


class Variant(StrEnum):
    A = "a"  # the words that were in force when the test began
    B = "b"


class Outcome(StrEnum):
    """How an A/B test ended."""

    KEPT_A = "kept_a"
    KEPT_B = "kept_b"
    STOPPED = "stopped"  # somebody did, without a decision
    PUBLISHED = "published"  # other words were published where A stood
    FAILED = "failed"  # B could not be sent


class ABTest(Model):
    """Two wordings of one question: each contact gets one of them. What was chosen at the start is never changed.

    `words` holds both variants as they were at the start, by variant and then by kind of message.
    """

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=32, unique=True)  # decides who gets which
    kind = fields.CharField(max_length=40)
    locale = fields.CharField(max_length=20, default="")
    team = fields.CharField(max_length=60, default="")
    channel = fields.CharField(max_length=60, default="")
    words: dict[str, dict[str, dict[str, str]]] = fields.JSONField()
    share = fields.SmallIntField()  # per cent of the contacts that get B
    base = fields.FloatField()  # the participation before, from 0 to 1
    difference = fields.SmallIntField()  # the smallest that is to be seen, in percentage points
    size_a = fields.IntField()
    size_b = fields.IntField()
    started_at = fields.DatetimeField()
    started_by = fields.CharField(max_length=254)
    until = fields.DatetimeField()  # nobody new takes part from then on, however many there are
    full_at: datetime | None = fields.DatetimeField(null=True)  # there were enough
    ended_at: datetime | None = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=254, default="")  # "" : Afterword itself
    outcome = fields.CharEnumField(Outcome, max_length=20, null=True)
    why = fields.CharField(max_length=300, default="")  # B could not be sent
    counts: dict[str, dict[str, object]] | None = fields.JSONField(null=True)  # as they were at the end

    class Meta:
        table = "ab_tests"
        indexes = (Index(fields=("ended_at",)),)


class ABInvite(Model):
    """With which variant an invite was asked. It keeps it, whatever is drawn of it later."""

    id = fields.BigIntField(primary_key=True)
    test: fields.ForeignKeyRelation[ABTest] = fields.ForeignKeyField(
        "models.ABTest", related_name="invites", on_delete=fields.CASCADE
    )
    test_id: int
    invite: fields.ForeignKeyRelation[Invite] = fields.ForeignKeyField(
        "models.Invite", related_name="ab_invites", on_delete=fields.CASCADE
    )
    invite_id: int
    variant = fields.CharEnumField(Variant, max_length=1)

    class Meta:
        table = "ab_invites"
        unique_together = (("test", "invite"),)
        indexes = (Index(fields=("invite_id",)),)

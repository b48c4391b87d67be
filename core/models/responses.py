"""What came back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core.models.invites import Invite, Slice


class Band(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Response(Model):
    """The answer to one invite: partial until finished, or until it settles with nothing left out, and settled when its
    band has been judged.

    One without an invite is anonymous: of it there are scores, band, comment, slice and day, and nothing else
    (`core.surveys.anonymity`). Its `id` is a random negative number, `settle_at` the hour in which staff hear of it.

    `version` counts every change; `settled_version` is the one that was judged last, `revision` how often that was.
    `band`, `overall` and `judged` (all scores) are what was judged last: what figures are made of.
    """

    id = fields.BigIntField(primary_key=True)
    invite: fields.OneToOneRelation[Invite] = fields.OneToOneField(
        "models.Invite", related_name="response", null=True, on_delete=fields.CASCADE
    )  # type: ignore[assignment]  # who comes by a ticket, a contact or an alert finds one; the anonymous have none
    invite_id: int | None
    version = fields.IntField(default=0)
    partial = fields.BooleanField(default=True)
    comment = fields.TextField(default="")
    reasons: list[str] = fields.JSONField(default=list)
    skipped: list[str] = fields.JSONField(default=list)  # questions passed over: dimension keys, "reasons", "comment"
    comment_until: datetime | None = fields.DatetimeField(null=True)  # the next text until then is the comment
    commented = fields.BooleanField(default=False)
    may_contact = fields.BooleanField(default=False)  # asked anonymously, they may be named
    slice: fields.ForeignKeyNullableRelation[Slice] = fields.ForeignKeyField(
        "models.Slice", related_name="responses", null=True, on_delete=fields.SET_NULL
    )
    slice_id: int | None
    band = fields.CharEnumField(Band, max_length=20, null=True)
    overall: int | None = fields.SmallIntField(null=True)
    judged: dict[str, int] | None = fields.JSONField(null=True)
    settle_at: datetime | None = fields.DatetimeField(null=True)
    settled_version = fields.IntField(default=0)
    revision = fields.IntField(default=0)
    finished_at: datetime | None = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    scores: fields.ReverseRelation[Score]

    class Meta:
        table = "responses"
        indexes = (
            Index(fields=("slice_id", "created_at", "overall", "band")),
            Index(fields=("created_at", "slice_id", "overall", "band", "commented")),
            Index(fields=("judged", "band", "created_at", "slice_id")),
        )


class Score(Model):
    """One dimension's 1–5. An older tap that arrives late does not overwrite a newer one (`given_at`)."""

    id = fields.BigIntField(primary_key=True)
    response: fields.ForeignKeyRelation[Response] = fields.ForeignKeyField(
        "models.Response", related_name="scores", on_delete=fields.CASCADE
    )
    response_id: int
    dimension = fields.CharField(max_length=40)
    value = fields.SmallIntField()
    given_at = fields.DatetimeField()

    class Meta:
        table = "scores"
        unique_together = (("response", "dimension"),)


class ResponseRevision(Model):
    """What a response said each time that it was judged."""

    id = fields.BigIntField(primary_key=True)
    response: fields.ForeignKeyRelation[Response] = fields.ForeignKeyField(
        "models.Response", related_name="revisions", on_delete=fields.CASCADE
    )
    response_id: int
    revision = fields.IntField()
    scores: dict[str, int] = fields.JSONField()
    reasons: list[str] = fields.JSONField(default=list)
    comment = fields.TextField(default="")
    band = fields.CharEnumField(Band, max_length=20)
    at = fields.DatetimeField()

    class Meta:
        table = "response_revisions"
        unique_together = (("response", "revision"),)


class HeldAnswer(Model):
    """An answer from a page that may be a robot's: kept with its evidence, not counted until a person confirms it."""

    id = fields.BigIntField(primary_key=True)
    invite: fields.ForeignKeyRelation[Invite] = fields.ForeignKeyField(
        "models.Invite", related_name="held_answers", on_delete=fields.CASCADE
    )
    invite_id: int
    answer: dict[str, object] = fields.JSONField()
    evidence: dict[str, object] = fields.JSONField()
    confirmed_at: datetime | None = fields.DatetimeField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "held_answers"
        indexes = (Index(fields=("confirmed_at", "id")), Index(fields=("invite_id",)))


class PageVisit(Model):
    """One opening of a survey page: the witness that a person, and not a mail scanner, sent what follows."""

    id = fields.BigIntField(primary_key=True)
    invite: fields.ForeignKeyRelation[Invite] = fields.ForeignKeyField(
        "models.Invite", related_name="visits", on_delete=fields.CASCADE
    )
    invite_id: int
    nonce_hash = fields.CharField(max_length=64, unique=True)
    session_hash = fields.CharField(max_length=64)
    overall = fields.SmallIntField(null=True)  # the score that the link carried
    agent = fields.CharField(max_length=300, default="")
    opened_at = fields.DatetimeField()
    style_at: datetime | None = fields.DatetimeField(null=True)  # the page's style sheet was fetched by this session
    used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "page_visits"
        indexes = (("invite_id", "opened_at"),)

"""What admins wrote before, and what they are writing: the past and the next version of their own words."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


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

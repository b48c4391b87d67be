"""The people served, and the addresses that reach them."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Reach(StrEnum):
    OK = "ok"
    UNREACHABLE = "unreachable"


class Contact(Model):
    """A person served."""

    id = fields.BigIntField(primary_key=True)
    ref = fields.CharField(max_length=200, null=True, unique=True)  # what the outside calls the contact
    name = fields.CharField(max_length=120, default="")
    locale = fields.CharField(max_length=20, default="")
    locale_chosen = fields.BooleanField(default=False)  # by the contact; nobody overwrites it
    timezone = fields.CharField(max_length=60, default="")
    tier = fields.CharField(max_length=60, default="")
    internal = fields.BooleanField(default=False)  # staff or test: never asked
    opted_out_at = fields.DatetimeField(null=True)
    erased_at = fields.DatetimeField(null=True)  # the person had everything erased; what is left names nobody
    created_at = fields.DatetimeField()

    addresses: fields.ReverseRelation[Address]

    class Meta:
        table = "contacts"


ERASED = "erased"
"""What stands where somebody was: why a ticket was closed, what came of a recovery, the beginning of an address."""


class SuppressionReason(StrEnum):
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCES = "soft_bounces"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    OPTED_OUT = "opted_out"  # of an erased person: asked for no more ratings; other messages still go there


class Suppression(Model):
    """An address that gets nothing more from us, whoever's it is, until somebody takes it off this list."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=60)
    address = fields.CharField(max_length=320)  # in lower case; of an erased person, only a keyed hash ("erased:…")
    reason = fields.CharEnumField(SuppressionReason, max_length=20)
    evidence = fields.CharField(max_length=500, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "suppressions"
        unique_together = (("channel", "address"),)


class Bounce(Model):
    """A message came back. Three soft ones in thirty days count as a hard one."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=60)
    address = fields.CharField(max_length=320)  # in lower case
    kind = fields.CharField(max_length=20)  # "hard", "soft", "policy", "complaint"
    reason = fields.CharField(max_length=500, default="")
    delivery_id: int | None = fields.BigIntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "bounces"
        indexes = (Index(fields=("channel", "address", "at")),)


class Address(Model):
    """One way to reach a contact: a channel account and an address in it."""

    id = fields.BigIntField(primary_key=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="addresses", on_delete=fields.CASCADE
    )
    contact_id: int
    channel = fields.CharField(max_length=60)  # as configured: "support-bot"
    address = fields.CharField(max_length=320)
    rank = fields.IntField(default=0)  # lower is tried first
    reach = fields.CharEnumField(Reach, max_length=20, default=Reach.OK)
    reach_reason = fields.CharField(max_length=300, default="")
    removed = fields.CharField(
        max_length=320, null=True
    )  # what it was until it was taken from them; nothing goes there
    created_at = fields.DatetimeField()

    class Meta:
        table = "addresses"
        unique_together = (("channel", "address"),)
        ordering = ("rank", "id")


class ContactLink(Model):
    """A link that puts the chat of whoever opens it first to a contact. Only the SHA-256 of its token is kept."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="links", on_delete=fields.CASCADE
    )
    contact_id: int
    channel = fields.CharField(max_length=60)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "contact_links"

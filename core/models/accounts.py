"""Who comes in by the browser, and what was changed there."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from core.models.setup import Staff


class Role(StrEnum):
    """What somebody is here; `core/accounts/roles.py` says what that allows."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    AUDITOR = "auditor"


class Account(Model):
    """Somebody who can sign in. `staff` is who that is on the desk, where it is anybody.

    Signs in with a password, or as who an identity provider says it is: by `issuer` and `subject`, never by an address
    (SEC-42).
    """

    id = fields.BigIntField(primary_key=True)
    email = fields.CharField(max_length=254, unique=True)
    name = fields.CharField(max_length=120, default="")
    role = fields.CharEnumField(Role, max_length=20)
    locale = fields.CharField(max_length=20, default="")
    password_hash = fields.CharField(max_length=200, default="")
    issuer = fields.CharField(max_length=300, null=True)
    subject = fields.CharField(max_length=255, null=True)
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="accounts", null=True, on_delete=fields.SET_NULL
    )
    staff_id: int | None
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()
    signed_in_at = fields.DatetimeField(null=True)

    class Meta:
        table = "accounts"
        unique_together = (("issuer", "subject"),)


class Invitation(Model):
    """A one-time address behind which somebody makes an account, or a new password for it. Only its hash is kept."""

    id = fields.BigIntField(primary_key=True)
    code_hash = fields.CharField(max_length=64, unique=True)
    role = fields.CharEnumField(Role, max_length=20)
    email = fields.CharField(max_length=254, default="")  # "": whoever has the code says it
    name = fields.CharField(max_length=120, default="")
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="invitations", null=True, on_delete=fields.CASCADE
    )
    account_id: int | None
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "invitations"


class Session(Model):
    """One browser that is signed in. Only the hash of what it shows is kept (SEC-46)."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="sessions", on_delete=fields.CASCADE
    )
    account_id: int
    browser = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "sessions"


class AuditLine(Model):
    """One change: who made it, what it was before and after. Each holds the hash of the one before (SEC-53).

    `previous_hash` is unique, so that no two lines follow the same one; the store refuses to change or delete any.
    """

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=254)
    action = fields.CharField(max_length=80)
    subject = fields.CharField(max_length=254, db_index=True)
    before: dict[str, object] | None = fields.JSONField(null=True)
    after: dict[str, object] | None = fields.JSONField(null=True)
    previous_hash = fields.CharField(max_length=64, unique=True)
    hash = fields.CharField(max_length=64, unique=True)

    class Meta:
        table = "audit_lines"

"""What admins set up: teams, staff, surveys, rules, digests and their own wordings."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class Team(Model):
    """People who answer for a kind of ticket, and where they want to be alerted."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=60, unique=True)
    name = fields.CharField(max_length=120, default="")
    alert_channel = fields.CharField(max_length=60, default="")  # "" : the staff inbox alone
    alert_to = fields.CharField(max_length=320, default="")
    settings: dict[str, object] | None = fields.JSONField(null=True)  # a `TeamSettings`: ladder, quiet hours, rota

    class Meta:
        table = "teams"


class Staff(Model):
    """Somebody who works tickets."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=200, unique=True)  # usually the e-mail address
    name = fields.CharField(max_length=120, default="")
    email = fields.CharField(max_length=320, default="")
    locale = fields.CharField(max_length=20, default="")
    timezone = fields.CharField(max_length=60, default="")
    quiet_hours = fields.CharField(max_length=20, default="")  # "22:00-07:00"; "" : those of the team
    active = fields.BooleanField(default=True)
    leads = fields.BooleanField(default=False)  # the team's lead: alerts that nobody takes go there
    team: fields.ForeignKeyNullableRelation[Team] = fields.ForeignKeyField(
        "models.Team", related_name="members", null=True, on_delete=fields.SET_NULL
    )
    team_id: int | None

    addresses: fields.ReverseRelation[StaffAddress]

    class Meta:
        table = "staff"


class StaffAddress(Model):
    """Who a member of staff is in a channel. Only a mapped person may act there (SEC-35)."""

    id = fields.BigIntField(primary_key=True)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="addresses", on_delete=fields.CASCADE
    )
    staff_id: int
    channel = fields.CharField(max_length=60)
    address = fields.CharField(max_length=320)

    class Meta:
        table = "staff_addresses"
        unique_together = (("channel", "address"),)


class Survey(Model):
    """One version of a survey: a response belongs to the version that was asked. `settings` is a `SurveySettings`."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=60)
    version = fields.IntField()
    position = fields.IntField(default=0)  # the first survey whose conditions hold wins
    current = fields.BooleanField(default=True)
    settings: dict[str, object] = fields.JSONField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "surveys"
        unique_together = (("key", "version"),)


class Rule(Model):
    """On an event, when conditions hold, do actions. `settings` is a `RuleSettings`."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=60, unique=True)
    position = fields.IntField(default=0)
    enabled = fields.BooleanField(default=True)
    settings: dict[str, object] = fields.JSONField()

    class Meta:
        table = "rules"


class Digest(Model):
    """Figures of each whole day, week or month, sent when it is over. `settings` is a `DigestSettings`."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=60, unique=True)
    name = fields.CharField(max_length=120, default="")
    enabled = fields.BooleanField(default=True)
    settings: dict[str, object] = fields.JSONField()
    after = fields.DatetimeField()  # only what is due later is sent: when it was set so, or the last one was due
    told = fields.CharField(max_length=20, default="")  # the last period that was sent, "week:2026-11-16"

    class Meta:
        table = "digests"


class OwnLabels(Model):
    """Short words (buttons, notes) that an admin says otherwise in one language, by the keys of the shipped ones."""

    id = fields.BigIntField(primary_key=True)
    locale = fields.CharField(max_length=20, unique=True)
    words: dict[str, str] = fields.JSONField()

    class Meta:
        table = "own_labels"


class Wording(Model):
    """An admin's own template. `team` and `channel` are "" where it holds for all."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=40)
    locale = fields.CharField(max_length=20)
    team = fields.CharField(max_length=60, default="")
    channel = fields.CharField(max_length=60, default="")
    source = fields.TextField()
    subject = fields.CharField(max_length=300, default="")
    problem = fields.CharField(max_length=300, default="")  # why it could not be used; shown to the admin

    class Meta:
        table = "wordings"
        unique_together = (("kind", "locale", "team", "channel"),)


class Kind(StrEnum):
    """A kind of data that is kept only for a while."""

    ARRIVALS = "arrivals"  # raw messages as they came in
    DELIVERIES = "deliveries"  # what was sent, to whom
    VISITS = "visits"  # openings of survey pages
    HELD = "held"  # answers that may be a robot's, with their evidence
    ATTACHMENTS = "attachments"  # files of closed tickets
    MESSAGES = "messages"  # words in closed tickets
    SUBJECTS = "subjects"  # what closed tickets were about, and their results
    CLOSING_NOTES = "closing_notes"  # what was said when a recovery ended
    COMMENTS = "comments"  # words of responses
    RESPONSES = "responses"  # scores, and all that hangs on them
    BOUNCES = "bounces"  # mails that came back


class Retention(Model):
    """How long a kind of data is kept, where that is not the usual time."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharEnumField(Kind, max_length=20, unique=True)
    days = fields.IntField()  # 0: for ever

    class Meta:
        table = "retention"

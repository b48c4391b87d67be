"""The pace of each channel account, shared by every worker."""

from __future__ import annotations

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Lane(Model):
    """One channel account: when its next message may leave, and until when the channel asked us to be quiet."""

    channel = fields.CharField(max_length=60, primary_key=True)
    free_at = fields.DatetimeField()
    blocked_until: datetime | None = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=300, default="")
    failures = fields.IntField(default=0)  # in a row, of the channel as a whole
    pace = fields.FloatField(default=1.0)  # the share of its usual pace that the channel has been found to take
    paced_at: datetime | None = fields.DatetimeField(null=True)  # when `pace` was last changed

    class Meta:
        table = "lanes"

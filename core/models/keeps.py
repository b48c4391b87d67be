"""What channels must remember over a restart."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Kept(Model):
    """A few words of a channel's, sealed with the site's secret: how far it has read, who installed it."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=60)
    key = fields.CharField(max_length=200)
    sealed = fields.TextField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "kept"
        unique_together = (("channel", "key"),)

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0009_rules_and_webhooks')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Alert',
            name='rung',
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name='Alert',
            name='rung_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Staff',
            name='quiet_hours',
            field=fields.CharField(default='', max_length=20),
        ),
        ops.AddField(
            model_name='Team',
            name='settings',
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.models.webhooks import CallState
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0008_desk_indexes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Occasion',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=120)),
                ('event', fields.CharField(max_length=40)),
                ('ticket', fields.ForeignKeyField('models.Ticket', source_field='ticket_id', db_constraint=True, to_field='id', related_name='occasions', on_delete=OnDelete.CASCADE)),
                ('invite', fields.ForeignKeyField('models.Invite', source_field='invite_id', null=True, db_constraint=True, to_field='id', related_name='occasions', on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'occasions', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Something happened that rules look at, beside an answer that has been judged. Kept only if a rule is about it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Webhook',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=60)),
                ('url', fields.CharField(max_length=1000)),
                ('enabled', fields.BooleanField(default=True)),
                ('why_off', fields.CharField(default='', max_length=40)),
                ('failing_since', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('secret', fields.TextField(default='', unique=False)),
                ('previous_secret', fields.TextField(default='', unique=False)),
                ('previous_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'webhooks', 'app': 'models', 'pk_attr': 'id', 'table_description': 'An endpoint. Its secrets are sealed. The one before is used too, for a day after it was changed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WebhookCall',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=120)),
                ('message', fields.CharField(max_length=60)),
                ('webhook', fields.ForeignKeyField('models.Webhook', source_field='webhook_id', db_constraint=True, to_field='id', related_name='calls', on_delete=OnDelete.CASCADE)),
                ('ticket', fields.ForeignKeyField('models.Ticket', source_field='ticket_id', null=True, db_constraint=True, to_field='id', related_name='webhook_calls', on_delete=OnDelete.CASCADE)),
                ('type', fields.CharField(max_length=60)),
                ('body', fields.TextField(unique=False)),
                ('state', fields.CharEnumField(default=CallState.WAITING, description='WAITING: waiting\nSENT: sent\nDEAD: dead', enum_type=CallState, max_length=20)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('attempts', fields.IntField(default=0)),
                ('status', fields.IntField(null=True)),
                ('problem', fields.CharField(default='', max_length=300)),
                ('sent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'webhook_calls', 'app': 'models', 'indexes': [Index(fields=['webhook_id', 'state', 'due_at'])], 'pk_attr': 'id', 'table_description': 'One call of a webhook: the same message with the same name, however often it is tried.'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='Reaction',
            options={'table': 'reactions', 'app': 'models', 'unique_together': (('response', 'revision', 'rule'), ('occasion', 'rule')), 'pk_attr': 'id', 'table_description': 'A rule looked at a revision of a response, or at an occasion: once, whatever happens (unique).'},
        ),
        ops.AlterField(
            model_name='Reaction',
            name='response',
            field=fields.ForeignKeyField('models.Response', source_field='response_id', null=True, db_constraint=True, to_field='id', related_name='reactions', on_delete=OnDelete.CASCADE),
        ),
        ops.AddField(
            model_name='Reaction',
            name='failed',
            field=fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Reaction',
            name='occasion',
            field=fields.ForeignKeyField('models.Occasion', source_field='occasion_id', null=True, db_constraint=True, to_field='id', related_name='reactions', on_delete=OnDelete.CASCADE),
        ),
        ops.AddField(
            model_name='Reaction',
            name='values',
            field=fields.JSONField(default=dict, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddConstraint(
            model_name='Reaction',
            constraint=UniqueConstraint(fields=('occasion', 'rule'), name=None),
        ),
    ]

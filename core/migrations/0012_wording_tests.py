from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.models.wordings import Outcome, Variant
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0011_anonymous_answers')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ABTest',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=32)),
                ('kind', fields.CharField(max_length=40)),
                ('locale', fields.CharField(default='', max_length=20)),
                ('team', fields.CharField(default='', max_length=60)),
                ('channel', fields.CharField(default='', max_length=60)),
                ('words', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('share', fields.SmallIntField()),
                ('base', fields.FloatField()),
                ('difference', fields.SmallIntField()),
                ('size_a', fields.IntField()),
                ('size_b', fields.IntField()),
                ('started_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('started_by', fields.CharField(max_length=254)),
                ('until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('full_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_by', fields.CharField(default='', max_length=254)),
                ('outcome', fields.CharEnumField(null=True, description='KEPT_A: kept_a\nKEPT_B: kept_b\nSTOPPED: stopped\nPUBLISHED: published\nFAILED: failed', enum_type=Outcome, max_length=20)),
                ('why', fields.CharField(default='', max_length=300)),
                ('counts', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
            ],
            options={'table': 'ab_tests', 'app': 'models', 'indexes': [Index(fields=['ended_at'])], 'pk_attr': 'id', 'table_description': 'Two wordings of one question: each contact gets one of them. What was chosen at the start is never changed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ABInvite',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('test', fields.ForeignKeyField('models.ABTest', source_field='test_id', db_constraint=True, to_field='id', related_name='invites', on_delete=OnDelete.CASCADE)),
                ('invite', fields.ForeignKeyField('models.Invite', source_field='invite_id', db_constraint=True, to_field='id', related_name='ab_invites', on_delete=OnDelete.CASCADE)),
                ('variant', fields.CharEnumField(description='A: a\nB: b', enum_type=Variant, max_length=1)),
            ],
            options={'table': 'ab_invites', 'app': 'models', 'unique_together': (('test', 'invite'),), 'indexes': [Index(fields=['invite_id'])], 'pk_attr': 'id', 'table_description': 'With which variant an invite was asked. It keeps it, whatever is drawn of it later.'},
            bases=['Model'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.models.contacts import SuppressionReason
from core.models.desk import AttachmentState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Attachment',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('ticket', fields.ForeignKeyField('models.Ticket', source_field='ticket_id', db_constraint=True, to_field='id', related_name='attachments', on_delete=OnDelete.CASCADE)),
                ('entry', fields.ForeignKeyField('models.TicketEntry', source_field='entry_id', db_constraint=True, to_field='id', related_name='attachments', on_delete=OnDelete.CASCADE)),
                ('channel', fields.CharField(max_length=60)),
                ('ref', fields.CharField(default='', max_length=500)),
                ('name', fields.CharField(max_length=200)),
                ('media_type', fields.CharField(max_length=120)),
                ('size', fields.BigIntField(default=0)),
                ('state', fields.CharEnumField(default=AttachmentState.WAITING, description='WAITING: waiting\nSTORED: stored\nREFUSED: refused', enum_type=AttachmentState, max_length=20)),
                ('attempts', fields.IntField(default=0)),
                ('problem', fields.CharField(default='', max_length=300)),
                ('body', fields.BinaryField(null=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'attachments', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A file that somebody sent along with a message. It is data: kept, handed out as a download, never looked into.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Bounce',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.CharField(max_length=60)),
                ('address', fields.CharField(max_length=320)),
                ('kind', fields.CharField(max_length=20)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('delivery_id', fields.BigIntField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'bounces', 'app': 'models', 'indexes': [Index(fields=['channel', 'address', 'at'])], 'pk_attr': 'id', 'table_description': 'A message came back. Three soft ones in thirty days count as a hard one.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Kept',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.CharField(max_length=60)),
                ('key', fields.CharField(max_length=200)),
                ('sealed', fields.TextField(unique=False)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'kept', 'app': 'models', 'unique_together': (('channel', 'key'),), 'pk_attr': 'id', 'table_description': "A few words of a channel's, sealed with the site's secret: how far it has read, who installed it."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Suppression',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.CharField(max_length=60)),
                ('address', fields.CharField(max_length=320)),
                ('reason', fields.CharEnumField(description='HARD_BOUNCE: hard_bounce\nSOFT_BOUNCES: soft_bounces\nCOMPLAINT: complaint\nMANUAL: manual', enum_type=SuppressionReason, max_length=20)),
                ('evidence', fields.CharField(default='', max_length=500)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'suppressions', 'app': 'models', 'unique_together': (('channel', 'address'),), 'pk_attr': 'id', 'table_description': "An address that gets nothing more from us, whoever's it is, until somebody takes it off this list."},
            bases=['Model'],
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['channel', 'state', 'attempts']),
        ),
        ops.AddField(
            model_name='Lane',
            name='pace',
            field=fields.FloatField(default=1.0),
        ),
        ops.AddField(
            model_name='Lane',
            name='paced_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Ticket',
            name='thread',
            field=fields.CharField(default='', max_length=300),
        ),
    ]

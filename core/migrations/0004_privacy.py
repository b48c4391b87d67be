from tortoise import migrations
from tortoise.migrations import operations as ops
from core.models.contacts import SuppressionReason
from core.models.setup import Kind
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0003_accounts')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Retention',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharEnumField(unique=True, description='ARRIVALS: arrivals\nDELIVERIES: deliveries\nVISITS: visits\nATTACHMENTS: attachments\nMESSAGES: messages\nCOMMENTS: comments\nRESPONSES: responses\nBOUNCES: bounces', enum_type=Kind, max_length=20)),
                ('days', fields.IntField()),
            ],
            options={'table': 'retention', 'app': 'models', 'pk_attr': 'id', 'table_description': 'How long a kind of data is kept, where that is not the usual time.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Contact',
            name='erased_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterModelOptions(
            name='Invitation',
            options={'table': 'invitations', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A one-time address behind which somebody makes an account, or a new password for it. Only its hash is kept.'},
        ),
        ops.AlterField(
            model_name='Suppression',
            name='reason',
            field=fields.CharEnumField(description='HARD_BOUNCE: hard_bounce\nSOFT_BOUNCES: soft_bounces\nCOMPLAINT: complaint\nMANUAL: manual\nOPTED_OUT: opted_out', enum_type=SuppressionReason, max_length=20),
        ),
    ]

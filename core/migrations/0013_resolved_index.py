from tortoise import migrations
from tortoise.migrations import operations as ops
from core.models.setup import Kind
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0012_wording_tests')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='Retention',
            name='key',
            field=fields.CharEnumField(unique=True, description='ARRIVALS: arrivals\nDELIVERIES: deliveries\nVISITS: visits\nATTACHMENTS: attachments\nMESSAGES: messages\nSUBJECTS: subjects\nCLOSING_NOTES: closing_notes\nCOMMENTS: comments\nRESPONSES: responses\nBOUNCES: bounces', enum_type=Kind, max_length=20),
        ),
        ops.AddIndex(
            model_name='Ticket',
            index=Index(fields=['resolved_at']),
        ),
    ]

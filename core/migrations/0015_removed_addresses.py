from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0014_contact_links')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Address',
            name='removed',
            field=fields.CharField(null=True, max_length=320),
        ),
    ]

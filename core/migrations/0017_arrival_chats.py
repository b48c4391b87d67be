from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0016_digests')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Arrival',
            name='chat',
            field=fields.CharField(default='', max_length=320),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0006_wordings')]

    initial = False

    operations = [
        ops.CreateModel(
            name='OwnLabels',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('locale', fields.CharField(unique=True, max_length=20)),
                ('words', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
            ],
            options={'table': 'own_labels', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Short words (buttons, notes) that an admin says otherwise in one language, by the keys of the shipped ones.'},
            bases=['Model'],
        ),
    ]

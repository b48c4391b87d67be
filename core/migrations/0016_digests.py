from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0015_removed_addresses')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Digest',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=60)),
                ('name', fields.CharField(default='', max_length=120)),
                ('enabled', fields.BooleanField(default=True)),
                ('settings', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('after', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('told', fields.CharField(default='', max_length=20)),
            ],
            options={'table': 'digests', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Figures of each whole day, week or month, sent when it is over. `settings` is a `DigestSettings`.'},
            bases=['Model'],
        ),
    ]

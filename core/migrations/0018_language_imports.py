from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0017_arrival_chats')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LanguageImport',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('locale', fields.CharField(max_length=20)),
                ('author', fields.CharField(max_length=254)),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('taken_back_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('taken_back_by', fields.CharField(default='', max_length=254)),
                ('left', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
            ],
            options={'table': 'language_imports', 'app': 'models', 'pk_attr': 'id', 'table_description': "A translator's file that was published: what stood before of exactly what it changed, so that it can go back."},
            bases=['Model'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0005_figures')]

    initial = False

    operations = [
        ops.CreateModel(
            name='WordingDraft',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=40)),
                ('locale', fields.CharField(max_length=20)),
                ('team', fields.CharField(default='', max_length=60)),
                ('channel', fields.CharField(default='', max_length=60)),
                ('subject', fields.TextField(unique=False)),
                ('source', fields.TextField(unique=False)),
                ('author', fields.CharField(max_length=254)),
                ('revision', fields.IntField(default=1)),
                ('saved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wording_drafts', 'app': 'models', 'unique_together': (('kind', 'locale', 'team', 'channel'),), 'pk_attr': 'id', 'table_description': 'Words that somebody is writing, right or wrong, and that nobody gets yet.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WordingVersion',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=40)),
                ('locale', fields.CharField(max_length=20)),
                ('team', fields.CharField(default='', max_length=60)),
                ('channel', fields.CharField(default='', max_length=60)),
                ('number', fields.IntField()),
                ('subject', fields.CharField(default='', max_length=300)),
                ('source', fields.TextField(unique=False)),
                ('author', fields.CharField(max_length=254)),
                ('note', fields.CharField(default='', max_length=200)),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wording_versions', 'app': 'models', 'unique_together': (('kind', 'locale', 'team', 'channel', 'number'),), 'pk_attr': 'id', 'table_description': 'Own words as they once were published.'},
            bases=['Model'],
        ),
    ]

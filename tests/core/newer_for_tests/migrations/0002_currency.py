from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="Account",
            name="balance",
            field=fields.BigIntField(default=0),
        ),
        ops.AddField(
            model_name="Account",
            name="currency",
            field=fields.CharField(default="EUR", db_default="EUR", max_length=3),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_currency")]

    operations = [ops.RunSQL("INSERT INTO no_such_table VALUES (1)")]

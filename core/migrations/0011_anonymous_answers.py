from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0010_teams_and_duty')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Invite',
            name='anonymous',
            field=fields.BooleanField(default=False),
        ),
        ops.AlterField(
            model_name='Response',
            name='invite',
            field=fields.OneToOneField('models.Invite', source_field='invite_id', null=True, db_constraint=True, to_field='id', related_name='response', on_delete=OnDelete.CASCADE),
        ),
        ops.AddField(
            model_name='Response',
            name='may_contact',
            field=fields.BooleanField(default=False),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

# On SQLite an altered field makes the table anew, and Tortoise leaves its indexes behind: one response per invite, and
# what the board's statements are answered by.
INDEXES = [
    'CREATE UNIQUE INDEX uid_responses_invite ON responses (invite_id)',
    'CREATE INDEX idx_responses_slice_i_109dfa ON responses (slice_id, created_at, overall, band)',
    'CREATE INDEX idx_responses_created_336780 ON responses (created_at, slice_id, overall, band, commented)',
    'CREATE INDEX idx_responses_judged_4aede3 ON responses (judged, band, created_at, slice_id)',
]


async def index_again(_apps, editor):
    if editor.DIALECT == 'sqlite':
        for statement in INDEXES:
            await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [('models', '0010_teams_and_duty')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Invite',
            name='anonymous',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AlterField(
            model_name='Response',
            name='invite',
            field=fields.OneToOneField('models.Invite', source_field='invite_id', null=True, db_constraint=True, to_field='id', related_name='response', on_delete=OnDelete.CASCADE),
        ),
        ops.AddField(
            model_name='Response',
            name='may_contact',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunPython(index_again),
    ]

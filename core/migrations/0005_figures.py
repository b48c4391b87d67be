from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

# What was asked before is cut by its ticket as it is now; nobody wrote down how it was then.
_INVITED = '''invites i JOIN tickets t ON t.id = i.ticket_id JOIN addresses a ON a.id = i.address_id
    JOIN contacts c ON c.id = i.contact_id'''
_UNASKED = 'decisions d JOIN tickets t ON t.id = d.ticket_id JOIN contacts c ON c.id = t.contact_id'
_WHOSE = 's.team_id = COALESCE(t.team_id, 0) AND s.type = t.type AND s.locale = c.locale'
FILL = [
    f'''INSERT INTO slices (team_id, type, channel, agent_id, survey_key, locale, purpose)
        SELECT COALESCE(t.team_id, 0), t.type, a.channel, COALESCE(i.agent_id, 0), i.survey_key, c.locale, i.purpose
        FROM {_INVITED}
        UNION SELECT COALESCE(t.team_id, 0), t.type, t.channel, COALESCE(t.assignee_id, 0), d.survey_key, c.locale, 'service'
        FROM {_UNASKED} WHERE NOT d.sent''',
    f'''UPDATE invites SET asked_at = COALESCE(delivered_at, due_at), slice_id = (
        SELECT s.id FROM slices s CROSS JOIN {_INVITED}
        WHERE i.id = invites.id AND {_WHOSE} AND s.channel = a.channel AND s.agent_id = COALESCE(i.agent_id, 0)
          AND s.survey_key = i.survey_key AND s.purpose = i.purpose)''',
    f'''UPDATE decisions SET slice_id = (
        SELECT s.id FROM slices s CROSS JOIN {_UNASKED}
        WHERE d.id = decisions.id AND {_WHOSE} AND s.channel = t.channel AND s.agent_id = COALESCE(t.assignee_id, 0)
          AND s.survey_key = d.survey_key AND s.purpose = 'service') WHERE NOT sent''',
    '''UPDATE responses SET commented = (comment <> ''),
        slice_id = (SELECT slice_id FROM invites i WHERE i.id = responses.invite_id)''',
    '''UPDATE responses SET
        overall = (SELECT value FROM scores s WHERE s.response_id = responses.id AND s.dimension = 'overall'),
        judged = (SELECT r.scores FROM response_revisions r WHERE r.response_id = responses.id
                  AND r.revision = responses.revision) WHERE band IS NOT NULL''',
]


async def cut(_apps, editor):
    for statement in FILL:
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [('models', '0004_privacy')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Slice',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('team_id', fields.BigIntField(default=0)),
                ('type', fields.CharField(default='', max_length=60)),
                ('channel', fields.CharField(default='', max_length=60)),
                ('agent_id', fields.BigIntField(default=0)),
                ('survey_key', fields.CharField(default='', max_length=60)),
                ('locale', fields.CharField(default='', max_length=20)),
                ('purpose', fields.CharField(max_length=20)),
            ],
            options={'table': 'slices', 'app': 'models', 'unique_together': (('team_id', 'type', 'channel', 'agent_id', 'survey_key', 'locale', 'purpose'),), 'pk_attr': 'id', 'table_description': "By what the board's figures are cut. All that was asked alike shares one row, as things stood when it was asked:"},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Decision',
            name='slice',
            field=fields.ForeignKeyField('models.Slice', source_field='slice_id', null=True, db_constraint=True, to_field='id', related_name='decisions', on_delete=OnDelete.SET_NULL),
        ),
        ops.AddIndex(
            model_name='Decision',
            index=Index(fields=['slice_id', 'at', 'reason']),
        ),
        ops.AddField(
            model_name='Invite',
            name='asked_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Invite',
            name='slice',
            field=fields.ForeignKeyField('models.Slice', source_field='slice_id', null=True, db_constraint=True, to_field='id', related_name='invites', on_delete=OnDelete.SET_NULL),
        ),
        ops.AddIndex(
            model_name='Invite',
            index=Index(fields=['slice_id', 'asked_at', 'state', 'delivered_at']),
        ),
        ops.AddIndex(
            model_name='Invite',
            index=Index(fields=['asked_at', 'slice_id', 'state', 'delivered_at']),
        ),
        ops.AddIndex(
            model_name='Recovery',
            index=Index(fields=['opened_at']),
        ),
        ops.AddIndex(
            model_name='Recovery',
            index=Index(fields=['state', 'due_at']),
        ),
        ops.AddField(
            model_name='Response',
            name='commented',
            field=fields.BooleanField(default=False),
        ),
        ops.AddField(
            model_name='Response',
            name='judged',
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Response',
            name='overall',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name='Response',
            name='slice',
            field=fields.ForeignKeyField('models.Slice', source_field='slice_id', null=True, db_constraint=True, to_field='id', related_name='responses', on_delete=OnDelete.SET_NULL),
        ),
        ops.AddIndex(
            model_name='Response',
            index=Index(fields=['slice_id', 'created_at', 'overall', 'band']),
        ),
        ops.AddIndex(
            model_name='Response',
            index=Index(fields=['created_at', 'slice_id', 'overall', 'band', 'commented']),
        ),
        ops.AddIndex(
            model_name='Response',
            index=Index(fields=['judged', 'band', 'created_at', 'slice_id']),
        ),
        ops.RunPython(cut),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.models.accounts import Role
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields

# The audit is only ever written to: the store itself refuses to change a line, or to take one out (SEC-53).
APPEND_ONLY = {
    'sqlite': [
        f"""CREATE TRIGGER audit_lines_no_{verb.lower()} BEFORE {verb} ON audit_lines
            BEGIN SELECT RAISE(ABORT, 'the audit is only ever written to'); END"""
        for verb in ('UPDATE', 'DELETE')
    ],
    'postgres': [
        """CREATE FUNCTION audit_lines_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'the audit is only ever written to'; END $$""",
        """CREATE TRIGGER audit_lines_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_lines
            FOR EACH STATEMENT EXECUTE FUNCTION audit_lines_refuse()""",
    ],
}


async def make_append_only(_apps, editor):
    for statement in APPEND_ONLY[editor.client.capabilities.dialect]:
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [('models', '0002_files_bounces_keeps')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Account',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('email', fields.CharField(unique=True, max_length=254)),
                ('name', fields.CharField(default='', max_length=120)),
                ('role', fields.CharEnumField(description='ADMIN: admin\nSUPERVISOR: supervisor\nAGENT: agent\nAUDITOR: auditor', enum_type=Role, max_length=20)),
                ('locale', fields.CharField(default='', max_length=20)),
                ('password_hash', fields.CharField(default='', max_length=200)),
                ('issuer', fields.CharField(null=True, max_length=300)),
                ('subject', fields.CharField(null=True, max_length=255)),
                ('staff', fields.ForeignKeyField('models.Staff', source_field='staff_id', null=True, db_constraint=True, to_field='id', related_name='accounts', on_delete=OnDelete.SET_NULL)),
                ('active', fields.BooleanField(default=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('signed_in_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'accounts', 'app': 'models', 'unique_together': (('issuer', 'subject'),), 'pk_attr': 'id', 'table_description': 'Somebody who can sign in. `staff` is who that is on the desk, where it is anybody.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditLine',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('actor', fields.CharField(max_length=254)),
                ('action', fields.CharField(max_length=80)),
                ('subject', fields.CharField(db_index=True, max_length=254)),
                ('before', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('after', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('previous_hash', fields.CharField(unique=True, max_length=64)),
                ('hash', fields.CharField(unique=True, max_length=64)),
            ],
            options={'table': 'audit_lines', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One change: who made it, what it was before and after. Each holds the hash of the one before (SEC-53).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Invitation',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code_hash', fields.CharField(unique=True, max_length=64)),
                ('role', fields.CharEnumField(description='ADMIN: admin\nSUPERVISOR: supervisor\nAGENT: agent\nAUDITOR: auditor', enum_type=Role, max_length=20)),
                ('email', fields.CharField(default='', max_length=254)),
                ('name', fields.CharField(default='', max_length=120)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', null=True, db_constraint=True, to_field='id', related_name='invitations', on_delete=OnDelete.CASCADE)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'invitations', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A one-time address behind which somebody makes an account, or a new password for theirs. Only its hash is kept.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Session',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='sessions', on_delete=OnDelete.CASCADE)),
                ('browser', fields.CharField(default='', max_length=200)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('seen_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'sessions', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One browser that is signed in. Only the hash of what it shows is kept (SEC-46).'},
            bases=['Model'],
        ),
        ops.RunPython(make_append_only),
    ]

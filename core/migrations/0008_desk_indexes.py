from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0007_own_labels')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Alert',
            index=Index(fields=['state', 'id']),
        ),
        ops.AddIndex(
            model_name='Alert',
            index=Index(fields=['ticket_id', 'id']),
        ),
        ops.AddIndex(
            model_name='Attachment',
            index=Index(fields=['ticket_id']),
        ),
        ops.AddIndex(
            model_name='Attachment',
            index=Index(fields=['entry_id']),
        ),
        ops.AddIndex(
            model_name='HeldAnswer',
            index=Index(fields=['confirmed_at', 'id']),
        ),
        ops.AddIndex(
            model_name='HeldAnswer',
            index=Index(fields=['invite_id']),
        ),
        ops.AddIndex(
            model_name='Recovery',
            index=Index(fields=['ticket_id']),
        ),
        ops.AddIndex(
            model_name='Ticket',
            index=Index(fields=['contact_id', 'id']),
        ),
        ops.AddIndex(
            model_name='TicketEntry',
            index=Index(fields=['ticket_id', 'id']),
        ),
    ]

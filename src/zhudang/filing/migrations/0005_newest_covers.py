"""The index of the newest records holds what rights and filters ask, so that passing over a record reads no row."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('filing', '0004_sums_are_kept'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='record',
            name='record_newest',
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(models.OrderBy(models.F('formed_on'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('withdrawn_at__isnull', True)), include=('level', 'reached', 'organisation', 'project', 'part', 'state'), name='record_newest'),
        ),
    ]

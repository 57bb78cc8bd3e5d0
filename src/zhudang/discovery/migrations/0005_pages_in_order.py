"""The index of record and page serves both: with one of the record alone, the first page was found by sorting all."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('discovery', '0004_threes_and_months'),
        ('filing', '0005_newest_covers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='pagetext',
            name='record',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='filing.record'),
        ),
    ]

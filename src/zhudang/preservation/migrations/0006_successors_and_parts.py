"""An object full of versions gets a successor, a state of too many files lies in parts: each stored object is a row."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('filing', '0006_newest_of_part'),
        ('preservation', '0005_class_level_of_kept'),
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='archivalobject',
            name='generation',
            field=models.IntegerField(default=1),
        ),
        migrations.AddField(
            model_name='archivalobject',
            name='newest',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='archivalobject',
            name='part',
            field=models.IntegerField(default=1),
        ),
        migrations.AddField(
            model_name='archivalobject',
            name='successor',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='predecessor', to='preservation.archivalobject'),
        ),
        migrations.AddConstraint(
            model_name='archivalobject',
            constraint=models.CheckConstraint(condition=models.Q(('generation__gte', 1), ('part__gte', 1)), name='preservation_object_counted_from_one'),
        ),
        migrations.AddConstraint(
            model_name='archivalobject',
            constraint=models.CheckConstraint(condition=models.Q(('newest', False), ('successor__isnull', True), _connector='OR'), name='preservation_newest_has_no_successor'),
        ),
        migrations.AddConstraint(
            model_name='archivalobject',
            constraint=models.UniqueConstraint(condition=models.Q(('newest', True)), fields=('kind', 'project', 'volume', 'part'), name='preservation_one_newest_object_a_part', nulls_distinct=False),
        ),
    ]

"""Sites gain their facts; removable sets their custody and calling in; copies on paper, plans of remedy, placements their rows."""

import django.db.models.deletion
import zhudang.shared.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('preservation', '0002_copies_in_turn'),
    ]

    operations = [
        migrations.CreateModel(
            name='CatchUp',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('asked_by', models.CharField(max_length=150)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('complete', models.BooleanField(default=False)),
                ('copied', models.IntegerField(default=0)),
                ('read', models.IntegerField(default=0)),
                ('bytes', models.BigIntegerField(default=0)),
                ('wrong', models.IntegerField(default=0)),
                ('stopped_because', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['-started_at'],
            },
        ),
        migrations.CreateModel(
            name='Custody',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gave', models.CharField(max_length=150)),
                ('gave_name', models.CharField(max_length=100)),
                ('gave_at', models.DateTimeField()),
                ('took', models.CharField(max_length=150)),
                ('took_name', models.CharField(max_length=100)),
                ('took_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('bound_for', models.CharField(max_length=200)),
                ('condition', models.CharField(max_length=12)),
                ('note', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'ordering': ['-gave_at'],
            },
        ),
        migrations.CreateModel(
            name='Placement',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('class_code', models.CharField(max_length=30)),
                ('sites', models.JSONField()),
                ('chosen_at', models.DateTimeField()),
                ('chosen_by', models.CharField(max_length=150)),
            ],
            options={
                'ordering': ['-chosen_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='RegisteredCopy',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('medium', models.CharField(max_length=12)),
                ('label', models.CharField(max_length=80)),
                ('place', models.CharField(max_length=200)),
                ('made_on', models.DateField()),
                ('made_by', models.CharField(max_length=100)),
                ('version', models.IntegerField()),
                ('inventory_sha512', models.CharField(max_length=128)),
                ('registered_at', models.DateTimeField()),
                ('registered_by', models.CharField(max_length=150)),
                ('inspected_on', models.DateField(null=True)),
                ('inspected_by', models.CharField(blank=True, max_length=150)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('withdrawn_because', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['-registered_at'],
            },
        ),
        migrations.CreateModel(
            name='RemedyPlan',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('class_code', models.CharField(max_length=30)),
                ('requirements', models.JSONField()),
                ('missing', models.CharField(max_length=500)),
                ('remedy', models.CharField(max_length=500)),
                ('responsible', models.CharField(max_length=100)),
                ('until', models.DateField()),
                ('ended', models.BooleanField(default=False)),
                ('entered_at', models.DateTimeField()),
                ('entered_by', models.CharField(max_length=150)),
            ],
            options={
                'ordering': ['-entered_at', '-id'],
            },
        ),
        migrations.AddField(
            model_name='site',
            name='facts',
            field=models.JSONField(default=dict),
        ),
        migrations.AddConstraint(
            model_name='site',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['folder', 'removable'])), name='preservation_site_kind_known'),
        ),
        migrations.AddField(
            model_name='catchup',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='catch_ups', to='preservation.site'),
        ),
        migrations.AddField(
            model_name='custody',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='preservation.site'),
        ),
        migrations.AddField(
            model_name='registeredcopy',
            name='object',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='registered_copies', to='preservation.archivalobject'),
        ),
        migrations.AddIndex(
            model_name='remedyplan',
            index=models.Index(fields=['class_code', '-entered_at'], name='preservation_plan_newest'),
        ),
        migrations.AddField(
            model_name='placement',
            name='plan',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='preservation.remedyplan'),
        ),
        migrations.AddConstraint(
            model_name='catchup',
            constraint=models.CheckConstraint(condition=models.Q(('complete', False), models.Q(('finished_at__isnull', False), ('wrong', 0)), _connector='OR'), name='preservation_complete_catch_up_found_nothing_wrong'),
        ),
        migrations.AddConstraint(
            model_name='custody',
            constraint=models.CheckConstraint(condition=models.Q(('gave', models.F('took')), _negated=True), name='preservation_custody_by_two'),
        ),
        migrations.AddConstraint(
            model_name='custody',
            constraint=models.CheckConstraint(condition=models.Q(('took_at__isnull', True), ('withdrawn_at__isnull', True), _connector='OR'), name='preservation_custody_signed_or_withdrawn'),
        ),
        migrations.AddConstraint(
            model_name='custody',
            constraint=models.UniqueConstraint(condition=models.Q(('took_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('site',), name='preservation_one_open_handing_over_a_site'),
        ),
        migrations.AddConstraint(
            model_name='registeredcopy',
            constraint=models.CheckConstraint(condition=models.Q(('medium__in', ['microfilm', 'paper'])), name='preservation_registered_copy_medium_known'),
        ),
        migrations.AddConstraint(
            model_name='registeredcopy',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('label',), name='preservation_one_registered_copy_a_label'),
        ),
        migrations.AddIndex(
            model_name='placement',
            index=models.Index(fields=['class_code', '-chosen_at'], name='preservation_place_newest'),
        ),
    ]

"""The first rows of preservation: places, objects, copies, readings of them, transfers on their way in."""

import django.db.models.deletion
import zhudang.shared.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('filing', '0001_initial'),
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='BookComparison',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.CharField(max_length=150)),
                ('sides', models.JSONField(default=list)),
                ('differences', models.JSONField(default=list)),
                ('difference_count', models.IntegerField(default=0)),
            ],
            options={
                'ordering': ['-made_at'],
            },
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('asked_by', models.CharField(max_length=150)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('copies', models.IntegerField(default=0)),
                ('files', models.BigIntegerField(default=0)),
                ('bytes', models.BigIntegerField(default=0)),
                ('sound', models.IntegerField(default=0)),
                ('repaired', models.IntegerField(default=0)),
                ('wrong', models.JSONField(default=list)),
                ('wrong_count', models.IntegerField(default=0)),
            ],
            options={
                'ordering': ['-started_at'],
            },
        ),
        migrations.CreateModel(
            name='Site',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=20, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(default='folder', max_length=20)),
                ('path', models.CharField(max_length=1000)),
                ('registered_at', models.DateTimeField()),
                ('prepared_at', models.DateTimeField(null=True)),
                ('in_use', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='ArchivalObject',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('ocfl_id', models.CharField(max_length=80, unique=True)),
                ('kind', models.CharField(max_length=10)),
                ('title', models.CharField(max_length=300)),
                ('reference_code', models.CharField(blank=True, max_length=80)),
                ('accession_no', models.CharField(blank=True, max_length=40)),
                ('level', models.SmallIntegerField(default=0)),
                ('version', models.IntegerField()),
                ('files', models.IntegerField()),
                ('bytes', models.BigIntegerField()),
                ('stored_bytes', models.BigIntegerField()),
                ('inventory_sha512', models.CharField(max_length=128)),
                ('first_kept_at', models.DateTimeField()),
                ('kept_at', models.DateTimeField()),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.project')),
                ('volume', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='filing.volume')),
            ],
        ),
        migrations.CreateModel(
            name='Ingest',
            fields=[
                ('transfer_id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('work_id', models.UUIDField(null=True)),
                ('state', models.CharField(max_length=10)),
                ('asked_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('stopped_because', models.JSONField(default=dict)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.project')),
            ],
        ),
        migrations.CreateModel(
            name='Copy',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('state', models.CharField(max_length=12)),
                ('written_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(null=True)),
                ('looked_at', models.DateTimeField(null=True)),
                ('damages', models.JSONField(default=list)),
                ('inventory_sha512', models.CharField(max_length=128)),
                ('object', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='preservation.archivalobject')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='preservation.site')),
            ],
        ),
        migrations.AddIndex(
            model_name='archivalobject',
            index=models.Index(fields=['kind', 'accession_no'], name='preservatio_kind_f2a2ad_idx'),
        ),
        migrations.AddIndex(
            model_name='archivalobject',
            index=models.Index(fields=['project', 'kind'], name='preservatio_project_d548a7_idx'),
        ),
        migrations.AddIndex(
            model_name='archivalobject',
            index=models.Index(fields=['kind', '-kept_at'], name='preservatio_kind_024046_idx'),
        ),
        migrations.AddConstraint(
            model_name='archivalobject',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['volume', 'project'])), name='preservation_object_kind'),
        ),
        migrations.AddConstraint(
            model_name='archivalobject',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'project'), ('volume__isnull', True)), models.Q(('kind', 'volume'), ('volume__isnull', False)), _connector='OR'), name='preservation_volume_object_has_its_volume'),
        ),
        migrations.AddConstraint(
            model_name='ingest',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['asked', 'running', 'stopped', 'done'])), name='preservation_ingest_state_known'),
        ),
        migrations.AddConstraint(
            model_name='ingest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('finished_at__isnull', False), _connector='OR'), name='preservation_ingest_done_has_its_moment'),
        ),
        migrations.AddIndex(
            model_name='copy',
            index=models.Index(fields=['state'], name='preservatio_state_8ac5aa_idx'),
        ),
        migrations.AddIndex(
            model_name='copy',
            index=models.Index(fields=['site', 'verified_at'], name='preservatio_site_id_dbe774_idx'),
        ),
        migrations.AddConstraint(
            model_name='copy',
            constraint=models.UniqueConstraint(fields=('object', 'site'), name='preservation_one_copy_a_site'),
        ),
        migrations.AddConstraint(
            model_name='copy',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['written', 'verified', 'damaged', 'missing'])), name='preservation_copy_state_known'),
        ),
        migrations.AddConstraint(
            model_name='copy',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'verified'), _negated=True), ('verified_at__isnull', False), _connector='OR'), name='preservation_verified_copy_was_read'),
        ),
    ]

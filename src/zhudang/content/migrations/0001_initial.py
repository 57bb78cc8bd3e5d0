"""Bytes received, files, checks owed and run, uploads: the first shape."""

import django.db.models.deletion
import django.db.models.functions.text
import zhudang.shared.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Blob',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('sm3', models.CharField(max_length=64)),
                ('size', models.BigIntegerField()),
                ('stored_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='content_blob_size_not_negative'), models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$'), ('sm3__regex', '^[0-9a-f]{64}$')), name='content_blob_digests_are_hex')],
            },
        ),
        migrations.CreateModel(
            name='File',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255)),
                ('folder', models.CharField(blank=True, default='', max_length=1024)),
                ('project_id', models.UUIDField(blank=True, null=True)),
                ('unit_work_id', models.UUIDField(blank=True, null=True)),
                ('received_at', models.DateTimeField()),
                ('own_document', models.BooleanField(default=False)),
                ('verdict', models.CharField(max_length=16, null=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('format_id', models.CharField(blank=True, default='', max_length=64)),
                ('format_name', models.CharField(blank=True, default='', max_length=200)),
                ('mime', models.CharField(blank=True, default='', max_length=150)),
                ('pages', models.IntegerField(null=True)),
                ('facts', models.JSONField(default=dict)),
                ('level', models.SmallIntegerField(default=0)),
                ('client_organisation_id', models.UUIDField(null=True)),
                ('with_client', models.BooleanField(default=False)),
                ('with_archive', models.BooleanField(default=False)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('blob', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='content.blob')),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.organisation')),
                ('uploaded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='CheckRun',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField()),
                ('engine', models.CharField(max_length=64)),
                ('verdict', models.CharField(max_length=16)),
                ('format', models.JSONField(default=dict)),
                ('facts', models.JSONField(default=dict)),
                ('not_checked', models.JSONField(default=dict)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='check_runs', to='content.file')),
            ],
        ),
        migrations.CreateModel(
            name='CheckRequest',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('requested_at', models.DateTimeField()),
                ('work_id', models.UUIDField(null=True)),
                ('attempts', models.SmallIntegerField(default=0)),
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='check_request', to='content.file')),
            ],
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.SmallIntegerField(default=0)),
                ('code', models.CharField(max_length=32)),
                ('dimension', models.CharField(max_length=24)),
                ('severity', models.CharField(max_length=12)),
                ('message', models.TextField()),
                ('data', models.JSONField(default=dict)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='content.file')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='content.checkrun')),
            ],
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('receiving', 'Receiving'), ('arrived', 'Arrived'), ('done', 'Done'), ('refused', 'Refused'), ('expired', 'Expired')], default='receiving', max_length=12)),
                ('length', models.BigIntegerField()),
                ('offset', models.BigIntegerField(default=0)),
                ('name', models.CharField(max_length=255)),
                ('folder', models.CharField(blank=True, default='', max_length=1024)),
                ('metadata', models.TextField(blank=True, default='')),
                ('declared_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('level', models.SmallIntegerField(default=0)),
                ('project_id', models.UUIDField()),
                ('unit_work_id', models.UUIDField(null=True)),
                ('client_organisation_id', models.UUIDField(null=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('arrived_at', models.DateTimeField(null=True)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('sm3', models.CharField(blank=True, default='', max_length=64)),
                ('refused_because', models.JSONField(default=list)),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.file')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.organisation')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name='file',
            index=models.Index(fields=['project_id', 'received_at'], name='content_file_project'),
        ),
        migrations.AddIndex(
            model_name='file',
            index=models.Index(fields=['organisation', 'received_at'], name='content_file_holder'),
        ),
        migrations.AddIndex(
            model_name='file',
            index=models.Index(condition=models.Q(('own_document', False), ('verdict__isnull', True)), fields=['id'], name='content_file_unchecked'),
        ),
        migrations.AddIndex(
            model_name='file',
            index=models.Index(django.db.models.functions.text.Lower('name'), name='content_file_name'),
        ),
        migrations.AddConstraint(
            model_name='file',
            constraint=models.CheckConstraint(condition=models.Q(('level__gte', 0), ('level__lte', 4)), name='content_file_level_known'),
        ),
        migrations.AddConstraint(
            model_name='file',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__isnull', True), ('verdict__in', ['pass', 'warn', 'fail', 'manual', 'not_checked']), _connector='OR'), name='content_file_verdict_known'),
        ),
        migrations.AddConstraint(
            model_name='file',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__isnull', True), ('checked_at__isnull', False), _connector='OR'), name='content_file_verdict_has_its_moment'),
        ),
        migrations.AddIndex(
            model_name='checkrun',
            index=models.Index(fields=['file', '-finished_at'], name='content_run_latest'),
        ),
        migrations.AddIndex(
            model_name='checkrequest',
            index=models.Index(condition=models.Q(('work_id__isnull', False)), fields=['work_id'], name='content_request_work'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['file', 'severity'], name='content_finding_file'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['code'], name='content_finding_code'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(fields=['uploaded_by', 'state'], name='content_upload_owner'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(condition=models.Q(('state__in', ['receiving', 'arrived'])), fields=['expires_at'], name='content_upload_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('offset__gte', 0), ('offset__lte', models.F('length'))), name='content_upload_offset_within_length'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['arrived', 'done']), _negated=True), ('offset', models.F('length')), _connector='OR'), name='content_upload_arrived_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('file__isnull', False), _connector='OR'), name='content_upload_done_has_its_file'),
        ),
    ]

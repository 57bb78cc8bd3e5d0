from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0004_newest_checked'),
    ]

    operations = [
        migrations.AddField(
            model_name='file',
            name='in_record',
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name='file',
            index=models.Index(
                condition=models.Q(('in_record', False), ('own_document', False), ('withdrawn_at__isnull', True)),
                fields=['organisation', 'project_id'],
                name='content_file_waiting',
            ),
        ),
    ]

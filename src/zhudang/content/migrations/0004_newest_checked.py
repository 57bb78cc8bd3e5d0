from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0003_run_names_its_tools'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='file',
            index=models.Index(
                condition=models.Q(checked_at__isnull=False, own_document=False, withdrawn_at__isnull=True),
                fields=['organisation', '-checked_at'],
                name='content_file_checked',
            ),
        ),
    ]

"""A file says when a disposal (鉴定销毁) destroyed its bytes: nobody looks for them any more."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0007_file_digest_given'),
    ]

    operations = [
        migrations.AddField(
            model_name='file',
            name='destroyed_at',
            field=models.DateTimeField(null=True),
        ),
    ]

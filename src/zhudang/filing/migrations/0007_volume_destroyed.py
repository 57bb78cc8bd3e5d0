"""A volume says when a disposal (鉴定销毁) destroyed its files; its description stays."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('filing', '0006_newest_of_part'),
    ]

    operations = [
        migrations.AddField(
            model_name='volume',
            name='destroyed_at',
            field=models.DateTimeField(null=True),
        ),
    ]

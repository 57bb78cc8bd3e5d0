"""Whether the sender's digest came with a file: the report's item 1-14 rests on it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0006_tools_stand_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="file",
            name="digest_given",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

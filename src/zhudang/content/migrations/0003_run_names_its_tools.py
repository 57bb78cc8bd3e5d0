from django.db import migrations, models


class Migration(migrations.Migration):
    """A run says with which parsers, signature files, scanner and profile it looked (C5)."""

    dependencies = [("content", "0002_whole_has_arrived")]

    operations = [
        migrations.AddField(model_name="checkrun", name="tools", field=models.JSONField(default=dict)),
    ]

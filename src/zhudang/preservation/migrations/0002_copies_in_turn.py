"""The continuous audit asks for the longest unread copies of a place: without this it would sort them all every time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("preservation", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="copy",
            index=models.Index(
                models.F("site"),
                models.OrderBy(models.F("looked_at"), nulls_first=True),
                models.F("object"),
                name="preservation_copy_in_turn",
            ),
        ),
    ]

"""Objects kept before there were key classes: their own level is what is known of them until they are kept again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("preservation", "0004_keys_of_holdings")]

    operations = [
        migrations.RunSQL(
            "UPDATE preservation_archivalobject SET class_level = level WHERE class_level < level",
            migrations.RunSQL.noop,
        ),
    ]

"""Sites of kind s3: when they last answered, and what came of trying to delete there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("preservation", "0008_disposal")]

    operations = [
        migrations.AddField("site", "contact", models.JSONField(default=dict)),
        migrations.AddField("site", "proof", models.JSONField(default=dict)),
        migrations.RemoveConstraint("site", "preservation_site_kind_known"),
        migrations.AddConstraint(
            "site",
            models.CheckConstraint(
                condition=models.Q(("kind__in", ["folder", "removable", "s3"])), name="preservation_site_kind_known"
            ),
        ),
    ]

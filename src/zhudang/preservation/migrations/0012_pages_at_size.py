"""Indexes that answer the pages of holdings, copies and places from a hundred thousand objects."""

from django.db import migrations, models

NAME = "preservation_one_copy_a_site"


class Migration(migrations.Migration):
    dependencies = [("preservation", "0011_disposal_of_spread_volumes")]

    operations = [
        migrations.RemoveConstraint("copy", NAME),
        migrations.AddConstraint(
            "copy",
            models.UniqueConstraint(
                fields=["object", "site"], include=["version", "state", "verified_at"], name=NAME
            ),
        ),
        migrations.AddIndex(
            "archivalobject", models.Index(fields=["accession_no", "id"], name="preservation_object_by_number")
        ),
        migrations.AddIndex(
            "archivalobject", models.Index(fields=["-kept_at", "id"], name="preservation_object_newest")
        ),
    ]

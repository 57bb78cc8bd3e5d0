"""Indexes by which the home pages find the disposals that wait for somebody, whatever number has ended."""

from django.db import migrations, models

OWED = "preservation_disposal_owed"
OPEN = ["appraising", "approving", "waiting", "due", "executing"]


class Migration(migrations.Migration):
    dependencies = [("preservation", "0013_copies_in_order_of_objects")]

    operations = [
        migrations.AddIndex(
            "disposalcase",
            models.Index(fields=["state"], condition=models.Q(state__in=OPEN), name="preservation_disposal_open"),
        ),
        migrations.RemoveIndex("disposalstep", OWED),
        migrations.AddIndex(
            "disposalstep",
            models.Index(
                fields=["place"], include=["item", "place_name", "at"], condition=models.Q(gone=False), name=OWED
            ),
        ),
        migrations.AddIndex(
            "disposalstep",
            models.Index(
                fields=["place", "item"],
                condition=models.Q(gone=False) & (~models.Q(proof__has_key="keys") | ~models.Q(proof__keys=[])),
                name="preservation_disposal_to_empty",
            ),
        ),
    ]

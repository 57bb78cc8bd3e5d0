"""Indexes by which objects and the copies at each place are laid side by side, and pages late in a list are found."""

from django.db import migrations, models

COPIES = "preservation_one_copy_a_site"
KNOWN_BY = ["kind", "level", "project"]
ORDERS = {
    "preservation_object_by_number": "accession_no",
    "preservation_object_by_code": "reference_code",
    "preservation_object_by_title": "title",
    "preservation_object_by_files": "files",
    "preservation_object_by_size": "bytes",
    "preservation_object_newest": "-kept_at",
}


class Migration(migrations.Migration):
    dependencies = [("preservation", "0012_pages_at_size")]

    operations = [
        migrations.RemoveConstraint("copy", COPIES),
        migrations.AddConstraint(
            "copy",
            models.UniqueConstraint(
                fields=["site", "object"], include=["version", "state", "verified_at"], name=COPIES
            ),
        ),
        migrations.RemoveIndex("archivalobject", "preservation_object_by_number"),
        migrations.RemoveIndex("archivalobject", "preservation_object_newest"),
        *(
            migrations.AddIndex("archivalobject", models.Index(fields=[order, "id"], include=KNOWN_BY, name=name))
            for name, order in ORDERS.items()
        ),
        migrations.AddIndex(
            "archivalobject",
            models.Index(
                fields=["id"],
                include=[
                    "kind", "level", "project", "part", "newest", "version", "files", "bytes", "stored_bytes",
                    "kept_at", "condemned_at", "destroyed_at",
                ],
                name="preservation_object_at_a_look",
            ),
        ),
        migrations.RemoveIndex("copy", "preservation_copy_in_turn"),
        migrations.AddIndex(
            "copy",
            models.Index(
                "site", models.F("looked_at").asc(nulls_first=True), "object", include=["state"],
                name="preservation_copy_in_turn",
            ),
        ),
    ]  # fmt: skip

"""Objects of kind archive: the archive's own registers, which belong to no project."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("preservation", "0009_sites_in_buckets")]

    operations = [
        migrations.AlterField(
            "archivalobject",
            "project",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.project"
            ),
        ),
        migrations.RemoveConstraint("archivalobject", "preservation_object_kind"),
        migrations.AddConstraint(
            "archivalobject",
            models.CheckConstraint(
                condition=models.Q(("kind__in", ["volume", "project", "archive"])), name="preservation_object_kind"
            ),
        ),
        migrations.RemoveConstraint("archivalobject", "preservation_volume_object_has_its_volume"),
        migrations.AddConstraint(
            "archivalobject",
            models.CheckConstraint(
                condition=models.Q(("kind__in", ["project", "archive"]), ("volume__isnull", True))
                | models.Q(("kind", "volume"), ("volume__isnull", False)),
                name="preservation_volume_object_has_its_volume",
            ),
        ),
        migrations.AddConstraint(
            "archivalobject",
            models.CheckConstraint(
                condition=models.Q(("kind", "archive"), ("project__isnull", True))
                | models.Q(models.Q(("kind", "archive"), _negated=True), ("project__isnull", False)),
                name="preservation_archive_object_has_no_project",
            ),
        ),
    ]

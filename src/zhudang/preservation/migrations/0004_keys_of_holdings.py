"""Each object tells by which level its key class is chosen, and whether its newest version is encrypted: for counts without opening it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("preservation", "0003_sites_and_policy")]

    operations = [
        migrations.AddField("archivalobject", "class_level", models.SmallIntegerField(default=0)),
        migrations.AddField("archivalobject", "protection", models.CharField(default="plain", max_length=8)),
        migrations.AddIndex(
            "archivalobject", models.Index(fields=["class_level", "protection"], name="preservatio_class_l_d5fc38_idx")
        ),
        migrations.AddConstraint(
            "archivalobject",
            models.CheckConstraint(
                condition=models.Q(("protection__in", ["plain", "mixed", "sealed"])),
                name="preservation_protection_known",
            ),
        ),
    ]

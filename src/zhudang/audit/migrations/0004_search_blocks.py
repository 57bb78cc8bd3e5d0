"""Which words stand in which stretch of the log: written behind the sealer, only ever added to, like the rest of the log."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

TABLE = "audit_searchblock"
FORBID = (
    f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION audit_forbid();"
    f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION audit_forbid();"
)
ALLOW = f"DROP TRIGGER {TABLE}_no_change ON {TABLE}; DROP TRIGGER {TABLE}_no_truncate ON {TABLE};"
# What no question needs: numbers that look like chance are neither packed nor counted for the planner.
PLAIN = (
    f"ALTER TABLE {TABLE} ALTER COLUMN grams SET STORAGE EXTERNAL; "
    f"ALTER TABLE {TABLE} ALTER COLUMN grams SET STATISTICS 0;"
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_merkle_tree")]

    operations = [
        migrations.CreateModel(
            name="SearchBlock",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("grams", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={
                "ordering": ["index"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["grams"], fastupdate=False, name="audit_search_grams"
                    )
                ],
            },
        ),
        migrations.RunSQL(PLAIN, migrations.RunSQL.noop),
        migrations.RunSQL(FORBID, ALLOW),
    ]

"""The Merkle tree over the log: roots of whole parts, signed heads; only ever added to, like the rest of the log."""

from django.db import migrations, models

TABLES = ("audit_treetile", "audit_treehead")


def _forbid(table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION audit_forbid();"
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION audit_forbid();"
    )


def _allow(table: str) -> str:
    return f"DROP TRIGGER {table}_no_change ON {table}; DROP TRIGGER {table}_no_truncate ON {table};"


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="TreeTile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("height", models.SmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="TreeHead",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("key", models.CharField(max_length=64)),
                ("signature", models.CharField(max_length=128)),
            ],
            options={"ordering": ["size"]},
        ),
        migrations.AddConstraint(
            model_name="treetile",
            constraint=models.UniqueConstraint(fields=("height", "index"), name="audit_one_tile_a_part"),
        ),
        *[migrations.RunSQL(_forbid(table), _allow(table)) for table in TABLES],
    ]

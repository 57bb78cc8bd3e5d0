import django.db.models.deletion
from django.db import migrations, models

MOVE = """
    INSERT INTO content_toolset (digest, told)
    SELECT DISTINCT encode(sha256(convert_to(tools::text, 'UTF8')), 'hex'), tools
      FROM content_checkrun WHERE tools <> '{}'::jsonb;
    UPDATE content_checkrun SET toolset_id = encode(sha256(convert_to(tools::text, 'UTF8')), 'hex')
     WHERE tools <> '{}'::jsonb;
"""
BACK = """
    UPDATE content_checkrun r SET tools = t.told FROM content_toolset t WHERE t.digest = r.toolset_id;
    UPDATE content_checkrun SET toolset_id = NULL;
    DELETE FROM content_toolset;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0005_file_in_record'),
    ]

    operations = [
        migrations.CreateModel(
            name='Toolset',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('told', models.JSONField()),
            ],
        ),
        migrations.AddField(
            model_name='checkrun',
            name='toolset',
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.toolset'
            ),
        ),
        migrations.RunSQL(MOVE, BACK),
        # The next step alters the table these rows' foreign keys were just noted for.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL IMMEDIATE"),
        migrations.RemoveField(model_name='checkrun', name='tools'),
    ]

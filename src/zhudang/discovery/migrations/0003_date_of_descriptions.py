from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('discovery', '0002_newest_first'),
        ('filing', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='pagetext',
            name='newest',
            field=models.DateField(null=True),
        ),
        migrations.RunSQL(
            """UPDATE discovery_pagetext p SET newest = r.formed_on FROM filing_record r
               WHERE r.id = p.record_id AND p.page = 0 AND r.formed_on IS NOT NULL""",
            migrations.RunSQL.noop,
        ),
    ]

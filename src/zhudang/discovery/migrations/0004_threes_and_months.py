"""Codes and numbers are found by threes of characters, descriptions by a mark and their month: cut every text again."""

from django.db import migrations

from zhudang.discovery.domain import folding

BATCH = 2_000


def cut_again(apps, editor):
    after = 0
    with editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT id, page, newest, text FROM discovery_pagetext WHERE id > %s ORDER BY id LIMIT %s", [after, BATCH]
            )
            rows = cursor.fetchall()
            if not rows:
                return
            after = rows[-1][0]
            cut = [
                "\n".join(folding.lexemes(text) | (folding.marks(newest) if page == 0 else set()))
                for _id, page, newest, text in rows
            ]
            cursor.execute(
                "UPDATE discovery_pagetext p SET lexemes = array_to_tsvector(string_to_array(n.pairs, E'\\n'))"
                " FROM unnest(%s::bigint[], %s::text[]) AS n (id, pairs) WHERE p.id = n.id",
                [[row[0] for row in rows], cut],
            )


class Migration(migrations.Migration):

    dependencies = [
        ('discovery', '0003_date_of_descriptions'),
    ]

    # The indexes go first and one comes back at the end: a row at a time they would cost many times as much.
    operations = [
        migrations.RemoveIndex(
            model_name='pagetext',
            name='discovery_described',
        ),
        migrations.RunSQL(
            'DROP INDEX "discovery_page_lexemes"', migrations.RunSQL.noop,
        ),
        migrations.RunPython(cut_again, migrations.RunPython.noop),
        migrations.RunSQL(
            'CREATE INDEX "discovery_page_lexemes" ON "discovery_pagetext" USING gin ("lexemes") WITH (fastupdate = off)',
            migrations.RunSQL.noop,
        ),
    ]

"""Every file carries whether a record holds it: what waits in the inbox is counted without looking at all files.

Triggers, since the links come in by three operations, by a rebuild from the store and by bulk loads, and the number
must be right after each of them.
"""

from django.db import migrations

KEEP = """
CREATE FUNCTION filing_file_in_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE content_file c SET in_record = h.held
      FROM (SELECT t.file_id,
                   EXISTS (SELECT 1 FROM filing_recordfile r WHERE r.file_id = t.file_id AND r.replaced_at IS NULL) AS held
              FROM touched t GROUP BY t.file_id) h
     WHERE c.id = h.file_id AND c.in_record <> h.held;
    RETURN NULL;
END $$;
"""
FORGET = "DROP FUNCTION filing_file_in_record() CASCADE"
TRIGGERS = "".join(
    f"CREATE TRIGGER filing_file_in_record_{event.lower()} AFTER {event} ON filing_recordfile "
    f"REFERENCING {table} TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION filing_file_in_record();"
    for event, table in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
FIRST = """
UPDATE content_file c SET in_record = true
 WHERE EXISTS (SELECT 1 FROM filing_recordfile r WHERE r.file_id = c.id AND r.replaced_at IS NULL)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('filing', '0002_newest_first'),
        ('content', '0005_file_in_record'),
    ]

    operations = [
        migrations.RunSQL(KEEP, FORGET),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
    ]

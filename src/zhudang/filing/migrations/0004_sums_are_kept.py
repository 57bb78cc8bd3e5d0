"""What stands alike is added up per project and kept (`queries.sums`); every change of what it is added from is noted.

Triggers, since obligations, records and suggestions are written by many operations, by a rebuild from the store and by
bulk loads. A note only adds a row, so nobody who writes waits for another because of it. Nothing is kept at first, and
both tables may be emptied together at any time: sums are then counted anew when somebody asks.
"""

from django.db import migrations

TABLES = """
CREATE TABLE filing_change (
    project_id uuid NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX filing_change_of_project ON filing_change (project_id, xid);
CREATE TABLE filing_keptsums (
    project_id uuid NOT NULL,
    viewer text NOT NULL,
    sums jsonb NOT NULL,
    snapshot pg_snapshot NOT NULL,
    server_started timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, viewer)
);
"""
# Numbers of transactions mean nothing on another server: `server_started` keeps a restored backup from being believed.
NOTE = """
CREATE FUNCTION filing_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO filing_change (project_id)
        SELECT b.project_id FROM before b UNION SELECT a.project_id FROM after a;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO filing_change (project_id) SELECT DISTINCT a.project_id FROM after a;
    ELSE
        INSERT INTO filing_change (project_id) SELECT DISTINCT b.project_id FROM before b;
    END IF;
    RETURN NULL;
END $$;
"""
TRIGGERS = "".join(
    f"CREATE TRIGGER {table}_note_{event.lower()} AFTER {event} ON {table} "
    f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION filing_note_change();"
    for table in ("filing_obligation", "filing_record", "filing_suggestion")
    for event, rows in (
        ("INSERT", "NEW TABLE AS after"),
        ("UPDATE", "OLD TABLE AS before NEW TABLE AS after"),
        ("DELETE", "OLD TABLE AS before"),
    )
)
FORGET = "DROP FUNCTION filing_note_change() CASCADE; DROP TABLE filing_keptsums; DROP TABLE filing_change"


class Migration(migrations.Migration):

    dependencies = [
        ('filing', '0003_files_know_of_records'),
    ]

    operations = [
        migrations.RunSQL(TABLES + NOTE + TRIGGERS, FORGET),
    ]

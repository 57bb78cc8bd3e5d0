"""Disposal of volumes that lie in several objects: list, condemning, end of rows. Buckets: which key files were seen there."""

from django.db import migrations, models

# As in 0008, but for any object of a volume on the list; only the first one becomes a tombstone and counts as destroyed.
CONDEMNED = """
CREATE OR REPLACE FUNCTION preservation_destroyed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE new_condemned timestamptz := NEW.condemned_at; new_destroyed timestamptz := NEW.destroyed_at;
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' OR OLD.destroyed_at IS NOT NULL
       OR (OLD.condemned_at IS NOT NULL AND OLD.condemned_at IS DISTINCT FROM new_condemned) THEN
        PERFORM preservation_disposal_refuse('destroyed is said by an execution alone, and for ever');
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM preservation_disposalitem i JOIN preservation_disposalcase c ON c.id = i.case_id
        WHERE i.object_id = {of_item} AND c.state = 'executing'
          AND i.outcome = CASE WHEN new_destroyed IS NULL THEN '' ELSE 'destroyed' END
          AND preservation_disposal_witnesses(c.id) >= 2) THEN
        PERFORM preservation_disposal_refuse('the volume is in no case under execution');
    END IF;
    RETURN NEW;
END $$;
"""
OF_VOLUME = "NEW.volume_id AND (new_destroyed IS NULL OR NEW.id = NEW.volume_id)"
# A row of an object goes only with its destroyed volume: otherwise nobody would miss its bytes.
KEPT = """
CREATE FUNCTION preservation_object_kept_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF preservation_disposal_restoring() THEN RETURN OLD; END IF;
    IF OLD.condemned_at IS NULL OR OLD.id = OLD.volume_id OR NOT EXISTS (
        SELECT 1 FROM preservation_disposalitem i JOIN preservation_disposalcase c ON c.id = i.case_id
        WHERE i.object_id = OLD.volume_id AND c.state = 'executing' AND i.outcome = 'destroyed'
          AND preservation_disposal_witnesses(c.id) >= 2) THEN
        PERFORM preservation_disposal_refuse('an object is forgotten only with its destroyed volume');
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER preservation_object_kept BEFORE DELETE ON preservation_archivalobject
    FOR EACH ROW EXECUTE FUNCTION preservation_object_kept_guard();
"""
NOT_KEPT = "DROP TRIGGER preservation_object_kept ON preservation_archivalobject; DROP FUNCTION preservation_object_kept_guard();"


class Migration(migrations.Migration):
    dependencies = [("preservation", "0010_archive_registers")]

    operations = [
        migrations.AddField("disposalitem", "further", models.JSONField(default=list)),
        migrations.AddField("site", "key_files", models.JSONField(default=dict)),
        migrations.RunSQL(CONDEMNED.format(of_item=OF_VOLUME), CONDEMNED.format(of_item="NEW.id")),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]

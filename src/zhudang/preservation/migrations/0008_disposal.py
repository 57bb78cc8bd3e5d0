"""Disposal (鉴定销毁): its tables, and the guards by which the database lets nothing be destroyed without a whole case."""

import django.db.models.deletion
import zhudang.shared.ids
from django.db import migrations, models

# Held by the database itself, whoever asks: no state is skipped, no signature forged by an UPDATE, nothing is deleted, and
# nothing counts as destroyed but by a case under execution. `zhudang.restoring` is set by the rebuilding of a catalogue
# alone; what is put in under it without entries in the log is found by `zhudang verify` (disposal.checking).
GUARDS = """
CREATE FUNCTION preservation_disposal_refuse(told text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'disposal: %', told USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION preservation_disposal_restoring() RETURNS boolean LANGUAGE sql AS $$
    SELECT coalesce(current_setting('zhudang.restoring', true), '') = 'on'
$$;

CREATE FUNCTION preservation_disposal_forbid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM preservation_disposal_refuse(TG_OP || ' on ' || TG_TABLE_NAME || ' is not allowed');
    RETURN NULL;
END $$;

CREATE FUNCTION preservation_disposal_case_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'appraising' OR NEW.approved_sha256 <> '' OR NEW.decided_by <> '' OR NEW.executor <> '' THEN
            PERFORM preservation_disposal_refuse('a case begins with its appraisal');
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.number, NEW.why, NEW.proposed_by, NEW.proposed_at, NEW.committee, NEW.rules, NEW.members_needed,
        NEW.waiting_days, NEW.volumes, NEW.files, NEW.bytes, NEW.level, NEW.list_sha256)
       IS DISTINCT FROM
       (OLD.id, OLD.number, OLD.why, OLD.proposed_by, OLD.proposed_at, OLD.committee, OLD.rules, OLD.members_needed,
        OLD.waiting_days, OLD.volumes, OLD.files, OLD.bytes, OLD.level, OLD.list_sha256) THEN
        PERFORM preservation_disposal_refuse('what was proposed cannot be changed');
    END IF;
    IF OLD.state <> 'appraising' AND NEW.approved_sha256 <> OLD.approved_sha256 THEN
        PERFORM preservation_disposal_refuse('what the committee left cannot be changed');
    END IF;
    IF OLD.state NOT IN ('appraising', 'approving') AND (NEW.decided_by, NEW.decided_at, NEW.wait_until)
       IS DISTINCT FROM (OLD.decided_by, OLD.decided_at, OLD.wait_until) THEN
        PERFORM preservation_disposal_refuse('what was decided cannot be changed');
    END IF;
    IF OLD.state NOT IN ('appraising', 'approving', 'waiting') AND NEW.executor <> OLD.executor THEN
        PERFORM preservation_disposal_refuse('who executes cannot be changed');
    END IF;
    IF OLD.state = NEW.state THEN RETURN NEW; END IF;
    IF NOT ((OLD.state, NEW.state) IN (
        ('appraising', 'approving'), ('appraising', 'refused'), ('appraising', 'stopped'),
        ('approving', 'waiting'), ('approving', 'refused'), ('approving', 'stopped'),
        ('waiting', 'due'), ('waiting', 'stopped'), ('due', 'executing'), ('due', 'stopped'), ('executing', 'done'))) THEN
        PERFORM preservation_disposal_refuse(OLD.state || ' is not followed by ' || NEW.state);
    END IF;
    IF NEW.state = 'approving' AND (
        NEW.approved_sha256 = ''
        OR (SELECT count(*) FROM preservation_disposalopinion WHERE case_id = NEW.id AND agrees) < NEW.members_needed
        OR EXISTS (SELECT 1 FROM preservation_disposalopinion WHERE case_id = NEW.id AND NOT agrees)
        OR EXISTS (SELECT 1 FROM jsonb_array_elements(NEW.committee) m WHERE NOT EXISTS
            (SELECT 1 FROM preservation_disposalopinion o WHERE o.case_id = NEW.id AND o.username = m->>'username'))
        OR NOT EXISTS (SELECT 1 FROM preservation_disposalitem WHERE case_id = NEW.id AND outcome = '')) THEN
        PERFORM preservation_disposal_refuse('not every member of the committee agrees');
    END IF;
    IF NEW.state = 'waiting' AND (
        NEW.decided_by = '' OR NEW.decided_by = NEW.proposed_by OR NEW.decided_at IS NULL
        OR NEW.committee @> jsonb_build_array(jsonb_build_object('username', NEW.decided_by))
        OR NEW.wait_until IS NULL
        OR NEW.wait_until < (NEW.decided_at AT TIME ZONE 'Asia/Shanghai')::date + NEW.waiting_days) THEN
        PERFORM preservation_disposal_refuse('not approved, or not long enough to wait');
    END IF;
    IF NEW.state = 'due' AND (
        NEW.executor = '' OR NEW.wait_until >= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) THEN
        PERFORM preservation_disposal_refuse('the waiting period is not over');
    END IF;
    IF NEW.state = 'executing' AND preservation_disposal_witnesses(NEW.id) < 2 THEN
        PERFORM preservation_disposal_refuse('two witnesses have not signed');
    END IF;
    IF NEW.state = 'done' AND EXISTS
        (SELECT 1 FROM preservation_disposalitem WHERE case_id = NEW.id AND outcome = '') THEN
        PERFORM preservation_disposal_refuse('volumes of the case are not dealt with');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION preservation_disposal_witnesses(wanted uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(DISTINCT s.username) FROM preservation_disposalsignature s
    JOIN preservation_disposalcase c ON c.id = s.case_id
    WHERE c.id = wanted AND s.place = '' AND s.list_sha256 = c.approved_sha256
      AND s.username NOT IN (c.proposed_by, c.executor)
$$;

CREATE FUNCTION preservation_disposal_item_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE standing preservation_disposalcase;
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    SELECT * INTO standing FROM preservation_disposalcase WHERE id = NEW.case_id;
    IF TG_OP = 'INSERT' THEN
        IF standing.state <> 'appraising' OR NEW.outcome <> '' OR EXISTS
            (SELECT 1 FROM preservation_disposalopinion WHERE case_id = NEW.case_id) THEN
            PERFORM preservation_disposal_refuse('a list is complete when it is proposed');
        END IF;
        RETURN NEW;
    END IF;
    IF (to_jsonb(NEW) - '{outcome,outcome_at,outcome_by,outcome_because,extended_until,tombstone_sha512}'::text[])
       IS DISTINCT FROM
       (to_jsonb(OLD) - '{outcome,outcome_at,outcome_by,outcome_because,extended_until,tombstone_sha512}'::text[])
       OR OLD.outcome <> '' THEN
        PERFORM preservation_disposal_refuse('a line of a list cannot be changed');
    END IF;
    IF NEW.outcome IN ('kept', 'extended') AND standing.state <> 'appraising' THEN
        PERFORM preservation_disposal_refuse('the committee has given its opinion');
    END IF;
    IF NEW.outcome = 'destroyed' AND (
        standing.state <> 'executing' OR preservation_disposal_witnesses(NEW.case_id) < 2
        OR EXISTS (SELECT 1 FROM preservation_disposalstay WHERE object_id = NEW.object_id AND lifted_at IS NULL)
        OR NOT EXISTS (SELECT 1 FROM preservation_disposalstep WHERE item_id = NEW.id)) THEN
        PERFORM preservation_disposal_refuse('the case is not under execution, or the volume is under a stay');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION preservation_disposal_opinion_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' THEN PERFORM preservation_disposal_refuse('an opinion cannot be changed'); END IF;
    IF NOT EXISTS (
        SELECT 1 FROM preservation_disposalcase c WHERE c.id = NEW.case_id AND c.state = 'appraising'
          AND c.proposed_by <> NEW.username
          AND c.committee @> jsonb_build_array(jsonb_build_object('username', NEW.username))) THEN
        PERFORM preservation_disposal_refuse('only members appointed to the case give opinions');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION preservation_disposal_signature_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' THEN PERFORM preservation_disposal_refuse('a signature cannot be changed'); END IF;
    IF NOT EXISTS (
        SELECT 1 FROM preservation_disposalcase c WHERE c.id = NEW.case_id
          AND NEW.username NOT IN (c.proposed_by, c.executor) AND NEW.list_sha256 = c.approved_sha256
          AND ((NEW.place = '' AND c.state = 'due') OR (NEW.place <> '' AND EXISTS (
              SELECT 1 FROM preservation_disposalstep s JOIN preservation_disposalitem i ON i.id = s.item_id
              WHERE i.case_id = c.id AND s.place = NEW.place AND NOT s.gone)))) THEN
        PERFORM preservation_disposal_refuse('nothing to witness here, or not by this person');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION preservation_disposal_step_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (
            SELECT 1 FROM preservation_disposalitem i JOIN preservation_disposalcase c ON c.id = i.case_id
            WHERE i.id = NEW.item_id AND i.outcome = '' AND c.state = 'executing') THEN
            PERFORM preservation_disposal_refuse('the case is not under execution');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.gone OR (NEW.item_id, NEW.place) IS DISTINCT FROM (OLD.item_id, OLD.place) OR (NEW.gone AND (
        SELECT count(DISTINCT s.username) FROM preservation_disposalsignature s
        JOIN preservation_disposalitem i ON i.case_id = s.case_id
        WHERE i.id = NEW.item_id AND s.place = NEW.place) < 2) THEN
        PERFORM preservation_disposal_refuse('two persons have not signed that this place was cleared');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION preservation_destroyed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE new_condemned timestamptz := NEW.condemned_at; new_destroyed timestamptz := NEW.destroyed_at;
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' OR OLD.destroyed_at IS NOT NULL
       OR (OLD.condemned_at IS NOT NULL AND OLD.condemned_at IS DISTINCT FROM new_condemned) THEN
        PERFORM preservation_disposal_refuse('destroyed is said by an execution alone, and for ever');
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM preservation_disposalitem i JOIN preservation_disposalcase c ON c.id = i.case_id
        WHERE i.object_id = NEW.id AND c.state = 'executing'
          AND i.outcome = CASE WHEN new_destroyed IS NULL THEN '' ELSE 'destroyed' END
          AND preservation_disposal_witnesses(c.id) >= 2) THEN
        PERFORM preservation_disposal_refuse('the volume is in no case under execution');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION preservation_volume_destroyed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' OR OLD.destroyed_at IS NOT NULL OR NOT EXISTS
        (SELECT 1 FROM preservation_disposalitem i JOIN preservation_disposalcase c ON c.id = i.case_id
         WHERE i.object_id = NEW.id AND c.state = 'executing' AND preservation_disposal_witnesses(c.id) >= 2) THEN
        PERFORM preservation_disposal_refuse('destroyed is said by an execution alone, and for ever');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION preservation_file_destroyed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF preservation_disposal_restoring() THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' OR OLD.destroyed_at IS NOT NULL OR NOT EXISTS
        (SELECT 1 FROM preservation_disposalitem i JOIN preservation_disposalcase c ON c.id = i.case_id
         WHERE i.outcome = '' AND c.state = 'executing' AND preservation_disposal_witnesses(c.id) >= 2
           AND i.object_id IN (SELECT r.volume_id FROM filing_recordfile f JOIN filing_record r ON r.id = f.record_id
                                WHERE f.file_id = NEW.id
                               UNION SELECT m.volume_id FROM preservation_rendition m WHERE m.file_id = NEW.id)) THEN
        PERFORM preservation_disposal_refuse('destroyed is said by an execution alone, and for ever');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER preservation_disposal_case BEFORE INSERT OR UPDATE ON preservation_disposalcase
    FOR EACH ROW EXECUTE FUNCTION preservation_disposal_case_guard();
CREATE TRIGGER preservation_disposal_item BEFORE INSERT OR UPDATE ON preservation_disposalitem
    FOR EACH ROW EXECUTE FUNCTION preservation_disposal_item_guard();
CREATE TRIGGER preservation_disposal_opinion BEFORE INSERT OR UPDATE ON preservation_disposalopinion
    FOR EACH ROW EXECUTE FUNCTION preservation_disposal_opinion_guard();
CREATE TRIGGER preservation_disposal_signature BEFORE INSERT OR UPDATE ON preservation_disposalsignature
    FOR EACH ROW EXECUTE FUNCTION preservation_disposal_signature_guard();
CREATE TRIGGER preservation_disposal_step BEFORE INSERT OR UPDATE ON preservation_disposalstep
    FOR EACH ROW EXECUTE FUNCTION preservation_disposal_step_guard();
CREATE TRIGGER preservation_destroyed_new BEFORE INSERT ON preservation_archivalobject
    FOR EACH ROW WHEN (NEW.condemned_at IS NOT NULL OR NEW.destroyed_at IS NOT NULL)
    EXECUTE FUNCTION preservation_destroyed_guard();
CREATE TRIGGER preservation_destroyed BEFORE UPDATE ON preservation_archivalobject
    FOR EACH ROW WHEN (OLD.condemned_at IS DISTINCT FROM NEW.condemned_at OR OLD.destroyed_at IS DISTINCT FROM NEW.destroyed_at)
    EXECUTE FUNCTION preservation_destroyed_guard();
CREATE TRIGGER preservation_volume_destroyed_new BEFORE INSERT ON filing_volume
    FOR EACH ROW WHEN (NEW.destroyed_at IS NOT NULL) EXECUTE FUNCTION preservation_volume_destroyed_guard();
CREATE TRIGGER preservation_volume_destroyed BEFORE UPDATE ON filing_volume
    FOR EACH ROW WHEN (OLD.destroyed_at IS DISTINCT FROM NEW.destroyed_at)
    EXECUTE FUNCTION preservation_volume_destroyed_guard();
CREATE TRIGGER preservation_file_destroyed_new BEFORE INSERT ON content_file
    FOR EACH ROW WHEN (NEW.destroyed_at IS NOT NULL) EXECUTE FUNCTION preservation_file_destroyed_guard();
CREATE TRIGGER preservation_file_destroyed BEFORE UPDATE ON content_file
    FOR EACH ROW WHEN (OLD.destroyed_at IS DISTINCT FROM NEW.destroyed_at)
    EXECUTE FUNCTION preservation_file_destroyed_guard();
"""
TABLES = ("disposalcase", "disposalitem", "disposalopinion", "disposalsignature", "disposalstep", "disposalstay")
KEPT = "".join(
    f"CREATE TRIGGER preservation_{table}_kept BEFORE DELETE ON preservation_{table}"
    f" FOR EACH ROW EXECUTE FUNCTION preservation_disposal_forbid();"
    f"CREATE TRIGGER preservation_{table}_whole BEFORE TRUNCATE ON preservation_{table}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION preservation_disposal_forbid();"
    for table in TABLES
)
ON_OTHERS = {
    "preservation_archivalobject": ("preservation_destroyed", "preservation_destroyed_new"),
    "filing_volume": ("preservation_volume_destroyed", "preservation_volume_destroyed_new"),
    "content_file": ("preservation_file_destroyed", "preservation_file_destroyed_new"),
}
UNDO = "".join(f"DROP TRIGGER {name} ON {table};" for table, names in ON_OTHERS.items() for name in names) + "".join(
    f"DROP FUNCTION preservation_{name}() CASCADE;"
    for name in (
        "disposal_restoring", "disposal_forbid", "disposal_case_guard", "disposal_item_guard", "disposal_opinion_guard",
        "disposal_signature_guard", "disposal_step_guard", "destroyed_guard", "volume_destroyed_guard", "file_destroyed_guard",
    )
) + "DROP FUNCTION preservation_disposal_refuse(text); DROP FUNCTION preservation_disposal_witnesses(uuid);"  # fmt: skip


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0008_file_destroyed'),
        ('filing', '0007_volume_destroyed'),
        ('preservation', '0007_formats_over_time'),
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DisposalCase',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=30, unique=True)),
                ('state', models.CharField(max_length=12)),
                ('why', models.CharField(max_length=1000)),
                ('proposed_by', models.CharField(max_length=150)),
                ('proposed_name', models.CharField(max_length=100)),
                ('proposed_at', models.DateTimeField()),
                ('committee', models.JSONField()),
                ('rules', models.JSONField()),
                ('members_needed', models.SmallIntegerField()),
                ('waiting_days', models.SmallIntegerField()),
                ('volumes', models.IntegerField()),
                ('files', models.BigIntegerField()),
                ('bytes', models.BigIntegerField()),
                ('level', models.SmallIntegerField()),
                ('list_sha256', models.CharField(max_length=64)),
                ('approved_sha256', models.CharField(blank=True, max_length=64)),
                ('decided_by', models.CharField(blank=True, max_length=150)),
                ('decided_name', models.CharField(blank=True, max_length=100)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_because', models.CharField(blank=True, max_length=1000)),
                ('wait_until', models.DateField(null=True)),
                ('executor', models.CharField(blank=True, max_length=150)),
                ('executor_name', models.CharField(blank=True, max_length=100)),
                ('called_at', models.DateTimeField(null=True)),
                ('began_at', models.DateTimeField(null=True)),
                ('work_id', models.UUIDField(null=True)),
                ('halted_because', models.JSONField(default=dict)),
                ('ended_by', models.CharField(blank=True, max_length=150)),
                ('ended_name', models.CharField(blank=True, max_length=100)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_because', models.CharField(blank=True, max_length=1000)),
            ],
            options={
                'ordering': ['-proposed_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='DisposalItem',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.IntegerField()),
                ('object_id', models.UUIDField()),
                ('project_id', models.UUIDField()),
                ('project_name', models.CharField(max_length=300)),
                ('reference_code', models.CharField(blank=True, max_length=80)),
                ('accession_no', models.CharField(blank=True, max_length=40)),
                ('title', models.CharField(max_length=300)),
                ('formed_on', models.DateField(null=True)),
                ('formed_until', models.DateField(null=True)),
                ('retention', models.CharField(max_length=10)),
                ('ended_on', models.DateField()),
                ('level', models.SmallIntegerField()),
                ('records', models.IntegerField()),
                ('files', models.IntegerField()),
                ('bytes', models.BigIntegerField()),
                ('version', models.IntegerField()),
                ('inventory_sha512', models.CharField(max_length=128)),
                ('digests', models.JSONField()),
                ('outcome', models.CharField(blank=True, default='', max_length=10)),
                ('outcome_at', models.DateTimeField(null=True)),
                ('outcome_by', models.CharField(blank=True, max_length=150)),
                ('outcome_because', models.CharField(blank=True, max_length=1000)),
                ('extended_until', models.DateField(null=True)),
                ('tombstone_sha512', models.CharField(blank=True, max_length=128)),
            ],
            options={
                'ordering': ['case', 'position'],
            },
        ),
        migrations.CreateModel(
            name='DisposalOpinion',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('username', models.CharField(max_length=150)),
                ('name', models.CharField(max_length=100)),
                ('agrees', models.BooleanField()),
                ('reasons', models.CharField(max_length=2000)),
                ('spared', models.JSONField(default=list)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='DisposalSignature',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('place', models.CharField(blank=True, default='', max_length=100)),
                ('username', models.CharField(max_length=150)),
                ('name', models.CharField(max_length=100)),
                ('list_sha256', models.CharField(max_length=64)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='DisposalStay',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('object_id', models.UUIDField()),
                ('because', models.CharField(max_length=500)),
                ('placed_by', models.CharField(max_length=150)),
                ('placed_at', models.DateTimeField()),
                ('lifted_by', models.CharField(blank=True, max_length=150)),
                ('lifted_at', models.DateTimeField(null=True)),
                ('lifted_because', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'ordering': ['-placed_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='DisposalStep',
            fields=[
                ('id', models.UUIDField(default=zhudang.shared.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('place', models.CharField(max_length=100)),
                ('place_name', models.CharField(max_length=200)),
                ('gone', models.BooleanField()),
                ('proof', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['item', 'place'],
            },
        ),
        migrations.AddField(
            model_name='archivalobject',
            name='condemned_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='archivalobject',
            name='destroyed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name='archivalobject',
            constraint=models.CheckConstraint(condition=models.Q(('destroyed_at__isnull', True), models.Q(('condemned_at__isnull', False), ('files', 0), ('kind', 'volume')), _connector='OR'), name='preservation_destroyed_was_condemned'),
        ),
        migrations.AddConstraint(
            model_name='disposalcase',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['appraising', 'approving', 'waiting', 'due', 'executing', 'done', 'refused', 'stopped'])), name='preservation_disposal_state_known'),
        ),
        migrations.AddField(
            model_name='disposalitem',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='preservation.disposalcase'),
        ),
        migrations.AddField(
            model_name='disposalopinion',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opinions', to='preservation.disposalcase'),
        ),
        migrations.AddField(
            model_name='disposalsignature',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='preservation.disposalcase'),
        ),
        migrations.AddIndex(
            model_name='disposalstay',
            index=models.Index(condition=models.Q(('lifted_at__isnull', True)), fields=['object_id'], name='preservation_stay_stands'),
        ),
        migrations.AddField(
            model_name='disposalstep',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='preservation.disposalitem'),
        ),
        migrations.AddIndex(
            model_name='disposalitem',
            index=models.Index(fields=['object_id'], name='preservation_disposed_object'),
        ),
        migrations.AddIndex(
            model_name='disposalitem',
            index=models.Index(fields=['project_id'], name='preservation_disposed_project'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.UniqueConstraint(fields=('case', 'position'), name='preservation_disposal_place_once'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.UniqueConstraint(fields=('case', 'object_id'), name='preservation_disposal_volume_once'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.UniqueConstraint(condition=models.Q(('outcome', 'destroyed')), fields=('object_id',), name='preservation_destroyed_once'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['', 'kept', 'extended', 'destroyed'])), name='preservation_disposal_outcome'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'extended'), _negated=True), ('extended_until__isnull', False), _connector='OR'), name='preservation_extended_to_a_day'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'destroyed'), _negated=True), models.Q(('tombstone_sha512', ''), _negated=True), _connector='OR'), name='preservation_destroyed_has_tombstone'),
        ),
        migrations.AddConstraint(
            model_name='disposalopinion',
            constraint=models.UniqueConstraint(fields=('case', 'username'), name='preservation_one_opinion_a_member'),
        ),
        migrations.AddConstraint(
            model_name='disposalsignature',
            constraint=models.UniqueConstraint(fields=('case', 'place', 'username'), name='preservation_witness_signs_once'),
        ),
        migrations.AddIndex(
            model_name='disposalstep',
            index=models.Index(condition=models.Q(('gone', False)), fields=['place'], name='preservation_disposal_owed'),
        ),
        migrations.AddConstraint(
            model_name='disposalstep',
            constraint=models.UniqueConstraint(fields=('item', 'place'), name='preservation_disposal_step_once'),
        ),
        migrations.RunSQL(GUARDS + KEPT, UNDO),
    ]

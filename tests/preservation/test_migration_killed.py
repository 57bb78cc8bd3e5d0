"""`kill -9` in the middle of a migration: a real process; nothing is shown before its proof, nothing is made twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from filing.filing_support import NOW
from preservation.format_files import BMP, FormatsProject, picture, use
from preservation.kept_project import roots
from preservation.ocfl_support import judged_by_ocfl_py, tree
from preservation.test_killed import _environment, _proven
from zhudang.preservation.formats import migrating, ordering
from zhudang.preservation.models import ArchivalObject, FormatMigration, Rendition
from zhudang.preservation.ocfl import reader

pytestmark = pytest.mark.slow
NUMBER = 4

_WORKER = textwrap.dedent(
    """
    import sys
    from uuid import UUID
    import django
    django.setup()
    from django.conf import settings
    settings.CONTENT_ROOT = sys.argv[2]
    from zhudang.preservation.formats import migrating
    print("ready", flush=True)
    migrating.run(UUID(sys.argv[1]))
    """
)


def test_a_migration_killed_at_any_moment_goes_on_and_makes_nothing_twice(
    committed_db, django_db_blocker, settings, tmp_path: Path
):
    from django.db import connection

    use(settings, tmp_path)
    with django_db_blocker.unblock():
        project = FormatsProject({f"照片{number}.bmp": (picture(number), BMP) for number in range(1, NUMBER + 1)})
        project.preserve()
        migration_id = ordering.order(
            actor=project.site.archivist, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW
        )
        environment = _environment(tmp_path, connection.settings_dict)
        chance = random.Random(20260617)
        killed = 0
        for _ in range(2):
            process = subprocess.Popen(
                [sys.executable, "-c", _WORKER, str(migration_id), settings.CONTENT_ROOT],
                env=environment, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            time.sleep(chance.uniform(0.3, 1.5))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            _proven(tmp_path)
            in_store = _stored(tmp_path)
            for row in Rendition.objects.filter(kept_at__isnull=False):
                assert row.result_sha256 in in_store
        assert killed
        migrating.run(migration_id)
        done = FormatMigration.objects.get()
        assert (done.state, done.files, done.made, done.failed) == ("done", NUMBER, NUMBER, 0)
        assert Rendition.objects.filter(kept_at__isnull=False).count() == Rendition.objects.count() == NUMBER
        assert ArchivalObject.objects.get(kind="volume").version == 2
        _proven(tmp_path)
        a, b = roots(tmp_path)
        assert tree(a.folder) == tree(b.folder)
        assert judged_by_ocfl_py([a, b]) == []


def _stored(folder: Path) -> set[str]:
    """SHA-256 of everything in the volume's newest version at the first site."""
    root = roots(folder)[0]
    item = ArchivalObject.objects.get(kind="volume")
    inventory = root.inventory(item.ocfl_id)
    return {held.sha256 for held in reader.held_files(root.object_folder(item.ocfl_id), inventory).values()}

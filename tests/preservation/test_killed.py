"""`kill -9` in the middle of an ingest: a real process, a real database, real folders; nothing half shown."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from preservation.kept_project import KeptProject, roots, site_settings
from preservation.ocfl_support import judged_by_ocfl_py, tree
from preservation.test_sealed_holdings import hold
from zhudang.filing.models import Record, Volume
from zhudang.preservation import ingesting
from zhudang.preservation.models import ArchivalObject, Copy, Ingest
from zhudang.preservation.ocfl.verifier import verify_object

pytestmark = pytest.mark.slow

_WORKER = textwrap.dedent(
    """
    import sys
    from uuid import UUID
    import django
    django.setup()
    from django.conf import settings
    settings.CONTENT_ROOT = sys.argv[2]
    from zhudang.preservation import ingesting
    print("ready", flush=True)
    ingesting.preserve_transfer(UUID(sys.argv[1]))
    print("done", flush=True)
    """
)


def _proven(folder: Path) -> None:
    """Whatever the rows say is preserved or verified is on the disk at both sites, every byte of it."""
    if not all((folder / code / "store/0=ocfl_1.1").exists() for code in "ab"):
        assert not Copy.objects.exists()
        return
    places = roots(folder)
    for volume_id in Volume.objects.filter(preserved_at__isnull=False).values_list("id", flat=True):
        for place in places:
            object_id = f"urn:uuid:{volume_id}"
            assert verify_object(place.object_folder(object_id), object_id=object_id).sound
    for copy in Copy.objects.filter(state="verified").select_related("object", "site"):
        place = places[0] if copy.site.code == "a" else places[1]
        assert verify_object(place.object_folder(copy.object.ocfl_id), object_id=copy.object.ocfl_id).sound
    unproven = Record.objects.filter(state="preserved", volume__preserved_at__isnull=True)
    assert not unproven.exists()


def _environment(folder: Path, database: dict) -> dict[str, str]:
    (folder / "sites.json").write_text(json.dumps(site_settings(folder)))
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "zhudang.site.settings",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "ZHUDANG_SITES": str(folder / "sites.json"),
        "ZHUDANG_DATA": str(folder / "data"),
        "DATABASE_URL": url,
    }


@pytest.mark.parametrize("encrypted", [False, True])
def test_killed_at_any_moment_it_is_taken_up_again_and_shows_nothing_before_its_proof(
    committed_db, django_db_blocker, settings, tmp_path: Path, encrypted: bool
):
    from django.db import connection

    from filing.filing_support import NOW

    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    with django_db_blocker.unblock():
        if encrypted:
            hold()
        project = KeptProject(names=[("C5-12", f"记录{number}.pdf") for number in range(12)])
        ingesting.ask(transfer_id=project.transfer_id, project_id=project.project_id, now=NOW)
        environment = _environment(tmp_path, connection.settings_dict)
        chance = random.Random(20260617)
        killed = 0
        for _ in range(5):
            process = subprocess.Popen(
                [sys.executable, "-c", _WORKER, str(project.transfer_id), settings.CONTENT_ROOT],
                env=environment, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            time.sleep(chance.uniform(0.0, 0.5))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            _proven(tmp_path)
            if Ingest.objects.get().state == "done":
                break
        assert killed
        ingesting.preserve_transfer(project.transfer_id)
        assert Ingest.objects.get().state == "done"
        assert set(Record.objects.filter(id__in=project.record_ids).values_list("state", flat=True)) == {"preserved"}
        _proven(tmp_path)
        a, b = roots(tmp_path)
        assert tree(a.folder) == tree(b.folder)
        assert [list(place.staging.iterdir()) for place in (a, b)] == [[], []]
        assert judged_by_ocfl_py([a, b]) == []
        kept = set(ArchivalObject.objects.values_list("protection", flat=True))
        assert kept == {"sealed" if encrypted else "plain"}

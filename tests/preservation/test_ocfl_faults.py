import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from preservation.ocfl_support import ACT, MOMENT, OBJECT, contents, judged_by_ocfl_py, tree, two_places
from zhudang.checks.packages.finding import Candidate
from zhudang.checks.packages.look import report_on
from zhudang.preservation.ocfl import verifier
from zhudang.preservation.ocfl.content import SourceChanged
from zhudang.preservation.ocfl.replicate import bring_up_to, replace_object
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.ocfl.verifier import verify_object
from zhudang.preservation.ocfl.writer import write_version

FILES = {"description.json": b"{}", "files/0001.pdf": b"%PDF-1.7 one", "files/0002.pdf": b"%PDF-1.7 two"}


@pytest.fixture
def places(tmp_path: Path) -> list[StorageRoot]:
    made = two_places(tmp_path)
    write_version(made, OBJECT, contents(FILES), act=ACT)
    return made


def _codes(place: StorageRoot) -> list[tuple[str, str]]:
    return [
        (damage.code, damage.path) for damage in verify_object(place.object_folder(OBJECT), object_id=OBJECT).damages
    ]


def test_a_sound_copy_has_no_damage_and_counts_its_bytes(places: list[StorageRoot]) -> None:
    found = verify_object(places[0].object_folder(OBJECT), object_id=OBJECT)
    assert found.sound
    assert (found.files, found.bytes) == (3, sum(map(len, FILES.values())))


def test_one_flipped_bit_is_found_with_both_digests(places: list[StorageRoot]) -> None:
    path = places[0].object_folder(OBJECT) / "v1/content/files/0002.pdf"
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(data)
    (damage,) = verify_object(places[0].object_folder(OBJECT)).damages
    assert (damage.code, damage.path) == (verifier.CHANGED, "v1/content/files/0002.pdf")
    assert damage.expected != damage.found
    assert len(damage.found) == 128
    assert _codes(places[1]) == []


def test_a_missing_and_an_unexpected_file_are_told_apart(places: list[StorageRoot]) -> None:
    folder = places[0].object_folder(OBJECT)
    (folder / "v1/content/files/0001.pdf").unlink()
    (folder / "v1/content/left-here.txt").write_text("x")
    assert _codes(places[0]) == [
        (verifier.MISSING, "v1/content/files/0001.pdf"),
        (verifier.UNEXPECTED, "v1/content/left-here.txt"),
    ]


def test_an_inventory_rewritten_with_its_digest_in_one_place_is_found(places: list[StorageRoot]) -> None:
    inventory = places[0].object_folder(OBJECT) / "inventory.json"
    inventory.write_bytes(inventory.read_bytes().replace("移交入库".encode(), "什么也没".encode()))
    assert _codes(places[0]) == [(verifier.INVENTORY_BAD, "inventory.json")]
    with pytest.raises(ObjectDamaged):
        places[0].inventory(OBJECT)


def test_a_version_inventory_that_says_otherwise_is_found(places: list[StorageRoot]) -> None:
    (places[0].object_folder(OBJECT) / "v1/inventory.json.sha512").write_text("0 inventory.json\n")
    assert (verifier.INVENTORY_BAD, "v1/inventory.json") in _codes(places[0])


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda folder: (folder / "v1/inventory.json").unlink(), (verifier.MISSING, "v1/inventory.json")),
        (lambda folder: (folder / "v1/inventory.json.sha512").unlink(), (verifier.MISSING, "v1/inventory.json.sha512")),
        (lambda folder: (folder / "v1/content/empty").mkdir(), (verifier.UNEXPECTED, "v1/content/empty")),
        (lambda folder: (folder / "v2").mkdir(), (verifier.UNEXPECTED, "v2/")),
        (lambda folder: (folder / "logs").mkdir() or (folder / "logs/a").touch(), (verifier.UNEXPECTED, "logs/a")),
        (lambda folder: (folder / "v1/.gitkeep").touch(), (verifier.UNEXPECTED, "v1/.gitkeep")),
        (
            lambda folder: (folder / "v1/inventory.json.sha512").write_bytes(
                (folder / "v1/inventory.json.sha512").read_bytes().replace(b" ", b"\t")
            ),
            (verifier.INVENTORY_BAD, "v1/inventory.json"),
        ),
        (lambda folder: (folder / "0=ocfl_object_1.1").write_text("x"), (verifier.CHANGED, "0=ocfl_object_1.1")),
    ],
    ids=[
        "no inventory",
        "no sidecar",
        "empty folder",
        "a version",
        "a log",
        "a placeholder",
        "white space",
        "declared",
    ],
)
def test_whatever_differs_from_what_was_written_is_damage(
    places: list[StorageRoot], harm: Callable[[Path], object], expected: tuple[str, str]
) -> None:
    harm(places[0].object_folder(OBJECT))
    assert _codes(places[0]) == [expected]


@pytest.mark.parametrize("changed", ["v1/content/files/0001.pdf", "v1/inventory.json", "inventory.json"])
def test_the_store_and_the_examiner_agree_that_a_copy_is_not_sound(places: list[StorageRoot], changed: str) -> None:
    folder = places[0].object_folder(OBJECT)
    candidate = Candidate(folder, "object", "ocfl")
    assert verify_object(folder).sound and not report_on(candidate).blocks
    (folder / changed).write_bytes((folder / changed).read_bytes() + b" ")
    assert not verify_object(folder).sound
    assert report_on(candidate).blocks


def test_a_folder_that_is_no_object_is_told(places: list[StorageRoot]) -> None:
    (places[0].object_folder(OBJECT) / "0=ocfl_object_1.1").unlink()
    assert _codes(places[0]) == [(verifier.NOT_AN_OBJECT, "0=ocfl_object_1.1")]


def test_a_damaged_copy_is_mended_from_the_good_one_and_kept_aside(places: list[StorageRoot]) -> None:
    good, bad = places
    (bad.object_folder(OBJECT) / "v1/content/files/0001.pdf").write_bytes(b"rotten")
    aside = replace_object(good, bad, OBJECT, now=MOMENT)
    assert tree(good.folder) == tree(bad.folder)
    assert aside is not None
    assert (aside / "v1/content/files/0001.pdf").read_bytes() == b"rotten"
    assert judged_by_ocfl_py(places) == []


def test_a_damaged_copy_never_mends_another(places: list[StorageRoot]) -> None:
    rotten, other = places
    (rotten.object_folder(OBJECT) / "v1/content/files/0001.pdf").write_bytes(b"rotten")
    before = tree(other.folder)
    with pytest.raises(SourceChanged):
        replace_object(rotten, other, OBJECT, now=MOMENT)
    assert tree(other.folder) == before


@pytest.mark.parametrize("crashed_after", ["folder", "inventory"])
def test_a_crash_while_a_version_becomes_the_head_is_mended_at_the_next_look(
    places: list[StorageRoot], crashed_after: str
) -> None:
    a, b = places
    first = a.inventory(OBJECT)
    assert first is not None
    old = {name: (a.object_folder(OBJECT) / name).read_bytes() for name in ("inventory.json", "inventory.json.sha512")}
    write_version([a], OBJECT, contents({**FILES, "files/0003.pdf": b"three"}), act=ACT, prior=first)
    (a.object_folder(OBJECT) / "inventory.json.sha512").write_bytes(old["inventory.json.sha512"])
    if crashed_after == "folder":
        (a.object_folder(OBJECT) / "inventory.json").write_bytes(old["inventory.json"])
    found = a.mended_inventory(OBJECT)
    assert found is not None
    assert found.head == 2
    bring_up_to(a, b, OBJECT)
    assert judged_by_ocfl_py(places) == []


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_an_object_enters_with_the_folders_it_lacks_so_that_none_is_ever_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    root = StorageRoot.create(tmp_path / "a")
    parents = [root.object_folder(OBJECT).parent.parent, root.object_folder(OBJECT).parent]
    for parent in parents[: 2 - missing]:
        (parent / "another").mkdir(parents=True)
    seen: list[Path] = []
    rename = Path.rename

    def watched(source: Path, target: Path) -> Path:
        before = empty_folders(root.folder)
        moved = rename(source, target)
        seen.extend([*before, *empty_folders(root.folder)])
        return moved

    monkeypatch.setattr(Path, "rename", watched)
    write_version([root], OBJECT, contents(FILES), act=ACT)
    assert [folder for folder in seen if folder.name != "another"] == []
    assert verify_object(root.object_folder(OBJECT), object_id=OBJECT).sound
    assert list(root.staging.iterdir()) == []


def test_folders_left_empty_by_a_crash_are_removed_at_the_next_look(places: list[StorageRoot]) -> None:
    a, _ = places
    shutil.rmtree(a.object_folder(OBJECT))
    assert judged_by_ocfl_py([a]) != []
    assert a.mended_inventory(OBJECT) is None
    assert judged_by_ocfl_py([a]) == []
    assert empty_folders(a.folder) == []


def empty_folders(folder: Path) -> list[Path]:
    return [item for item in folder.rglob("*") if item.is_dir() and not any(item.iterdir())]


_WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from preservation.ocfl_support import ACT, OBJECT, contents, two_places
    from zhudang.preservation.ocfl.writer import write_version

    places = two_places(Path(sys.argv[1]))
    print("ready", flush=True)
    prior = None
    for number in range(1, 90):
        files = {f"files/{item:04}.bin": bytes([item, number]) * 3000 for item in range(40)}
        prior = write_version(places, OBJECT, contents(files), act=ACT, prior=prior)
        print(number, flush=True)
    """
)


@pytest.mark.parametrize("seed", range(8))
def test_kill_at_any_moment_leaves_whole_versions_that_another_run_can_go_on_from(tmp_path: Path, seed: int) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'tests'}:{root / 'src'}"}
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(random.Random(seed).uniform(0.02, 0.4))
    process.send_signal(signal.SIGKILL)
    promised = [int(line) for line in process.stdout.read().split()]
    process.wait()
    places = [StorageRoot.open(tmp_path / name) for name in "ab"]
    held = [place.mended_inventory(OBJECT) for place in places]
    heads = [inventory.head if inventory else 0 for inventory in held]
    assert min(heads) >= max(promised, default=0)
    assert max(heads) - min(heads) <= 1
    newest, lagging = (places[0], places[1]) if heads[0] >= heads[1] else (places[1], places[0])
    for place in places:
        place.clear_staging()
    assert [empty_folders(place.folder) for place in places] == [[], []]
    if max(heads):
        inventory = bring_up_to(newest, lagging, OBJECT)
        assert all(verify_object(place.object_folder(OBJECT), object_id=OBJECT).sound for place in places)
        write_version(places, OBJECT, contents(FILES), act=ACT, prior=inventory)
    assert judged_by_ocfl_py(places) == []
    assert tree(places[0].folder) == tree(places[1].folder)

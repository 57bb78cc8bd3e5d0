"""A store of a million files: whether reading all of it takes more memory than reading a tenth.

The objects are written once by the product's own writer, then multiplied: other identifiers, the same bytes as hard links,
so that a million files need no gigabytes. They are read as `zhudang verify` reads them, in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.installation import ROOT
from bench.row import Row
from bench.the_store import ACT
from zhudang.preservation.ocfl.content import content_of_bytes
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, sidecar
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.writer import write_version

PER_OBJECT = 2000
_READ = """
import resource, sys, time
from pathlib import Path
from zhudang.preservation.ocfl.reader import object_inventories
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.verifier import verify_object
began, files = time.monotonic(), 0
for folder, _inventory in object_inventories(StorageRoot.open(Path(sys.argv[1]))):
    found = verify_object(folder)
    assert found.sound, found.damages[:3]
    files += found.files
print(files, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, time.monotonic() - began)
"""


def many_files(quick: bool) -> list[Row]:
    """Peak memory of reading every byte of ten times the files."""
    few, many = (10_000, 100_000) if quick else (100_000, 1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="zhudang-many-"))
    try:
        root = StorageRoot.create(folder / "a")
        small = _read_after(root, few)
        large = _read_after(root, many)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    grown = large[1] / small[1]
    return [
        Row(f"memory to verify {many:,} files, against a tenth", f"{grown:.2f} ×", f"{small[1]:.0f} MB, {large[1]:.0f} MB", "≤ 1.10", grown <= 1.10),
        Row("  as fast as", f"{large[0] / large[2]:.0f} files/s", "200 bytes each, from memory", "", None),
    ]  # fmt: skip


def _read_after(root: StorageRoot, files: int) -> tuple[float, float, float]:
    """Fill the store up to so many files and read it: files, peak in MB, seconds."""
    first = root.object_folder(_name(0))
    if not first.exists():
        contents = [content_of_bytes(f"files/{n:04}.txt", f"{n:04}".encode() * 50) for n in range(1, PER_OBJECT + 1)]
        write_version([root], _name(0), contents, act=ACT)
    for number in range(1, files // PER_OBJECT):
        if not (target := root.object_folder(_name(number))).exists():
            _multiply(first, target, _name(0), _name(number))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(root.place)], env=env, capture_output=True, text=True, check=True
    )
    read, peak, seconds = map(float, done.stdout.split())
    if read != files:
        raise AssertionError(f"{read} of {files} files were read")
    return read, peak, seconds


def _name(number: int) -> str:
    return f"urn:uuid:00000000-0000-7000-8000-{number:012d}"


def _multiply(source: Path, target: Path, name: str, other: str) -> None:
    """Make another object of the same bytes: links to the files, an inventory of its own."""
    shutil.copytree(source, target, copy_function=os.link)
    data = (source / INVENTORY).read_bytes().replace(json.dumps(name).encode(), json.dumps(other).encode())
    for folder in (target, target / "v1"):
        for path, content in ((folder / INVENTORY, data), (folder / SIDECAR, sidecar(data))):
            path.unlink()
            path.write_bytes(content)

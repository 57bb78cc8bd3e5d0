"""Examines the packages under some paths, in a process of its own (`running.py` starts it): one JSON line each.

{"start": label, "kind": kind, "bytes": n}   before a package
{"report": {...}}                            after it
{"done": true}                               at the end
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from zhudang.checks.model import PackageReport
from zhudang.checks.packages import bagit, eark, eep, finding, ocfl, transfer
from zhudang.checks.packages.finding import Candidate
from zhudang.checks.packages.model import Package
from zhudang.checks.packages.tree import FolderTree, Known, Tree, Unreadable, ZipTree
from zhudang.checks.trust import Trust

EXAMINERS: Mapping[str, Callable[[Package], object]] = {
    "bagit": bagit.examine,
    "ocfl": ocfl.examine,
    "transfer": transfer.examine,
    "eark": eark.examine,
}


def tree_of(candidate: Candidate, known: Known | None = None) -> Tree:
    """Raises Unreadable."""
    if candidate.kind == "eep":
        return _OneFile(candidate.path) if candidate.inside is None else _OneMember(candidate.path, candidate.inside)
    if candidate.inside is not None:
        return ZipTree(candidate.path, candidate.inside)
    return FolderTree(candidate.path, known)


class _OneFile(FolderTree):
    def __init__(self, path: Path) -> None:
        super().__init__(path.parent / ".none")
        self.root = path.parent
        self.files = {path.name: path.stat().st_size}


class _OneMember(Tree):
    """One file of a ZIP, as if it were alone."""

    def __init__(self, path: Path, member: str) -> None:
        super().__init__()
        self._whole = _opened(path)
        self.files = {member: self._whole.files[member]}

    def open(self, path: str) -> IO[bytes]:
        return self._whole.open(path)


@lru_cache(maxsize=1)
def _opened(path: Path) -> ZipTree:
    return ZipTree(path)


def report_on(candidate: Candidate, tree: Tree | None = None, trust: Trust | None = None) -> PackageReport:
    """Examine one package; whatever its examiner did not expect is told, never raised.

    Args:
        trust: whom this installation trusts; nobody without it.
    """
    kind = candidate.kind.removesuffix("-root")
    try:
        package = Package(tree or tree_of(candidate), kind, candidate.label, candidate.path.name)
    except Unreadable as trouble:
        package = Package(FolderTree(Path("/nonexistent")), kind, candidate.label, candidate.path.name)
        package.find("PKG-002", path=candidate.label, why=str(trouble)[:200])
        return package.report()
    try:
        if candidate.kind == "eep":
            eep.examine(package, candidate.inside or candidate.path.name, trust)
        elif candidate.kind == "ocfl-root":
            _storage_root(package, candidate.path)
        else:
            EXAMINERS[candidate.kind](package)
    except Exception as trouble:  # a surprise in a stranger's package is data, not a crash
        package.find("PKG-003", why=f"{type(trouble).__name__}: {trouble}"[:200])
    return package.report()


def _storage_root(package: Package, folder: Path) -> None:
    objects, releases = [], {}
    for each in finding.packages_in(folder):
        if each.kind != "ocfl":
            continue
        objects.append(each.label)
        names = [path.name for path in each.path.glob("0=ocfl_object_*")]
        releases[each.label] = names[0].removeprefix("0=ocfl_object_") if names else None
    ocfl.examine_root(package, objects, releases)


def all_candidates(given: list[str]) -> Iterator[Candidate]:
    for path in given:
        yield from finding.packages_in(Path(path))


def main() -> None:
    from zhudang.checks.isolation import isolate
    from zhudang.checks.worker import bound_resources
    from zhudang.shared.parents import die_with

    isolate()
    die_with(int(sys.argv[1]))
    bound_resources()
    task = json.loads(sys.stdin.buffer.readline())
    trust = Trust.from_folder(Path(task["trust"]) if task["trust"] else None)
    for at, candidate in enumerate(all_candidates(task["given"])):
        if at < task["skip"]:
            continue
        try:
            tree = tree_of(candidate, task["known"])
        except (Unreadable, OSError):
            tree = None
        _say({"start": candidate.label, "kind": candidate.kind, "bytes": tree.total_bytes if tree else 0})
        _say({"report": report_on(candidate, tree, trust).as_json()})
    _say({"done": True})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

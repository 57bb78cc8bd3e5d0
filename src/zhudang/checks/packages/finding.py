"""Packages in a tree of files: recognised by what lies at their root, before anything is opened."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zhudang.checks.packages import bagit, eark, eep, ocfl, transfer
from zhudang.checks.packages.tree import PLACEHOLDERS, Tree, Unreadable, ZipTree
from zhudang.checks.packages.xmlstream import SNIFF_BYTES

ZIPS, DOCUMENTS = (".zip",), (".xml", ".eep")
BROKEN = (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError)
"""What reading a member may raise."""
SIBLINGS = 50
"""How many neighbours of an empty folder are asked whether they are objects."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package found.

    Args:
        path: folder or file on disk.
        label: what reports call it, relative to the path given; `.` for that itself.
        kind: bagit, ocfl, ocfl-root, eep, transfer or eark.
        inside: for a ZIP, the folder (of an encapsulation the file) in it that is the package; None when `path` is no ZIP.
    """

    path: Path
    label: str
    kind: str
    inside: str | None = None


def packages_in(given: Path) -> Iterator[Candidate]:
    """Every package at or below `given`, outermost only, in name order.

    Objects in an OCFL storage root and encapsulations in a transfer package are told beside what holds them.
    """
    if not given.is_dir():
        yield from _in_file(given, given.name)
        return
    for current, folders, names in os.walk(given):
        folders.sort()
        folder = Path(current)
        label = folder.relative_to(given).as_posix()
        kind = kind_of(folder, names, folders)
        if kind:
            yield Candidate(folder, label, kind)
        if kind == "transfer":
            for path in sorted(each for each in folder.rglob("*") if each.suffix.lower() in DOCUMENTS):
                yield from _document(path, path.relative_to(given).as_posix())
        if kind and kind != "ocfl-root":
            folders.clear()
        elif not kind:
            for name in sorted(names):
                yield from _in_file(folder / name, (folder / name).relative_to(given).as_posix())


def kind_of(folder: Path, names: list[str], folders: list[str]) -> str | None:
    """The kind of package a folder with these children is."""
    if ocfl.recognises(names, folders):
        return "ocfl"
    if ocfl.recognises_root(names):
        return "ocfl-root"
    if bagit.recognises(names, folders):
        return "bagit"
    if transfer.recognises(names, folders):
        return "transfer"
    if eark.recognises(names, folders, _inner(folder, folders)):
        return "eark"
    return "ocfl" if not folders and set(names) <= PLACEHOLDERS and _among_objects(folder) else None


def _inner(folder: Path, folders: list[str]) -> list[str]:
    found: list[str] = []
    for name in folders:
        if name.lower() == "representations":
            found += [each.relative_to(folder).as_posix() for each in (folder / name).glob("*/*") if each.is_dir()]
    return found


def _among_objects(folder: Path) -> bool:
    """An empty folder beside OCFL objects is an object that lost everything."""
    try:
        beside = [each for each in folder.absolute().parent.iterdir() if each.is_dir() and each.name != folder.name]
        return any(
            ocfl.recognises(*_listing(each)) and any("=ocfl_object" in name for name in _listing(each)[0])
            for each in beside[:SIBLINGS]
        )
    except OSError:
        return False


def _listing(folder: Path) -> tuple[list[str], list[str]]:
    entries = list(os.scandir(folder))
    return [each.name for each in entries if not each.is_dir()], [each.name for each in entries if each.is_dir()]


def _in_file(path: Path, label: str) -> Iterator[Candidate]:
    suffix = path.suffix.lower()
    if suffix in DOCUMENTS:
        yield from _document(path, label)
    elif suffix in ZIPS and path.is_file():
        try:
            tree = ZipTree(path)
            found = kind_in_zip(tree)
        except Unreadable:  # the check of the archive itself says why
            return
        if found:
            yield Candidate(path, label, *found)
        else:
            yield from (Candidate(path, f"{label}/{member}", "eep", member) for member in encapsulations_in(tree))


def encapsulations_in(tree: Tree) -> list[str]:
    """Members of a ZIP that holds encapsulations and nothing else, in name order; none for every other ZIP."""
    members = sorted(path for path in tree.files if path.rsplit("/", 1)[-1] not in PLACEHOLDERS)
    if tree.special or not all(path.lower().endswith(DOCUMENTS) for path in members):
        return []
    try:
        return members if all(map(partial(_is_encapsulation, tree), members)) else []
    except (Unreadable, *BROKEN):  # the check of the archive itself says why
        return []


def _is_encapsulation(tree: Tree, path: str) -> bool:
    with tree.open(path) as stream:
        return eep.recognises(stream.read(SNIFF_BYTES))


def kind_in_zip(tree: Tree) -> tuple[str, str] | None:
    """Kind of the package in a ZIP and the folder it fills: the root, or the one folder at the root."""
    for inside in ("", *tree.children()[1][:1]):
        names, folders = tree.children(inside)
        if inside and (len(tree.children()[1]) != 1 or set(tree.children()[0]) - PLACEHOLDERS):
            continue
        data = [each.removeprefix(f"{inside}/") if inside else each for each in tree.folders if each.count("/") < 4]
        for kind, recognised in (
            ("ocfl", ocfl.recognises(names, folders)),
            ("bagit", bagit.recognises(names, folders)),
            ("transfer", transfer.recognises(names, folders)),
            ("eark", eark.recognises(names, folders, data)),
        ):
            if recognised:
                return kind, inside
    return None


def _document(path: Path, label: str) -> Iterator[Candidate]:
    try:
        if not path.is_file():
            return
        with path.open("rb") as stream:
            if eep.recognises(stream.read(SNIFF_BYTES)):
                yield Candidate(path, label, "eep")
    except OSError:  # the check of the file itself says why
        return

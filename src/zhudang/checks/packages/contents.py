"""What a package that was found sound holds for the archive: each document with its name, folder and what is said of it.

What only describes is left in the package: directories, manifests, metadata. Nothing is unpacked to a place a package
names; bytes come out as streams, to be read in the order they are given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from zhudang.checks.model import Finding
from zhudang.checks.packages import bagit, eep_documents, transfer
from zhudang.checks.packages.finding import Candidate
from zhudang.checks.packages.look import tree_of
from zhudang.checks.packages.tree import PLACEHOLDERS, Tree, Unreadable
from zhudang.checks.packages.xmltree import NoXml, all_named, local, parse, text_of
from zhudang.checks.rules import finding

KINDS = frozenset({"transfer", "bagit", "eep"})
"""Kinds of packages whose documents can be taken out."""
ORIGINAL_NAME, ORIGINAL_FOLDER = "原文件名", "原路径"
SCOPE, UNIT, PAGES = "归档范围", "单位工程", "页数"
FILE_ELEMENT, STORED_NAME = "电子文件", "文件名"
MEANS = {"归档范围条目": SCOPE, "单位工程名称": UNIT, "数量": PAGES}
"""Elements of our own exports, as the clerk's packages call them."""
DESCRIPTION, FORMAT = "description.json", "zhudang-description/"
SAID = {
    "reference_code": transfer.CODE, "title": transfer.TITLE, "document_no": "文件编号", "responsible": "责任者",
    "formed_on": "形成日期", "pages": PAGES, "scope_code": SCOPE, "notes": "附注",
}  # fmt: skip
"""Keys of a record in our own description of a volume -> elements."""
NOTHING_GIVEN: Mapping[str, str] = {}


@dataclass(frozen=True)
class Document:
    """One document: where it lies in the package, its name and folder before packing, its description by element."""

    path: str
    name: str
    folder: str
    open: Callable[[], IO[bytes]]
    description: Mapping[str, str] = field(default_factory=dict)


def documents_in(candidate: Candidate) -> Iterator[Document]:
    """The documents of one sound package, each to be read before the next is asked for.

    Raises:
        Unreadable: the package is not what it was when it was examined.
    """
    tree = tree_of(candidate)
    if candidate.kind == "eep":
        return _encapsulated(tree)
    return _of_transfer(tree) if candidate.kind == "transfer" else _of_bag(tree)


def unfit(path: str, why: Mapping[str, str]) -> Finding:
    """A document that cannot be taken under its name; the reason in each language."""
    return finding("PKG-004", path=path[:200], why=why)


def _opener(tree: Tree, path: str) -> Callable[[], IO[bytes]]:
    return lambda: tree.open(path)


def _of_transfer(tree: Tree) -> Iterator[Document]:
    """Each file once: it belongs to the entry whose folder holds it most closely."""
    by_name = transfer.folders_by_name(tree)
    placed = [
        (place, entry) for entry in transfer.entries_of(tree) if (place := transfer.place_of(tree, entry, by_name))
    ]
    volumes = {place: entry for place, entry in placed if transfer.VOLUME in entry.kind}
    files: dict[str, list[str]] = {place: [] for place, _ in placed}
    for path in tree.files:
        if path.rpartition("/")[2] in PLACEHOLDERS:
            continue
        folder = path.rpartition("/")[0]
        while folder and folder not in files:
            folder = folder.rpartition("/")[0]
        if folder:
            files[folder].append(path)
    for place, entry in placed:
        yield from _of_entry(tree, place, entry, files.pop(place, []), volumes)


def _of_entry(
    tree: Tree, place: str, entry: transfer.Entry, paths: list[str], volumes: Mapping[str, transfer.Entry]
) -> Iterator[Document]:
    own = {path.removeprefix(f"{place}/") for path in paths}
    metadata = transfer.metadata_in(name for name in own if "/" not in name)[:1]
    named = _names_in(tree, f"{place}/{metadata[0]}") if metadata else {}
    paths = [path for path in paths if path.removeprefix(f"{place}/") not in metadata]
    said = {MEANS.get(name, name): value for name, value in entry.values.items() if name != transfer.PLACE}
    if place in volumes:
        said = {f"{transfer.VOLUME}{name}": value for name, value in said.items()}  # of the volume, not of the file
    for above, volume in volumes.items():
        if place.startswith(f"{above}/") and (unit := volume.values.get("单位工程名称")):
            said.setdefault(UNIT, unit)
    for path in paths:
        told = named.get(path.rpartition("/")[2], NOTHING_GIVEN)
        name = said.get(ORIGINAL_NAME, "") if len(paths) == 1 else ""
        name = name or told.get(eep_documents.FILE_NAME, "") or path.rpartition("/")[2]
        folder = said.get(ORIGINAL_FOLDER) or told.get(eep_documents.FOLDER) or ""
        yield Document(path, name, folder, _opener(tree, path), said)


def _names_in(tree: Tree, path: str) -> dict[str, dict[str, str]]:
    """What a record's metadata says of each of its files, by the name it has in the package."""
    try:
        root = parse(tree, path)
    except NoXml:
        return {}
    told = [{local(child): text_of(child) for child in each} for each in all_named(root, FILE_ELEMENT)]
    return {each[STORED_NAME]: each for each in told if each.get(STORED_NAME)}


def _of_bag(tree: Tree) -> Iterator[Document]:
    """The payload; of a volume that carries our own description only what that calls its files."""
    ours = {}
    for folder in tree.children(bagit.PAYLOAD)[1]:
        if records := _described(tree, f"{bagit.PAYLOAD}/{folder}"):
            ours[folder] = records
    for folder, records in ours.items():
        yield from _of_volume(tree, f"{bagit.PAYLOAD}/{folder}", records)
    said = bagit.said_of(tree)
    for path in sorted(tree.below(bagit.PAYLOAD)):
        inside = path.removeprefix(f"{bagit.PAYLOAD}/")
        folder, _, name = inside.rpartition("/")
        if inside.partition("/")[0] not in ours and name not in PLACEHOLDERS:
            yield Document(path, name, folder, _opener(tree, path), said)


def _described(tree: Tree, folder: str) -> dict[str, Any] | None:
    """Our own description of a volume, where all it names is there; else None."""
    path = f"{folder}/{DESCRIPTION}"
    if path not in tree.files:
        return None
    try:
        told = json.loads(tree.read(path))
        if not str(told["format"]).startswith(FORMAT):
            return None
        stored = [file["stored_as"] for record in told["records"] for file in record["files"]]
        return told if stored and all(f"{folder}/{each}" in tree.files for each in stored) else None
    except (Unreadable, ValueError, KeyError, TypeError, RecursionError):
        return None


def _of_volume(tree: Tree, folder: str, told: dict[str, Any]) -> Iterator[Document]:
    volume = told.get("volume")
    unit = volume.get("unit_work") if isinstance(volume, dict) else None
    for record in told["records"]:
        said = {label: str(record[key]) for key, label in SAID.items() if record.get(key) not in (None, "")}
        for file in record["files"]:
            path = f"{folder}/{file['stored_as']}"
            name = str(file.get("original_name") or path.rpartition("/")[2])
            original = str(file.get("original_folder") or "")
            yield Document(path, name, original, _opener(tree, path), {**said, **({UNIT: str(unit)} if unit else {})})


def _encapsulated(tree: Tree) -> Iterator[Document]:
    [path] = tree.files
    with tree.open(path) as stream:
        told = eep_documents.documents(stream)
    with tree.open(path) as stream:
        contents = eep_documents.contents(stream)
        for each in told:
            said = {MEANS.get(name, name): value for name, value in each.record.items()}
            yield Document(f"{path}#{each.number}", each.name, each.folder, lambda: _next(contents), said)


def _next(contents: Iterator[IO[bytes]]) -> IO[bytes]:
    try:
        return next(contents)
    except StopIteration:
        raise Unreadable("fewer documents than before") from None

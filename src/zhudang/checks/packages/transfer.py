"""Transfer packages: the offline medium of the transfer rules (附件2), DA/T 93-2022 annex B, and our own SIP profile.

All have a note file, a directory in XML and folders of metadata with content; the SIP profile adds a digest list.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from zhudang.checks.packages.model import Package
from zhudang.checks.packages.paths import leaves
from zhudang.checks.packages.tree import PLACEHOLDERS, Tree, Unreadable
from zhudang.checks.packages.xmltree import NoXml, local, parse, text_of

NOTE, DIGESTS, ARCHIVES = "说明文件.TXT", "digests.sm3", "电子档案"
UNLISTED = "TRF-007"
DIRECTORY, FILE_LIST, VOLUME_LIST = "目录文件.XML", "文件目录.XML", "案卷目录.XML"
CODE, TITLE, PLACE, FILE_NAME = "档号", "题名", "路径", "电子档案名称"
METADATA, VOLUME = "元数据", "案卷"
"""What files of metadata are called by, and the kind of entries that hold others."""
APART = frozenset({"其他", "BIM", "声像"})
"""Folders at the root that need no entries."""
KIND = "transfer"
RULES, DAT93, PROFILE = "附件2", "DA/T 93-2022", "SIP"
LONGEST_NAME, LONGEST_PATH, LONGEST_LINE = 80, 240, 500
FORBIDDEN = re.compile(r'[\\:*?"<>|\x00-\x1f]')
DIGEST_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")
STATED = re.compile(r"\s*([^：:\s][^：:]*?)\s*[：:]\s*(\d[\d,]*)\s*(?:件|个|字节|bytes)?\s*")
COUNTS = {"件数": "entries", "总件数": "entries", "文件数": "files", "总文件数": "files", "文件总数": "files"}
BYTES = frozenset({"字节数", "总字节数", "文件字节数"})


@dataclass
class Entry:
    """One line of a directory: what it says by element name."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.values.get(CODE) or self.values.get(FILE_NAME) or self.values.get(TITLE) or "?"


def recognises(names: list[str], folders: list[str]) -> bool:
    """Whether a folder with these children is a transfer package, perhaps one that lacks a part."""
    upper = {name.upper() for name in names}
    note = NOTE in upper
    listed = bool(upper & {DIRECTORY, FILE_LIST, VOLUME_LIST})
    return (note and (listed or DIGESTS in names or ARCHIVES in folders)) or (
        listed and (DIGESTS in names or ARCHIVES in folders)
    )


def examine(package: Package) -> None:
    tree = package.tree
    found = {name.upper(): name for name in tree.children()[0]}
    package.version = PROFILE if DIGESTS in tree.files else (DAT93 if DIRECTORY in found else RULES)
    _names(package)
    entries: list[Entry] = []
    lists = [found[name] for name in (DIRECTORY, FILE_LIST, VOLUME_LIST) if name in found]
    if not lists:
        package.find("TRF-002", path=DIRECTORY, why="missing")
    for name in lists:
        entries += _entries(package, name)
    _twice(package, entries)
    if package.version == RULES:
        _by_rules(package, entries)
    else:
        _by_folders(package, entries)
    if DIGESTS in tree.files:
        _digests(package)
    if NOTE in found:
        _note(package, found[NOTE], entries)
    else:
        package.find("TRF-001", path=NOTE)


def read_text(package: Package, path: str) -> str | None:
    """A text in UTF-8 or GB 18030; None (and told) when it is neither."""
    try:
        raw = package.tree.read(path)
    except Unreadable as trouble:
        package.find("PKG-002", path=path, why=str(trouble)[:200])
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    package.find("TRF-002", path=path, why="neither UTF-8 nor GB 18030")
    return None


def _names(package: Package) -> None:
    for path in package.tree.special:
        package.find("TRF-011", path=path)
    for path in package.tree.files:
        parts = path.split("/")
        if leaves(path):
            package.find("TRF-011", path=path)
        elif bad := FORBIDDEN.search(path):
            package.find("TRF-012", path=path, why=repr(bad[0]))
        elif len(path) > LONGEST_PATH or max(map(len, parts)) > LONGEST_NAME:
            package.find("TRF-012", path=path, why=f"{len(path)} / {max(map(len, parts))}")
        elif unicodedata.normalize("NFC", path) != path:
            package.find("TRF-012", path=path, why="NFC")


def _entries(package: Package, name: str) -> list[Entry]:
    try:
        root = parse(package.tree, name)
    except NoXml as trouble:
        package.find("TRF-002", path=name, why=str(trouble))
        return []
    entries = list(_entries_in(root))
    if not entries:
        package.find("TRF-002", path=name, why="no entries")
    return entries


def entries_of(tree: Tree) -> list[Entry]:
    """Entries of a sound package's directory; none when it cannot be read."""
    name = next((path for path in tree.files if path.upper() == DIRECTORY), DIRECTORY)
    try:
        return list(_entries_in(parse(tree, name)))
    except NoXml:
        return []


def _entries_in(root: Element) -> Iterator[Entry]:
    """Elements that say an archival code or a file name of themselves, as child elements or attributes."""
    for each in root.iter():
        values = {key.rsplit("}", 1)[-1]: value.strip() for key, value in each.attrib.items()}
        values.update({local(child): text_of(child) for child in each if not len(child)})
        if each is not root and (values.get(CODE) or values.get(FILE_NAME)):
            yield Entry(local(each), values)


def _twice(package: Package, entries: list[Entry]) -> None:
    counted = Counter(
        (entry.kind, entry.name, entry.values.get(FILE_NAME), entry.values.get(PLACE)) for entry in entries
    )
    for (_, name, _, _), count in counted.items():
        if count > 1:
            package.find("TRF-014", entry=name)


def _by_rules(package: Package, entries: list[Entry]) -> None:
    """附件2: each entry names a file or a folder below 电子档案; nothing lies there that no entry names."""
    inside = [path for path in package.tree.below(ARCHIVES) if path.rsplit("/", 1)[-1] not in PLACEHOLDERS]
    if ARCHIVES not in package.tree.folders:
        package.find("TRF-003", entry=f"{ARCHIVES}/")
    by_key: dict[str, list[str]] = {}
    for path in inside:
        for key in _keys(path):
            by_key.setdefault(key, []).append(path)
    claimed: set[str] = set()
    for entry in entries:
        keys = [entry.values.get(PLACE, ""), entry.values.get(FILE_NAME, ""), entry.values.get(CODE, "")]
        hits = next((by_key[_key(key)] for key in keys if key and _key(key) in by_key), [])
        if not hits:
            package.find("TRF-003", entry=entry.name)
        claimed.update(hits)
    folders = {path.rsplit("/", 1)[0] for path in claimed}
    for path in inside:
        beside = path.rsplit("/", 1)[0] in folders and path.lower().endswith(".xml")
        if path not in claimed and not beside:
            package.find("TRF-004", path=path)
    for path in inside:
        if path.lower().endswith(".xml"):
            _metadata(package, path)


def _key(stated: str) -> str:
    return stated.replace("\\", "/").strip().strip("/").removeprefix("./").casefold()


def _keys(path: str) -> Iterable[str]:
    """What an entry may call a file: its whole path, any end of it, any folder on the way, with or without ending."""
    parts = path.casefold().split("/")
    for start in range(len(parts)):
        yield "/".join(parts[start:])
    yield parts[-1].rsplit(".", 1)[0]
    for end in range(2, len(parts)):
        yield parts[end - 1]
        yield "/".join(parts[:end])


def _by_folders(package: Package, entries: list[Entry]) -> None:
    """DA/T 93 and the SIP profile: each entry is one folder with metadata and content; every such folder has an entry."""
    tree = package.tree
    holders: dict[str, list[str]] = {}
    for path in tree.files:
        folder, _, name = path.rpartition("/")
        if folder and folder.split("/")[0] not in APART and name not in PLACEHOLDERS:
            holders.setdefault(folder, []).append(name)
    by_name = folders_by_name(tree)
    parents = {each for folder in holders for each in _above(folder)}
    claimed: set[str] = set()
    for entry in entries:
        if place := _folder_of(package, entry, by_name):
            claimed.add(place)
            _one(package, place, holders, parents, entry)
    for folder in sorted(holders):
        if folder not in claimed and not _above(folder) & claimed:
            package.find("TRF-004", path=folder)


def _above(folder: str) -> set[str]:
    parts = folder.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


def folders_by_name(tree: Tree) -> dict[str, list[str]]:
    """Folders of a package by their own name, by which entries without a path find theirs."""
    by_name: dict[str, list[str]] = {}
    for folder in tree.folders:
        by_name.setdefault(folder.rsplit("/", 1)[-1], []).append(folder)
    return by_name


def place_of(tree: Tree, entry: Entry, by_name: Mapping[str, list[str]]) -> str | None:
    """The folder an entry of a sound package means; None where it means none."""
    if place := entry.values.get(PLACE, "").strip("/"):
        return place if place in tree.folders else place.rpartition("/")[0] if place in tree.files else None
    places = _called(entry.values.get(CODE, ""), by_name)
    return places[0] if len(places) == 1 else None


def _called(code: str, by_name: Mapping[str, list[str]]) -> list[str]:
    return by_name.get(code) or by_name.get(re.sub(r'[\\/:*?"<>|]', "_", code)) or []


def metadata_in(names: Iterable[str]) -> list[str]:
    """Which of the files in one folder may be its metadata, the likeliest first."""
    xml = sorted((name for name in names if name.lower().endswith(".xml")), key=lambda name: (len(name), name))
    return [name for name in xml if METADATA in name] or xml


def _folder_of(package: Package, entry: Entry, by_name: Mapping[str, list[str]]) -> str | None:
    if place := entry.values.get(PLACE, "").strip("/"):
        if leaves(place):
            package.find("TRF-011", path=place)
            return None
        if place in package.tree.folders:
            return place
        if place in package.tree.files:
            return place.rpartition("/")[0]
        package.find("TRF-003", entry=place)
        return None
    places = _called(entry.values.get(CODE, ""), by_name)
    if len(places) != 1:
        package.find("TRF-003" if not places else "TRF-014", entry=entry.name)
        return None
    return places[0]


def _one(package: Package, folder: str, holders: dict[str, list[str]], parents: set[str], entry: Entry) -> None:
    names = holders.get(folder, [])
    metadata = metadata_in(names)
    if not metadata and (names or folder not in parents):
        package.find("TRF-008", path=folder, why="missing")
    for name in metadata[:1]:
        _metadata(package, f"{folder}/{name}")
    volume = VOLUME in entry.kind or folder in parents
    if not volume and not [name for name in names if name not in metadata]:
        package.find("TRF-009", path=folder)


def _metadata(package: Package, path: str) -> None:
    try:
        root = parse(package.tree, path)
    except NoXml as trouble:
        package.find("TRF-008", path=path, why=str(trouble))
        return
    stated = {local(each): text_of(each) for each in root.iter()}
    stated.update({key.rsplit("}", 1)[-1]: value for each in root.iter() for key, value in each.attrib.items()})
    if not any(value for name, value in stated.items() if TITLE in name or name.lower() == "title"):
        package.find("TRF-013", path=path, element=TITLE)


def _digests(package: Package) -> None:
    text = read_text(package, DIGESTS)
    if text is None:
        return
    listed: dict[str, str] = {}
    for at, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        found = DIGEST_LINE.fullmatch(line)
        if not found:
            package.find("TRF-015", path=DIGESTS, line=at)
        elif leaves(found[2]):
            package.find("TRF-011", path=found[2])
        elif listed.setdefault(found[2], found[1].lower()) != found[1].lower():
            package.find("TRF-015", path=DIGESTS, line=at)
    for path in sorted(listed.keys() - package.tree.files.keys()):
        package.find("TRF-006", path=path)
    for path in sorted(package.tree.files.keys() - listed.keys() - {DIGESTS}):
        package.find(UNLISTED, path=path)
    for path in sorted(listed.keys() & package.tree.files.keys()):
        try:
            if package.tree.digests(path, ["sm3"])["sm3"] != listed[path]:
                package.find("TRF-005", path=path)
        except Unreadable as trouble:
            package.find("PKG-002", path=path, why=str(trouble)[:200])


def counted_files(paths: Iterable[str]) -> list[str]:
    """Files whose number and bytes the note states: all but the note and the digest list themselves."""
    return [path for path in paths if path.upper() != NOTE and path != DIGESTS]


def _note(package: Package, name: str, entries: list[Entry]) -> None:
    """Numbers the note file states. Bytes and files are compared in our own profile, where their meaning is fixed."""
    text = read_text(package, name)
    if text is None:
        return
    files = counted_files(package.tree.files)
    lowest = [entry for entry in entries if entry.kind == "文件"] or entries
    real = {"entries": len(lowest), "files": len(files)}
    for line in text.splitlines():
        if len(line) > LONGEST_LINE or not (found := STATED.fullmatch(line)):
            continue
        label, stated = found[1], int(found[2].replace(",", ""))
        if label in BYTES and package.version == PROFILE:
            number = sum(package.tree.files[path] for path in files)
        elif label in COUNTS and (package.version == PROFILE or COUNTS[label] == "entries"):
            number = real[COUNTS[label]]
        else:
            continue
        if number != stated:
            package.find("TRF-010", where=name, what=label, stated=stated, found=number)

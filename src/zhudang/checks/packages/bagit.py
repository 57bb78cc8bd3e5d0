"""BagIt bags, versions 0.93 to 1.0 (RFC 8493).

Older versions are held to what they asked for: before 1.0 every payload file stands in at least one manifest, since
1.0 in each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from zhudang.checks.packages.model import Package
from zhudang.checks.packages.paths import Lookalikes, folded, leaves
from zhudang.checks.packages.tree import Tree, Unreadable, can_digest, hasher

DECLARATION, INFO, FETCH, PAYLOAD = "bagit.txt", "bag-info.txt", "fetch.txt", "data"
MANIFEST = re.compile(r"(tag)?manifest-([A-Za-z0-9_-]+)\.txt")
LINE = re.compile(r"([0-9a-fA-F]+)[ \t]+\*?(.+)")
SLOPPY = re.compile(r"\s*([A-Za-z-]+)\s*:\s*(.*?)\s*")
VERSION = re.compile(r"\d+\.\d+")
KNOWN_VERSIONS = frozenset({(0, 90 + last) for last in range(3, 8)} | {(1, 0)})
WEAK = frozenset({"md5", "sha1"})
MOST_SAID, LONGEST_SAID = 50, 1000
OXUM = re.compile(r"(\d+)\.(\d+)")


@dataclass
class Manifest:
    """One list of digests: path in the bag -> lowercase hex."""

    name: str
    algorithm: str
    of_tags: bool
    entries: dict[str, str] = field(default_factory=dict)


def recognises(names: list[str], folders: list[str]) -> bool:
    """Whether a folder with these children is a bag, perhaps a broken one."""
    if DECLARATION in names:
        return True
    manifests = any(MANIFEST.fullmatch(name) for name in names)
    return (manifests and (PAYLOAD in folders or INFO in names)) or (INFO in names and PAYLOAD in folders)


def examine(package: Package) -> None:
    version, encoding = _declaration(package)
    manifests = [each for name in package.tree.children()[0] if (each := _manifest(package, name, version, encoding))]
    _structure(package, manifests)
    fetched = _fetch(package, encoding)
    _completeness(package, manifests, version, fetched)
    _digests(package, manifests)
    _info(package, version, encoding)


def _declaration(package: Package) -> tuple[tuple[int, int], str]:
    """Read bagit.txt: version and encoding of the other tag files; the newest and UTF-8 when it does not say."""
    fallback = (1, 0), "utf-8"
    if DECLARATION not in package.tree.files:
        package.find("BAG-001", why=f"no {DECLARATION}")
        return fallback
    try:
        raw = package.tree.read(DECLARATION, 65536)
        text = raw.decode("utf-8")
    except (Unreadable, UnicodeDecodeError) as trouble:
        package.find("BAG-001", why=str(trouble)[:100])
        return fallback
    if text.startswith("\ufeff"):
        package.find("BAG-001", why="byte order mark")
        text = text[1:]
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    stated = {found[1].lower(): found[2] for line in lines if (found := SLOPPY.fullmatch(line))}
    version, encoding = stated.get("bagit-version", ""), stated.get("tag-file-character-encoding", "")
    if not VERSION.fullmatch(version) or not encoding or len(lines) != 2:
        package.find("BAG-001", why=" / ".join(lines)[:200] or "empty")
    number = _number(version)
    exact = [f"BagIt-Version: {version}", f"Tag-File-Character-Encoding: {encoding}"]
    if number and encoding and lines[:2] != exact:
        package.find("BAG-001" if number >= (1, 0) or lines[::-1] == exact else "BAG-009", why=" / ".join(lines)[:200])
    if number and number not in KNOWN_VERSIONS:
        package.find("BAG-001", why=f"BagIt-Version {version}")
    package.version = version or None
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        package.find("BAG-001", why=f"Tag-File-Character-Encoding {encoding}")
        encoding = "utf-8"
    return number or (1, 0), encoding or "utf-8"


def _number(version: str) -> tuple[int, int] | None:
    if not VERSION.fullmatch(version):
        return None
    major, minor = version.split(".")
    return int(major), int(minor)


def _lines(package: Package, name: str, encoding: str) -> list[str]:
    try:
        text = package.tree.read(name).decode(encoding)
    except (Unreadable, UnicodeDecodeError) as trouble:
        package.find("BAG-002", name=name, line=0, why=str(trouble)[:100])
        return []
    return re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))


def _manifest(package: Package, name: str, version: tuple[int, int], encoding: str) -> Manifest | None:
    named = MANIFEST.fullmatch(name)
    if not named:
        return None
    manifest = Manifest(name, named[2].lower(), bool(named[1]))
    known = can_digest(manifest.algorithm)
    if not known:
        package.find("BAG-010", name=name, algorithm=manifest.algorithm)
    elif manifest.algorithm.replace("-", "") in WEAK:
        package.find("BAG-011", name=name, algorithm=manifest.algorithm)
    width = hasher(manifest.algorithm).digest_size * 2 if known else None
    for at, line in enumerate(_lines(package, name, encoding), 1):
        if line.strip():
            _entry(package, manifest, version, line, at, width)
    return manifest


def _entry(package: Package, m: Manifest, version: tuple[int, int], line: str, at: int, width: int | None) -> None:
    found = LINE.fullmatch(line.rstrip() if line.rstrip() in package.tree.files else line)
    if not found or (width and len(found[1]) != width):
        package.find("BAG-002", name=m.name, line=at, why=line[:100])
        return
    digest, stated = found[1].lower(), found[2]
    if stated.startswith("./"):
        package.find("BAG-009", why=stated[:200])
        stated = stated.removeprefix("./")
    path = _meant(package, stated, version)
    if leaves(path) and path not in package.tree.files:
        package.find("BAG-003", name=m.name, path=path[:200])
        return
    if not m.of_tags and not path.startswith(f"{PAYLOAD}/"):
        package.find("BAG-003", name=m.name, path=path[:200])
        return
    if m.of_tags and MANIFEST.fullmatch(path) and path.startswith("tagmanifest"):
        package.find("BAG-009", why=f"{m.name}: {path}")
        return
    if path in m.entries:
        same = m.entries[path] == digest
        package.find("BAG-012" if same and version < (1, 0) else "BAG-004", name=m.name, path=path)
    m.entries[path] = digest


def _meant(package: Package, stated: str, version: tuple[int, int]) -> str:
    """The path an entry means: since 1.0 line ends and percent signs are written as escapes."""
    plain = re.sub("%0[aA]", "\n", re.sub("%0[dD]", "\r", stated)).replace("%25", "%")
    if version < (1, 0) and (stated in package.tree.files or plain not in package.tree.files):
        return stated
    return stated if plain not in package.tree.files and stated in package.tree.files else plain


def _structure(package: Package, manifests: list[Manifest]) -> None:
    if PAYLOAD not in package.tree.folders:
        package.find("BAG-005", path=f"{PAYLOAD}/")
    if not any(not each.of_tags for each in manifests):
        package.find("BAG-005", path="manifest-<algorithm>.txt")
    for path in package.tree.special:
        package.find("BAG-017", path=path)
    folds: dict[str, str] = {}
    for path in package.tree.files:
        other = folds.setdefault(folded(path), path)
        if other != path:
            package.find("BAG-013", path=path, other=other)


def _fetch(package: Package, encoding: str) -> set[str]:
    """Paths that fetch.txt wants brought; a bag that still has some is not complete."""
    wanted: set[str] = set()
    if FETCH not in package.tree.files:
        return wanted
    for at, line in enumerate(_lines(package, FETCH, encoding), 1):
        if not line.strip():
            continue
        parts = line.split(None, 2)
        if len(parts) != 3 or not re.fullmatch(r"\d+|-", parts[1]) or ":" not in parts[0]:
            package.find("BAG-002", name=FETCH, line=at, why=line[:100])
        elif leaves(parts[2]) or not parts[2].removeprefix("./").startswith(f"{PAYLOAD}/"):
            package.find("BAG-003", name=FETCH, path=parts[2][:200])
        else:
            wanted.add(parts[2].removeprefix("./"))
    return wanted


def _completeness(package: Package, manifests: list[Manifest], version: tuple[int, int], fetched: set[str]) -> None:
    payload = set(package.tree.below(PAYLOAD))
    lists = [each for each in manifests if not each.of_tags]
    listed = {path for each in lists for path in each.entries}
    looks = Lookalikes(package.tree.files)
    for manifest in manifests:
        for path in list(manifest.entries):
            if path not in package.tree.files:
                _missing(package, manifest, path, looks, fetched)
    alike = Lookalikes(listed)
    for path in sorted(payload - listed):
        if not (twin := alike.get(path)):
            package.find("BAG-007", path=path)
        elif version >= (1, 0):
            package.find("BAG-013", path=path, other=twin)
    for path in sorted(fetched - listed):
        package.find("BAG-007", path=path)
    if version >= (1, 0):
        for manifest in lists:
            for path in sorted((listed & payload) - manifest.entries.keys()):
                package.find("BAG-014", name=manifest.name, path=path)


def _missing(package: Package, manifest: Manifest, path: str, looks: Lookalikes, fetched: set[str]) -> None:
    """A listed file that is not there. A name lost to a file system that folds case is told, its bytes are compared."""
    twin = looks.get(path)
    if twin is None:
        if path in fetched:
            package.find("BAG-016", path=path)
        else:
            package.find("BAG-006", path=path, name=manifest.name)
        return
    package.find("BAG-013", path=path, other=twin)
    digest = manifest.entries.pop(path)
    if manifest.entries.setdefault(twin, digest) != digest:
        package.find("BAG-006", path=path, name=manifest.name)


def _digests(package: Package, manifests: list[Manifest]) -> None:
    """Read each file once for all lists that name it."""
    usable = [each for each in manifests if can_digest(each.algorithm)]
    for path in sorted({path for each in usable for path in each.entries} & package.tree.files.keys()):
        lists = [each for each in usable if path in each.entries]
        try:
            found = package.tree.digests(path, [each.algorithm for each in lists])
        except Unreadable as trouble:
            package.find("PKG-002", path=path, why=str(trouble)[:200])
            continue
        for each in lists:
            if found[each.algorithm] != each.entries[path]:
                package.find("BAG-008", path=path, name=each.name, expected=each.entries[path])


def _info(package: Package, version: tuple[int, int], encoding: str) -> None:
    """bag-info.txt (package-info.txt before 0.95): `Label: value`, and the octets and files it counts."""
    name = next((each for each in (INFO, "package-info.txt") if each in package.tree.files), None)
    if name is None:
        return
    oxums = []
    for label, value in _pairs(package, name, encoding):
        if label.lower() == "payload-oxum":
            oxums.append(value)
    if len(set(oxums)) > 1 or (len(oxums) > 1 and version >= (1, 0)):
        package.find("BAG-015", stated="; ".join(oxums)[:100], found="Payload-Oxum")
    payload = list(package.tree.below(PAYLOAD))
    found = f"{sum(package.tree.files[path] for path in payload)}.{len(payload)}"
    for oxum in oxums[:1]:
        if not OXUM.fullmatch(oxum.strip()) or oxum.strip() != found:
            package.find("BAG-015", stated=oxum[:100], found=found)


def said_of(tree: Tree) -> dict[str, str]:
    """What bag-info.txt of a sound bag says, by label; a label that stands more than once keeps all its values."""
    package = Package(tree, "bagit")
    _, encoding = _declaration(package)
    said: dict[str, str] = {}
    for label, value in _pairs(package, INFO, encoding) if INFO in tree.files else ():
        said[label] = f"{said[label]}; {value}" if label in said else value
    return {label[:100]: value[:LONGEST_SAID] for label, value in list(said.items())[:MOST_SAID]}


def _pairs(package: Package, name: str, encoding: str) -> Iterator[tuple[str, str]]:
    label, value = "", ""
    for at, line in enumerate(_lines(package, name, encoding), 1):
        if line[:1] in (" ", "\t") and label:
            value += f" {line.strip()}"
            continue
        if label:
            yield label, value
        label, value = "", ""
        if not line.strip():
            continue
        if ":" not in line:
            package.find("BAG-009", why=f"{name} {at}: {line}"[:200])
            continue
        label, value = (part.strip() for part in line.split(":", 1))
    if label:
        yield label, value

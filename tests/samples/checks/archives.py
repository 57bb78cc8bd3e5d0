"""Archives, good and bad."""

from __future__ import annotations

import io
import tarfile
import warnings
import zipfile
from pathlib import Path

from samples.checks.making import Maker, put, text, zip_of


def _zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as container,
        container.open("zeros", "w", force_zip64=True) as out,
    ):
        for _ in range(320):
            out.write(bytes(1024 * 1024))
    return path


def tar_of(folder: Path, members: dict[str, bytes], name: str = "sample.tar") -> Path:
    path = folder / name
    packing = {".gz": "gz", ".xz": "xz", ".bz2": "bz2"}.get(path.suffix, "")
    with tarfile.open(path, f"w:{packing}") as tar:
        for place, content in members.items():
            info = tarfile.TarInfo(place)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def _unix_zip(mode: int, content: bytes) -> Maker:
    def make(folder: Path) -> Path:
        info = zipfile.ZipInfo("special")
        info.create_system, info.external_attr = 3, mode << 16
        path = folder / "unix.zip"
        with zipfile.ZipFile(path, "w") as container:
            container.writestr(info, content)
        return path

    return make


def _two_names(folder: Path) -> Path:
    """Directory and local header name different files."""
    content = zip_of(folder, {"harmless.txt": b"text"}, "one.zip").read_bytes()
    return put(folder, "two.zip", content.replace(b"harmless.txt", b"program1.exe", 1))


def _twice(folder: Path) -> Path:

    path = folder / "twice.zip"
    with zipfile.ZipFile(path, "w") as container, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        container.writestr("a.txt", b"1")
        container.writestr("a.txt", b"2")
    return path


def _spoiled_zip(folder: Path) -> Path:
    content = bytearray(zip_of(folder, {"a.txt": b"hello world " * 50}, "whole.zip").read_bytes())
    content[45] ^= 0xFF
    return put(folder, "spoiled.zip", bytes(content))


def _locked_zip(folder: Path) -> Path:
    content = bytearray(zip_of(folder, {"a.txt": b"hello"}, "open.zip").read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return put(folder, "locked.zip", bytes(content))


def _gbk_names(folder: Path) -> Path:
    content = zip_of(folder, {"aabb.txt": b"hello"}, "latin.zip").read_bytes()
    return put(folder, "gbk.zip", content.replace(b"aabb", "图纸".encode("gbk")))


def _nested(folder: Path, levels: int = 12) -> Path:
    content = b"text"
    for level in range(levels):
        name = "a.txt" if level == 0 else f"level{level}.zip"
        content = zip_of(folder, {name: content}, "nested.zip").read_bytes()
    return put(folder, "nested.zip", content)


def _junk_before(folder: Path) -> Path:
    content = zip_of(folder, {"a.txt": b"hello"}, "plain.zip").read_bytes()
    end = content.rindex(b"PK\x05\x06")
    start = int.from_bytes(content[end + 16 : end + 20], "little") + 8
    directory = bytearray(b"leftover" + content)
    directory[end + 8 + 16 : end + 8 + 20] = start.to_bytes(4, "little")
    place = directory.index(b"PK\x01\x02")
    directory[place + 42 : place + 46] = (8).to_bytes(4, "little")
    return put(folder, "prefixed.zip", bytes(directory))


BAD: dict[str, Maker] = {
    "ZIP-001": _spoiled_zip,
    "ZIP-002": _locked_zip,
    "ZIP-003": lambda folder: zip_of(folder, {"../../evil.txt": b"x"}),
    "ZIP-004": _zip_bomb,
    "ZIP-005": _unix_zip(0o020666, b""),
    "ZIP-006": _two_names,
    "ZIP-007": _unix_zip(0o120777, b"a.txt"),
    "ZIP-008": _twice,
    "ZIP-009": text("packed.lzh", b"\x22\x00-lh5-" + bytes(60)),
    "ZIP-010": _gbk_names,
    "ZIP-011": lambda folder: zip_of(folder, {"a.txt": b"x"}),
    "ZIP-012": lambda folder: zip_of(folder, {"aux.txt": b"x"}),
    "ZIP-013": lambda folder: zip_of(folder, {"锁住.zip": _locked_zip(folder).read_bytes()}, "outer.zip"),
    "ZIP-015": _junk_before,
    "ZIP-016": _nested,
    "ZIP-017": lambda folder: zip_of(folder, {"unknown.qqq9": bytes(range(1, 32)) * 40}),
}

GOOD: dict[str, Maker] = {
    "zip": lambda folder: zip_of(folder, {"图纸/一层.txt": b"x"}, "good.zip"),
    "tgz": lambda folder: tar_of(folder, {"图纸/一层.txt": b"x"}, "good.tar.gz"),
}

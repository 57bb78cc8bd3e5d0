"""Archives, good and bad."""

from __future__ import annotations

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


BAD: dict[str, Maker] = {
    "ZIP-001": _spoiled_zip,
    "ZIP-002": _locked_zip,
    "ZIP-003": lambda folder: zip_of(folder, {"../../evil.txt": b"x"}),
    "ZIP-004": _zip_bomb,
    "ZIP-005": _unix_zip(0o020666, b""),
    "ZIP-006": _two_names,
    "ZIP-007": _unix_zip(0o120777, b"a.txt"),
    "ZIP-008": _twice,
    "ZIP-009": text("packed.7z", b"7z\xbc\xaf\x27\x1c" + bytes(60)),
    "ZIP-010": _gbk_names,
    "ZIP-011": lambda folder: zip_of(folder, {"a.txt": b"x"}),
}

GOOD: dict[str, Maker] = {
    "zip": lambda folder: zip_of(folder, {"图纸/一层.txt": b"x"}, "good.zip"),
}

"""What the makers of samples share."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path], Path]


A4 = (595.28, 841.89)


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def half(maker: Maker, name: str) -> Maker:
    def make(folder: Path) -> Path:
        whole = maker(folder).read_bytes()
        return put(folder, name, whole[: len(whole) // 2])

    return make


def zip_of(folder: Path, members: dict[str, bytes], name: str = "sample.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for place, content in members.items():
            container.writestr(place, content)
    return path


def text(name: str, content: bytes) -> Maker:
    return lambda folder: put(folder, name, content)

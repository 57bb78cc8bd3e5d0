"""A bag by BagIt 1.0 (RFC 8493): each volume is a folder of the payload, as it stands in the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from zhudang.preservation.giving.gathering import GivenVolume
from zhudang.preservation.giving.sinks import Sink

ALGORITHMS = ("sha256", "sha512")
DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_PAYLOAD = "data"


def write(sink: Sink, volumes: Iterable[GivenVolume], *, source: str, now: datetime) -> None:
    """Write payload, then manifests over what was written.

    Args:
        source: who gives it.
        now: the day of the bag, in the archive's own time.
    """
    codes = []
    for volume in volumes:
        codes.append(volume.code)
        for content in volume.contents.values():
            sink.copy(f"{_PAYLOAD}/{volume.package.thing_id}/{content.path}", content)
    payload = dict(sink.files)
    tags = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": _info(codes, source, now, sum(each.size for each in payload.values()), len(payload)),
        **{f"manifest-{name}.txt": _manifest(payload.items(), name) for name in ALGORITHMS},
    }
    for path, text in tags.items():
        sink.put(path, text)
    for name in ALGORITHMS:
        told = _manifest(((path, sink.files[path]) for path in tags), name)
        sink.put(f"tagmanifest-{name}.txt", told)


def _manifest(files: Iterable[tuple[str, object]], algorithm: str) -> str:
    return "".join(f"{written.digests[algorithm]}  {path}\n" for path, written in files)  # type: ignore[attr-defined]


def _info(codes: list[str], source: str, now: datetime, size: int, files: int) -> str:
    """Tags of RFC 8493 2.2.2; the reference codes of the volumes stand one a line."""
    lines = [
        f"Source-Organization: {_one_line(source)}",
        f"Bagging-Date: {now.date().isoformat()}",
        "Bag-Software-Agent: Zhudang 筑档",
        f"Payload-Oxum: {size}.{files}",
        *(f"External-Identifier: {_one_line(code)}" for code in codes),
    ]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())

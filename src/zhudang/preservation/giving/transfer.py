"""A transfer package by the tree of DA/T 93-2022 annex B, in our SIP profile: note, directory, digest list, one folder a record.

    说明文件.TXT  目录文件.XML  digests.sm3
    <案卷档号>/案卷元数据.xml
    <案卷档号>/<件号>-<题名>/元数据.xml  <原文件名>
    其他/<案卷档号>/description.json checks.json provenance.json rights.json …

The standard's text was not available to us; the tree follows descriptions of systems that take it (knowledge-low).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from zhudang.checks.packages.transfer import CODE, DIGESTS, DIRECTORY, LONGEST_NAME, NOTE, PLACE, TITLE
from zhudang.checks.packing import METADATA, XML_HEAD, elements, note, plain_name
from zhudang.preservation.domain.description import FILE_LABELS, RECORD_LABELS, VOLUME_LABELS, said
from zhudang.preservation.giving.gathering import GivenVolume
from zhudang.preservation.giving.sinks import Sink

VOLUME_METADATA, APART = "案卷元数据.xml", "其他"
_LONGEST_TITLE = 30


def write(sink: Sink, volumes: Iterable[GivenVolume], *, project_code: str, works_code: str, now: datetime) -> None:
    """Write the package; the digest list closes it."""
    entries, records = [], 0
    for volume in volumes:
        folder = plain_name(volume.code)[:LONGEST_NAME]
        told = said("volume", VOLUME_LABELS, volume.description["volume"])
        entries.append(_entry("案卷", {CODE: volume.code, **told, PLACE: folder}))
        sink.put(f"{folder}/{VOLUME_METADATA}", _metadata("案卷", {CODE: volume.code, **told}))
        for number, record in enumerate(volume.description["records"], 1):
            entries.append(_record(sink, volume, folder, number, record))
            records += 1
        for document in volume.documents:
            sink.copy(f"{APART}/{folder}/{document.path}", document)
    sink.put(DIRECTORY, f"{XML_HEAD}<目录文件>\n{''.join(entries)}</目录文件>\n")
    sizes = {path: written.size for path, written in sink.files.items()}
    sink.put(NOTE, note(project=project_code, works=works_code, made_at=now, entries=records, sizes=sizes))
    listed = sorted((path, written.digests["sm3"]) for path, written in sink.files.items())
    sink.put(DIGESTS, "".join(f"{digest}  {path}\n" for path, digest in listed))


def _record(sink: Sink, volume: GivenVolume, folder: str, number: int, record: Mapping[str, Any]) -> str:
    """Write one record's folder; give its entry of the directory."""
    place = f"{folder}/{number:03d}-{plain_name(record['title'])[:_LONGEST_TITLE]}".rstrip(". ")
    told = {**said("record", RECORD_LABELS, record), CODE: volume.code_of(record, number), TITLE: record["title"]}
    taken: set[str] = {METADATA}
    files = []
    for file in record["files"]:
        name = _free_name(file["original_name"], taken)
        sink.copy(f"{place}/{name}", volume.contents[file["stored_as"]])
        files.append({"文件名": name, **said("file", FILE_LABELS, file)})
    sink.put(f"{place}/{METADATA}", _metadata("文件", told, files))
    return _entry("文件", {**told, PLACE: place})


def _entry(kind: str, values: Mapping[str, str]) -> str:
    return f" <{kind}>\n{elements(values, '  ')} </{kind}>\n"


def _metadata(kind: str, values: Mapping[str, str], files: Iterable[Mapping[str, str]] = ()) -> str:
    inner = "".join(f"  <电子文件>\n{elements(file, '   ')}  </电子文件>\n" for file in files)
    return f"{XML_HEAD}<元数据>\n <{kind}>\n{elements(values, '  ')}{inner} </{kind}>\n</元数据>\n"


def _free_name(original: str, taken: set[str]) -> str:
    """The original name as any file system keeps it; a second one of the same name is numbered."""
    path = PurePosixPath(plain_name(original))
    suffix = path.suffix if len(path.suffix) < LONGEST_NAME // 2 else ""
    stem = path.name.removesuffix(suffix)
    number = 1
    while True:
        mark = f"（{number}）" if number > 1 else ""
        name = f"{stem[: LONGEST_NAME - len(suffix) - len(mark)]}{mark}{suffix}"
        if name.casefold() not in {each.casefold() for each in taken}:
            taken.add(name)
            return name
        number += 1

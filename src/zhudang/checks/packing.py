"""`zhudang package FOLDER`: packs a folder for submission, as a ZIP by the SIP profile of `packages/transfer.py`.

    SIP-<project>-<works>-<yyyyMMddHHmmss>-01.zip
      说明文件.TXT  目录文件.XML  digests.sm3
      文件/0001-<title>/元数据.xml  文件/0001-<title>/<content>
      其他/检测报告.json

What the clerk wrote in a sheet beside the files (著录.csv or 著录.xlsx; column 文件 names the file, each other column is
an element) goes into the metadata, so nobody types it again. Anything that blocks refuses the whole, with all reasons.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sys
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO
from xml.sax.saxutils import escape

from zhudang.checks.command import NOT_RUN, NOTHING_BLOCKS, SOMETHING_BLOCKS, WRONG_USAGE, Options
from zhudang.checks.engine import Engine
from zhudang.checks.folder_check import files_under
from zhudang.checks.model import FileReport, FileToCheck, Severity, Verdict
from zhudang.checks.packages.transfer import CODE, DIGESTS, DIRECTORY, NOTE, PLACE, TITLE, counted_files
from zhudang.checks.report import to_json
from zhudang.checks.rules import translate

SHEETS = ("著录.csv", "著录.xlsx")
FILE_COLUMN, ORIGINAL_NAME, ORIGINAL_FOLDER = "文件", "原文件名", "原路径"
CONTENT, METADATA, REPORT = "文件", "元数据.xml", "其他/检测报告.json"
LONGEST_NAME, LONGEST_TITLE = 80, 30
ELEMENT = re.compile(r"[^\W\d][\w.-]*")
XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class SheetUnreadable(Exception):
    """The sheet of descriptions cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What the package is called: codes of project and works, and when it was made."""

    project: str
    works: str
    made_at: datetime

    @property
    def name(self) -> str:
        return f"SIP-{plain_name(self.project)}-{plain_name(self.works)}-{self.made_at:%Y%m%d%H%M%S}-01.zip"


@dataclass(frozen=True, slots=True)
class _Item:
    """One file to pack: where it lies, its folder in the package, its description by element."""

    path: Path
    folder: str
    description: Mapping[str, str]
    report: FileReport

    @property
    def stored(self) -> str:
        suffix = self.path.suffix
        stem = plain_name(self.path.name.removesuffix(suffix))[: LONGEST_NAME - len(suffix)]
        return f"{self.folder}/{stem}{suffix}"


def run(
    folder: Path,
    naming: Naming,
    out_file: Path | None = None,
    options: Options | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Check the folder and pack it; says why when it does not.

    Returns:
        0 packed, 1 something blocks, 2 wrong usage, 3 a check could not be run.
    """
    options, out, err = options or Options(), out or sys.stdout, err or sys.stderr
    place = 1 if options.language == "en" else 0
    target = out_file or folder.absolute().parent / naming.name
    if not folder.is_dir() or target.exists() or not target.absolute().parent.is_dir():
        print((f"没有这个文件夹，或已有 {target}", f"no such folder, or {target} is there already")[place], file=err)
        return WRONG_USAGE
    files = [each for each in files_under([folder]) if each.label not in SHEETS]
    try:
        rows = read_sheet(folder)
    except SheetUnreadable as trouble:
        print((f"著录表读不出：{trouble}", f"the sheet cannot be read: {trouble}")[place], file=err)
        return SOMETHING_BLOCKS
    with Engine(options.workers, options.timeout_s, settings=options.settings) as engine:
        reports = {each.path: each for each in engine.check_paths(files)}
    reasons = list(_reasons(files, rows, reports, options.language))
    for reason in reasons:
        print(reason, file=err)
    if any(each.verdict is Verdict.NOT_CHECKED for each in reports.values()):
        return NOT_RUN
    if reasons:
        return SOMETHING_BLOCKS
    changed = _write(target, _items(files, rows, reports), naming)
    if changed:
        print((f"打包时被改动：{changed}", f"changed while packing: {changed}")[place], file=err)
        return SOMETHING_BLOCKS
    print((f"已打包 {len(files)} 个文件：{target}", f"packed {len(files)} files: {target}")[place], file=out)
    return NOTHING_BLOCKS


def read_sheet(folder: Path) -> dict[str, dict[str, str]]:
    """Descriptions by file (path relative to the folder) from the sheet there; empty when there is none.

    Raises:
        SheetUnreadable: neither UTF-8 nor GB 18030, no column 文件, a file described twice.
    """
    sheet = next((folder / name for name in SHEETS if (folder / name).is_file()), None)
    if sheet is None:
        return {}
    head, *lines = _excel(sheet) if sheet.suffix == ".xlsx" else _csv(sheet)
    if FILE_COLUMN not in head:
        raise SheetUnreadable(f"{sheet.name}: {FILE_COLUMN}?")
    rows: dict[str, dict[str, str]] = {}
    for line in lines:
        row = {name: value for name, value in zip(head, line, strict=False) if name and value}
        name = unicodedata.normalize("NFC", row.pop(FILE_COLUMN, "")).replace("\\", "/")
        if not name:
            continue
        if name in rows:
            raise SheetUnreadable(f"{sheet.name}: {name} × 2")
        rows[name] = row
    return rows


def _csv(sheet: Path) -> list[list[str]]:
    raw = sheet.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""))] or [[]]
    raise SheetUnreadable(f"{sheet.name}: UTF-8, GB 18030?")


def _excel(sheet: Path) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(sheet, read_only=True, data_only=True)
        lines = [[_cell(cell) for cell in line] for line in book.worksheets[0].iter_rows(values_only=True)]
    except Exception as trouble:  # the reader raises whatever its parsers raise
        raise SheetUnreadable(f"{sheet.name}: {trouble}"[:200]) from trouble
    return lines or [[]]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value).strip()


def _reasons(
    files: Sequence[FileToCheck],
    rows: Mapping[str, Mapping[str, str]],
    reports: Mapping[str, FileReport],
    language: str,
) -> Iterator[str]:
    """Everything that speaks against packing, at once."""
    place = 1 if language == "en" else 0
    if not files:
        yield ("没有文件", "there are no files")[place]
    names = {unicodedata.normalize("NFC", each.label or "") for each in files}
    for name in rows.keys() - names:
        yield (f"著录表里的文件不在：{name}", f"described but not there: {name}")[place]
    for name in {name for row in rows.values() for name in row}:
        if not ELEMENT.fullmatch(name):
            yield (f"著录表的列名不能用：{name}", f"a column's name cannot be used: {name}")[place]
    for path, report in sorted(reports.items()):
        for found in report.findings:
            if found.severity is Severity.BLOCK or report.verdict is Verdict.NOT_CHECKED:
                yield f"{path}: {found.code} {translate(found, language)}"


def _items(
    files: Sequence[FileToCheck], rows: Mapping[str, Mapping[str, str]], reports: Mapping[str, FileReport]
) -> list[_Item]:
    items = []
    for number, each in enumerate(files, 1):
        label = each.label or each.path.name
        said = dict(rows.get(unicodedata.normalize("NFC", label), {}))
        title = said.pop(TITLE, "") or Path(label).stem
        code = said.pop(CODE, "") or f"{number:04d}"
        description = {CODE: code, TITLE: title, **said, ORIGINAL_NAME: Path(label).name}
        if parent := Path(label).parent.as_posix().removeprefix("."):
            description[ORIGINAL_FOLDER] = parent
        folder = f"{CONTENT}/{number:04d}-{plain_name(title)[:LONGEST_TITLE]}".rstrip(". ")
        items.append(_Item(each.path, folder, description, reports[label]))
    return items


def plain_name(text: str) -> str:
    """A name any file system keeps."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", unicodedata.normalize("NFC", text)).strip(" .") or "_"


def elements(values: Mapping[str, str], indent: str) -> str:
    """One element a value; characters XML cannot hold are left out."""
    clean = {name: re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", value) for name, value in values.items()}
    return "".join(f"{indent}<{name}>{escape(value)}</{name}>\n" for name, value in clean.items())


def _write(target: Path, items: Sequence[_Item], naming: Naming) -> str:
    """Write the package whole or not at all; gives the name of a file that changed since its check, else nothing."""
    beside = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as package:
            changed = _fill(package, items, naming)
        if not changed:
            beside.replace(target)
        return changed
    finally:
        beside.unlink(missing_ok=True)


def _fill(package: zipfile.ZipFile, items: Sequence[_Item], naming: Naming) -> str:
    digests: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def put(name: str, text: str) -> None:
        raw = text.encode("utf-8")
        package.writestr(name, raw)
        digests[name], sizes[name] = hashlib.new("sm3", raw).hexdigest(), len(raw)

    for item in items:
        if _copy(package, item) != item.report.sm3:
            return item.path.name
        digests[item.stored], sizes[item.stored] = item.report.sm3 or "", item.report.size
        put(f"{item.folder}/{METADATA}", f"{XML_HEAD}<元数据>\n{elements(item.description, ' ')}</元数据>\n")
    entries = "".join(
        f" <文件>\n{elements({**item.description, PLACE: item.folder}, '  ')} </文件>\n" for item in items
    )
    put(DIRECTORY, f"{XML_HEAD}<目录文件>\n{entries}</目录文件>\n")
    put(REPORT, json.dumps(to_json(item.report for item in items), ensure_ascii=False, indent=1) + "\n")
    told = note(project=naming.project, works=naming.works, made_at=naming.made_at, entries=len(items), sizes=sizes)
    put(NOTE, told)
    package.writestr(DIGESTS, "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())))
    return ""


def _copy(package: zipfile.ZipFile, item: _Item) -> str:
    """Put one file in, reading it once; gives the SM3 of what was read."""
    made = hashlib.new("sm3")
    entry = zipfile.ZipInfo(item.stored, datetime.now().astimezone().timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    with item.path.open("rb") as source, package.open(entry, "w", force_zip64=True) as into:
        while chunk := source.read(1024 * 1024):
            made.update(chunk)
            into.write(chunk)
    return made.hexdigest()


def note(*, project: str, works: str, made_at: datetime, entries: int, sizes: Mapping[str, int]) -> str:
    """The note file of the profile: who, when, and the numbers a receiver compares.

    Args:
        entries: records (件) of the package.
        sizes: bytes of every file by its path.
    """
    files = counted_files(sizes)
    return (
        f"移交说明\n项目代码：{project}\n工程代码：{works}\n"
        f"制作时间：{made_at.isoformat(timespec='seconds')}\n件数：{entries}\n文件数：{len(files)}\n"
        f"字节数：{sum(sizes[name] for name in files)}\n摘要清单：{DIGESTS}\n摘要算法：SM3\n"
    )

"""A PDF's own frame: header, page tree, and whether every object and stream can be read."""

from __future__ import annotations

import re
import time
from typing import Any

import pikepdf

from zhudang.checks.examine import Case
from zhudang.checks.openers import pdf_dictionaries, pdf_streams

HEADER = re.compile(rb"%PDF-(1\.[0-7]|2\.\d)(?=[\r\n %])")
HEAD_BYTES = 1024
DEEP_BYTES = 16 * 1024 * 1024
"""Larger files are not read object by object here; their pages are looked at all the same."""
BUDGET_S = 4.0
OBJECT_STREAM = re.compile(rb"/ObjStm\b")
OBJECT_HEAD = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\b")
DICTIONARY_BYTES = 2000
OBJECT_STREAMS = 2000
FORBIDDEN_INSIDE = re.compile(rb">>\s*stream\r?\n|\A\s*\d+\s+\d+\s+obj\b")
FAULTS = {
    "offset": {"zh": "文件头不在开头", "en": "the header is not at the start"},
    "version": {"zh": "文件头没有有效的版本号", "en": "the header has no valid version"},
    "count": {"zh": "声明的页数与实际不符", "en": "the declared number of pages is wrong"},
    "packed": {"zh": "对象流的目录与内容不符", "en": "an object stream's index does not fit its content"},
    "catalog": {"zh": "文件目录里有类型不对的条目", "en": "an entry of the catalogue has the wrong type"},
    "id": {"zh": "文件标识（ID）不是两个字节串", "en": "the identifier (ID) is not two byte strings"},
    "info": {"zh": "文件信息或其中的日期写法不对", "en": "the document information or a date in it is malformed"},
    "outline": {"zh": "书签缺标题、循环或不指向任何页", "en": "the outline lacks titles, loops or leads nowhere"},
    "names": {"zh": "名称树里有不合规定的节点", "en": "a name tree has a node that is none"},
    "destination": {"zh": "有跳转目标不指向任何页", "en": "a destination leads to no page"},
    "structure": {"zh": "结构树的根或元素不合规定", "en": "the structure tree or one of its elements is malformed"},
    "page": {"zh": "有页的条目类型不对或指向空处", "en": "an entry of a page has the wrong type or leads nowhere"},
    "media": {"zh": "有页没有尺寸", "en": "a page has no size"},
}


def examine(case: Case, pdf: pikepdf.Pdf) -> None:
    """Note where the frame of the document is not as ISO 32000 prescribes."""
    _header(case)
    _tree(case, pdf)
    for name in pdf_dictionaries.faults(case, pdf):
        _fault(case, name)
    if case.size <= DEEP_BYTES:
        pdf_streams.examine(case, pdf)
        _object_streams(case, pdf)


def _fault(case: Case, name: str) -> None:
    case.find("PDF-020", what=FAULTS[name])


def _header(case: Case) -> None:
    with case.path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head[:5] != b"%PDF-":
        _fault(case, "offset")
    start = head.find(b"%PDF-")
    if start < 0 or HEADER.match(head, start) is None:
        _fault(case, "version")


def _tree(case: Case, pdf: pikepdf.Pdf) -> None:
    root: Any = pdf.Root.get("/Pages")
    if isinstance(root, pikepdf.Dictionary) and root.get("/Count") != case.facts["pages"]:
        _fault(case, "count")
    first: Any = pdf.pages[0].obj
    if "/MediaBox" not in first:
        parent: Any = first.get("/Parent")
        for _ in range(40):
            if not isinstance(parent, pikepdf.Dictionary) or "/MediaBox" in parent:
                break
            parent = parent.get("/Parent")
        if not isinstance(parent, pikepdf.Dictionary):
            _fault(case, "media")


def _object_streams(case: Case, pdf: pikepdf.Pdf) -> None:
    """Objects kept inside streams must stand where the stream's own index says. Source: ISO 32000-1 7.5.7."""
    content, until = case.path.read_bytes(), time.monotonic() + BUDGET_S
    for count, mark in enumerate(OBJECT_STREAM.finditer(content)):
        if count >= OBJECT_STREAMS or time.monotonic() > until:
            break
        head = OBJECT_HEAD.findall(content, max(0, mark.start() - DICTIONARY_BYTES), mark.start())
        if head and not _packed_well(pdf.get_object((int(head[-1][0]), int(head[-1][1])))):
            _fault(case, "packed")
            break


def _packed_well(stream: Any) -> bool:
    if not isinstance(stream, pikepdf.Stream) or stream.get("/Type") != "/ObjStm":
        return True
    try:
        content, count, first = stream.read_bytes(), int(stream["/N"]), int(stream["/First"])
        numbers = [int(each) for each in content[:first].split()]
    except (pikepdf.PdfError, RuntimeError, KeyError, TypeError, ValueError):
        return False
    places = numbers[1 : 2 * count : 2]
    if len(numbers) < 2 * count or any(not 0 <= place < len(content) - first for place in places):
        return False
    ends = [*sorted(places)[1:], len(content) - first]
    pieces = (content[first + place : first + end] for place, end in zip(sorted(places), ends, strict=True))
    # A stream, or an object with a head of its own, may not stand inside an object stream.
    return not any(FORBIDDEN_INSIDE.search(piece) for piece in pieces)

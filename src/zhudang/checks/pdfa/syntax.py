"""The bytes themselves: header, objects, streams, hexadecimal strings, cross-reference tables, end (6.1).

Object libraries mend what they read, so these rules need the file as it lies on disk. The file is walked
once from its start; streams are stepped over by their Length.
"""

from __future__ import annotations

import mmap
import re
import time
from pathlib import Path

import pikepdf

from zhudang.checks.pdfa import xref
from zhudang.checks.pdfa.judgement import Judgement

Bytes = bytes | mmap.mmap
HEADERS = {1: rb"%PDF-1\.[0-9]", 2: rb"%PDF-1\.[0-7]", 3: rb"%PDF-1\.[0-7]", 4: rb"%PDF-2\.[0-9]"}
EOL = b"\r\n"
BLANK = rb"[\0\t\n\f\r ]"
OBJECT = re.compile(BLANK + rb"*(?<!\d)(\d{1,10})(" + BLANK + rb"+)(\d{1,5})(" + BLANK + rb"*)obj")
MARK = re.compile(rb"[(<%]|endobj|(?<!end)stream(?=[\r\n ])")
CONTENT_MARK = re.compile(rb"[(<%]|(?<![^\0\t\n\f\r ])ID[\0\t\n\f\r ]")
IMAGE_END = re.compile(rb"[\0\t\n\f\r ]EI(?=[\0\t\n\f\r ]|$)")
LENGTH = re.compile(rb"/Length" + BLANK + rb"+(\d+)(?:" + BLANK + rb"+(\d+)" + BLANK + rb"+R)?")
XREF = re.compile(rb"(?<!start)xref")
SECTION = re.compile(rb"(\d+)(" + BLANK + rb"+)(\d+)" + BLANK + rb"*[\r\n]")
IDS = re.compile(rb"/ID" + BLANK + rb"*\[" + BLANK + rb"*(<[^>]*>|\()")
HEX = re.compile(rb"[0-9A-Fa-f]*")
SPACES = b"\0\t\n\f\r "
LONGEST_STRING = 4 * 1024 * 1024
LARGEST_FILE = 512 * 1024 * 1024
BUDGET_S = 8.0
SYNTAX_RULES = ("object-spacing", "stream-length", "stream-eol", "hex-odd", "hex-digits", "xref-eol", "xref-space")


def examine(judgement: Judgement, path: Path, pdf: pikepdf.Pdf) -> None:
    """Judge the bytes of one file."""
    if path.stat().st_size > LARGEST_FILE:
        for rule in SYNTAX_RULES:
            judgement.leave(rule)
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _header(judgement, data)
        _end(judgement, data)
        _identifiers(judgement, data, pdf)
        _cross_references(judgement, data)
        _Walk(judgement, data, pdf).run()


def _header(judgement: Judgement, data: Bytes) -> None:
    line = re.compile(HEADERS[judgement.part] + rb"(\r\n|\n|\r)").match(data)
    if line is None:
        judgement.violate("header")
    first = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)").match(data)
    start = first.end() if first else 0
    comment = data[start : start + 5]
    if len(comment) < 5 or comment[:1] != b"%" or min(comment[1:]) <= 127:
        judgement.violate("header-comment")


def _end(judgement: Judgement, data: Bytes) -> None:
    last = data.rfind(b"%%EOF")
    if last >= 0 and bytes(data[last + 5 :]) not in {b"", b"\n", b"\r", b"\r\n"}:
        judgement.violate("after-eof")


def _identifiers(judgement: Judgement, data: Bytes, pdf: pikepdf.Pdf) -> None:
    identifier = pdf.trailer.get("/ID")
    parts = list(identifier) if isinstance(identifier, pikepdf.Array) else []
    if not parts or (judgement.part > 1 and not any(len(bytes(part)) for part in parts)):
        judgement.violate("trailer-id")
    if not pdf.is_linearized:
        return
    found = [match[1].lower() for match in IDS.finditer(data) if match[1] != b"("]
    if len(found) > 1 and found[0] != found[-1]:
        judgement.violate("linear-id")


def _cross_references(judgement: Judgement, data: Bytes) -> None:
    for match in XREF.finditer(data):
        before = data[match.start() - 1 : match.start()]
        if before and before not in SPACES_SET:
            continue
        position = match.end()
        following = bytes(data[position : position + 40])
        if not re.match(BLANK + rb"*\d", following):
            continue
        if not re.match(rb"(?:\r\n|\n|\r)\d", following):
            judgement.violate("xref-eol", f"@{match.start()}")
        _sections(judgement, data, position)


def _sections(judgement: Judgement, data: Bytes, position: int) -> None:
    blank = re.compile(BLANK + rb"*")
    while section := SECTION.match(data, blank.match(data, position).end()):  # type: ignore[union-attr]
        if section[2] != b" ":
            judgement.violate("xref-space", f"@{section.start()}")
        position = section.end() + 20 * int(section[3])
        if position >= len(data) or int(section[3]) == 0:
            return


SPACES_SET = {bytes([each]) for each in SPACES}


class _Walk:
    """One pass over the objects of a file."""

    def __init__(self, judgement: Judgement, data: Bytes, pdf: pikepdf.Pdf) -> None:
        self.judgement = judgement
        self.data = data
        self.pdf = pdf

    def run(self) -> None:
        """Judge the objects in use; those no cross-reference leads to are no part of the document."""
        places = xref.read(self.data, self.pdf)
        for offset in places.streams if places else []:
            self.judgement.violate("xref-stream", f"@{offset}")
        heads = [OBJECT.match(self.data, offset) for offset in places.offsets.values()] if places else []
        until = time.monotonic() + BUDGET_S
        if heads and all(heads):
            for head in heads:
                self._object(head)  # type: ignore[arg-type]
                if time.monotonic() > until:
                    self._leave()
                    return
            return
        position = 0
        while found := OBJECT.search(self.data, position):
            position = self._object(found)
            if time.monotonic() > until:
                self._leave()
                return

    def _leave(self) -> None:
        self.judgement.incomplete = True
        for rule in SYNTAX_RULES:
            self.judgement.leave(rule)

    def _object(self, head: re.Match[bytes]) -> int:
        """Judge one object; return where the next may begin."""
        data, place = self.data, head[1].decode()
        spaced = head[2] == b" " and head[4] == b" "
        spaced &= head.start(1) == 0 or data[head.start(1) - 1] in EOL
        spaced &= head.end() < len(data) and data[head.end()] in EOL
        position, content = head.end(), head.end()
        while mark := MARK.search(data, position):
            if mark[0] == b"endobj":
                spaced &= data[mark.start() - 1] in EOL
                spaced &= mark.end() >= len(data) or data[mark.end()] in EOL
                position = mark.end()
                break
            if mark[0] == b"stream":
                position = self._stream(place, bytes(data[content : mark.start()]), mark.end())
                continue
            position = skip(data, mark, self._hexadecimal, place)
        else:
            position = len(data)
        if not spaced:
            self.judgement.violate("object-spacing", place)
        return position

    def _hexadecimal(self, text: bytes, place: str) -> None:
        judge_hexadecimal(self.judgement, text, place)

    def _stream(self, place: str, dictionary: bytes, position: int) -> int:
        data = self.data
        start = re.compile(rb"\r\n|\n").match(data, position)
        if start is None:
            self.judgement.violate("stream-eol", place)
        begin = start.end() if start else position + (data[position : position + 1] == b"\r")
        length = self._length(dictionary)
        end = re.compile(rb"(\r\n|\n|\r)?endstream").match(data, begin + length) if length is not None else None
        if end is None:
            self.judgement.violate("stream-length", place)
            found = data.find(b"endstream", begin)
            if found < 0:
                return len(data)
            if data[found - 1] not in EOL:
                self.judgement.violate("stream-eol", place)
            return found + 9
        if end[1] is None:
            # The stream's own last byte may be the line end, then Length counts it in.
            self.judgement.violate("stream-eol" if data[end.start() - 1] not in EOL else "stream-length", place)
        if b"/ObjStm" in dictionary:
            self._inner(place)
        return end.end()

    def _length(self, dictionary: bytes) -> int | None:
        found = LENGTH.search(dictionary)
        if found is None:
            return None
        if found[2] is None:
            return int(found[1])
        try:
            value = self.pdf.get_object((int(found[1]), int(found[2])))
        except (pikepdf.PdfError, ValueError, OverflowError):
            return None
        return int(value) if isinstance(value, int) else None

    def _inner(self, place: str) -> None:
        """Hexadecimal strings inside an object stream."""
        try:
            content = self.pdf.get_object((int(place), 0)).read_bytes()
        except (pikepdf.PdfError, AttributeError, ValueError):
            return
        judge_strings(self.judgement, content, place)


def judge_strings(judgement: Judgement, content: bytes, place: str) -> None:
    """Judge every hexadecimal string of a content or object stream."""
    position = 0
    while mark := CONTENT_MARK.search(content, position):
        if mark[0][:2] == b"ID":
            # The bytes of an inline image are no syntax.
            end = IMAGE_END.search(content, mark.end())
            position = end.end() if end else len(content)
            continue
        position = skip(content, mark, lambda text, where: judge_hexadecimal(judgement, text, where), place)


def judge_hexadecimal(judgement: Judgement, text: bytes, place: str) -> None:
    digits = text.translate(None, SPACES)
    if not HEX.fullmatch(digits):
        judgement.violate("hex-digits", place)
    if len(digits) % 2:
        judgement.violate("hex-odd", place)


def skip(data: Bytes, mark: re.Match[bytes], hexadecimal: object, place: str) -> int:
    """Step over the string, dictionary bracket or comment that begins at `mark`."""
    position = mark.start()
    if mark[0] == b"(":
        return _literal_end(data, position)
    if mark[0] == b"%":
        line = re.compile(rb"[^\r\n]*").match(data, position)
        return line.end() if line else position + 1
    if data[position : position + 2] == b"<<":
        return position + 2
    end = data.find(b">", position, position + LONGEST_STRING)
    if end < 0:
        return position + 1
    hexadecimal(bytes(data[position + 1 : end]), place)  # type: ignore[operator]
    return end + 1


def _literal_end(data: Bytes, position: int) -> int:
    depth = 0
    for mark in re.compile(rb"[()]|\\.", re.DOTALL).finditer(data, position, position + LONGEST_STRING):
        if mark[0] == b"(":
            depth += 1
        elif mark[0] == b")":
            depth -= 1
            if depth == 0:
                return mark.end()
    return position + 1

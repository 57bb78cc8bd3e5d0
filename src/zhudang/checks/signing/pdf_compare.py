"""What a reader sees of two revisions of one PDF: the signed one and the last. Differences by kind.

A second opinion beside the PDF library's own analysis, which judges rewritten objects and is led astray by numbers
used again. This one follows what pages, fields and catalogue show, whatever the objects are called.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf

MOST_PAIRS = 400_000
LONGEST_S = 15.0
CATALOGUE_FREE = {
    "/DSS",
    "/Extensions",
    "/Version",
    "/Metadata",
    "/AcroForm",
    "/Perms",
    "/Pages",
    "/StructTreeRoot",
    "/MarkInfo",
    "/PieceInfo",
    "/Lang",
    "/Type",
}
"""Entries that show nothing, or that are compared by themselves."""
PAGE_FREE = {"/Parent", "/Annots", "/StructParents", "/Tabs", "/LastModified", "/PieceInfo", "/Metadata", "/Type"}
INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
WIDGET_FREE = {
    "/P",
    "/Parent",
    "/StructParent",
    "/M",
    "/V",
    "/AP",
    "/AS",
    "/Kids",
    "/DA",
    "/Q",
    "/F",
    "/MK",
    "/RV",
    "/Lock",
    "/SV",
    "/I",
    "/DV",
}
FORM_FREE = {"/Fields", "/SigFlags", "/NeedAppearances", "/DA", "/DR", "/CO"}
DEEPEST = 40
IN_MEMORY_BYTES = 32 * 1024 * 1024


class TooMuch(Exception):
    """The documents are too large to compare in the time given."""


@dataclass
class Changes:
    """Places that differ. `filled`: form fields that were empty; `replaced`: those that had a value; `notes`:
    annotations added; `overlaid`: new signature fields that show something and hold no signature; `signed`: new
    signatures; `content`: everything a signature was to protect."""

    filled: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    overlaid: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)


class Window(io.RawIOBase):
    """The first `end` bytes of a file: the document as it was when that was all of it."""

    def __init__(self, path: Path, end: int) -> None:
        self._file = path.open("rb")
        self._end, self._place = end, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._end}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._place)
        room = max(0, min(len(buffer), self._end - self._place))
        content = self._file.read(room)
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


def compare(path: Path, end: int, now: pikepdf.Pdf, time_s: float = LONGEST_S) -> Changes:
    """Compare the first `end` bytes of a file as a document with the whole document `now`, in so much time at most.

    Raises:
        TooMuch: not done within limits.
        pikepdf.PdfError: the first bytes are no document.
    """
    with (
        _opening(path, end) as stream,
        pikepdf.open(stream, suppress_warnings=True) as then,
    ):
        comparing = _Comparing(time.monotonic() + min(LONGEST_S, time_s))
        changes = Changes()
        comparing.catalogue(then.Root, now.Root, changes)
        comparing.pages(then, now, changes)
        comparing.form(then, now, changes)
        return changes


def _opening(path: Path, end: int) -> BinaryIO:
    """Small documents are read at once: the PDF library asks for its place millions of times."""
    if end > IN_MEMORY_BYTES:
        return io.BufferedReader(Window(path, end), 1024 * 1024)
    with path.open("rb") as stream:
        return io.BytesIO(stream.read(end))


class _Comparing:
    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._met: set[tuple[Any, Any]] = set()
        self._left = MOST_PAIRS

    def catalogue(self, then: Any, now: Any, changes: Changes) -> None:
        for key in sorted({*then.keys(), *now.keys()} - CATALOGUE_FREE):
            if not self.same(then.get(key), now.get(key)):
                changes.content.append(key)

    def pages(self, then: pikepdf.Pdf, now: pikepdf.Pdf, changes: Changes) -> None:
        before, after = list(then.pages), list(now.pages)
        if len(before) != len(after):
            changes.content.append(f"pages {len(before)} → {len(after)}")
        for number, (old, new) in enumerate(zip(before, after, strict=False), 1):
            keys = {*old.obj.keys(), *new.obj.keys(), *INHERITED} - PAGE_FREE
            for key in sorted(keys):
                if not self.same(_page_entry(old, key), _page_entry(new, key)):
                    changes.content.append(f"page {number} {key}")
            self._notes(old.obj, new.obj, number, changes)

    def _notes(self, then: Any, now: Any, number: int, changes: Changes) -> None:
        before, after = _list(then.get("/Annots")), _list(now.get("/Annots"))
        left = {_key(each): each for each in after}
        for place, note in enumerate(before):
            other = left.pop(_key(note), None)
            if other is None and not _key(note)[0]:
                other = after[place] if place < len(after) else None
            if _is_widget(note):
                if other is None:
                    changes.content.append(f"page {number} field removed")
                continue  # compared with the form
            if not self.same(note, other, {"/P", "/Parent", "/M", "/Popup"}):
                changes.content.append(f"page {number} annotation")
        known = {_key(each) for each in before}
        for key, note in left.items():
            if key in known or not isinstance(note, pikepdf.Dictionary):
                continue
            if _is_widget(note):
                if _entry(note, "/FT") != "/Sig":
                    changes.content.append(f"page {number} field added")
            elif key[0] or len(after) > len(before):
                changes.notes.append(f"page {number}")

    def form(self, then: pikepdf.Pdf, now: pikepdf.Pdf, changes: Changes) -> None:
        before, after = (_form(pdf) for pdf in (then, now))
        for key in sorted(({*before.keys()} | {*after.keys()}) - FORM_FREE):
            if not self.same(before.get(key), after.get(key)):
                changes.content.append(f"/AcroForm {key}")
        fonts = _entry_of(before, "/DR", "/Font"), _entry_of(after, "/DR", "/Font")
        for name in fonts[0].keys() if isinstance(fonts[0], pikepdf.Dictionary) else ():
            if not self.same(
                fonts[0].get(name), fonts[1].get(name) if isinstance(fonts[1], pikepdf.Dictionary) else None
            ):
                changes.content.append(f"/AcroForm /DR {name}")
        old, new = dict(_leaves(before)), dict(_leaves(after))
        for name, fields in old.items():
            if name not in new:
                changes.content.append(f"field {name} removed")
            else:
                self._field(name, fields, new[name], changes)
        for name, fields in new.items():
            if name not in old:
                kinds = {str(_entry(each, "/FT")) for each in fields}
                if kinds == {"/Sig"} and not all(map(_shows_unsigned, fields)):
                    changes.signed.append(f"field {name}")
                else:
                    (changes.overlaid if kinds == {"/Sig"} else changes.content).append(f"field {name}")

    def _field(self, name: str, then: list[Any], now: list[Any], changes: Changes) -> None:
        if len(then) != len(now):
            changes.content.append(f"field {name}")
        for old, new in zip(then, now, strict=False):
            if not self.same(old, new, WIDGET_FREE):
                changes.content.append(f"field {name}")
            value = _entry(old, "/V")
            kept = self.same(value, _entry(new, "/V"))
            if _entry(old, "/FT") == "/Sig":
                if value is None and not kept:
                    changes.signed.append(name)
                elif not kept or (value is not None and not self._same_look(old, new)):
                    changes.content.append(f"signature {name}")
            elif not kept:
                (changes.filled if _blank(value) else changes.replaced).append(name)
            elif not self._same_look(old, new):
                (changes.filled if _blank(value) else changes.replaced).append(f"{name} /AP")

    def _same_look(self, old: Any, new: Any) -> bool:
        return self.same(old.get("/AP"), new.get("/AP")) and self.same(old.get("/AS"), new.get("/AS"))

    def same(self, then: Any, now: Any, free: set[str] | None = None) -> bool:
        """Whether two objects and all they lead to are alike. Pairs met before are taken as they were found."""
        waiting = [(then, now, free or set())]
        tried: set[tuple[Any, Any]] = set()
        while waiting:
            self._left -= 1
            if self._left < 0 or (not self._left % 500 and time.monotonic() > self._deadline):
                raise TooMuch
            old, new, skipped = waiting.pop()
            if not isinstance(old, pikepdf.Object) or not isinstance(new, pikepdf.Object):
                if type(old) is not type(new) or old != new:
                    return False
                continue
            pair = (old.objgen, new.objgen)
            if old.is_indirect and new.is_indirect and not skipped:
                if pair in self._met or pair in tried:
                    continue
                tried.add(pair)
            if not _step(old, new, skipped, waiting):
                return False
        self._met |= tried
        return True


def _step(old: Any, new: Any, skipped: set[str], waiting: list[tuple[Any, Any, set[str]]]) -> bool:
    """Compare two objects themselves and put what they hold on the list."""
    if isinstance(old, pikepdf.Stream):
        if not isinstance(new, pikepdf.Stream) or old.read_raw_bytes() != new.read_raw_bytes():
            return False
        return _entries(old.stream_dict, new.stream_dict, skipped | {"/Length"}, waiting)
    if isinstance(old, pikepdf.Dictionary):
        return isinstance(new, pikepdf.Dictionary) and _entries(old, new, skipped, waiting)
    if isinstance(old, pikepdf.Array):
        if not isinstance(new, pikepdf.Array) or len(old) != len(new):
            return False
        waiting.extend((each, other, set()) for each, other in zip(old, new, strict=True))
        return True
    return bool(old == new)


def _entries(old: Any, new: Any, skipped: set[str], waiting: list[tuple[Any, Any, set[str]]]) -> bool:
    # A page reached from an outline or a field is compared as a page, not through its back reference.
    free = skipped | {"/Parent", "/P", "/Prev"}
    if old.get("/Type") == "/Page" and new.get("/Type") == "/Page":
        return bool(old.objgen == new.objgen)
    keys = {*old.keys()} - free
    if keys != {*new.keys()} - free:
        return False
    waiting.extend((old.get(key), new.get(key), set()) for key in keys)
    return True


def _page_entry(page: pikepdf.Page, key: str) -> Any:
    return _inherited(page.obj, key) if key in INHERITED else page.obj.get(key)


def _inherited(page: Any, key: str) -> Any:
    for _ in range(DEEPEST):
        if key in page or "/Parent" not in page or not isinstance(page["/Parent"], pikepdf.Dictionary):
            break
        page = page["/Parent"]
    return page.get(key)


def _entry(node: Any, key: str) -> Any:
    """A field's entry, its own or from above."""
    for _ in range(DEEPEST):
        if key in node or not isinstance(node.get("/Parent"), pikepdf.Dictionary):
            break
        node = node["/Parent"]
    return node.get(key)


def _entry_of(node: Any, *keys: str) -> Any:
    for key in keys:
        node = node.get(key) if isinstance(node, pikepdf.Dictionary) else None
    return node


def _form(pdf: pikepdf.Pdf) -> Any:
    form = pdf.Root.get("/AcroForm")
    return form if isinstance(form, pikepdf.Dictionary) else pikepdf.Dictionary()


def _leaves(form: Any) -> Iterator[tuple[str, list[Any]]]:
    """(full name, widgets or the field itself) of every field."""
    gathered: dict[str, list[Any]] = {}
    waiting = [(each, "", 0) for each in _list(form.get("/Fields"))]
    met = 0
    while waiting and met < MOST_PAIRS // 10:
        node, above, depth = waiting.pop(0) if len(waiting) < 1000 else waiting.pop()
        met += 1
        if not isinstance(node, pikepdf.Dictionary) or depth > DEEPEST:
            continue
        own = str(node["/T"]) if isinstance(node.get("/T"), pikepdf.String) else ""
        name = ".".join(part for part in (above, own) if part)
        kids = _list(node.get("/Kids"))
        if kids:
            waiting.extend((each, name, depth + 1) for each in kids)
        else:
            gathered.setdefault(name, []).append(node)
    yield from gathered.items()


def _shows_unsigned(widget: Any) -> bool:
    """A signature field laid over a page: it draws, has a place, and nobody signed it."""
    look = _entry_of(widget, "/AP", "/N")
    box = [float(each) for each in _list(widget.get("/Rect"))[:4]]
    visible = len(box) == 4 and box[0] != box[2] and box[1] != box[3]
    drawn = isinstance(look, pikepdf.Stream) and bool(look.read_raw_bytes().strip())
    return visible and drawn and _entry(widget, "/V") is None


def _is_widget(note: Any) -> bool:
    return isinstance(note, pikepdf.Dictionary) and note.get("/Subtype") == "/Widget"


def _blank(value: Any) -> bool:
    return value is None or str(value) in ("", "/Off")


def _key(node: Any) -> tuple[int, int]:
    return node.objgen if isinstance(node, pikepdf.Object) else (0, 0)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, pikepdf.Array) else []

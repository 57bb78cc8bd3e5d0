"""PDF without any mark of a finer profile: told by its first and last bytes, as PRONOM's own signatures do.

PRONOM tells PDF/A, PDF/X, PDF/E and the programs' own variants from plain PDF by words that stand somewhere in the
file. Where none of them stands, the version of the header is all that is left to say, and asking costs more than the
rest of a small file's check. Anything unusual is left to PRONOM.
"""

from __future__ import annotations

import re
from pathlib import Path

HEADER = re.compile(rb"%PDF-(?:1\.[0-7]|2\.0)[\r\n]")
END = re.compile(rb"%%EOF\r?\n?\Z")
HEADER_BYTES = 8
LARGEST_BYTES = 8 * 1024 * 1024
MARKS = (
    b"xpacket",
    b"xmpmeta",
    b"pdfaid",
    b"GTS_",
    b"ISO_",
    b"/PieceInfo",
    b"Illustrator",
    b"Photoshop",
    b"/AI",
    b"/Collection",
    b"/XFA",
    b"LGIDict",
)
"""Metadata packets, conformance keys and private data: PRONOM looks for some of these, so it is asked."""


def header_of_plain(path: Path, head: bytes, size: int) -> bytes | None:
    """Give the eight bytes of the header where a file is a plain PDF from end to end, else None.

    Args:
        head: the first bytes of the file, at least its header.
        size: bytes of the file.
    """
    if size > LARGEST_BYTES or not HEADER.match(head):
        return None
    content = head if size <= len(head) else path.read_bytes()
    if not END.search(content, max(0, len(content) - 16)) or any(mark in content for mark in MARKS):
        return None
    return head[:HEADER_BYTES]


def least(header: bytes) -> bytes:
    """The shortest file with this header that PRONOM takes for a PDF."""
    return header + b"\n%%EOF\n"

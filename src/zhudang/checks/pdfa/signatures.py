"""Signatures as PDF/A asks for them: they cover the whole file and carry one signer with a certificate (6.4.3)."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import pikepdf
from asn1crypto import cms

from zhudang.checks.pdfa.document import fields, items
from zhudang.checks.pdfa.judgement import Judgement

Object = Any
LARGEST_FILE = 512 * 1024 * 1024


def examine(judgement: Judgement, path: Path, pdf: pikepdf.Pdf) -> None:
    """Judge every signature dictionary of a form; whether it is valid is not asked here."""
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, pikepdf.Dictionary) or path.stat().st_size > LARGEST_FILE:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for field in fields(form):
            signature = field.get("/V")
            if isinstance(signature, pikepdf.Dictionary) and "/ByteRange" in signature:
                place = str(field.get("/T", ""))[:60]
                if not _covers(data, signature):
                    judgement.violate("signature-range", place)
                if not _one_signer(signature):
                    judgement.violate("signature-content", place)


def _covers(data: mmap.mmap, signature: Object) -> bool:
    """Whether the byte range is the whole revision but for the signature's own hexadecimal string."""
    numbers = [each for each in items(signature.get("/ByteRange")) if isinstance(each, int)]
    if len(numbers) != 4 or numbers[0] != 0 or min(numbers) < 0:
        return False
    gap, end = (numbers[1], numbers[2]), numbers[2] + numbers[3]
    if not gap[0] < gap[1] <= end <= len(data):
        return False
    quoted = data[gap[0] : gap[0] + 1] == b"<" and data[gap[1] - 1 : gap[1]] == b">"
    return quoted and b">" not in data[gap[0] : gap[1] - 1] and data[max(0, end - 8) : end].rstrip().endswith(b"%%EOF")


def _one_signer(signature: Object) -> bool:
    contents = signature.get("/Contents")
    if not isinstance(contents, pikepdf.String):
        return False
    if signature.get("/SubFilter") == "/adbe.x509.rsa_sha1":
        return True
    try:
        content = cms.ContentInfo.load(bytes(contents))["content"]
        return len(content["signer_infos"]) == 1 and bool(content["certificates"])
    except (ValueError, TypeError, KeyError):
        return False

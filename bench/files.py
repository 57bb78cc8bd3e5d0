"""Files for the benchmarks: whole PDFs of 20 KB, every one different; one very large file."""

import os
import random
from collections.abc import Iterator
from pathlib import Path


def small_pdf(number: int, size: int = 20_000) -> bytes:
    """A valid one-page PDF of about `size` bytes with a text of its own."""
    rng = random.Random(number)
    text = f"BT /F1 12 Tf 72 720 Td (Concealed works record no. {number}) Tj ET".encode()
    filler = rng.randbytes(max(size - 900, 16))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(filler), filler),
    ]
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for index, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (index, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def many(count: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of `count` small PDFs, made as they are asked for."""
    for number in range(count):
        yield f"隐蔽工程验收记录_{number:06d}.pdf", small_pdf(number)


def large(path: Path, size: int) -> None:
    """A plain-text file of `size` bytes that no disk can compress away."""
    block = os.urandom(8 * 1024 * 1024).hex().encode()
    with path.open("wb") as stream:
        left = size
        while left > 0:
            piece = block[: min(len(block), left)]
            stream.write(piece)
            left -= len(piece)
            block = block[1:] + block[:1]

"""PDF, good and bad."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pikepdf

from samples.checks.making import A4, Maker, put


def new_pdf(pages: int = 1, size: tuple[float, float] = A4) -> pikepdf.Pdf:
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=size)
    return pdf


def saved(pdf: pikepdf.Pdf, folder: Path, name: str, **options: object) -> Path:
    path = folder / name
    pdf.save(path, **options)  # type: ignore[arg-type]
    return path


def pdf_with(change: Callable[[pikepdf.Pdf], None], name: str = "sample.pdf", pages: int = 1) -> Maker:
    def make(folder: Path) -> Path:
        pdf = new_pdf(pages)
        change(pdf)
        return saved(pdf, folder, name)

    return make


def with_text(pdf: pikepdf.Pdf, text: bytes = b"Hello") -> None:
    """Write a line with the standard Helvetica, which is not embedded."""
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page = pdf.pages[0]
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
    page.obj.Contents = pdf.make_stream(b"BT /F1 24 Tf 72 700 Td (" + text + b") Tj ET")


def with_image(pdf: pikepdf.Pdf, pixels: int = 400) -> None:
    """Cover the page with a grey picture `pixels` wide, as a scanner would."""
    page, height = pdf.pages[0], round(pixels * A4[1] / A4[0])
    image = pdf.make_stream(
        bytes(pixels * height),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=pixels,
        Height=height,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
    )
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im1=image))
    page.obj.Contents = pdf.make_stream(b"q %.2f 0 0 %.2f 0 0 cm /Im1 Do Q" % A4)


def _javascript(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _launch(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")


def _attachment(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["list.txt"] = pikepdf.AttachedFileSpec(pdf, b"attached")


def _remote(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.GoToR, F="other.pdf", D=[0])


def _lost_image(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im1="gone"))


def _xfa(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp/>"))


def _movie(pdf: pikepdf.Pdf) -> None:
    movie = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.RichMedia, Rect=[0, 0, 9, 9])
    pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(movie)])


def _unreadable_metadata(folder: Path) -> Path:
    pdf = new_pdf()
    pdf.Root.Metadata = pikepdf.Stream(pdf, b"!!!~~", Filter=pikepdf.Name.ASCII85Decode)
    return saved(pdf, folder, "metadata.pdf", fix_metadata_version=False)


def _odd_unit(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.UserUnit = pikepdf.Name.wide


def _no_pages(folder: Path) -> Path:
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    first, second = body.index(b"1 0 obj"), body.index(b"2 0 obj")
    table = b"xref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n" % (first, second)
    end = b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return put(folder, "no_pages.pdf", body + table + end)


def _locked(folder: Path) -> Path:
    return saved(new_pdf(), folder, "locked.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))


def _restricted(folder: Path) -> Path:
    allow = pikepdf.Permissions(print_highres=False, print_lowres=False, extract=False)
    lock = pikepdf.Encryption(owner="o", user="", allow=allow)
    return saved(new_pdf(), folder, "restricted.pdf", encryption=lock)


def pdf_bytes(pages: int = 3) -> bytes:
    pdf, buffer = new_pdf(pages), io.BytesIO()
    with_text(pdf)
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return buffer.getvalue()


def _cut_pdf(folder: Path) -> Path:
    whole = pdf_bytes(40)
    return put(folder, "cut.pdf", whole[: len(whole) * 3 // 5])


def _no_end_mark(folder: Path) -> Path:
    return put(folder, "no_end.pdf", pdf_bytes().replace(b"%%EOF", b""))


def _wrong_table(folder: Path) -> Path:
    return put(folder, "wrong_table.pdf", pdf_bytes().replace(b"startxref\n", b"startxref\n9"))


def _rubbish_pdf(folder: Path) -> Path:
    return put(folder, "rubbish.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20)


def _page_gone(folder: Path) -> Path:
    """A page that is no dictionary: qpdf counts it, no reader can show it."""
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    body += b"2 0 obj<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>endobj\n"
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    body += b"4 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    offsets = [body.index(b"%d 0 obj" % number) for number in range(1, 5)]
    offsets[3] += 3
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % each for each in offsets)
    end = b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return put(folder, "page_gone.pdf", body + table + end)


def _no_version(folder: Path) -> Path:
    return put(folder, "no_version.pdf", re.sub(rb"%PDF-1\.\d", b"%PDF-x.y", pdf_bytes(), count=1))


def _broken_stream(folder: Path) -> Path:
    pdf = new_pdf()
    pdf.Root.Extra = pikepdf.Stream(pdf, b"not deflated", Filter=pikepdf.Name.FlateDecode)
    return saved(
        pdf, folder, "broken_stream.pdf", compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none
    )


def _rubbish_page(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.Contents = pdf.make_stream(bytes(range(256)) * 4)


def holed_pdf() -> bytes:
    """A document that lost a piece in its middle: a page's content is gone, the table no longer fits."""
    pdf, buffer = new_pdf(3), io.BytesIO()
    for page in pdf.pages:
        page.obj.Contents = pdf.make_stream(b"0 0 m 9 9 l S " * 40)
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    whole = buffer.getvalue()
    end = whole.rindex(b"endobj", 0, whole.index(b"\nxref"))
    return whole[: whole.rindex(b"endobj", 0, end) + 7] + whole[end + 7 :]


BAD: dict[str, Maker] = {
    "PDF-001": _rubbish_pdf,
    "PDF-002": _locked,
    "PDF-003": _restricted,
    "PDF-004": pdf_with(_javascript),
    "PDF-005": pdf_with(_launch),
    "PDF-006": pdf_with(_attachment),
    "PDF-007": _no_pages,
    "PDF-008": _wrong_table,
    "PDF-009": pdf_with(_odd_unit),
    "PDF-010": pdf_with(_remote),
    "PDF-011": pdf_with(with_text),
    "PDF-012": _cut_pdf,
    "PDF-013": _no_end_mark,
    "PDF-014": pdf_with(with_image),
    "PDF-015": pdf_with(_lost_image),
    "PDF-016": pdf_with(_xfa),
    "PDF-017": pdf_with(_movie),
    "PDF-018": _page_gone,
    "PDF-019": _unreadable_metadata,
    "PDF-020": _no_version,
    "PDF-021": _broken_stream,
    "PDF-022": lambda folder: saved(new_pdf(), folder, "blank.pdf"),
    "PDF-023": pdf_with(_rubbish_page),
    "PDF-024": lambda folder: put(folder, "holed.pdf", holed_pdf()),
}

GOOD: dict[str, Maker] = {
    "pdf": lambda folder: saved(new_pdf(3), folder, "good.pdf"),
    "scan": pdf_with(lambda pdf: with_image(pdf, 1700), "scan.pdf"),
}

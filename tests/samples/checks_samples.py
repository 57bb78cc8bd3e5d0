"""Good and bad files, made on the spot: one maker per finding code, and sound ones of every kind.

`BAD[code](folder)` writes the sample and gives its path; its report must carry that code. `GOOD[name]`
must not fail.
"""

from __future__ import annotations

import io
import struct
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import pikepdf
from PIL import Image

Maker = Callable[[Path], Path]
A4 = (595.28, 841.89)


def _put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# --- PDF ---------------------------------------------------------------------------------------------


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
    return _put(folder, "no_pages.pdf", body + table + end)


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
    return _put(folder, "cut.pdf", whole[: len(whole) * 3 // 5])


def _no_end_mark(folder: Path) -> Path:
    return _put(folder, "no_end.pdf", pdf_bytes().replace(b"%%EOF", b""))


def _wrong_table(folder: Path) -> Path:
    return _put(folder, "wrong_table.pdf", pdf_bytes().replace(b"startxref\n", b"startxref\n9"))


def _rubbish_pdf(folder: Path) -> Path:
    return _put(folder, "rubbish.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20)


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
    return _put(folder, "page_gone.pdf", body + table + end)


# --- signatures --------------------------------------------------------------------------------------


def signed_pdf(folder: Path, name: str = "signed.pdf") -> Path:
    """A PDF signed with a key made on the spot; nobody trusts it."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "测试签名人")])
    start = datetime.datetime(2020, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=20000))
        .sign(key, hashes.SHA256())
    )
    bundle = serialization.pkcs12.serialize_key_and_certificates(
        b"x", key, certificate, None, serialization.NoEncryption()
    )
    _put(folder, "signer.p12", bundle)
    signer = signers.SimpleSigner.load_pkcs12(str(folder / "signer.p12"))
    assert signer is not None
    pdf, buffer = new_pdf(), io.BytesIO()
    with_text(pdf, b"Signed text")
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    writer = IncrementalPdfFileWriter(io.BytesIO(buffer.getvalue()))
    signed = signers.sign_pdf(writer, signers.PdfSignatureMetadata(field_name="Sig1"), signer=signer)
    return _put(folder, name, signed.getvalue())


def _changed_byte(folder: Path) -> Path:
    content = signed_pdf(folder, "before.pdf").read_bytes()
    return _put(folder, "changed.pdf", content.replace(b"(Signed text)", b"(Signed cash)"))


def _changed_after(folder: Path) -> Path:
    """An honest incremental update that puts other text onto the signed page."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    content = signed_pdf(folder, "before.pdf").read_bytes()
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    stream = generic.StreamObject(stream_data=b"BT /F1 24 Tf 72 500 Td (Added) Tj ET")
    page[generic.NameObject("/Contents")] = writer.add_object(stream)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return _put(folder, "added.pdf", out.getvalue())


def _unreadable_signature(folder: Path) -> Path:
    def sign(pdf: pikepdf.Pdf) -> None:
        value = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig,
            Filter=pikepdf.Name("/Adobe.PPKLite"),
            SubFilter=pikepdf.Name("/adbe.pkcs7.detached"),
            Contents=pikepdf.String(b"\x30\x03\x02\x01\x01"),
        )
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="S", V=pdf.make_indirect(value))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)], SigFlags=3)

    return pdf_with(sign, "odd_signature.pdf")(folder)


# --- OFD ---------------------------------------------------------------------------------------------

NAMESPACE = "http://www.ofdspec.org/2016"


def ofd_parts(pages: int = 1, namespace: str = NAMESPACE) -> dict[str, str]:
    head = f'<?xml version="1.0" encoding="UTF-8"?><ofd:%s xmlns:ofd="{namespace}"'
    listed = "".join(f'<ofd:Page ID="{10 + n}" BaseLoc="Pages/P{n}/Content.xml"/>' for n in range(pages))
    parts = {
        "OFD.xml": head
        % "OFD"
        + ' Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo>'
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": head
        % "Document"
        + "><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297"
        "</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
        "Doc_0/PublicRes.xml": head
        % "Res"
        + ' BaseLoc="Res"><ofd:Fonts><ofd:Font ID="3" FontName="测试"><ofd:FontFile>f.ttf</ofd:FontFile>'
        "</ofd:Font></ofd:Fonts></ofd:Res>",
        "Doc_0/Res/f.ttf": "font",
    }
    for number in range(pages):
        parts[f"Doc_0/Pages/P{number}/Content.xml"] = (
            head % "Page" + '><ofd:Content><ofd:Layer ID="4"><ofd:TextObject ID="5" Boundary="20 20 100 10" Font="3"'
            f' Size="5"><ofd:TextCode X="0" Y="5">第{number + 1}页 云溪县归档文件</ofd:TextCode></ofd:TextObject>'
            "</ofd:Layer></ofd:Content></ofd:Page>"
        )
    return parts


def ofd(folder: Path, parts: dict[str, str], name: str = "sample.ofd") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for place, content in parts.items():
            container.writestr(place, content)
    return path


def ofd_changed(change: Callable[[dict[str, str]], None], pages: int = 1) -> Maker:
    def make(folder: Path) -> Path:
        parts = ofd_parts(pages)
        change(parts)
        return ofd(folder, parts)

    return make


def _replace(part: str, old: str, new: str) -> Callable[[dict[str, str]], None]:
    def change(parts: dict[str, str]) -> None:
        assert old in parts[part]
        parts[part] = parts[part].replace(old, new)

    return change


def _drop(part: str) -> Callable[[dict[str, str]], None]:
    def change(parts: dict[str, str]) -> None:
        del parts[part]

    return change


def _ofd_attachment(parts: dict[str, str]) -> None:
    _replace("Doc_0/Document.xml", "</ofd:Document>", "<ofd:Attachments>A.xml</ofd:Attachments></ofd:Document>")(parts)
    parts["Doc_0/A.xml"] = (
        f'<ofd:Attachments xmlns:ofd="{NAMESPACE}"><ofd:Attachment ID="1" Name="表"/></ofd:Attachments>'
    )


def _locked_ofd(folder: Path) -> Path:
    """Set the encryption bit of every entry, as a locking packer does."""
    content = bytearray(ofd(folder, ofd_parts(), "open.ofd").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 4)
    return _put(folder, "locked.ofd", bytes(content))


MEDIA = (
    '<ofd:MultiMedias><ofd:MultiMedia ID="7"><ofd:MediaFile>i.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>'
)

# --- images ------------------------------------------------------------------------------------------


def picture(folder: Path, name: str, size: tuple[int, int] = (300, 200), dpi: int | None = 300) -> Path:
    path = folder / name
    image = Image.effect_noise(size, 60).convert("RGB")
    image.save(path, **({"dpi": (dpi, dpi)} if dpi else {}))
    return path


def _png_chunk_spoiled(folder: Path) -> Path:
    content = bytearray(picture(folder, "whole.png").read_bytes())
    at = content.index(b"IDAT") + 40
    content[at] ^= 0xFF
    return _put(folder, "spoiled.png", bytes(content))


def _png_note_spoiled(folder: Path) -> Path:
    """A wrong checksum where the picture does not need it: the resolution chunk."""
    content = bytearray(picture(folder, "whole.png").read_bytes())
    at = content.index(b"pHYs") + 4 + 9
    content[at] ^= 0xFF
    return _put(folder, "note.png", bytes(content))


def _half(maker: Maker, name: str) -> Maker:
    def make(folder: Path) -> Path:
        whole = maker(folder).read_bytes()
        return _put(folder, name, whole[: len(whole) // 2])

    return make


def _gif_bomb(folder: Path) -> Path:
    head = b"GIF89a" + struct.pack("<HHBBB", 65000, 65000, 0xF0, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65000, 65000, 0) + b"\x02\x02\x4c\x01\x00\x3b"
    return _put(folder, "bomb.gif", head + frame)


def _rare_tiff(folder: Path) -> Path:
    """Whole, but with three bits to a sample, which no decoder here knows."""
    strip = bytes(16)
    entries = [
        (256, 4, 8),
        (257, 4, 5),
        (258, 3, 3),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 5),
        (279, 4, 15),
    ]
    table = b"".join(struct.pack("<HHLL", tag, kind, 1, value) for tag, kind, value in entries)
    content = b"II*\0" + struct.pack("<L", 24) + strip + struct.pack("<H", len(entries)) + table + bytes(4)
    return _put(folder, "rare.tif", content)


# --- drawings, models, sound -------------------------------------------------------------------------


def dxf(folder: Path, change: Callable[[object], None] | None = None, name: str = "sample.dxf") -> Path:
    import ezdxf

    document = ezdxf.new("R2010")
    document.modelspace().add_line((0, 0), (10, 10))
    if change:
        change(document)
    path = folder / name
    document.saveas(path)
    return path


def _external_drawing(document: object) -> None:
    document.add_xref_def("other.dwg", "other")  # type: ignore[attr-defined]


def _empty_drawing(folder: Path) -> Path:
    def empty(document: object) -> None:
        document.modelspace().delete_all_entities()  # type: ignore[attr-defined]

    return dxf(folder, empty, "empty.dxf")


def _faulty_dxf(folder: Path) -> Path:
    def spoil(document: object) -> None:
        line = document.modelspace()[0]  # type: ignore[attr-defined]
        line.dxf.linetype = "NOT_DEFINED"

    return dxf(folder, spoil, "faulty.dxf")


def dwg(folder: Path, whole: bool = True) -> Path:
    """A header of release 2000 with its section locators; enough to know release and wholeness."""
    head = b"AC1015" + bytes(15) + struct.pack("<L", 1) + struct.pack("<BLL", 0, 200, 100 if whole else 90000)
    return _put(folder, "sample.dwg", head.ljust(400, b"\0"))


def ifc(folder: Path, schema: str = "IFC4", project: bool = True, end: bool = True) -> Path:
    entity = "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n" if project else ""
    body = (
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
        "FILE_NAME('a','2026-01-01T00:00:00',(''),(''),'','','');\n"
        f"FILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n{entity}"
        "#2=IFCCARTESIANPOINT((0.,0.,0.));\nENDSEC;\n"
    )
    return _put(folder, "sample.ifc", (body + ("END-ISO-10303-21;\n" if end else "")).encode())


def sound(folder: Path, seconds: float = 1.0, name: str = "sample.wav") -> Path:
    path = folder / name
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(16000 * seconds)))
    return path


def film(folder: Path, frames: int = 60, name: str = "sample.avi", codec: str = "mpeg4") -> Path:
    import av

    path = folder / name
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height = 64, 48  # type: ignore[attr-defined]
        stream.pix_fmt = "rgb24" if codec == "png" else "yuv420p"  # type: ignore[attr-defined]
        for number in range(frames):
            image = Image.new("RGB", (64, 48), (number * 4 % 255, 10, 10))
            for packet in stream.encode(av.VideoFrame.from_image(image)):  # type: ignore[attr-defined]
                out.mux(packet)
        for packet in stream.encode():  # type: ignore[attr-defined]
            out.mux(packet)
    return path


def _cut_film(folder: Path) -> Path:
    content = film(folder, 200, "whole.avi").read_bytes()
    return _put(folder, "cut.avi", content[: len(content) // 3])


def _spoiled_film(folder: Path) -> Path:
    """Pictures within the film have lost their heads; those before and after decode."""
    content = film(folder, 60, "whole.avi", "png").read_bytes()
    pieces = content.split(b"IHDR")
    joined = b"IHDR".join(pieces[:20]) + b"\0\0\0\0" + b"IHDR".join(pieces[20:])
    return _put(folder, "spoiled.avi", joined)


def _film_without_tracks(folder: Path) -> Path:
    kind = struct.pack(">L4s4sL4s", 20, b"ftyp", b"isom", 512, b"isom")
    facts = struct.pack(">L4sLLLLLL", 108, b"mvhd", 0, 0, 0, 1000, 0, 0x10000).ljust(108, b"\0")
    return _put(folder, "no_tracks.mp4", kind + struct.pack(">L4s", 116, b"moov") + facts)


def _wav_with_odd_chunk(folder: Path) -> Path:
    content = sound(folder, 0.5, "whole.wav").read_bytes() + b"\xff x\0\x04\0\0\0abcd"
    return _put(folder, "odd.wav", content[:4] + struct.pack("<L", len(content) - 8) + content[8:])


def _wav_without_sound(folder: Path) -> Path:
    return sound(folder, 0.0, "silent.wav")


# --- office, archives, text --------------------------------------------------------------------------


def docx(folder: Path, extra: dict[str, str] | None = None, body: str = "", name: str = "sample.docx") -> Path:
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": "<Relationships/>",
        "word/document.xml": f"<w:document><w:body>{body}</w:body></w:document>",
        **(extra or {}),
    }
    return ofd(folder, parts, name)


def relation(kind: str, target: str) -> dict[str, str]:
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    link = f'<Relationship Id="r1" Type="{base}/{kind}" Target="{target}" TargetMode="External"/>'
    return {"word/_rels/settings.xml.rels": f"<Relationships>{link}</Relationships>"}


def _locked_docx(folder: Path) -> Path:
    import msoffcrypto.format.ooxml as ooxml

    plain, locked = docx(folder, name="open.docx"), folder / "locked.docx"
    with plain.open("rb") as source, locked.open("wb") as target:
        ooxml.OOXMLFile(source).encrypt("secret", target)
    return locked


def zip_of(folder: Path, members: dict[str, bytes], name: str = "sample.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for place, content in members.items():
            container.writestr(place, content)
    return path


def _zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as container,
        container.open("zeros", "w", force_zip64=True) as out,
    ):
        for _ in range(320):
            out.write(bytes(1024 * 1024))
    return path


def _unix_zip(mode: int, content: bytes) -> Maker:
    def make(folder: Path) -> Path:
        info = zipfile.ZipInfo("special")
        info.create_system, info.external_attr = 3, mode << 16
        path = folder / "unix.zip"
        with zipfile.ZipFile(path, "w") as container:
            container.writestr(info, content)
        return path

    return make


def _two_names(folder: Path) -> Path:
    """Directory and local header name different files."""
    content = zip_of(folder, {"harmless.txt": b"text"}, "one.zip").read_bytes()
    return _put(folder, "two.zip", content.replace(b"harmless.txt", b"program1.exe", 1))


def _twice(folder: Path) -> Path:
    import warnings

    path = folder / "twice.zip"
    with zipfile.ZipFile(path, "w") as container, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        container.writestr("a.txt", b"1")
        container.writestr("a.txt", b"2")
    return path


def _spoiled_zip(folder: Path) -> Path:
    content = bytearray(zip_of(folder, {"a.txt": b"hello world " * 50}, "whole.zip").read_bytes())
    content[45] ^= 0xFF
    return _put(folder, "spoiled.zip", bytes(content))


def _locked_zip(folder: Path) -> Path:
    content = bytearray(zip_of(folder, {"a.txt": b"hello"}, "open.zip").read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return _put(folder, "locked.zip", bytes(content))


def _gbk_names(folder: Path) -> Path:
    content = zip_of(folder, {"aabb.txt": b"hello"}, "latin.zip").read_bytes()
    return _put(folder, "gbk.zip", content.replace(b"aabb", "图纸".encode("gbk")))


def _text(name: str, content: bytes) -> Maker:
    return lambda folder: _put(folder, name, content)


BAD: dict[str, Maker] = {
    "FMT-001": _text("unknown.xyz", bytes(range(1, 32)) * 40),
    "FMT-002": lambda folder: picture(folder, "named.png").rename(folder / "named.jpg"),
    "FMT-003": _text("empty.pdf", b""),
    "FMT-004": _text(
        "model.skp", b"\xff\xfe\xff\x0eS\0k\0e\0t\0c\0h\0U\0p\0 \0M\0o\0d\0e\0l\0\xff\xfe\xff" + bytes(99)
    ),
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
    "SIG-001": _changed_byte,
    "SIG-002": _changed_after,
    "SIG-003": signed_pdf,
    "SIG-004": _unreadable_signature,
    "OFD-001": ofd_changed(_replace("OFD.xml", "</ofd:OFD>", "")),
    "OFD-002": _locked_ofd,
    "OFD-003": lambda folder: ofd(folder, ofd_parts(0)),
    "OFD-004": ofd_changed(_drop("Doc_0/Pages/P1/Content.xml"), pages=2),
    "OFD-005": ofd_changed(_replace("Doc_0/PublicRes.xml", "</ofd:Res>", MEDIA + "</ofd:Res>")),
    "OFD-006": lambda folder: ofd(folder, ofd_parts(1, "http://www.ofdspec.org")),
    "OFD-007": ofd_changed(_replace("Doc_0/PublicRes.xml", "<ofd:FontFile>f.ttf</ofd:FontFile>", "")),
    "OFD-008": ofd_changed(_ofd_attachment),
    "OFD-009": ofd_changed(
        _replace(
            "Doc_0/Document.xml",
            "</ofd:Document>",
            '<ofd:Permissions><ofd:Print Printable="false"/></ofd:Permissions></ofd:Document>',
        )
    ),
    "OFD-010": ofd_changed(_drop("Doc_0/PublicRes.xml")),
    "IMG-001": _png_chunk_spoiled,
    "IMG-002": _half(lambda folder: picture(folder, "whole.jpg"), "half.jpg"),
    "IMG-003": _gif_bomb,
    "IMG-004": lambda folder: picture(folder, "plain.png", dpi=None),
    "IMG-005": lambda folder: picture(folder, "coarse.png", dpi=72),
    "IMG-006": _png_note_spoiled,
    "IMG-007": _rare_tiff,
    "CAD-001": _text("broken.dxf", b"  0\nSECTION\n  2\nHEADER\n  9\n$ACADVER\nrubbish\n" + bytes(40) + b"\n0\nEOF\n"),
    "CAD-002": _faulty_dxf,
    "CAD-003": dwg,
    "CAD-004": _half(lambda folder: dxf(folder), "half.dxf"),
    "CAD-005": lambda folder: dxf(folder, _external_drawing),
    "CAD-006": _empty_drawing,
    "BIM-001": _text("broken.ifc", b"ISO-10303-21;\nHEADER;\nnothing\nEND-ISO-10303-21;\n"),
    "BIM-002": lambda folder: ifc(folder, "IFC4X3_RC2"),
    "BIM-003": lambda folder: ifc(folder, project=False),
    "BIM-004": lambda folder: ifc(folder, end=False),
    "AV-001": _text("noise.wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(80)),
    "AV-002": _spoiled_film,
    "AV-003": _cut_film,
    "AV-004": _film_without_tracks,
    "AV-005": _wav_without_sound,
    "AV-006": _wav_with_odd_chunk,
    "AV-007": _half(sound, "half.wav"),
    "OFF-001": lambda folder: docx(folder, {"word/vbaProject.bin": "x"}),
    "OFF-002": _locked_docx,
    "OFF-003": lambda folder: docx(folder, body="<w:instrText>DDEAUTO c:\\\\x.exe</w:instrText>"),
    "OFF-004": lambda folder: docx(folder, relation("attachedTemplate", "http://example.test/t.dotm")),
    "OFF-005": lambda folder: docx(folder, {"word/embeddings/oleObject1.bin": "x"}),
    "OFF-006": _half(docx, "half.docx"),
    "OFF-007": lambda folder: docx(folder, relation("image", "file:///c:/a.png")),
    "ZIP-001": _spoiled_zip,
    "ZIP-002": _locked_zip,
    "ZIP-003": lambda folder: zip_of(folder, {"../../evil.txt": b"x"}),
    "ZIP-004": _zip_bomb,
    "ZIP-005": _unix_zip(0o020666, b""),
    "ZIP-006": _two_names,
    "ZIP-007": _unix_zip(0o120777, b"a.txt"),
    "ZIP-008": _twice,
    "ZIP-009": _text("packed.7z", b"7z\xbc\xaf\x27\x1c" + bytes(60)),
    "ZIP-010": _gbk_names,
    "ZIP-011": lambda folder: zip_of(folder, {"a.txt": b"x"}),
    "TXT-001": _text("odd.txt", b"\x81 \xff\xfe\x81\x00\x81 abc" * 9),
    "TXT-002": _text("mixed.txt", b"line\n" * 60000 + "乱码".encode() + b"\xff\xff\xc0"),
    "TXT-003": _text("big5.txt", "這個工程的竣工圖由設計單位編制，監理單位審查。".encode("big5") * 20),
    "XML-001": _text("broken.xml", b'<?xml version="1.0"?><a><b></a>'),
    "XML-002": _text("entity.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'),
    "XML-003": _text("broken.json", b'{"a": '),
    "WEB-001": _text("page.html", b"<!DOCTYPE html><html><body><script>1</script></body></html>"),
}
"""One bad file per code that a file alone can show."""

GOOD: dict[str, Maker] = {
    "pdf": lambda folder: saved(new_pdf(3), folder, "good.pdf"),
    "scan": pdf_with(lambda pdf: with_image(pdf, 1700), "scan.pdf"),
    "ofd": lambda folder: ofd(folder, ofd_parts(3), "good.ofd"),
    "png": lambda folder: picture(folder, "good.png"),
    "jpeg": lambda folder: picture(folder, "good.jpg"),
    "tiff": lambda folder: picture(folder, "good.tif"),
    "dxf": lambda folder: dxf(folder, name="good.dxf"),
    "dwg": dwg,
    "ifc": ifc,
    "wav": sound,
    "avi": film,
    "docx": docx,
    "zip": lambda folder: zip_of(folder, {"图纸/一层.txt": b"x"}, "good.zip"),
    "utf8": _text("good.txt", "竣工图编制说明\n".encode() * 9),
    "gbk": _text("gbk.txt", "竣工图由施工单位编制，监理单位审核。\n".encode("gbk") * 9),
    "xml": _text("good.xml", '<?xml version="1.0" encoding="UTF-8"?><文件><题名>说明</题名></文件>'.encode()),
    "json": _text("good.json", b'{"a": [1, 2]}'),
}

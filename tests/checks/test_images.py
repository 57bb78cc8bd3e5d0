"""Images: their structure, every frame, and scans measured as DA/T 31 asks."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from samples.checks.images import bordered, scan, sheet, tags_out_of_order
from samples.checks.looking import codes, examine
from samples.checks.making import put
from zhudang.checks import rasters
from zhudang.checks.engine import Engine
from zhudang.checks.rasters import icc, jp2, jpeg, png, small, tiff
from zhudang.checks.rasters.faults import Weight


@pytest.fixture(scope="module")
def engine():
    with Engine() as running:
        yield running


def weights(found):
    return {fault.weight for fault in found}


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))


def drawn(tmp_path: Path, *chunks: bytes) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(png.MAGIC + b"".join(chunks))
    return path


GREY = struct.pack(">LLBBBBB", 4, 3, 8, 0, 0, 0, 0)
ROWS = zlib.compress(bytes(15))


@pytest.mark.parametrize(
    ("chunks", "weight"),
    [
        ([chunk(b"IHDR", GREY), chunk(b"IDAT", ROWS), chunk(b"IEND", b"")], None),
        ([chunk(b"IHDR", GREY), chunk(b"IDAT", ROWS)], Weight.CUT),
        ([chunk(b"IHDR", GREY), chunk(b"IDAT", zlib.compress(bytes(9))), chunk(b"IEND", b"")], Weight.CUT),
        ([chunk(b"IHDR", GREY), chunk(b"IEND", b"")], Weight.BROKEN),
        ([chunk(b"IHDR", GREY[:8] + b"\x09" + GREY[9:]), chunk(b"IDAT", ROWS), chunk(b"IEND", b"")], Weight.BROKEN),
        ([chunk(b"IDAT", ROWS), chunk(b"IHDR", GREY), chunk(b"IEND", b"")], Weight.BROKEN),
        ([chunk(b"IHDR", GREY), chunk(b"QRST", b""), chunk(b"IDAT", ROWS), chunk(b"IEND", b"")], Weight.BROKEN),
        ([chunk(b"IHDR", GREY), chunk(b"gAMA", b"\0"), chunk(b"IDAT", ROWS), chunk(b"IEND", b"")], Weight.FAULTY),
        ([chunk(b"IHDR", GREY), chunk(b"IDAT", ROWS), chunk(b"IEND", b""), b"more"], Weight.FAULTY),
        (
            [
                chunk(b"IHDR", GREY),
                chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(100_000_000))),
                chunk(b"IDAT", ROWS),
                chunk(b"IEND", b""),
            ],
            Weight.BOMB,
        ),
    ],
)
def test_chunks_of_a_png_are_weighed(tmp_path: Path, chunks, weight):
    assert weights(png.read(drawn(tmp_path, *chunks)).found) == ({weight} if weight else set())


def test_pictures_this_library_writes_have_nothing_irregular(tmp_path: Path):
    page = sheet()
    for name in ("a.png", "a.jpg", "a.tif", "a.gif", "a.bmp", "a.webp", "a.jp2"):
        page.save(tmp_path / name)
        assert rasters.structure(tmp_path / name).found == [], name
    page.save(tmp_path / "many.tif", save_all=True, append_images=[page, page], compression="tiff_lzw")
    assert rasters.structure(tmp_path / "many.tif").found == []
    page.save(tmp_path / "big.tif", big_tiff=True)
    assert rasters.structure(tmp_path / "big.tif").found == []
    page.convert("RGB").save(tmp_path / "progressive.jpg", progressive=True)
    seen = rasters.structure(tmp_path / "progressive.jpg")
    assert seen.found == []
    assert seen.jpeg is not None
    assert seen.jpeg.progressive


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.gif", "a.bmp", "a.webp", "a.jp2", "a.psd"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.97])
def test_a_picture_cut_off_anywhere_is_refused(tmp_path: Path, engine: Engine, name: str, share: float):
    path = tmp_path / name
    if name.endswith("psd"):
        path.write_bytes(
            b"8BPS\0\1" + bytes(6) + struct.pack(">HLLHH", 1, 100, 100, 8, 1) + bytes(12) + b"\0\0" + bytes(10000)
        )
    else:
        Image.effect_noise((300, 200), 60).convert("RGB").save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert engine.check(path).blocks


def test_a_tiff_whose_later_pages_are_gone_is_refused(tmp_path: Path, engine: Engine):
    path = tmp_path / "pages.tif"
    page = sheet()
    page.save(path, save_all=True, append_images=[page] * 3, compression="tiff_lzw")
    report = engine.check(path)
    assert report.facts["pages"] == 4
    assert not report.blocks
    path.write_bytes(path.read_bytes()[:-2000])
    assert "IMG-002" in engine.check(path).codes


def test_the_lowest_resolution_of_all_frames_is_the_fact(tmp_path: Path, engine: Engine):
    path = tmp_path / "mixed.tif"
    low = sheet()
    low.encoderinfo = {"dpi": (150, 150)}
    sheet().save(path, save_all=True, append_images=[low], dpi=(300, 300))
    report = engine.check(path)
    assert report.facts["dpi"] == 150
    assert "IMG-005" in report.codes
    assert str(report.verdict) == "warn"


def test_jpeg_segments_are_weighed():
    assert weights(jpeg.read(b"\xff\xd8\xff\xe0\x00\x10JFIF").found) == {Weight.CUT, Weight.BROKEN}
    assert Weight.BROKEN in weights(jpeg.read(b"plain text").found)


def test_a_profile_with_a_changed_tag_count_is_told():
    profile = bytearray(200)
    profile[0:4] = struct.pack(">L", 200)
    profile[12:16], profile[16:20], profile[36:40] = b"mntr", b"RGB ", b"acsp"
    profile[128:132] = struct.pack(">L", 1)
    profile[132:144] = b"cprt" + struct.pack(">LL", 144, 56)
    assert icc.faults(bytes(profile)) == []
    profile[131] = 3
    assert weights(icc.faults(bytes(profile))) == {Weight.FAULTY}


def test_a_tiff_directory_that_points_to_itself_ends():
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, 1) for tag in (256, 257))
    content = b"II*\0" + struct.pack("<L", 8) + struct.pack("<H", 2) + entries + struct.pack("<L", 8)
    assert any("loop" in fault.detail for fault in tiff.read(content).found)


def test_a_tiff_with_unsorted_tags_opens_and_is_told(tmp_path: Path, engine: Engine):
    report = engine.check(tags_out_of_order(tmp_path))
    assert str(report.verdict) == "warn"
    assert "IMG-008" in report.codes


def test_blocks_of_a_gif_and_a_codestream_end_with_their_marks():
    assert weights(small.gif(b"GIF89a\1\0\1\0\0\0\0;")) == {Weight.EMPTY}
    assert weights(jp2.read(jp2.CODESTREAM + b"\0\x29").found) == {Weight.CUT}


def test_a_straight_clear_scan_has_nothing_to_correct(tmp_path: Path, engine: Engine):
    report = engine.check(scan(tmp_path, "page.png", sheet()))
    assert not {code for code in report.codes if code.startswith(("SCN", "IMG"))}
    assert abs(report.facts["scan"]["skew_deg"]) <= 0.2
    assert report.facts["image"]["colour_mode"] == "grey"


@pytest.mark.parametrize("angle", [-4.0, -1.5, 1.5, 3.0])
def test_skew_is_measured_within_a_fifth_of_a_degree(tmp_path: Path, engine: Engine, angle: float):
    page = sheet().rotate(angle, fillcolor=243, resample=Image.Resampling.BICUBIC)
    report = engine.check(scan(tmp_path, "skewed.png", page))
    assert abs(report.facts["scan"]["skew_deg"] - angle) <= 0.2


def test_a_border_is_measured_in_millimetres(tmp_path: Path, engine: Engine):
    report = engine.check(scan(tmp_path, "bordered.png", bordered(), dpi=200))
    assert report.facts["scan"]["black_border_mm"] == pytest.approx(41 / 200 * 25.4, abs=0.3)
    assert report.facts["dpi"] == 200


def test_a_photograph_is_not_scolded_as_a_scan(tmp_path: Path, engine: Engine):
    noise = Image.effect_noise((1200, 900), 90).filter(ImageFilter.GaussianBlur(8))
    photo = Image.composite(noise, Image.linear_gradient("L").resize((1200, 900)), noise).convert("RGB")
    photo.save(tmp_path / "photo.jpg", dpi=(72, 72))
    report = engine.check(tmp_path / "photo.jpg")
    assert str(report.verdict) == "pass"
    assert "scan" not in report.facts


def test_a_drawing_of_a0_at_600_dpi_is_no_bomb(tmp_path: Path, engine: Engine):
    Image.new("1", (19866, 28087), 1).save(tmp_path / "a0.tif", compression="group4", dpi=(600, 600))
    report = engine.check(tmp_path / "a0.tif")
    assert not report.blocks
    assert report.facts["dpi"] == 600
    assert "SCN-003" in report.codes


def directory(entries: list[tuple[int, int, int, int]], following: bytes = bytes(4)) -> bytes:
    table = b"".join(struct.pack("<HHLL", *entry) for entry in sorted(entries))
    return struct.pack("<H", len(entries)) + table + following


GREY_TIFF = [(256, 4, 1, 8), (257, 4, 1, 5), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
GREY_TIFF += [(277, 3, 1, 1), (278, 4, 1, 5), (279, 4, 1, 40)]


def tagged(*more: tuple[int, int, int, int], following: bytes = bytes(4), behind: bytes = b"") -> bytes:
    """A grey TIFF of 8 × 5 pixels; `more` tags replace or join its own."""
    new = {entry[0] for entry in more}
    entries = [entry for entry in GREY_TIFF if entry[0] not in new] + list(more)
    return b"II*\0" + struct.pack("<L", 48) + bytes(40) + directory(entries, following) + behind


BEHIND = 48 + 2 + 12 * 10 + 4


@pytest.mark.parametrize(
    ("content", "weights_of"),
    [
        (tagged(), set()),
        (tagged((262, 3, 1, 3), (320, 3, 768, BEHIND), behind=bytes(1536)), set()),
        (tagged((262, 3, 1, 3), (320, 3, 768, BEHIND), behind=bytes(1500)), {Weight.CUT, Weight.FAULTY}),
        (tagged((259, 3, 1, 7), (347, 7, 100, BEHIND), behind=bytes(50)), {Weight.CUT, Weight.FAULTY}),
        (tagged((282, 5, 1, 9000)), {Weight.FAULTY}),
        (tagged((282, 5, 1, 9000), following=b""), {Weight.CUT, Weight.FAULTY}),
        (tagged(following=b""), set()),
        (tagged((330, 4, 1, BEHIND), behind=directory(GREY_TIFF)), set()),
        (tagged((330, 4, 1, BEHIND), behind=directory(GREY_TIFF)[:40]), {Weight.CUT}),
        (tagged((330, 4, 1, BEHIND), behind=directory([*GREY_TIFF[:-4], (273, 4, 1, 9000), *GREY_TIFF[-3:]])), {Weight.CUT}),
    ],
)  # fmt: skip
def test_tables_and_inner_images_a_tiff_needs_are_missed_when_they_are_cut_off(content, weights_of):
    assert weights(tiff.read(content).found) == weights_of


def test_damage_that_one_decoder_passes_over_is_told_by_the_other(tmp_path):
    path = tmp_path / "a.tif"
    sheet().save(path, compression="jpeg", dpi=(300, 300))
    assert "IMG-006" not in codes(examine(path, tmp_path))
    whole = path.read_bytes()
    third = len(whole) // 3
    report = examine(put(tmp_path, "b.tif", whole[:third] + bytes(4000) + whole[third + 4000 :]), tmp_path)
    assert report["verdict"] != "pass"


def test_icons_of_apple_are_walked_by_their_lengths():
    whole = b"icns" + struct.pack(">L", 32) + b"ic07" + struct.pack(">L", 24) + bytes(16)
    assert small.icns(whole) == []
    assert weights(small.icns(whole[:-1])) == {Weight.CUT}
    assert weights(small.icns(whole[:12] + bytes(20))) == {Weight.BROKEN}

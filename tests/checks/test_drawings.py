"""Drawings: DWG containers down to their checksums, DXF audited within a time, fonts told."""

import pytest

from samples.checks import drawings
from samples.checks.looking import codes, examine
from zhudang.checks import cad_fonts, dwgfile
from zhudang.checks.openers import dxf
from zhudang.checks.rasters.faults import View, Weight


@pytest.mark.parametrize("make", [drawings.dwg, drawings.paged_dwg])
def test_every_byte_a_checksum_covers_is_guarded(tmp_path, make):
    path = make(tmp_path)
    whole = path.read_bytes()
    assert codes(examine(path, tmp_path)) == {"CAD-003"}
    middle = whole.index(bytes(range(100, 110))) if make is drawings.paged_dwg else 130
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    assert codes(examine(path, tmp_path)) == {"CAD-008"}


def test_verified_parts_are_counted_in_the_facts(tmp_path):
    report = examine(drawings.paged_dwg(tmp_path), tmp_path)
    assert report["facts"]["integrity"] == {"verified": {"pages": 1}, "sections": ["AcDb:Test"]}
    assert report["facts"]["release"] == "2018 (AC1032)"


def test_a_program_that_computes_no_sums_is_told_not_refused():
    assert [fault.weight for fault in dwgfile._mismatches(9, 9, "pages")] == [Weight.FAULTY]
    assert [fault.weight for fault in dwgfile._mismatches(1, 9, "pages")] == [Weight.BROKEN]


def test_a_2007_drawing_without_its_repeated_header_is_cut():
    head = b"".join((n * n * 7919 + n).to_bytes(4, "big") for n in range(256))
    whole = b"AC1021".ljust(0x80, b"\0") + head + bytes(5000) + head
    assert dwgfile.read_coded(View(whole, "<")).found == []
    assert [fault.weight for fault in dwgfile.read_coded(View(whole[:-1000], "<")).found] == [Weight.CUT]


def test_an_old_drawing_shorter_than_its_sections_is_cut():
    places = b"".join(n.to_bytes(4, "little") for n in (100, 200, 200, 0x40000064, 300, 0x80000000))
    whole = b"AC1006".ljust(0x14, b"\0") + places + bytes(260)
    assert dwgfile.read_offsets(View(whole, "<")).found == []
    assert [fault.weight for fault in dwgfile.read_offsets(View(whole[:250], "<")).found] == [Weight.CUT]


def test_packed_sections_expand_and_bombs_are_refused():
    assert dwgfile.expand(b"\x01abcd\x54\x00\x11", 100) == b"abcdcdcd"
    with pytest.raises(ValueError, match="refer"):
        dwgfile.expand(b"\x01abcd\x20" + b"\0" * 200 + b"\x01\0\0\x11", 100)


def test_audit_stops_after_its_time(tmp_path, monkeypatch):
    monkeypatch.setattr(dxf, "SECONDS", 0.001)
    assert codes(examine(drawings.dxf(tmp_path), tmp_path)) == {"CAD-010"}


def test_a_missing_end_mark_after_whole_sections_is_told_only(tmp_path):
    path = drawings.dxf(tmp_path)
    content = path.read_bytes().rstrip()
    path.write_bytes(content[: content.rindex(b"ENDSEC") + 6])
    report = examine(path, tmp_path)
    assert report["verdict"] == "warn"
    assert "CAD-002" in codes(report)


def test_chinese_big_fonts_are_told_unless_they_lie_beside(tmp_path):
    path = drawings.dxf(tmp_path, drawings._own_font)
    report = examine(path, tmp_path)
    assert [found["data"]["fonts"] for found in report["findings"]] == [["hztxt.shx"]]
    (tmp_path / "HZTXT.SHX").write_bytes(b"AutoCAD-86 shapes")
    assert codes(examine(path, tmp_path)) == set()


def test_fonts_every_program_brings_are_in_the_data():
    assert {"txt.shx", "gbcbig.shx", "gbenor.shx", "simsun.ttc"} <= cad_fonts.supplied()
    assert "tssdchn.shx" not in cad_fonts.supplied()


def test_binary_dxf_states_its_release(tmp_path):
    import ezdxf

    document = ezdxf.new("R2000")
    document.modelspace().add_line((0, 0), (1, 1))
    document.saveas(tmp_path / "binary.dxf", fmt="bin")
    assert examine(tmp_path / "binary.dxf", tmp_path)["facts"]["release"] == "2000 (AC1015)"


def test_zeros_within_a_drawing_written_as_text_are_told(tmp_path):
    path = drawings.dxf(tmp_path)
    whole = path.read_bytes()
    assert "CAD-002" not in codes(examine(path, tmp_path))
    path.write_bytes(whole.replace(b"  0\nEOF", b"999\n" + bytes(40) + b"\n  0\nEOF"))
    assert "CAD-002" in codes(examine(path, tmp_path))
    path.write_bytes(whole + bytes(40))
    assert "CAD-002" not in codes(examine(path, tmp_path))


@pytest.mark.parametrize("chunk", [64, dxf.CHUNK_BYTES])
def test_zeros_within_a_drawing_written_as_text_are_told_and_padding_behind_it_is_not(chunk, tmp_path, monkeypatch):
    monkeypatch.setattr(dxf, "CHUNK_BYTES", chunk)
    mark = "X" * 150
    whole = drawings.dxf(tmp_path, lambda document: document.modelspace().add_text(mark)).read_bytes()
    (tmp_path / "padded.dxf").write_bytes(whole + bytes(300))
    (tmp_path / "holed.dxf").write_bytes(whole.replace(mark.encode(), bytes(150)))
    assert "CAD-002" not in codes(examine(tmp_path / "padded.dxf", tmp_path))
    told = examine(tmp_path / "holed.dxf", tmp_path)
    assert [found["data"]["first"] for found in told["findings"] if found["code"] == "CAD-002"] == ["NUL"]

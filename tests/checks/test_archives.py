"""Archives: nothing leaves the worker's folder, nothing runs away, every member is looked into."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from samples.checks.archives import BAD, tar_of
from samples.checks.looking import codes, examine
from samples.checks.making import put, zip_of
from samples.checks.office import docx
from zhudang.checks import limits
from zhudang.checks.openers import packers
from zhudang.checks.zip_structure import oddities


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def sevenz(path: Path, members: dict[str, bytes], password: str | None = None) -> Path:
    import py7zr

    with py7zr.SevenZipFile(path, "w", password=password) as archive:
        for name, content in members.items():
            archive.writestr(content, name)
    return path


def test_members_are_named_sized_and_judged(tmp_path, scratch):
    macro = docx(tmp_path, {"word/vbaProject.bin": "x"}).read_bytes()
    path = zip_of(tmp_path, {"说明.txt": "竣工图".encode() * 9, "带宏.docx": macro})
    report = examine(path, scratch)
    rows = {row["name"]: row for row in report["facts"]["members"]}
    assert rows["说明.txt"] == {"name": "说明.txt", "size": 81, "format": "x-fmt/111", "verdict": "pass", "codes": []}
    assert "OFF-001" in rows["带宏.docx"]["codes"]
    assert report["facts"]["active_content"] == ["macro"]
    assert report["facts"]["member_count"] == 2


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz", "a.7z"])
def test_a_locked_member_blocks_whatever_packs_it(name, tmp_path, scratch):
    members = {"ok.txt": b"text", "locked.zip": BAD["ZIP-002"](tmp_path).read_bytes()}
    makers = {".zip": zip_of, ".7z": lambda folder, inside, title: sevenz(folder / title, inside)}
    report = examine(makers.get(Path(name).suffix, tar_of)(tmp_path, members, name), scratch)
    assert "ZIP-013" in codes(report)
    assert report["verdict"] == "fail"


def test_an_empty_member_does_not_block(tmp_path, scratch):
    report = examine(zip_of(tmp_path, {".gitkeep": b"", "a.txt": b"text"}), scratch)
    assert report["verdict"] == "warn"


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/evil.txt", "..\\..\\evil.txt", "c:\\evil.txt"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_nothing_is_written_by_a_path_of_the_archive(name, kind, tmp_path, scratch):
    before = {each for each in tmp_path.rglob("*") if each.name.endswith("evil.txt")}
    maker = zip_of if kind == "zip" else tar_of
    report = examine(maker(tmp_path, {name: b"x"}, f"slip.{kind}"), scratch)
    assert "ZIP-003" in codes(report)
    assert {each for each in tmp_path.rglob("*") if each.name.endswith("evil.txt")} == before
    assert not Path("/etc/evil.txt").exists()
    assert not [each for each in scratch.rglob("*") if "evil" in each.name]


def test_a_member_behind_a_link_is_out_of_the_archive(tmp_path, scratch):
    path = tmp_path / "through.tar"
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo("folder")
        link.type, link.linkname = tarfile.SYMTYPE, "somewhere"
        tar.addfile(link)
        inside = tarfile.TarInfo("folder/file.txt")
        inside.size = 1
        tar.addfile(inside, io.BytesIO(b"x"))
    assert "ZIP-003" in codes(examine(path, scratch))


def test_a_link_up_and_back_into_the_archive_is_only_told(tmp_path, scratch):
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo("a/b/link")
        link.type, link.linkname = tarfile.SYMTYPE, "../file.txt"
        tar.addfile(link)
    report = examine(path, scratch)
    assert "ZIP-007" in codes(report)
    assert "ZIP-003" not in codes(report)


def test_a_tar_cut_between_members_is_told_and_one_cut_within_blocks(tmp_path, scratch):
    whole = tar_of(tmp_path, {"a.txt": b"x" * 2000, "b.txt": b"y" * 2000}).read_bytes()
    between = examine(put(tmp_path, "between.tar", whole[: 512 + 2048]), scratch)
    assert "ZIP-015" in codes(between)
    within = examine(put(tmp_path, "within.tar", whole[: 512 + 2048 + 512 + 100]), scratch)
    assert within["verdict"] == "fail"


def test_a_tar_whose_second_header_is_spoiled_is_not_taken_for_its_end(tmp_path, scratch):
    content = bytearray(tar_of(tmp_path, {"a.txt": b"x", "b.txt": b"y"}).read_bytes())
    content[1024:1030] = b"\xff" * 6
    assert "ZIP-001" in codes(examine(put(tmp_path, "spoiled.tar", bytes(content)), scratch))


def test_a_bomb_in_a_stream_stops_early(tmp_path, scratch):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=9) as out:
        for _ in range(400):
            out.write(bytes(1024 * 1024))
    assert "ZIP-004" in codes(examine(path, scratch))
    assert not list(scratch.glob("inside-*"))


def test_a_bomb_hidden_in_layers_is_found(tmp_path, scratch):
    content = BAD["ZIP-004"](tmp_path).read_bytes()
    for level in range(5):
        content = zip_of(tmp_path, {f"{level}-{side}.zip": content for side in "ab"}, "layer.zip").read_bytes()
    report = examine(put(tmp_path, "layers.zip", content), scratch)
    assert report["verdict"] == "fail"


def test_reading_ends_in_time_and_says_so(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(limits, "READING_S", -1.0)
    report = examine(zip_of(tmp_path, {"a.txt": b"x"}), scratch)
    assert "ZIP-014" in codes(report)
    assert report["verdict"] == "manual"


def test_a_locked_7z_is_refused_even_when_it_hides_its_names(tmp_path, scratch):
    assert "ZIP-002" in codes(examine(sevenz(tmp_path / "a.7z", {"a.txt": b"x"}, "secret"), scratch))


def test_a_7z_that_asks_for_a_huge_dictionary_is_not_opened(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(packers, "DICTIONARY_BYTES", 1024)
    assert "ZIP-009" in codes(examine(sevenz(tmp_path / "a.7z", {"a.txt": b"x" * 99}), scratch))


def test_a_spoiled_7z_blocks(tmp_path, scratch):
    content = bytearray(sevenz(tmp_path / "a.7z", {"a.txt": b"hello world " * 99}).read_bytes())
    content[40] ^= 0xFF
    assert "ZIP-001" in codes(examine(put(tmp_path, "b.7z", bytes(content)), scratch))


def test_names_in_gbk_are_shown_as_people_read_them(tmp_path, scratch):
    report = examine(BAD["ZIP-010"](tmp_path), scratch)
    assert report["facts"]["members"][0]["name"] == "图纸.txt"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda content, end, central: content + b"\0", "length of the comment"),
        (lambda content, end, central: content[: end + 10] + b"\x02\0" + content[end + 12 :], "part of a set of disks"),
        (lambda content, end, central: content[:central] + b"?" + content[central:], "local header"),
        (lambda content, end, central: content[: central + 10] + b"\x01" + content[central + 11 :], "compression"),
        (lambda content, end, central: content[: central + 12] + b"\1\1\1\1" + content[central + 16 :], "date"),
        (lambda content, end, central: content[: central + 32] + b"\x09" + content[central + 33 :], "central"),
    ],
)
def test_parts_of_a_zip_that_disagree_are_told(spoil, why, tmp_path):
    content = zip_of(tmp_path, {"a.txt": b"hello"}).read_bytes()
    assert oddities(tmp_path / "sample.zip") == []
    end, central = content.rindex(b"PK\x05\x06"), content.index(b"PK\x01\x02")
    found = oddities(put(tmp_path, "spoiled.zip", spoil(content, end, central)))
    assert any(why in each.why and each.grave for each in found), found


def test_a_large_zip_by_windows_explorer_is_read(tmp_path, scratch):
    """Deflate64 is what Explorer uses beyond 2 GB."""
    import inflate64

    text = b"deflate64 is a small change to deflate " * 200
    packer = inflate64.Deflater()
    packed = packer.deflate(text) + packer.flush()
    path = tmp_path / "explorer.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as container:
        container.writestr("a.txt", packed)
    content = bytearray(path.read_bytes())
    import zlib

    crc, size = zlib.crc32(text).to_bytes(4, "little"), len(text).to_bytes(4, "little")
    for place, at in ((0, 8), (content.index(b"PK\x01\x02"), 10)):
        content[place + at] = 9
        content[place + at + 6 : place + at + 10] = crc
        content[place + at + 14 : place + at + 18] = size
    report = examine(put(tmp_path, "explorer2.zip", bytes(content)), scratch)
    assert report["facts"]["members"][0]["verdict"] == "pass", report["findings"]


def test_a_label_and_a_list_of_a_folder_are_no_devices(tmp_path, scratch):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind in (("label", b"V"), ("folder", b"D"), ("rare", b"Q")):
            member = tarfile.TarInfo(name)
            member.type = kind
            archive.addfile(member)
    report = examine(path, scratch)
    assert report["format"]["id"] == "x-fmt/265"
    assert report["verdict"] != "fail"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("device")
        member.type = tarfile.CHRTYPE
        archive.addfile(member)
    assert "ZIP-005" in codes(examine(path, scratch))


@pytest.mark.parametrize("names", [("é.txt", "e\u0301.txt"), ("a.txt", "./A.TXT")])
@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_names_that_fold_to_one_elsewhere_are_one_name_twice(names, name, tmp_path, scratch):
    members = dict.fromkeys(names, b"x")
    path = zip_of(tmp_path, members, name) if name.endswith("zip") else tar_of(tmp_path, members, name)
    assert "ZIP-008" in codes(examine(path, scratch))


def test_layers_that_grow_beyond_measure_together_are_a_bomb(tmp_path, scratch, monkeypatch):
    monkeypatch.setitem(limits._moved, "ratio_from_bytes", 1_000_000)
    inner = zip_of(tmp_path, {"zeros": bytes(900_000)}, "inner.zip").read_bytes()
    assert "ZIP-004" not in codes(examine(zip_of(tmp_path, {"a.zip": inner}), scratch))
    report = examine(zip_of(tmp_path, {f"{number}.zip": inner for number in range(4)}), scratch)
    assert "ZIP-004" in codes(report)
    assert report["verdict"] == "fail"


def test_a_bare_lzma_stream_is_opened(tmp_path, scratch):
    import lzma

    packed = lzma.compress(b"text\n" * 900, format=lzma.FORMAT_ALONE)
    report = examine(put(tmp_path, "a.txt.lzma", packed), scratch)
    assert [row["name"] for row in report["facts"]["members"]] == ["a.txt"]
    assert "ZIP-001" in codes(examine(put(tmp_path, "b.txt.lzma", packed[:-9]), scratch))

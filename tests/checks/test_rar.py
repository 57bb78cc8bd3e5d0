"""RAR: opened where libarchive is, said to be unopened where it is not, and never trusted."""

import pytest

from samples.checks.archives import BAD
from samples.checks.looking import codes, examine
from samples.checks.making import zip_of
from samples.checks.office import docx
from samples.checks.rar import HARD, SOFT, Member, rar3, rar5
from zhudang.checks import limits, rarlib
from zhudang.checks.rules import finding, translate

needs_library = pytest.mark.skipif(rarlib.library() is None, reason="libarchive is not installed here")


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def rows(report):
    return {row["name"]: row for row in report["facts"]["members"]}


@pytest.mark.debian
@needs_library
@pytest.mark.parametrize("write", [rar3, rar5])
def test_every_member_is_opened_and_judged(write, tmp_path, scratch):
    macro = docx(tmp_path, {"word/vbaProject.bin": "x"}).read_bytes()
    path = write(tmp_path / "a.rar", [Member("a.txt", b"text " * 9), Member("带宏.docx", macro), Member("b.txt", b"b")])
    report = examine(path, scratch)
    seen = rows(report)
    assert list(seen) == ["a.txt", "带宏.docx", "b.txt"]
    assert seen["a.txt"] == {"name": "a.txt", "size": 45, "format": "x-fmt/111", "verdict": "pass", "codes": []}
    assert "OFF-001" in seen["带宏.docx"]["codes"]
    assert report["facts"]["active_content"] == ["macro"]
    assert report["facts"]["encrypted"] is False
    assert report["not_checked"] == {"VIR-001": "no_scanner"}
    assert not list(scratch.glob("inside-*"))


@pytest.mark.debian
@needs_library
def test_a_member_that_does_not_pass_blocks_the_whole(tmp_path, scratch):
    inside = Member("locked.zip", BAD["ZIP-002"](tmp_path).read_bytes())
    report = examine(rar5(tmp_path / "a.rar", [inside]), scratch)
    assert "ZIP-013" in codes(report)
    assert report["verdict"] == "fail"


@pytest.mark.debian
@needs_library
def test_archives_within_archives_are_opened_too(tmp_path, scratch):
    locked = Member("locked.zip", BAD["ZIP-002"](tmp_path).read_bytes())
    inner = rar3(tmp_path / "inner.rar", [Member("ok.txt", b"text"), locked]).read_bytes()
    middle = zip_of(tmp_path, {"inner.rar": inner}, "middle.zip").read_bytes()
    report = examine(rar5(tmp_path / "a.rar", [Member("middle.zip", middle)]), scratch)
    assert report["verdict"] == "fail"
    assert rows(report)["middle.zip"]["verdict"] == "fail"


@pytest.mark.debian
@needs_library
def test_names_in_gbk_are_shown_as_people_read_them(tmp_path, scratch):
    name = "图纸\\平面誠.txt".encode("gbk")  # its last character ends with the byte of a backslash
    assert name.count(b"\\") == 2
    report = examine(rar3(tmp_path / "a.rar", [Member(name, b"text")]), scratch)
    assert list(rows(report)) == ["图纸/平面誠.txt"]
    assert "ZIP-010" in codes(report)


@pytest.mark.parametrize(
    ("write", "member", "code"),
    [
        (rar3, Member("../out.txt", b"x"), "ZIP-003"),
        (rar3, Member(b"..\\out.txt", b"x"), "ZIP-003"),
        (rar5, Member("/etc/out.txt", b"x"), "ZIP-003"),
        (rar5, Member("link", link=(SOFT, "../../etc/passwd")), "ZIP-003"),
        (rar5, Member("hard", link=(HARD, "../passwd")), "ZIP-003"),
        (rar3, Member("link", b"/etc/passwd", mode=0o120777), "ZIP-003"),
        (rar3, Member("device", mode=0o020666), "ZIP-005"),
    ],
)
def test_nothing_unsafe_is_unpacked(write, member, code, tmp_path, scratch):
    report = examine(write(tmp_path / "a.rar", [member, Member("a.txt", b"text")]), scratch)
    assert code in codes(report)
    assert report["verdict"] == "fail"
    assert rows(report)["a.txt"]["verdict"] == "not_checked"


def test_a_member_behind_a_link_is_out_of_the_archive(tmp_path, scratch):
    members = [Member("folder", link=(SOFT, "other")), Member("folder/a.txt", b"text")]
    assert "ZIP-003" in codes(examine(rar5(tmp_path / "a.rar", members), scratch))


@pytest.mark.debian
@needs_library
def test_a_link_within_the_archive_is_only_told(tmp_path, scratch):
    members = [Member("a.txt", b"text"), Member("b.txt", link=(SOFT, "a.txt"))]
    report = examine(rar5(tmp_path / "a.rar", members), scratch)
    assert "ZIP-007" in codes(report)
    assert "ZIP-003" not in codes(report)
    assert rows(report)["a.txt"]["verdict"] == "pass"


@pytest.mark.debian
@needs_library
@pytest.mark.parametrize("write", [rar3, rar5])
def test_a_spoiled_member_blocks(write, tmp_path, scratch):
    path = write(tmp_path / "a.rar", [Member("a.txt", b"text " * 99), Member("b.txt", b"more")])
    path.write_bytes(path.read_bytes().replace(b"text text", b"text tekt", 1))
    report = examine(path, scratch)
    assert "ZIP-001" in codes(report)
    assert set(rows(report)) == {"a.txt", "b.txt"}


@pytest.mark.parametrize("write", [rar3, rar5])
def test_a_cut_archive_blocks(write, tmp_path, scratch):
    path = write(tmp_path / "a.rar", [Member("a.txt", b"text " * 99)])
    path.write_bytes(path.read_bytes()[:-300])
    assert "ZIP-001" in codes(examine(path, scratch))


@pytest.mark.debian
@needs_library
def test_an_archive_cut_between_members_is_told(tmp_path, scratch):
    report = examine(rar5(tmp_path / "a.rar", [Member("a.txt", b"text")], end=False), scratch)
    assert "ZIP-015" in codes(report)
    assert report["verdict"] == "warn"


def test_an_archive_that_declares_far_more_than_it_holds_is_a_bomb(tmp_path, scratch):
    member = Member("zeros", bytes(100), declared=limits.MEMBER_BYTES * 4, method=3)
    assert "ZIP-004" in codes(examine(rar5(tmp_path / "a.rar", [member]), scratch))


@pytest.mark.debian
@needs_library
def test_an_archive_that_gives_more_than_it_may_is_left(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(limits, "TOTAL_BYTES", 1000, raising=False)
    report = examine(rar5(tmp_path / "a.rar", [Member("a.txt", b"text " * 999)]), scratch)
    assert "ZIP-004" in codes(report)


@pytest.mark.debian
@needs_library
def test_reading_ends_in_time_and_says_so(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(limits, "READING_S", -1.0)
    assert "ZIP-014" in codes(examine(rar5(tmp_path / "a.rar", [Member("a.txt", b"text")]), scratch))


@pytest.mark.debian
@needs_library
def test_a_packing_the_library_does_not_know_is_for_a_person(tmp_path, scratch):
    report = examine(rar5(tmp_path / "a.rar", [Member("a.txt", b"text", method=3, window=15)]), scratch)
    assert "ZIP-009" in codes(report)
    assert report["verdict"] == "manual"
    assert rows(report)["a.txt"]["verdict"] == "not_checked"


@pytest.mark.parametrize("flags", [0x08, 0x10])
def test_a_part_of_a_set_is_for_a_person(flags, tmp_path, scratch):
    report = examine(rar5(tmp_path / "a.part1.rar", [Member("a.txt", b"text", flags=flags)]), scratch)
    assert "ZIP-009" in codes(report)
    assert report["verdict"] == "manual"


def test_without_the_library_nothing_is_passed_and_the_cure_is_named(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(rarlib, "library", lambda: None)
    report = examine(rar5(tmp_path / "a.rar", [Member("a.txt", b"text")]), scratch)
    assert report["verdict"] == "manual"
    assert report["not_checked"]["ZIP-009"] == "no_rar_reader"
    assert rows(report)["a.txt"]["verdict"] == "not_checked"
    told = next(found for found in report["findings"] if found["code"] == "ZIP-009")
    assert "libarchive13" in told["message"]
    assert "install libarchive" in translate(finding("ZIP-009", **told["data"]), "en")

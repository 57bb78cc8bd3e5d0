"""One file at a time, in this process: what an opener's trouble turns into."""

import socket
import struct
import sys
import threading
from pathlib import Path

import pytest

from samples import checks as samples
from samples.checks import images, signatures
from samples.checks.looking import codes, examine
from zhudang.checks.malware import Scanner, ScannerUnavailable
from zhudang.checks.openers import dxf, ifc, text

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def test_a_parser_s_surprise_is_told_and_left_to_a_person(tmp_path, monkeypatch):
    def surprise(case):
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(text, "examine", surprise)
    report = examine(samples.GOOD["utf8"](tmp_path), tmp_path)
    assert codes(report) == {"RUN-005"}
    assert report["verdict"] == "manual"


def test_a_missing_component_is_told(tmp_path, monkeypatch):
    drawing = samples.GOOD["dxf"](tmp_path)
    monkeypatch.delitem(sys.modules, "zhudang.checks.openers.dxf")
    monkeypatch.delattr("zhudang.checks.openers.dxf")
    monkeypatch.setitem(sys.modules, "ezdxf", None)
    assert codes(examine(drawing, tmp_path)) == {"RUN-006"}


def test_what_is_too_large_to_open_is_left_to_a_person(tmp_path, monkeypatch):
    monkeypatch.setattr(dxf, "WHOLE_BYTES", 100)
    monkeypatch.setattr(ifc, "WHOLE_BYTES", 100)
    assert codes(examine(samples.GOOD["dxf"](tmp_path), tmp_path)) == {"CAD-007"}
    assert codes(examine(samples.GOOD["ifc"](tmp_path), tmp_path)) == {"BIM-005"}


@pytest.mark.parametrize(
    ("name", "fact", "value"),
    [
        ("pdf", "pages", 3),
        ("pdf", "encrypted", False),
        ("pdf", "active_content", []),
        ("pdf", "page_sizes", {"A4": 3}),
        ("scan", "dpi", 206),
        ("scan", "text_chars", 0),
        ("ofd", "pages", 3),
        ("ofd", "text_chars", 30),
        ("ofd", "page_sizes", {"A4": 3}),
        ("png", "dpi", 300),
        ("dxf", "release", "2010 (AC1024)"),
        ("dwg", "release", "2000 (AC1015)"),
        ("ifc", "release", "IFC4"),
        ("wav", "duration_s", 1.0),
        ("avi", "duration_s", 6.0),
        ("gbk", "encoding", "gb2312"),
        ("utf8", "encoding", "utf-8"),
        (
            "zip",
            "members",
            [{"name": "图纸/一层.txt", "size": 1, "format": "x-fmt/111", "verdict": "pass", "codes": []}],
        ),
    ],
)
def test_facts_others_build_on(name, fact, value, tmp_path):
    assert examine(samples.GOOD[name](tmp_path), tmp_path)["facts"][fact] == value


@pytest.mark.parametrize(("name", "expected"), [("PDF-002", True), ("PDF-003", "owner"), ("PDF-004", False)])
def test_encrypted_tells_locked_from_restricted(name, expected, tmp_path):
    assert examine(samples.BAD[name](tmp_path), tmp_path)["facts"]["encrypted"] == expected


def test_a_signature_is_never_called_valid_without_an_anchor(tmp_path):
    signature = examine(signatures.signed_pdf(tmp_path), tmp_path)["facts"]["signatures"][0]
    assert signature["signer"] == "测试签名人"
    assert (signature["intact"], signature["covers_whole"]) == (True, True)
    assert signature["status"] == "untrusted"


class Daemon(threading.Thread):
    """Speaks clamd's INSTREAM protocol; knows one signature, as a scanner with only EICAR would."""

    def __init__(self, address: Path, answer: bytes | None = None) -> None:
        super().__init__(daemon=True)
        self._answer = answer
        self._line = socket.socket(socket.AF_UNIX)
        self._line.bind(str(address))
        self._line.listen()

    def run(self) -> None:
        while True:
            line, _ = self._line.accept()
            with line:
                line.recv(len(b"zINSTREAM\0"), socket.MSG_WAITALL)
                content = b""
                while size := struct.unpack("!I", line.recv(4, socket.MSG_WAITALL))[0]:
                    content += line.recv(size, socket.MSG_WAITALL)
                found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
                line.sendall(self._answer or found)


def test_malware_is_refused_and_clean_files_are_said_to_be_clean(tmp_path):
    Daemon(tmp_path / "clamd").start()
    bad, good = tmp_path / "a.txt", tmp_path / "b.txt"
    bad.write_bytes(EICAR)
    good.write_text("clean")
    report = examine(bad, tmp_path, clamd=f"unix:{tmp_path}/clamd")
    assert "VIR-001" in codes(report)
    assert (report["verdict"], report["facts"]["infected"]) == ("fail", "Eicar-Test-Signature")
    report = examine(good, tmp_path, clamd=f"unix:{tmp_path}/clamd")
    assert (report["verdict"], report["facts"]["infected"], report["not_checked"]) == ("pass", False, {})


def test_a_scanner_that_does_not_answer_leaves_the_file_unchecked(tmp_path):
    path = samples.GOOD["utf8"](tmp_path)
    report = examine(path, tmp_path, clamd=f"unix:{tmp_path}/nobody")
    assert report["facts"]["infected"] is None
    assert report["not_checked"] == {"VIR-001": "unreachable"}
    Daemon(tmp_path / "full", b"INSTREAM size limit exceeded. ERROR\0").start()
    with pytest.raises(ScannerUnavailable) as refused:
        Scanner(f"unix:{tmp_path}/full").scan(path)
    assert refused.value.reason == "too_large"


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
@pytest.mark.parametrize(
    "name", ["pdf", "ofd", "png", "jpeg", "tiff", "dxf", "ifc", "wav", "avi", "docx", "zip", "dwg", "paged_dwg"]
)
def test_what_was_cut_off_is_refused(name, share, tmp_path):
    whole = samples.GOOD[name](tmp_path)
    content = whole.read_bytes()
    cut = tmp_path / f"cut{whole.suffix}"
    cut.write_bytes(content[: int(len(content) * share)])
    assert examine(whole, tmp_path)["verdict"] != "fail"
    assert examine(cut, tmp_path)["verdict"] == "fail"


def test_a_chunk_that_claims_gigabytes_is_cut_off_not_out_of_memory(tmp_path):
    content = bytearray(images.picture(tmp_path, "whole.png").read_bytes())
    at = content.index(b"IDAT") - 4
    content[at : at + 4] = b"\xf0\0\0\0"
    path = tmp_path / "claims.png"
    path.write_bytes(content)
    assert codes(examine(path, tmp_path)) == {"IMG-002"}

"""The engine: bounded workers, nothing stuck, nothing lost, nobody left behind."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples import checks as samples
from samples.checks import drawings, images, ofd, pdf
from zhudang.checks.engine import CannotRead, Engine, EngineStopped
from zhudang.checks.model import FACT_NAMES, FileToCheck, Severity, Verdict
from zhudang.checks.rules import all_rules

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def engine():
    with Engine() as running:
        yield running


def slow_file(folder: Path) -> Path:
    """A drawing that takes a reader many seconds and much memory: a hundred thousand lines."""
    path = folder / "large.dxf"
    head, _, rest = drawings.dxf(folder).read_text().partition("AcDbEntity\n  8\n0\n100\nAcDbLine")
    before, _, handle = head.rpartition("  0\nLINE\n  5\n")
    _, _, tail = f"{handle}AcDbEntity\n  8\n0\n100\nAcDbLine{rest}".partition("330\n")
    owner_id = tail.partition("\n")[0]
    with path.open("w") as out:
        out.write(before)
        for number in range(100_000):
            out.write(
                f"  0\nLINE\n  5\n{0x10000 + number:X}\n330\n{owner_id}\n100\nAcDbEntity\n  8\n0\n100\nAcDbLine\n"
                f" 10\n0.0\n 20\n{number}.0\n 30\n0.0\n 11\n9.0\n 21\n{number}.0\n 31\n0.0\n"
            )
        out.write(f"  0\nLINE\n  5\n{handle}AcDbEntity\n  8\n0\n100\nAcDbLine{rest}")
    return path


def workers_of_this_process() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "zhudang.checks.worker" in " ".join(_words(child))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_every_file_gets_one_report_with_digests_and_all_facts(engine, tmp_path):
    paths = []
    for number in range(300):
        path = tmp_path / f"{number}.txt"
        path.write_text(f"第{number}号\n", encoding="utf-8")
        paths.append(path)
    reports = {report.path: report for report in engine.check_paths(paths)}
    assert set(reports) == {str(path) for path in paths}
    for path in paths:
        content = path.read_bytes()
        report = reports[str(path)]
        assert report.sha256 == hashlib.sha256(content).hexdigest()
        assert report.sm3 == hashlib.new("sm3", content).hexdigest()
        assert set(FACT_NAMES) <= set(report.facts)
        assert report.not_checked == {"VIR-001": "no_scanner"}


def test_known_digests_are_taken_over_and_a_baseline_is_compared(engine, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("text")
    known = engine.check(FileToCheck(path, sha256="a" * 64, sm3="b" * 64))
    assert (known.sha256, known.sm3) == ("a" * 64, "b" * 64)
    changed = engine.check(FileToCheck(path, expect_sha256="0" * 64))
    assert "FIX-001" in changed.codes
    assert changed.verdict is Verdict.FAIL
    right = hashlib.sha256(b"text").hexdigest()
    assert "FIX-001" not in engine.check(FileToCheck(path, expect_sha256=right)).codes


def test_the_ending_comes_from_the_maker_s_name_when_the_stored_path_has_none(engine, tmp_path):
    stored = images.picture(tmp_path, "a.png").rename(tmp_path / "0f3a")
    assert "FMT-002" in engine.check(FileToCheck(stored, name="一层平面图.jpg")).codes
    assert "FMT-002" not in engine.check(FileToCheck(stored, name="一层平面图.png")).codes


def test_a_file_over_its_time_becomes_a_finding_and_keeps_its_digest(tmp_path):
    slow, quick = slow_file(tmp_path), images.picture(tmp_path, "quick.png")
    with Engine(workers=1, timeout_s=2.0) as engine:
        engine.check(quick)
        reports = {Path(report.path).name: report for report in engine.check_paths([slow, quick, quick])}
    assert "RUN-002" in reports["large.dxf"].codes
    assert reports["large.dxf"].verdict is Verdict.MANUAL
    assert reports["large.dxf"].sha256 == hashlib.sha256(slow.read_bytes()).hexdigest()
    assert reports["large.dxf"].format.mime == "image/vnd.dxf"
    assert "RUN-002" not in reports["quick.png"].codes


def test_a_file_over_its_memory_becomes_a_finding(tmp_path):
    with Engine(workers=1, memory_bytes=170 * 1024 * 1024) as engine:
        report = engine.check(slow_file(tmp_path))
        assert "RUN-003" in report.codes
        assert report.sha256
        assert engine.check(images.picture(tmp_path, "small.png")).verdict is Verdict.PASS


def test_a_worker_that_dies_twice_on_a_file_is_a_finding_and_others_are_unharmed(tmp_path):
    others = [images.picture(tmp_path, f"{number}.png") for number in range(20)]
    with Engine(workers=1) as engine:
        done: dict[str, object] = {}

        def work() -> None:
            for report in engine.check_paths([slow_file(tmp_path), *others]):
                done[Path(report.path).name] = report

        thread = threading.Thread(target=work)
        thread.start()
        killed: set[int] = set()
        while len(killed) < 2:
            for worker in workers_of_this_process():
                if worker.pid not in killed and worker.cpu_times().user > 0.9:
                    worker.kill()
                    killed.add(worker.pid)
            time.sleep(0.02)
        thread.join(60)
    assert len(done) == 21
    assert "RUN-001" in done["large.dxf"].codes  # type: ignore[attr-defined]
    assert done["large.dxf"].verdict is Verdict.MANUAL  # type: ignore[attr-defined]
    assert done["large.dxf"].sha256  # type: ignore[attr-defined]
    assert all(not report.codes & {"RUN-001"} for name, report in done.items() if name != "large.dxf")  # type: ignore[attr-defined]


def test_without_workers_files_are_not_checked_and_nobody_waits(tmp_path, monkeypatch):
    monkeypatch.setattr("zhudang.checks.supervisor.sys.executable", "/bin/false")
    paths = [images.picture(tmp_path, f"{number}.png") for number in range(40)]
    with Engine() as engine:
        reports = list(engine.check_paths(paths))
        assert len(reports) == 40
        assert {report.verdict for report in reports} == {Verdict.NOT_CHECKED}
        assert {code for report in reports for code in report.codes} == {"RUN-006"}
        with pytest.raises(CannotRead):
            engine.preview(paths[0])


def test_a_missing_interpreter_or_scratch_folder_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("zhudang.checks.supervisor.tempfile.mkdtemp", _no_room)
    with Engine() as engine:
        assert engine.check(images.picture(tmp_path, "a.png")).verdict is Verdict.NOT_CHECKED


def _no_room(**_: object) -> str:
    raise OSError(28, "No space left on device")


def test_closing_an_engine_ends_those_who_wait(tmp_path):
    engine = Engine()
    waiting = engine.check_paths([slow_file(tmp_path)])
    closer = threading.Timer(1.0, engine.close)
    closer.start()
    with pytest.raises(EngineStopped):
        next(waiting)


def test_what_cannot_be_read_is_not_checked(engine, tmp_path):
    missing = engine.check(tmp_path / "gone.pdf")
    os.mkfifo(tmp_path / "pipe.pdf")
    pipe = engine.check(tmp_path / "pipe.pdf")
    for report in (missing, pipe):
        assert report.codes == {"RUN-004"}
        assert report.verdict is Verdict.NOT_CHECKED
        assert report.sha256 is None


def test_no_worker_outlives_its_engine(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a")
    before = set(workers_of_this_process())
    with Engine() as engine:
        list(engine.check_paths([path] * 40))
        assert set(workers_of_this_process()) - before
    assert set(workers_of_this_process()) <= before


def test_no_worker_outlives_a_killed_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys\nfrom zhudang.checks.engine import Engine\n"
        "with Engine(workers=2) as engine:\n"
        "    print('ready', flush=True)\n"
        "    for report in engine.check_paths([sys.argv[1], sys.argv[1]]):\n        pass\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, str(script), str(slow_file(tmp_path))]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        started = psutil.Process(parent.pid)
        children: list[psutil.Process] = []
        while len(children) < 2:
            children = started.children(recursive=True)
            time.sleep(0.05)
        parent.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


def test_the_parent_loads_no_parser():
    script = (
        "import sys\nimport zhudang.checks.engine, zhudang.checks.command, zhudang.checks.descriptions\n"
        "import zhudang.checks.folder_check, zhudang.checks.report_page, zhudang.checks.report_text\n"
        "heavy = {'pygfried', 'pikepdf', 'pypdfium2', 'ezdxf', 'ifcopenshell', 'av', 'PIL', 'lxml', 'pyvips', 'django'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    out = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_files_are_taken_only_a_little_ahead(engine, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a")
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield path

    reports = engine.check_paths(endless())
    for _ in range(10):
        next(reports)
    reports.close()
    assert taken < 200


def test_several_threads_share_one_engine(engine, tmp_path):
    counts: list[int] = []

    def work(name: str) -> None:
        paths = []
        for number in range(30):
            path = tmp_path / f"{name}{number}.txt"
            path.write_text(name)
            paths.append(path)
        counts.append(len(list(engine.check_paths(paths))))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert counts == [30, 30, 30]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(min_size=1, max_size=2000),
    start=st.sampled_from(
        [
            b"",
            b"%PDF-1.7\n",
            b"PK\x03\x04",
            b"II*\0",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"RIFF",
            b"AC1032",
            b"  0\nSECTION\n",
            b"ISO-10303-21;",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            b"{\\rtf1",
            b"GIF89a",
            b"\x1f\x8b\x08",
            b"\0\0\0\x18ftypmp42",
        ]
    ),
    ending=st.sampled_from(
        [".pdf", ".ofd", ".jpg", ".png", ".tif", ".dwg", ".dxf", ".ifc", ".mp4", ".doc", ".docx", ".zip", ".txt", ""]
    ),
)
def test_random_bytes_never_crash_the_engine(engine, tmp_path, content, start, ending):
    path = tmp_path / f"random{ending}"
    path.write_bytes(start + content)
    report = engine.check(path)
    assert not report.codes & {"RUN-001", "RUN-002", "RUN-003", "RUN-004"}
    json.dumps(report.as_json(), allow_nan=False)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(samples.GOOD)),
    cut=st.floats(0.05, 0.98),
    flips=st.lists(st.floats(0, 0.99), max_size=6),
)
def test_damaged_files_never_crash_the_engine(engine, tmp_path, name, cut, flips):
    whole = samples.GOOD[name](tmp_path)
    content = bytearray(whole.read_bytes()[: max(1, int(whole.stat().st_size * cut))])
    for place in flips:
        content[int(place * len(content))] ^= 0xFF
    damaged = tmp_path / f"damaged{whole.suffix}"
    damaged.write_bytes(bytes(content))
    report = engine.check(damaged)
    assert not report.codes & {"RUN-001", "RUN-002", "RUN-003", "RUN-004"}


def test_what_is_told_names_neither_stored_paths_nor_nul(engine, tmp_path):
    for make in (samples.BAD["IMG-001"], samples.BAD["CAD-001"], samples.BAD["PDF-001"], samples.BAD["ZIP-003"]):
        told = json.dumps(engine.check(FileToCheck(make(tmp_path), label="x")).as_json())
        assert str(tmp_path) not in told
        assert "\\u0000" not in told


def test_severities_that_block_are_only_those_the_product_names():
    """C1: cannot be opened, encrypted, infected, unsafe, altered after signing, incomplete, wrong document."""
    blocking = {code for code, rule in all_rules().items() if rule.severity is Severity.BLOCK}
    assert not blocking & {
        "PDF-003",
        "PDF-004",
        "PDF-011",
        "PDF-014",
        "OFD-007",
        "OFF-001",
        "FMT-001",
        "FMT-002",
        "FMT-004",
        "CAD-003",
        "SIG-003",
        "SIG-004",
        "RUN-002",
        "RUN-003",
    }
    assert blocking >= {
        "PDF-001",
        "PDF-002",
        "PDF-012",
        "SIG-001",
        "SIG-002",
        "OFD-001",
        "ZIP-004",
        "VIR-001",
        "FIX-001",
    }


def test_text_comes_by_page(engine, tmp_path):
    two_pages = ofd.ofd(tmp_path, ofd.ofd_parts(2))
    assert [(page, text) for page, text in engine.page_texts(two_pages, "zd/ofd")] == [
        (1, "第1页 云溪县归档文件"),
        (2, "第2页 云溪县归档文件"),
    ]
    one_line = pdf.pdf_with(pdf.with_text)(tmp_path)
    assert [text.strip() for _, text in engine.page_texts(one_line)] == ["Hello"]
    assert list(engine.page_texts(images.picture(tmp_path, "a.png"))) == []
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(CannotRead):
        list(engine.page_texts(broken))


def test_pages_are_drawn_at_the_width_asked(engine, tmp_path):
    import io

    from PIL import Image

    two = pdf.saved(pdf.new_pdf(2), tmp_path, "two.pdf")
    for path, page in ((two, 2), (images.picture(tmp_path, "a.jpg", (900, 600)), 1)):
        drawn = Image.open(io.BytesIO(engine.preview(path, page, 320)))
        assert drawn.format == "PNG"
        assert drawn.width == 320
    for path, page in ((two, 3), (tmp_path / "gone.pdf", 1)):
        with pytest.raises(CannotRead):
            engine.preview(path, page, 320)


def test_a_plain_document_waits_for_no_library_it_does_not_need(tmp_path: Path):
    path = saved_text(tmp_path)
    program = (
        "import sys\nfrom pathlib import Path\nfrom zhudang.checks.examine import Examiner\n"
        f"task = dict.fromkeys(('sha256', 'sm3', 'expect_sha256')) | {{'path': {str(path)!r}, 'name': 'a.pdf', "
        "'label': 'a.pdf', 'depth': 'full'}\n"
        f"report = Examiner(Path({str(tmp_path)!r})).examine(task)\n"
        "assert report['facts']['pages'] == 1, report\n"
        "print(*sorted({'pyhanko', 'numpy', 'asn1crypto', 'fontTools', 'aiohttp'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def saved_text(folder: Path) -> Path:
    document = pdf.new_pdf()
    pdf.with_text(document, b"A page of words that needs no picture to be known by, sixty characters long")
    return pdf.saved(document, folder, "a.pdf")

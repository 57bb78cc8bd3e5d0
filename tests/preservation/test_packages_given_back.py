"""What we give away comes back as it was: documents, names, words; what others pack comes in; what is damaged or hostile stays whole."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import date
from pathlib import Path
from uuid import UUID

import bagit
import pytest

from filing.filing_support import NOW, Site
from preservation.kept_project import KeptProject, site_settings
from samples.checks.packages import A_BAG, SIP, bag, eep, with_forged
from zhudang.checks.engine import Engine
from zhudang.content import checking, packages, queries
from zhudang.content.models import File
from zhudang.filing import jobs
from zhudang.filing.domain.describing import described_in
from zhudang.filing.naming import package_words
from zhudang.filing.queries import inbox_files, inbox_rows
from zhudang.preservation.giving.operations import Form, give

pytestmark = pytest.mark.django_db

CODE = "2403-990241-48-01-012345"
SIP_NAME = "SIP-P1-01-20260617020000-01.zip"


@pytest.fixture(scope="module")
def engine():
    with Engine(workers=1) as running:
        yield running


@pytest.fixture
def kept(tmp_path: Path, settings) -> KeptProject:
    settings.SITES = site_settings(tmp_path / "sites")
    project = KeptProject()
    project.preserve()
    return project


def sent(site: Site, name: str, data: bytes, engine: Engine) -> tuple[UUID, list[File]]:
    """Upload, check, take apart as the jobs do; the package and what came out of it."""
    before = set(File.objects.values_list("id", flat=True))
    package = site.upload(name, data=data, checked="")
    checking.check_waiting([package], with_engine=engine)
    for each in packages.packages_among([package]):
        packages.take_apart(each, now=NOW)
    return package, list(File.objects.exclude(id__in=before | {package}).select_related("blob").order_by("name"))


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def folder_zipped(folder: Path) -> bytes:
    return zipped(
        {path.relative_to(folder.parent).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    )


def said(files: list[File]) -> list[dict[str, str]]:
    told = queries.said_at_upload([file.id for file in files], "described")
    return [package_words(told[file.id]) for file in files]


def codes(package: UUID) -> set[str]:
    return {found.code for found in queries.report(package).findings}


def originals() -> list[tuple[str, str, str]]:
    rows = File.objects.filter(own_document=False)
    return sorted((row.name, row.folder, row.blob.sha256) for row in rows.select_related("blob"))


@pytest.mark.parametrize(("form", "name"), [(Form.DAT93, SIP_NAME), (Form.BAGIT, "移交.zip"), (Form.EEP, "封装包.zip")])
def test_what_we_gave_comes_back_once_each_with_name_title_and_number(
    kept: KeptProject, tmp_path: Path, form: Form, name: str
):
    were = originals()
    give(project_code=CODE, form=form, target=tmp_path / "out.zip", now=NOW)
    site = Site("2403-990241-48-01-999999", "另")
    # The kept documents are only called PDF, so the check of the archive itself is passed over.
    package = site.upload(name, data=(tmp_path / "out.zip").read_bytes())
    files = list(File.objects.filter(id__in=packages.take_apart(package, now=NOW)).select_related("blob"))
    assert sorted((file.name, file.folder, file.blob.sha256) for file in files) == were
    told = said(files)
    assert len(told) == len(were) > 1 and all(each["题名"] and each["档号"] for each in told)
    assert all(described_in(each)["title"] for each in told)
    assert queries.stored_file(package) is not None  # the package stays as it came
    assert all(file.digest_given for file in files)
    assert packages.take_apart(package, now=NOW) == []


def test_an_encapsulation_alone_comes_in_with_its_words_and_tells_that_nobody_vouches_for_it(engine: Engine):
    site = Site()
    package, [file] = sent(site, "桩位图.eep", eep(), engine)
    assert (file.name, file.blob.sha256) == ("图 1.pdf", hashlib.sha256(b"%PDF-1.4").hexdigest())
    [words] = said([file])
    filled = described_in(words)
    assert (filled["title"][0], filled["document_no"][0], filled["formed_on"][0]) == (
        "桩位图", "结施-3", date(2026, 3, 10),
    )  # fmt: skip
    assert "EEP-013" in codes(package) and queries.stored_file(package).verdict == "manual"
    [row] = [each for each in inbox_rows(list(inbox_files(site.clerk, site.project_id))) if each.id == package]
    assert row.package is not None and (row.package.files, row.package.kind) == (1, "eep")


def test_an_encapsulation_named_xml_comes_in_too_and_other_xml_does_not(engine: Engine):
    site = Site()
    assert len(sent(site, "a.xml", eep(), engine)[1]) == 1
    assert sent(site, "b.xml", b"<?xml version='1.0'?><r/>", engine)[1] == []


def test_a_bag_made_by_the_library_of_congress_s_own_tool_comes_in_by_its_payload(tmp_path: Path, engine: Engine):
    root = tmp_path / "袋"
    (root / "图纸").mkdir(parents=True)
    (root / "图纸" / "一层.txt").write_text("words")
    (root / "说明.txt").write_text("more words")
    bagit.make_bag(str(root), {"Source-Organization": "城建局"}, checksums=["sha256"])
    site = Site()
    package, files = sent(site, "袋.zip", folder_zipped(root), engine)
    assert [(file.folder, file.name) for file in files] == [("图纸", "一层.txt"), ("", "说明.txt")]
    assert said(files)[0]["Source-Organization"] == "城建局"
    assert "ZIP-011" not in codes(package)


@pytest.mark.parametrize(
    ("what", "files", "code"),
    [
        ("changed", {**A_BAG, "data/b.txt": b"TWO"}, "BAG-008"),
        ("missing", {name: body for name, body in A_BAG.items() if name != "data/b.txt"}, "BAG-006"),
        ("fetch", {**{n: b for n, b in A_BAG.items() if n != "data/b.txt"}, "fetch.txt": b"http://x/ 3 data/b.txt\n"}, "BAG-016"),
        ("climbs", {**A_BAG, "manifest-sha512.txt": A_BAG["manifest-sha512.txt"] + b"0" * 128 + b" ../x\n"}, "BAG-003"),
        ("surplus", {**A_BAG, "data/x.txt": b"x"}, "BAG-007"),
        ("member climbs", {**A_BAG, "../../x.txt": b"x"}, "ZIP-003"),
        ("unprintable", bag({"data/a\x85b.txt": b"x"}), "PKG-004"),
        ("long name", bag({f"data/{'长' * 300}.txt": b"x"}), "PKG-004"),
    ],
)  # fmt: skip
def test_a_bag_that_does_not_hold_stays_whole_and_says_why(
    what: str, files: dict[str, bytes], code: str, engine: Engine
):
    site = Site()
    package, taken = sent(site, "bag.zip", zipped(files), engine)
    assert taken == [] and File.objects.count() == 1
    assert code in codes(package), codes(package)
    assert queries.stored_file(package).verdict == "fail"
    assert packages.take_apart(package, now=NOW) == []


def test_a_link_in_a_bag_keeps_it_whole(tmp_path: Path, engine: Engine):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in A_BAG.items():
            entry = zipfile.ZipInfo(name)
            if name == "data/b.txt":
                entry.create_system, entry.external_attr, data = 3, 0o120777 << 16, b"/etc/passwd"
            made.writestr(entry, data)
    package, taken = sent(Site(), "bag.zip", stream.getvalue(), engine)
    assert taken == [] and "BAG-017" in codes(package)


def test_a_bomb_in_a_bag_keeps_it_whole(engine: Engine):
    body = bytes(300 * 1024 * 1024)
    package, taken = sent(Site(), "bag.zip", zipped(bag({"data/a.bin": body})), engine)
    assert taken == [] and "ZIP-004" in codes(package)


@pytest.mark.parametrize(
    ("what", "content", "code"),
    [
        ("changed", eep(spoil=True), "EEP-006"),
        ("second", with_forged(eep()), "EEP-011"),
        ("wrapped", with_forged(eep(), wrapped=True), "EEP-011"),
        ("climbs", eep(file_name="../../etc/passwd"), "EEP-016"),
        ("size", eep(size="9"), "EEP-004"),
        ("entities", b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + eep(), "EEP-001"),
    ],
)  # fmt: skip
def test_an_encapsulation_that_does_not_hold_stays_whole_and_says_why(
    what: str, content: bytes, code: str, engine: Engine
):
    site = Site()
    package, taken = sent(site, "a.eep", content, engine)
    assert taken == [] and File.objects.count() == 1
    assert code in codes(package), codes(package)
    assert queries.stored_file(package).verdict == "fail"
    [row] = inbox_rows(list(inbox_files(site.clerk, site.project_id)))
    assert row.package is not None and row.package.files == 0
    assert code in {found.code for found in row.package.why}


def test_one_bad_encapsulation_keeps_the_whole_zip(engine: Engine):
    package, taken = sent(Site(), "封装包.zip", zipped({"1.eep": eep(), "2.eep": eep(spoil=True)}), engine)
    assert taken == [] and "EEP-006" in codes(package)


def test_a_package_inside_a_package_is_received_and_stays_whole(engine: Engine):
    site = Site()
    outer = bag({"data/内.eep": eep(), "data/b.txt": b"two words"})
    _, files = sent(site, "bag.zip", zipped(outer), engine)
    inner = next(file for file in files if file.name == "内.eep")
    checking.check_waiting([inner.id], with_engine=engine)
    assert packages.packages_among([inner.id]) == [inner.id]
    assert packages.take_apart(inner.id, now=NOW) == []
    [row] = [each for each in inbox_rows(list(inbox_files(site.clerk, site.project_id))) if each.id == inner.id]
    assert row.package is not None and row.package.inside


def test_a_transfer_package_under_another_name_stays_an_archive(engine: Engine):
    assert sent(Site(), "图纸.zip", zipped(SIP), engine)[1] == []


def test_a_package_taken_apart_is_not_itself_suggested_for_filing(engine: Engine):
    from zhudang.filing.models import Suggestion

    site = Site()
    package = site.upload("地基验槽记录.eep", data=eep(), checked="")
    checking.check_waiting([package], with_engine=engine)
    jobs.suggest_files([str(package)])
    assert File.objects.count() == 2
    assert not Suggestion.objects.filter(file_id=package).exists()


def test_a_package_is_taken_apart_once(engine: Engine):
    site = Site()
    package, files = sent(site, "a.eep", eep(), engine)
    assert len(files) == 1
    assert packages.take_apart(package, now=NOW) == []

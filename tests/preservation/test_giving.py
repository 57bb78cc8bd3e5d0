"""Preserved volumes given away: another program finds every byte and word in the package, or nothing was written."""

import base64
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import bagit
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from filing.filing_support import NOW
from preservation.eark_judge import judged_by_eark
from preservation.kept_project import KeptProject
from samples.checks.packages import canonical_signed
from zhudang.audit.models import Entry
from zhudang.checks.command import Options, run
from zhudang.checks.settings import CheckSettings
from zhudang.preservation.giving import eep
from zhudang.preservation.giving.operations import CannotGive, Form, Given, give
from zhudang.preservation.models import ArchivalObject, Copy

pytestmark = pytest.mark.django_db

EEP = {"e": "http://www.saac.gov.cn/standards/ERM/encapsulation"}


def given(kept: KeptProject, target: Path, form: Form, **more) -> Given:
    return give(project_code="2403-990241-48-01-012345", form=form, target=target, now=NOW, **more)


def reasons(refusal: pytest.ExceptionInfo[CannotGive]) -> set[str]:
    return {reason.code for reason in refusal.value.reasons}


def originals(kept: KeptProject) -> set[str]:
    from zhudang.content.models import File

    return set(File.objects.filter(own_document=False).values_list("blob__sha256", flat=True))


def digests(folder: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def packages_in(path: Path, tmp_path: Path, settings: CheckSettings | None = None) -> list[tuple[str, list[dict]]]:
    """Kind and findings of the packages the examiner sees; what it says of the files in them is another matter."""
    report = tmp_path / "report.json"
    run([path], report, Options(settings=settings or CheckSettings()), out=io.StringIO(), err=io.StringIO())
    return [(each["kind"], each["findings"]) for each in json.loads(report.read_text())["packages"]]


def test_a_bag_is_valid_to_the_librarys_own_reader_and_holds_every_original(kept: KeptProject, tmp_path: Path):
    told = given(kept, tmp_path / "bag", Form.BAGIT)
    bag = bagit.Bag(str(tmp_path / "bag"))
    bag.validate()
    assert bag.version == "1.0"
    assert originals(kept) <= digests(tmp_path / "bag" / "data")
    assert told.volumes == ArchivalObject.objects.filter(kind="volume").count()
    assert bag.info["External-Identifier"] == ArchivalObject.objects.get(kind="volume").reference_code


def test_a_transfer_package_is_sound_to_the_examiner_and_names_what_was_named(kept: KeptProject, tmp_path: Path):
    given(kept, tmp_path / "out.zip", Form.DAT93)
    assert packages_in(tmp_path / "out.zip", tmp_path) == [("transfer", [])]
    with zipfile.ZipFile(tmp_path / "out.zip") as package:
        package.extractall(tmp_path / "unpacked")
    assert originals(kept) <= digests(tmp_path / "unpacked")
    names = {path.name for path in (tmp_path / "unpacked").rglob("*")}
    assert {"地基验槽记录.pdf", "地基验槽记录（二）.PDF"} <= names


def test_an_encapsulation_is_signed_over_its_canonical_form_and_gives_the_bytes_back(kept: KeptProject, tmp_path: Path):
    given(kept, tmp_path / "eep", Form.EEP)
    found = set()
    for path in (tmp_path / "eep").rglob("*.eep"):
        root = etree.parse(path).getroot()
        certificate = x509.load_der_x509_certificate(base64.b64decode(root.findtext(".//e:证书", namespaces=EEP)))
        value = base64.b64decode(root.findtext(".//e:签名结果", namespaces=EEP))
        certificate.public_key().verify(value, canonical_signed(path.read_bytes()), PKCS1v15(), SHA256())
        for encoded in root.iterfind(".//e:编码", EEP):
            content = base64.b64decode(encoded.findtext("e:编码数据", namespaces=EEP))
            assert hashlib.sha256(content).hexdigest() == encoded.findtext(".//e:摘要值", namespaces=EEP)
            found.add(hashlib.sha256(content).hexdigest())
        assert {act.text for act in root.iterfind(".//e:业务行为", EEP)} >= {"归档", "接收", "检测"}
        assert {by.text for by in root.iterfind(".//e:机构人员名称", EEP)} >= {"筑档 Zhudang", "馆员乙"}
        assert root.findtext(".//e:载体类型", namespaces=EEP) == "文字"
        assert root.findtext(".//e:档号", namespaces=EEP).endswith(("-001", "-002"))
    assert found == originals(kept)


def test_an_encapsulation_is_sound_to_the_examiner_who_trusts_the_archive_s_seal(kept: KeptProject, tmp_path: Path):
    """Signed by the archive's own test seal: without an anchor the examiner says that nobody vouches for it."""
    now = datetime.now(UTC) + timedelta(minutes=1)
    give(project_code="2403-990241-48-01-012345", form=Form.EEP, target=tmp_path / "eep", now=now)
    trust = tmp_path / "trust"
    trust.mkdir()
    for path in (tmp_path / "eep").rglob("*.eep"):
        [(_, told)] = packages_in(path, tmp_path)
        assert [each["code"] for each in told] == ["EEP-013"]
        certificate = etree.parse(path).getroot().findtext(".//e:证书", namespaces=EEP)
        (trust / "seal.der").write_bytes(base64.b64decode(certificate))
        assert packages_in(path, tmp_path, CheckSettings(trust=str(trust))) == [("eep", [])]


def test_an_information_package_is_valid_to_the_foundations_own_validator_and_to_ours(
    kept: KeptProject, tmp_path: Path
):
    told = given(kept, tmp_path / "package", Form.CSIP)
    # Recommended and not done: a METS of its own in each representation.
    of_representations = {"CSIPSTR12", "CSIPSTR13", "CSIP105"}
    said = judged_by_eark(tmp_path / "package")
    assert said.keys() == {"warning"}
    assert {each.partition(":")[0] for each in said["warning"]} == of_representations
    assert packages_in(tmp_path / "package", tmp_path) == [("eark", [])]
    assert originals(kept) <= digests(tmp_path / "package" / "representations/rep1/data")
    mets = etree.parse(tmp_path / "package/METS.xml")
    named = {unquote(each) for each in mets.xpath("//@*[local-name() = 'href']")}
    held = {
        path.relative_to(tmp_path / "package").as_posix()
        for path in (tmp_path / "package").rglob("*")
        if path.is_file()
    }
    assert named == held - {"METS.xml"}
    assert told.files == len(held)
    schema = etree.XMLSchema(etree.parse(tmp_path / "package/schemas/description.xsd"))
    for path in (tmp_path / "package/metadata/descriptive").rglob("*.xml"):
        schema.assertValid(etree.parse(path))


def test_the_foundations_validator_sees_a_package_that_lost_what_it_must_have(kept: KeptProject, tmp_path: Path):
    given(kept, tmp_path / "package", Form.CSIP)
    mets = tmp_path / "package/METS.xml"
    mets.write_text(mets.read_text().replace(' csip:OAISPACKAGETYPE="AIP"', ""))
    assert any(each.startswith("CSIP9:") for each in judged_by_eark(tmp_path / "package")["error"])


def test_one_volume_may_be_given_alone(kept: KeptProject, tmp_path: Path):
    code = ArchivalObject.objects.filter(kind="volume").earliest("reference_code").reference_code
    assert given(kept, tmp_path / "bag", Form.BAGIT, reference_codes=[code]).volumes == 1
    assert bagit.Bag(str(tmp_path / "bag")).info["External-Identifier"] == code


def test_all_reasons_against_giving_are_told_at_once_and_nothing_is_left(kept: KeptProject, tmp_path: Path):
    volume = ArchivalObject.objects.filter(kind="volume").earliest("reference_code")
    ArchivalObject.objects.filter(pk=volume.pk).update(level=2)
    Copy.objects.filter(object=volume).update(state="damaged")
    (tmp_path / "taken").mkdir()
    with pytest.raises(CannotGive) as refusal:
        given(kept, tmp_path / "taken", Form.BAGIT, reference_codes=[volume.reference_code, "no such"])
    assert reasons(refusal) == {
        "preservation.no_place_for_package", "preservation.above_level", "preservation.no_verified_copy",
        "preservation.no_such_volume",
    }  # fmt: skip
    assert not list((tmp_path / "taken").iterdir())


def test_a_classified_volume_goes_out_only_where_its_level_is_named(kept: KeptProject, tmp_path: Path):
    ArchivalObject.objects.filter(kind="volume").update(level=2)
    with pytest.raises(CannotGive):
        given(kept, tmp_path / "bag", Form.BAGIT)
    assert given(kept, tmp_path / "bag", Form.BAGIT, level=2).volumes


def test_a_project_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(CannotGive) as refusal:
        give(project_code="2403-990241-48-01-999999", form=Form.EEP, target=tmp_path / "out", now=NOW)
    assert reasons(refusal) == {"preservation.no_such_project"}


def test_a_record_too_large_for_an_encapsulation_is_told_before_anything_is_written(
    kept: KeptProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(eep, "LARGEST_RECORD_BYTES", 10)
    with pytest.raises(CannotGive) as refusal:
        given(kept, tmp_path / "eep", Form.EEP)
    assert reasons(refusal) == {"preservation.too_large_for_eep"}
    assert not (tmp_path / "eep").exists()


@pytest.mark.parametrize("form", list(Form))
def test_bytes_that_changed_in_the_working_store_leave_no_package(kept: KeptProject, tmp_path: Path, form: Form):
    from zhudang.content import queries as content

    report = next(iter(content.reports(_file_ids()).values()))
    path, was = report.file.path, report.file.path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"x" * len(was))
    try:
        with pytest.raises(CannotGive) as refusal:
            given(kept, tmp_path / "out", form)
    finally:
        path.write_bytes(was)
    assert reasons(refusal) == {"preservation.source_changed"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".out", "out"))] == []


def _file_ids():
    from zhudang.content.models import File

    return list(File.objects.filter(own_document=False).values_list("id", flat=True))


def test_what_was_given_stands_in_the_log_with_its_digests(kept: KeptProject, tmp_path: Path):
    given(kept, tmp_path / "bag", Form.BAGIT)
    entry = Entry.objects.get(act="preservation.package.given")
    manifest = (tmp_path / "bag" / "manifest-sha256.txt").read_bytes()
    assert entry.data["sm3"]["manifest-sha256.txt"] == hashlib.new("sm3", manifest).hexdigest()
    assert entry.data["form"] == "bagit"

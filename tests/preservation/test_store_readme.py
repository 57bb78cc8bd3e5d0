"""The commands that stand at the top of every store, typed as they stand there, on stores with and without encryption."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from preservation.kept_project import KeptProject, roots, site_settings
from preservation.key_support import classes_of
from preservation.test_key_shares import readme_lines, readme_script
from preservation.test_national_suite import openssl
from preservation.test_sealed_holdings import hold
from zhudang.filing import queries as filing
from zhudang.preservation.keys import bech32, shares
from zhudang.preservation.ocfl.root import readme

pytestmark = [pytest.mark.django_db, pytest.mark.debian]
CHINESE, ENGLISH = readme().decode().split("=" * 80 + "\nLong-term store")
TOOLS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


def typed(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line in the store, as a person would."""
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": TOOLS}
    )


def commands(text: str, beginning: str) -> list[str]:
    """The README's lines that begin so, without the words beside them."""
    lines = [line.strip().partition("  #")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line.startswith(beginning)]


@pytest.mark.parametrize("text", [CHINESE, ENGLISH])
def test_the_validator_is_called_as_the_package_installs_it(places: Path, text: str) -> None:
    project = KeptProject()
    project.preserve()
    store = roots(places)[0].folder
    [of_root] = commands(text, "ocfl-validate.py")
    [of_objects] = commands(text, "find . -name '0=ocfl_object_1.1'")
    assert typed(of_root, store).returncode == 0
    told = typed(of_objects, store)
    assert (told.returncode, told.stdout.count("is VALID")) == (0, len(list(roots(places)[0].objects())))
    damaged = next(store.rglob("v1/content/files/0001.pdf"))
    damaged.write_bytes(damaged.read_bytes() + b"x")
    told = typed(of_objects, store)
    assert told.returncode != 0 and told.stdout.count("is INVALID") == 1
    # Of the root alone the package says nothing of it; should that change, the second line may go.
    assert typed(of_root, store).returncode == 0
    (store / "0=ocfl_1.1").unlink()
    assert typed(of_root, store).returncode != 0


def test_a_record_is_found_taken_out_and_checked_by_hand(places: Path) -> None:
    project = KeptProject()
    project.preserve()
    store = roots(places)[0].folder
    for text in (CHINESE, ENGLISH):
        [search] = {line[line.index("grep") :] for line in text.splitlines() if "--include=description.json" in line}
        quoted = search.split('"')[1]
        [found] = typed(search.replace(quoted, "地基验槽记录（二）"), store).stdout.split()
    folder = (store / found).parents[2]
    described, inventory = (json.loads(path.read_text()) for path in (store / found, folder / "inventory.json"))
    file = next(
        file for record in described["records"] for file in record["files"] if "（二）" in file["original_name"]
    )
    digest = next(
        digest
        for digest, names in inventory["versions"][inventory["head"]]["state"].items()
        if file["stored_as"] in names
    )
    assert typed(f"sha512sum {inventory['manifest'][digest][0]}", folder).stdout.split()[0] == digest
    assert (
        typed("sha512sum inventory.json", folder).stdout.split()[0]
        == ((folder / "inventory.json.sha512").read_text().split()[0])
    )
    number = described["links"]["project"].removeprefix("urn:uuid:")
    [named] = {line.strip() for line in CHINESE.splitlines() if "find . -type d -name '*编号*'" in line}
    [catalogue] = typed(named.replace("编号", number), store).stdout.split()
    for linked in ("unit_work", "project"):
        assert typed(f"grep -rl {described['links'][linked].removeprefix('urn:uuid:')} {catalogue}", store).stdout


@pytest.mark.skipif(shutil.which("age") is None, reason="the Debian package age is not installed")
@openssl
@pytest.mark.parametrize("suite", ["age", "sm"])
def test_a_record_is_found_in_an_encrypted_store_by_title_and_by_reference_code(
    places: Path, settings, suite: str
) -> None:
    if suite == "sm":
        settings.KEY_CLASSES = classes_of(places, "internal")
    words = hold()
    project = KeptProject()
    project.preserve()
    store, out = places / "copy", places / "out"
    shutil.copytree(roots(places)[1].folder, store)
    assert typed('grep -rl "地基验槽记录" .', store).stdout == ""
    number = bech32.secret_key_bytes(str(shares.combine(words[:2]))).hex()  # as `shamir recover` prints it
    (store / "open_all.py").write_text(readme_lines("import hashlib"))
    if suite == "age":
        (store / "recovery.py").write_text(readme_script())
        [unwrap] = commands(CHINESE, "for f in key-*.age")
        steps = [f"python3 recovery.py {number} > recovery.txt", unwrap]
    else:
        lines = readme_lines("sm_open()")
        (store / "sm_open.sh").write_text(f'{lines}\nsm_open "$@"\n')
        [unwrap] = commands(CHINESE, "for f in key-*.p7m")
        steps = [f"{lines}\nsm_key {number} > recovery.pem", unwrap]
    for text in (CHINESE, ENGLISH):
        by_age, by_sm = commands(text, "python3 open_all.py")
        command = by_age if suite == "age" else by_sm.replace("identities.txt ", "")
        steps.append(command.replace("/tmp/out", str(out)))
    for step in steps:
        told = typed(step, store)
        assert (told.returncode, told.stderr) == (0, ""), step

    volume = next(each for each in filing.volumes_of(project.project_id) if each.id == project.volume_ids[0])
    code = filing.record_code(volume.reference_code, 1)
    for wanted in ("地基验槽记录（二）", code):
        [search] = [line for line in commands(CHINESE, "grep -rl") if "/tmp/out" in line]
        found = typed(search.replace("/tmp/out", str(out)).replace("竣工图", wanted), store).stdout.split()
        described = [Path(path).parent.name for path in found if path.endswith("description.json")]
        assert described == [f"urn%3auuid%3a{volume.id}"]
    [place] = commands(CHINESE, "find . -type d -name 'urn")
    assert (
        store / typed(place.replace("urn%3auuid%3a…", described[0]), store).stdout.strip() / "inventory.json"
    ).is_file()
    assert (out / f"urn%3auuid%3a{project.project_id}" / "catalogue/filing.record.jsonl").is_file()
    # Bytes that were changed are told, not put into the folder.
    shutil.rmtree(out)
    for sealed in store.rglob("sealed/0001.*"):
        sealed.write_bytes(sealed.read_bytes()[:-40] + b"x" * 40)
    assert "not opened" in typed(steps[-1], store).stderr


def test_both_languages_have_the_same_sections_and_name_every_file_of_a_volume() -> None:
    for name in ("description.json", "description.xml", "checks.json", "provenance.json", "rights.json", "open_all.py"):
        assert name in CHINESE and name in ENGLISH
    for number, word in enumerate("一二三四五六七八", 1):
        assert f"\n{word}、" in CHINESE and f"\n{number}. " in ENGLISH

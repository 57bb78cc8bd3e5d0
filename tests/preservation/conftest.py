"""What many tests of preservation start from: a kept project, and a real S3 server for those that ask for a bucket.

One Ceph a session, a prefix of its own for each test.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from prepared import Prepared
from preservation.ceph import Ceph, lacking
from preservation.disposal_case import FAST_HASHERS, Disposal
from preservation.kept_project import KeptProject, begun_with, site_settings
from preservation.offline_set import with_a_set
from preservation.s3_support import Far
from zhudang.preservation.bucket.client import Bucket


@pytest.fixture
def kept(db: None, settings: Any, tmp_path: Path, prepared: Prepared) -> Iterator[KeptProject]:
    """A project in the store, in two folders."""
    with begun_with(prepared, settings, tmp_path) as project:
        yield project


@pytest.fixture
def kept_beside_a_set(db: None, settings: Any, tmp_path: Path, prepared: Prepared) -> Iterator[KeptProject]:
    """The same, and a removable set that was never connected."""
    with begun_with(prepared, settings, tmp_path, "kept_beside_a_set", with_a_set) as project:
        yield project


@pytest.fixture
def disposal(db: None, settings: Any, tmp_path: Path, prepared: Prepared) -> Iterator[Disposal]:
    """A project in the store, in two folders, whose volumes' time ended, and all people a disposal needs."""

    def at(folder: Path) -> Disposal:
        below(folder)
        return Disposal()

    def below(folder: Path) -> None:
        settings.SITES = site_settings(folder)
        settings.CONTENT_ROOT = str(folder / "content")
        settings.DERIVATIVES_ROOT = str(folder / "derivatives")
        settings.DATA = folder / "data"
        settings.DATA.mkdir(exist_ok=True)

    settings.PASSWORD_HASHERS = FAST_HASHERS
    with prepared.start_from("disposal", at, tmp_path) as made:
        below(tmp_path)
        yield made


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    if missing := lacking():
        pytest.skip(f"no Ceph here: {', '.join(missing)}; apt-get install radosgw ceph-mon ceph-osd")
    server = Ceph(tmp_path_factory.mktemp("ceph") / "run")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def versioned_bucket(ceph: Ceph) -> Bucket:
    return ceph.bucket("archive")


@pytest.fixture(scope="session")
def unversioned_bucket(ceph: Ceph) -> Bucket:
    return ceph.bucket("plain-archive", versioned=False)


@pytest.fixture
def far(ceph: Ceph, versioned_bucket: Bucket) -> Far:
    """A prefix of its own in a bucket that keeps versions."""
    return Far(ceph, versioned_bucket, f"t{uuid4().hex[:8]}")


@pytest.fixture
def unversioned(ceph: Ceph, unversioned_bucket: Bucket) -> Far:
    """A prefix of its own in a bucket that keeps none."""
    return Far(ceph, unversioned_bucket, f"t{uuid4().hex[:8]}")

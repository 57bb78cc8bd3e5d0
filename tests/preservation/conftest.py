"""What many tests of preservation start from: a kept project, and a real S3 server for those that ask for a bucket.

One Ceph a session, a prefix of its own for each test.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from preservation.ceph import Ceph, lacking
from preservation.kept_project import KeptProject, site_settings
from preservation.s3_support import Far
from zhudang.preservation.bucket.client import Bucket


@pytest.fixture
def kept(db: None, settings: Any, tmp_path: Path) -> KeptProject:
    """A project in the store, in two folders."""
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    project = KeptProject()
    project.preserve()
    return project


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

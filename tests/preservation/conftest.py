"""A real S3 server for those tests that ask for a bucket: one Ceph a session, a prefix of its own for each test."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from preservation.ceph import Ceph, lacking
from preservation.s3_support import Far
from zhudang.preservation.bucket.client import Bucket


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
